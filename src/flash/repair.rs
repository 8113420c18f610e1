//! Small repairs: the checksum of a TRX header, the boot counter of some boards.

use super::{Error, blocks, erase};
use crate::sys::Flash;
use flate2::Crc;

/// TRX fields end here, as far as the checksum leaves them out: magic, length, checksum.
const TRX_HEAD: usize = 12;
/// `HDR0`, as the number that a little-endian processor reads.
pub const TRX_MAGIC: u32 = 0x3052_4448;

/// What a repair came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// The flash was changed.
    Done,
    /// Nothing was wrong.
    Needless,
}

/// Sets length and checksum of the TRX header at `offset` for `length` bytes of data behind the
/// checksum; None: the rest of the header's erase block. All numbers in it are little-endian.
///
/// # Errors
/// [`Error::NoHeader`] where there is no such magic; [`Error::TooBig`] where the data would
/// reach beyond the partition; those of the flash.
pub fn fix_trx(
    flash: &mut dyn Flash,
    offset: u64,
    length: Option<u64>,
    magic: u32,
) -> Result<Repair, Error> {
    let geometry = flash.geometry();
    let block_size = geometry.erase_size as usize;
    let place = (offset % u64::from(geometry.erase_size)) as usize;
    let start = offset - place as u64;
    let no_header = || Error::NoHeader { offset };
    let room = geometry.size.saturating_sub(offset + TRX_HEAD as u64);
    let rest = block_size.saturating_sub(place + TRX_HEAD);
    let length = length.unwrap_or(rest as u64);
    if length == 0 || length > room {
        return Err(Error::TooBig {
            length: Some(length),
            room,
        });
    }
    let mut block = vec![0; block_size];
    flash
        .read(start, &mut block)
        .map_err(Error::io("read", start))?;
    let head = block.get(place..place + TRX_HEAD).ok_or_else(no_header)?;
    if head[..4] != magic.to_le_bytes() {
        return Err(no_header());
    }
    let sum = trx_checksum(flash, offset + TRX_HEAD as u64, length)?;
    let total = u32::try_from(length + TRX_HEAD as u64).map_err(|_| no_header())?;
    let right = [magic.to_le_bytes(), total.to_le_bytes(), sum.to_le_bytes()].concat();
    if head == right {
        return Ok(Repair::Needless);
    }
    block[place..place + TRX_HEAD].copy_from_slice(&right);
    blocks::unlock(flash);
    erase::one(flash, start)?;
    flash
        .write(start, &block)
        .map_err(Error::io("write", start))?;
    check(flash, start, &block)?;
    Ok(Repair::Done)
}

/// CRC-32 with the usual seed and no inversion at its end.
fn trx_checksum(flash: &mut dyn Flash, start: u64, length: u64) -> Result<u32, Error> {
    let mut crc = Crc::new();
    let mut buf = [0; 4096];
    let mut at = start;
    while at < start + length {
        let count = (start + length - at).min(buf.len() as u64) as usize;
        let part = &mut buf[..count];
        flash.read(at, part).map_err(Error::io("read", at))?;
        crc.update(part);
        at += count as u64;
    }
    Ok(!crc.sum())
}

fn check(flash: &mut dyn Flash, offset: u64, expected: &[u8]) -> Result<(), Error> {
    let mut back = vec![0; expected.len()];
    flash
        .read(offset, &mut back)
        .map_err(Error::io("read", offset))?;
    match back.iter().zip(expected).position(|(a, b)| a != b) {
        Some(at) => Err(Error::Mismatch {
            offset: offset + at as u64,
        }),
        None => Ok(()),
    }
}

/// Begins every record of a boot counter.
const COUNTER_MAGIC: u32 = 0x2011_0811;

/// Says in the boot counter of Linksys and others that the system came up: appends a record with
/// the count 0.
///
/// Records are three words in the processor's byte order: magic, count, their sum; one every 16
/// bytes or every page, if that is more. The last one counts, and only when no place is left is
/// the partition erased.
///
/// # Errors
/// [`Error::NoHeader`] where there is something else; those of the flash.
pub fn reset_boot_counter(flash: &mut dyn Flash) -> Result<Repair, Error> {
    let geometry = flash.geometry();
    let step = u64::from(geometry.write_size.max(16));
    let mut count = 0;
    let mut free = None;
    for offset in (0..geometry.size / step).map(|record| record * step) {
        let mut record = [0; 12];
        flash
            .read(offset, &mut record)
            .map_err(Error::io("read", offset))?;
        let [magic, counted, sum] = words(&record);
        match magic {
            u32::MAX => {
                free = Some(offset);
                break;
            }
            // The power went while it was written: it says nothing.
            COUNTER_MAGIC if sum != magic.wrapping_add(counted) => {}
            COUNTER_MAGIC => count = counted,
            _ => return Err(Error::NoHeader { offset }),
        }
    }
    if count == 0 {
        return Ok(Repair::Needless);
    }
    blocks::unlock(flash);
    let place = match free {
        Some(offset) => offset,
        None => {
            erase::everything(flash, &mut |_| {})?;
            0
        }
    };
    let record = [COUNTER_MAGIC, 0, COUNTER_MAGIC]
        .map(u32::to_ne_bytes)
        .concat();
    let mut page = vec![0xff; step as usize];
    page[..record.len()].copy_from_slice(&record);
    flash
        .write(place, &page)
        .map_err(Error::io("write", place))?;
    check(flash, place, &page)?;
    Ok(Repair::Done)
}

fn words(bytes: &[u8; 12]) -> [u32; 3] {
    let (words, _) = bytes.as_chunks::<4>();
    [0, 1, 2].map(|at| u32::from_ne_bytes(words[at]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::flash::FakeFlash;

    #[test]
    fn a_trx_header_gets_the_length_and_checksum_of_what_follows() {
        let mut flash = FakeFlash::nor(3 * 4096, 4096);
        flash.fill(0, b"HDR0");
        flash.fill(12, b"123456789");
        let magic = TRX_MAGIC;
        let done = fix_trx(&mut flash, 0, Some(9), magic).unwrap();
        assert_eq!(done, Repair::Done);
        // The check value of the polynomial, not inverted.
        let expected = [
            &b"HDR0"[..],
            &21_u32.to_le_bytes(),
            &(!0xcbf4_3926_u32).to_le_bytes(),
        ];
        assert_eq!(flash.bytes()[..12], expected.concat());
        assert_eq!(flash.bytes()[12..21], *b"123456789");
        flash.forget_journal();
        let again = fix_trx(&mut flash, 0, Some(9), magic).unwrap();
        assert_eq!((again, flash.journal().len()), (Repair::Needless, 0));
        // To the end of the block, or as far as the data go.
        fix_trx(&mut flash, 0, None, magic).unwrap();
        assert_eq!(flash.bytes()[4..8], 4096_u32.to_le_bytes());
        fix_trx(&mut flash, 0, Some(10_000), magic).unwrap();
        assert_eq!(flash.bytes()[4..8], 10_012_u32.to_le_bytes());
    }

    #[test]
    fn what_has_no_trx_header_is_left_alone() {
        let mut flash = FakeFlash::nor(2 * 4096, 4096);
        flash.fill(4096, b"HDR0");
        let check = |flash: &mut FakeFlash, offset, length, expected: &str| {
            let error = fix_trx(flash, offset, length, TRX_MAGIC).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check(&mut flash, 0, None, "there is no such header at 0x0");
        check(
            &mut flash,
            4096 + 4090,
            Some(1),
            "Insufficient space: 1 bytes do not fit into 0",
        );
        let far = "Insufficient space: 5000 bytes do not fit into 4084";
        check(&mut flash, 4096, Some(5000), far);
        assert!(flash.journal().is_empty());
    }

    fn record(count: u32) -> Vec<u8> {
        let sum = COUNTER_MAGIC.wrapping_add(count);
        [COUNTER_MAGIC, count, sum].map(u32::to_ne_bytes).concat()
    }

    #[test]
    fn a_boot_counter_gets_a_zero_behind_its_last_record() {
        let mut flash = FakeFlash::nor(4096, 4096);
        assert_eq!(reset_boot_counter(&mut flash).unwrap(), Repair::Needless);
        flash.fill(0, &record(1));
        flash.fill(16, &record(2));
        assert_eq!(reset_boot_counter(&mut flash).unwrap(), Repair::Done);
        assert_eq!(flash.bytes()[32..44], record(0));
        assert_eq!(reset_boot_counter(&mut flash).unwrap(), Repair::Needless);
        for offset in (48..4096).step_by(16) {
            flash.fill(offset, &record(3));
        }
        assert_eq!(reset_boot_counter(&mut flash).unwrap(), Repair::Done);
        assert_eq!(flash.bytes()[..12], record(0));
        assert_eq!(flash.bytes()[16], 0xff);
        flash.fill(16, b"other data");
        let error = reset_boot_counter(&mut flash).unwrap_err();
        assert_eq!(error.to_string(), "there is no such header at 0x10");
    }
}
