//! The traits of [`crate::sys`] in memory, for tests; the linker drops them from the binary.

pub mod flash;
pub mod machine;
pub mod mounts;
pub mod power;

use crate::sys::{Flash, FlashKind, Machine, Mounts, Partition, System};
use flash::{Chip, FakeFlash};
use machine::FakeMachine;
use mounts::FakeMounts;
use power::Power;
use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

/// A whole machine: one chip with partitions, a mount table, a plug to pull.
pub struct FakeSystem {
    /// The mount table.
    pub mounts: FakeMounts,
    /// Reboot, sync and their like.
    pub machine: FakeMachine,
    /// The plug.
    pub power: Power,
    chip: Rc<RefCell<Chip>>,
    partitions: Vec<(Partition, u64)>,
}

impl FakeSystem {
    /// A machine with partitions (name, offset, size) on one chip.
    pub fn new(chip: Chip, erase_size: u32, layout: &[(&str, u64, u64)]) -> FakeSystem {
        let power = Power::default();
        let chip = Rc::new(RefCell::new(chip));
        chip.borrow_mut().plug_into(&power);
        let mut mounts = FakeMounts::new(&power);
        let mut partitions = Vec::new();
        for (number, &(name, offset, size)) in (0..).zip(layout) {
            let device = PathBuf::from(format!("/dev/mtdblock{number}"));
            let window = FakeFlash::window(&chip, offset, size, false);
            mounts.flash.insert(device, window);
            let name = name.to_owned();
            partitions.push((
                Partition {
                    number,
                    size,
                    erase_size,
                    name,
                    offset: Some(offset),
                },
                offset,
            ));
        }
        let machine = FakeMachine::new(&power);
        FakeSystem {
            mounts,
            machine,
            power,
            chip,
            partitions,
        }
    }

    /// A small router with 4 KiB erase blocks: `firmware` (16 blocks) spans `kernel` (4),
    /// `rootfs` (12) and `rootfs_data` (the last 8); `art` is the block behind it.
    pub fn router() -> FakeSystem {
        let k = 4096;
        FakeSystem::new(
            Chip::new(FlashKind::Nor, 17 * 4096, 4096, 1),
            4096,
            &[
                ("firmware", 0, 16 * k),
                ("kernel", 0, 4 * k),
                ("rootfs", 4 * k, 12 * k),
                ("rootfs_data", 8 * k, 8 * k),
                ("art", 16 * k, k),
            ],
        )
    }

    /// The partition of this name, for a test to look at and to fill.
    pub fn flash(&self, name: &str) -> Option<FakeFlash> {
        let (partition, offset) = self.partitions.iter().find(|(p, _)| p.name == name)?;
        Some(FakeFlash::window(&self.chip, *offset, partition.size, true))
    }

    /// The same flash after the power came back: nothing mounted, no cut ahead.
    pub fn boot_again(&mut self) {
        self.power.on();
        let root = std::mem::take(&mut self.mounts.root);
        let flash = std::mem::take(&mut self.mounts.flash);
        self.mounts = FakeMounts::new(&self.power);
        self.mounts.root = root;
        self.mounts.flash = flash;
        self.machine = FakeMachine::new(&self.power);
    }
}

impl System for FakeSystem {
    fn mounts(&mut self) -> &mut dyn Mounts {
        &mut self.mounts
    }

    fn machine(&mut self) -> &mut dyn Machine {
        &mut self.machine
    }

    fn partitions(&mut self) -> io::Result<Vec<Partition>> {
        Ok(self.partitions.iter().map(|(p, _)| p.clone()).collect())
    }

    fn open_flash(&mut self, number: u32, writable: bool) -> io::Result<Box<dyn Flash>> {
        let found = self.partitions.iter().find(|(p, _)| p.number == number);
        let (partition, offset) = found.ok_or(io::ErrorKind::NotFound)?;
        let flash = FakeFlash::window(&self.chip, *offset, partition.size, writable);
        Ok(Box::new(flash))
    }
}
