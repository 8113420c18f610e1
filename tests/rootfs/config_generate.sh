# bin/config_generate: what is missing is made

failsafe_net() { [ "$1" != board ] || printf 'lan lan1 lan2:t\nwan wan\nmac 02:00:00:00:00:01\n'; }
rm etc/config/network etc/config/system
(. bin/config_generate); echo "= $?"; cat etc/config/network etc/config/system
#> = 0
#>
#> config interface 'loopback'
#> 	option device 'lo'
#> 	option proto 'static'
#> 	option ipaddr '127.0.0.1'
#> 	option netmask '255.0.0.0'
#>
#> config device
#> 	option name 'br-lan'
#> 	option type 'bridge'
#> 	list ports 'lan1'
#> 	list ports 'lan2'
#> 	option macaddr '02:00:00:00:00:01'
#>
#> config interface 'lan'
#> 	option device 'br-lan'
#> 	option proto 'static'
#> 	option ipaddr '192.168.1.1'
#> 	option netmask '255.255.255.0'
#>
#> config interface 'wan'
#> 	option device 'wan'
#> 	option proto 'dhcp'
#>
#>
#> config system
#> 	option hostname 'safebox'
#> 	option timezone 'UTC'
#>

failsafe_net() { [ "$1" != ports ] || echo eth0; }
rm etc/config/network; cp etc/config/system old
(. bin/config_generate); echo "= $?"; uci show network.lan; cmp old etc/config/system
#> = 0
#> network.lan=interface
#> network.lan.device='eth0'
#> network.lan.proto='static'
#> network.lan.ipaddr='192.168.1.1'
#> network.lan.netmask='255.255.255.0'

# what is there is left alone, comments included
failsafe_net() { echo 'lan lan1 lan2'; }
echo '# mine' >>etc/config/network; cp etc/config/network old
(. bin/config_generate); echo "= $?"; cmp old etc/config/network
#> = 0

# the time zone and the name of the device
hostname() { echo "hostname $*"; }
config_generate() { :; }
uci set system.@system[0].timezone=CET-1CEST; uci set system.@system[0].hostname=box
set -- etc/init.d/boot start; . etc/rc.common; cat tmp/TZ
#> hostname box
#> CET-1CEST
