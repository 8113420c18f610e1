# A board's own way to show states, if the command line asks for it.

case " $(cat /proc/cmdline) " in
	*' lab.diag '*)
		set_state() {
			echo "lab: the board shows $1" >/dev/console
		}
		;;
esac
