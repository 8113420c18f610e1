//! Parts of an image onto block devices, step by step. Decides nothing.
//!
//! A sector is written wholly or not at all, which is all that the order of the steps builds on:
//! what a boot loader looks at first is made void by the first step and valid by the last.

use super::perform::Tell;
use super::source::{Image, PIECE, Part, plant};
use super::{Error, Left, gpt};
use crate::disk::{area, kept};
use crate::flash::{self, Failed};
use crate::sys::{Disk, System};
use std::fmt;
use std::io::Read;
use std::path::Path;

/// What is made void of a kernel, and written last of it: 8 sectors.
pub const HEAD: u64 = 4096;
const SECTOR: usize = 512;
/// Where a partition table has the number of the disk, and its signature (MBR and GPT alike).
const ID_AT: usize = 440;
const SIGNATURE_AT: usize = 510;
const SIGNATURE: [u8; 2] = [0x55, 0xaa];
/// How an archive begins that a boot finds on a bare partition: no name in its header.
pub const GZIP: [u8; 4] = [0x1f, 0x8b, 8, 0];

/// Devices by their names in `/dev`; places in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Zeros at the beginning of the kernel.
    Blank(String, u64),
    /// A part of the image at this place; read back.
    Write(String, u64, Part),
    /// A part of the image at the beginning, what [`Step::Blank`] has blanked last; read back.
    HeadLast(String, Part),
    /// Nothing in the area from here on counts any more.
    Void(String, u64),
    /// The settings as they are, where the next boot makes a file system of the area.
    Archive(String, u64),
    /// The settings as a file onto the file system of a partition.
    Plant(String),
    /// The signature of the partition table goes.
    Unsign(String),
    /// The partitions get the GUIDs that those of the image have.
    Guids(String),
    /// The signature of the partition table comes back, with this number of the disk.
    Sign(String, u32),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let device = self.device();
        write!(f, "{device}: ")?;
        match self {
            Step::Blank(_, length) => write!(f, "zeros over its first {length} bytes"),
            Step::Write(_, at, part) => {
                write!(
                    f,
                    "write {} bytes at {at:#x} and read them back",
                    part.length
                )
            }
            Step::HeadLast(_, part) => {
                let length = part.length;
                write!(
                    f,
                    "write {length} bytes, the first of them last, and read them back"
                )
            }
            Step::Void(_, at) => write!(f, "mark what is at {at:#x} as void"),
            Step::Archive(_, at) => write!(f, "write the settings at {at:#x} and read them back"),
            Step::Plant(_) => f.write_str("mount it and put the settings there"),
            Step::Unsign(_) => f.write_str("take the signature off the partition table"),
            Step::Guids(_) => f.write_str("give its partitions the GUIDs of the image"),
            Step::Sign(_, id) => write!(f, "put it back, with the disk's number {id:#010x}"),
        }
    }
}

impl Step {
    fn device(&self) -> &str {
        match self {
            Step::Blank(device, _)
            | Step::Write(device, ..)
            | Step::HeadLast(device, _)
            | Step::Void(device, _)
            | Step::Archive(device, _)
            | Step::Plant(device)
            | Step::Unsign(device)
            | Step::Guids(device)
            | Step::Sign(device, _) => device,
        }
    }
}

fn node(device: &str) -> std::path::PathBuf {
    Path::new("/dev").join(device)
}

/// What can be known before the first step: nobody uses what is written, and the kernel mounts
/// what the settings go to.
///
/// # Errors
/// [`Error::InUse`], [`Error::NoHome`], [`Error::Io`].
pub fn check(
    steps: &[Step],
    image: &mut Image<'_>,
    settings: Option<&[u8]>,
    sys: &mut dyn System,
) -> Result<(), Error> {
    let table = sys.mounts().table();
    let table = table.map_err(Error::io("read", "/proc/mounts"))?;
    let loops = sys.disks().loops().map_err(Error::io("list", "/sys"))?;
    let root = sys.disks().below(Path::new("/"));
    let root = node(&root.unwrap_or_default().unwrap_or_default());
    for step in steps {
        let device = node(step.device());
        let is_planted = matches!(step, Step::Plant(_));
        let is_root = |source: &Path| source == Path::new("/dev/root") && root == device;
        let mut mounts = table
            .iter()
            .filter(|mount| mount.source == device || is_root(&mount.source));
        let is_written = |options: &str| is_planted || options.split(',').any(|o| o == "rw");
        if mounts.any(|mount| is_written(&mount.options))
            || loops.iter().any(|attached| attached.file == device)
        {
            return Err(Error::InUse(step.device().to_owned()));
        }
        let opened = sys.disks().open(&device, true);
        drop(opened.map_err(Error::io("open", &device))?);
        match step {
            Step::Plant(_) => {
                let fstype = fstype(steps, image, step.device())?;
                let known = sys.mounts().filesystems().unwrap_or_default();
                if !known.iter().any(|name| name == fstype) {
                    return Err(Error::NoHome(
                        "the kernel does not mount the partition that they go to",
                    ));
                }
            }
            Step::Archive(..) if !settings.is_some_and(|bytes| bytes.starts_with(&GZIP)) => {
                return Err(Error::NoHome(
                    "a boot finds an archive on a partition only if gzip has put no name into it",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What file system the image brings for a partition.
fn fstype(steps: &[Step], image: &mut Image<'_>, device: &str) -> Result<&'static str, Error> {
    let unknown = Error::NoHome("the image has no file system for them on its first partition");
    let written = steps.iter().find_map(|step| match step {
        Step::Write(written, 0, part) if written == device => Some(*part),
        _ => None,
    });
    let Some(mut part) = written.filter(|part| part.length >= 2048) else {
        return Err(unknown);
    };
    part.length = 2048;
    let mut head = Vec::new();
    let read = image.each(part, &mut |_, piece| {
        head.extend_from_slice(piece);
        Ok(())
    });
    read.map_err(Error::Flash)?;
    let is_fat = [54, 82].iter().any(|&at| head[at..].starts_with(b"FAT"));
    match head[1080..1082] == [0x53, 0xef] {
        true => Ok("ext4"),
        false if is_fat && head[SIGNATURE_AT..].starts_with(&SIGNATURE) => Ok("vfat"),
        false => Err(unknown),
    }
}

/// Does it.
///
/// # Errors
/// With the device and the offset. `left` tells what is left.
pub fn perform(
    steps: &[Step],
    image: &mut Image<'_>,
    settings: Option<&[u8]>,
    sys: &mut dyn System,
    tell: Tell<'_>,
    left: &mut Left,
) -> Result<(), Failed> {
    let settings = settings.unwrap_or_default();
    for step in steps {
        tell(&step.to_string());
        if let Step::Plant(device) = step {
            let failed = |error: Error| {
                let error = std::io::Error::other(error.to_string());
                flash::Error::Source(error).on(device)
            };
            let fstype = fstype(steps, image, device).map_err(failed)?;
            plant(sys, &node(device), fstype, settings)?;
            continue;
        }
        let opened = sys.disks().open(&node(step.device()), true);
        let done = opened.map_err(flash::Error::Open).and_then(|mut disk| {
            *left = Left::Broken;
            one(step, image, settings, &mut *disk)
        });
        done.map_err(|error| error.on(step.device()))?;
    }
    Ok(())
}

fn one(
    step: &Step,
    image: &mut Image<'_>,
    settings: &[u8],
    disk: &mut dyn Disk,
) -> Result<(), flash::Error> {
    match step {
        Step::Blank(_, length) => put(disk, 0, &vec![0; *length as usize]),
        Step::Write(_, at, part) => copy(image, *part, disk, *at),
        Step::HeadLast(_, part) => {
            let head = part.length.min(SECTOR as u64);
            let rest = Part {
                offset: part.offset + head,
                length: part.length - head,
            };
            copy(image, rest, disk, head)?;
            let head = Part {
                length: head,
                ..*part
            };
            copy(image, head, disk, 0)
        }
        Step::Void(_, at) => {
            kept::forget(disk, *at)?;
            area::mark_void(disk, *at)
        }
        Step::Archive(_, at) => {
            // An older copy at the end of the area must not come back.
            kept::forget(disk, *at)?;
            area::mark_void(disk, *at)?;
            let mut bytes = settings.to_vec();
            bytes.resize(settings.len().next_multiple_of(SECTOR), 0);
            let (first, rest) = bytes.split_at(SECTOR.min(bytes.len()));
            for (number, piece) in (0..).zip(rest.chunks(PIECE)) {
                put(disk, at + SECTOR as u64 + number * PIECE as u64, piece)?;
            }
            put(disk, *at, first)
        }
        Step::Unsign(_) => first_sector(disk, &mut |sector| {
            sector[SIGNATURE_AT..].fill(0);
        }),
        Step::Guids(_) => gpt::adopt(disk, &mut |offset, buf| {
            let length = buf.len() as u64;
            let mut content = image
                .part(Part { offset, length })
                .map_err(flash::Error::Source)?;
            content.read_exact(buf).map_err(flash::Error::Source)
        }),
        Step::Sign(_, id) => first_sector(disk, &mut |sector| {
            sector[SIGNATURE_AT..].copy_from_slice(&SIGNATURE);
            sector[ID_AT..ID_AT + 4].copy_from_slice(&id.to_le_bytes());
        }),
        // Does not go to an open device.
        Step::Plant(_) => Ok(()),
    }
}

fn first_sector(
    disk: &mut dyn Disk,
    change: &mut dyn FnMut(&mut [u8; SECTOR]),
) -> Result<(), flash::Error> {
    let mut sector = [0; SECTOR];
    disk.read(0, &mut sector)
        .map_err(flash::Error::io("read", 0))?;
    change(&mut sector);
    put(disk, 0, &sector)
}

/// Writes bytes and reads them back.
pub(super) fn put(disk: &mut dyn Disk, at: u64, bytes: &[u8]) -> Result<(), flash::Error> {
    disk.write(at, bytes)
        .map_err(flash::Error::io("write", at))?;
    let mut back = vec![0; bytes.len()];
    disk.read(at, &mut back)
        .map_err(flash::Error::io("read", at))?;
    match back == bytes {
        true => Ok(()),
        false => Err(flash::Error::Mismatch { offset: at }),
    }
}

fn copy(
    image: &mut Image<'_>,
    part: Part,
    disk: &mut dyn Disk,
    at: u64,
) -> Result<(), flash::Error> {
    image.each(part, &mut |offset, piece| put(disk, at + offset, piece))
}
