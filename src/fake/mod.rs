//! The traits of [`crate::sys`] in memory, for tests; the linker drops them from the binary.

pub mod disk;
pub mod flash;
pub mod machine;
pub mod mounts;
pub mod power;
pub mod ubi;

use crate::sys::{Disks, Flash, FlashKind, Machine, Mounts, Partition, System, Ubi};
use disk::FakeDisks;
use flash::{Chip, FakeFlash};
use machine::FakeMachine;
use mounts::FakeMounts;
use power::Power;
use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use ubi::FakeUbi;

/// A whole machine: one chip with partitions, a mount table, a plug to pull.
pub struct FakeSystem {
    /// The mount table.
    pub mounts: FakeMounts,
    /// Reboot, sync and their like.
    pub machine: FakeMachine,
    /// The plug.
    pub power: Power,
    /// UBI devices and volumes.
    pub ubi: FakeUbi,
    /// Block devices.
    pub disks: FakeDisks,
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
        let ubi = FakeUbi::plugged_into(&power);
        let disks = FakeDisks::plugged_into(&power);
        FakeSystem {
            ubi,
            disks,
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

    /// A router with UBI on its NAND: `kernel`, `rootfs` with a block device on it, and
    /// `rootfs_data`.
    pub fn with_ubi() -> FakeSystem {
        let chip = Chip::new(FlashKind::Nand, 64 * 4096, 4096, 512);
        let system = FakeSystem::new(chip, 4096, &[("ubi", 0, 64 * 4096)]);
        system.ubi.add("kernel", 10);
        let root = system.ubi.add("rootfs", 20);
        system.ubi.occupy(root);
        system.ubi.add("rootfs_data", 40);
        system
    }

    /// A device without MTD, its root a squashfs on `/dev/mmcblk0p2`. With `named` the data
    /// lie on a partition of their own, otherwise behind the squashfs.
    pub fn with_disk(named: bool) -> FakeSystem {
        let chip = Chip::new(FlashKind::Nor, 4096, 4096, 1);
        let mut system = FakeSystem::new(chip, 4096, &[]);
        system.disks.add("mmcblk0", None, 4096);
        let mut root = system.disks.add("mmcblk0p2", Some("rootfs"), 2 << 20);
        root.fill(0, &disk::squashfs(100_000));
        if named {
            system.disks.add("mmcblk0p3", Some("rootfs_data"), 2 << 20);
        }
        system.disks.root = Some("mmcblk0p2".into());
        system.machine.command_line = "root=/dev/mmcblk0p2".into();
        system
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
        let archives = std::mem::take(&mut self.mounts.archives);
        self.mounts = FakeMounts::new(&self.power);
        self.mounts.root = root;
        self.mounts.flash = flash;
        self.mounts.archives = archives;
        self.disks.forget_loops();
        let command_line = std::mem::take(&mut self.machine.command_line);
        self.machine = FakeMachine::new(&self.power);
        self.machine.command_line = command_line;
    }
}

/// The names that a fake file system holds, one a line.
fn names(bytes: &[u8]) -> Vec<String> {
    let text = bytes.split(|&byte| byte == 0 || byte == 0xff).next();
    let text = String::from_utf8_lossy(text.unwrap_or_default());
    let names = text.lines().filter(|name| !name.is_empty());
    names.map(String::from).collect()
}

impl System for FakeSystem {
    fn mounts(&mut self) -> &mut dyn Mounts {
        self.mounts.ubi.clone_from(&self.ubi);
        self.mounts.disks = Some(self.disks.clone());
        &mut self.mounts
    }

    fn ubi(&mut self) -> &mut dyn Ubi {
        &mut self.ubi
    }

    fn disks(&mut self) -> &mut dyn Disks {
        &mut self.disks
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
        // One that ends inside a block is read-only for the kernel.
        let end = offset + partition.size;
        if writable && !end.is_multiple_of(u64::from(partition.erase_size)) {
            return Err(rustix::io::Errno::ACCESS.into());
        }
        let flash = FakeFlash::window(&self.chip, *offset, partition.size, writable);
        Ok(Box::new(flash))
    }
}
