//! The writable overlay: `mount_root` and `firstboot` as look, plan and perform.
//!
//! [`look`](look::look) reads what is on flash and what is mounted into a [`View`];
//! [`start`] and [`reset`] turn it into a list of [`Step`]s; [`perform`](perform::perform)
//! carries them out. The trap: the state on flash may be the remains of any of these that
//! was cut off, so every plan must lead to a root file system from every such state.

mod device;
pub mod empty;
mod error;
pub mod extroot;
pub mod find;
pub mod look;
pub mod old;
pub mod part;
pub mod perform;
pub mod prepare;
pub mod reset;
pub mod start;
pub mod state;
pub mod step;
mod volume;

pub use error::Error;
pub use step::Step;
pub use volume::{Fresh, Place, State, Through, Volume};

use std::path::PathBuf;

/// What `/` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// The read-only file system of the firmware.
    Rom,
    /// A file system that can be made writable by itself.
    Disk,
    /// An overlay whose upper half is on flash.
    Overlay,
    /// A file system in place of the firmware's, which is below `/rom`.
    Extroot,
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
    /// It lies on another disk than the data volume, as fstab asked for.
    pub extroot: bool,
}

/// Everything that the plans depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What `/` is.
    pub root: Root,
    /// The data volume, if the device has one.
    pub volume: Option<Volume>,
    /// The data file system, if it is mounted.
    pub mounted: Option<Mounted>,
    /// The kernel has overlayfs.
    pub overlay_known: bool,
    /// Top-level mounts that move along with the root: `/proc`, `/dev`, ...
    pub submounts: Vec<PathBuf>,
    /// The rescue shell is running: nobody waits for the boot to go on.
    pub failsafe: bool,
    /// This is a boot, before the normal system begins: what is empty may be made usable.
    pub booting: bool,
}
