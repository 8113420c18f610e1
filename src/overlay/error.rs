//! Why there is no plan, or why it failed.

use super::State;
use crate::error::{EngineError, Exit, reason};
use crate::flash;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there is no plan, or why it failed.
#[derive(Debug)]
pub enum Error {
    /// No volume of this name.
    NoVolume(String),
    /// The kernel lacks overlayfs.
    NoOverlay,
    /// `/` is in memory already; the volume cannot be put under it.
    InMemory,
    /// The volume holds what we do not touch.
    NotOurs {
        /// The volume.
        volume: String,
        /// What it holds.
        state: State,
        /// The command that saves it.
        rescue: String,
    },
    /// There is no file system yet, and nobody asked for one.
    Unformatted {
        /// Its device.
        device: PathBuf,
        /// What it holds.
        state: State,
    },
    /// There is no file system yet, and no program to make one.
    NoFormatter {
        /// Its device.
        device: PathBuf,
        /// The type of file system.
        fstype: &'static str,
    },
    /// Settings that wait for a file system fill all there is.
    NoRoom {
        /// The device.
        device: PathBuf,
        /// Their length in bytes.
        length: u64,
    },
    /// It is mounted read-only.
    ReadOnly(PathBuf),
    /// Flash or disk failed.
    Flash(flash::Failed),
    /// A step failed.
    Step {
        /// The step as [`Step`](super::Step) shows it.
        step: String,
        /// The system's answer.
        source: io::Error,
    },
    /// After a reset there are still files.
    Left {
        /// How many could not be deleted.
        count: u64,
        /// One of them.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The volume holds no files.
    NoFiles(String, State),
    /// There is nothing of this in the overlay.
    AsInFirmware(PathBuf),
    /// The state of the device could not be read.
    Look(io::Error),
}

impl EngineError for Error {
    fn exit(&self) -> Exit {
        Exit::FAILED
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoVolume(name) => write!(
                f,
                "{name} not found: no MTD partition, UBI volume or disk partition has this name"
            ),
            Error::NoOverlay => f.write_str("overlayfs not supported by kernel"),
            Error::InMemory => f.write_str("/ is in memory: changes vanish at the next boot"),
            Error::NotOurs {
                volume,
                state,
                rescue,
            } => write!(
                f,
                "{volume} holds {state}: left alone ('{rescue}' saves it, 'firstboot' clears it)"
            ),
            Error::Unformatted { device, state } => write!(
                f,
                "{} is {state}: no file system yet ('mount_root --repair' makes one)",
                device.display()
            ),
            Error::NoFormatter { device, fstype } => write!(
                f,
                "{}: no file system yet, and mkfs.{fstype} is not in this image",
                device.display()
            ),
            Error::NoRoom { device, length } => write!(
                f,
                "{}: settings of {} KiB leave no room for a file system",
                device.display(),
                length / 1024
            ),
            Error::ReadOnly(path) => write!(f, "{} is mounted read-only", path.display()),
            Error::Flash(error) => error.fmt(f),
            Error::Step { step, source } => write!(f, "{step}: {}", reason(source)),
            Error::Left {
                count,
                path,
                source,
            } => write!(
                f,
                "{count} files could not be deleted, among them {}: {}",
                path.display(),
                reason(source)
            ),
            Error::NoFiles(volume, state) => {
                write!(f, "{volume} is {state}: there are no files in it")
            }
            Error::AsInFirmware(path) => write!(
                f,
                "{}: is as in the firmware, nothing was changed",
                path.display()
            ),
            Error::Look(source) => {
                write!(f, "can't see the state of the device: {}", reason(source))
            }
        }
    }
}
