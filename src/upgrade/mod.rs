//! Firmware upgrades that keep the settings, even those nobody has mounted.

pub mod cards;
#[cfg(test)]
mod cut_sector_tests;
#[cfg(test)]
mod cut_tests;
pub mod detach;
pub mod device;
pub mod disks;
mod gpt;
pub mod list;
pub mod perform;
pub mod place;
pub mod plan;
pub mod progress;
pub mod quiet;
pub mod restore;
pub mod save;
pub mod sectors;
pub mod settings;
pub mod source;
pub mod stream;
#[cfg(test)]
mod tests;
pub mod unpack;
pub mod volumes;

use crate::error::{EngineError, Exit, reason};
use crate::image::container::Container;
use crate::{archive, flash};
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Refused, the flash is untouched.
pub const REFUSED: Exit = Exit(2);
/// The flash was touched and is not good.
pub const BROKEN: Exit = Exit(3);
/// It failed, but the system that was there is whole and can be started again.
pub const WHOLE: Exit = Exit(4);

/// What a failed attempt has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Nothing was changed.
    Untouched,
    /// Something was, but nothing of the system that was there.
    Whole,
    /// No whole system, perhaps.
    Broken,
}

impl Left {
    fn exit(self) -> Exit {
        match self {
            Left::Untouched => REFUSED,
            Left::Whole => WHOLE,
            Left::Broken => BROKEN,
        }
    }
}

/// Why an upgrade or something with the settings failed.
#[derive(Debug)]
pub enum Error {
    /// The settings cannot be reached.
    NoSettings(settings::Unavailable),
    /// There is no overlay that tells what was changed.
    NoUpper,
    /// `/` cannot be written.
    NotMounted,
    /// What is written to `/` is forgotten.
    InMemory,
    /// Nothing here can write such an image yet, though it is whole and has its place.
    NoWriter(Container),
    /// It cannot be written while it comes; why.
    NoStream(&'static str),
    /// Not enough memory to do it safely.
    Memory {
        /// Bytes needed.
        needed: u64,
        /// Bytes available.
        available: u64,
    },
    /// The settings do not fit behind the image.
    NoRoom {
        /// Bytes that they need, free blocks for the first boot included.
        needed: u64,
        /// Bytes left.
        room: u64,
    },
    /// Somebody writes to the overlay and does not stop.
    Busy(Vec<i32>),
    /// A settings archive is wrong.
    Archive(archive::Error),
    /// A settings archive holds what no setting is.
    NotSettings(Vec<u8>),
    /// They unpack to more than there can be room for; so many bytes are free.
    TooMuch(u64),
    /// The parts of the image and the least that settings need are larger than what can be
    /// had, in bytes.
    NoSpace {
        /// Bytes that they need.
        needed: u64,
        /// Bytes that can be had.
        room: u64,
    },
    /// A volume or partition that has to go is mounted.
    InUse(String),
    /// The settings can be put nowhere; why.
    NoHome(&'static str),
    /// A device failed.
    Device {
        /// Which, and how.
        failed: flash::Failed,
        /// What is left.
        left: Left,
    },
    /// Flash failed before anything was changed.
    Flash(flash::Error),
    /// Flash failed after the first erase.
    Touched(flash::Error),
    /// The same, in a slot that the board does not start.
    Slot(flash::Error),
    /// A system call failed.
    Io {
        /// What was tried.
        verb: &'static str,
        /// On what.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(
        verb: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io {
            verb,
            path: path.into(),
            source,
        }
    }
}

impl From<archive::Error> for Error {
    fn from(error: archive::Error) -> Error {
        Error::Archive(error)
    }
}

impl EngineError for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Touched(_) => BROKEN,
            Error::Slot(_) => WHOLE,
            Error::Device { left, .. } => left.exit(),
            Error::Io { .. }
            | Error::Archive(_)
            | Error::NotSettings(_)
            | Error::TooMuch(_)
            | Error::NotMounted
            | Error::InMemory
            | Error::NoUpper => Exit::FAILED,
            _ => REFUSED,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoSettings(why) => write!(
                f,
                "the settings cannot be kept: {why}; -n upgrades without them, -f takes them from a file"
            ),
            Error::NoUpper => f.write_str("-c and -o need an overlay, and there is none"),
            Error::NotMounted => f.write_str(
                "the settings are not mounted to change: first mount_root, then this again",
            ),
            Error::InMemory => f.write_str(
                "/ is in memory: nothing restored there lasts; mount_root says why it is so",
            ),
            Error::NoWriter(container) => write!(
                f,
                "{container}: not yet a supported payload for this board: nothing here can write it"
            ),
            Error::NoStream(why) => {
                write!(f, "the image cannot be written while it comes: {why}")
            }
            Error::Memory { needed, available } => write!(
                f,
                "not enough memory: {} kB needed, {} kB free; remove files from /tmp",
                needed.div_ceil(1024),
                available / 1024
            ),
            Error::NoRoom { needed, room } => write!(
                f,
                "the settings do not fit behind the image: {needed} bytes needed, {room} left; \
                 keep less (-l shows the list) or nothing (-n)"
            ),
            Error::NoSpace { needed, room } => write!(
                f,
                "Insufficient space: {needed} bytes needed, the settings included, and {room} can be had"
            ),
            Error::InUse(name) => write!(
                f,
                "{name} has to be replaced and is in use: upgrade in failsafe mode, before mount_root, or reboot first"
            ),
            Error::NoHome(why) => {
                write!(
                    f,
                    "the settings cannot be kept: {why}; -n upgrades without them"
                )
            }
            Error::Device { failed, .. } => failed.fmt(f),
            Error::Busy(pids) => {
                let pids: Vec<_> = pids.iter().map(i32::to_string).collect();
                write!(
                    f,
                    "the overlay stays in use; processes that write: {}",
                    pids.join(" ")
                )
            }
            Error::Archive(error) => error.fmt(f),
            Error::NotSettings(name) => write!(
                f,
                "'{}': neither file, directory nor link: not a settings archive",
                String::from_utf8_lossy(name).escape_debug()
            ),
            Error::TooMuch(free) => {
                write!(f, "unpacks to far more than the {free} bytes that are free")
            }
            Error::Flash(error) | Error::Touched(error) | Error::Slot(error) => error.fmt(f),
            Error::Io { verb, path, source } => {
                write!(f, "can't {verb} '{}': {}", path.display(), reason(source))
            }
        }
    }
}
