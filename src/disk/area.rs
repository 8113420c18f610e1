//! Changing an area: marking it void, and taking the settings that lie in it.

use super::{Stream, read};
use crate::flash::Error;
use crate::flash::jffs2::END_MARKER;
use crate::sys::Disk;
use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, BufReader, Read, Write};

/// Both superblocks of an f2fs lie in it, and the one of an ext4.
const SUPERBLOCKS: usize = 8192;
const SECTOR: usize = 512;

/// Says at the beginning of the area that nothing in it counts any more. Then the old
/// superblocks go: a mkfs that is cut off has overwritten the marker already, and what it
/// leaves must not look like the old file system.
///
/// # Errors
/// Any failure, and a marker that cannot be read back.
pub fn mark_void(disk: &mut dyn Disk, start: u64) -> Result<(), Error> {
    // A whole sector: a disk can tear nothing smaller.
    let mut sector = [0; SECTOR];
    read(disk, start, &mut sector)?;
    sector[..4].copy_from_slice(&END_MARKER);
    let mut write = |offset, data: &[u8]| {
        let written = disk.write(offset, data);
        written.map_err(Error::io("write", offset))
    };
    write(start, &sector)?;
    write(start + SECTOR as u64, &[0; SUPERBLOCKS - SECTOR])?;
    let mut back = [0; SUPERBLOCKS];
    read(disk, start, &mut back)?;
    match back.split_at(SECTOR) {
        (marked, rest) if marked == sector && rest.iter().all(|&byte| byte == 0) => Ok(()),
        _ => Err(Error::Mismatch { offset: start }),
    }
}

/// Copies settings that lie at an offset.
///
/// # Errors
/// [`Error::Source`].
pub fn copy_archive(
    disk: &mut dyn Disk,
    offset: u64,
    length: u64,
    to: &mut dyn Write,
) -> Result<(), Error> {
    let mut archive = Stream { disk, at: offset }.take(length);
    match io::copy(&mut archive, to) {
        Ok(got) if got == length => Ok(()),
        Ok(got) => Err(Error::Short {
            got,
            expected: length,
        }),
        Err(error) => Err(Error::Source(error)),
    }
}

/// Bytes of the gzip stream at an offset; only unpacking tells.
///
/// # Errors
/// It is damaged, or cannot be read.
pub fn archive_length(disk: &mut dyn Disk, offset: u64) -> io::Result<u64> {
    let mut packed = BufReader::with_capacity(32 * 1024, Stream { disk, at: offset });
    let mut unpacked = GzDecoder::new(&mut packed);
    io::copy(&mut unpacked, &mut io::sink())?;
    let ahead = packed.fill_buf()?.len() as u64;
    Ok(packed.into_inner().at - ahead - offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::disk::FakeDisk;
    use flate2::{Compression, write::GzEncoder};

    #[test]
    fn a_mark_leaves_no_superblock() {
        let mut disk = FakeDisk::new(3 * 8192);
        disk.fill(0, &[0x55; 3 * 8192]);
        mark_void(&mut disk, 8192).unwrap();
        let bytes = disk.bytes();
        assert_eq!(bytes[8191..8197], [0x55, 0xde, 0xad, 0xc0, 0xde, 0x55]);
        assert_eq!(bytes[8192 + 511..][..3], [0x55, 0, 0]);
        assert_eq!(bytes[2 * 8192 - 1..][..2], [0, 0x55]);
    }

    #[test]
    fn a_mark_that_fails_says_where() {
        let mut disk = FakeDisk::new(8192);
        disk.break_at(4096);
        let error = mark_void(&mut disk, 4096).unwrap_err();
        assert_eq!(error.to_string(), "read at 0x1000: Input/output error");
    }

    #[test]
    fn an_archive_comes_out_without_what_lies_behind_it() {
        let content: Vec<u8> = (0..100_000_u32)
            .map(|n| (n.wrapping_mul(n) >> 9) as u8)
            .collect();
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(&content).unwrap();
        let packed = packer.finish().unwrap();
        let mut disk = FakeDisk::new(512 * 1024);
        disk.fill(0, &vec![0xa5; 512 * 1024]);
        disk.fill(1024, &packed);
        let mut out = Vec::new();
        let length = archive_length(&mut disk, 1024).unwrap();
        assert_eq!(length, packed.len() as u64);
        copy_archive(&mut disk, 1024, length, &mut out).unwrap();
        assert!(out == packed);
        disk.fill(1024 + packed.len() as u64 / 2, &[0; 512]);
        assert!(archive_length(&mut disk, 1024).is_err());
    }
}
