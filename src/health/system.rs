//! Firmware, mode, memory and room.

use super::{Finding, head, printable};
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

/// What runs here, on which board, for how long.
pub(super) fn firmware(sys: &mut dyn System, root: &Path, live: bool) -> Finding {
    let text = |path: &str| head(&root.join(path), NAMES).unwrap_or_default();
    let name = pretty_name(&text("etc/os-release"), b"PRETTY_NAME=")
        .or_else(|| pretty_name(&text("etc/openwrt_release"), b"DISTRIB_DESCRIPTION="));
    let known = name.is_some();
    let mut line = name.unwrap_or_else(|| "/etc/os-release does not tell".into());
    if let Some(board) = device::board(root) {
        line.push_str(", board ");
        line.push_str(&printable(board.as_bytes(), 40));
    }
    if live {
        line.push_str(", up ");
        line.push_str(&time(sys.machine().uptime_ms() / 60_000));
    }
    match known {
        true => Finding::good("firmware", line),
        false => Finding::note("firmware", line),
    }
}

/// The value of a line `key"value"`.
fn pretty_name(text: &[u8], key: &[u8]) -> Option<String> {
    let mut lines = text.split(|&byte| byte == b'\n');
    let value = lines.find_map(|line| line.strip_prefix(key))?;
    let bare = printable(value, 60)
        .trim_matches(['"', '\'', ' '])
        .to_owned();
    (!bare.is_empty()).then_some(bare)
}

/// Minutes as a person counts them.
fn time(minutes: u64) -> String {
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

/// Whether this is failsafe.
pub(super) fn mode(root: &Path) -> Finding {
    let there = |mark: &str| root.join(mark.trim_start_matches('/')).exists();
    if there(FAILSAFE_MARK) {
        Finding::note("mode", "failsafe: the settings are not in use").then("reboot")
    } else if there(PREINIT_MARK) {
        Finding::note("mode", "the boot is not complete yet")
    } else {
        Finding::good("mode", "a normal boot")
    }
}

/// What programs can have.
pub(super) fn memory(sys: &mut dyn System) -> Option<Finding> {
    // A kernel that does not tell has nothing that could be judged.
    let available = sys.machine().memory_available().ok()?;
    let text = format!("{} available", human(available));
    Some(match available < LITTLE_MEMORY {
        true => Finding::attention("memory", text).then("free; ps; du -a /tmp | sort -n | tail"),
        false => Finding::good("memory", text),
    })
}

/// How full the data file system and `/tmp` are.
pub(super) fn space(root: &Path, view: &View) -> Vec<Finding> {
    let data = view
        .mounted
        .as_ref()
        .map(|mounted| mounted.target.as_path());
    let places = data.into_iter().chain([Path::new("/tmp")]);
    let judged = places.filter_map(|place| {
        let path = root.join(place.strip_prefix("/").unwrap_or(place));
        // What cannot be asked is not there, and that is said by others.
        let room = rustix::fs::statvfs(&path).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(room.f_frsize);
        Some(judge_space(
            place,
            bytes(room.f_bavail),
            bytes(room.f_blocks),
        ))
    });
    judged.collect()
}

fn judge_space(place: &Path, free: u64, total: u64) -> Finding {
    let (shown, of) = (human(free), human(total));
    let text = format!("{}: {shown} free of {of}", place.display());
    if free >= LITTLE_ROOM || total == 0 {
        return Finding::good("room", text);
    }
    // The files of the overlay; memory is filled by anything.
    let below = match place.ends_with("overlay") {
        true => place.join("upper"),
        false => place.to_owned(),
    };
    let next = format!("du -a {} | sort -n | tail", below.display());
    Finding::attention("room", format!("{text}: full")).then(next)
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn names_are_read_from_whatever_the_file_holds() {
        let check = |text: &[u8], expected: Option<&str>| {
            assert_eq!(pretty_name(text, b"PRETTY_NAME=").as_deref(), expected);
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
        let full = judge_space(Path::new("/overlay"), 4096, 8 << 20);
        assert_eq!(full.text, "/overlay: 4.0K free of 8.0M: full");
        let next = "du -a /overlay/upper | sort -n | tail";
        assert_eq!(full.next.as_deref(), Some(next));
        let other = judge_space(Path::new("/tmp"), 0, 8 << 20);
        assert_eq!(other.next.as_deref(), Some("du -a /tmp | sort -n | tail"));
        let roomy = judge_space(Path::new("/overlay"), 1 << 20, 8 << 20);
        assert_eq!(roomy.level, Level::Good);
    }
}
