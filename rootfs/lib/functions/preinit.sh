# Lists of functions that run during preinit.
#
#   boot_hook_init LIST          an empty list
#   boot_hook_add LIST FUNCTION  one more at its end, also while the list runs
#   boot_run_hook LIST           calls each once, in order, whatever they return
#
# A function that ran once under its name does not run again, in whatever list.
#
# What is about to run is noted in /tmp/.preinit.hooks: if it takes preinit with it or never
# comes back, process 1 runs preinit again without it (PREINIT_SKIP).

boot_hook_init() {
	eval "boot_hooks_$1="
}

boot_hook_add() {
	eval "boot_hooks_$1=\"\${boot_hooks_$1:+\$boot_hooks_$1 }$2\""
}

boot_note() {
	echo "$1" >>/tmp/.preinit.hooks
}

boot_is_skipped() {
	case " $PREINIT_SKIP " in
		*" $1 "*) ;;
		*) return 1 ;;
	esac
}

boot_run_hook() {
	local list="$1" rest first ran
	while eval "rest=\"\$boot_hooks_$list\"" && [ -n "$rest" ]; do
		first="${rest%% *}"
		case "$rest" in
			*' '*) rest="${rest#* }" ;;
			*) rest= ;;
		esac
		eval "boot_hooks_$list=\"\$rest\""
		eval "ran=\"\$PI_RAN_$first\""
		[ -z "$ran" ] || continue
		! boot_is_skipped "$first" || continue
		eval "PI_RAN_$first=1"
		boot_note "$first"
		$first "$list"
	done
}

# The Ethernet ports of this device, each on a line; no Wi-Fi, no bridges.
preinit_ethernet_ports() {
	local dir type
	for dir in /sys/class/net/*; do
		type=
		read -r type 2>/dev/null <"$dir/type"
		[ "$type" = 1 ] && [ -e "$dir/device" ] || continue
		[ ! -e "$dir/phy80211" ] && [ ! -e "$dir/wireless" ] || continue
		echo "${dir##*/}"
	done
}

# Those of them that a person may use for a rescue, never the WAN port: what the build or the
# board says, else all that are called lan, else the first.
preinit_lan_ports() {
	local port first= lan=
	if [ -n "$pi_ifname$ifname" ]; then
		echo "${pi_ifname:-$ifname}"
		return
	fi
	for port in $(preinit_ethernet_ports); do
		# The inner end of a switch carries the ports and has no address.
		[ ! -e "/sys/class/net/$port/dsa" ] || continue
		[ -n "$first" ] || first=$port
		case "$port" in
			lan*) lan="${lan:+$lan }$port" ;;
		esac
	done
	echo "${lan:-$first}"
}

# Tells the network what is going on; ends at once when there is none.
preinit_net_echo() {
	[ -z "$pi_device" ] || netmsg "$pi_broadcast" "$1"
}
