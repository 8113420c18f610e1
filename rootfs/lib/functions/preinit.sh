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

# Tells the network what is going on; ends at once when there is none.
preinit_net_echo() {
	[ -z "$pi_net" ] || netmsg "$pi_broadcast" "$1"
}
