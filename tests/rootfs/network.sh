# what interfaces have

. lib/functions/network.sh
mkdir -p sys/class/net/lo; network_get_device d loopback; echo $? $d; network_get_ipaddr a loopback; echo $? $a; network_get_subnet s loopback; echo $? $s
network_get_ipaddrs a loopback; network_get_subnets s loopback; echo $a $s
#> 0 lo
#> 0 127.0.0.1
#> 0 127.0.0.1/8
#> 127.0.0.1 127.0.0.1/8

. lib/functions/network.sh
d=old; network_get_device d lan; echo $? "<$d>"; a=old; network_get_ipaddr a nothing; echo $? "<$a>"; network_get_ipaddr6 a lan; echo $?
network_get_gateway a lan; echo $?; network_get_protocol p nothing; echo $?; network_is_up nothing; echo $?; network_flush_cache; echo $?
#> 1 <>
#> 1 <>
#> 1
#> 1
#> 1
#> 1
#> 0

. lib/functions/network.sh
network_get_protocol p lan; echo $p; uci set network.lan.device=eth7.3; mkdir -p sys/class/net/eth7.3
network_get_device d lan; network_get_physdev b lan; echo $d $b
uci set network.six=interface; uci set network.six.device=@lan; network_get_device d six; echo $d
#> static
#> eth7.3 eth7
#> eth7.3

. lib/functions/network.sh
cat >etc/config/network <<'END'
config device
	option name br-other
	list ports x1
config device
	option name br-lan
	list ports nothing
	list ports lan2
	list ports lan3
config interface lan
	option device br-lan
END
mkdir -p sys/class/net/lan2 sys/class/net/lan3 sys/class/net/x1; network_get_device d lan; echo $d; mkdir sys/class/net/br-lan; network_get_device d lan; echo $d
#> lan2
#> br-lan

. lib/functions/network.sh
cat >etc/config/network <<'END'
config interface old
	option type bridge
	option ifname 'no eth1 eth2'
END
mkdir -p sys/class/net/eth1 sys/class/net/eth2; network_get_device d old; echo $d; mkdir sys/class/net/br-old; network_get_device d old; echo $d
#> eth1
#> br-old

. lib/functions/network.sh
mkdir -p sys/class/net/eth0; network_is_up lan; echo $?; echo 0 >sys/class/net/eth0/carrier; network_is_up lan; echo $?; echo 1 >sys/class/net/eth0/carrier; network_is_up lan; echo $?
#> 1
#> 1
#> 0

. lib/functions/network.sh
printf 'nameserver 10.0.0.1\nsearch x\nnameserver 10.0.0.2\n' >tmp/resolv.conf; network_get_dnsserver d lan; echo $d
uci add_list network.lan.dns=10.0.0.9; network_get_dnsserver d lan; echo $d
#> 10.0.0.1 10.0.0.2
#> 10.0.0.9

# routes and addresses of a device as ip prints them
. lib/functions/network.sh
mkdir -p sys/class/net/eth0 sys/class/net/wan
uci set network.out=interface; uci set network.out.device=wan
ip() {
	case "$*" in
		'-4 route show') printf '10.0.0.0/24 dev wan scope link\ndefault via 10.0.0.1 dev wan metric 5\ndefault via 10.0.0.2 dev eth0\n' ;;
		'-6 route show') echo 'default via fe80::1 dev wan proto ra' ;;
		'-6 -o address show dev wan') printf '2: wan    inet6 fe80::5/64 scope link \\ valid\n2: wan    inet6 2001:db8::5/64 scope global \\ valid\n' ;;
		'-4 -o address show dev wan') printf '2: wan    inet 10.0.0.5/24 brd 10.0.0.255 scope global wan\\ valid\n2: wan    inet 10.1.0.5/16 scope global wan\\ valid\n' ;;
	esac
}
network_find_wan w; network_find_wan6 x; network_get_gateway g out; network_get_gateway h lan; network_get_gateway6 i out; echo $w $x $g $h $i
network_get_ipaddr6 a out; network_get_subnet6 b out; network_get_ipaddrs c out; network_get_subnets d out; echo $a $b $c $d
network_get_ipaddrs6 a out; network_get_subnets6 b out; echo $a $b
#> out out 10.0.0.1 10.0.0.2 fe80::1
#> 2001:db8::5 2001:db8::5/64 10.0.0.5 10.1.0.5 10.0.0.5/24 10.1.0.5/16
#> 2001:db8::5 2001:db8::5/64

. lib/functions/network.sh
ip() { :; }
w=old; network_find_wan w; echo $? "<$w>"
#> 1 <>
