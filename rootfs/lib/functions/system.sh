# Hardware addresses: where boards keep them, and how they are counted on. Sourced:
# . /lib/functions/system.sh
#
# Addresses are printed as aa:bb:cc:dd:ee:ff; what is none prints nothing and fails.

command -v get_hex >/dev/null || . "${IPKG_INSTROOT:-}/lib/functions.sh"

# --- addresses ---

# ADDRESS in any of the usual forms, with colons, dashes or nothing, in quotes or not.
macaddr_canonicalize() {
	local text="$1" digits= first
	text="${text#[\"\']}"
	text="${text%[\"\']}"
	case "$text" in
		*[!0-9A-Fa-f:-]*) return 1 ;;
		*[:-]*)
			local IFS=:-
			set -- $text
			[ $# -eq 6 ] || return 1
			;;
		????????????)
			set --
			while [ -n "$text" ]; do
				first="${text%"${text#??}"}"
				text="${text#??}"
				set -- "$@" "$first"
			done
			;;
		*) return 1 ;;
	esac
	for first; do
		case "$first" in
			? | ??) ;;
			*) return 1 ;;
		esac
	done
	printf '%02x:%02x:%02x:%02x:%02x:%02x\n' "0x$1" "0x$2" "0x$3" "0x$4" "0x$5" "0x$6"
}

# ADDRESS as a number, in _macaddr.
_macaddr_number() {
	local mac
	mac="$(macaddr_canonicalize "$1")" || return 1
	local IFS=:
	set -- $mac
	_macaddr=$((0x$1$2$3$4$5$6))
}

# NUMBER as an address.
_macaddr_text() {
	macaddr_canonicalize "$(printf '%012x' "$1")"
}

# ADDRESS NUMBER: counts on (or back), within the maker's three bytes.
macaddr_add() {
	_macaddr_number "$1" || return 1
	_macaddr_text $((_macaddr & 0xffffff000000 | (_macaddr + ($2)) & 0xffffff))
}

# ADDRESS BIT: the bits are 1 to 48, from the left.
macaddr_setbit() {
	_macaddr_number "$1" && [ "$2" -ge 1 ] && [ "$2" -le 48 ] || return 1
	_macaddr_text $((_macaddr | 1 << (48 - $2)))
}

macaddr_unsetbit() {
	_macaddr_number "$1" && [ "$2" -ge 1 ] && [ "$2" -le 48 ] || return 1
	_macaddr_text $((_macaddr & ~(1 << (48 - $2))))
}

# ADDRESS: one that is given out locally, not by a maker.
macaddr_setbit_la() {
	macaddr_setbit "$1" 7
}

# ADDRESS: one of a single device, not of a group.
macaddr_unsetbit_mc() {
	macaddr_unsetbit "$1" 8
}

# ADDRESS [SEPARATOR]: the last three bytes.
macaddr_geteui() {
	local mac sep="$2"
	mac="$(macaddr_canonicalize "$1")" || return 1
	local IFS=:
	set -- $mac
	printf '%s\n' "$4$sep$5$sep$6"
}

# ADDRESS: its six bytes as they are.
macaddr_2bin() {
	local mac
	mac="$(macaddr_canonicalize "$1")" || return 1
	local IFS=:
	set -- $mac
	for mac; do
		# An octal escape is what every printf knows.
		printf "\\$(printf %03o "0x$mac")"
	done
}

# One that nobody else has.
macaddr_random() {
	local mac
	mac="$(get_hex /dev/urandom 0 6)" || return 1
	macaddr_unsetbit_mc "$(macaddr_setbit_la "$mac")"
}

# --- where they are found ---

# PATH OFFSET: six bytes.
get_mac_binary() {
	local hex
	if [ ! -r "$1" ]; then
		echo "get_mac_binary: $1: not found" >&2
		return 1
	fi
	hex="$(get_hex "$1" "$2" 6)" && macaddr_canonicalize "$hex"
}

# PATH KEY: text after KEY=, as the environment of a boot loader has it.
get_mac_ascii() {
	local line
	if [ ! -r "$1" ]; then
		echo "get_mac_ascii: $1: not found" >&2
		return 1
	fi
	line="$(tr -c ' -~' '\n' <"$1" | grep "^ *$2=" | head -n 1)"
	line="${line#*=}"
	macaddr_canonicalize "${line%% *}"
}

# PATH OFFSET [LENGTH]: text at a place.
get_mac_text() {
	local text
	if [ ! -r "$1" ]; then
		echo "get_mac_text: $1: not found" >&2
		return 1
	fi
	text="$(dd if="$1" bs=1 skip=$(($2)) count=$((${3:-17})) 2>/dev/null | tr -c ' -~' ' ')"
	macaddr_canonicalize "${text%% *}"
}

# NAME: the device of a flash partition that is read byte by byte.
find_mtd_chardev() {
	_find_mtd mtd "$1"
}

# FIND PREFIX FUNCTION NAME ARGUMENT...: calls the function with the device of a partition.
_get_from() {
	local find="$1" prefix="$2" call="$3" name="$4" device
	shift 4
	device="$($find "$name")" || {
		echo "${prefix}_$call: partition $name not found" >&2
		return 1
	}
	$call "${IPKG_INSTROOT:-}$device" "$@"
}

_mtd_get() {
	_get_from find_mtd_chardev mtd "$@"
}

# The same with a partition of an SD card or eMMC.
_mmc_get() {
	_get_from find_mmc_part mmc "$@"
}

# NAME KEY
mtd_get_mac_ascii() {
	_mtd_get get_mac_ascii "$@"
}

# NAME OFFSET
mtd_get_mac_binary() {
	_mtd_get get_mac_binary "$@"
}

# NAME OFFSET [LENGTH]
mtd_get_mac_text() {
	_mtd_get get_mac_text "$@"
}

# VOLUME OFFSET: in a volume of UBI.
mtd_get_mac_binary_ubi() {
	local dir name
	for dir in "${IPKG_INSTROOT:-}"/sys/class/ubi/ubi*_*; do
		read -r name 2>/dev/null <"$dir/name" || continue
		[ "$name" = "$1" ] || continue
		get_mac_binary "${IPKG_INSTROOT:-}/dev/${dir##*/}" "$2"
		return
	done
	echo "mtd_get_mac_binary_ubi: volume $1 not found" >&2
	return 1
}

# NAME: its size in bytes.
mtd_get_part_size() {
	local device size name
	while read -r device size name; do
		[ "${name#* }" = "\"$1\"" ] || continue
		echo $((0x$size))
		return 0
	done 2>/dev/null <"${IPKG_INSTROOT:-}/proc/mtd"
	return 1
}

# NAME KEY
mmc_get_mac_ascii() {
	_mmc_get get_mac_ascii "$@"
}

# NAME OFFSET
mmc_get_mac_binary() {
	_mmc_get get_mac_binary "$@"
}
