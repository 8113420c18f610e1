//! UBI and UBIFS as far as one must know them to tell what is there.
//!
//! The trap: a UBIFS that is empty is made by the kernel at its first mount, in many writes.
//! Cut off in the middle it leaves something that no kernel mounts and that is not empty.

use super::{Error, blocks};
use crate::sys::{Flash, Ubi, UbiVolume, VolumeId};

/// The first bytes of every node of a UBIFS: magic, checksum, sequence number, length, type.
const NODE: usize = 24;
const NODE_MAGIC: [u8; 4] = 0x0610_1831_u32.to_le_bytes();
/// Types of node of fs/ubifs/ubifs-media.h.
const SUPERBLOCK: u8 = 6;
const MASTER: u8 = 7;
/// The two blocks that hold the master node, one a copy of the other.
const MASTERS: [u64; 2] = [1, 2];
/// More blocks than making an empty UBIFS writes before its superblock.
const FEW: u64 = 16;

/// What a volume holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing: the kernel makes a UBIFS of it when it is mounted.
    Blank,
    /// A UBIFS.
    Ubifs,
    /// An update, or the making of a UBIFS, was cut off: there is no file in it.
    Torn,
    /// Something that is not ours.
    Other,
}

/// Looks into a volume.
///
/// # Errors
/// [`Error::Io`] with the offset in the volume.
pub fn identify(ubi: &mut dyn Ubi, volume: &UbiVolume) -> Result<Content, Error> {
    if volume.torn {
        return Ok(Content::Torn);
    }
    let mut head = |number: u64| {
        let offset = number * u64::from(volume.block_size);
        head_of(ubi, volume.id, offset)
    };
    let blocks = volume.size / u64::from(volume.block_size.max(1));
    if blocks < 3 {
        return Ok(Content::Other);
    }
    let first = head(0)?;
    if is_blank(&first) {
        let mut used = 0;
        for number in 1..blocks {
            used += u64::from(!is_blank(&head(number)?));
        }
        return Ok(match used {
            0 => Content::Blank,
            1..FEW => Content::Torn,
            _ => Content::Other,
        });
    }
    if !is_node(&first, SUPERBLOCK) {
        return Ok(Content::Other);
    }
    for number in MASTERS {
        // One of them is always there: they are written one after the other.
        if is_node(&head(number)?, MASTER) {
            return Ok(Content::Ubifs);
        }
    }
    Ok(Content::Torn)
}

/// Whether these are the first bytes of a node of this type.
pub fn is_node(head: &[u8; NODE], kind: u8) -> bool {
    head.starts_with(&NODE_MAGIC) && head[20] == kind
}

fn is_blank(head: &[u8]) -> bool {
    head.iter().all(|&byte| byte == 0xff)
}

fn head_of(ubi: &mut dyn Ubi, id: VolumeId, offset: u64) -> Result<[u8; NODE], Error> {
    let mut head = [0; NODE];
    ubi.read(id, offset, &mut head)
        .map_err(Error::io("read", offset))?;
    Ok(head)
}

/// Bytes of the header that UBI puts at the beginning of every erase block.
pub const EC_HEADER: usize = 64;

/// The erase counter of a block, from its first bytes (drivers/mtd/ubi/ubi-media.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EraseCounter {
    /// How often the block was erased.
    pub count: u64,
    /// Where the header of the volume lies, in bytes from the beginning of the block.
    pub volume_header: u32,
    /// Where the data begin.
    pub data: u32,
}

impl EraseCounter {
    /// Reads a header whose checksum is right.
    pub fn parse(head: &[u8; EC_HEADER]) -> Option<EraseCounter> {
        let word = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?));
        let count = u64::from_be_bytes(head[8..16].try_into().ok()?);
        let found = EraseCounter {
            count,
            volume_header: word(16)?,
            data: word(20)?,
        };
        let sum = sum_of(&head[..60]);
        let sound = head.starts_with(b"UBI#") && head[4] == 1 && word(60)? == sum;
        (sound && found.volume_header < found.data).then_some(found)
    }
}

/// Whether the first good block of a partition begins as UBI makes it.
///
/// # Errors
/// [`Error::Io`] with the offset.
pub fn is_on(flash: &mut dyn Flash) -> Result<bool, Error> {
    let Some(&first) = blocks::good(flash, 0)?.first() else {
        return Ok(false);
    };
    let mut head = [0; EC_HEADER];
    flash
        .read(first, &mut head)
        .map_err(Error::io("read", first))?;
    Ok(EraseCounter::parse(&head).is_some())
}

/// CRC-32 begun with all ones and not inverted at the end, as UBI has it.
fn sum_of(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    !sum.sum()
}

/// What ubinize makes: erased 3 times, image sequence 0x12345678, pages of 2048 bytes.
#[cfg(test)]
pub const SAMPLE: [u8; EC_HEADER] = {
    let mut head = [0; EC_HEADER];
    (head[0], head[1], head[2], head[3], head[4]) = (b'U', b'B', b'I', b'#', 1);
    (head[15], head[18], head[22]) = (3, 8, 16);
    (head[24], head[25], head[26], head[27]) = (0x12, 0x34, 0x56, 0x78);
    (head[60], head[61], head[62], head[63]) = (0xcf, 0x24, 0x4f, 0x17);
    head
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::ubi::FakeUbi;

    fn check(content: &[(u64, &[u8])], expected: Content) {
        let mut ubi = FakeUbi::default();
        let id = ubi.add("rootfs_data", 40);
        for (block, bytes) in content {
            ubi.fill(id, block * u64::from(FakeUbi::BLOCK), bytes);
        }
        let volume = ubi.volumes().unwrap().remove(0);
        assert_eq!(
            identify(&mut ubi, &volume).unwrap(),
            expected,
            "{content:?}"
        );
    }

    fn node(kind: u8) -> [u8; NODE] {
        let mut node = [0; NODE];
        node[..4].copy_from_slice(&NODE_MAGIC);
        node[20] = kind;
        node
    }

    #[test]
    fn contents_are_told_by_the_first_blocks() {
        check(&[], Content::Blank);
        check(
            &[(0, &node(SUPERBLOCK)), (1, &node(MASTER))],
            Content::Ubifs,
        );
        check(
            &[(0, &node(SUPERBLOCK)), (2, &node(MASTER))],
            Content::Ubifs,
        );
        check(&[(0, b"hsqs")], Content::Other);
        check(&[(0, &node(MASTER))], Content::Other);
    }

    #[test]
    fn making_a_file_system_that_was_cut_off_left_no_file() {
        check(&[(0, &node(SUPERBLOCK))], Content::Torn);
        check(&[(7, &[0; 100]), (8, &[0; 100])], Content::Torn);
        // So much is not written before the superblock.
        let data = [0; 100];
        let full: Vec<(u64, &[u8])> = (3..30).map(|block| (block, &data[..])).collect();
        check(&full, Content::Other);
    }

    #[test]
    fn a_header_of_ubi_is_believed_with_its_checksum_alone() {
        let mut head = SAMPLE;
        let expected = EraseCounter {
            count: 3,
            volume_header: 2048,
            data: 4096,
        };
        assert_eq!(EraseCounter::parse(&head), Some(expected));
        head[40] = 1;
        assert_eq!(EraseCounter::parse(&head), None);
    }
}
