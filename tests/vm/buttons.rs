//! Buttons in failsafe mode: a press, holding one, and the one that led there.

use crate::lab::Bench;
use crate::lab::router::{FAILSAFE_ADDRESS, Router};

/// A key of the emulator's that is a button, not one that people type with.
const BUTTON: &str = "volumeup";

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
    let mut router = bench.power_on_saying("init_debug=2");
    enter_by_button(&mut router);
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
