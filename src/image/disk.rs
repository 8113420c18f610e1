//! Images of whole disks: the partitions in them (MBR, GPT), and whether they are all there.

use super::stream::{Digest, Stream};
use flate2::Crc;
use std::io;

/// Bytes of a sector, whatever the disk's own are: images are made for this.
pub const SECTOR: u64 = 512;
/// The entries of a GPT that can be looked at, in bytes.
const MOST_ENTRIES: u64 = 32 * 1024;
/// The table of an MBR, its entries, and the type that points to a GPT.
const TABLE_AT: usize = 446;
const ENTRY: usize = 16;
const PROTECTIVE: u8 = 0xee;

/// The partitions of a disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// With a GUID partition table; else an MBR.
    pub gpt: bool,
    /// The four bytes at 440 by which PARTUUIDs of an MBR are made.
    pub id: u32,
    /// In the order of the table. The boot code lies in front of the first.
    pub partitions: Vec<Partition>,
    /// What is wrong with the table.
    pub fault: Option<&'static str>,
}

/// One partition. On the disk it has the same number, start and length, or the layout differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// From 1 on, as in `sda1`.
    pub number: u32,
    /// Bytes from the beginning of the disk.
    pub start: u64,
    /// Bytes.
    pub length: u64,
    /// The name that a GPT gives it.
    pub label: String,
}

impl Partition {
    /// Where it ends.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.length)
    }
}

/// Reads the table of a disk from its beginning; nothing where there is none.
pub fn table(mut start: &[u8]) -> Vec<Partition> {
    let disk = read(&mut Stream::new(&mut start)).unwrap_or_default();
    match disk.fault {
        Some(_) => Vec::new(),
        None => disk.partitions,
    }
}

/// Reads the table.
pub(super) fn read(stream: &mut Stream<'_>) -> io::Result<Disk> {
    let mut disk = Disk::default();
    let head = stream.peek(2 * SECTOR as usize)?.to_vec();
    let bytes = |at: usize| head.get(at..).and_then(|rest| rest.first_chunk());
    disk.id = bytes(440).copied().map_or(0, u32::from_le_bytes);
    disk.gpt = head.get(512..520) == Some(b"EFI PART");
    let entry = |number: usize| {
        let at = TABLE_AT + number * ENTRY;
        head.get(at..at + ENTRY)
    };
    let result = if disk.gpt {
        gpt(stream, &head, &mut disk.partitions)?
    } else {
        let mut result = Ok(());
        for (number, entry) in (0..4).filter_map(|n| Some((n, entry(n)?))) {
            let word = |at: usize| {
                let bytes = entry.get(at..).and_then(|rest| rest.first_chunk());
                u64::from(bytes.copied().map_or(0, u32::from_le_bytes))
            };
            match entry[4] {
                0 => continue,
                PROTECTIVE => result = Err("a protective entry and no GUID partition table"),
                _ if entry[0] & 0x7f != 0 => result = Err("no partition table"),
                _ => {}
            }
            disk.partitions.push(Partition {
                number: number as u32 + 1,
                start: word(8) * SECTOR,
                length: word(12) * SECTOR,
                label: String::new(),
            });
        }
        result
    };
    let mut places: Vec<_> = disk.partitions.iter().map(|p| (p.start, p.end())).collect();
    places.sort_unstable();
    let overlap = places.windows(2).any(|pair| pair[0].1 > pair[1].0);
    let wrong = places
        .iter()
        .any(|place| place.0 == 0 || place.1 <= place.0);
    disk.fault = match result {
        Err(fault) => Some(fault),
        Ok(()) if places.is_empty() => Some("no partition table"),
        Ok(()) if overlap => Some("partitions overlap"),
        Ok(()) if wrong => Some("a partition without a place"),
        Ok(()) => None,
    };
    Ok(disk)
}

/// Reads a GUID partition table whose checksums are right.
fn gpt(
    stream: &mut Stream<'_>,
    head: &[u8],
    partitions: &mut Vec<Partition>,
) -> io::Result<Result<(), &'static str>> {
    let header = head.get(SECTOR as usize..).unwrap_or_default();
    let word = |at: usize| {
        let bytes = header.get(at..).and_then(|rest| rest.first_chunk());
        bytes.copied().map_or(0, u32::from_le_bytes)
    };
    let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
    let size = word(12) as usize;
    let mut crc = Crc::new();
    if let (92..=512, Some(whole)) = (size, header.get(..size)) {
        crc.update(&whole[..16]);
        crc.update(&[0; 4]);
        crc.update(&whole[20..]);
    }
    if crc.amount() == 0 || crc.sum() != word(16) || long(24) != 1 {
        return Ok(Err("the GUID partition table is damaged"));
    }
    let (first, count, each) = (long(72), word(80), word(84));
    let length = u64::from(count) * u64::from(each);
    if each < 128 || length > MOST_ENTRIES || !(2..1 << 20).contains(&first) {
        return Ok(Err("the GUID partition table makes no sense"));
    }
    let start = first * SECTOR;
    let watch = stream.watch(start, start + length, Digest::crc32());
    if !stream.skip_to(start)? {
        return Ok(Err("the image ends in its partition table"));
    }
    let entries = stream.peek(length as usize)?.to_vec();
    stream.skip_to(start + length)?;
    if stream.sum(watch) != Some(word(88)) {
        return Ok(Err("the entries of the GUID partition table are damaged"));
    }
    for (number, entry) in (1..).zip(entries.chunks_exact(each as usize)) {
        if entry[..16] == [0; 16] {
            continue;
        }
        let long = |at: usize| {
            let bytes = entry.get(at..).and_then(|rest| rest.first_chunk());
            bytes.copied().map_or(0, u64::from_le_bytes)
        };
        let name = entry[56..128].as_chunks().0;
        let name = name.iter().map(|pair| u16::from_le_bytes(*pair));
        let name = name.take_while(|&unit| unit != 0);
        let label: String = char::decode_utf16(name)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        let (first, last) = (long(32), long(40));
        let sectors = last.checked_sub(first).and_then(|n| n.checked_add(1));
        let bytes = |sectors: u64| sectors.checked_mul(SECTOR);
        let (Some(start), Some(length)) = (bytes(first), sectors.and_then(bytes)) else {
            return Ok(Err("a partition without a place"));
        };
        partitions.push(Partition {
            number,
            start,
            length,
            label,
        });
    }
    Ok(Ok(()))
}
