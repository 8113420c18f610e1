# What an interface of /etc/config/network has at this moment, as the kernel says. Sourced:
# . /lib/functions/network.sh
#
# Most functions are called with VARIABLE INTERFACE. Where there is no answer the variable is
# unset and they fail.

command -v config_load >/dev/null || . "${IPKG_INSTROOT:-}/lib/functions.sh"

# VARIABLE VALUE
_network_answer() {
	if [ -n "$2" ]; then
		eval "$1=\$2"
	else
		unset "$1"
		return 1
	fi
}

# INTERFACE: the device that has its addresses. Of a bridge that nobody has made it is the
# first port that exists.
_network_device() {
	local devices="${IPKG_INSTROOT:-}/sys/class/net" device port section=0 name
	device="$(uci_get network "$1" device || uci_get network "$1" ifname)" || return 1
	case "$device" in
		@*)
			_network_device "${device#@}"
			return
			;;
	esac
	[ "$(uci_get network "$1" type)" != bridge ] || device="br-$1 $device"
	for port in $device; do
		[ ! -e "$devices/$port" ] || { echo "$port"; return; }
	done
	while name="$(uci_get network "@device[$section]" name)"; do
		for port in $(uci_get network "@device[$section]" ports); do
			[ "$name" = "$device" ] && [ -e "$devices/$port" ] && { echo "$port"; return; }
		done
		section=$((section + 1))
	done
	return 1
}

# The device that has the addresses.
network_get_device() {
	_network_answer "$1" "$(_network_device "$2")"
}

# The one below, if this is a VLAN; of a bridge it is the bridge.
network_get_physdev() {
	local _network_physdev
	_network_physdev="$(_network_device "$2")"
	_network_answer "$1" "${_network_physdev%%.*}"
}

# How it gets its address: static, dhcp, ...
network_get_protocol() {
	_network_answer "$1" "$(uci_get network "$2" proto)"
}

# INTERFACE: whether its device is switched on and has a link.
network_is_up() {
	local device carrier=
	device="$(_network_device "$1")" || return 1
	# The kernel refuses to say it of a device that is switched off.
	read -r carrier 2>/dev/null <"${IPKG_INSTROOT:-}/sys/class/net/$device/carrier"
	[ "$carrier" = 1 ]
}

# INTERFACE FAMILY: its addresses, each with its length. Those that only this link knows count
# where there is no other kind.
_network_subnets() {
	local device number name family subnet rest found=
	device="$(_network_device "$1")" || return 1
	ip "-$2" -o address show dev "$device" 2>/dev/null | {
		while read -r number name family subnet rest; do
			case "$2:$rest" in
				6:*"scope link"*) ;;
				*) found="${found:+$found }$subnet" ;;
			esac
		done
		printf '%s\n' "$found"
	}
}

# The same without the lengths.
_network_addresses() {
	local subnet found=
	for subnet in $(_network_subnets "$1" "$2"); do
		found="${found:+$found }${subnet%/*}"
	done
	printf '%s\n' "$found"
}

# The first word.
_network_first() {
	printf '%s\n' "${1%% *}"
}

network_get_ipaddrs() {
	_network_answer "$1" "$(_network_addresses "$2" 4)"
}

network_get_ipaddr() {
	_network_answer "$1" "$(_network_first "$(_network_addresses "$2" 4)")"
}

network_get_subnets() {
	_network_answer "$1" "$(_network_subnets "$2" 4)"
}

network_get_subnet() {
	_network_answer "$1" "$(_network_first "$(_network_subnets "$2" 4)")"
}

network_get_ipaddrs6() {
	_network_answer "$1" "$(_network_addresses "$2" 6)"
}

network_get_ipaddr6() {
	_network_answer "$1" "$(_network_first "$(_network_addresses "$2" 6)")"
}

network_get_subnets6() {
	_network_answer "$1" "$(_network_subnets "$2" 6)"
}

network_get_subnet6() {
	_network_answer "$1" "$(_network_first "$(_network_subnets "$2" 6)")"
}

# FAMILY [DEVICE]: gateway and device of the route to everywhere.
_network_default() {
	local to via gateway word device
	ip "-$1" route show 2>/dev/null | while read -r to via gateway word device; do
		[ "$to:$via" = default:via ] && [ "$word" = dev ] || continue
		device="${device%% *}"
		[ "${2:-$device}" = "$device" ] || continue
		echo "$gateway $device"
		break
	done
}

network_get_gateway() {
	_network_answer "$1" "$(_network_gateway "$2" 4)"
}

network_get_gateway6() {
	_network_answer "$1" "$(_network_gateway "$2" 6)"
}

_network_gateway() {
	local device
	device="$(_network_device "$1")" && _network_first "$(_network_default "$2" "$device")"
}

# VARIABLE: the interface with the route to everywhere.
network_find_wan() {
	_network_answer "$1" "$(_network_wan 4)"
}

network_find_wan6() {
	_network_answer "$1" "$(_network_wan 6)"
}

_network_wan() {
	local device line name
	device="$(_network_default "$1")"
	device="${device#* }"
	[ -n "$device" ] || return 1
	_uci -q show network | while read -r line; do
		case "$line" in
			network.*.*) continue ;;
			*=interface) ;;
			*) continue ;;
		esac
		name="${line#network.}"
		name="${name%=interface}"
		[ "$(_network_device "$name")" = "$device" ] || continue
		echo "$name"
		break
	done
}

# What the configuration says, else the servers that are asked now.
network_get_dnsserver() {
	_network_answer "$1" "$(_network_dns "$2")"
}

_network_dns() {
	local word server rest found=
	uci_get network "$1" dns && return
	while read -r word server rest; do
		[ "$word" != nameserver ] || found="${found:+$found }$server"
	done 2>/dev/null <"${IPKG_INSTROOT:-}/tmp/resolv.conf"
	printf '%s\n' "$found"
}

# Nothing is kept here.
network_flush_cache() {
	:
}
