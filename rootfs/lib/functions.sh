# What scripts of packages and hooks of boards expect to find in their shell: the
# configuration (config_load and what belongs to it), lists in variables, partitions of the
# flash, accounts. Sourced: . /lib/functions.sh
#
# The values of a configuration are variables of the shell: CONFIG_<section>_<option>, of
# lists also CONFIG_<section>_<option>_ITEM1, ... and _LENGTH. What a value says is never
# evaluated, and a name that is no name has no value.
#
# Functions that hand a result over in a variable have no local variables of their own (or
# none that could have the same name). IPKG_INSTROOT names another root, for images and tests.
# Written for any POSIX shell with `local`.

N="
"
# Between the items of a list in its one value.
LIST_SEP=" "
# config_load sees the state in /var/state too.
LOAD_STATE=1
CONFIG_SECTIONS= CONFIG_NUM_SECTIONS=0 CONFIG_SECTION=

. "${IPKG_INSTROOT:-}/lib/config/uci.sh"

# --- lists in variables ---

# VARIABLE VALUE [SEPARATOR]
append() {
	eval "[ -z \"\$$1\" ] || set -- $1 \"\$$1\${3-\$LIST_SEP}\$2\""
	eval "$1=\$2"
}

# VARIABLE VALUE [SEPARATOR]
prepend() {
	eval "[ -z \"\$$1\" ] || set -- $1 \"\$2\${3-\$LIST_SEP}\$$1\""
	eval "$1=\$2"
}

# VARIABLE WORD: whether it is among the words.
list_contains() {
	[ -n "$2" ] || return 1
	eval "case \" \$$1 \" in *\" \$2 \"*) return 0 ;; esac"
	return 1
}

# VARIABLE WORD: takes it out, as often as it is there.
list_remove() {
	eval "set -- \"\$1\" \"\$2\" \" \$$1 \""
	while :; do
		case "$3" in
			*" $2 "*) set -- "$1" "$2" "${3%%" $2 "*} ${3#*" $2 "}" ;;
			*) break ;;
		esac
	done
	set -- "$1" "${3# }"
	eval "$1=\"\${2% }\""
}

# --- reading a configuration ---

# PACKAGE: reads it. The sections of another one are no longer visited, but their values stay,
# so that a function called by config_foreach may load a second package. With CONFIG_APPEND
# the sections are added. Fails if there is no such package.
config_load() {
	uci_load "$@"
}

# What scripts define anew to be told what is read: config_cb TYPE NAME at each section and
# without arguments at the end, option_cb and list_cb NAME VALUE.
reset_cb() {
	config_cb() { :; }
	option_cb() { :; }
	list_cb() { :; }
}
reset_cb

# The words of `uci export`, which are evaluated as calls of these four functions.

package() {
	:
}

# TYPE [NAME]
config() {
	CONFIG_NUM_SECTIONS=$((CONFIG_NUM_SECTIONS + 1))
	CONFIG_SECTION="${2:-cfg$CONFIG_NUM_SECTIONS}"
	case "$CONFIG_SECTION" in
		*[!A-Za-z0-9_]*) CONFIG_SECTION="cfg$CONFIG_NUM_SECTIONS" ;;
	esac
	eval "CONFIG_${CONFIG_SECTION}_TYPE=\$1"
	_config_new="$_config_new $CONFIG_SECTION"
	# A list of thousands must not be copied for each name that it gets.
	case "$_config_loading$CONFIG_NUM_SECTIONS" in
		loading*00 | [0-9]*) _config_settle ;;
	esac
	config_cb "$1" "$CONFIG_SECTION"
}

# NAME VALUE
option() {
	case "$1" in
		'' | *[!A-Za-z0-9_]*) return 0 ;;
	esac
	eval "CONFIG_${CONFIG_SECTION}_$1=\$2
		_config_names_$CONFIG_SECTION=\"\$_config_names_$CONFIG_SECTION \$1\""
	option_cb "$1" "$2"
}

# NAME VALUE
list() {
	case "$1" in
		'' | *[!A-Za-z0-9_]*) return 0 ;;
	esac
	_config_key="${CONFIG_SECTION}_$1" _config_glue="$LIST_SEP"
	# What another package has in a section of the same name is another list.
	eval "[ \"\$_config_list_$_config_key\" = $_config_load ]" ||
		eval "_config_list_$_config_key=$_config_load _config_glue=
			CONFIG_$_config_key= CONFIG_${_config_key}_LENGTH=0
			_config_names_$CONFIG_SECTION=\"\$_config_names_$CONFIG_SECTION \$1\""
	eval "_config_item=\$((CONFIG_${_config_key}_LENGTH + 1))"
	eval "CONFIG_${_config_key}_LENGTH=$_config_item
		CONFIG_${_config_key}_ITEM$_config_item=\$2
		CONFIG_$_config_key=\"\$CONFIG_$_config_key\$_config_glue\$2\""
	list_cb "$1" "$2"
}

_config_load=0 _config_loading= _config_new=

# The names of new sections join the others.
_config_settle() {
	CONFIG_SECTIONS="$CONFIG_SECTIONS${CONFIG_SECTIONS:+ }${_config_new# }"
	_config_new=
}

# PACKAGE TEXT: the text is what `uci export` says.
_config_read() {
	_config_load=$((_config_load + 1)) CONFIG_SECTION=
	if [ -z "$CONFIG_APPEND" ]; then
		_config_forget "$1"
		CONFIG_SECTIONS= CONFIG_NUM_SECTIONS=0
	fi
	_config_loading=loading
	eval "$2"
	_config_loading=
	[ -z "$_config_new" ] || _config_settle
	[ -n "$CONFIG_APPEND" ] || _config_remember "$1"
	[ -z "$CONFIG_SECTION" ] || config_cb
}

# PACKAGE as part of a name, in _config_package; fails where that cannot be.
_config_name_package() {
	case "$1" in
		*[!A-Za-z0-9_-]*) return 1 ;;
	esac
	local IFS=-
	set -- $1
	IFS=_
	_config_package="$*"
}

_config_remember() {
	! _config_name_package "$1" || eval "_config_of_$_config_package=\$CONFIG_SECTIONS"
}

# PACKAGE: an option that was in it at an earlier time must not be taken for one of today.
_config_forget() {
	local section sections IFS=' '
	_config_name_package "$1" || return 0
	eval "sections=\$_config_of_$_config_package"
	for section in $sections; do
		_config_forget_section "$section"
	done
}

_config_forget_section() {
	local name names IFS=' '
	eval "names=\$_config_names_$1"
	for name in $names TYPE; do
		config_unset "$1" "$name"
	done
	unset "_config_names_$1"
}

# --- asking for values ---

# VARIABLE SECTION OPTION [DEFAULT]: what is missing or empty has the default. The option TYPE
# is the type of the section. With two arguments, SECTION OPTION, the value is printed.
config_get() {
	if [ $# -lt 3 ]; then
		_config_is_name "$1$2" && eval "printf '%s\n' \"\$CONFIG_$1_$2\""
		return 0
	fi
	case "$2$3" in
		*[!A-Za-z0-9_]*) set -- "$1" '' '' "$4" ;;
	esac
	eval "$1=\${CONFIG_$2_$3:-\$4}"
}

# VARIABLE SECTION OPTION [DEFAULT]: 1 or 0; the default if it is neither.
config_get_bool() {
	config_get "$1" "$2" "$3"
	eval "_config_value=\$$1"
	_config_bool "$_config_value" "$4"
	eval "$1=\$_config_value"
}

# VALUE [DEFAULT]: prints 1, 0 or the default.
get_bool() {
	_config_bool "$1" "$2"
	printf '%s\n' "$_config_value"
}

_config_bool() {
	case "$1" in
		1 | on | true | yes | enabled) _config_value=1 ;;
		0 | off | false | no | disabled) _config_value=0 ;;
		*) _config_value="$2" ;;
	esac
}

_config_is_name() {
	case "$1" in
		'' | *[!A-Za-z0-9_]*) return 1 ;;
	esac
}

# FUNCTION [TYPE [ARGUMENT]...]: calls it with each section (of this type) and the arguments.
config_foreach() {
	local _config_call="$1" _config_type="$2" _config_is _config_each
	shift $(($# > 1 ? 2 : $#))
	[ -z "$_config_new" ] || _config_settle
	for _config_each in $CONFIG_SECTIONS; do
		eval "_config_is=\$CONFIG_${_config_each}_TYPE"
		[ -n "$_config_is" ] || continue
		[ -z "$_config_type" ] || [ "$_config_is" = "$_config_type" ] || continue
		$_config_call "$_config_each" "$@"
	done
	return 0
}

# SECTION OPTION FUNCTION [ARGUMENT]...: calls it with each item of a list and the arguments.
# An option that is no list has no items.
config_list_foreach() {
	_config_is_name "$1$2" || return 0
	local _config_each="CONFIG_$1_$2" _config_call="$3" _config_at=0 _config_count _config_value
	eval "_config_count=\${${_config_each}_LENGTH:-0}"
	shift $(($# > 2 ? 3 : $#))
	while [ $_config_at -lt "$_config_count" ]; do
		_config_at=$((_config_at + 1))
		eval "_config_value=\$${_config_each}_ITEM$_config_at"
		$_config_call "$_config_value" "$@"
	done
	return 0
}

# --- changing values, in this shell alone ---

# SECTION OPTION VALUE
config_set() {
	_config_is_name "$1" && _config_is_name "$2" || return 1
	eval "CONFIG_$1_$2=\$3 _config_names_$1=\"\$_config_names_$1 \$2\""
}

# SECTION OPTION
config_unset() {
	_config_is_name "$1" && _config_is_name "$2" || return 1
	eval "set -- \"CONFIG_$1_$2\" \"\${CONFIG_$1_$2_LENGTH:-0}\" \"_config_list_$1_$2\""
	while [ "$2" -gt 0 ]; do
		unset "$1_ITEM$2"
		set -- "$1" $(($2 - 1)) "$3"
	done
	unset "$1" "$1_LENGTH" "$3"
}

# [SECTION]: forgets it, or all.
config_clear() {
	local section IFS=' '
	[ -z "$_config_new" ] || _config_settle
	for section in ${1:-$CONFIG_SECTIONS}; do
		_config_is_name "$section" && _config_forget_section "$section"
	done
	if [ -n "$1" ]; then
		list_remove CONFIG_SECTIONS "$1"
	else
		CONFIG_SECTIONS= CONFIG_NUM_SECTIONS=0 CONFIG_SECTION=
	fi
}

# --- files ---

# DIRECTORY: reads its *.sh into this shell.
include() {
	local _include_file
	for _include_file in "$1"/*.sh; do
		[ ! -f "$_include_file" ] || . "$_include_file"
	done
}

# --- the device ---

# The name of the board, `vendor,model`; `generic` if nothing says it.
board_name() {
	local root="${IPKG_INSTROOT:-}" name=
	read -r name 2>/dev/null <"$root/tmp/sysinfo/board_name"
	# The tree of the kernel has strings that end in a zero byte; the first one counts.
	[ -n "$name" ] || [ ! -r "$root/proc/device-tree/compatible" ] ||
		name="$(tr '\0' '\n' <"$root/proc/device-tree/compatible" | head -n 1)"
	printf '%s\n' "${name:-generic}"
}

# NAME: what the kernel's command line has after NAME=; fails if it is not there.
cmdline_get_var() {
	local words=
	read -r words <"${IPKG_INSTROOT:-}/proc/cmdline"
	words=" $words "
	case "$words" in
		*" $1="*) ;;
		*) return 1 ;;
	esac
	words="${words#*" $1="}"
	printf '%s\n' "${words%% *}"
}

# NAME: the number of the flash partition; fails and says nothing if there is none.
find_mtd_index() {
	local device sizes name
	while read -r device sizes name; do
		# SIZE ERASESIZE "NAME", and the name may have blanks.
		[ "${name#* }" = "\"$1\"" ] || continue
		device="${device#mtd}"
		echo "${device%:}"
		return 0
	done 2>/dev/null <"${IPKG_INSTROOT:-}/proc/mtd"
	return 1
}

# NAME: its block device.
find_mtd_part() {
	_find_mtd mtdblock "$1"
}

_find_mtd() {
	local index
	index="$(find_mtd_index "$2")" || return 1
	if [ -d "${IPKG_INSTROOT:-}/dev/$1" ]; then
		echo "/dev/$1/$index"
	else
		echo "/dev/$1$index"
	fi
}

# NAME [DISK]: the device of a partition of an SD card or eMMC.
find_mmc_part() {
	local part line
	! find_mtd_index "$1" >/dev/null || return 1
	for part in "${IPKG_INSTROOT:-}"/sys/block/${2:-mmcblk*}/mmcblk*p*; do
		[ -r "$part/uevent" ] || continue
		while read -r line; do
			[ "$line" = "PARTNAME=$1" ] || continue
			echo "/dev/${part##*/}"
			return 0
		done <"$part/uevent"
	done
	return 1
}

# FILE OFFSET COUNT: that many bytes as hexadecimal digits; fails if the file has fewer.
get_hex() {
	[ -r "$1" ] || return 1
	dd if="$1" bs=1 skip=$(($2)) count=$(($3)) 2>/dev/null | _hex $(($3))
}

# COUNT: standard input as hexadecimal digits; fails if it is not that long.
_hex() {
	# cmp tells where a byte is not 0. The X at the end tells where the input ended.
	{
		cat
		printf X
	} | cmp -l -n $(($1 + 1)) - /dev/zero 2>/dev/null | {
		local at octal zero words= last=0
		while read -r at octal zero; do
			while last=$((last + 1)) && [ $last -lt "$at" ]; do
				words="$words 0"
			done
			words="$words 0$octal"
		done
		[ $last -eq $(($1 + 1)) ] || return 1
		printf '%02x' ${words% *}
		echo
	}
}

# --- accounts ---

# FILE NAME: whether a line of /etc/FILE is about it; its third field is in _account_id.
_account_find() {
	local name field
	while IFS=: read -r name field _account_id field || [ -n "$name" ]; do
		[ "$name" != "$2" ] || return 0
	done 2>/dev/null <"${IPKG_INSTROOT:-}/etc/$1"
	return 1
}

# FILE: the first number from 65536 that no line of /etc/FILE has as its third field.
_account_free_id() {
	local name field id ids=' ' free=65536
	while IFS=: read -r name field id field || [ -n "$name" ]; do
		ids="$ids$id "
	done 2>/dev/null <"${IPKG_INSTROOT:-}/etc/$1"
	while :; do
		case "$ids" in
			*" $free "*) free=$((free + 1)) ;;
			*) break ;;
		esac
	done
	echo $free
}

# FILE LINE: one more line, also after one that a person has left without an end.
_account_add() {
	local file="${IPKG_INSTROOT:-}/etc/$1" status
	[ -n "${IPKG_INSTROOT:-}" ] || lock "/var/lock/$1"
	[ -z "$(tail -c 1 "$file" 2>/dev/null)" ] || echo >>"$file"
	printf '%s\n' "$2" >>"$file"
	status=$?
	[ -n "${IPKG_INSTROOT:-}" ] || lock -u "/var/lock/$1"
	return $status
}

# Whether these are names and numbers (an empty one is none) that may be in such a line.
_account_is_sound() {
	case "$1" in
		'' | -* | *[!A-Za-z0-9_.-]*) return 1 ;;
	esac
	case "$2$3" in
		*[!0-9]*) return 1 ;;
	esac
}

# NAME: whether there is such a group.
group_exists() {
	_account_find group "$1"
}

# NAME ID: fails if there is one already.
group_add() {
	_account_is_sound "$1" "$2" && [ -n "$2" ] && ! group_exists "$1" || return 1
	_account_add group "$1:x:$2:"
}

# NAME: a group with a free number, if there is none; prints the number.
group_add_next() {
	local id
	if group_exists "$1"; then
		id="$_account_id"
	else
		id="$(_account_free_id group)"
		group_add "$1" "$id" || return 1
	fi
	echo "$id"
}

# GROUP USER: the user belongs to the group too.
group_add_user() {
	local file="${IPKG_INSTROOT:-}/etc/group" name password id users found=1
	_account_is_sound "$1" && _account_is_sound "$2" || return 1
	[ -n "${IPKG_INSTROOT:-}" ] || lock /var/lock/group
	while IFS=: read -r name password id users || [ -n "$name" ]; do
		if [ "$name" = "$1" ]; then
			found=0
			case ",$users," in
				*",$2,"*) ;;
				*) users="${users:+$users,}$2" ;;
			esac
		fi
		printf '%s\n' "$name:$password:$id:$users"
	done <"$file" >"$file.new" && [ $found -eq 0 ] && mv "$file.new" "$file" || found=1
	[ $found -eq 0 ] || rm -f "$file.new"
	[ -n "${IPKG_INSTROOT:-}" ] || lock -u /var/lock/group
	return $found
}

# NAME: whether there is such a user.
user_exists() {
	_account_find passwd "$1"
}

# NAME [UID [GID [DESCRIPTION [HOME [SHELL]]]]]: a user that cannot log in; fails if there is one
# already.
user_add() {
	_account_is_sound "$1" "$2" "$3" && ! user_exists "$1" || return 1
	case "$4$5$6" in
		*:* | *"$N"*) return 1 ;;
	esac
	set -- "$1" "${2:-$(_account_free_id passwd)}" "$3" "$4" "$5" "$6"
	_account_add passwd "$1:x:$2:${3:-$2}:${4:-$1}:${5:-/var/run/$1}:${6:-/bin/false}" &&
		_account_add shadow "$1:*:0:0:99999:7:::"
}
