//! What an area of a disk holds.
//!
//! The trap: whatever is taken for empty here is formatted by the next boot.

use super::read;
use crate::flash::Error;
use crate::flash::jffs2::END_MARKER;
use crate::sys::Disk;

/// What an upgrade clears when it leaves no settings.
const CLEARED: usize = 4096;
/// An archive of settings may follow so many sectors that are empty.
const SECTORS: u64 = 512;
const SECTOR: u64 = 512;
/// How an archive of settings begins: gzip without a name.
const ARCHIVE: [u8; 4] = [0x1f, 0x8b, 0x08, 0x00];

/// The magic of f2fs and its place in the superblock, and the second superblock.
const F2FS: [u8; 4] = 0xf2f5_2010_u32.to_le_bytes();
const F2FS_AT: [usize; 2] = [0x400, 0x1400];
const EXT4: [u8; 2] = 0xef53_u16.to_le_bytes();
const EXT4_AT: usize = 0x438;

/// File systems and their like that leave the first 4 KiB free: RAID, bcachefs, JFS, ISO 9660,
/// UDF, ReiserFS, btrfs, GFS2.
const LATE: [(u64, &[u8]); 9] = [
    (0x1000, &[0xfc, 0x4e, 0x2b, 0xa9]),
    (0x1018, &[0xc6, 0x85, 0x73, 0xf6]),
    (0x8000, b"JFS1"),
    (0x8001, b"CD001"),
    (0x8001, b"BEA01"),
    (0x2034, b"ReIsEr"),
    (0x1_0034, b"ReIsEr"),
    (0x1_0040, b"_BHRfS_M"),
    (0x1_0000, &[0x01, 0x16, 0x19, 0x70]),
];

/// What an area holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing.
    Blank,
    /// The void marker: nothing behind it counts.
    Void,
    /// Settings that an upgrade has left, in a file system yet to be made.
    Archive {
        /// Where it begins, in bytes from the beginning of the area.
        offset: u64,
    },
    /// ext2, ext3 or ext4.
    Ext4,
    /// f2fs.
    F2fs,
    /// Something that is not ours.
    Other,
}

/// Looks at the area from `start` to the end of the disk.
///
/// # Errors
/// [`Error::Io`] with the offset on the disk.
pub fn identify(disk: &mut dyn Disk, start: u64) -> Result<Content, Error> {
    let room = disk.size().saturating_sub(start);
    let mut head = [0; 2 * CLEARED];
    if room < head.len() as u64 {
        return Ok(Content::Other);
    }
    read(disk, start, &mut head)?;
    let holds = |at: usize, magic: &[u8]| head.get(at..at + magic.len()) == Some(magic);
    let first = &head[..CLEARED];
    let blank = [0, 0xff]
        .iter()
        .any(|empty| first.iter().all(|byte| byte == empty));
    let void = head.starts_with(&END_MARKER);
    if head.starts_with(&ARCHIVE) {
        return Ok(Content::Archive { offset: 0 });
    }
    let erased = head[..SECTOR as usize].iter().all(|&byte| byte == 0xff);
    if (void || erased)
        && let Some(offset) = archive_behind(disk, start, room)?
    {
        return Ok(Content::Archive { offset });
    }
    Ok(match () {
        () if void => Content::Void,
        () if holds(F2FS_AT[0], &F2FS) => Content::F2fs,
        () if holds(EXT4_AT, &EXT4) => Content::Ext4,
        () if blank && !has_late_magic(disk, start, room)? => Content::Blank,
        () if !blank && holds(F2FS_AT[1], &F2FS) => Content::F2fs,
        () => Content::Other,
    })
}

/// Bytes of the ext4 or f2fs that begins at `start`, as its superblock tells (the layouts of
/// fs/ext4/ext4.h and linux/f2fs_fs.h); 0 for anything else, and the most where it lies.
///
/// # Errors
/// [`Error::Io`].
pub fn size_of(disk: &mut dyn Disk, start: u64, content: Content) -> Result<u64, Error> {
    let mut head = [0; 2 * CLEARED];
    read(disk, start, &mut head)?;
    let word = |at: usize| {
        let bytes = head[at..].first_chunk();
        u64::from(u32::from_le_bytes(*bytes.unwrap_or(&[0; 4])))
    };
    let at = match F2FS_AT {
        [first, _] if head[first..].starts_with(&F2FS) => first,
        [_, second] => second,
    };
    let (low, high, shift) = match content {
        Content::Ext4 => (word(0x404), word(0x550), word(0x418).saturating_add(10)),
        Content::F2fs => (word(at + 36), word(at + 40), word(at + 16)),
        _ => return Ok(0),
    };
    // Only where its 64-bit feature is on does ext4 count in two words.
    let wide = content == Content::F2fs || word(0x460) & 0x80 != 0;
    let blocks = low | if wide { high << 32 } else { 0 };
    let factor = u32::try_from(shift).ok().and_then(|n| 1_u64.checked_shl(n));
    Ok(factor.map_or(u64::MAX, |factor| blocks.saturating_mul(factor)))
}

/// The first sector that is neither erased nor marked void, if an archive begins there.
fn archive_behind(disk: &mut dyn Disk, start: u64, room: u64) -> Result<Option<u64>, Error> {
    for number in 1..SECTORS.min(room / SECTOR) {
        let offset = number * SECTOR;
        let mut sector = [0; SECTOR as usize];
        read(disk, start + offset, &mut sector)?;
        let empty = sector.starts_with(&END_MARKER) || sector.iter().all(|&byte| byte == 0xff);
        if !empty {
            return Ok(sector.starts_with(&ARCHIVE).then_some(offset));
        }
    }
    Ok(None)
}

fn has_late_magic(disk: &mut dyn Disk, start: u64, room: u64) -> Result<bool, Error> {
    for (at, magic) in LATE {
        let mut found = [0; 8];
        let found = &mut found[..magic.len()];
        if at + 8 <= room {
            read(disk, start + at, found)?;
            if found == magic {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::disk::FakeDisk;

    fn check(content: &[(u64, &[u8])], expected: Content) {
        for (start, filler) in [(0, 0), (65_536, 0xff)] {
            let mut disk = FakeDisk::new(1 << 20);
            disk.fill(start, &vec![filler; (1 << 20) - start as usize]);
            for (offset, bytes) in content {
                disk.fill(start + offset, bytes);
            }
            assert_eq!(identify(&mut disk, start).unwrap(), expected, "{content:?}");
        }
    }

    #[test]
    fn contents_are_told_by_their_beginnings() {
        check(&[], Content::Blank);
        check(&[(0, &END_MARKER)], Content::Void);
        check(&[(0x438, &EXT4)], Content::Ext4);
        check(&[(0x400, &F2FS)], Content::F2fs);
        check(&[(0, &ARCHIVE)], Content::Archive { offset: 0 });
        check(&[(0, b"photographs")], Content::Other);
        check(&[(0x800, b"photographs")], Content::Other);
    }

    #[test]
    fn a_marker_makes_void_whatever_lies_behind_it() {
        check(&[(0, &END_MARKER), (0x438, &EXT4)], Content::Void);
        check(&[(0, &END_MARKER), (0x400, &F2FS)], Content::Void);
    }

    #[test]
    fn an_area_that_an_upgrade_has_cleared_is_empty_whatever_is_left_of_it() {
        check(&[(4096, b"group descriptors")], Content::Blank);
        check(&[(0x1400, &F2FS)], Content::Blank);
        // A superblock that was torn is not cleared: the second one still counts.
        check(&[(0x404, b"torn"), (0x1400, &F2FS)], Content::F2fs);
    }

    #[test]
    fn file_systems_that_leave_their_beginning_free_are_not_taken_for_empty() {
        for (at, magic) in LATE {
            check(&[(at, magic)], Content::Other);
        }
    }

    #[test]
    fn settings_may_lie_behind_erased_sectors() {
        let mut disk = FakeDisk::new(1 << 20);
        disk.fill(0, &[0xff; 1024]);
        disk.fill(512, &END_MARKER);
        disk.fill(1024, &ARCHIVE);
        let settings = Content::Archive { offset: 1024 };
        assert_eq!(identify(&mut disk, 0).unwrap(), settings);
        disk.fill(0, &END_MARKER);
        assert_eq!(identify(&mut disk, 0).unwrap(), settings);
        disk.fill(512, b"photographs");
        assert_eq!(identify(&mut disk, 0).unwrap(), Content::Void);
    }

    #[test]
    fn too_small_a_disk_and_one_that_fails_are_not_empty() {
        assert_eq!(
            identify(&mut FakeDisk::new(4096), 0).unwrap(),
            Content::Other
        );
        assert_eq!(
            identify(&mut FakeDisk::new(65_536), 65_536).unwrap(),
            Content::Other
        );
        let mut disk = FakeDisk::new(1 << 20);
        disk.break_at(65_536);
        let error = identify(&mut disk, 65_536).unwrap_err();
        assert_eq!(error.to_string(), "read at 0x10000: Input/output error");
    }
}
