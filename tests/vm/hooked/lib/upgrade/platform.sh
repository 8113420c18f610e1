# lab.slots: a board with a second slot, the chip `spare`; and a check of its own.
if grep -q lab.slots /proc/cmdline; then
	platform_slot() {
		echo spare
	}
	platform_switch_slot() {
		echo "lab: the boot loader starts $1 now" >/dev/console
	}
	platform_check_image() {
		case "$1" in
		*refused*)
			echo "lab: such names are refused"
			return 74
			;;
		esac
	}
fi
