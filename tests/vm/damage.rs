//! Wrong names, broken files and a full data partition: clear words, and nothing lost.

use crate::lab::Bench;

#[test]
#[ignore = "boots the lab: make vm"]
fn wrong_names_are_answered_clearly_and_change_nothing() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    console.run("mount_root").ok();
    let before = console.run("uci show network").ok();
    console
        .run("uci get network.lan.nosuch")
        .refused("Entry not found");
    console
        .run("uci get nosuch.lan.ipaddr")
        .refused("Entry not found");
    console
        .run("uci set network.nosuch.ipaddr=1")
        .refused("uci");
    console.run("uci set network").refused("uci");
    assert_eq!(console.run("uci show network").ok(), before);
    console.run("mtd erase nosuch").refused("nosuch");
    console.run("mtd write /tmp/nosuch art").refused("nosuch");
    console.run("sysupgrade /tmp/nosuch").refused("nosuch");
    console.run("nosuch").refused("not found");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_config_file_with_a_syntax_error_is_reported_and_left_alone() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    console.run("mount_root").ok();
    console
        .run("echo \"config interface 'lan\" >/etc/config/network")
        .ok();
    console.run("uci show network").refused("Parse error");
    console
        .run("uci set network.lan.ipaddr=10.0.0.1")
        .refused("Parse error");
    let file = console.run("cat /etc/config/network").ok();
    assert_eq!(file.trim(), "config interface 'lan");
    // Other files are not affected, and the boot is not either.
    console.run("uci show system").ok();
    console.line("reboot");
    router.boot_normally();
    router
        .console
        .run("uci show network")
        .refused("Parse error");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_full_data_partition_costs_no_settings() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    console.run("mount_root").ok();
    // No room is left when even small files fail.
    console
        .run("cat /dev/urandom >/overlay/upper/large")
        .refused("No space left on device");
    console.run("i=0; while echo $i >/overlay/upper/small$i; do i=$((i+1)); done");
    let network = console.run("cat /etc/config/network").ok();
    let shadow = console.run("cat /etc/shadow").ok();
    console.run("uci set network.lan.ipaddr=10.0.0.1").ok();
    console
        .run("uci commit network")
        .refused("No space left on device");
    assert_eq!(console.run("cat /etc/config/network").ok(), network);
    console.line("passwd");
    console.expect("assword:");
    console.line("correct horse");
    console.expect("assword:");
    console.line("correct horse");
    console.expect("# ");
    assert_eq!(console.run("cat /etc/shadow").ok(), shadow);
    // Room made, settings made.
    console.run("rm /overlay/upper/large").ok();
    console.line("reboot");
    router.boot_normally();
    router
        .console
        .run("uci set network.lan.ipaddr=10.0.0.1")
        .ok();
    router.console.run("uci commit network").ok();
}
