#!/bin/sh
# What a person finds at the other end of a cable: the shell of root.
#
# On the console (/etc/inittab) it asks for name and password only where ttylogin of the
# configuration (`config system`) says so: whoever has the serial cable has the device. With
# the word telnet (/bin/login.sh) nobody is let in who would have to give a password, for
# anybody could read it. In failsafe mode all doors are open; its marker file tells, since
# an environment variable would be lost on the way.

root=${IPKG_INSTROOT:-}

advice() {
	cat <<'BOX'
 === IMPORTANT ============================
  Use 'passwd' to set your login password
  this will disable telnet and enable SSH
 ------------------------------------------
BOX
}

start_shell() {
	export HOME="${HOME:-/root}" USER=root LOGNAME=root SHELL=/bin/ash
	exec "${LOGIN_SHELL:-/bin/ash}" --login
}

# Before anything that could be broken.
if [ -e "$root/tmp/.failsafe" ]; then
	advice
	start_shell
fi

. "$root/lib/functions/password.sh"

if [ "$1" = telnet ]; then
	if root_has_password; then
		echo "Login failed."
		exit 0
	fi
else
	case "$(uci -q get "system.@system[0].ttylogin")" in
		1 | on | true | yes | enabled) exec login ;;
	esac
fi

root_has_password || advice
start_shell
