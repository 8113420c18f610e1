# What the upgrade scripts of boards expect in their shell: lib/upgrade/platform.sh has the
# functions platform_*, and these are what it calls. Sourced, by `include /lib/upgrade`.
#
# UPGRADE_BACKUP names the archive of settings, if they are to be kept.

command -v get_hex >/dev/null || . "${IPKG_INSTROOT:-}/lib/functions.sh"

# TEXT...: a message; VERBOSE=0 wants none.
v() {
	[ "${VERBOSE:-1}" -lt 1 ] || echo "$(date) upgrade: $*" >&2
}

# FILE: the image on standard output, unpacked if it is packed.
get_image() {
	case "$(get_hex "$1" 0 2)" in
		# Of busybox, zcat does not tell that the end is missing.
		1f8b) gunzip -c "$1" ;;
		425a) bzcat "$1" ;;
		*) cat "$1" ;;
	esac
}

# FILE ARGUMENT...: a part of the image; the arguments are those of dd.
get_image_dd() {
	local _image="$1"
	shift
	get_image "$_image" 2>/dev/null | dd "$@" 2>/dev/null
}

# FILE COUNT: the first bytes of the image as hexadecimal digits.
_get_magic() {
	get_image_dd "$1" bs=1 count="$2" | _hex "$2"
}

# FILE: the first two bytes of the image.
get_magic_word() {
	_get_magic "$1" 2
}

# FILE: the first four.
get_magic_long() {
	_get_magic "$1" 4
}

# FILE: writes the image to the partition PART_NAME, with the settings where its end marker
# is; ends the shell if that fails. What is packed is unpacked once before, since mtd takes
# the end of a damaged file for the end of the image.
default_do_upgrade() {
	sync
	get_image "$1" >/dev/null || {
		echo "default_do_upgrade: $1: cannot be read or unpacked" >&2
		exit 1
	}
	if [ -n "$UPGRADE_BACKUP" ]; then
		get_image "$1" | mtd $MTD_ARGS $MTD_CONFIG_ARGS -j "$UPGRADE_BACKUP" write - "${PART_NAME:-image}"
	else
		get_image "$1" | mtd $MTD_ARGS write - "${PART_NAME:-image}"
	fi || exit 1
}

# Puts the settings into an erased data partition, where the image has no place for them.
jffs2_copy_config() {
	[ -n "$UPGRADE_BACKUP" ] && find_mtd_index rootfs_data >/dev/null || return 0
	mtd $MTD_CONFIG_ARGS -e rootfs_data jffs2write "$UPGRADE_BACKUP" rootfs_data
}

# The disk that the kernel has its root file system on: its numbers are exported in
# BOOTDEV_MAJOR and BOOTDEV_MINOR. Fails if it cannot be told.
export_bootdevice() {
	local root numbers disk="${IPKG_INSTROOT:-}/sys/block" part
	root="$(cmdline_get_var root)" || return 1
	case "$root" in
		PARTUUID=*) disk="$(_find_disk "${root#*=}")" || return 1 ;;
		/dev/*)
			part="${root#/dev/}"
			if [ -d "$disk/$part" ]; then
				disk="$disk/$part"
			else
				for disk in "$disk"/*; do
					[ ! -d "$disk/$part" ] || break
				done
				[ -d "$disk/$part" ] || return 1
			fi
			;;
		*) return 1 ;;
	esac
	read -r numbers 2>/dev/null <"$disk/dev" || return 1
	export BOOTDEV_MAJOR="${numbers%:*}" BOOTDEV_MINOR="${numbers#*:}"
}

# PARTUUID: the directory in /sys of the disk with that partition.
_find_disk() {
	local disk wanted
	wanted="$(printf '%s\n' "${1%%/*}" | tr A-F a-f)"
	for disk in "${IPKG_INSTROOT:-}"/sys/block/*; do
		_has_partition "${IPKG_INSTROOT:-}/dev/${disk##*/}" "$wanted" || continue
		echo "$disk"
		return 0
	done
	return 1
}

# DISK PARTUUID
_has_partition() {
	local entry=0 guid
	case "$2" in
		????????-??)
			# The number in the MBR, and that of the partition.
			guid="$(get_hex "$1" 440 4)" && [ "$(_guid "$guid")" = "${2%-??}" ]
			return
			;;
		????????-????-????-????-????????????) ;;
		*) return 1 ;;
	esac
	# "EFI PART", and then the table of partitions.
	[ "$(get_hex "$1" 512 8)" = 4546492050415254 ] || return 1
	while [ $entry -lt 128 ] && guid="$(get_hex "$1" $((1024 + entry * 128 + 16)) 16)"; do
		case "$guid" in
			00000000000000000000000000000000) return 1 ;;
		esac
		[ "$(_guid "$guid")" != "$2" ] || return 0
		entry=$((entry + 1))
	done
	return 1
}

# DIGITS: as they are written, the first three numbers being the wrong way round.
_guid() {
	local rest="$1" number= guid= size byte
	for size in 4 2 2; do
		number=
		while [ $size -gt 0 ] && [ -n "$rest" ]; do
			byte="${rest%"${rest#??}"}" rest="${rest#??}" size=$((size - 1))
			number="$byte$number"
		done
		guid="$guid${guid:+${number:+-}}$number"
	done
	[ -z "$rest" ] || guid="$guid-${rest%"${rest#????}"}-${rest#????}"
	printf '%s\n' "$guid"
}

# VARIABLE NUMBER: exports the name of a partition of the disk that export_bootdevice has
# found; 0 is the disk itself.
export_partdevice() {
	local _part _numbers
	case "$1" in
		'' | *[!A-Za-z0-9_]*) return 1 ;;
	esac
	for _part in "${IPKG_INSTROOT:-}"/sys/class/block/*; do
		read -r _numbers 2>/dev/null <"$_part/dev" || continue
		[ "$_numbers" = "$BOOTDEV_MAJOR:$((BOOTDEV_MINOR + $2))" ] || continue
		export "$1=${_part##*/}"
		return 0
	done
	return 1
}
