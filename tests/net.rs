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
