//! MTD partitions: finding them, and changing them so that a power cut never bricks.
//!
//! [`find`] turns what people type into a partition; [`write()`](write::write) streams an
//! image into one, reading every block back; [`erase`] empties one; [`jffs2`] builds the
//! nodes that carry settings into the next boot. Everything works on `&mut dyn Flash`.
//!
//! The trap: erase and write are not one step. Whatever is checked by the boot loader lies in
//! the first block, so that one is erased first and written last, and its first bytes last
//! of all: an interrupted write leaves an image that is plainly invalid, never half of one.

pub mod blocks;
pub mod erase;
pub mod in_use;
pub mod inject;
pub mod jffs2;
pub mod joined;
pub mod plant;
pub mod repair;
pub mod survey;
pub mod trx;
pub mod ubi;
pub mod verify;
pub mod volumes;
pub mod write;

use crate::error::{EngineError, reason};
use crate::sys::{Flash, Partition, System};
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;

/// Why flash could not be found, read or changed.
#[derive(Debug)]
pub enum Error {
    /// No partition answers to this name; those that exist.
    NoPartition {
        /// What was asked for.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// The list of partitions or a device node could not be opened.
    Open(io::Error),
    /// The kernel gives the partition out for reading only.
    ReadOnly,
    /// The data does not fit between the start and the end, bad blocks deducted.
    TooBig {
        /// Bytes to write, where known.
        length: Option<u64>,
        /// Bytes that fit.
        room: u64,
    },
    /// An offset that is no multiple of the erase block.
    Unaligned {
        /// The offset in bytes.
        offset: u64,
        /// The erase block in bytes.
        erase_size: u32,
    },
    /// A system call on the flash failed.
    Io {
        /// `erase`, `write` or `read`.
        verb: &'static str,
        /// Where, in bytes from the start of the partition.
        offset: u64,
        /// The system's answer.
        source: io::Error,
    },
    /// Not one block can be used: all are marked bad.
    AllBad,
    /// An erase that reported success and left something.
    NotBlank {
        /// The erase block.
        offset: u64,
    },
    /// What was read back differs from what was written.
    Mismatch {
        /// The first byte that differs.
        offset: u64,
    },
    /// The data to write could not be read.
    Source(io::Error),
    /// A mounted file system stands on the partition, or on one that overlaps it.
    InUse {
        /// Its mount point.
        target: std::path::PathBuf,
    },
    /// What was to be repaired is not there.
    NoHeader {
        /// Where it should be.
        offset: u64,
    },
    /// Partitions that cannot be used as one.
    Unlike,
    /// The last block of a jffs2 is in use.
    NoRoom,
    /// Not one sound node of a jffs2.
    NoJffs2 {
        /// Where a marker says that everything is void.
        void: Option<u64>,
    },
    /// More nodes of a jffs2 than a small machine can keep in mind.
    TooManyNodes,
    /// The data ended early.
    Short {
        /// Bytes that came.
        got: u64,
        /// Bytes that were promised.
        expected: u64,
    },
}

impl EngineError for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoPartition { name, known } if known.is_empty() => {
                write!(
                    f,
                    "{name}: no such partition: this machine has no MTD flash"
                )
            }
            Error::NoPartition { name, known } => {
                write!(
                    f,
                    "{name}: no such partition; there are: {}",
                    known.join(", ")
                )
            }
            Error::Open(source) => write!(f, "can't open: {}", reason(source)),
            Error::ReadOnly => f.write_str(
                "the kernel has made this partition read-only: it does not end on an erase \
                 block, or the board says so",
            ),
            Error::TooBig {
                length: Some(length),
                room,
            } => write!(
                f,
                "Insufficient space: {length} bytes do not fit into {room}"
            ),
            Error::TooBig { length: None, room } => {
                write!(
                    f,
                    "Insufficient space: the data is longer than {room} bytes"
                )
            }
            Error::Unaligned { offset, erase_size } => write!(
                f,
                "{offset:#x} is not a multiple of the erase block of {erase_size:#x}"
            ),
            Error::Io {
                verb,
                offset,
                source,
            } => {
                write!(f, "{verb} at {offset:#x}: {}", reason(source))
            }
            Error::AllBad => f.write_str("there is no good block"),
            Error::NotBlank { offset } => {
                write!(f, "erase at {offset:#x}: something is left: is it locked?")
            }
            Error::Mismatch { offset } => {
                write!(
                    f,
                    "verify at {offset:#x}: flash holds other data than was written"
                )
            }
            Error::Source(source) => write!(f, "can't read the data: {}", reason(source)),
            Error::InUse { target } => write!(
                f,
                "in use: mounted as {}; -r makes it read-only first and reboots afterwards",
                target.display()
            ),
            Error::NoHeader { offset } => write!(f, "there is no such header at {offset:#x}"),
            Error::Unlike => f.write_str("these differ in blocks or pages: write them one by one"),
            Error::NoRoom => f.write_str("the blocks at its end are in use: mount it instead"),
            Error::NoJffs2 { void: Some(offset) } => write!(
                f,
                "no jffs2: from {offset:#x} on all is marked as void; -a reads it all the same"
            ),
            Error::NoJffs2 { void: None } => f.write_str("no jffs2: there is not one sound node"),
            Error::TooManyNodes => f.write_str("too many nodes to keep in memory"),
            Error::Short { got, expected } => {
                write!(f, "the data ended after {got} of {expected} bytes")
            }
        }
    }
}

/// An [`Error`] with the name of the partition in front.
#[derive(Debug)]
pub struct Failed {
    /// The partition.
    pub device: String,
    /// What went wrong there.
    pub error: Error,
}

impl EngineError for Failed {}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.device, self.error)
    }
}

impl Error {
    /// Names the partition in the message.
    pub fn on(self, device: impl Into<String>) -> Failed {
        let device = device.into();
        Failed {
            device,
            error: self,
        }
    }

    pub(crate) fn io(verb: &'static str, offset: u64) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io {
            verb,
            offset,
            source,
        }
    }
}

/// The partition called `name`: its exact name first, else `mtdN`, `/dev/mtdN`,
/// `/dev/mtd/N` or `/dev/mtdblockN`.
///
/// # Errors
/// [`Error::NoPartition`] with the names that exist; [`Error::Open`] if `/proc/mtd` cannot
/// be read.
pub fn find(sys: &mut dyn System, name: impl AsRef<OsStr>) -> Result<Partition, Error> {
    let name = name.as_ref().as_bytes();
    let partitions = sys.partitions().map_err(Error::Open)?;
    let number = device_number(name);
    let named = |p: &&Partition| p.name.as_bytes() == name;
    let numbered = |p: &&Partition| Some(p.number) == number;
    let found = partitions.iter().find(named);
    match found.or_else(|| partitions.iter().find(numbered)) {
        Some(partition) => Ok(partition.clone()),
        None => Err(Error::NoPartition {
            name: String::from_utf8_lossy(name).into_owned(),
            known: partitions.into_iter().map(|p| p.name).collect(),
        }),
    }
}

/// N of `mtdN` and the device nodes that mean the same.
pub fn device_number(name: &[u8]) -> Option<u32> {
    let name = name.strip_prefix(b"/dev/").unwrap_or(name);
    let digits = [b"mtdblock".as_slice(), b"mtd/", b"mtd"]
        .iter()
        .find_map(|prefix| name.strip_prefix(*prefix))?;
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    plain.then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}

/// Opens a partition; with `writable` it must be one that the kernel lets us change.
///
/// # Errors
/// [`Error::Open`], [`Error::ReadOnly`] (EACCES: it does not end on an erase block, or the
/// device tree says so).
pub fn open(
    sys: &mut dyn System,
    partition: &Partition,
    writable: bool,
) -> Result<Box<dyn Flash>, Error> {
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied if writable => Error::ReadOnly,
        _ => Error::Open(error),
    };
    let flash = sys
        .open_flash(partition.number, writable)
        .map_err(refused)?;
    if writable && !flash.geometry().writable {
        return Err(Error::ReadOnly);
    }
    Ok(flash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeSystem;

    fn check(name: &str, expected: Result<&str, &str>) {
        let mut sys = FakeSystem::router();
        let found = find(&mut sys, name);
        match &found {
            Ok(partition) => assert_eq!(Ok(partition.name.as_str()), expected),
            Err(error) => assert_eq!(Err(error.to_string().as_str()), expected),
        }
    }

    #[test]
    fn partitions_are_found_by_exact_name_and_by_number() {
        check("rootfs", Ok("rootfs"));
        check("rootfs_data", Ok("rootfs_data"));
        check("mtd1", Ok("kernel"));
        check("/dev/mtd4", Ok("art"));
        check("/dev/mtdblock3", Ok("rootfs_data"));
        let there_are = "no such partition; there are: firmware, kernel, rootfs, rootfs_data, art";
        for name in ["data", "mtd", "mtd9", "mtd1x", "image"] {
            check(name, Err(&format!("{name}: {there_are}")));
        }
    }
}
