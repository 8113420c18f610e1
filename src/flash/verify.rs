//! Comparing a partition with what should be in it.

use super::{Error, blocks};
use crate::sys::Flash;
use std::io::{ErrorKind, Read};

/// Compares `source` with the partition from `start` on, bad blocks skipped; the number of
/// bytes compared.
///
/// # Errors
/// [`Error::Mismatch`] at the first byte that differs; [`Error::TooBig`] if the partition ends
/// before the data.
pub fn verify(flash: &mut dyn Flash, source: &mut dyn Read, start: u64) -> Result<u64, Error> {
    let ranges = blocks::readable(flash, start)?;
    let room = ranges.iter().map(|range| range.end - range.start).sum();
    let size = flash.geometry().erase_size as usize;
    let (mut block, mut back) = (vec![0; size], vec![0; size]);
    let mut compared = 0;
    for range in ranges {
        // At most one erase block.
        let block = &mut block[..(range.end - range.start) as usize];
        let count = read_full(source, block)?;
        let back = &mut back[..count];
        let read = flash.read(range.start, back);
        read.map_err(Error::io("read", range.start))?;
        if let Some(at) = block.iter().zip(&*back).position(|(a, b)| a != b) {
            return Err(Error::Mismatch {
                offset: range.start + at as u64,
            });
        }
        compared += count as u64;
        if count < block.len() {
            return Ok(compared);
        }
    }
    match read_full(source, &mut block[..1])? {
        0 => Ok(compared),
        _ => Err(Error::TooBig { length: None, room }),
    }
}

/// Fills `buf` as far as the source goes.
fn read_full(source: &mut dyn Read, buf: &mut [u8]) -> Result<usize, Error> {
    let mut filled = 0;
    while filled < buf.len() {
        match source.read(&mut buf[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::Source(error)),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::flash::FakeFlash;

    const BLOCK: usize = 4096;

    fn nor(size: usize) -> FakeFlash {
        let mut flash = FakeFlash::nor(size, BLOCK as u32);
        flash.fill(0, &vec![0x55; size]);
        flash
    }

    #[test]
    fn verify_names_the_first_difference() {
        let mut flash = nor(8 * BLOCK);
        let mut data = vec![0x55; BLOCK + 10];
        assert_eq!(
            verify(&mut flash, &mut &data[..], 0).unwrap(),
            BLOCK as u64 + 10
        );
        data[BLOCK + 3] = 0;
        let found = verify(&mut flash, &mut &data[..], 0);
        assert!(matches!(found, Err(Error::Mismatch { offset: 4099 })));
        let long = vec![0x55; 8 * BLOCK + 1];
        let found = verify(&mut flash, &mut &long[..], 0);
        assert!(matches!(found, Err(Error::TooBig { .. })));
    }

    #[test]
    fn a_last_part_and_what_cannot_be_read_are_looked_at_too() {
        let mut flash = nor(2 * BLOCK + 100);
        let mut data = vec![0x55; 2 * BLOCK + 100];
        assert_eq!(verify(&mut flash, &mut &data[..], 0).unwrap(), 8292);
        data[2 * BLOCK + 99] = 0;
        let found = verify(&mut flash, &mut &data[..], 0);
        assert!(matches!(found, Err(Error::Mismatch { offset: 8291 })));
        flash.spoil_byte(BLOCK as u64 + 5);
        let error = verify(&mut flash, &mut &data[..], 0).unwrap_err();
        assert_eq!(error.to_string(), "read at 0x1000: Input/output error");
    }
}
