#!/bin/sh
# What telnetd starts: a shell, as long as root has no password, and always in failsafe.
#
# Failsafe is told by its marker file: an environment variable would be lost on the way.
# IPKG_INSTROOT names another root, for images and tests.

root=${IPKG_INSTROOT:-}

# Whether the root line of a file in the form of passwd carries a hash.
has_password() {
	[ -r "$1" ] || return 1
	while IFS=: read -r name hash rest; do
		[ "$name" = root ] || continue
		case "$hash" in
			'' | '!' | x) ;;
			*) return 0 ;;
		esac
	done <"$1"
	return 1
}

if [ ! -e "$root/tmp/.failsafe" ]; then
	if has_password "$root/etc/shadow" || has_password "$root/etc/passwd"; then
		echo "Login failed."
		exit 0
	fi
fi

cat <<'BOX'
 === IMPORTANT ============================
  Use 'passwd' to set your login password
  this will disable telnet and enable SSH
 ------------------------------------------
BOX

export HOME="${HOME:-/root}" USER=root LOGNAME=root SHELL=/bin/ash
exec "${LOGIN_SHELL:-/bin/ash}" --login
