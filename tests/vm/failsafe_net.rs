//! In failsafe mode the device answers on every LAN port, and says so when it cannot.

use crate::lab::router::{FAILSAFE_ADDRESS, Router, Setup};
use crate::lab::talk::PATIENCE;
use crate::lab::{Bench, TAP};
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

/// Two ports; the cable is in the second.
const SECOND_PORT: Setup = Setup {
    append: "failsafe=1",
    cards: Some("loose lan"),
    disk: None,
    second: false,
    state: None,
    arguments: &[],
    before: &["set_link loose off"],
};

/// What the device says about its network, once that says this.
#[track_caller]
fn expect_status(router: &mut Router, words: &str) -> String {
    let command = format!("until failsafe_net status | grep '{words}'; do sleep 1; done");
    router.console.run(&command).ok()
}

/// Waits until the status LED blinks so: milliseconds on, then off.
#[track_caller]
fn expect_blink(router: &mut Router, on: u32, off: u32) {
    let command = format!(
        "cd /sys/class/leds/*capslock; \
         until [ \"$(cat delay_on) $(cat delay_off)\" = \"{on} {off}\" ]; do sleep 1; done; cd /"
    );
    router.console.run(&command).ok();
}

fn power_on_failsafe(bench: &Bench, setup: &Setup) -> Router {
    let mut router = bench.power_on_with(setup);
    expect_shell(&mut router);
    router
}

#[track_caller]
fn expect_shell(router: &mut Router) {
    router.console.expect("FAILSAFE MODE active");
    router.console.expect("# ");
}

#[track_caller]
fn expect_telnet(router: &Router) {
    let mut telnet = router.telnet(FAILSAFE_ADDRESS);
    telnet.expect("FAILSAFE MODE active");
    telnet.expect("# ");
}

/// Waits until the PC knows the router by this hardware address.
#[track_caller]
fn expect_neighbour(mac: &str) {
    let limit = Instant::now() + PATIENCE;
    loop {
        let shown = Command::new("ip")
            .args(["neigh", "show", "192.168.1.1"])
            .output();
        let shown = String::from_utf8(shown.unwrap().stdout).unwrap();
        if shown.contains(mac) {
            return;
        }
        assert!(Instant::now() < limit, "the PC knows {shown}");
        // Nothing tells when the table changes.
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits for an announcement of failsafe mode; whatever was sent before is of no interest.
#[track_caller]
fn expect_entering(socket: &UdpSocket) {
    let mut packet = [0; 2000];
    loop {
        let (length, _) = socket.recv_from(&mut packet).unwrap();
        if packet[..length].starts_with(b"\xde\xadEntering Failsafe!\\n\0") {
            return;
        }
    }
}

/// Listens from now on.
fn listen_anew(bench: &Bench, old: UdpSocket) -> UdpSocket {
    drop(old);
    bench.listen()
}

#[test]
#[ignore = "boots the lab: make vm"]
fn whichever_port_has_the_cable_answers_and_the_led_says_when_none_has() {
    let bench = Bench::new();
    let socket = bench.listen();
    let mut router = power_on_failsafe(&bench, &SECOND_PORT);
    expect_telnet(&router);
    expect_entering(&socket);
    expect_status(
        &mut router,
        "reachable: 192.168.1.1 on eth0 eth1, link on eth1",
    );
    expect_blink(&mut router, 50, 50);
    // IPv6 takes a moment of its own.
    for address in [
        "inet 192.168.1.1/24 brd 192.168.1.255",
        "inet6 fe80::5054:ff:fe00:1/64 scope link",
    ] {
        let shown = format!("ip address show br-failsafe | grep '{address}'");
        let command = format!("until {shown}; do sleep 1; done");
        router.console.run(&command).ok();
    }
    router
        .console
        .run("ip -4 address show lo | grep 127.0.0.1/8")
        .ok();
    // A PC without an address gets one.
    let show = bench.file(
        "show",
        b"#!/bin/sh\n[ \"$1\" != bound ] || echo $ip $router $dns\n",
    );
    std::fs::set_permissions(&show, PermissionsExt::from_mode(0o755)).unwrap();
    let udhcpc = Command::new("busybox")
        .args([
            "udhcpc", "-f", "-q", "-n", "-t", "20", "-T", "1", "-i", TAP, "-s",
        ])
        .arg(&show)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&udhcpc.stdout), "192.168.1.100\n");
    // The cable is pulled out, and put in again.
    router.operate("set_link lan off");
    router.console.expect("failsafe: network: unreachable");
    router.console.run("true").ok();
    expect_blink(&mut router, 50, 450);
    let socket = listen_anew(&bench, socket);
    router.operate("set_link lan on");
    expect_entering(&socket);
    expect_blink(&mut router, 50, 50);
    expect_telnet(&router);
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_kernel_without_bridges_answers_where_the_cable_is() {
    let bench = Bench::new();
    let setup = Setup {
        append: "failsafe=1 lab.without=bridge",
        ..SECOND_PORT
    };
    let mut router = power_on_failsafe(&bench, &setup);
    expect_telnet(&router);
    expect_status(&mut router, "link on eth1");
    router
        .console
        .run("[ ! -e /sys/class/net/br-failsafe ]")
        .ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_port_that_comes_late_answers() {
    let bench = Bench::new();
    let setup = Setup {
        append: "failsafe=1",
        cards: Some(""),
        arguments: &["-device", "pcie-root-port,id=socket,chassis=1"],
        ..Setup::default()
    };
    let mut router = power_on_failsafe(&bench, &setup);
    expect_status(&mut router, "unreachable: no Ethernet port");
    expect_blink(&mut router, 50, 450);
    let socket = bench.listen();
    router
        .operate("device_add virtio-net-pci,netdev=lan,bus=socket,romfile=,mac=52:54:00:00:00:01");
    expect_entering(&socket);
    expect_telnet(&router);
    expect_blink(&mut router, 50, 50);
}

#[test]
#[ignore = "boots the lab: make vm"]
fn the_boards_script_names_the_lan_port_its_hardware_address_and_the_wan() {
    let bench = Bench::hooked();
    let setup = Setup {
        append: "failsafe=1 lab.board",
        ..SECOND_PORT
    };
    let mut router = bench.power_on_with(&setup);
    // What a PC remembers of the address is wrong, and it is told so without having asked.
    let entry = "192.168.1.1 lladdr 02:00:00:00:00:99 dev tap0 nud reachable";
    let arguments = ["neigh", "replace"].into_iter().chain(entry.split(' '));
    let remembered = Command::new("ip").args(arguments).status().unwrap();
    assert!(remembered.success());
    expect_shell(&mut router);
    expect_status(&mut router, "192.168.1.1 on eth1, link on eth1");
    expect_neighbour("02:00:00:00:00:77");
    expect_telnet(&router);
    // Nobody from the other side gets a root shell.
    let wan = router.console.run("ip address show eth0").ok();
    assert!(!wan.contains("inet") && !wan.contains(",UP"), "{wan}");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_vlan_that_a_hook_names_gets_the_address_and_a_wrong_name_locks_nobody_out() {
    let bench = Bench::hooked();
    let setup = Setup {
        append: "failsafe=1 lab.ifname=eth0.7",
        ..Setup::default()
    };
    let mut router = power_on_failsafe(&bench, &setup);
    expect_status(&mut router, "192.168.1.1 on eth0.7, link on eth0.7");
    let address = router.console.run("ip -4 -o address show").ok();
    assert!(
        address.contains("eth0.7    inet 192.168.1.1/24"),
        "{address}"
    );
    router.cut_power();
    let setup = Setup {
        append: "failsafe=1 lab.ifname=lan",
        ..Setup::default()
    };
    let router = power_on_failsafe(&bench, &setup);
    expect_telnet(&router);
}

/// A board with a switch that needs `swconfig`.
const SWITCHED: &str = r#"{"network": {"lan": {"device": "eth0.1"}, "wan": {"device": "eth0.2"}},
    "switch": {"switch0": {"enable": true, "reset": true, "roles": [
        {"role": "lan", "ports": "0 1 2 3 6t", "device": "eth0.1"},
        {"role": "wan", "ports": "4 6t", "device": "eth0.2"}]}}}"#;

#[test]
#[ignore = "boots the lab: make vm"]
fn a_switch_is_told_its_vlan_of_the_lan_which_gets_the_address() {
    let bench = Bench::with_image(|tree| {
        std::fs::write(tree.join("etc/board.json"), SWITCHED).unwrap();
        let swconfig = tree.join("sbin/swconfig");
        std::fs::create_dir_all(swconfig.parent().unwrap()).unwrap();
        std::fs::write(&swconfig, "#!/bin/sh\necho \"$*\" >>/tmp/switch\n").unwrap();
        std::fs::set_permissions(swconfig, PermissionsExt::from_mode(0o755)).unwrap();
    });
    let setup = Setup {
        append: "failsafe=1",
        ..Setup::default()
    };
    let mut router = power_on_failsafe(&bench, &setup);
    expect_status(&mut router, "192.168.1.1 on eth0.1, link on eth0.1");
    assert_eq!(
        router.console.run("cat /tmp/switch").ok(),
        "dev switch0 set reset 1\ndev switch0 set enable_vlan 1\n\
         dev switch0 vlan 1 set ports 0 1 2 3 6t\ndev switch0 set apply 1\n"
    );
}

#[test]
#[ignore = "boots the lab: make vm"]
fn after_a_normal_boot_nothing_of_the_failsafe_network_is_left() {
    let bench = Bench::settled();
    let mut router = bench.power_on_with(&Setup {
        cards: Some("lan loose"),
        ..Setup::default()
    });
    router.boot_normally();
    let console = &mut router.console;
    // The shell may come before the script that sets the address.
    let settled = "until ip address | grep -q 192.168.1.50/24; do sleep 1; done";
    console.run(settled).ok();
    let addresses = console.run("ip address").ok();
    for gone in ["192.168.1.1/", "br-failsafe"] {
        assert!(!addresses.contains(gone), "{addresses}");
    }
    console.run("[ ! -e /tmp/run/failsafe_net ]").ok();
    console.run("[ ! -e /tmp/run/failsafe_net.status ]").ok();
    console.run("pidof failsafe_net").refused("");
    // The link was never given up on the way: the other end would negotiate it anew.
    let ups = console.run("cat /sys/class/net/eth0/carrier_up_count").ok();
    assert_eq!(ups, "1\n");
    // The port has IPv6 of its own again.
    console
        .run("until ip -6 address show eth0 | grep fe80; do sleep 1; done")
        .ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn the_led_tells_every_state_by_its_pace() {
    let bench = Bench::hooked();
    let mut router = bench.power_on_with(&Setup {
        append: "lab.leds failsafe.wait=1",
        ..Setup::default()
    });
    let console = &mut router.console;
    console.expect("lab: led waiting 100 100");
    console.expect("lab: led going-on 200 200");
    router.boot_normally();
    let console = &mut router.console;
    let led = "cd /sys/class/leds/*capslock";
    let steady = "grep -F '[none]' trigger && [ \"$(cat brightness)\" != 0 ]";
    console
        .run(&format!("{led}; until {steady}; do sleep 1; done"))
        .ok();
    console.run("set_state upgrade").ok();
    let upgrade = console.run("cat delay_on delay_off").ok();
    assert_eq!(upgrade, "200\n200\n");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn an_led_blinks_without_the_kernels_help_until_the_next_state() {
    let bench = Bench::new();
    let setup = Setup {
        append: "failsafe=1 lab.without=ledtrig-timer",
        ..Setup::default()
    };
    let mut router = power_on_failsafe(&bench, &setup);
    let console = &mut router.console;
    console.run("cd /sys/class/leds/*capslock").ok();
    console
        .run("for i in 1 2 3; do until grep -q 0 brightness; do :; done; until grep -qv 0 brightness; do :; done; done")
        .ok();
    console.run("set_state done").ok();
    console.run("pidof set_state").refused("");
    console.run("grep -v 0 brightness").ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_board_with_its_own_way_to_show_states_keeps_it_whoever_asks() {
    let bench = Bench::hooked();
    let mut router = bench.power_on_with(&Setup {
        append: "lab.diag failsafe.wait=600",
        ..Setup::default()
    });
    let console = &mut router.console;
    console.expect("lab: the board shows preinit");
    console.expect("to enter failsafe mode");
    console.line("f");
    // Once by preinit, once by the process that watches the cables.
    console.expect("lab: the board shows failsafe");
    console.expect("lab: the board shows failsafe");
    console.run("set_state upgrade >/tmp/said").ok();
    let led = console.run("cat /sys/class/leds/*capslock/trigger").ok();
    assert!(!led.contains("[timer]"), "{led}");
}
