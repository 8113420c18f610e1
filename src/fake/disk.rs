//! Block devices in memory, with partitions, loop devices and file systems of names alone.
//!
//! Sectors are written whole or not at all; making a file system can be cut off. What is
//! mounted tells the names of its files, which lie in it one a line.

use super::power::{Power, Reach, lost};
use crate::sys::{BlockDevice, Disk, Disks, Loop};
use rustix::io::Errno;
use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Where the names of files lie.
const NAMES: usize = 0x2000;

struct Bytes {
    bytes: Vec<u8>,
    broken: Option<u64>,
    read_only: bool,
    power: Power,
}

/// One disk, whole.
#[derive(Clone)]
pub struct FakeDisk(Rc<RefCell<Bytes>>);

impl FakeDisk {
    /// A disk of zeros.
    pub fn new(size: usize) -> FakeDisk {
        FakeDisk(Rc::new(RefCell::new(Bytes {
            bytes: vec![0; size],
            broken: None,
            read_only: false,
            power: Power::default(),
        })))
    }

    /// Puts bytes there, by no rules at all.
    pub fn fill(&mut self, offset: u64, data: &[u8]) {
        self.0.borrow_mut().bytes[offset as usize..][..data.len()].copy_from_slice(data);
    }

    /// The bytes of the disk.
    pub fn bytes(&self) -> Ref<'_, [u8]> {
        Ref::map(self.0.borrow(), |disk| &disk.bytes[..])
    }

    /// From now on reading and writing at this offset answers EIO.
    pub fn break_at(&mut self, offset: u64) {
        self.0.borrow_mut().broken = Some(offset);
    }

    /// From now on it answers EROFS to everybody who wants to write.
    pub fn protect(&mut self) {
        self.0.borrow_mut().read_only = true;
    }

    /// Makes it a file system of so many bytes from `start` on, with these names in its root
    /// directory.
    pub fn make_fs(&mut self, start: u64, size: u64, fstype: &str, names: &[&str]) {
        let (offset, magic) = magic_of(fstype);
        self.fill(start, &[0; 0x3000]);
        self.fill(start + offset as u64, magic);
        // Counted in blocks of 1 KiB, whose size is 2 to the power of 10 (ext4 leaves that out).
        let count = ((size / 1024) as u32).to_le_bytes();
        match fstype {
            "f2fs" => {
                self.fill(start + 0x410, &[10]);
                self.fill(start + 0x424, &count);
            }
            "vfat" => self.fill(start + 510, &[0x55, 0xaa]),
            _ => self.fill(start + 0x404, &count),
        }
        let names = format!("{}\n", names.join("\n"));
        self.fill(start + NAMES as u64, names.as_bytes());
    }
}

impl Disk for FakeDisk {
    fn size(&self) -> u64 {
        self.0.borrow().bytes.len() as u64
    }

    fn read(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let disk = self.0.borrow();
        if disk.power.is_out() {
            return Err(lost());
        }
        if disk.broken == Some(offset) {
            return Err(Errno::IO.into());
        }
        let part = disk.bytes.get(offset as usize..).unwrap_or_default();
        let part = part.get(..buf.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(part);
        Ok(())
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut disk = self.0.borrow_mut();
        let reach = match disk.power.step() {
            Reach::Nothing => return Err(lost()),
            // Sectors are not torn.
            Reach::Half => data.len() / 2 / 512 * 512,
            Reach::Whole => data.len(),
        };
        if disk.broken == Some(offset) {
            return Err(Errno::IO.into());
        }
        let room = disk.bytes.get_mut(offset as usize..).unwrap_or_default();
        let part = room.get_mut(..data.len()).ok_or(Errno::NOSPC)?;
        part[..reach].copy_from_slice(&data[..reach]);
        match reach == data.len() {
            true => Ok(()),
            false => Err(lost()),
        }
    }
}

fn magic_of(fstype: &str) -> (usize, &'static [u8]) {
    match fstype {
        "f2fs" => (0x400, &[0x10, 0x20, 0xf5, 0xf2]),
        "vfat" => (54, b"FAT16   "),
        _ => (0x438, &[0x53, 0xef]),
    }
}

/// The first bytes of a squashfs of this length.
pub fn squashfs(length: u64) -> [u8; 96] {
    let mut head = [0; 96];
    head[..4].copy_from_slice(b"hsqs");
    head[12..16].copy_from_slice(&(1_u32 << 17).to_le_bytes());
    head[20] = 4;
    head[22] = 17;
    head[28] = 4;
    head[40..48].copy_from_slice(&length.to_le_bytes());
    head
}

/// The block devices of a fake machine.
#[derive(Clone)]
pub struct FakeDisks {
    /// What exists; the offset is that on its disk.
    pub list: Vec<(BlockDevice, FakeDisk)>,
    /// The name of the device below `/` or `/rom`.
    pub root: Option<String>,
    /// The types of file system that there is a program to make.
    pub formatters: Vec<&'static str>,
    loops: Rc<RefCell<BTreeMap<PathBuf, Loop>>>,
    power: Power,
}

impl FakeDisks {
    pub(super) fn plugged_into(power: &Power) -> FakeDisks {
        FakeDisks {
            list: Vec::new(),
            root: None,
            formatters: vec!["ext4", "f2fs"],
            loops: Rc::default(),
            power: power.clone(),
        }
    }

    /// Adds a device with bytes of its own; `label` is its name in the partition table.
    pub fn add(&mut self, name: &str, label: Option<&str>, size: usize) -> FakeDisk {
        let disk = FakeDisk::new(size);
        disk.0.borrow_mut().power = self.power.clone();
        let device = BlockDevice {
            name: name.into(),
            number: (259, self.list.len() as u32),
            label: label.map(String::from),
            disk: label.map(|_| "mmcblk0".into()),
            size: size as u64,
        };
        self.list.push((device, disk.clone()));
        disk
    }

    /// Nothing is attached any more after a boot.
    pub(super) fn forget_loops(&mut self) {
        self.loops.borrow_mut().clear();
    }

    /// The disk behind a node, and where it begins there.
    fn resolve(&self, node: &Path) -> io::Result<(FakeDisk, u64)> {
        if let Some(attached) = self.loops.borrow().get(node) {
            let (disk, offset) = self.find(&attached.file)?;
            return Ok((disk, offset + attached.offset));
        }
        self.find(node)
    }

    fn find(&self, node: &Path) -> io::Result<(FakeDisk, u64)> {
        let found = self.list.iter().find(|(device, _)| device.node() == node);
        let (_, disk) = found.ok_or(Errno::NOENT)?;
        Ok((disk.clone(), 0))
    }

    /// A file comes into the root directory of a file system.
    pub(super) fn keep(&self, node: &Path, name: &str) -> io::Result<()> {
        let (mut disk, start) = self.resolve(node)?;
        let at = start as usize + NAMES;
        let mut names = super::names(&disk.bytes()[at..]);
        names.push(name.to_owned());
        disk.fill(at as u64, format!("{}\n", names.join("\n")).as_bytes());
        Ok(())
    }

    /// Mounts a device: the names in its root directory.
    pub(super) fn mount(&self, node: &Path, fstype: &str) -> io::Result<Vec<String>> {
        let (disk, start) = self.resolve(node)?;
        let bytes = disk.bytes();
        let area = &bytes[start as usize..];
        let (at, magic) = magic_of(fstype);
        match area[at..].starts_with(magic) {
            true => Ok(super::names(&area[NAMES..])),
            false => Err(Errno::INVAL.into()),
        }
    }
}

impl Disks for FakeDisks {
    fn list(&mut self) -> io::Result<Vec<BlockDevice>> {
        Ok(self.list.iter().map(|(device, _)| device.clone()).collect())
    }

    fn below(&mut self, _path: &Path) -> io::Result<Option<String>> {
        Ok(self.root.clone())
    }

    fn open(&mut self, node: &Path, writable: bool) -> io::Result<Box<dyn Disk>> {
        let (disk, start) = self.resolve(node)?;
        if start != 0 {
            // Nobody opens a loop device but to mount it.
            return Err(Errno::INVAL.into());
        }
        if writable && disk.0.borrow().read_only {
            return Err(Errno::ROFS.into());
        }
        Ok(Box::new(disk))
    }

    fn loops(&mut self) -> io::Result<Vec<Loop>> {
        Ok(self.loops.borrow().values().cloned().collect())
    }

    fn free_loop(&mut self) -> io::Result<PathBuf> {
        let node = |number| PathBuf::from(format!("/dev/loop{number}"));
        let free = (0..8)
            .map(node)
            .find(|node| !self.loops.borrow().contains_key(node));
        free.ok_or_else(|| Errno::NOENT.into())
    }

    fn attach_loop(&mut self, attached: &Loop, _writable: bool) -> io::Result<()> {
        self.power.whole_step()?;
        self.find(&attached.file)?;
        let mut loops = self.loops.borrow_mut();
        if loops.contains_key(&attached.node) {
            return Err(Errno::BUSY.into());
        }
        loops.insert(attached.node.clone(), attached.clone());
        Ok(())
    }

    fn formatter(&mut self, fstype: &str) -> Option<PathBuf> {
        let known = self.formatters.contains(&fstype);
        known.then(|| PathBuf::from(format!("/usr/sbin/mkfs.{fstype}")))
    }

    fn format(
        &mut self,
        fstype: &str,
        node: &Path,
        _label: &str,
        limit: Option<u64>,
    ) -> io::Result<()> {
        let (mut disk, start) = self.resolve(node)?;
        let size = limit.unwrap_or(disk.size() - start);
        // It clears the beginning first and writes what makes it a file system last.
        match self.power.step() {
            Reach::Nothing => return Err(lost()),
            Reach::Half => disk.fill(start, &[0; 512]),
            Reach::Whole => disk.fill(start, &[0; 0x3000]),
        }
        self.power.whole_step()?;
        disk.make_fs(start, size, fstype, &[]);
        Ok(())
    }
}
