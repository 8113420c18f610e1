//! Where the space behind a read-only root file system begins.

use super::read;
use crate::flash::Error;
use crate::image::squashfs::{SUPERBLOCK, Squashfs};
use crate::sys::Disk;

/// The data begin at a multiple of this, whatever the disk's own blocks are.
const ROUNDING: u64 = 64 * 1024;
/// Less than this is no room for a file system.
const LEAST: u64 = 1024 * 1024;
/// Where an EROFS superblock lies.
pub const EROFS_AT: u64 = 1024;
/// How much of it is looked at.
pub const EROFS_LENGTH: usize = 64;
const EROFS_MAGIC: u32 = 0xe0f5_e1e2;

/// Where the area behind a squashfs or EROFS begins, in bytes; None if the disk begins with
/// neither, or has no room behind it.
pub fn area(disk: &mut dyn Disk) -> Result<Option<u64>, Error> {
    let size = disk.size();
    if size < LEAST {
        return Ok(None);
    }
    let mut head = [0; SUPERBLOCK];
    read(disk, 0, &mut head)?;
    let length = match Squashfs::parse(&head) {
        Some(found) => Some(found.length),
        None => {
            let mut head = [0; EROFS_LENGTH];
            read(disk, EROFS_AT, &mut head)?;
            erofs_length(&head)
        }
    };
    let start = length.and_then(|length| length.checked_next_multiple_of(ROUNDING));
    Ok(start.filter(|start| size.checked_sub(*start).is_some_and(|room| room >= LEAST)))
}

/// Bytes of an EROFS, from the beginning of its superblock (fs/erofs/erofs_fs.h: the size of
/// a block as a power of two at 12, the number of blocks at 36).
pub fn erofs_length(head: &[u8; EROFS_LENGTH]) -> Option<u64> {
    let word = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
    let bits = u32::from(head[12]);
    let blocks = u64::from(word(36)?);
    let plausible = word(0)? == EROFS_MAGIC && (9..=16).contains(&bits) && blocks > 0;
    plausible.then(|| blocks << bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::disk::FakeDisk;

    #[test]
    fn the_area_begins_at_the_next_64_kib() {
        let mut disk = FakeDisk::new(4 << 20);
        assert_eq!(area(&mut disk).unwrap(), None);
        disk.fill(0, &squashfs(100_000));
        assert_eq!(area(&mut disk).unwrap(), Some(128 * 1024));
        disk.fill(0, &squashfs(65_536));
        assert_eq!(area(&mut disk).unwrap(), Some(65_536));
        // No room is left, or the length is nonsense.
        disk.fill(0, &squashfs(4 << 20));
        assert_eq!(area(&mut disk).unwrap(), None);
        disk.fill(0, &squashfs(u64::MAX));
        assert_eq!(area(&mut disk).unwrap(), None);
        disk.fill(0, &[0; 96]);
        disk.fill(1024, &erofs(12, 17));
        assert_eq!(area(&mut disk).unwrap(), Some(128 * 1024));
        disk.fill(1024, &erofs(64, 17));
        assert_eq!(area(&mut disk).unwrap(), None);
    }

    fn squashfs(length: u64) -> [u8; SUPERBLOCK] {
        crate::fake::disk::squashfs(length)
    }

    fn erofs(bits: u8, blocks: u32) -> [u8; EROFS_LENGTH] {
        let mut head = [0; EROFS_LENGTH];
        head[..4].copy_from_slice(&EROFS_MAGIC.to_le_bytes());
        head[12] = bits;
        head[36..40].copy_from_slice(&blocks.to_le_bytes());
        head
    }
}
