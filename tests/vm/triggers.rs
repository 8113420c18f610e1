//! Every way to ask for failsafe mode succeeds at the first try; nothing else leads there.
//!
//! Most of these boots have a wait of ten minutes, far beyond the patience of a test: what
//! counts at its end only would be found out.

use crate::lab::Bench;
use crate::lab::router::{Router, Setup};
use std::process::Command;

const PROMPT: &str = "Press the [f] key and hit [enter] to enter failsafe mode";

/// A board with hooks, and these words on its command line.
fn power_on(append: &str) -> (Bench, Router) {
    let bench = Bench::hooked();
    let router = bench.power_on_saying(append);
    (bench, router)
}

/// Expects the shell of failsafe mode.
#[track_caller]
fn expect_failsafe(router: &mut Router) {
    router.console.expect("FAILSAFE MODE active");
    router.console.expect("# ");
    router.console.run("[ -e /tmp/.failsafe ]").ok();
}

/// Expects the normal system, where no button was heard.
#[track_caller]
fn expect_normal(router: &mut Router) {
    router.boot_normally();
    let quiet = "[ ! -e /tmp/.failsafe ] && [ ! -e /tmp/failsafe_button ]";
    router.console.run(quiet).ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn f_and_a_forgotten_enter_are_enough() {
    let (_bench, mut router) = power_on("failsafe.wait=600");
    router.console.expect(PROMPT);
    router.console.type_text("f");
    expect_failsafe(&mut router);
}

#[test]
#[ignore = "boots the lab: make vm"]
fn every_console_prompts_hears_and_gets_a_shell() {
    let bench = Bench::hooked();
    let mut router = bench.power_on_with(&Setup {
        append: "failsafe.wait=600 lab.consoles=ttyS1,ttyS0",
        second: true,
        ..Setup::default()
    });
    let mut second = router.second.take().unwrap();
    router.console.expect(PROMPT);
    second.expect(PROMPT);
    second.line("f");
    second.expect("- failsafe -");
    second.expect("# ");
    expect_failsafe(&mut router);
    // Two shells, each with a terminal of its own.
    assert_eq!(second.run("echo $TERM").ok().trim(), "vt102");
    second.line("echo wai''ting; sleep 1000");
    second.expect("waiting");
    router.console.run("true").ok();
    second.type_text("\x03");
    second.expect("# ");
    // Who leaves a shell gets another one.
    second.line("exit");
    second.expect("FAILSAFE MODE active");
    second.expect("# ");
    second
        .run("[ $(hostname) = failsafe ] && [ $FAILSAFE = 1 ]")
        .ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_buttons_event_counts_at_once_but_no_switch_and_no_denied_button() {
    let events = "wps,pressed/rfkill,pressed,switch/reset,released";
    let append = format!("failsafe.wait=600 failsafe.deny=wlan,wps lab.press={events}");
    let (_bench, mut router) = power_on(&append);
    router.console.expect(PROMPT);
    let before = router
        .console
        .expect("- failsafe button reset was pressed -");
    assert!(!before.contains("was pressed"), "{before}");
    expect_failsafe(&mut router);
    let name = router.console.run("cat /tmp/failsafe_button").ok();
    assert_eq!(name.trim(), "reset");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_key_counts_at_once_and_every_console_is_told() {
    let bench = Bench::hooked();
    let mut router = bench.power_on_with(&Setup {
        append: "failsafe.wait=600 lab.consoles=ttyS1,ttyS0",
        second: true,
        ..Setup::default()
    });
    let mut second = router.second.take().unwrap();
    router.console.expect(PROMPT);
    router.press("a");
    second.expect("- failsafe button key-30 was pressed -");
    router
        .console
        .expect("- failsafe button key-30 was pressed -");
    expect_failsafe(&mut router);
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_button_pressed_before_the_prompt_counts() {
    let (_bench, mut router) = power_on("failsafe.wait=600 lab.early=wps,pressed");
    router.console.expect("- failsafe button wps was pressed -");
    expect_failsafe(&mut router);
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_button_held_since_before_anybody_listened_counts() {
    let (_bench, mut router) = power_on("failsafe.wait=600 lab.pause");
    router.console.expect("lab: Enter goes on");
    // Held for ten minutes: its release is not what counts.
    router.operate("sendkey b 600000");
    router.console.line("");
    router
        .console
        .expect("- failsafe button key-48 was pressed -");
    expect_failsafe(&mut router);
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_button_pressed_after_the_wait_changes_nothing() {
    let (_bench, mut router) = power_on("failsafe.wait=1");
    router.console.expect(PROMPT);
    router
        .console
        .expect("Please press Enter to activate this console.");
    router.press("a");
    router.console.line("");
    router.console.expect("# ");
    router.console.run("[ ! -e /tmp/.failsafe ]").ok();
    router.console.run("[ ! -e /tmp/failsafe_button ]").ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn the_command_line_asks_for_failsafe_without_a_wait() {
    let (_bench, mut router) = power_on("failsafe=true");
    router.console.expect("FAILSAFE MODE active");
    assert!(!router.console.log().contains(PROMPT));
    router.console.expect("# ");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_wait_of_zero_asks_nobody() {
    let (_bench, mut router) = power_on("failsafe.wait=0 lab.early=reset,pressed");
    expect_normal(&mut router);
    assert!(!router.console.log().contains(PROMPT));
}

#[test]
#[ignore = "boots the lab: make vm"]
fn whoever_cannot_press_a_button_asks_before_the_restart_and_that_counts_once() {
    let bench = Bench::settled();
    let mut router = bench.power_on();
    router.boot_normally();
    router.console.line("reboot -F");
    router
        .console
        .expect("- failsafe: it was asked for before the restart -");
    expect_failsafe(&mut router);
    let console = &mut router.console;
    // The settings are as they were and nothing of them is in use.
    console.run("[ ! -e /etc/note ] && ! touch /etc/x").ok();
    console.run("reboot -F").refused("mount_root");
    console.run("mount_root && grep mine /etc/note").ok();
    console.line("reboot");
    router.boot_normally();
}

/// Half of the key in `hooked/etc/failsafe.keys`.
const KEY: &str = "untrusted comment: mast
RWRCSwAAAAAAAAAAAAAAAAAAAAAAAAAAgkyR/ix+USWZSI0skWKdCrUXt6URe7G77G5EB9arnE4eoZTEpbKnqAtupS7byq+LuiNMZFTXM9bxw2p71qGFCP/xwstNmjYhjy/mKaCmuOY=
";
/// Half of a key that no image has.
const STRANGER: &str = "untrusted comment: stranger
RWRCSwAAAAAAAAAAAAAAAAAAAAAAAAAApZ3ljfgstRbXNTAfp7W9iOejUCb1iwRG0i7HyUg1to/jBWKfbwkZ0LP9qhgU/f5nJptaZ0FDUpLRZO78NqiWqcaS8rodWCZuTdirlh7ajp4=
";

/// What somebody at the PC sees, who asks with this key until the device has said something
/// so many times.
fn ask_with(bench: &Bench, key: &str, count: &str) -> String {
    let key = bench.file("key", key.as_bytes());
    let output = Command::new(env!("CARGO_BIN_EXE_safebox"))
        .args(["recvudp", "-c", count, "-k"])
        .arg(key)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "boots the lab: make vm"]
fn who_has_a_key_of_the_image_gets_in_by_network_and_nobody_else() {
    let (bench, mut router) = power_on("failsafe.wait=600");
    router.console.expect(PROMPT);
    let shown = ask_with(&bench, STRANGER, "3");
    assert!(shown.contains(">>> 192.168.1.1 was asked with the key"));
    assert!(!shown.contains("Entering"), "{shown}");
    let shown = ask_with(&bench, KEY, "2");
    let last = ">>> it is in failsafe mode: telnet 192.168.1.1\n";
    assert!(shown.ends_with(last), "{shown}");
    router
        .console
        .expect("- failsafe was asked for with key 99488d2c91629d0a -");
    expect_failsafe(&mut router);
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_debug_level_ends_the_wait_and_the_boot_goes_on() {
    let (_bench, mut router) = power_on("failsafe.wait=600");
    router.console.expect(PROMPT);
    // What is no answer changes nothing, and Ctrl-C reaches nobody.
    for text in ["\x03", "f f", "5", ""] {
        router.console.line(text);
    }
    router.console.line("3");
    expect_normal(&mut router);
    assert!(!router.console.log().contains("init: the system"));
    let told = "until dmesg | grep 'init: process [0-9]* ended with'; do sleep 1; done";
    router.console.run(told).ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn after_boots_without_a_good_end_failsafe_comes_by_itself_and_once() {
    let bench = Bench::hooked();
    let stuck = Setup {
        append: "failsafe.wait=1 failsafe.auto=2 lab.stuck",
        ..Setup::default()
    };
    for _ in 0..2 {
        let mut router = bench.power_on_with(&stuck);
        router.console.expect("lab: stuck");
        router.cut_power();
    }
    let mut router = bench.power_on_with(&stuck);
    router
        .console
        .expect("too many boots did not come to a good end");
    expect_failsafe(&mut router);
    router.cut_power();
    // Now somebody wants to see it, and it comes to a good end, which counts.
    for _ in 0..3 {
        let mut router = bench.power_on_with(&stuck);
        router.console.expect("lab: stuck");
        router.console.line("");
        router.boot_normally();
        let done = "until [ ! -e /overlay/.boot_attempts ]; do sleep 1; done";
        router.console.run(done).ok();
        router.console.line("poweroff");
        router.expect_power_off();
    }
}

/// What the lab's kernel lacks is imitated: files in place of what the memory's driver shows.
#[test]
#[ignore = "boots the lab: make vm"]
fn boots_are_counted_in_memory_that_survives_where_a_device_has_some() {
    let bench = Bench::new();
    let mut router = bench.power_on();
    router.boot_normally();
    let console = &mut router.console;
    console.run("touch /dev/pmsg0 && boot_count -n 2 add").ok();
    let left = console.run("cat /dev/pmsg0").ok();
    assert_eq!(left, "safebox: boot attempts: 1\n");
    console.run("boot_count -n 2 reached").refused("");
    console.run("boot_count -n 2 add").ok();
    console.run("mkdir /tmp/survived").ok();
    console
        .run("mv /dev/pmsg0 /tmp/survived/pmsg-ramoops-0 && touch /dev/pmsg0")
        .ok();
    console
        .run("umount /sys/fs/pstore; mount -o bind /tmp/survived /sys/fs/pstore")
        .ok();
    console.run("boot_count -n 1 reached").ok();
    console.run("boot_count -n 2 reached").refused("");
    console.run("boot_count -n 2 add").ok();
    console.run("boot_count -n 2 clear").ok();
    let left = console.run("cut -d : -f 3 /dev/pmsg0").ok();
    assert_eq!(left, " 0\n 1\n 2\n 0\n");
    // Nothing of it is in flash.
    console.run("[ ! -e /overlay/.boot_attempts ]").ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_data_partition_full_of_garbage_keeps_nobody_out() {
    let bench = Bench::new();
    let mut seed = 0x2545_f491_u32;
    let mut garbage = vec![0; bench.chip.data_size()];
    for byte in &mut garbage {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        *byte = seed as u8;
    }
    bench.chip.damage(bench.chip.data_start(), &garbage);
    let mut router = bench.power_on_failsafe();
    let mut telnet = router.telnet(crate::lab::router::FAILSAFE_ADDRESS);
    telnet.expect("FAILSAFE MODE active");
    telnet.expect("# ");
    // And from there it is mended.
    router.console.run("mtd erase rootfs_data").ok();
    router.console.line("reboot");
    router.boot_normally();
}
