//! The log of the last boot, which the kernel keeps over a restart in pstore.
//!
//! `dmesg-*` is there only after a crash; `console-*` and the like after every boot.

use super::Level::{Attention, Good, Note};
use super::{Report, below, printable};
use crate::boot::attempts::{SURVIVED, TAKEN};
use crate::sys::{MountFlags, System};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Bytes of a log's end that are read.
const END: u64 = 64 << 10;
/// More logs than this are not looked at.
const MOST: usize = 64;
/// Characters of a line that are shown.
const WIDTH: usize = 76;

/// The logs below `root`; one of a crash comes first.
pub fn logs(root: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for dir in [SURVIVED, TAKEN] {
        let entries = std::fs::read_dir(below(root, Path::new(dir)));
        for entry in entries.into_iter().flatten().flatten().take(MOST) {
            let path = entry.path();
            if path.is_file() {
                paths.push(path);
            }
        }
    }
    paths.sort();
    if let Some(at) = paths.iter().position(|path| is_crash(path)) {
        paths.swap(0, at);
    }
    paths
}

fn is_crash(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_bytes().starts_with(b"dmesg-")
}

/// The last lines of a log that say something, each behind a line end; the one that says why
/// the kernel crashed is the first of them if it lies further back, behind what processor and
/// stack were like.
pub fn last_lines(path: &Path, count: usize) -> io::Result<String> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(END)))?;
    let mut text = Vec::new();
    (&mut file).take(END).read_to_end(&mut text)?;
    Ok(lines(&text, count))
}

fn lines(text: &[u8], count: usize) -> String {
    let mut last = Vec::new();
    for line in text.rsplit(|&byte| byte == b'\n') {
        let shown = printable(line, WIDTH);
        if last.len() < count && !shown.trim().is_empty() {
            last.push(shown);
        }
    }
    if let Some(reason) = reason(text).map(|line| printable(line, WIDTH))
        && !last.contains(&reason)
    {
        last.truncate(count.saturating_sub(1));
        last.push(reason);
    }
    last.push(String::new());
    last.reverse();
    last.join("\n")
}

/// The line of the kernel that says why it crashed.
fn reason(text: &[u8]) -> Option<&[u8]> {
    let words = ["Kernel panic - ", "Oops: ", "BUG: "];
    let at = words
        .iter()
        .find_map(|words| memchr::memmem::rfind(text, words.as_bytes()))?;
    let (before, from) = text.split_at_checked(at)?;
    let start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let length = memchr::memchr(b'\n', from).unwrap_or(from.len());
    text.get(start..at + length)
}

/// Makes the logs visible: what is not mounted yet is mounted. It is the kernel's memory,
/// not the flash.
pub fn mount(sys: &mut dyn System) -> io::Result<()> {
    if is_mounted(sys) {
        return Ok(());
    }
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    sys.mounts()
        .mount("pstore".as_ref(), SURVIVED.as_ref(), "pstore", flags, "")
}

fn is_mounted(sys: &mut dyn System) -> bool {
    let table = sys.mounts().table().unwrap_or_default();
    table.iter().any(|m| m.target == Path::new(SURVIVED))
}

pub(super) fn look(report: &mut Report, sys: &mut dyn System, root: &Path, live: bool) {
    let logs = logs(root);
    let mut end = String::new();
    let (level, text, next) = match logs.first() {
        Some(path) if is_crash(path) => {
            // What cannot be read is told by the command.
            end = last_lines(path, 3).unwrap_or_default();
            (Attention, "it crashed; its log ends", "rescue log")
        }
        _ if live && !below(root, Path::new(SURVIVED)).is_dir() => {
            (Note, "this kernel keeps no log of a crash", "")
        }
        _ if live && !is_mounted(sys) => (
            Note,
            "its log, if there is one, was not looked at",
            "rescue log",
        ),
        None => (Good, "it left no log of a crash", ""),
        Some(_) => (Note, "its log was kept; it did not crash", "rescue log"),
    };
    report.add(
        level,
        "last boot",
        format_args!("{text}{end}"),
        format_args!("{next}"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeSystem;
    use crate::fsops::scratch::Scratch;

    #[test]
    fn the_end_of_a_log_is_shown_whatever_its_bytes_are() {
        let check = |text: &[u8], expected: &str| assert_eq!(lines(text, 2), expected);
        check(b"a\nb\n\nc\n\n", "\nb\nc");
        check(b"\x1b[31mOops\r\n\xff\0\n", "\n?[31mOops?\n\u{fffd}?");
        check(b"", "");
        check(
            b"1 BUG: a\n2 Kernel panic - b\nc\nd\n",
            "\n2 Kernel panic - b\nd",
        );
        check(b"Oops: 1", "\nOops: 1");
        let long = format!("\n{}", "x".repeat(WIDTH));
        assert_eq!(lines(&[b'x'; 9999], 3), long);
    }

    #[test]
    fn a_crash_is_told_with_its_last_lines() {
        let scratch = Scratch::new();
        let root = scratch.path();
        let dir = below(root, Path::new(SURVIVED));
        std::fs::create_dir_all(&dir).unwrap();
        let mut sys = FakeSystem::router();
        let mut check = |expected: &str| {
            let mut report = Report::default();
            look(&mut report, &mut sys, root, false);
            assert_eq!(report.lines(), [expected]);
        };
        check("ok last boot: it left no log of a crash []");
        std::fs::write(dir.join("console-ramoops-0"), "boot\n").unwrap();
        check("-- last boot: its log was kept; it did not crash [rescue log]");
        let log = format!(
            "{}\nPC is at 0x0\nCall trace:\nKernel panic\n",
            "x".repeat(99_999)
        );
        std::fs::write(dir.join("dmesg-ramoops-0"), log).unwrap();
        check(
            "!! last boot: it crashed; its log ends\nPC is at 0x0\nCall trace:\nKernel panic \
             [rescue log]",
        );
        assert_eq!(
            logs(root),
            [dir.join("dmesg-ramoops-0"), dir.join("console-ramoops-0")]
        );
        // One that was counted lies elsewhere.
        let taken = below(root, Path::new(TAKEN));
        std::fs::create_dir_all(&taken).unwrap();
        std::fs::rename(dir.join("dmesg-ramoops-0"), taken.join("dmesg-ramoops-0")).unwrap();
        check(
            "!! last boot: it crashed; its log ends\nPC is at 0x0\nCall trace:\nKernel panic \
             [rescue log]",
        );
    }

    #[test]
    fn logs_are_made_visible_once() {
        let mut sys = FakeSystem::router();
        assert!(mount(&mut sys).is_err(), "a kernel without them");
        sys.mounts.filesystems.push("pstore".into());
        let before = sys.mounts.table.len();
        for _ in 0..2 {
            mount(&mut sys).unwrap();
            assert_eq!(sys.mounts.table.len(), before + 1);
        }
    }
}
