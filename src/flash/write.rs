//! Streaming data into a partition so that it is whole, or plainly invalid.
//!
//! Order of a write: the first block is erased; every other block is erased, written and
//! read back; then the first block is written, its beginning last. A boot loader that
//! checks the header finds nothing until the very last write has been done.

use super::{Error, blocks, erase};
use crate::sys::Flash;
use flate2::Crc;
use std::io::{ErrorKind, Read};

/// The beginning of a block that is written after the rest of it. So short that no image header
/// with a checksum is valid before its last byte is there: uImage has 64 bytes, TRX 28.
const HEAD: usize = 16;

/// How to write. The default is what an image wants.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes that `source` will give; checked against the room before the first erase.
    /// None: unknown, the write fails in the middle if they do not fit.
    pub length: Option<u64>,
    /// Where to begin, in bytes; a multiple of the erase block.
    pub start: u64,
    /// Erase each block before it is written.
    pub erase: bool,
    /// Leave blocks alone that already hold what is to be written.
    pub skip_equal: bool,
    /// Erase the first block before all others and write it after them.
    pub first_block_last: bool,
    /// When all but that block is written, read everything once more before it is.
    pub read_again: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            length: None,
            start: 0,
            erase: true,
            skip_equal: false,
            first_block_last: true,
            read_again: false,
        }
    }
}

/// What happened to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is erased and waits for its data.
    Erased,
    /// It is written and read back.
    Written,
    /// It held the same already.
    Equal,
    /// It failed and is marked bad now; its data goes to the next one.
    Bad,
}

/// Something happened to the block at `offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The block's offset in bytes.
    pub offset: u64,
    /// What happened.
    pub event: Event,
    /// Bytes of the source that are in place.
    pub done: u64,
    /// Bytes of the source, where known.
    pub total: Option<u64>,
}

/// What a write came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Bytes of the source, all of which are in flash now.
    pub bytes: u64,
    /// Blocks written.
    pub blocks: u32,
    /// Blocks that needed no writing.
    pub equal: u32,
}

/// Bytes that fit from `start` to the end, bad blocks deducted.
pub fn room(flash: &mut dyn Flash, start: u64) -> Result<u64, Error> {
    let step = u64::from(flash.geometry().erase_size);
    Ok(blocks::good(flash, start)?.len() as u64 * step)
}

/// Writes all of `source` and reads every block back.
///
/// The last block is filled up with 0xff. Blocks marked bad are skipped; on NAND a block that
/// fails twice is marked bad and the next one taken.
///
/// # Errors
/// [`Error::TooBig`] and [`Error::Unaligned`] come before anything is changed (the former only
/// if the length is known). After any other error the first block is blank, if
/// `first_block_last` was asked for: the boot loader will not start what is there.
pub fn write(
    flash: &mut dyn Flash,
    source: &mut dyn Read,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Written, Error> {
    let good = blocks::good(flash, options.start)?;
    let erase_size = flash.geometry().erase_size as usize;
    let room = good.len() as u64 * erase_size as u64;
    if room == 0 && options.start == 0 {
        return Err(Error::AllBad);
    }
    if options.length.is_some_and(|length| length > room) {
        return Err(Error::TooBig {
            length: options.length,
            room,
        });
    }
    let mut writer = Writer {
        flash,
        options,
        progress,
        good: good.into_iter(),
        room,
        first: None,
        first_is_blank: false,
        worn: blocks::Worn::default(),
        used: Vec::new(),
        crc: Crc::new(),
        block: vec![0xff; erase_size],
        back: vec![0; erase_size],
        written: Written::default(),
    };
    writer.run(source)?;
    Ok(writer.written)
}

struct Writer<'a> {
    flash: &'a mut dyn Flash,
    options: &'a Options,
    progress: &'a mut dyn FnMut(Progress),
    /// Offsets of the blocks not used yet.
    good: std::vec::IntoIter<u64>,
    room: u64,
    /// The first block, when it is kept for last.
    first: Option<u64>,
    first_is_blank: bool,
    worn: blocks::Worn,
    /// The blocks after the first that hold data now, and the CRC32 of all that data.
    used: Vec<u64>,
    crc: Crc,
    /// What is to be written next, filled up with 0xff.
    block: Vec<u8>,
    /// What was read back.
    back: Vec<u8>,
    written: Written,
}

impl Writer<'_> {
    fn run(&mut self, source: &mut dyn Read) -> Result<(), Error> {
        let mut count = self.fill(source)?;
        if count == 0 {
            return self.check_length();
        }
        blocks::unlock(self.flash);
        let held = self.options.first_block_last.then(|| self.block.clone());
        if held.is_some() {
            self.first = Some(self.next_block()?);
            while !self.options.skip_equal
                && let Err(error) = self.blank_first_block()
            {
                let first = self.first;
                match first {
                    Some(first) if !self.gives_up(first, &error) => {}
                    _ => return Err(error),
                }
                self.first = Some(self.next_block()?);
            }
            self.written.bytes += count as u64;
            count = self.fill(source)?;
        }
        while count > 0 {
            self.put()?;
            self.written.bytes += count as u64;
            count = self.fill(source)?;
        }
        self.check_length()?;
        self.read_again()?;
        match (held, self.first) {
            (Some(held), Some(first)) => self.put_first(first, held),
            _ => Ok(()),
        }
    }

    /// Reads the next block of the source; the number of bytes it gave.
    fn fill(&mut self, source: &mut dyn Read) -> Result<usize, Error> {
        let left = self
            .options
            .length
            .map_or(u64::MAX, |length| length.saturating_sub(self.read_so_far()));
        let wanted = usize::try_from(left).map_or(self.block.len(), |n| n.min(self.block.len()));
        let mut filled = 0;
        while filled < wanted {
            match source.read(&mut self.block[filled..wanted]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::Source(error)),
            }
        }
        self.block[filled..].fill(0xff);
        Ok(filled)
    }

    fn read_so_far(&self) -> u64 {
        self.written.bytes
    }

    fn check_length(&self) -> Result<(), Error> {
        match self.options.length {
            Some(expected) if expected != self.written.bytes => Err(Error::Short {
                got: self.written.bytes,
                expected,
            }),
            _ => Ok(()),
        }
    }

    fn next_block(&mut self) -> Result<u64, Error> {
        self.good.next().ok_or(Error::TooBig {
            length: self.options.length,
            room: self.room,
        })
    }

    /// From here on the boot loader finds nothing.
    fn blank_first_block(&mut self) -> Result<(), Error> {
        if let Some(first) = self.first
            && self.options.erase
            && !self.first_is_blank
        {
            erase::one(self.flash, first)?;
            self.first_is_blank = true;
            self.tell(first, Event::Erased);
        }
        Ok(())
    }

    /// Puts `self.block` into the next block that takes it.
    fn put(&mut self) -> Result<(), Error> {
        let offset = loop {
            let offset = self.next_block()?;
            if self.is_equal(offset) {
                self.written.equal += 1;
                self.tell(offset, Event::Equal);
                break offset;
            }
            self.blank_first_block()?;
            match self.write_and_check(offset, self.options.erase, 0) {
                Ok(()) => break offset,
                Err(error) if !self.gives_up(offset, &error) => {}
                Err(error) => return Err(error),
            }
        };
        if self.options.read_again {
            self.used.push(offset);
            self.crc.update(&self.block);
        }
        Ok(())
    }

    /// Whether the block may be left alone. What cannot be read can perhaps be erased.
    fn is_equal(&mut self, offset: u64) -> bool {
        self.options.skip_equal && matches!(self.differs_at(offset), Ok(None))
    }

    /// A later write may have changed an earlier block, and reads must give the same twice.
    fn read_again(&mut self) -> Result<(), Error> {
        let mut crc = Crc::new();
        for &offset in &self.used {
            self.flash
                .read(offset, &mut self.back)
                .map_err(Error::io("read", offset))?;
            crc.update(&self.back);
        }
        match self.used.first() {
            Some(&offset) if crc.sum() != self.crc.sum() => Err(Error::Mismatch { offset }),
            _ => Ok(()),
        }
    }

    /// A block of NAND that fails is marked bad, and we go on; anything else is the end.
    fn gives_up(&mut self, offset: u64, error: &Error) -> bool {
        let marked = self.options.erase && self.worn.mark(self.flash, offset, error);
        if marked {
            self.tell(offset, Event::Bad);
        }
        !marked
    }

    fn put_first(&mut self, first: u64, held: Vec<u8>) -> Result<(), Error> {
        self.block = held;
        if !self.first_is_blank && self.is_equal(first) {
            self.written.equal += 1;
            self.tell(first, Event::Equal);
            return Ok(());
        }
        // The pages of NAND must be written in order; NOR can have its beginning written last.
        let head = match self.flash.geometry().write_size {
            1 => HEAD,
            _ => 0,
        };
        self.write_and_check(first, self.options.erase && !self.first_is_blank, head)
    }

    /// Erases (if asked), writes `self.block`, its first `head` bytes last, and reads it back;
    /// tries twice.
    fn write_and_check(&mut self, offset: u64, erase: bool, head: usize) -> Result<(), Error> {
        let mut result = self.try_once(offset, erase, head);
        if result.is_err() && self.options.erase {
            result = self.try_once(offset, true, head);
        }
        result?;
        self.written.blocks += 1;
        self.tell(offset, Event::Written);
        Ok(())
    }

    fn try_once(&mut self, offset: u64, erase: bool, head: usize) -> Result<(), Error> {
        if erase {
            self.flash
                .erase(offset)
                .map_err(Error::io("erase", offset))?;
        }
        let write_size = self.flash.geometry().write_size as usize;
        // Pages at the end that would stay 0xff are left out.
        let used = self
            .block
            .iter()
            .rposition(|&b| b != 0xff)
            .map_or(0, |at| at + 1);
        let used = used.next_multiple_of(write_size).min(self.block.len());
        let head = used.min(head);
        for part in [head..used, 0..head] {
            let at = offset + part.start as u64;
            if !part.is_empty() {
                self.flash
                    .write(at, &self.block[part])
                    .map_err(Error::io("write", at))?;
            }
        }
        match self.differs_at(offset)? {
            // What was there before stays behind the data where nothing is erased.
            Some(at) if self.options.erase || at < offset + used as u64 => {
                Err(Error::Mismatch { offset: at })
            }
            _ => Ok(()),
        }
    }

    /// The first byte of the block at `offset` that is not as in `self.block`.
    fn differs_at(&mut self, offset: u64) -> Result<Option<u64>, Error> {
        self.flash
            .read(offset, &mut self.back)
            .map_err(Error::io("read", offset))?;
        if self.back == self.block {
            return Ok(None);
        }
        let at = self.back.iter().zip(&self.block).position(|(a, b)| a != b);
        Ok(at.map(|at| offset + at as u64))
    }

    fn tell(&mut self, offset: u64, event: Event) {
        (self.progress)(Progress {
            offset,
            event,
            done: self.written.bytes,
            total: self.options.length,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::flash::{FakeFlash, Operation};
    use crate::flash::verify::verify;

    const BLOCK: usize = 4096;

    fn image(length: usize) -> Vec<u8> {
        (0..length).map(|n| (n / 7 % 251) as u8).collect()
    }

    fn nor() -> FakeFlash {
        let mut flash = FakeFlash::nor(8 * BLOCK, BLOCK as u32);
        flash.fill(0, &[0x55; 8 * BLOCK]);
        flash
    }

    fn run(flash: &mut FakeFlash, data: &[u8], options: Options) -> Result<Written, Error> {
        let options = Options {
            length: Some(data.len() as u64),
            ..options
        };
        write(flash, &mut &data[..], &options, &mut |_| {})
    }

    #[test]
    fn the_data_arrives_and_the_rest_stays() {
        let mut flash = nor();
        let data = image(2 * BLOCK + 100);
        let written = run(&mut flash, &data, Options::default()).unwrap();
        assert_eq!(written.bytes, data.len() as u64);
        assert_eq!(flash.bytes()[..data.len()], data);
        assert!(
            flash.bytes()[data.len()..3 * BLOCK]
                .iter()
                .all(|&b| b == 0xff)
        );
        assert!(flash.bytes()[3 * BLOCK..].iter().all(|&b| b == 0x55));
    }

    #[test]
    fn the_first_bytes_are_erased_first_and_written_last() {
        let mut flash = nor();
        run(&mut flash, &image(3 * BLOCK), Options::default()).unwrap();
        let journal = flash.journal();
        assert_eq!(journal.first(), Some(&Operation::Erase(0)));
        assert_eq!(journal.last(), Some(&Operation::Write(0, HEAD)));
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut flash = nor();
        let error = run(&mut flash, &image(8 * BLOCK + 1), Options::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Insufficient space: 32769 bytes do not fit into 32768"
        );
        assert!(flash.journal().is_empty());
    }

    #[test]
    fn a_source_that_ends_early_leaves_the_first_block_blank() {
        let mut flash = nor();
        let options = Options {
            length: Some(3 * BLOCK as u64),
            ..Options::default()
        };
        let data = image(2 * BLOCK);
        let error = write(&mut flash, &mut &data[..], &options, &mut |_| {}).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the data ended after 8192 of 12288 bytes"
        );
        assert!(flash.bytes()[..BLOCK].iter().all(|&b| b == 0xff));
    }

    #[test]
    fn without_an_erase_only_what_was_written_is_compared() {
        let mut flash = FakeFlash::nor(2 * BLOCK, BLOCK as u32);
        flash.fill(100, b"more");
        let options = Options {
            erase: false,
            ..Options::default()
        };
        run(&mut flash, b"some", options).unwrap();
        assert_eq!(flash.bytes()[..4], *b"some");
        assert_eq!(flash.bytes()[100..104], *b"more");
        let error = run(&mut flash, b"home", options).unwrap_err();
        assert!(matches!(error, Error::Mismatch { offset: 0 }));
    }

    #[test]
    fn an_error_in_the_middle_ends_the_write_with_its_place() {
        let mut flash = nor();
        flash.break_block(2 * BLOCK as u64);
        let error = run(&mut flash, &image(4 * BLOCK), Options::default()).unwrap_err();
        assert_eq!(error.to_string(), "erase at 0x2000: Input/output error");
        assert!(flash.bytes()[..BLOCK].iter().all(|&b| b == 0xff));
        assert!(flash.bytes()[3 * BLOCK..].iter().all(|&b| b == 0x55));
    }

    #[test]
    fn a_chip_that_fails_everywhere_loses_no_more_than_four_blocks() {
        let mut flash = FakeFlash::nand(16 * BLOCK, BLOCK as u32, 512);
        for block in 1..16 {
            flash.break_block(block * BLOCK as u64);
        }
        run(&mut flash, &image(2 * BLOCK), Options::default()).unwrap_err();
        let bad = (0..16).filter(|block| flash.is_bad(block * BLOCK as u64).unwrap());
        assert_eq!(bad.count(), 4);
    }

    #[test]
    fn equal_blocks_are_not_touched() {
        let mut flash = nor();
        let data = image(4 * BLOCK);
        run(&mut flash, &data, Options::default()).unwrap();
        flash.forget_journal();
        let options = Options {
            skip_equal: true,
            ..Options::default()
        };
        let written = run(&mut flash, &data, options).unwrap();
        assert_eq!((written.blocks, written.equal), (0, 4));
        assert!(flash.journal().is_empty());

        let mut other = data;
        other[2 * BLOCK] ^= 1;
        let written = run(&mut flash, &other, options).unwrap();
        assert_eq!((written.blocks, written.equal), (2, 2));
        assert_eq!(flash.bytes()[..other.len()], other);
        assert_eq!(flash.journal().first(), Some(&Operation::Erase(0)));
    }

    #[test]
    fn an_early_block_that_a_later_write_has_changed_keeps_the_first_block_blank() {
        let mut flash = nor();
        let mut chip = flash.clone();
        let options = Options {
            read_again: true,
            ..Options::default()
        };
        let data = image(4 * BLOCK);
        run(&mut flash, &data, options).unwrap();
        let mut disturb = |progress: Progress| {
            if progress.offset == 3 * BLOCK as u64 {
                chip.fill(BLOCK as u64 + 5, &[0]);
            }
        };
        let error = write(&mut flash, &mut &data[..], &options, &mut disturb).unwrap_err();
        assert!(matches!(error, Error::Mismatch { .. }), "{error}");
        assert!(flash.bytes()[..BLOCK].iter().all(|&b| b == 0xff));
    }

    #[test]
    fn bad_blocks_of_nand_are_skipped_and_failing_ones_marked() {
        let mut flash = FakeFlash::nand(8 * BLOCK, BLOCK as u32, 512);
        flash.mark_bad(BLOCK as u64).unwrap();
        flash.break_block(3 * BLOCK as u64);
        let data = image(3 * BLOCK);
        run(&mut flash, &data, Options::default()).unwrap();
        let expected: Vec<u8> = [0, 2, 4]
            .iter()
            .flat_map(|&block| flash.bytes()[block * BLOCK..][..BLOCK].to_vec())
            .collect();
        assert!(expected == data);
        assert!(flash.is_bad(3 * BLOCK as u64).unwrap());
        let compared = verify(&mut flash, &mut &data[..], 0).unwrap();
        assert_eq!(compared, data.len() as u64);
    }

    #[test]
    fn a_first_block_of_nand_that_fails_is_marked_and_the_next_one_is_the_first() {
        let mut flash = FakeFlash::nand(4 * BLOCK, BLOCK as u32, 512);
        flash.break_block(0);
        let data = image(2 * BLOCK);
        run(&mut flash, &data, Options::default()).unwrap();
        assert!(flash.is_bad(0).unwrap());
        assert_eq!(flash.bytes()[BLOCK..3 * BLOCK], data);
    }

    #[test]
    fn nor_that_keeps_a_wrong_bit_is_an_error_with_its_place() {
        let mut flash = nor();
        flash.stick_bit(BLOCK as u64 + 5);
        let error = run(&mut flash, &image(2 * BLOCK), Options::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "verify at 0x1005: flash holds other data than was written"
        );
    }
}
