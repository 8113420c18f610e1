//! Input devices that are listened to, as far as they are there.

use super::button::{self, Change};
use super::uevent::Event;
use crate::sys::{input, tty};
use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A flat `/dev` has them beside everything else.
const FOLDERS: [&str; 2] = ["/dev/input", "/dev"];

/// The open devices.
#[derive(Default)]
pub struct Inputs(BTreeMap<PathBuf, OwnedFd>);

/// Whether an event says that there is a new input device: it may have buttons.
pub fn are_told_by(event: &Event) -> bool {
    event.get("SUBSYSTEM") == "input" && event.get("ACTION") == "add"
}

impl Inputs {
    /// Opens the devices that are not open yet; hands the keys that are held down on them to
    /// `take`.
    pub fn open_new(&mut self, mut take: impl FnMut(u16)) {
        for folder in FOLDERS.map(Path::new) {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            for entry in entries {
                let is_event = entry.file_name().as_encoded_bytes().starts_with(b"event");
                if !is_event || self.0.contains_key(&entry.path()) {
                    continue;
                }
                if let Ok(fd) = tty::open_nonblocking(&entry.path()) {
                    // What is no input device holds nothing.
                    if let Ok(bits) = input::keys_down(&fd) {
                        button::held(&bits).for_each(&mut take);
                    }
                    self.0.insert(entry.path(), fd);
                }
            }
        }
    }

    /// Hands the changes that have come to `take`, and forgets devices that are gone: their
    /// descriptors would be ready for ever.
    pub fn read(&mut self, mut take: impl FnMut(u16, Change)) {
        use rustix::io::Errno;
        let mut buf = [0; 4096];
        self.0
            .retain(|_, fd| match rustix::io::read(&*fd, &mut buf) {
                Ok(0) => false,
                Ok(count) => {
                    let events = buf.get(..count).unwrap_or_default();
                    for (key, change) in button::key_changes(events) {
                        take(key, change);
                    }
                    true
                }
                Err(Errno::AGAIN | Errno::INTR) => true,
                Err(_) => false,
            });
    }

    /// For poll(2).
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.0.values().map(AsFd::as_fd)
    }
}
