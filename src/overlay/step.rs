//! The steps of all plans. Paths are those of the device.

use super::part::Part;
use super::state::Extent;
use crate::disk::kept::Kept;
use crate::sys::{Loop, VolumeId};
use std::fmt;
use std::path::PathBuf;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make a jffs2 partition empty from this offset on, from its end towards it.
    Wipe {
        /// N of `mtdN`.
        number: u32,
        /// Where the void begins, in bytes.
        from: u64,
    },
    /// Write the void marker into the first block of a partition.
    MarkVoid {
        /// N of `mtdN`.
        number: u32,
    },
    /// Empty a UBI volume, and look whether it is.
    EmptyVolume(VolumeId),
    /// Write the void marker at the beginning of an area of a disk.
    MarkDisk {
        /// The disk.
        node: PathBuf,
        /// Where the area begins, in bytes.
        offset: u64,
        /// Settings that wait at its end are void, too.
        all: bool,
    },
    /// Copy the settings that an upgrade has left in an area of a disk to its end.
    Keep {
        /// The disk.
        node: PathBuf,
        /// Where the area begins, in bytes.
        offset: u64,
        /// Where in the area they begin, in bytes.
        from: u64,
        /// Where they go.
        to: Kept,
    },
    /// Settings at the end of an area of a disk count no more.
    Forget {
        /// The disk.
        node: PathBuf,
        /// Where the area begins, in bytes.
        offset: u64,
    },
    /// Put a loop device before an area of a disk.
    AttachLoop {
        /// Which, and before what.
        attached: Loop,
        /// What is written to it arrives.
        writable: bool,
    },
    /// Put settings at the top of the data file system.
    PutArchive {
        /// The disk that they lie on.
        node: PathBuf,
        /// Where they begin, in bytes.
        offset: u64,
        /// Their length in bytes.
        length: u64,
        /// The data file system.
        dir: PathBuf,
    },
    /// Make an empty file system.
    Format {
        /// Its type.
        fstype: &'static str,
        /// The device.
        node: PathBuf,
        /// Its label.
        label: String,
        /// Bytes, if not all there are.
        limit: Option<u64>,
    },
    /// mkdir, if it is missing.
    MakeDir(PathBuf),
    /// mount(2), without access times.
    Mount {
        /// Device or name.
        source: PathBuf,
        /// Mount point.
        target: PathBuf,
        /// File system type.
        fstype: &'static str,
        /// Never write.
        read_only: bool,
        /// Options of the file system.
        data: String,
    },
    /// Move a mount.
    Move {
        /// From here.
        from: PathBuf,
        /// To here.
        to: PathBuf,
    },
    /// pivot_root(2).
    Pivot {
        /// The new root.
        new: PathBuf,
        /// Where the old one goes, below the new.
        old: PathBuf,
    },
    /// Make a mount writable.
    RemountWritable(PathBuf),
    /// Unmount.
    Unmount(PathBuf),
    /// Delete what a reset that was cut off has left, if there was one.
    FinishReset(PathBuf),
    /// Note in the data file system that its first boot has begun, if nothing is noted yet.
    NotePending(PathBuf),
    /// Note that the boot is complete.
    NoteReady(PathBuf),
    /// Put a settings archive that came with an upgrade where the restore looks for it.
    TakeSettings(PathBuf),
    /// Note that a reset has begun.
    FlagReset {
        /// The data file system.
        dir: PathBuf,
        /// What it takes away.
        extent: Extent,
    },
    /// Make a part as it is in the firmware.
    Discard {
        /// The data file system.
        dir: PathBuf,
        /// The part.
        part: Part,
    },
    /// Let the kernel forget the names it has seen, so that it sees what is there now.
    ForgetNames,
    /// Delete all files of the data file system and look that none is left; take the flag away.
    Empty {
        /// The data file system.
        dir: PathBuf,
        /// Settings archives stay.
        keep: bool,
    },
    /// sync(2).
    Sync,
    /// Start the machine again.
    Reboot,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Wipe { number, from } => write!(f, "erase mtd{number} from {from:#x} on"),
            Step::MarkVoid { number } => write!(f, "mark mtd{number} as void"),
            Step::EmptyVolume(id) => write!(f, "empty the volume {id}"),
            Step::MarkDisk { node, offset, .. } => {
                write!(f, "mark {} at {offset:#x} as void", node.display())
            }
            Step::AttachLoop { attached, .. } => write!(
                f,
                "put {} before {} at {:#x}",
                attached.node.display(),
                attached.file.display(),
                attached.offset
            ),
            Step::Keep {
                node,
                offset,
                from,
                to,
            } => write!(
                f,
                "copy the settings in {} at {:#x} to {:#x}",
                node.display(),
                offset + from,
                offset + to.offset
            ),
            Step::Forget { node, .. } => {
                write!(f, "forget the settings at the end of {}", node.display())
            }
            Step::PutArchive {
                node, offset, dir, ..
            } => write!(
                f,
                "copy the settings in {} at {offset:#x} into {}",
                node.display(),
                dir.display()
            ),
            Step::Format { fstype, node, .. } => {
                write!(f, "make {fstype} on {}", node.display())
            }
            Step::MakeDir(path) => write!(f, "make directory {}", path.display()),
            Step::Mount {
                source,
                target,
                fstype,
                read_only,
                ..
            } => write!(
                f,
                "mount {fstype} {} on {}{}",
                source.display(),
                target.display(),
                if *read_only { " (read-only)" } else { "" }
            ),
            Step::Move { from, to } => write!(f, "move {} to {}", from.display(), to.display()),
            Step::Pivot { new, old } => {
                write!(
                    f,
                    "make {} the root, the old one {}",
                    new.display(),
                    old.display()
                )
            }
            Step::RemountWritable(path) => write!(f, "make {} writable", path.display()),
            Step::Unmount(path) => write!(f, "unmount {}", path.display()),
            Step::FinishReset(dir) => {
                write!(f, "finish a reset of {} if one was cut off", dir.display())
            }
            Step::NotePending(dir) => write!(f, "note the first boot in {}", dir.display()),
            Step::NoteReady(dir) => {
                write!(f, "note in {} that the boot is complete", dir.display())
            }
            Step::TakeSettings(dir) => {
                write!(
                    f,
                    "take settings from {}/sysupgrade.tgz if there",
                    dir.display()
                )
            }
            Step::FlagReset { dir, .. } => write!(f, "note the reset in {}", dir.display()),
            Step::Discard { dir, part } => {
                let dir = dir.display();
                match part {
                    Part::All => write!(f, "discard all in {dir}"),
                    Part::File(path) => write!(f, "discard {dir}/upper/{}", path.display()),
                    Part::Config => write!(f, "rename {dir}/upper/etc/config to config.old"),
                    Part::Packages => write!(f, "discard all but settings in {dir}/upper"),
                }
            }
            Step::ForgetNames => f.write_str("forget the names of files"),
            Step::Empty { dir, keep } => write!(
                f,
                "delete all files in {}{}",
                dir.display(),
                if *keep { " but sysupgrade.tgz" } else { "" }
            ),
            Step::Sync => f.write_str("write everything to flash"),
            Step::Reboot => f.write_str("reboot"),
        }
    }
}
