//! What presses and releases of buttons come to: calls of scripts, and their timers.
//!
//! A script that ends with the status n > 0 asks to be called again with `ACTION=timeout`
//! after n seconds, unless the button does something first: that is how holding a button is
//! told from pressing it, while it is still being held.
//!
//! **A release counts only after its press.** The button that led into failsafe mode is let
//! go in failsafe mode; a button held since the power came on is let go in the running
//! system. Neither must restart the device. And since people press again and again until
//! the LED tells them that it worked, failsafe mode listens only after some quiet.

use super::button::Change;
use std::collections::BTreeMap;

/// What the device is doing when a button does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Before the normal system: buttons ask for failsafe mode.
    Preinit,
    /// Failsafe mode, since that many milliseconds.
    Failsafe(u64),
    /// The normal system.
    Normal,
}

/// A script to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The button's name.
    pub button: String,
    /// The file in `/etc/rc.button`.
    pub script: String,
    /// `pressed`, `released` or `timeout`.
    pub action: &'static str,
    /// Whole seconds since the button's previous event: when released, how long it was held.
    pub seen_s: u64,
    /// It is a switch, which has positions.
    pub is_switch: bool,
    /// The button did it in failsafe mode. By the time the script runs, that mode may have
    /// come, and a press that asked for it must not be taken for one in it.
    pub in_failsafe: bool,
    /// For [`Buttons::arm`].
    pub serial: u64,
}

/// In failsafe mode a press counts only after this long without any.
pub const QUIET_MS: u64 = 3000;
/// The script for everything that a button does before the normal system.
pub const FAILSAFE_SCRIPT: &str = "failsafe";
/// A device has fewer; names come from outside.
const MOST_BUTTONS: usize = 64;

/// All buttons that did something so far.
#[derive(Debug, Default)]
pub struct Buttons {
    buttons: BTreeMap<String, Button>,
    serial: u64,
}

#[derive(Debug, Default)]
struct Button {
    is_down: bool,
    /// The press was answered, so its release will be.
    counts: bool,
    last_ms: Option<u64>,
    /// The last change, for timers that come too late.
    serial: u64,
    script: String,
    in_failsafe: bool,
    /// When, and after how many seconds.
    timer: Option<(u64, u64)>,
}

impl Buttons {
    /// Takes note of a change; the call that follows. `seen_s` is what the kernel says of
    /// it, if it does; times in milliseconds of any steady clock.
    pub fn change(
        &mut self,
        name: &str,
        change: Change,
        seen_s: Option<u64>,
        mode: Mode,
        now_ms: u64,
    ) -> Option<Call> {
        if !self.buttons.contains_key(name) && self.buttons.len() >= MOST_BUTTONS {
            return None;
        }
        let button = self.buttons.entry(name.to_owned()).or_default();
        let (is_down, action) = match change {
            Change::Pressed | Change::Switched(true) => (true, "pressed"),
            Change::Released | Change::Switched(false) => (false, "released"),
        };
        // Two drivers may tell the same press.
        let is_echo = button.is_down == is_down && (is_down || button.last_ms.is_some());
        if is_echo && !matches!(change, Change::Switched(_)) {
            return None;
        }
        let quiet_ms = button.last_ms.map(|last| now_ms.saturating_sub(last));
        button.is_down = is_down;
        button.last_ms = Some(now_ms);
        button.timer = None;
        self.serial += 1;
        button.serial = self.serial;
        let counts = match (change, mode) {
            (Change::Switched(_), mode) => mode == Mode::Normal,
            (_, Mode::Preinit) => true,
            (Change::Pressed, Mode::Failsafe(since_ms)) => {
                since_ms >= QUIET_MS && quiet_ms.is_none_or(|quiet| quiet >= QUIET_MS)
            }
            (Change::Pressed, Mode::Normal) => true,
            (Change::Released, _) => button.counts,
        };
        // What was pressed before a mode began is not answered in it.
        button.counts = counts && is_down && mode != Mode::Preinit;
        button.script = match mode {
            Mode::Normal => name.to_owned(),
            Mode::Preinit | Mode::Failsafe(_) => FAILSAFE_SCRIPT.to_owned(),
        };
        button.in_failsafe = matches!(mode, Mode::Failsafe(_));
        counts.then(|| Call {
            button: name.to_owned(),
            script: button.script.clone(),
            action,
            seen_s: seen_s.unwrap_or(quiet_ms.unwrap_or(0) / 1000),
            is_switch: matches!(change, Change::Switched(_)),
            in_failsafe: button.in_failsafe,
            serial: self.serial,
        })
    }

    /// A script has ended with this status after the call with this serial number.
    pub fn arm(&mut self, name: &str, serial: u64, status: u8, now_ms: u64) {
        let Some(button) = self.buttons.get_mut(name) else {
            return;
        };
        let seconds = u64::from(status);
        if seconds > 0 && button.serial == serial {
            button.timer = Some((now_ms + seconds * 1000, seconds));
        }
    }

    /// When the next timer runs out.
    pub fn next_timer_ms(&self) -> Option<u64> {
        let due = self.buttons.values().filter_map(|button| button.timer);
        due.map(|(due, _)| due).min()
    }

    /// The calls of the timers that have run out.
    pub fn timeouts(&mut self, now_ms: u64) -> Vec<Call> {
        let mut calls = Vec::new();
        for (name, button) in &mut self.buttons {
            if let Some((due, seconds)) = button.timer
                && due <= now_ms
            {
                button.timer = None;
                calls.push(Call {
                    button: name.clone(),
                    script: button.script.clone(),
                    action: "timeout",
                    seen_s: seconds,
                    is_switch: false,
                    in_failsafe: button.in_failsafe,
                    serial: button.serial,
                });
            }
        }
        calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Change::{Pressed, Released, Switched};

    fn show(call: Option<Call>) -> String {
        call.map_or("-".into(), |call| {
            format!("{} {} {}", call.script, call.action, call.seen_s)
        })
    }

    /// Feeds changes of one button at these times and shows the calls.
    fn check(steps: &[(u64, Change, Mode)], expected: &[&str]) {
        let mut buttons = Buttons::default();
        let calls: Vec<_> = steps
            .iter()
            .map(|(ms, change, mode)| show(buttons.change("reset", *change, None, *mode, *ms)))
            .collect();
        assert_eq!(calls, expected, "{steps:?}");
    }

    #[test]
    fn in_the_normal_system_a_button_has_its_own_script() {
        let n = Mode::Normal;
        check(
            &[(5000, Pressed, n), (8900, Released, n), (9000, Pressed, n)],
            &["reset pressed 0", "reset released 3", "reset pressed 0"],
        );
    }

    #[test]
    fn what_two_drivers_tell_counts_once() {
        let n = Mode::Normal;
        check(
            &[
                (1, Pressed, n),
                (2, Pressed, n),
                (3, Released, n),
                (4, Released, n),
            ],
            &["reset pressed 0", "-", "reset released 0", "-"],
        );
    }

    #[test]
    fn a_release_without_its_press_counts_only_before_the_system() {
        check(&[(1, Released, Mode::Normal)], &["-"]);
        check(&[(1, Released, Mode::Failsafe(9000))], &["-"]);
        check(&[(1, Released, Mode::Preinit)], &["failsafe released 0"]);
        let steps = [(1, Pressed, Mode::Preinit), (9000, Released, Mode::Normal)];
        check(&steps, &["failsafe pressed 0", "-"]);
    }

    #[test]
    fn the_button_that_led_into_failsafe_mode_does_not_lead_out_of_it() {
        let f = Mode::Failsafe;
        check(
            &[
                (1000, Pressed, Mode::Preinit),
                (1400, Released, f(300)),
                // Again and again, until the LED tells that it worked.
                (1700, Pressed, f(600)),
                (1900, Released, f(800)),
                (4500, Pressed, f(3400)),
                (4600, Released, f(3500)),
                (8000, Pressed, f(6900)),
                (8200, Released, f(7100)),
            ],
            &[
                "failsafe pressed 0",
                "-",
                "-",
                "-",
                "-",
                "-",
                "failsafe pressed 3",
                "failsafe released 0",
            ],
        );
    }

    #[test]
    fn a_call_knows_the_mode_in_which_it_was_made() {
        let in_failsafe = |mode| {
            let call = Buttons::default().change("reset", Pressed, None, mode, 1);
            call.unwrap().in_failsafe
        };
        assert!(!in_failsafe(Mode::Preinit));
        assert!(!in_failsafe(Mode::Normal));
        assert!(in_failsafe(Mode::Failsafe(9000)));
    }

    #[test]
    fn a_switch_has_positions_and_asks_for_nothing_at_the_start() {
        check(&[(1, Switched(false), Mode::Preinit)], &["-"]);
        check(&[(1, Switched(true), Mode::Failsafe(9000))], &["-"]);
        let n = Mode::Normal;
        check(
            &[(1, Switched(false), n), (2, Switched(true), n)],
            &["reset released 0", "reset pressed 0"],
        );
    }

    #[test]
    fn a_status_arms_a_timer_that_the_next_change_disarms() {
        let mut buttons = Buttons::default();
        let press = buttons
            .change("wps", Pressed, None, Mode::Normal, 1000)
            .unwrap();
        buttons.arm("wps", press.serial, 5, 1100);
        assert_eq!(buttons.next_timer_ms(), Some(6100));
        assert!(buttons.timeouts(6099).is_empty());
        let calls = buttons.timeouts(6100);
        assert_eq!(show(calls.into_iter().next()), "wps timeout 5");
        assert_eq!(buttons.next_timer_ms(), None);
        // The script of the press was slow: the button is up already.
        let press = buttons
            .change("wps", Released, None, Mode::Normal, 7000)
            .unwrap();
        let again = buttons
            .change("wps", Pressed, None, Mode::Normal, 8000)
            .unwrap();
        buttons.arm("wps", press.serial, 5, 8100);
        assert_eq!(buttons.next_timer_ms(), None);
        buttons.arm("wps", again.serial, 0, 8200);
        buttons.arm("nosuch", 1, 1, 8200);
        assert_eq!(buttons.next_timer_ms(), None);
    }

    #[test]
    fn names_from_outside_fill_no_memory() {
        let mut buttons = Buttons::default();
        let names = (0..200).map(|n| format!("b{n}"));
        let calls = names.filter_map(|n| buttons.change(&n, Pressed, Some(7), Mode::Normal, 1));
        assert_eq!(calls.map(|call| call.seen_s).collect::<Vec<_>>(), [7; 64]);
    }
}
