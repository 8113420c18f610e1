//! jffs2 without the kernel: nodes written for one file, and all files read back.
//!
//! [`build()`] makes the blocks that carry settings into the next boot. [`Index`] finds every
//! sound node of a partition or of a copy of one, [`Tree`] shows what the nodes come to as
//! entries of an archive, so that settings can be saved from a file system that the kernel
//! will not mount.
//!
//! The kernel's jffs2 is in the byte order of the CPU and its CRC is the usual polynomial with
//! seed 0 and no final inversion. The end-of-filesystem marker `DE AD C0 DE` on the other
//! hand is the same bytes everywhere.

mod build;
mod content;
mod index;
mod lzma;
mod lzo;
#[cfg(test)]
mod tests;
mod tree;
mod unpack;

pub use build::{File, Place, build, build_at, cleanmarker, end_block};
pub use content::Content;
pub use index::{Index, Medium};
pub use tree::Tree;

use flate2::Crc;

/// Byte order of the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endian {
    /// x86, ARM, mipsel.
    Little,
    /// mips.
    Big,
}

impl Endian {
    /// That of the machine that runs this.
    pub const NATIVE: Endian = if cfg!(target_endian = "big") {
        Endian::Big
    } else {
        Endian::Little
    };

    fn u16(self, value: u16) -> [u8; 2] {
        match self {
            Endian::Little => value.to_le_bytes(),
            Endian::Big => value.to_be_bytes(),
        }
    }

    fn u32(self, value: u32) -> [u8; 4] {
        match self {
            Endian::Little => value.to_le_bytes(),
            Endian::Big => value.to_be_bytes(),
        }
    }

    /// The 16-bit number at an offset of a node; 0 where the node has ended.
    pub(crate) fn half_at(self, bytes: &[u8], at: usize) -> u16 {
        let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
        self.read_u16(found.copied().unwrap_or_default())
    }

    /// The 32-bit number at an offset of a node; 0 where the node has ended.
    pub(crate) fn word_at(self, bytes: &[u8], at: usize) -> u32 {
        let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
        self.read_u32(found.copied().unwrap_or_default())
    }

    /// Reads what [`Endian::u16`] wrote.
    pub fn read_u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Endian::Little => u16::from_le_bytes(bytes),
            Endian::Big => u16::from_be_bytes(bytes),
        }
    }

    /// Reads what [`Endian::u32`] wrote.
    pub fn read_u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Endian::Little => u32::from_le_bytes(bytes),
            Endian::Big => u32::from_be_bytes(bytes),
        }
    }
}

/// First bytes of an erase block from which on everything is void.
pub const END_MARKER: [u8; 4] = [0xde, 0xad, 0xc0, 0xde];

/// JFFS2_MAGIC_BITMASK.
pub const MAGIC: u16 = 0x1985;
/// JFFS2_NODETYPE_CLEANMARKER.
pub const CLEANMARKER: u16 = 0x2003;
/// JFFS2_NODETYPE_DIRENT.
pub const DIRENT: u16 = 0xe001;
/// JFFS2_NODETYPE_INODE.
pub const INODE: u16 = 0xe002;

/// Bytes of a dirent before the name.
const DIRENT_HEAD: usize = 40;
/// Bytes of an inode before the data.
const INODE_HEAD: usize = 68;
/// JFFS2_NODE_ACCURATE: the kernel clears it on NOR in nodes that have been replaced.
const ACCURATE: u16 = 0x2000;

/// CRC-32 (reflected 0xEDB88320) as jffs2 has it: seed 0, no final inversion.
pub fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    // The usual seed is all ones; these bytes take it to 0.
    crc.update(&[0xff; 4]);
    crc.update(bytes);
    !crc.sum()
}

/// Type and length of the node that begins with these bytes, by magic and checksum.
///
/// The checksum is that of the node before it was replaced (`fs/jffs2/scan.c`), and so is the
/// type; whether it was replaced is the third value.
pub fn header(head: &[u8; 12], endian: Endian) -> Option<(u16, usize, bool)> {
    let stored = endian.half_at(head, 2);
    let nodetype = stored | ACCURATE;
    let total = endian.word_at(head, 4) as usize;
    let mut original = *head;
    original[2..4].copy_from_slice(&endian.u16(nodetype));
    let sound = endian.half_at(head, 0) == MAGIC
        && endian.word_at(head, 8) == crc(&original[..8])
        && total >= head.len();
    sound.then_some((nodetype, total, stored != nodetype))
}

#[test]
fn the_crc_has_seed_zero_and_no_inversion() {
    assert_eq!(crc(b"123456789"), 0x2dfd_2d88);
}
