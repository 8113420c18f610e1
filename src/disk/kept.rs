//! Settings that wait at the end of an area while a file system is made in front of them.
//!
//! An upgrade leaves them where the file system goes. They are copied to the end first, and the
//! file system is made so small that it does not reach them; they are forgotten when they lie in
//! it. The trap: a file system that covers that place may hold anything there, even an old copy.

use super::content::{Content, size_of};
use super::read;
use crate::flash::Error;
use crate::sys::Disk;
use flate2::Crc;

/// The last sector of the area: this, where they begin (from the beginning of the area), their
/// length, their checksum, and a checksum of all that; big-endian.
const MAGIC: &[u8; 16] = b"safebox settings";
const SECTOR: usize = 512;
const USED: usize = 40;
/// The file system in front ends at a multiple of this, as every kind can.
const ROUNDING: u64 = 64 * 1024;
/// Less than this in front of them is no room for a file system.
const LEAST: u64 = 1024 * 1024;

/// Settings at the end of an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where they begin, in bytes from the beginning of the area.
    pub offset: u64,
    /// Their length in bytes.
    pub length: u64,
}

/// Where in an area of this size settings of this length can wait, and a file system must end.
pub fn place(room: u64, length: u64) -> Option<u64> {
    let end = last_sector(room)?.checked_sub(length)?;
    let at = end - end % ROUNDING;
    (at >= LEAST).then_some(at)
}

fn last_sector(room: u64) -> Option<u64> {
    (room - room % SECTOR as u64).checked_sub(SECTOR as u64)
}

/// The settings that wait at the end of the area from `start` on, which holds `content`; None
/// where a file system covers them.
///
/// # Errors
/// [`Error::Io`], unless there is a file system, which must not suffer for it.
pub fn find(disk: &mut dyn Disk, start: u64, content: Content) -> Result<Option<Kept>, Error> {
    match content {
        Content::Blank | Content::Void => at_end(disk, start),
        Content::Ext4 | Content::F2fs => {
            let found = at_end(disk, start).ok().flatten();
            let Some(kept) = found else {
                return Ok(None);
            };
            let covered = size_of(disk, start, content)? > kept.offset;
            Ok(found.filter(|_| !covered))
        }
        Content::Archive { .. } | Content::Other => Ok(None),
    }
}

/// What the last sector tells, if all of it is true.
fn at_end(disk: &mut dyn Disk, start: u64) -> Result<Option<Kept>, Error> {
    let Some(last) = last_sector(disk.size().saturating_sub(start)) else {
        return Ok(None);
    };
    let mut sector = [0; SECTOR];
    read(disk, start + last, &mut sector)?;
    let word = |at: usize| {
        let bytes = sector[at..].first_chunk();
        u64::from_be_bytes(*bytes.unwrap_or(&[0; 8]))
    };
    let (offset, length) = (word(16), word(24));
    let fits = offset.checked_add(length).is_some_and(|end| end <= last);
    if !sector.starts_with(MAGIC) || !fits {
        return Ok(None);
    }
    let sum = checksum(disk, start + offset, length)?;
    let kept = Kept { offset, length };
    Ok((sector[..USED] == describe(kept, sum)).then_some(kept))
}

fn describe(kept: Kept, sum: u32) -> [u8; USED] {
    let mut bytes = [0; USED];
    bytes[..16].copy_from_slice(MAGIC);
    bytes[16..24].copy_from_slice(&kept.offset.to_be_bytes());
    bytes[24..32].copy_from_slice(&kept.length.to_be_bytes());
    bytes[32..36].copy_from_slice(&sum.to_be_bytes());
    let mut crc = Crc::new();
    crc.update(&bytes[..36]);
    bytes[36..].copy_from_slice(&crc.sum().to_be_bytes());
    bytes
}

fn checksum(disk: &mut dyn Disk, from: u64, length: u64) -> Result<u32, Error> {
    let mut crc = Crc::new();
    in_parts(length, &mut |at, part| {
        read(disk, from + at, part)?;
        crc.update(part);
        Ok(())
    })?;
    Ok(crc.sum())
}

/// Given an offset and a buffer for what is there.
type Work<'a> = dyn FnMut(u64, &mut [u8]) -> Result<(), Error> + 'a;

/// Calls `work` for each part of so many bytes.
fn in_parts(length: u64, work: &mut Work<'_>) -> Result<(), Error> {
    let mut buf = [0; 4096];
    let mut at = 0;
    while at < length {
        let count = (length - at).min(buf.len() as u64) as usize;
        work(at, &mut buf[..count])?;
        at += count as u64;
    }
    Ok(())
}

/// Copies `length` bytes at `from` to `to.offset`, both from the beginning of the area, and then
/// says in the last sector that they are there.
///
/// # Errors
/// Any failure, and what cannot be read back as it was.
pub fn keep(disk: &mut dyn Disk, start: u64, from: u64, to: Kept) -> Result<(), Error> {
    let Some(last) = last_sector(disk.size().saturating_sub(start)) else {
        return Err(Error::NoRoom);
    };
    let sum = checksum(disk, start + from, to.length)?;
    in_parts(to.length, &mut |at, part| {
        read(disk, start + from + at, part)?;
        let offset = start + to.offset + at;
        disk.write(offset, part).map_err(Error::io("write", offset))
    })?;
    let mut sector = [0; SECTOR];
    sector[..USED].copy_from_slice(&describe(to, sum));
    let offset = start + last;
    disk.write(offset, &sector)
        .map_err(Error::io("write", offset))?;
    match at_end(disk, start)? {
        Some(kept) if kept == to => Ok(()),
        _ => Err(Error::Mismatch { offset }),
    }
}

/// Settings at the end of the area count no more.
///
/// # Errors
/// Any failure. Where there are none nothing is written.
pub fn forget(disk: &mut dyn Disk, start: u64) -> Result<(), Error> {
    let Some(last) = last_sector(disk.size().saturating_sub(start)) else {
        return Ok(());
    };
    let offset = start + last;
    let mut sector = [0; SECTOR];
    read(disk, offset, &mut sector)?;
    if !sector.starts_with(MAGIC) {
        return Ok(());
    }
    disk.write(offset, &[0; SECTOR])
        .map_err(Error::io("write", offset))?;
    match at_end(disk, start)? {
        None => Ok(()),
        Some(_) => Err(Error::Mismatch { offset }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::disk::FakeDisk;

    const SIZE: usize = 2 << 20;
    const START: u64 = 65_536;

    fn kept() -> (FakeDisk, Kept) {
        let mut disk = FakeDisk::new(SIZE);
        disk.fill(START + 512, &[7; 5000]);
        let length = 5000;
        let offset = place(SIZE as u64 - START, length).unwrap();
        let to = Kept { offset, length };
        keep(&mut disk, START, 512, to).unwrap();
        (disk, to)
    }

    #[test]
    fn settings_are_found_at_the_end_until_they_are_forgotten() {
        let (mut disk, to) = kept();
        for content in [Content::Blank, Content::Void] {
            assert_eq!(find(&mut disk, START, content).unwrap(), Some(to));
        }
        assert_eq!(find(&mut disk, START, Content::Other).unwrap(), None);
        assert_eq!(
            disk.bytes()[(START + to.offset) as usize..][..5000],
            [7; 5000]
        );
        forget(&mut disk, START).unwrap();
        assert_eq!(find(&mut disk, START, Content::Void).unwrap(), None);
        // Nothing of somebody else is overwritten.
        disk.fill(SIZE as u64 - 512, b"photographs");
        forget(&mut disk, START).unwrap();
        assert_eq!(disk.bytes()[SIZE - 512..][..11], *b"photographs");
    }

    #[test]
    fn a_file_system_that_covers_them_makes_them_void() {
        for fstype in ["ext4", "f2fs"] {
            let content = match fstype {
                "ext4" => Content::Ext4,
                _ => Content::F2fs,
            };
            let (mut disk, to) = kept();
            disk.make_fs(START, to.offset, fstype, &[]);
            assert_eq!(find(&mut disk, START, content).unwrap(), Some(to));
            disk.make_fs(START, to.offset + 4096, fstype, &[]);
            assert_eq!(find(&mut disk, START, content).unwrap(), None);
        }
    }

    #[test]
    fn what_is_torn_or_damaged_does_not_count() {
        let (disk, to) = kept();
        let bytes = disk.bytes().to_vec();
        for at in [to.offset, to.offset + 4999, SIZE as u64 - START - 512 + 20] {
            let mut disk = FakeDisk::new(SIZE);
            disk.fill(0, &bytes);
            let old = bytes[(START + at) as usize];
            disk.fill(START + at, &[!old]);
            assert_eq!(find(&mut disk, START, Content::Void).unwrap(), None);
        }
    }

    #[test]
    fn an_area_too_small_for_both_has_no_place() {
        assert_eq!(place(2 << 20, 1000), Some((2 << 20) - 65_536));
        assert_eq!(place(2 << 20, 1_000_000), Some(0x10_0000));
        assert_eq!(place(2 << 20, 1 << 20), None);
        assert_eq!(place(100, 1), None);
        assert_eq!(place(2 << 20, u64::MAX), None);
    }

    #[test]
    fn a_disk_that_fails_at_its_end_costs_no_file_system() {
        let (mut disk, _) = kept();
        disk.break_at(SIZE as u64 - 512);
        assert_eq!(find(&mut disk, START, Content::Ext4).unwrap(), None);
        let error = find(&mut disk, START, Content::Void).unwrap_err();
        assert_eq!(error.to_string(), "read at 0x1ffe00: Input/output error");
    }
}
