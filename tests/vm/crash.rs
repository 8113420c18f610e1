//! A kernel that crashes and keeps its log in memory that survives the restart (ramoops).

use crate::lab::Bench;
use crate::lab::router::Router;
use crate::lab::talk::Talk;

/// A board with such memory: 1 MiB that the kernel leaves alone, above the kernel itself (16 to
/// 69 MiB) and below what the emulator loads at the end (from 120 MiB). Not compressed, which
/// now and then fails in this kernel.
const MEMORY: &str = "memmap=1M$96M ramoops.mem_address=0x6000000 ramoops.mem_size=0x100000 \
                      ramoops.record_size=0x10000 pstore.compress=none panic=1";

/// Expects the shell of failsafe mode.
#[track_caller]
fn expect_failsafe(router: &mut Router) {
    router.console.expect("FAILSAFE MODE active");
    router.console.expect("# ");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn rescue_shows_the_log_of_the_boot_that_crashed() {
    let bench = Bench::new();
    let mut router = bench.power_on_saying(&format!("{MEMORY} failsafe=1"));
    expect_failsafe(&mut router);
    let console = &mut router.console;
    console.run("rescue log | grep 'No log was kept'").ok();
    console.run("echo its last words >/dev/kmsg").ok();
    console.line("echo c >/proc/sysrq-trigger");
    console.expect("Kernel panic");
    expect_failsafe(&mut router);
    let console = &mut router.console;
    let report = console.run("rescue status").text;
    assert!(report.contains("was not looked at"), "{report}");
    console.run("rescue log >/tmp/shown").ok();
    shows(console, "==> less /sys/fs/pstore/dmesg-ramoops-0 <==");
    shows(
        console,
        "Kernel [p]anic - not syncing: sysrq triggered crash",
    );
    let words = "grep -q 'its last words' /sys/fs/pstore/dmesg-ramoops-0";
    console.run(words).ok();
    console.run("rescue status >/tmp/shown").refused("");
    shows(console, "it crashed; its log ends");
    shows(
        console,
        "Kernel [p]anic - not syncing: sysrq triggered crash",
    );
}

/// These words are in what was kept. Neither what is shown nor what is typed may look like a new
/// panic of this boot.
#[track_caller]
fn shows(console: &mut Talk, words: &str) {
    console.run(&format!("grep -q '{words}' /tmp/shown")).ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn boots_that_crash_are_counted_in_memory_and_nothing_of_it_is_in_flash() {
    let bench = Bench::hooked();
    let words = "failsafe.wait=1 failsafe.auto=2 lab.crash";
    let mut router = bench.power_on_saying(&format!("{MEMORY} {words}"));
    router.console.expect("Kernel panic");
    router.console.expect("Kernel panic");
    router
        .console
        .expect("too many boots did not come to a good end");
    expect_failsafe(&mut router);
    let console = &mut router.console;
    console.run("rescue status >/tmp/shown").refused("");
    shows(console, "it crashed; its log ends");
    let count = "grep -q 'boot attempts: 2' /tmp/log/pstore/dmesg-ramoops-0";
    console.run(count).ok();
    console.run("mount_root").ok();
    console.run("[ ! -e /overlay/.boot_attempts ]").ok();
    // Once: now somebody may want to see it fail.
    console.line("reboot");
    console.expect("Kernel panic");
}
