//! What a firmware file is made of: the parts of its content, with their places.
//!
//! Offsets and lengths are bytes of the content: behind gzip where there is one, in front of
//! metadata and signature. Whoever writes an image reads the content in order and needs
//! nothing but these places; no part of it has to be parsed again.

use super::container::Container;
use super::disk::Disk;
use super::fit::Fit;
use super::squashfs::Squashfs;
use super::tar::Tar;
use super::ubi::{Ubi, Ubifs};
use super::uimage;
use std::fmt;

/// A checksum that a file claims, and the one it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// As claimed.
    pub claimed: u32,
    /// As computed; None: the data are not all there.
    pub real: Option<u32>,
}

impl Sum {
    /// Whether both agree.
    pub fn is_right(self) -> bool {
        self.real == Some(self.claimed)
    }
}

/// The kernel's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// None: the header's own checksum is wrong.
    pub header: Option<uimage::Header>,
    /// Of the data behind the header.
    pub data: Option<Sum>,
}

/// A read-only file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSystem {
    /// By its superblock.
    Squashfs(Squashfs),
    /// So many bytes.
    Erofs(u64),
}

impl FileSystem {
    /// Bytes, by its own account.
    pub fn length(self) -> u64 {
        match self {
            FileSystem::Squashfs(found) => found.length,
            FileSystem::Erofs(length) => length,
        }
    }
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileSystem::Squashfs(found) => write!(f, "squashfs ({})", found.compression_name()),
            FileSystem::Erofs(_) => f.write_str("EROFS"),
        }
    }
}

/// The root file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Root {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// Which it is.
    pub system: FileSystem,
}

impl Root {
    /// Where it ends, by its own account.
    pub fn end(self) -> u64 {
        self.offset.saturating_add(self.system.length())
    }
}

/// A header with a checksum over what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Where the bytes begin that the checksum covers.
    pub start: u64,
    /// Where they end.
    pub end: u64,
    /// Whether the checksum is right; None: the bytes are not all there.
    pub is_right: Option<bool>,
    /// Where the parts begin that the header names; the first is the kernel or its loader.
    pub parts: Vec<u64>,
}

/// The content by the way it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Bytes for an MTD partition as they are: uImage (see [`Body::kernel`]), TRX and Seama
    /// (see [`Body::seal`]). The kernel is everything in front of [`Body::root`]. Up to
    /// [`Body::written`] is written, settings follow; where [`Body::padded`] is false, what is
    /// behind belongs to the image too and there is no place for settings.
    Raw,
    /// A kernel and a root file system for UBI volumes or partitions of an eMMC.
    Tar(Tar),
    /// An image tree: goes as a whole, [`Fit::length`] bytes, into the UBI volume `fit`, the
    /// partition `kernel` of an eMMC, or an MTD partition; with [`Body::root`] behind it as
    /// [`Content::Raw`].
    Fit(Fit),
    /// Partitions for a disk or a card.
    Disk(Disk),
    /// Erase blocks for a whole UBI partition: [`Ubi::blocks`] of [`Ubi::block_size`] bytes.
    /// Writing keeps the erase counters of the flash and skips bad blocks.
    Ubi(Ubi),
    /// The content of the UBI volume `rootfs`, all of it.
    Ubifs(Ubifs),
    /// A root file system alone: [`Body::root`], at 0.
    Root,
    /// Nothing that can be written.
    Other,
}

/// The content of a file, or of a member of a tar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Format of the whole.
    pub container: Container,
    /// Bytes.
    pub length: u64,
    /// Its parts.
    pub content: Content,
    /// For a uImage.
    pub kernel: Option<Kernel>,
    /// For TRX and Seama.
    pub seal: Option<Seal>,
    /// The root file system behind a kernel, or alone.
    pub root: Option<Root>,
    /// Bytes to be written: up to the end of the root file system, rounded up to the erase
    /// block; all where there is none.
    pub written: u64,
    /// Behind that comes only padding, as image builders make it.
    pub padded: bool,
    /// CRC32 of the first `written` bytes (or all, if there are fewer): the writer compares
    /// it, for the file may change after it was checked.
    pub crc: u32,
}

impl Body {
    /// The checksum in the header covers bytes behind [`Body::written`].
    pub fn is_covered(&self) -> bool {
        let seal = self.seal.as_ref().map_or(0, |seal| seal.end);
        self.root.is_some() && seal > self.written
    }
}
