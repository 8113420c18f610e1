# uci for scripts; /lib/functions.sh reads this file. Arguments are PACKAGE SECTION OPTION
# VALUE, in this order, as far as they apply.
#
# UCI_CONFIG_DIR names another directory than /etc/config. The functions with `state` in their
# name work on /var/state: it lies over the configuration and is gone after a restart.

_uci() {
	uci ${UCI_CONFIG_DIR:+-c "$UCI_CONFIG_DIR"} "$@"
}

# PACKAGE: for config_load.
uci_load() {
	# Lines that make no sense are left out, so that one typing error does not cost the rest.
	_uci_text="$(_uci ${LOAD_STATE:+-P /var/state} -S -n export "$1" 2>/dev/null)"
	_uci_status=$?
	[ $_uci_status -eq 0 ] || _uci_text=
	set -- "$1" "$_uci_text" $_uci_status
	unset _uci_text
	_config_read "$1" "$2"
	return "$3"
}

# PACKAGE SECTION [OPTION [DEFAULT]]: prints the value; fails if there is none, also where the
# default is printed.
uci_get() {
	_uci -q get "$1.$2${3:+.$3}" && return
	[ -z "$4" ] || printf '%s\n' "$4"
	return 1
}

# PACKAGE SECTION OPTION VALUE
uci_set() {
	_uci set "$1.$2.$3=$4"
}

# PACKAGE: makes it from standard input, unless it is there.
uci_set_default() {
	! _uci -q show "$1" >/dev/null || return 0
	_uci import "$1" && _uci commit "$1"
}

# PACKAGE TYPE [SECTION]: the name of the new section is in CONFIG_SECTION.
uci_add() {
	if [ -n "$3" ]; then
		CONFIG_SECTION="$3"
		_uci set "$1.$3=$2"
	else
		CONFIG_SECTION="$(_uci add "$1" "$2")"
	fi
}

# PACKAGE SECTION OPTION VALUE: one more item of a list.
uci_add_list() {
	_uci add_list "$1.$2.$3=$4"
}

# PACKAGE SECTION [OPTION]
uci_remove() {
	_uci delete "$1.$2${3:+.$3}"
}

# PACKAGE SECTION OPTION VALUE: takes the item out of a list.
uci_remove_list() {
	_uci del_list "$1.$2.$3=$4"
}

# PACKAGE SECTION [OPTION] NAME
uci_rename() {
	if [ $# -gt 3 ]; then
		_uci rename "$1.$2.$3=$4"
	else
		_uci rename "$1.$2=$3"
	fi
}

# [PACKAGE]
uci_commit() {
	_uci commit ${1:+"$1"}
}

# PACKAGE [SECTION [OPTION]]: forgets changes that are not committed.
uci_revert() {
	_uci revert "$1${2:+.$2}${3:+.$3}"
}

# PACKAGE SECTION [OPTION [DEFAULT]]
uci_get_state() {
	_uci -P /var/state -q get "$1.$2${3:+.$3}" && return
	[ -z "$4" ] || printf '%s\n' "$4"
	return 1
}

# PACKAGE SECTION [OPTION] VALUE: without (with an empty) OPTION the type of the section.
uci_set_state() {
	[ $# -eq 4 ] || return 0
	_uci -P /var/state set "$1.$2${3:+.$3}=$4"
}

# The same after what the state had there.
uci_toggle_state() {
	uci_revert_state "$1" "$2" "$3"
	uci_set_state "$1" "$2" "$3" "$4"
}

# PACKAGE [SECTION [OPTION]]
uci_revert_state() {
	_uci -P /var/state revert "$1${2:+.$2}${3:+.$3}"
}
