//! Erase-block arithmetic: which blocks can hold data, and whether one is blank.

use super::Error;
use crate::sys::{Flash, FlashKind};
use std::ops::Range;

/// Bytes that are read at a time when a block is only looked at.
const GLANCE: usize = 4096;

/// The offsets of all erase blocks from `start` to the end that are not marked bad.
///
/// # Errors
/// [`Error::Unaligned`] when `start` is inside a block; [`Error::Io`] when the kernel
/// cannot tell whether a block is bad.
pub fn good(flash: &mut dyn Flash, start: u64) -> Result<Vec<u64>, Error> {
    let mut good = Vec::new();
    for offset in all(flash, start)? {
        if !is_bad(flash, offset)? {
            good.push(offset);
        }
    }
    Ok(good)
}

/// The offsets of all whole erase blocks from `start` to the end.
pub fn all(
    flash: &dyn Flash,
    start: u64,
) -> Result<impl DoubleEndedIterator<Item = u64> + use<>, Error> {
    let geometry = flash.geometry();
    let step = u64::from(geometry.erase_size.max(1));
    if !start.is_multiple_of(step) {
        return Err(Error::Unaligned {
            offset: start,
            erase_size: geometry.erase_size,
        });
    }
    // A last part smaller than a block cannot be erased and is left alone.
    Ok((start / step..geometry.size / step).map(move |block| block * step))
}

/// Whether the block at `offset` is marked bad; only NAND has such marks.
pub fn is_bad(flash: &mut dyn Flash, offset: u64) -> Result<bool, Error> {
    if flash.geometry().kind != FlashKind::Nand {
        return Ok(false);
    }
    flash.is_bad(offset).map_err(Error::io("read", offset))
}

/// Whether every byte of the block at `offset` is 0xff.
pub fn is_blank(flash: &mut dyn Flash, offset: u64) -> Result<bool, Error> {
    let end = offset + u64::from(flash.geometry().erase_size);
    let mut buf = [0; GLANCE];
    let mut at = offset;
    while at < end {
        let part = usize::try_from(end - at).map_or(GLANCE, |left| left.min(GLANCE));
        let part = &mut buf[..part];
        flash.read(at, part).map_err(Error::io("read", at))?;
        if part.iter().any(|&byte| byte != 0xff) {
            return Ok(false);
        }
        at += part.len() as u64;
    }
    Ok(true)
}

/// What can be read from `start` to the end: good blocks, and a last part that is smaller than
/// a block, each from where it begins (the first from `start`, wherever that is).
///
/// # Errors
/// [`Error::Io`] when the kernel cannot tell whether a block is bad.
pub fn readable(flash: &mut dyn Flash, start: u64) -> Result<Vec<Range<u64>>, Error> {
    let geometry = flash.geometry();
    let step = u64::from(geometry.erase_size.max(1));
    let mut ranges = Vec::new();
    let mut block = start - start % step;
    while block.max(start) < geometry.size {
        if !is_bad(flash, block)? {
            ranges.push(block.max(start)..geometry.size.min(block + step));
        }
        block += step;
    }
    Ok(ranges)
}

/// Blocks that turn out worn in the course of one work.
#[derive(Default)]
pub struct Worn(u32);

/// A chip that loses more blocks at once is not worn: something else is wrong, and marks stay
/// for ever.
const MOST_WORN: u32 = 4;

impl Worn {
    /// Marks a block of NAND bad if this failure says that it is worn; whether it did.
    pub fn mark(&mut self, flash: &mut dyn Flash, offset: u64, error: &Error) -> bool {
        let worn = match error {
            Error::Mismatch { .. } | Error::NotBlank { .. } => true,
            Error::Io {
                verb: "erase" | "write",
                source,
                ..
            } => source.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()),
            _ => false,
        };
        let marked = worn
            && self.0 < MOST_WORN
            && flash.geometry().kind == FlashKind::Nand
            && flash.mark_bad(offset).is_ok();
        self.0 += u32::from(marked);
        marked
    }
}

/// Unlocks the whole partition. Most chips know no locks and answer an error, and where a
/// lock stays, the erase that follows fails and says so.
pub fn unlock(flash: &mut dyn Flash) {
    let size = flash.geometry().size;
    // See above: the erase tells.
    let _ = flash.unlock(0, size);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::flash::FakeFlash;

    #[test]
    fn bad_blocks_and_a_last_part_are_not_counted() {
        let mut flash = FakeFlash::nand(5 * 4096 + 100, 4096, 512);
        flash.mark_bad(8192).unwrap();
        assert_eq!(good(&mut flash, 4096).unwrap(), [4096, 3 * 4096, 4 * 4096]);
        assert!(matches!(
            good(&mut flash, 100),
            Err(Error::Unaligned { offset: 100, .. })
        ));
    }

    #[test]
    fn a_last_part_can_be_read() {
        let mut flash = FakeFlash::nand(3 * 4096 + 100, 4096, 512);
        flash.mark_bad(4096).unwrap();
        let all = readable(&mut flash, 10).unwrap();
        assert_eq!(all, [10..4096, 8192..12288, 12288..12388]);
        assert_eq!(readable(&mut flash, 12388).unwrap(), []);
    }

    #[test]
    fn one_cleared_bit_at_the_end_is_not_blank() {
        let mut flash = FakeFlash::nor(2 * 8192, 8192);
        flash.write(16383, &[0xfe]).unwrap();
        assert!(is_blank(&mut flash, 0).unwrap());
        assert!(!is_blank(&mut flash, 8192).unwrap());
    }
}
