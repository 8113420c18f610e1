# Whether root has a password: what decides who gets a shell without being asked. Sourced.

# A hash in one of the two files. Locked or kept elsewhere is none.
root_has_password() {
	_root_has_hash "${IPKG_INSTROOT:-}/etc/shadow" || _root_has_hash "${IPKG_INSTROOT:-}/etc/passwd"
}

# FILE: whether root's line in it has one.
_root_has_hash() {
	local name hash rest
	[ -r "$1" ] || return 1
	# Also a last line without an end.
	while IFS=: read -r name hash rest || [ -n "$name" ]; do
		[ "$name" = root ] || continue
		case "$hash" in
			'' | '!' | x) ;;
			*) return 0 ;;
		esac
	done <"$1"
	return 1
}
