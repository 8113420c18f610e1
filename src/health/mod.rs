//! What is broken here: findings about the device, each with what to type next.
//!
//! ```text
//! settings   the overlay, and where the settings can be read
//! system     firmware, mode, memory, room
//! config     configuration files that do not parse
//! password   whether root has one
//! crash      the log of the last boot, from pstore
//! network    ports, links, addresses
//! address    the LAN address: shown, set                 (a repair)
//! restore    one file as the firmware has it             (a repair)
//! difference what a repair changes in a file
//! ```
//!
//! **Looking mounts nothing and changes nothing**, and whatever it reads may be garbage.

pub mod address;
pub mod config;
pub mod crash;
pub mod difference;
pub mod network;
pub mod password;
pub mod restore;
pub mod settings;
pub mod system;

use crate::overlay;
use crate::sys::System;
use settings::Place;
use std::fmt::Arguments;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Good,
    /// Worth knowing, or not to be told from here.
    Note,
    /// Somebody should do something.
    Attention,
}

/// One item of the report.
#[derive(Debug)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// What it is about, in a word or two.
    pub topic: &'static str,
    /// What was found; further lines are quoted from a log.
    pub text: String,
    /// What to type next; may be empty.
    pub next: String,
}

/// The items in their order.
#[derive(Default)]
pub struct Report(pub Vec<Finding>);

impl Report {
    /// One place makes the texts: a dozen callers would each carry the code.
    #[inline(never)]
    fn add(&mut self, level: Level, topic: &'static str, text: Arguments<'_>, next: Arguments<'_>) {
        self.0.push(Finding {
            level,
            topic,
            text: text.to_string(),
            next: next.to_string(),
        });
    }

    /// How many items need attention.
    pub fn attention(&self) -> usize {
        let needs = |finding: &&Finding| finding.level == Level::Attention;
        self.0.iter().filter(needs).count()
    }
}

/// Looks at everything below `root`; `live` is whether that is the running system, so that
/// kernel and flash can be asked as well.
pub fn look(sys: &mut dyn System, root: &Path, live: bool) -> Report {
    let mut report = Report::default();
    system::firmware(&mut report, sys, root, live);
    let mut place = Place::Root;
    if live {
        match overlay::look::look(sys, root) {
            Ok(view) => {
                place = Place::of(&view);
                settings::look(&mut report, &view, root);
                system::space(&mut report, root, &view);
            }
            Err(error) => report.add(
                Level::Attention,
                "settings",
                format_args!("{error}"),
                format_args!("dmesg"),
            ),
        }
        system::memory(&mut report, sys);
    }
    config::look(&mut report, root, &place);
    password::look(&mut report, root, &place);
    crash::look(&mut report, sys, root, live);
    if live {
        network::look(&mut report);
    }
    report
}

/// The beginning of a regular file, at most `limit` bytes of it. Anything else that is
/// called so (a pipe would make us wait for ever) is not read.
fn head(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let (mut file, mut content) = (File::open(path)?, Vec::new());
    (&mut file).take(limit).read_to_end(&mut content)?;
    Ok(content)
}

/// Bytes from anywhere as one line that harms no terminal, cut after `longest` characters.
#[inline(never)]
pub fn printable(bytes: &[u8], longest: usize) -> String {
    let mut shown = String::new();
    for c in String::from_utf8_lossy(bytes).chars().take(longest) {
        shown.push(match c {
            '\t' => ' ',
            c if c.is_control() => '?',
            c => c,
        });
    }
    shown
}

/// A path of the device below `root`.
fn below(root: &Path, path: &Path) -> std::path::PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

#[cfg(test)]
impl Report {
    /// A line for each item.
    fn lines(&self) -> Vec<String> {
        let line = |finding: &Finding| {
            let mark = match finding.level {
                Level::Good => "ok",
                Level::Note => "--",
                Level::Attention => "!!",
            };
            format!(
                "{mark} {}: {} [{}]",
                finding.topic, finding.text, finding.next
            )
        };
        self.0.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeSystem;
    use crate::fsops::scratch::Scratch;

    #[test]
    fn a_failsafe_session_without_settings_says_what_it_cannot_know() {
        let scratch = Scratch::new();
        let root = scratch.path();
        for dir in ["tmp", "etc/config"] {
            std::fs::create_dir_all(root.join(dir)).unwrap();
        }
        std::fs::write(root.join("tmp/.failsafe"), "").unwrap();
        std::fs::write(root.join("etc/os-release"), "PRETTY_NAME=\"box \x1b 1\"\n").unwrap();
        std::fs::write(root.join("etc/config/network"), "config 'open\n").unwrap();
        let mut lines = look(&mut FakeSystem::router(), root, true).lines();
        // The network and the room are those of the machine that tests.
        lines.retain(|line| !line.contains(" network: ") && !line.contains(" room: "));
        assert_eq!(
            lines,
            [
                "ok firmware: box ? 1, up 0 min []",
                "-- mode: failsafe: the settings are not in use [reboot]",
                "-- settings: rootfs_data (/dev/mtdblock3, 32 KiB) is empty: a normal boot starts \
                 with factory settings []",
                "ok memory: 64.0M available []",
                "-- files: the settings are not mounted, so their files were not looked at []",
                "-- password: known after mount_root []",
                "-- last boot: this kernel keeps no log of a crash []",
            ]
        );
    }

    #[test]
    fn what_is_no_regular_file_is_not_waited_for() {
        let scratch = Scratch::new();
        let pipe = scratch.path().join("pipe");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert!(head(&pipe, 10).is_err());
        assert!(head(scratch.path(), 10).is_err());
    }

    #[test]
    fn nothing_printed_moves_the_cursor() {
        assert_eq!(
            printable(b"a\tb\x1b[2J\x9b\xff\r", 99),
            "a b?[2J\u{fffd}\u{fffd}?"
        );
        assert_eq!(printable("\u{9b}x".as_bytes(), 99), "?x");
        assert_eq!(printable(b"abc", 2), "ab");
    }
}
