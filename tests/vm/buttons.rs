//! Buttons in failsafe mode: a press, holding one, and the one that led there.

use crate::lab::Bench;
use crate::lab::router::{FAILSAFE_ADDRESS, Router};

/// A key of the emulator's that is a button, not one that people type with.
const BUTTON: &str = "volumeup";

/// An imitated event of a button, `seen_s` seconds after the one before.
fn event(button: &str, action: &str, seen_s: u32) -> String {
    format!("uevents SUBSYSTEM=button BUTTON={button} ACTION={action} SEEN={seen_s}")
}

/// Goes into failsafe mode by the button.
#[track_caller]
fn enter_by_button(router: &mut Router) {
    let console = &mut router.console;
    console.expect("Press the [f] key and hit [enter] to enter failsafe mode");
    router.press(BUTTON);
    let console = &mut router.console;
    console.expect("- failsafe button volume_up was pressed -");
    console.expect("FAILSAFE MODE active");
    console.expect("# ");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_short_press_in_failsafe_mode_restarts_and_the_press_that_led_there_does_not() {
    let bench = Bench::settled();
    let mut router = bench.power_on_saying("init_debug=2 failsafe.deny=wlan,wps");
    enter_by_button(&mut router);
    // What is no button for the wait is none now.
    let script = "sh /etc/rc.button/failsafe";
    let denied = format!("FAILSAFE=true ACTION=released BUTTON=wps SEEN=1 {script}");
    let said = router.console.run(&denied).ok();
    assert!(!said.contains("REBOOT"), "{said}");
    // People press until the LED tells that it worked.
    router.press(BUTTON);
    router.console.run("sleep 4").ok();
    // Who listens may die; another one takes its place.
    let console = &mut router.console;
    console
        .run("kill -9 $(pidof hotplug) && until pidof hotplug; do sleep 1; done")
        .ok();
    console
        .run("dmesg | grep -q 'init: hotplug has ended'")
        .ok();
    console.run("sleep 4").ok();
    // Keys that people type with are no buttons.
    router.press("a");
    router.press(BUTTON);
    router.console.expect("REBOOT");
    router.console.expect("init: the system restarts");
    router.boot_normally();
    assert_eq!(router.console.run("cat /etc/note").ok().trim(), "mine");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_button_that_is_held_resets_the_settings_and_the_led_says_when() {
    let bench = Bench::settled();
    let mut router = bench.power_on();
    enter_by_button(&mut router);
    router.console.run("sleep 4").ok();
    // Held, but not long enough: nothing.
    router.hold(BUTTON, 5000);
    router.console.run("sleep 9").ok();
    // How long is a number in the script.
    let script = "while read -r line; do [ \"${line#hold=}\" = \"$line\" ] || line=hold=7; \
                  printf '%s\\n' \"$line\"; done </etc/rc.button/failsafe >/tmp/other";
    let press = "FAILSAFE=true ACTION=pressed BUTTON=reset sh /tmp/other";
    let status = router.console.run(&format!("{script}; {press}")).status;
    assert_eq!(status, 7);
    let blinks = "cat /sys/class/leds/*capslock/delay_on";
    assert_eq!(router.console.run(blinks).ok().trim(), "50");
    router.hold(BUTTON, 25_000);
    let console = &mut router.console;
    console
        .run(&format!("until [ $({blinks}) = 500 ]; do sleep 1; done"))
        .ok();
    console.expect("FACTORY RESET");
    router.boot_normally();
    let console = &mut router.console;
    let address = console.run("uci get network.lan.ipaddr").ok();
    assert_eq!(address.trim(), FAILSAFE_ADDRESS.to_string());
    console.run("[ ! -e /etc/note ]").ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn in_the_normal_system_each_button_has_its_script_and_a_timer_if_that_asks_for_one() {
    let bench = Bench::hooked();
    let mut router = bench.power_on();
    router.boot_normally();
    let console = &mut router.console;
    console.run(&event("wps", "pressed", 0)).ok();
    let until = |words: &str| format!("until grep '{words}' /tmp/pressed; do sleep 1; done");
    console.run(&until("timeout wps")).ok();
    console.run(&event("wps", "released", 7)).ok();
    // This one is let go in time: the timer of the other comes, and its own does not.
    console.run(&event("wps", "pressed", 9)).ok();
    console.run(&event("wps", "released", 0)).ok();
    console.run(&event("config", "pressed", 0)).ok();
    console.run(&until("timeout config")).ok();
    assert_eq!(
        console.run("cat /tmp/pressed").ok(),
        "pressed wps 0\ntimeout wps 2\nreleased wps 7\n\
         pressed wps 9\nreleased wps 0\npressed config 0\ntimeout config 2\n"
    );
    // Who only changed their mind loses nothing.
    console.run("echo mine >/etc/note").ok();
    console.run(&event("reset", "pressed", 0)).ok();
    console.run(&event("reset", "released", 3)).ok();
    console.run(&event("reset", "pressed", 9)).ok();
    let led = "until grep -q 500 /sys/class/leds/*capslock/delay_on; do sleep 1; done";
    console.run(led).ok();
    console.run("[ -e /etc/note ]").ok();
    console.line(&event("reset", "released", 6));
    let said = console.expect("FACTORY RESET");
    assert!(!said.contains("REBOOT"), "{said}");
    router.boot_normally();
    let console = &mut router.console;
    console.run("[ ! -e /etc/note ]").ok();
    console.run(&event("reset", "pressed", 0)).ok();
    console.line(&event("reset", "released", 0));
    console.expect("REBOOT");
    router.boot_normally();
    let console = &mut router.console;
    console.run(&event("power", "pressed", 0)).ok();
    console.line(&event("power", "released", 2));
    let said = router.expect_power_off();
    assert!(said.contains("init: the system switches off"), "{said}");
}
