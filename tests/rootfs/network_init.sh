# what /etc/init.d/network does with its configuration: the calls of ip

network() {
	set -- etc/init.d/network "$1"
	. etc/rc.common
}
ip() { echo "ip $*"; }
mkdir -p sys/class/net/lo sys/class/net/eth0
network start; echo "= $?"; cat tmp/resolv.conf
#> ip link set dev lo up
#> ip -4 address replace 127.0.0.1/8 dev lo
#> ip link set dev lo up
#> ip -4 address replace 127.0.0.1/255.0.0.0 dev lo
#> ip link set dev eth0 up
#> ip -4 address replace 192.168.1.1/255.255.255.0 broadcast + dev eth0
#> = 0

# the new form: devices, lists, lengths, both families
cat >etc/config/network <<'END'
config device
	option name br-lan
	option type bridge
	list ports lan1
	list ports lan2
	list ports nothing
	option macaddr 02:00:00:00:00:01
config device
	option name wan.7
	option type 8021q
	option ifname wan
	option vid 7
	option mtu 1492
config device
	option name lan3
	option mtu 9000
config interface lan
	option device br-lan
	option proto static
	list ipaddr 10.0.0.1/24
	list ipaddr 10.1.0.1/16
	list ip6addr fd00::1/64
	list dns 10.0.0.9
	list dns 10.0.0.10
config interface wan
	option device wan.7
	option proto static
	option ipaddr 192.0.2.2/30
	option gateway 192.0.2.1
	option metric 5
	option ip6addr 2001:db8::2
	option ip6gw 2001:db8::1
config route
	option interface lan
	option target 172.16.0.0
	option netmask 255.240.0.0
	option gateway 10.0.0.2
config route6
	option interface wan
	option target fd01::/64
END
network() {
	set -- etc/init.d/network "$1"
	. etc/rc.common
}
ip() { echo "ip $*"; }
for device in lo lan1 lan2 lan3 wan br-lan.old; do mkdir -p sys/class/net/$device; done
network start 2>&1 | while read -r line; do
	case "$line" in
		'ip link add'*'br-lan'*) mkdir sys/class/net/br-lan ;;
		'ip link add'*'wan.7'*) mkdir sys/class/net/wan.7 ;;
	esac
	echo "$line"
done
cat tmp/resolv.conf
#> ip link set dev lo up
#> ip -4 address replace 127.0.0.1/8 dev lo
#> ip link add name br-lan type bridge
#> ip link set dev lan1 master br-lan
#> ip link set dev lan1 up
#> ip link set dev lan2 master br-lan
#> ip link set dev lan2 up
#> network: br-lan: there is no port nothing
#> ip link set dev br-lan address 02:00:00:00:00:01
#> ip link set dev br-lan up
#> ip link set dev wan up
#> ip link add link wan name wan.7 type vlan id 7
#> ip link set dev wan.7 mtu 1492
#> ip link set dev wan.7 up
#> ip link set dev lan3 mtu 9000
#> ip link set dev lan3 up
#> ip link set dev br-lan up
#> ip -4 address replace 10.0.0.1/24 broadcast + dev br-lan
#> ip -4 address replace 10.1.0.1/16 broadcast + dev br-lan
#> ip -6 address replace fd00::1/64 dev br-lan
#> ip link set dev wan.7 up
#> ip -4 address replace 192.0.2.2/30 broadcast + dev wan.7
#> ip -4 route replace default via 192.0.2.1 dev wan.7 metric 5
#> ip -6 address replace 2001:db8::2/128 dev wan.7
#> ip -6 route replace default via 2001:db8::1 dev wan.7 metric 5
#> ip -4 route replace 172.16.0.0/255.240.0.0 via 10.0.0.2 dev br-lan
#> ip -6 route replace fd01::/64 dev wan.7
#> nameserver 10.0.0.9
#> nameserver 10.0.0.10

# the old form: ifname, type bridge, names with a dot, a netmask
cat >etc/config/network <<'END'
config interface loopback
	option ifname lo
	option proto static
	option ipaddr 127.0.0.1
	option netmask 255.0.0.0
config interface lan
	option type bridge
	option ifname 'eth0.1 eth1'
	option proto static
	option ipaddr 192.168.1.1
	option netmask 255.255.255.0
config interface wan
	option ifname eth0.2
	option proto dhcp
config interface later
	option ifname eth1
	option auto 0
config interface gone
	option ifname eth9
	option proto none
END
network() {
	set -- etc/init.d/network "$1"
	. etc/rc.common
}
ip() { echo "ip $*"; }
mkdir -p sys/class/net/lo sys/class/net/eth0 sys/class/net/eth1
network start 2>&1; echo "= $?"
#> ip link set dev lo up
#> ip -4 address replace 127.0.0.1/8 dev lo
#> ip link set dev lo up
#> ip -4 address replace 127.0.0.1/255.0.0.0 dev lo
#> ip link add name br-lan type bridge
#> ip link set dev eth0 up
#> ip link add link eth0 name eth0.1 type vlan id 1
#> ip link set dev eth0.1 master br-lan
#> ip link set dev eth0.1 up
#> ip link set dev eth1 master br-lan
#> ip link set dev eth1 up
#> ip link set dev br-lan up
#> ip -4 address replace 192.168.1.1/255.255.255.0 broadcast + dev br-lan
#> ip link set dev eth0 up
#> ip link add link eth0 name eth0.2 type vlan id 2
#> ip link set dev eth0.2 up
#> network: wan: nothing here knows the protocol dhcp; give it an address by: ip address add
#> network: gone: the configuration has no device that is there
#> = 1

# stop takes the addresses away and leaves loopback
network() {
	set -- etc/init.d/network "$1"
	. etc/rc.common
}
ip() { echo "ip $*"; }
mkdir -p sys/class/net/lo sys/class/net/eth0
network stop
#> ip -4 address flush dev eth0
#> ip -6 address flush dev eth0 scope global
#> ip -4 address flush dev eth0

# a configuration that does not load
rm etc/config/network
network() {
	set -- etc/init.d/network "$1"
	. etc/rc.common
}
ip() { echo "ip $*"; }
network start 2>&1; echo "= $?"
#> ip link set dev lo up
#> ip -4 address replace 127.0.0.1/8 dev lo
#> network: there is no /etc/config/network, or it does not load: uci validate network
#> = 1
