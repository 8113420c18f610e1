# What the scripts of /etc/board.d say about a board, as far as it is of use before there is
# a configuration. They call, in this order:
#
#   board_config_update
#   ucidef_set_interface_lan "lan1 lan2"; ucidef_set_interface_wan wan; ...
#   board_config_flush
#
# Kept in $CFG.words, one "KEY VALUE" per line; board_detect makes JSON of it. Functions about
# LEDs and the like are known and say nothing.

board_name() {
	cat /tmp/sysinfo/board_name 2>/dev/null
}

board_config_update() {
	board_words=
	[ ! -f "$CFG.words" ] || board_words="$(cat "$CFG.words")"
}

board_config_flush() {
	echo "$board_words" >"$CFG.words"
}

# KEY VALUE: the last value of a key counts.
ucidef_word() {
	local key="$1" line kept=
	shift
	[ -n "$*" ] || return 0
	while read -r line; do
		case "$line" in
			"$key "* | '') ;;
			*) kept="$kept$line
" ;;
		esac
	done <<END
$board_words
END
	board_words="$kept$key $*"
}

# NAME [KEY VALUE]...: device or ports, protocol, macaddr, ...
ucidef_set_interface() {
	local name="$1" key
	shift
	while [ $# -ge 2 ]; do
		key="$1"
		# Several devices are ports.
		case "$key:$2" in
			device:*' '*) key=ports ;;
		esac
		ucidef_word "network/$name/$key" "$2"
		shift 2
	done
}

ucidef_set_interface_lan() {
	ucidef_set_interface lan device "$1" protocol "${2:-static}"
}

ucidef_set_interface_wan() {
	ucidef_set_interface wan device "$1" protocol "${2:-dhcp}"
}

ucidef_set_interfaces_lan_wan() {
	ucidef_set_interface_lan "$1"
	ucidef_set_interface_wan "$2"
}

ucidef_set_interface_macaddr() {
	ucidef_word "network/$1/macaddr" "$2"
}

ucidef_set_network_device_mac() {
	ucidef_word "network_device/$1/macaddr" "$2"
}

ucidef_set_network_device_path() {
	ucidef_word "network_device/$1/path" "$2"
}

ucidef_set_network_device_path_port() {
	ucidef_word "network_device/$1/path" "$2"
	ucidef_word "network_device/$1/port" "$3"
}

# NAME PORT...: NUMBER:ROLE[:INDEX] is a socket of the case, NUMBER[t|u]@DEVICE the inner end.
# Roles are VLANs 1, 2, ... in the order in which they are mentioned; where there are several,
# the inner end has them tagged.
ucidef_add_switch() {
	local name="$1" port role roles= count=0 number cpu= device= ports tag
	shift
	for port in "$@"; do
		case "$port" in
			*@*)
				cpu="${port%%@*}"
				cpu="${cpu%[tu]}"
				device="${port#*@}"
				;;
			*:*)
				role="${port#*:}"
				role="${role%%:*}"
				case " $roles " in
					*" $role "*) ;;
					*) roles="${roles:+$roles }$role" count=$((count + 1)) ;;
				esac
				;;
		esac
	done
	ucidef_word "switch/$name/enable" 1
	ucidef_word "switch/$name/reset" 1
	number=0
	for role in $roles; do
		number=$((number + 1)) ports= tag=
		for port in "$@"; do
			case "$port" in
				*:"$role" | *:"$role":*) ports="$ports${port%%:*} " ;;
			esac
		done
		[ $count -lt 2 ] || tag=.$number
		ucidef_word "switch/$name/roles/$role" "$device$tag $ports$cpu${tag:+t}"
		ucidef_set_interface "$role" device "$device$tag"
	done
}

# Known, and of no use here.
ucidef_set_bridge_device() { :; }
ucidef_set_bridge_mac() { :; }
ucidef_set_compat_version() { :; }
ucidef_set_hostname() { :; }
ucidef_set_label_macaddr() { :; }
ucidef_set_led_default() { :; }
ucidef_set_led_netdev() { :; }
ucidef_set_led_switch() { :; }
ucidef_set_led_timer() { :; }
ucidef_set_led_usbport() { :; }
ucidef_set_led_wlan() { :; }
ucidef_set_network_device_conduit() { :; }
ucidef_set_ntpserver() { :; }
ucidef_set_wireless() { :; }
