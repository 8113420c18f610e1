//! The menu: numbers that never change, and plain lines, which any serial console can show.

use super::guide::Guide;
use safebox::error::{Exit, Result};
use safebox::health::printable;
use std::ffi::OsStr;

/// The action of each number.
const ACTIONS: [&str; 9] = [
    "mount", "address", "password", "restore", "log", "backup", "flash", "reset", "reboot",
];

const MENU: &str = "
  1  mount the settings, to look at them and change them
  2  show or set the LAN address
  3  set root's password
  4  put one file back to the firmware's default
  5  read the end of the last boot's log
  6  send the settings to the PC
  7  install firmware, keeping the settings
  8  erase all settings
  9  leave failsafe mode
";

/// Asks what to do until nobody wants anything any more.
pub fn run(guide: &mut Guide) -> Result<Exit> {
    guide.status();
    guide.ctx.out.put(MENU.as_bytes());
    while let Some(answer) = guide.ask("\nrescue: 1-9, s: the report, m: this menu, q: leave: ")? {
        match &*answer {
            "q" => break,
            "m" | "" => guide.ctx.out.put(MENU.as_bytes()),
            other => choose(guide, other),
        }
    }
    Ok(Exit::OK)
}

/// Does what a number, or the word for it, stands for. A failure is told, and that is all.
fn choose(guide: &mut Guide, answer: &str) {
    let number = answer.parse().map_or(0, |number: usize| number);
    let action = match ACTIONS.get(number.wrapping_sub(1)) {
        Some(action) => action,
        None if answer == "s" => "status",
        None if ACTIONS.contains(&answer) => answer,
        None => {
            let answer = printable(answer.as_bytes(), 20);
            return guide.ctx.say(format_args!("'{answer}' is no choice"));
        }
    };
    guide.ctx.out.put(b"\n");
    if let Err(error) = super::perform(guide, OsStr::new(action), None) {
        guide.ctx.complain(error);
    }
}
