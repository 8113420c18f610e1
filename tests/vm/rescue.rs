//! Failsafe mode as the howto describes it: repair what is broken, or start over.

use crate::lab::router::{FAILSAFE_ADDRESS, Router};
use crate::lab::talk::Talk;
use crate::lab::{Bench, SETTLED_ADDRESS};
use std::net::Ipv4Addr;

#[test]
#[ignore = "boots the lab: make vm"]
fn a_forgotten_address_and_password_are_set_anew_by_telnet() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    let mut telnet = router.telnet(FAILSAFE_ADDRESS);
    telnet.expect("# ");
    telnet.run("mount_root").ok();
    let address = telnet.run("uci get network.lan.ipaddr").ok();
    assert_eq!(address.trim(), SETTLED_ADDRESS.to_string());
    let anew = Ipv4Addr::new(192, 168, 1, 77);
    telnet
        .run(&format!("uci set network.lan.ipaddr={anew}"))
        .ok();
    telnet.run("uci commit network").ok();
    telnet.line("passwd");
    telnet.expect("assword:");
    telnet.line("correct horse");
    telnet.expect("assword:");
    telnet.line("correct horse");
    telnet.expect("# ");
    telnet.line("reboot");

    router.boot_normally();
    let console = &mut router.console;
    let address = console.run("uci get network.lan.ipaddr").ok();
    assert_eq!(address.trim(), anew.to_string());
    // The password counts, and only the right one.
    log_in(console, "wrong horse");
    console.expect("incorrect");
    console.type_text("\x03");
    console.expect("# ");
    log_in(console, "correct horse");
    console.expect("# ");
    // From now on telnet lets nobody in.
    if let Some(mut telnet) = router.try_telnet(anew) {
        telnet.expect("Login failed.");
        telnet.expect_end();
    }
}

fn log_in(console: &mut Talk, password: &str) {
    console.line("login root");
    console.expect("assword:");
    console.line(password);
}

#[test]
#[ignore = "boots the lab: make vm"]
fn firstboot_brings_back_the_defaults() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    let mut telnet = router.telnet(FAILSAFE_ADDRESS);
    telnet.expect("# ");
    telnet.run("mount_root").ok();
    telnet.line("firstboot");
    telnet.expect("Are you sure?");
    telnet.line("y");
    telnet.expect("# ");
    telnet.line("reboot");
    assert_defaults(&mut router);
}

#[test]
#[ignore = "boots the lab: make vm"]
fn erasing_rootfs_data_brings_back_the_defaults() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    router.console.run("mount_root").ok();
    router.console.line("mtd -r erase rootfs_data");
    // Nobody writes to it any more while it is erased.
    let said = router.console.expect("Rebooting ...");
    assert!(!said.contains("read-only"), "{said}");
    assert_defaults(&mut router);
}

/// Waits for the next boot and looks for what [`Bench::settled`] had changed.
#[track_caller]
fn assert_defaults(router: &mut Router) {
    router.boot_normally();
    let console = &mut router.console;
    let address = console.run("uci get network.lan.ipaddr").ok();
    assert_eq!(address.trim(), FAILSAFE_ADDRESS.to_string());
    console.run("[ ! -e /etc/note ]").ok();
    // What is changed from now on is kept again.
    console.run("echo again >/etc/note").ok();
    console.line("reboot");
    router.boot_normally();
    assert_eq!(router.console.run("cat /etc/note").ok().trim(), "again");
}
