//! The network tools against iproute2, in a network namespace of the test's own.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use std::path::Path;
use std::process::Command;

/// Runs a script in a fresh network namespace; `$IP` is iproute2, `$BOX` the binary under
/// test. None without root or without the peer: the transcripts cover the rest.
fn in_namespace(script: &str) -> Option<String> {
    let peer = ["/usr/sbin/ip", "/sbin/ip"]
        .into_iter()
        .find(|path| Path::new(path).exists())?;
    if !rustix::process::geteuid().is_root() || !Path::new("/usr/bin/unshare").exists() {
        return None;
    }
    let script = &format!("$IP link add probe type veth || exit 99\n$IP link del probe\n{script}");
    let output = Command::new("/usr/bin/unshare")
        .args(["-n", "/bin/sh", "-c", script])
        .env("IP", peer)
        .env("BOX", env!("CARGO_BIN_EXE_safebox"))
        .output()
        .unwrap();
    if output.status.code() == Some(99) {
        // The kernel cannot make interfaces.
        return None;
    }
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(String::from_utf8_lossy(&output.stdout).into_owned() + &errors)
}

/// Two commands, after the same preparation, must print the same.
fn check(prepare: &str, arguments: &str) {
    let one = in_namespace(&format!("{prepare}\n$IP {arguments}"));
    let two = in_namespace(&format!("{prepare}\n$BOX ip {arguments}"));
    assert_eq!(two, one, "ip {arguments}");
}

const WORLD: &str = "
    set -e
    $IP link add eth8 address 02:00:00:00:00:08 type veth
    $IP link set veth0 address 02:00:00:00:00:10 up
    $IP link set eth8 up
    $IP link set lo up
    $IP -6 address flush dev veth0
    $IP address add 192.168.1.1/24 broadcast + dev eth8
    $IP address add 10.0.0.1/32 dev eth8
    $IP -6 address flush dev eth8
    $IP route add 172.16.0.0/12 via 192.168.1.2 metric 7
    $IP route add default via 192.168.1.2
    $IP route add unreachable 10.99.0.0/16
    $IP neigh add 192.168.1.9 lladdr 02:00:00:00:00:09 dev eth8
";

#[test]
fn everything_is_shown_as_iproute2_shows_it() {
    for arguments in [
        "link",
        "link show eth8",
        "address",
        "-4 address show dev eth8",
        "-o -4 address",
        "-4 addr show scope host",
        "route",
        "route show table local",
        "route show dev eth8",
        "neigh",
        "neigh show dev eth8",
    ] {
        check(WORLD, arguments);
    }
}

#[test]
fn what_we_set_is_what_iproute2_sees() {
    let ours = WORLD.replace("$IP", "$BOX ip");
    let looks = "
        $IP -o link show eth8 | sed 's/^[0-9]*//'
        $IP address show dev lo; $IP -4 address show dev eth8; $IP route; $IP neigh";
    let expected = in_namespace(&format!("{WORLD}\n{looks}"));
    assert_eq!(in_namespace(&format!("{ours}\n{looks}")), expected);
}

#[test]
fn names_hardware_addresses_and_queues_are_set() {
    let looks = "$IP link show lan";
    let prepare = "$IP link add eth8 type veth\n";
    let arguments =
        "link set dev eth8 name lan address 02:00:00:00:00:77 mtu 1400 txqueuelen 20 arp off";
    let expected = in_namespace(&format!("{prepare}$IP {arguments}\n{looks}"));
    let ours = in_namespace(&format!("{prepare}$BOX ip {arguments}\n{looks}"));
    assert_eq!(ours, expected);
}

/// Ports with a cable each, whose other ends are `pc8` and `pc9`.
const PORTS: &str = "
    $IP link add eth8 address 02:00:00:00:00:08 type veth peer name pc8
    $IP link add eth9 address 02:00:00:00:00:09 type veth peer name pc9
    $IP link set pc8 up; $IP link set pc9 up
";

#[test]
fn for_a_rescue_all_ports_answer_at_one_address() {
    let said = in_namespace(&format!(
        "{PORTS}
        $IP link add br0 type bridge || exit 99
        $BOX failsafe_net -1 up -i 'eth8 eth9 eth10'
        $IP -o -4 address show | sed 's/^[0-9]*: //; s/  */ /g; s/ valid_lft.*//'
        $IP -o link show master br-failsafe | sed 's/^[0-9]*: //; s/@.*//'
        $IP -o link show br-failsafe | grep -c 'UP.*02:00:00:00:00:08'
        $BOX failsafe_net down -i 'eth8 eth9'
        $IP -o -4 address show | grep -v ' lo '
        $IP -o link | sed 's/^[0-9]*: //; s/@[^<]*//; s/> .*//' | grep eth"
    ));
    let Some(said) = said else { return };
    assert_eq!(
        said,
        "reachable: 192.168.1.1 on eth8 eth9, link on eth8 eth9\n\
         lo inet 127.0.0.1/8 scope host lo\\\n\
         br-failsafe inet 192.168.1.1/24 brd 192.168.1.255 scope global br-failsafe\\\n\
         eth8\neth9\n1\n\
         eth8<BROADCAST,MULTICAST,UP,LOWER_UP\neth9<BROADCAST,MULTICAST,UP,LOWER_UP\n"
    );
}

#[test]
fn a_port_without_an_address_is_told() {
    let said = in_namespace("$BOX failsafe_net -1 up -i nosuch; echo $?");
    let Some(said) = said else { return };
    assert_eq!(said, "unreachable: no Ethernet port\n1\n");
}

#[test]
fn another_address_is_used_where_the_image_says_so() {
    let said = in_namespace(&format!(
        "{PORTS}
        $BOX failsafe_net -1 up -i eth8 -a 10.1.2.3/255.255.0.0 -b 10.1.255.255
        $BOX failsafe_net -1 up -i eth8 -a 10.1.2.3/255.255.0.0
        $IP -o -4 address show dev eth8 | sed 's/^[0-9]*: //; s/  */ /g; s/ valid_lft.*//'"
    ));
    let Some(said) = said else { return };
    assert_eq!(
        said,
        "reachable: 10.1.2.3 on eth8, link on eth8\n\
         reachable: 10.1.2.3 on eth8, link on eth8\n\
         eth8 inet 10.1.2.3/16 brd 10.1.255.255 scope global eth8\\\n"
    );
}

#[test]
fn the_network_of_the_configuration_comes_up_and_again() {
    let said = in_namespace(&format!(
        "{PORTS}
        $IP link add br0 type bridge && $IP link del br0 || exit 99
        root=$(mktemp -d); cp -a {}/rootfs/. $root; rm $root/var
        mkdir $root/sys $root/tmp $root/var $root/first
        $BOX --install $root/first >/dev/null
        cat >$root/etc/config/network <<'END'
config device
	option name br-lan
	option type bridge
	list ports eth8
	option macaddr 02:00:00:00:00:01
config interface lan
	option device br-lan
	option proto static
	list ipaddr 10.0.0.1/24
	list ip6addr fd00::1/64
config interface wan
	option ifname eth9
	option proto static
	option ipaddr 192.0.2.2
	option netmask 255.255.255.252
	option gateway 192.0.2.1
	option ip6addr 2001:db8::2/64
	option ip6gw 2001:db8::1
config route
	option interface lan
	option target 172.16.0.0
	option netmask 255.240.0.0
	option gateway 10.0.0.2
END
        cat >$root/run <<'END'
mount -t sysfs none $IPKG_INSTROOT/sys || exit 99
init() {{ sh $IPKG_INSTROOT/etc/rc.common $IPKG_INSTROOT/etc/init.d/network $1; echo $1 $?; }}
init start; init start; init restart
END
        first=$root/first
        PATH=$first/bin:$first/sbin:$first/usr/bin:$first/usr/sbin IPKG_INSTROOT=$root \\
            UCI_CONFIG_DIR=$root/etc/config /usr/bin/unshare -m $first/bin/sh $root/run || exit 99
        rm -r $root
        $IP -o -4 address show | sed 's/^[0-9]*: //; s/  */ /g; s/ valid_lft.*//'
        $IP -o -6 address show scope global | sed 's/^[0-9]*: //; s/  */ /g; s/global.*//'
        $IP -o link show master br-lan | sed 's/^[0-9]*: //; s/@.*//'
        $IP -o link show br-lan | grep -c 'UP.*02:00:00:00:00:01'
        $IP -4 route | sed 's/ *$//'; $IP -6 route show default | sed 's/ metric.*//'",
        env!("CARGO_MANIFEST_DIR")
    ));
    let Some(said) = said else { return };
    assert_eq!(
        said,
        "start 0\nstart 0\nrestart 0\n\
         lo inet 127.0.0.1/8 scope host lo\\\n\
         eth9 inet 192.0.2.2/30 brd 192.0.2.3 scope global eth9\\\n\
         br-lan inet 10.0.0.1/24 brd 10.0.0.255 scope global br-lan\\\n\
         eth9 inet6 2001:db8::2/64 scope \n\
         br-lan inet6 fd00::1/64 scope \n\
         eth8\n1\n\
         default via 192.0.2.1 dev eth9\n\
         10.0.0.0/24 dev br-lan proto kernel scope link src 10.0.0.1\n\
         172.16.0.0/12 via 10.0.0.2 dev br-lan\n\
         192.0.2.0/30 dev eth9 proto kernel scope link src 192.0.2.2\n\
         default via 2001:db8::1 dev eth9\n"
    );
}
