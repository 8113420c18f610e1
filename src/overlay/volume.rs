//! The data volume: what it lies on and what it holds.

use crate::sys::VolumeId;
use std::fmt;
use std::path::PathBuf;

/// What a data volume holds before anything is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Blank,
    /// It begins `DE AD C0 DE`: everything in it is void.
    Void,
    /// jffs2. From the block at `void_from` on, which begins with that marker, all is void.
    Jffs2 {
        /// Offset in bytes of the first void block.
        void_from: Option<u64>,
    },
    /// UBIFS.
    Ubifs,
    /// ext2, ext3 or ext4.
    Ext4,
    /// f2fs.
    F2fs,
    /// Settings that an upgrade has left where a file system is yet to be made.
    Archive {
        /// Where they begin, in bytes from the beginning of the volume.
        offset: u64,
        /// Their length in bytes.
        length: u64,
        /// They wait at its end already, out of the way of the file system.
        kept: bool,
    },
    /// Such settings, but they cannot be unpacked.
    Damaged {
        /// Where they begin, in bytes from the beginning of the volume.
        offset: u64,
    },
    /// There is no file in it, and something that was cut off when it was made or unmade.
    Torn,
    /// A snapshot journal ("OWRT"), which we do not touch.
    Snapshot,
    /// Not one of its blocks can be used.
    AllBad,
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
            State::Ubifs => f.write_str("UBIFS"),
            State::Ext4 => f.write_str("ext4"),
            State::F2fs => f.write_str("f2fs"),
            State::Archive { offset, .. } => {
                write!(f, "settings of an upgrade, at {offset:#x}, to be unpacked")
            }
            State::Damaged { offset } => {
                write!(f, "damaged settings of an upgrade, at {offset:#x}")
            }
            State::Torn => f.write_str("empty but for a change that was cut off"),
            State::Snapshot => f.write_str("a snapshot journal"),
            State::AllBad => f.write_str("bad blocks only"),
            State::Foreign => f.write_str("neither empty nor a file system for settings"),
        }
    }
}

/// What a data volume lies on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An MTD partition, for jffs2.
    Mtd {
        /// N of `mtdN`.
        number: u32,
    },
    /// A UBI volume, for UBIFS.
    Ubi(VolumeId),
    /// A disk or a partition of one, for ext4 or f2fs.
    Disk {
        /// Its node.
        node: PathBuf,
        /// Where in it the volume begins, in bytes.
        offset: u64,
        /// The loop device that leaves out what is before the offset.
        through: Option<Through>,
    },
}

/// The loop device before a volume that does not begin where its disk does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Through {
    /// Its node.
    pub node: PathBuf,
    /// It is in place already.
    pub attached: bool,
}

/// The file system that an empty disk gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// `ext4` or `f2fs`.
    pub fstype: &'static str,
    /// The kernel knows it, and there is a program that makes it.
    pub possible: bool,
}

/// The volume that keeps the overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Its name, `rootfs_data` unless the kernel command line says otherwise.
    pub name: String,
    /// What it lies on.
    pub place: Place,
    /// Size in bytes.
    pub size: u64,
    /// What it holds; None while it is mounted.
    pub state: Option<State>,
    /// What it gets when it is empty; for disks only.
    pub fresh: Option<Fresh>,
}

impl Volume {
    /// The device that mount(2) is given.
    pub fn device(&self) -> PathBuf {
        match &self.place {
            Place::Mtd { number } => PathBuf::from(format!("/dev/mtdblock{number}")),
            Place::Ubi(id) => id.node(),
            Place::Disk {
                through: Some(through),
                ..
            } => through.node.clone(),
            Place::Disk { node, .. } => node.clone(),
        }
    }

    /// Where it lies, for messages: the device that is always there, and an offset.
    pub fn shown(&self) -> String {
        match &self.place {
            Place::Disk { node, offset, .. } if *offset > 0 => {
                format!("{} at {offset:#x}", node.display())
            }
            Place::Disk { node, .. } => node.display().to_string(),
            _ => self.device().display().to_string(),
        }
    }

    /// The type of file system that it holds or will hold.
    pub fn fstype(&self) -> &'static str {
        match (&self.place, self.state) {
            (Place::Mtd { .. }, _) => "jffs2",
            (Place::Ubi(_), _) => "ubifs",
            (Place::Disk { .. }, Some(State::F2fs)) => "f2fs",
            (Place::Disk { .. }, Some(State::Ext4)) => "ext4",
            (Place::Disk { .. }, _) => self.fresh.as_ref().map_or("ext4", |fresh| fresh.fstype),
        }
    }

    /// The command by which somebody saves what it holds, whatever that is.
    pub fn rescue(&self) -> String {
        match &self.place {
            Place::Mtd { .. } => format!("mtd dump {}", self.name),
            _ => format!("cat {}", self.device().display()),
        }
    }
}
