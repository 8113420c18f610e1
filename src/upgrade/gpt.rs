//! The GUIDs of an image for the partitions of a disk that has its own table.
//!
//! By its GUID the new kernel's command line names the root file system. Entries of the image
//! that are the same on the disk give it their type and their GUID, in both tables of the disk;
//! what else the disk has stays as it is.

use super::source::ReadAt;
use crate::flash;
use crate::sys::Disk;
use flate2::Crc;
use std::ops::Range;

const SECTOR: u64 = 512;
/// Entries are not larger, all together.
const MOST_ENTRIES: u64 = 32 * 1024;
/// In a header: its checksum, where it lies and where the other one does, the disk's GUID, where
/// the entries lie, how many and how large they are, and their checksum.
const CRC: Range<usize> = 16..20;
const OWN: usize = 24;
const OTHER: usize = 32;
const GUID: Range<usize> = 56..72;
const ENTRIES: usize = 72;
const COUNT: usize = 80;
const EACH: usize = 84;
const ENTRIES_CRC: Range<usize> = 88..92;
/// In an entry: type and GUID; first and last sector.
const NAMES: Range<usize> = 0..32;
const PLACE: Range<usize> = 32..48;

/// A header and its entries, whose checksums are right.
struct Table {
    at: u64,
    header: [u8; SECTOR as usize],
    size: usize,
    entries_at: u64,
    entries: Vec<u8>,
    each: usize,
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.copied().map_or(0, u32::from_le_bytes)
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from(word(bytes, at)) | u64::from(word(bytes, at + 4)) << 32
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

impl Table {
    /// Reads the one with its header at `at`; None: there is none that counts.
    fn read(at: u64, read: &mut ReadAt<'_>) -> Option<Table> {
        let mut header = [0; SECTOR as usize];
        read(at, &mut header).ok()?;
        let size = word(&header, 12) as usize;
        if !header.starts_with(b"EFI PART") || !(92..=header.len()).contains(&size) {
            return None;
        }
        let each = word(&header, EACH);
        let length = u64::from(each) * u64::from(word(&header, COUNT));
        let entries_at = long(&header, ENTRIES).checked_mul(SECTOR)?;
        if each < 128 || length > MOST_ENTRIES || long(&header, OWN).checked_mul(SECTOR)? != at {
            return None;
        }
        // Whole sectors are read and written.
        let mut entries = vec![0; length.next_multiple_of(SECTOR) as usize];
        read(entries_at, &mut entries).ok()?;
        let table = Table {
            at,
            header,
            size,
            entries_at,
            entries,
            each: each as usize,
        };
        let sealed = table.sealed(length as usize);
        (sealed[..size] == header[..size]).then_some(table)
    }

    /// The header with the checksums of what is there now.
    fn sealed(&self, length: usize) -> [u8; SECTOR as usize] {
        let mut header = self.header;
        let entries = self.entries.get(..length).unwrap_or_default();
        header[ENTRIES_CRC].copy_from_slice(&crc(entries).to_le_bytes());
        header[CRC].fill(0);
        let sum = crc(header.get(..self.size).unwrap_or_default());
        header[CRC].copy_from_slice(&sum.to_le_bytes());
        header
    }

    /// Takes over from the table of an image.
    fn adopt(&mut self, image: &Table) {
        self.header[GUID].copy_from_slice(&image.header[GUID]);
        let theirs = image.entries.chunks_exact(image.each);
        for (own, their) in self.entries.chunks_exact_mut(self.each).zip(theirs) {
            if own[PLACE] == their[PLACE] && their[NAMES] != [0; 32] {
                own[NAMES].copy_from_slice(&their[NAMES]);
            }
        }
        let length = word(&self.header, COUNT) as usize * self.each;
        self.header = self.sealed(length);
    }
}

/// Changes both tables of a disk, that at its end first; a disk may lack that one.
///
/// # Errors
/// With the offset. [`flash::Error::Mismatch`]: one of them is no table.
pub fn adopt(disk: &mut dyn Disk, image: &mut ReadAt<'_>) -> Result<(), flash::Error> {
    let none = || flash::Error::Mismatch { offset: SECTOR };
    let image = Table::read(SECTOR, image).ok_or_else(none)?;
    let mut tables = Vec::new();
    {
        let mut read = |at: u64, buf: &mut [u8]| {
            let failed = flash::Error::io("read", at);
            disk.read(at, buf).map_err(failed)
        };
        let first = Table::read(SECTOR, &mut read).ok_or_else(none)?;
        let last = long(&first.header, OTHER).checked_mul(SECTOR);
        tables.extend(last.and_then(|at| Table::read(at, &mut read)));
        tables.push(first);
    }
    for mut table in tables {
        table.adopt(&image);
        super::sectors::put(disk, table.entries_at, &table.entries)?;
        super::sectors::put(disk, table.at, &table.header)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::disk::FakeDisk;
    use crate::image::disk::table;
    use crate::image::sample;

    const LENGTH: usize = 300 * 512;

    /// A disk with its second table at the end, and more than an image has.
    fn disk() -> FakeDisk {
        let mut bytes = sample::gpt(&[(8, 64), (72, 100), (172, 50)], LENGTH);
        for entry in bytes[1024..].chunks_exact_mut(128).take(3) {
            entry[..32].fill(0x77);
        }
        let seal = |bytes: &mut [u8], at: usize, own: u64, other: u64, entries: u64| {
            let first = entries as usize * 512;
            let sum = sample::crc32(&bytes[first..first + 512]);
            let header = &mut bytes[at..at + 92];
            header[OWN..OWN + 8].copy_from_slice(&own.to_le_bytes());
            header[OTHER..OTHER + 8].copy_from_slice(&other.to_le_bytes());
            header[ENTRIES..ENTRIES + 8].copy_from_slice(&entries.to_le_bytes());
            header[ENTRIES_CRC].copy_from_slice(&sum.to_le_bytes());
            header[CRC].fill(0);
            let sum = sample::crc32(header);
            header[CRC].copy_from_slice(&sum.to_le_bytes());
        };
        bytes.copy_within(512..1536, 298 * 512);
        bytes.copy_within(298 * 512..299 * 512, 299 * 512);
        bytes.copy_within(1024..1536, 298 * 512);
        seal(&mut bytes, 512, 1, 299, 2);
        seal(&mut bytes, 299 * 512, 299, 1, 298);
        let mut disk = FakeDisk::new(LENGTH);
        disk.fill(0, &bytes);
        disk
    }

    fn adopted(disk: &mut FakeDisk, image: &[u8]) -> Result<(), flash::Error> {
        adopt(disk, &mut |at, buf| {
            let from = usize::try_from(at).ok().and_then(|at| image.get(at..));
            let from = from.and_then(|from| from.get(..buf.len()));
            let failed = flash::Error::io("read", at);
            let from = from.ok_or_else(|| failed(std::io::ErrorKind::UnexpectedEof.into()))?;
            buf.copy_from_slice(from);
            Ok(())
        })
    }

    #[test]
    fn partitions_of_the_image_bring_their_guids_and_others_keep_theirs() {
        let mut disk = disk();
        let before = table(&disk.bytes());
        let mut image = sample::gpt(&[(8, 64), (72, 100)], 172 * 512);
        adopted(&mut disk, &image).unwrap();
        let after = disk.bytes().to_vec();
        assert_eq!(table(&after), before);
        for entries in [1024, 298 * 512] {
            assert_eq!(after[entries..entries + 32], [1; 32]);
            assert_eq!(after[entries + 128..entries + 160], [2; 32]);
            assert_eq!(after[entries + 256..entries + 288], [0x77; 32]);
        }
        let mut read = |at: u64, buf: &mut [u8]| {
            buf.copy_from_slice(&after[at as usize..][..buf.len()]);
            Ok(())
        };
        assert!(Table::read(299 * 512, &mut read).is_some());
        // What is no table gives nothing to anybody.
        image[520] ^= 1;
        adopted(&mut disk, &image).unwrap_err();
        assert!(disk.bytes().to_vec() == after);
    }

    #[test]
    fn a_disk_without_its_second_table_gets_none() {
        let mut disk = disk();
        disk.fill(299 * 512, &[0; 512]);
        adopted(&mut disk, &sample::gpt(&[(8, 64)], 172 * 512)).unwrap();
        let after = disk.bytes().to_vec();
        assert_eq!(after[1024..1056], [1; 32]);
        assert_eq!(after[298 * 512..][..32], [0x77; 32]);
        assert_eq!(after[299 * 512..], [0; 512]);
    }

    #[test]
    fn whatever_the_bytes_no_table_reaches_beyond_them() {
        let image = sample::gpt(&[(8, 64)], 172 * 512);
        let whole = disk().bytes().to_vec();
        for at in (512..604).chain(1024..1536) {
            for value in [0, 0x7f, 0xff] {
                let mut disk = FakeDisk::new(LENGTH);
                disk.fill(0, &whole);
                disk.fill(at, &[value]);
                // It is a table or none; nothing else may happen.
                let _ = adopted(&mut disk, &image);
                assert_eq!(
                    disk.bytes().to_vec()[2048..298 * 512],
                    whole[2048..298 * 512]
                );
            }
        }
    }
}
