//! Flash chips in memory that insist on the rules of real ones.
//!
//! Erasing gives 0xff, writing only clears bits, both only at aligned places; blocks can be
//! bad, broken or have a bit that is stuck; the power can go between and in the middle of
//! operations. Partitions of one chip share its bytes, so they may overlap.

use super::power::{Power, Reach, lost};
use crate::sys::{Flash, FlashKind, Geometry};
use std::cell::{Ref, RefCell};
use std::collections::BTreeSet;
use std::io;
use std::rc::Rc;

/// Something that changed the chip; offsets are of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The erase block at this offset.
    Erase(u64),
    /// So many bytes at this offset.
    Write(u64, usize),
}

/// Whether the chip ignores erases, as locked ones do.
#[derive(Clone, Copy, PartialEq)]
enum Lock {
    None,
    /// Until it is unlocked.
    Soft,
    /// Whatever is done.
    Hard,
}

/// A whole chip.
pub struct Chip {
    bytes: Vec<u8>,
    kind: FlashKind,
    erase_size: u32,
    write_size: u32,
    bad: BTreeSet<u64>,
    broken: BTreeSet<u64>,
    stuck: BTreeSet<u64>,
    unreadable: BTreeSet<u64>,
    lock: Lock,
    oob: Vec<u8>,
    journal: Vec<Operation>,
    power: Power,
}

impl Chip {
    /// A blank chip.
    pub fn new(kind: FlashKind, size: usize, erase_size: u32, write_size: u32) -> Chip {
        Chip {
            bytes: vec![0xff; size],
            kind,
            erase_size,
            write_size,
            bad: BTreeSet::new(),
            broken: BTreeSet::new(),
            stuck: BTreeSet::new(),
            unreadable: BTreeSet::new(),
            lock: Lock::None,
            oob: vec![0xff; 16],
            journal: Vec::new(),
            power: Power::default(),
        }
    }

    /// Lets the chip share a power supply.
    pub fn plug_into(&mut self, power: &Power) {
        self.power = power.clone();
    }

    fn block_of(&self, offset: u64) -> u64 {
        offset - offset % u64::from(self.erase_size)
    }

    fn erase(&mut self, offset: u64) -> io::Result<()> {
        let block = self.block_of(offset);
        if block != offset {
            return Err(invalid());
        }
        let reach = self.power.step();
        if reach == Reach::Nothing {
            return Err(lost());
        }
        if self.bad.contains(&block) || self.broken.contains(&block) {
            return Err(rustix::io::Errno::IO.into());
        }
        if self.lock != Lock::None {
            return Ok(());
        }
        let start = index(offset)?;
        let end = (start + self.erase_size as usize).min(self.bytes.len());
        self.journal.push(Operation::Erase(offset));
        if reach == Reach::Half {
            self.half_erase(start..end);
            return Err(lost());
        }
        self.bytes[start..end].fill(0xff);
        Ok(())
    }

    /// The cells drift towards 1 at their own pace: what an interrupted erase leaves is some
    /// blank bytes, some old ones, and bits that are neither.
    fn half_erase(&mut self, range: std::ops::Range<usize>) {
        let mut noise = range.start as u32 ^ self.journal.len() as u32;
        for byte in &mut self.bytes[range] {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte |= match noise >> 30 {
                0 => 0xff,
                1 => 0,
                _ => (noise >> 16) as u8,
            };
        }
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        let page = u64::from(self.write_size);
        if !offset.is_multiple_of(page) || !(data.len() as u64).is_multiple_of(page) {
            return Err(invalid());
        }
        let reach = self.power.step();
        if reach == Reach::Nothing {
            return Err(lost());
        }
        if self.broken.contains(&self.block_of(offset)) {
            return Err(rustix::io::Errno::IO.into());
        }
        let start = index(offset)?;
        let count = match reach {
            Reach::Half => data.len() / 2,
            _ => data.len(),
        };
        let end = start
            .checked_add(data.len())
            .filter(|&e| e <= self.bytes.len());
        if end.is_none() {
            return Err(rustix::io::Errno::NOSPC.into());
        }
        for (at, (cell, byte)) in self.bytes[start..]
            .iter_mut()
            .zip(&data[..count])
            .enumerate()
        {
            let stuck = self.stuck.contains(&((start + at) as u64));
            *cell &= if stuck { byte & 0xfe } else { *byte };
        }
        self.journal.push(Operation::Write(offset, count));
        if reach == Reach::Half {
            Err(lost())
        } else {
            Ok(())
        }
    }
}

/// A partition of a [`Chip`]: a window on its bytes.
#[derive(Clone)]
pub struct FakeFlash {
    chip: Rc<RefCell<Chip>>,
    start: u64,
    size: u64,
    writable: bool,
}

impl FakeFlash {
    /// The window of `size` bytes at `start`.
    pub fn window(chip: &Rc<RefCell<Chip>>, start: u64, size: u64, writable: bool) -> FakeFlash {
        let chip = Rc::clone(chip);
        FakeFlash {
            chip,
            start,
            size,
            writable,
        }
    }

    /// A NOR chip of its own: byte-wise writes, no bad blocks.
    pub fn nor(size: usize, erase_size: u32) -> FakeFlash {
        FakeFlash::whole(Chip::new(FlashKind::Nor, size, erase_size, 1))
    }

    /// A NAND chip of its own: writes of whole pages.
    pub fn nand(size: usize, erase_size: u32, page: u32) -> FakeFlash {
        FakeFlash::whole(Chip::new(FlashKind::Nand, size, erase_size, page))
    }

    fn whole(chip: Chip) -> FakeFlash {
        let size = chip.bytes.len() as u64;
        FakeFlash::window(&Rc::new(RefCell::new(chip)), 0, size, true)
    }

    /// The bytes of the partition.
    pub fn bytes(&self) -> Ref<'_, [u8]> {
        let (start, end) = (self.start as usize, (self.start + self.size) as usize);
        Ref::map(self.chip.borrow(), |chip| &chip.bytes[start..end])
    }

    /// Puts bytes there as the factory does, by no rules at all.
    pub fn fill(&mut self, offset: u64, data: &[u8]) {
        let start = (self.start + offset) as usize;
        self.chip.borrow_mut().bytes[start..start + data.len()].copy_from_slice(data);
    }

    /// From now on the block at `offset` answers EIO to erase and write.
    pub fn break_block(&mut self, offset: u64) {
        self.chip.borrow_mut().broken.insert(self.start + offset);
    }

    /// The lowest bit of the byte at `offset` cannot be written as 1.
    pub fn stick_bit(&mut self, offset: u64) {
        self.chip.borrow_mut().stuck.insert(self.start + offset);
    }

    /// Erases do nothing from now on; `soft`: until the chip is unlocked.
    pub fn lock(&mut self, soft: bool) {
        self.chip.borrow_mut().lock = if soft { Lock::Soft } else { Lock::Hard };
    }

    /// Whatever reads the byte at `offset` is answered EIO.
    pub fn spoil_byte(&mut self, offset: u64) {
        self.chip
            .borrow_mut()
            .unreadable
            .insert(self.start + offset);
    }

    /// Sets the spare bytes that every page answers.
    pub fn set_oob(&mut self, bytes: &[u8]) {
        self.chip.borrow_mut().oob[..bytes.len()].copy_from_slice(bytes);
    }

    /// What changed the chip so far.
    pub fn journal(&self) -> Vec<Operation> {
        self.chip.borrow().journal.clone()
    }

    /// Empties the journal.
    pub fn forget_journal(&mut self) {
        self.chip.borrow_mut().journal.clear();
    }

    fn inside(&self, offset: u64, length: usize) -> io::Result<u64> {
        match offset.checked_add(length as u64) {
            Some(end) if end <= self.size => Ok(self.start + offset),
            _ => Err(invalid()),
        }
    }

    fn to_change(&self, offset: u64, length: usize) -> io::Result<u64> {
        if !self.writable {
            return Err(rustix::io::Errno::BADF.into());
        }
        self.inside(offset, length)
    }
}

impl Flash for FakeFlash {
    fn geometry(&self) -> Geometry {
        let chip = self.chip.borrow();
        Geometry {
            kind: chip.kind,
            size: self.size,
            erase_size: chip.erase_size,
            write_size: chip.write_size,
            oob_size: if chip.kind == FlashKind::Nand { 16 } else { 0 },
            writable: true,
        }
    }

    fn is_bad(&mut self, offset: u64) -> io::Result<bool> {
        let offset = self.inside(offset, 1)?;
        Ok(self.chip.borrow().bad.contains(&offset))
    }

    fn mark_bad(&mut self, offset: u64) -> io::Result<()> {
        let offset = self.to_change(offset, 1)?;
        let mut chip = self.chip.borrow_mut();
        if chip.kind != FlashKind::Nand {
            return Err(rustix::io::Errno::OPNOTSUPP.into());
        }
        chip.power.whole_step()?;
        chip.bad.insert(offset);
        Ok(())
    }

    fn unlock(&mut self, _offset: u64, _length: u64) -> io::Result<()> {
        let mut chip = self.chip.borrow_mut();
        if chip.lock != Lock::Soft {
            return Err(rustix::io::Errno::OPNOTSUPP.into());
        }
        chip.lock = Lock::None;
        Ok(())
    }

    fn erase(&mut self, offset: u64) -> io::Result<()> {
        let length = self.chip.borrow().erase_size as usize;
        let offset = self.to_change(offset, length)?;
        self.chip.borrow_mut().erase(offset)
    }

    fn read(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let start = index(self.inside(offset, buf.len())?)?;
        let chip = self.chip.borrow();
        if chip.power.is_out() {
            return Err(lost());
        }
        let (first, end) = (start as u64, (start + buf.len()) as u64);
        if chip.unreadable.range(first..end).next().is_some() {
            return Err(rustix::io::Errno::IO.into());
        }
        buf.copy_from_slice(&chip.bytes[start..start + buf.len()]);
        Ok(())
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        let offset = self.to_change(offset, data.len())?;
        self.chip.borrow_mut().write(offset, data)
    }

    fn read_oob(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.inside(offset, 1)?;
        let chip = self.chip.borrow();
        if chip.kind != FlashKind::Nand {
            return Err(rustix::io::Errno::OPNOTSUPP.into());
        }
        let count = buf.len().min(chip.oob.len());
        buf[..count].copy_from_slice(&chip.oob[..count]);
        Ok(())
    }
}

fn invalid() -> io::Error {
    rustix::io::Errno::INVAL.into()
}

fn index(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_only_clears_bits_and_erasing_sets_them() {
        let mut flash = FakeFlash::nor(8192, 4096);
        flash.write(10, &[0x0f]).unwrap();
        flash.write(10, &[0xf8]).unwrap();
        assert_eq!(flash.bytes()[10], 0x08);
        flash.erase(0).unwrap();
        assert_eq!(flash.bytes()[10], 0xff);
    }

    #[test]
    fn what_is_not_aligned_is_refused() {
        let mut flash = FakeFlash::nand(8192, 4096, 512);
        assert!(flash.erase(512).is_err());
        assert!(flash.write(100, &[0; 512]).is_err());
        assert!(flash.write(512, &[0; 100]).is_err());
        assert!(flash.write(8192, &[0; 512]).is_err());
        assert!(flash.journal().is_empty());
    }

    #[test]
    fn a_cut_leaves_an_operation_half_done_and_then_nothing_works() {
        let mut flash = FakeFlash::nor(8192, 4096);
        let power = flash.chip.borrow().power.clone();
        power.cut_after(1, true);
        flash.write(0, &[0; 8]).unwrap();
        assert!(flash.write(8, &[0; 8]).is_err());
        assert!(flash.write(16, &[0; 8]).is_err());
        assert!(flash.read(0, &mut [0; 4]).is_err());
        assert_eq!(flash.bytes()[..24], [[0; 12], [0xff; 12]].concat());
        power.on();
        assert!(flash.read(0, &mut [0; 4]).is_ok());
    }
}
