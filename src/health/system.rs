//! Firmware, mode, memory and room.

use super::Level::{Attention, Good, Note};
use super::{Report, below, head, printable};
use crate::boot::{FAILSAFE_MARK, PREINIT_MARK};
use crate::fsops::format::human;
use crate::overlay::View;
use crate::sys::System;
use crate::upgrade::device;
use std::path::Path;

/// A file of names is not longer.
const NAMES: u64 = 4096;
/// Less memory than this is too little to work with, in bytes.
const LITTLE_MEMORY: u64 = 4 << 20;
/// Less room than this and the next change of a setting may fail, in bytes.
const LITTLE_ROOM: u64 = 64 << 10;

/// What runs here, on which board, for how long, and whether this is failsafe.
pub(super) fn firmware(report: &mut Report, sys: &mut dyn System, root: &Path, live: bool) {
    let text = |path: &str| head(&root.join(path), NAMES).unwrap_or_default();
    let name = value(&text("etc/os-release"), b"PRETTY_NAME=")
        .or_else(|| value(&text("etc/openwrt_release"), b"DISTRIB_DESCRIPTION="));
    let level = if name.is_some() { Good } else { Note };
    let mut line = name.unwrap_or_else(|| "/etc/os-release does not tell".into());
    if let Some(board) = device::board(root) {
        line.push_str(", board ");
        line.push_str(&printable(board.as_bytes(), 40));
    }
    if live {
        line.push_str(", up ");
        line.push_str(&time(sys.machine().uptime_ms() / 60_000));
    }
    report.add(level, "firmware", format_args!("{line}"), format_args!(""));
    let there = |mark: &str| below(root, Path::new(mark)).exists();
    let (level, text, next) = if there(FAILSAFE_MARK) {
        (Note, "failsafe: the settings are not in use", "reboot")
    } else if there(PREINIT_MARK) {
        (Note, "the boot is not complete yet", "")
    } else {
        (Good, "a normal boot", "")
    };
    report.add(
        level,
        "mode",
        format_args!("{text}"),
        format_args!("{next}"),
    );
}

/// The value of a line `key"value"`.
fn value(text: &[u8], key: &[u8]) -> Option<String> {
    let mut lines = text.split(|&byte| byte == b'\n');
    let value = printable(lines.find_map(|line| line.strip_prefix(key))?, 60);
    let bare = value.trim_matches(['"', '\'']);
    (!bare.is_empty()).then(|| bare.to_owned())
}

/// Minutes as a person counts them.
fn time(minutes: u64) -> String {
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

/// What programs can have.
pub(super) fn memory(report: &mut Report, sys: &mut dyn System) {
    // A kernel that does not tell has nothing that could be judged.
    let Ok(available) = sys.machine().memory_available() else {
        return;
    };
    let (level, next) = match available < LITTLE_MEMORY {
        true => (Attention, "free; ps; du -a /tmp | sort -n | tail"),
        false => (Good, ""),
    };
    let shown = human(available);
    report.add(
        level,
        "memory",
        format_args!("{shown} available"),
        format_args!("{next}"),
    );
}

/// How full the data file system and `/tmp` are.
pub(super) fn space(report: &mut Report, root: &Path, view: &View) {
    let data = view
        .mounted
        .as_ref()
        .map(|mounted| mounted.target.as_path());
    for place in [data, Some(Path::new("/tmp"))].into_iter().flatten() {
        // What cannot be asked is not there, and that is said by others.
        if let Ok(room) = rustix::fs::statvfs(below(root, place)) {
            let bytes = |blocks: u64| blocks.saturating_mul(room.f_frsize);
            judge_space(report, place, bytes(room.f_bavail), bytes(room.f_blocks));
        }
    }
}

fn judge_space(report: &mut Report, place: &Path, free: u64, total: u64) {
    let (place, shown, of) = (place.display(), human(free), human(total));
    let is_full = free < LITTLE_ROOM && total > 0;
    let next = match is_full {
        true => format!("du -a {place} | sort -n | tail"),
        false => String::new(),
    };
    let (level, word) = if is_full {
        (Attention, ": full")
    } else {
        (Good, "")
    };
    let text = format_args!("{place}: {shown} free of {of}{word}");
    report.add(level, "room", text, format_args!("{next}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_whatever_the_file_holds() {
        let check = |text: &[u8], expected: Option<&str>| {
            assert_eq!(value(text, b"PRETTY_NAME=").as_deref(), expected);
        };
        check(b"NAME=x\nPRETTY_NAME=\"box 1.0\"\n", Some("box 1.0"));
        check(b"PRETTY_NAME=box", Some("box"));
        check(b"PRETTY_NAME='\x1b[2J'", Some("?[2J"));
        check(b"PRETTY_NAME=\"\"", None);
        check(b"\xff\0", None);
    }

    #[test]
    fn long_times_are_told_roughly() {
        assert_eq!(
            [3, 119, 120, 2880].map(time),
            ["3 min", "119 min", "2 hours", "2 days"]
        );
    }

    #[test]
    fn a_full_overlay_is_told_with_the_way_to_find_what_fills_it() {
        let check = |place: &str, free: u64, expected: &str| {
            let mut report = Report::default();
            judge_space(&mut report, Path::new(place), free, 8 << 20);
            assert_eq!(report.lines(), [expected]);
        };
        let full = "!! room: /overlay: 4.0K free of 8.0M: full [du -a /overlay | sort -n | tail]";
        check("/overlay", 4096, full);
        check(
            "/overlay",
            1 << 20,
            "ok room: /overlay: 1.0M free of 8.0M []",
        );
    }
}
