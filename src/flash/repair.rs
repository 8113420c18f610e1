//! Small repairs: the boot counter of some boards, and the flag that asks for recovery.

use super::{Error, blocks, erase};
use crate::sys::Flash;

/// What a repair came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// The flash was changed.
    Done,
    /// Nothing was wrong.
    Needless,
}

pub(super) fn check(flash: &mut dyn Flash, offset: u64, expected: &[u8]) -> Result<(), Error> {
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

/// In the first word of a partition of some boards: flash is being written, so the boot loader
/// must start its recovery and nothing else. 0 takes it back.
const RECOVERY: u32 = 0x89ab_cdef;

/// Sets that flag or takes it back; the rest of its block stays as it is.
///
/// # Errors
/// Those of the flash.
pub fn flag_recovery(flash: &mut dyn Flash, wanted: bool) -> Result<(), Error> {
    let word = if wanted { RECOVERY } else { 0 }.to_ne_bytes();
    let start = *blocks::good(flash, 0)?.first().ok_or(Error::AllBad)?;
    let geometry = flash.geometry();
    let mut block = vec![0; geometry.erase_size as usize];
    flash
        .read(start, &mut block)
        .map_err(Error::io("read", start))?;
    if block.starts_with(&word) {
        return Ok(());
    }
    blocks::unlock(flash);
    // Bits that only go need no erase, where a chip writes bytes.
    let erase =
        geometry.write_size > 1 || word.iter().zip(&block).any(|(new, old)| new & !old != 0);
    block[..word.len()].copy_from_slice(&word);
    let part = if erase { &block[..] } else { &word };
    if erase {
        erase::one(flash, start)?;
    }
    flash
        .write(start, part)
        .map_err(Error::io("write", start))?;
    check(flash, start, &block)
}

fn words(bytes: &[u8; 12]) -> [u32; 3] {
    let (words, _) = bytes.as_chunks::<4>();
    [0, 1, 2].map(|at| u32::from_ne_bytes(words[at]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::flash::{FakeFlash, Operation};

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

    #[test]
    fn the_flag_for_recovery_comes_and_goes_and_leaves_the_rest_of_its_block() {
        for mut flash in [
            FakeFlash::nor(2 * 4096, 4096),
            FakeFlash::nand(2 * 4096, 4096, 512),
        ] {
            flash.fill(0, &[0; 4]);
            flash.fill(100, b"calibration");
            for (wanted, word) in [(true, RECOVERY), (true, RECOVERY), (false, 0), (false, 0)] {
                flag_recovery(&mut flash, wanted).unwrap();
                assert_eq!(flash.bytes()[..4], word.to_ne_bytes());
                assert_eq!(flash.bytes()[100..111], *b"calibration");
            }
            flash.lock(false);
            flag_recovery(&mut flash, true).unwrap_err();
        }
    }

    #[test]
    fn taking_the_flag_back_erases_nothing_on_nor() {
        let mut flash = FakeFlash::nor(4096, 4096);
        flag_recovery(&mut flash, true).unwrap();
        flash.forget_journal();
        flag_recovery(&mut flash, false).unwrap();
        assert_eq!(flash.journal(), [Operation::Write(0, 4)]);
    }
}
