//! Settings in and out of archives on a real kernel: nobody has mounted them, nobody has
//! restored them yet.

use crate::lab::{Bench, SETTLED_ADDRESS};

#[test]
#[ignore = "boots the lab: make vm"]
fn settings_are_listed_and_saved_before_anybody_has_mounted_them() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    let before = console.run("sysupgrade -l").ok();
    assert!(before.contains("/etc/config/network"), "{before}");
    console
        .run("sysupgrade -b - | tar xzf - -C /tmp etc/config/network")
        .ok();
    let address = console.run("cat /tmp/etc/config/network").ok();
    assert!(address.contains(&SETTLED_ADDRESS.to_string()), "{address}");
    // Nothing is restored to where it would be lost.
    console.run("sysupgrade -b /tmp/b.tgz").ok();
    console
        .run("sysupgrade -r /tmp/b.tgz")
        .refused("first mount_root");
    console.run("mount_root").ok();
    console.run("cd /").ok();
    assert_eq!(console.run("sysupgrade -l").ok(), before);
    // What was deleted is not in it, whatever the image has.
    console.run("rm /etc/profile /etc/config/network").ok();
    console
        .run("sysupgrade -l | grep -e /etc/profile$ -e network")
        .refused("");
    console.run("sysupgrade -r /tmp/b.tgz").ok();
    let address = console.run("cat /etc/config/network").ok();
    assert!(address.contains(&SETTLED_ADDRESS.to_string()), "{address}");
    console.run("test -f /etc/profile").ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn settings_are_saved_on_a_kernel_that_knows_no_jffs2() {
    let bench = Bench::settled();
    let mut router = bench.power_on_saying("lab.without=jffs2");
    router.enter_failsafe();
    let console = &mut router.console;
    console.run("mount_root").refused("");
    console.run("sysupgrade -b /tmp/b.tgz").ok();
    console
        .run("tar xzf /tmp/b.tgz -C /tmp etc/config/network")
        .ok();
    let address = console.run("cat /tmp/etc/config/network").ok();
    assert!(address.contains(&SETTLED_ADDRESS.to_string()), "{address}");
    console.run("test ! -e /tmp/.settings/data").ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn the_first_boot_restores_once_and_a_damaged_archive_does_not_stop_it() {
    let bench = Bench::settled();
    let mut router = bench.power_on();
    router.boot_normally();
    let console = &mut router.console;
    console.run("sysupgrade -b /sysupgrade.tgz").ok();
    console
        .run("uci set network.lan.ipaddr=192.168.1.9; uci commit")
        .ok();
    console.line("reboot");
    router.boot_normally();
    let console = &mut router.console;
    let address = console.run("uci get network.lan.ipaddr").ok();
    assert_eq!(address.trim(), SETTLED_ADDRESS.to_string());
    // The console comes before the boot is complete.
    console
        .run("while [ -e /sysupgrade.tgz ]; do sleep 1; done")
        .ok();

    console.run("sysupgrade -b /tmp/b.tgz").ok();
    console
        .run("head -c 400 /tmp/b.tgz >/sysupgrade.tgz; sync")
        .ok();
    console.line("reboot");
    console.expect("- config restore -");
    console.expect("/sysupgrade.tgz is kept as /sysupgrade.tgz.failed, the boot goes on");
    router.boot_normally();
    let console = &mut router.console;
    console.run("test -e /sysupgrade.tgz.failed").ok();
    console.run("test ! -e /sysupgrade.tgz").ok();
    let address = console.run("uci get network.lan.ipaddr").ok();
    assert_eq!(address.trim(), SETTLED_ADDRESS.to_string());
}
