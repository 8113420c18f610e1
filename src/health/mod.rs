//! What is broken here: findings about the device, each with what to type next.
//!
//! ```text
//! settings   the overlay, and where the settings can be read
//! system     firmware, mode, memory, space
//! config     configuration files that do not parse
//! password   whether root has one
//! crash      the log of the last boot, from pstore
//! network    ports, links, addresses
//! address    the LAN address: shown, planned, set       (a repair)
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

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// What it is about, in a word or two.
    pub topic: &'static str,
    /// What was found.
    pub text: String,
    /// Lines that belong to it: the end of a log.
    pub more: Vec<String>,
    /// What to type next.
    pub next: Option<String>,
}

impl Finding {
    fn new(level: Level, topic: &'static str, text: impl Into<String>) -> Finding {
        Finding {
            level,
            topic,
            text: text.into(),
            more: Vec::new(),
            next: None,
        }
    }

    fn good(topic: &'static str, text: impl Into<String>) -> Finding {
        Finding::new(Level::Good, topic, text)
    }

    fn note(topic: &'static str, text: impl Into<String>) -> Finding {
        Finding::new(Level::Note, topic, text)
    }

    fn attention(topic: &'static str, text: impl Into<String>) -> Finding {
        Finding::new(Level::Attention, topic, text)
    }

    /// The same with what to type next.
    fn then(mut self, next: impl Into<String>) -> Finding {
        self.next = Some(next.into());
        self
    }
}

/// Looks at everything below `root`; `live` is whether that is the running system, so that
/// kernel and flash can be asked as well.
pub fn look(sys: &mut dyn System, root: &Path, live: bool) -> Vec<Finding> {
    let mut found = vec![system::firmware(sys, root, live), system::mode(root)];
    let mut place = Place::Root;
    if live {
        match overlay::look::look(sys, root) {
            Ok(view) => {
                place = Place::of(&view);
                found.push(settings::look(&view, root));
                found.extend(system::space(root, &view));
            }
            Err(error) => {
                found.push(Finding::attention("settings", error.to_string()));
            }
        }
        found.extend(system::memory(sys));
    }
    found.extend(config::look(root, &place));
    found.push(password::look(root, &place));
    found.push(crash::look(sys, root, live));
    if live {
        found.push(network::look());
    }
    found
}

/// The beginning of a regular file, at most `limit` bytes of it. Anything else that is
/// called so (a pipe would make us wait for ever) is not read.
fn head(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut content = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut content)?;
    Ok(content)
}

/// Bytes from anywhere as one line that harms no terminal, cut after `longest` characters.
pub fn printable(bytes: &[u8], longest: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let shown = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => '?',
        c => c,
    };
    text.chars().map(shown).take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeSystem;
    use crate::fsops::scratch::Scratch;

    /// The report on a fake router below a directory, a line each.
    fn report(sys: &mut FakeSystem, root: &Path) -> Vec<String> {
        let line = |finding: &Finding| {
            let mark = match finding.level {
                Level::Good => "ok",
                Level::Note => "--",
                Level::Attention => "!!",
            };
            let next = finding.next.as_deref().unwrap_or("");
            format!("{mark} {}: {} [{next}]", finding.topic, finding.text)
        };
        let found = look(sys, root, true);
        // The network and the room are those of the machine that tests.
        let ours = |finding: &&Finding| !["network", "room"].contains(&finding.topic);
        found.iter().filter(ours).map(line).collect()
    }

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
        let mut sys = FakeSystem::router();
        assert_eq!(
            report(&mut sys, root),
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
