//! The log of the last boot, which the kernel keeps over a restart in pstore.
//!
//! `dmesg-*` is there only after a crash; `console-*` and the like after every boot.

use super::{Finding, printable};
use crate::sys::{Mount, MountFlags, System};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const TOPIC: &str = "last boot";
/// Where the kernel shows the logs, below the root.
const DIR: &str = "sys/fs/pstore";
/// Bytes of a log's end that are read.
const END: u64 = 64 << 10;
/// More logs than this are not looked at.
const MOST: usize = 64;
/// Characters of a line that are shown.
const WIDTH: usize = 76;

/// The logs below `root`, in order of their names; those of a crash come first.
pub fn logs(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root.join(DIR)).into_iter().flatten();
    let paths = entries.flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = paths.filter(|path| path.is_file()).take(MOST).collect();
    found.sort_by_key(|path| (!is_crash(path), path.clone()));
    found
}

fn is_crash(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_bytes().starts_with(b"dmesg-")
}

/// The last lines of a log that say something.
pub fn last_lines(path: &Path, count: usize) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(END)))?;
    let mut text = Vec::new();
    file.take(END).read_to_end(&mut text)?;
    Ok(lines(&text, count))
}

fn lines(text: &[u8], count: usize) -> Vec<String> {
    let shown = text
        .rsplit(|&byte| byte == b'\n')
        .map(|line| printable(line, WIDTH))
        .filter(|line| !line.trim().is_empty());
    let mut last: Vec<String> = shown.take(count).collect();
    last.reverse();
    last
}

/// Whether the logs can be seen: false where the kernel keeps none. What is not mounted yet
/// is mounted; it is the kernel's memory, not the flash.
pub fn mount(sys: &mut dyn System) -> io::Result<bool> {
    if !is_known(sys)? {
        return Ok(false);
    }
    if !is_mounted(&sys.mounts().table()?) {
        let target = Path::new("/").join(DIR);
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        sys.mounts()
            .mount(Path::new("pstore"), &target, "pstore", flags, "")?;
    }
    Ok(true)
}

fn is_known(sys: &mut dyn System) -> io::Result<bool> {
    let known = sys.mounts().filesystems()?;
    Ok(known.iter().any(|name| name == "pstore"))
}

fn is_mounted(table: &[Mount]) -> bool {
    table.iter().any(|mount| mount.fstype == "pstore")
}

pub(super) fn look(sys: &mut dyn System, root: &Path, live: bool) -> Finding {
    if live {
        if !is_known(sys).unwrap_or(false) {
            return Finding::note(TOPIC, "this kernel keeps no log of a crash");
        }
        if !is_mounted(&sys.mounts().table().unwrap_or_default()) {
            let text = "its log, if there is one, was not looked at";
            return Finding::note(TOPIC, text).then("rescue log");
        }
    }
    let logs = logs(root);
    let crashes = logs.iter().filter(|path| is_crash(path)).count();
    match logs.first() {
        None => Finding::good(TOPIC, "it left no log of a crash"),
        Some(_) if crashes == 0 => {
            Finding::note(TOPIC, "its log was kept; it did not crash").then("rescue log")
        }
        Some(first) => {
            let logs = if crashes == 1 { "log" } else { "logs" };
            let text = format!("it crashed: {crashes} {logs} in /sys/fs/pstore");
            let mut found = Finding::attention(TOPIC, text).then("rescue log");
            found.more = last_lines(first, 3).unwrap_or_else(|e| vec![crate::error::reason(&e)]);
            found
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use crate::fake::FakeSystem;
    use crate::fsops::scratch::Scratch;

    #[test]
    fn the_end_of_a_log_is_shown_whatever_its_bytes_are() {
        let check = |text: &[u8], expected: &[&str]| assert_eq!(lines(text, 2), expected);
        check(b"a\nb\n\nc\n\n", &["b", "c"]);
        check(b"\x1b[31mOops\r\n\xff\0\n", &["?[31mOops?", "\u{fffd}?"]);
        check(b"", &[]);
        assert_eq!(lines(&[b'x'; 9999], 3), ["x".repeat(WIDTH)]);
    }

    #[test]
    fn a_crash_is_told_with_its_last_lines() {
        let scratch = Scratch::new();
        let root = scratch.path();
        let dir = root.join(DIR);
        std::fs::create_dir_all(&dir).unwrap();
        let mut sys = FakeSystem::router();
        let found = look(&mut sys, root, false);
        assert_eq!(found.level, Level::Good);
        std::fs::write(dir.join("console-ramoops-0"), "boot\n").unwrap();
        let found = look(&mut sys, root, false);
        assert_eq!((found.level, found.more.len()), (Level::Note, 0));
        let log = format!(
            "{}\nPC is at 0x0\nCall trace:\nKernel panic\n",
            "x".repeat(99_999)
        );
        std::fs::write(dir.join("dmesg-ramoops-0"), log).unwrap();
        let found = look(&mut sys, root, false);
        assert_eq!(found.text, "it crashed: 1 log in /sys/fs/pstore");
        assert_eq!(found.more, ["PC is at 0x0", "Call trace:", "Kernel panic"]);
    }

    #[test]
    fn logs_are_made_visible_once_and_only_where_the_kernel_has_them() {
        let mut sys = FakeSystem::router();
        assert!(!mount(&mut sys).unwrap());
        sys.mounts.filesystems.push("pstore".into());
        let before = sys.mounts.table.len();
        for _ in 0..2 {
            assert!(mount(&mut sys).unwrap());
            assert_eq!(sys.mounts.table.len(), before + 1);
        }
    }
}
