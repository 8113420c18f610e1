//! The writable overlay: `mount_root` and `firstboot` as look, plan and perform.
//!
//! [`look`](look::look) reads what is on flash and what is mounted into a [`View`];
//! [`start`] and [`reset`] turn it into a list of [`Step`]s; [`perform`](perform::perform)
//! carries them out. The trap: the state on flash may be the remains of any of these that
//! was cut off, so every plan must lead to a root file system from every such state.

pub mod empty;
pub mod look;
pub mod perform;
pub mod reset;
pub mod start;
pub mod state;
pub mod step;

pub use step::Step;

use crate::error::{EngineError, Exit, reason};
use crate::flash;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// What a data volume holds before anything is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing but 0xff.
    Blank,
    /// The first block begins `DE AD C0 DE`: everything in it is void.
    Void,
    /// jffs2. From the block at `void_from` on, which begins with that marker, all is void.
    Jffs2 {
        /// Offset in bytes of the first void block.
        void_from: Option<u64>,
    },
    /// One block is rubbish and no other holds a file: an erase was cut off.
    Torn,
    /// A snapshot journal ("OWRT"), which we do not touch.
    Snapshot,
    /// Something that is not ours to erase.
    Foreign,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Blank => f.write_str("empty"),
            State::Void => f.write_str("marked as void, to be erased before use"),
            State::Jffs2 { void_from: None } => f.write_str("jffs2"),
            State::Jffs2 {
                void_from: Some(offset),
            } => {
                write!(f, "jffs2, void from {offset:#x} on")
            }
            State::Torn => f.write_str("empty but for an erase that was cut off"),
            State::Snapshot => f.write_str("a snapshot journal"),
            State::Foreign => f.write_str("neither empty nor jffs2"),
        }
    }
}

/// The MTD partition that keeps the overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Its name, `rootfs_data` unless the kernel command line says otherwise.
    pub name: String,
    /// N of `mtdN`.
    pub number: u32,
    /// Size in bytes.
    pub size: u64,
    /// What it holds; None while it is mounted.
    pub state: Option<State>,
}

impl Volume {
    /// The block device that mount(2) is given.
    pub fn device(&self) -> PathBuf {
        PathBuf::from(format!("/dev/mtdblock{}", self.number))
    }
}

/// What `/` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// The read-only file system of the firmware.
    Rom,
    /// A file system that can be made writable by itself.
    Disk,
    /// An overlay whose upper half is on flash.
    Overlay,
    /// An overlay, or all of it, in memory.
    Memory,
}

/// The data file system where it is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mounted {
    /// `/overlay`, as a rule.
    pub target: PathBuf,
    /// What was mounted.
    pub source: PathBuf,
    /// No writing.
    pub read_only: bool,
}

/// Everything that the plans depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What `/` is.
    pub root: Root,
    /// The data partition, if the device has one.
    pub volume: Option<Volume>,
    /// The data file system, if it is mounted.
    pub mounted: Option<Mounted>,
    /// The kernel has overlayfs.
    pub overlay_known: bool,
    /// Top-level mounts that move along with the root: `/proc`, `/dev`, ...
    pub submounts: Vec<PathBuf>,
    /// The rescue shell is running: nobody waits for the boot to go on.
    pub failsafe: bool,
}

/// Why there is no plan, or why it failed.
#[derive(Debug)]
pub enum Error {
    /// No partition of this name.
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
    },
    /// It is mounted read-only.
    ReadOnly(PathBuf),
    /// Flash failed.
    Flash(flash::Failed),
    /// A step failed.
    Step {
        /// The step as [`Step`] shows it.
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
            Error::NoVolume(name) => write!(f, "MTD partition '{name}' not found"),
            Error::NoOverlay => f.write_str("overlayfs not supported by kernel"),
            Error::InMemory => f.write_str("/ is in memory: changes vanish at the next boot"),
            Error::NotOurs { volume, state } => write!(
                f,
                "{volume} holds {state}: left alone ('mtd dump {volume}' saves it, 'firstboot' clears it)"
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
            Error::Look(source) => {
                write!(f, "can't see the state of the device: {}", reason(source))
            }
        }
    }
}
