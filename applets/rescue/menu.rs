//! The menu: numbers that never change, and plain lines, which any serial console can show.

use super::guide::Guide;
use safebox::error::{Exit, Result};
use std::ffi::OsStr;

/// What is chosen by number, and the action that does it.
const ITEMS: [(&str, &str); 9] = [
    (
        "mount",
        "mount the settings, to look at them and change them",
    ),
    ("address", "show or set the LAN address"),
    ("password", "set root's password"),
    ("restore", "put one file back to the firmware's default"),
    ("log", "read the end of the last boot's log"),
    ("backup", "send the settings to the PC"),
    ("flash", "install firmware, keeping the settings"),
    ("reset", "erase all settings"),
    ("reboot", "leave failsafe mode"),
];

/// Asks what to do until nobody wants anything any more.
pub fn run(guide: &mut Guide) -> Result<Exit> {
    guide.status();
    show(guide);
    while let Some(answer) = guide.ask("\nrescue: 1-9, s: the report, m: this menu, q: leave: ")? {
        match answer.as_str() {
            "q" | "quit" | "exit" | "0" => break,
            "s" | "status" => {
                guide.status();
            }
            "m" | "menu" | "" | "?" | "h" | "help" => show(guide),
            other => choose(guide, other),
        }
    }
    Ok(Exit::OK)
}

fn show(guide: &mut Guide) {
    let lines = (1..)
        .zip(ITEMS)
        .map(|(n, (_, text))| format!("  {n}  {text}\n"));
    let text: String = lines.collect();
    guide.ctx.out.put(format!("\n{text}").as_bytes());
}

/// Does what a number, or the word for it, stands for. A failure is told, and that is all.
fn choose(guide: &mut Guide, answer: &str) {
    let by_number = || ITEMS.get(answer.parse::<usize>().ok()?.checked_sub(1)?);
    let by_word = || ITEMS.iter().find(|(action, _)| *action == answer);
    let Some((action, _)) = by_number().or_else(by_word) else {
        let answer = safebox::health::printable(answer.as_bytes(), 20);
        let text = format!("'{answer}' is no choice");
        return guide.ctx.say(text);
    };
    guide.ctx.out.put(b"\n");
    if let Err(error) = super::perform(guide, OsStr::new(action), None) {
        guide.ctx.complain(error);
    }
}
