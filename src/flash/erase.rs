//! Emptying a partition, block by block, with a look at the result.

use super::survey::{self, Content};
use super::{Error, blocks, jffs2};
use crate::sys::{Flash, FlashKind};

/// What happened to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is erased now.
    Erased,
    /// It was empty already.
    Blank,
    /// It is bad and was left out.
    Bad,
}

/// One block is dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The block's offset in bytes.
    pub offset: u64,
    /// What happened to it.
    pub event: Event,
    /// Blocks done, this one included.
    pub done: u64,
    /// Blocks in all.
    pub total: u64,
}

/// Erases every good block of the partition, from the first to the last. A block of NAND that
/// fails is marked bad.
///
/// # Errors
/// [`Error::AllBad`] where there was nothing to erase; the first failure, after all other blocks have been tried: a reset should erase as much
/// as it can.
pub fn everything(flash: &mut dyn Flash, progress: &mut dyn FnMut(Progress)) -> Result<(), Error> {
    blocks::unlock(flash);
    let offsets: Vec<u64> = blocks::all(flash, 0)?.collect();
    let total = offsets.len() as u64;
    let mut failure = None;
    let mut worn = blocks::Worn::default();
    let mut erased = 0;
    for (done, offset) in (1..).zip(offsets) {
        let event = if blocks::is_bad(flash, offset)? {
            Event::Bad
        } else {
            match one(flash, offset) {
                Ok(()) => {
                    erased += 1;
                    Event::Erased
                }
                Err(error) if worn.mark(flash, offset, &error) => Event::Bad,
                Err(error) => {
                    failure.get_or_insert(error);
                    continue;
                }
            }
        };
        progress(Progress {
            offset,
            event,
            done,
            total,
        });
    }
    match failure {
        Some(error) => Err(error),
        None if erased == 0 => Err(Error::AllBad),
        None => Ok(()),
    }
}

/// Makes everything from the block at `start` to the end an empty jffs2.
///
/// The last block goes first and the one at `start` goes last: it holds the marker that
/// asks for this, so that an interrupted wipe is taken up again. Blocks that are empty are
/// not erased again. On NOR every block that was erased here gets a cleanmarker, which tells
/// jffs2 that the erase was completed; the others jffs2 erases itself when it needs them.
///
/// # Errors
/// The first failure ends the wipe, with the marker still there.
pub fn wipe_jffs2(
    flash: &mut dyn Flash,
    start: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), Error> {
    blocks::unlock(flash);
    let geometry = flash.geometry();
    // NAND keeps its cleanmarkers in the spare bytes, written-back NOR wants whole pages.
    let marks =
        matches!(geometry.kind, FlashKind::Nor | FlashKind::Ram) && geometry.write_size == 1;
    let offsets: Vec<u64> = blocks::all(flash, start)?.rev().collect();
    let total = offsets.len() as u64;
    for (done, offset) in (1..).zip(offsets) {
        let event = if blocks::is_bad(flash, offset)? {
            Event::Bad
        } else if is_empty(flash, offset)? {
            Event::Blank
        } else {
            one(flash, offset)?;
            if marks {
                let mark = jffs2::cleanmarker(jffs2::Endian::NATIVE);
                flash
                    .write(offset, &mark)
                    .map_err(Error::io("write", offset))?;
            }
            Event::Erased
        };
        progress(Progress {
            offset,
            event,
            done,
            total,
        });
    }
    Ok(())
}

/// Whether jffs2 has nothing to say about this block: blank, or with a cleanmarker only.
fn is_empty(flash: &mut dyn Flash, offset: u64) -> Result<bool, Error> {
    let mut block = vec![0; flash.geometry().erase_size as usize];
    flash
        .read(offset, &mut block)
        .map_err(Error::io("read", offset))?;
    let content = survey::content(&block, jffs2::Endian::NATIVE);
    Ok(matches!(content, Content::Blank | Content::Clean))
}

/// Erases one block and looks whether it is blank; tries twice.
pub fn one(flash: &mut dyn Flash, offset: u64) -> Result<(), Error> {
    for last in [false, true] {
        match flash.erase(offset) {
            Err(error) if last => return Err(Error::io("erase", offset)(error)),
            Err(_) => continue,
            Ok(()) if blocks::is_blank(flash, offset)? => return Ok(()),
            Ok(()) => {}
        }
    }
    Err(Error::NotBlank { offset })
}

/// Makes the block at 0 say that everything in this partition is void: `DE AD C0 DE`.
///
/// # Errors
/// Any failure, and a marker that cannot be read back.
pub fn mark_void(flash: &mut dyn Flash) -> Result<(), Error> {
    blocks::unlock(flash);
    let first = *blocks::good(flash, 0)?.first().ok_or(Error::AllBad)?;
    one(flash, first)?;
    let page = (flash.geometry().write_size as usize).max(jffs2::END_MARKER.len());
    let mut data = vec![0xff; page];
    data[..4].copy_from_slice(&jffs2::END_MARKER);
    flash
        .write(first, &data)
        .map_err(Error::io("write", first))?;
    let mut back = [0; 4];
    flash
        .read(first, &mut back)
        .map_err(Error::io("read", first))?;
    if back != jffs2::END_MARKER {
        return Err(Error::Mismatch { offset: first });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::flash::FakeFlash;

    const BLOCK: u32 = 4096;

    fn full() -> FakeFlash {
        let mut flash = FakeFlash::nor(8 * BLOCK as usize, BLOCK);
        flash.fill(0, &[0x55; 8 * BLOCK as usize]);
        flash
    }

    #[test]
    fn erasing_leaves_nothing_and_reports_every_block() {
        let mut flash = full();
        let mut seen = Vec::new();
        everything(&mut flash, &mut |p| seen.push((p.offset, p.done, p.total))).unwrap();
        assert!(flash.bytes().iter().all(|&b| b == 0xff));
        assert_eq!(seen.len(), 8);
        assert_eq!(seen.last(), Some(&(7 * 4096, 8, 8)));
    }

    #[test]
    fn a_block_that_cannot_be_erased_is_reported_and_the_rest_is_done() {
        let mut flash = full();
        flash.break_block(4096);
        let error = everything(&mut flash, &mut |_| {}).unwrap_err();
        assert_eq!(error.to_string(), "erase at 0x1000: Input/output error");
        assert!(flash.bytes()[8192..].iter().all(|&b| b == 0xff));
    }

    #[test]
    fn a_block_of_nand_that_cannot_be_erased_is_marked_bad() {
        let mut flash = FakeFlash::nand(4 * BLOCK as usize, BLOCK, 512);
        flash.break_block(4096);
        let mut bad = Vec::new();
        everything(&mut flash, &mut |p| {
            bad.extend((p.event == Event::Bad).then_some(p.offset));
        })
        .unwrap();
        assert_eq!(bad, [4096]);
        assert!(flash.is_bad(4096).unwrap());
    }

    #[test]
    fn a_chip_that_answers_nothing_but_errors_is_not_marked_bad_as_a_whole() {
        let mut flash = FakeFlash::nand(64 * BLOCK as usize, BLOCK, 512);
        for block in 0..64 {
            flash.break_block(block * 4096);
        }
        let error = everything(&mut flash, &mut |_| {}).unwrap_err();
        assert!(error.to_string().contains("Input/output error"), "{error}");
        let bad = (0..64).filter(|block| flash.is_bad(block * 4096).unwrap());
        assert_eq!(bad.count(), 4);
    }

    #[test]
    fn where_all_blocks_are_bad_nothing_succeeds() {
        let mut flash = FakeFlash::nand(2 * BLOCK as usize, BLOCK, 512);
        flash.mark_bad(0).unwrap();
        flash.mark_bad(4096).unwrap();
        let error = everything(&mut flash, &mut |_| {}).unwrap_err();
        assert_eq!(error.to_string(), "there is no good block");
        assert!(matches!(mark_void(&mut flash), Err(Error::AllBad)));
    }

    #[test]
    fn locked_flash_is_unlocked_and_a_lock_that_stays_is_told() {
        let mut flash = full();
        flash.lock(true);
        everything(&mut flash, &mut |_| {}).unwrap();
        flash.fill(0, &[0x55]);
        flash.lock(false);
        let error = everything(&mut flash, &mut |_| {}).unwrap_err();
        let expected = "erase at 0x0: something is left: is it locked?";
        assert_eq!(error.to_string(), expected);
        assert_eq!(flash.bytes()[0], 0x55);
    }

    #[test]
    fn a_wipe_ends_with_the_block_that_holds_the_marker() {
        let mut flash = full();
        let mut order = Vec::new();
        wipe_jffs2(&mut flash, 2 * 4096, &mut |p| order.push(p.offset / 4096)).unwrap();
        assert_eq!(order, [7, 6, 5, 4, 3, 2]);
        assert_eq!(flash.bytes()[..8192], [0x55; 8192]);
        assert_eq!(
            flash.bytes()[2 * 4096..][..12],
            jffs2::cleanmarker(jffs2::Endian::NATIVE)
        );
    }

    #[test]
    fn a_mark_is_four_bytes_in_an_empty_block() {
        let mut flash = full();
        mark_void(&mut flash).unwrap();
        assert_eq!(flash.bytes()[..5], [0xde, 0xad, 0xc0, 0xde, 0xff]);
        assert_eq!(flash.bytes()[4096], 0x55);
    }
}
