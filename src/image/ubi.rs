//! Images for UBI: of a whole partition, and of one volume with UBIFS.

use super::fwtool::trailer_crc;
use super::stream::Stream;
use crate::flash::ubi::{EC_HEADER, EraseCounter};
use flate2::Crc;
use std::io;

/// Erase blocks are multiples of this, and not larger than that.
const SMALLEST: u64 = 4096;
const LARGEST: u64 = 8 << 20;
/// The header of a volume lies within so many bytes of a block.
const REACH: u32 = 16 * 1024;
/// UBIFS: the node with the size of everything, its type, and as much as it takes.
const SUPERBLOCK: usize = 4096;
const SUPERBLOCK_TYPE: u8 = 6;

/// Erase blocks, each with the headers of UBI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ubi {
    /// Bytes of an erase block.
    pub block_size: u64,
    /// How many there are.
    pub blocks: u64,
    /// Where a block begins whose headers are wrong.
    pub damaged_at: Option<u64>,
}

/// The size of a UBIFS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ubifs {
    /// Bytes of a logical erase block; the volume's must be the same.
    pub block_size: u64,
    /// Blocks of the file system.
    pub blocks: u64,
}

/// Reads all blocks.
pub(super) fn read(stream: &mut Stream<'_>) -> io::Result<Ubi> {
    let mut found = Ubi::default();
    loop {
        let at = stream.at();
        let sound = block(stream)?;
        if !sound && found.blocks > 0 && stream.peek(1)?.is_empty() {
            return Ok(found);
        }
        if !sound {
            found.damaged_at = Some(at);
            return Ok(found);
        }
        found.blocks += 1;
        if found.block_size > 0 {
            if !stream.skip_to(at + found.block_size)? {
                found.damaged_at = Some(at);
                return Ok(found);
            }
            continue;
        }
        // The second block tells how long the first one was.
        let mut next = SMALLEST;
        loop {
            if !stream.skip_to(next)? || next > LARGEST {
                found.block_size = stream.at();
                return Ok(found);
            }
            if stream
                .chunk::<EC_HEADER>()?
                .as_ref()
                .and_then(EraseCounter::parse)
                .is_some()
            {
                break;
            }
            next += SMALLEST;
        }
        found.block_size = next;
    }
}

/// Whether the block that begins here has the headers it must have.
fn block(stream: &mut Stream<'_>) -> io::Result<bool> {
    let Some(counter) = stream
        .chunk()
        .map(|head| head.as_ref().and_then(EraseCounter::parse))?
    else {
        return Ok(false);
    };
    if counter.volume_header > REACH {
        return Ok(false);
    }
    let from = counter.volume_header as usize;
    let ahead = stream.peek(from + EC_HEADER)?;
    let Some(header) = ahead
        .get(from..)
        .and_then(|rest| rest.first_chunk::<EC_HEADER>())
    else {
        return Ok(false);
    };
    let mut crc = Crc::new();
    crc.update(&header[..60]);
    let volume = header.starts_with(b"UBI!") && header[60..] == trailer_crc(&crc).to_be_bytes();
    Ok(volume || header.iter().all(|&byte| byte == 0xff))
}

/// Reads the first node; None: it is damaged.
pub(super) fn ubifs(stream: &mut Stream<'_>) -> io::Result<Option<Ubifs>> {
    let Some(node) = stream.chunk::<SUPERBLOCK>()? else {
        return Ok(None);
    };
    let word = |at: usize| {
        let bytes = node.get(at..).and_then(|rest| rest.first_chunk());
        bytes.copied().map_or(0, u32::from_le_bytes)
    };
    let length = word(16) as usize;
    let mut crc = Crc::new();
    crc.update(node.get(8..length).unwrap_or_default());
    let sound = word(4) == trailer_crc(&crc) && node[20] == SUPERBLOCK_TYPE && length > 48;
    Ok(sound.then(|| Ubifs {
        block_size: u64::from(word(36)),
        blocks: u64::from(word(40)),
    }))
}
