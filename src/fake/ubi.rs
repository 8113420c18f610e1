//! UBI in memory: volumes whose updates can be cut off, and a UBIFS that the mount makes.
//!
//! The names of its files lie in a block of their own, one a line; that is all that tests of
//! resets and mounts need to know about a UBIFS.

use super::power::{Power, Reach, lost};
use crate::sys::{NewVolume, Ubi, UbiDevice, UbiVolume, VolumeId};
use rustix::io::Errno;
use std::cell::RefCell;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

/// A handle to the one UBI of a fake machine.
#[derive(Clone, Default)]
pub struct FakeUbi(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    devices: Vec<UbiDevice>,
    volumes: Vec<(UbiVolume, Vec<u8>)>,
    broken: Option<u64>,
    power: Power,
}

/// Blocks that no volume has on a device that was just attached.
const FREE: u32 = 64;
/// Where the names of files lie.
const NAMES: usize = 3 * FakeUbi::BLOCK as usize;

impl FakeUbi {
    /// Bytes of a logical erase block.
    pub const BLOCK: u32 = 2048;

    pub(super) fn plugged_into(power: &Power) -> FakeUbi {
        let ubi = FakeUbi::default();
        ubi.0.borrow_mut().power = power.clone();
        ubi
    }

    /// A volume of so many blocks on `ubi0`, by no rules at all.
    pub fn add(&self, name: &str, blocks: u32) -> VolumeId {
        let mut state = self.0.borrow_mut();
        if state.devices.is_empty() {
            state.devices.push(device(0, 0));
        }
        let size = u64::from(blocks) * u64::from(FakeUbi::BLOCK);
        state.add(0, name, size)
    }

    /// Puts bytes into a volume, by no rules at all.
    pub fn fill(&self, id: VolumeId, offset: u64, data: &[u8]) {
        let mut state = self.0.borrow_mut();
        let (_, bytes) = state.volume(id).unwrap_or_else(|_| unknown(id));
        bytes[offset as usize..][..data.len()].copy_from_slice(data);
    }

    /// The bytes of a volume.
    pub fn bytes(&self, id: VolumeId) -> Vec<u8> {
        let mut state = self.0.borrow_mut();
        let (_, bytes) = state.volume(id).unwrap_or_else(|_| unknown(id));
        bytes.clone()
    }

    /// Makes a volume a UBIFS with these names in its root directory.
    pub fn make_ubifs(&self, id: VolumeId, names: &[&str]) {
        self.fill(id, 0, &node(6));
        self.fill(id, u64::from(FakeUbi::BLOCK), &node(7));
        self.fill(
            id,
            NAMES as u64,
            format!("{}\n", names.join("\n")).as_bytes(),
        );
    }

    /// Puts a block device on a volume, as the kernel does for a root file system.
    pub fn occupy(&self, id: VolumeId) {
        let mut state = self.0.borrow_mut();
        let (volume, _) = state.volume(id).unwrap_or_else(|_| unknown(id));
        volume.has_block = true;
    }

    /// From now on reading at this offset, of any volume, answers EIO.
    pub fn break_at(&self, offset: u64) {
        self.0.borrow_mut().broken = Some(offset);
    }

    /// A file comes into the root directory of a UBIFS.
    pub(super) fn keep(&self, source: &Path, name: &str) -> io::Result<()> {
        let id = source.file_name().and_then(|name| name.to_str());
        let id = id.and_then(VolumeId::parse).ok_or(Errno::NODEV)?;
        let mut names = super::names(&self.bytes(id)[NAMES..]);
        names.push(name.to_owned());
        self.fill(
            id,
            NAMES as u64,
            format!("{}\n", names.join("\n")).as_bytes(),
        );
        Ok(())
    }

    /// Mounts a volume as UBIFS: the names in its root directory.
    pub(super) fn mount(&self, source: &Path, read_only: bool) -> io::Result<Vec<String>> {
        let name = source.file_name().and_then(|name| name.to_str());
        let id = name.and_then(VolumeId::parse).ok_or(Errno::NODEV)?;
        let mut state = self.0.borrow_mut();
        let power = state.power.clone();
        let (volume, bytes) = state.volume(id)?;
        if volume.torn {
            return Err(Errno::BADF.into());
        }
        if bytes.iter().all(|&byte| byte == 0xff) {
            if read_only {
                return Err(Errno::ROFS.into());
            }
            // The kernel makes an empty one, in many writes.
            for (offset, kind) in [(0, 6), (FakeUbi::BLOCK as usize, 7)] {
                power.whole_step()?;
                let node = node(kind);
                bytes[offset..offset + node.len()].copy_from_slice(&node);
            }
        }
        let holds = |offset: usize, kind| bytes[offset..].starts_with(&node(kind));
        if !holds(0, 6) || !holds(FakeUbi::BLOCK as usize, 7) {
            return Err(Errno::INVAL.into());
        }
        Ok(super::names(&bytes[NAMES..]))
    }
}

fn unknown(id: VolumeId) -> ! {
    panic!("the fake has no volume {id}")
}

/// The first bytes of a node of a UBIFS.
fn node(kind: u8) -> [u8; 24] {
    let mut node = [0; 24];
    node[..4].copy_from_slice(&0x0610_1831_u32.to_le_bytes());
    node[20] = kind;
    node
}

fn device(number: u32, mtd: u32) -> UbiDevice {
    UbiDevice {
        number,
        mtd,
        block_size: FakeUbi::BLOCK,
        free_blocks: FREE,
        blocks: FREE,
        bad_blocks: 0,
    }
}

impl State {
    fn add(&mut self, device: u32, name: &str, size: u64) -> VolumeId {
        let taken = |number: &u32| {
            let same = |id: VolumeId| id.device == device && id.volume == *number;
            self.volumes.iter().any(|(volume, _)| same(volume.id))
        };
        let volume = (0..).find(|number| !taken(number)).unwrap_or(0);
        let id = VolumeId { device, volume };
        let volume = UbiVolume {
            id,
            name: name.into(),
            size,
            block_size: FakeUbi::BLOCK,
            used: size,
            is_static: false,
            has_block: false,
            torn: false,
        };
        self.volumes.push((volume, vec![0xff; size as usize]));
        id
    }

    fn volume(&mut self, id: VolumeId) -> io::Result<(&mut UbiVolume, &mut Vec<u8>)> {
        let found = self.volumes.iter_mut().find(|(volume, _)| volume.id == id);
        let (volume, bytes) = found.ok_or(Errno::NODEV)?;
        Ok((volume, bytes))
    }

    /// Takes so many bytes from the free blocks of a device, or gives them back.
    fn take(&mut self, device: u32, bytes: i64) -> io::Result<()> {
        let found = self.devices.iter_mut().find(|d| d.number == device);
        let device = found.ok_or(Errno::NODEV)?;
        let blocks = bytes / i64::from(FakeUbi::BLOCK);
        let left = i64::from(device.free_blocks) - blocks;
        device.free_blocks = u32::try_from(left).map_err(|_| Errno::NOSPC)?;
        Ok(())
    }
}

/// Rounded up to whole blocks.
fn rounded(size: u64) -> u64 {
    size.next_multiple_of(u64::from(FakeUbi::BLOCK))
}

impl Ubi for FakeUbi {
    fn devices(&mut self) -> io::Result<Vec<UbiDevice>> {
        Ok(self.0.borrow().devices.clone())
    }

    fn volumes(&mut self) -> io::Result<Vec<UbiVolume>> {
        let state = self.0.borrow();
        Ok(state
            .volumes
            .iter()
            .map(|(volume, _)| volume.clone())
            .collect())
    }

    fn read(&mut self, id: VolumeId, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        if state.power.is_out() {
            return Err(lost());
        }
        if state.broken == Some(offset) {
            return Err(Errno::IO.into());
        }
        let (volume, bytes) = state.volume(id)?;
        if volume.torn {
            return Err(Errno::BADF.into());
        }
        let part = bytes.get(offset as usize..).unwrap_or_default();
        let part = part.get(..buf.len()).ok_or(Errno::INVAL)?;
        buf.copy_from_slice(part);
        Ok(())
    }

    fn attach_as(&mut self, mtd: u32, number: Option<u32>) -> io::Result<u32> {
        let mut state = self.0.borrow_mut();
        state.power.whole_step()?;
        if state.devices.iter().any(|device| device.mtd == mtd) {
            return Err(Errno::EXIST.into());
        }
        let number = number.unwrap_or(state.devices.len() as u32);
        state.devices.push(device(number, mtd));
        Ok(number)
    }

    fn detach(&mut self, device: u32) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.power.whole_step()?;
        let busy = |(volume, _): &(UbiVolume, _)| volume.id.device == device && volume.has_block;
        if state.volumes.iter().any(busy) {
            return Err(Errno::BUSY.into());
        }
        state.devices.retain(|d| d.number != device);
        state
            .volumes
            .retain(|(volume, _)| volume.id.device != device);
        Ok(())
    }

    fn make(&mut self, device: u32, volume: &NewVolume) -> io::Result<VolumeId> {
        let mut state = self.0.borrow_mut();
        state.power.whole_step()?;
        let size = rounded(volume.size);
        let same = |v: &UbiVolume| v.id.device == device && v.name == volume.name;
        if state.volumes.iter().any(|(v, _)| same(v)) {
            return Err(Errno::EXIST.into());
        }
        state.take(device, size as i64)?;
        let made = state.add(device, &volume.name, size);
        let mut id = made;
        id.volume = volume.number.unwrap_or(made.volume);
        let (new, _) = state.volume(made)?;
        new.id = id;
        new.is_static = volume.is_static;
        Ok(id)
    }

    fn remove(&mut self, id: VolumeId) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.power.whole_step()?;
        let (volume, bytes) = state.volume(id)?;
        if volume.has_block {
            return Err(Errno::BUSY.into());
        }
        let size = bytes.len() as i64;
        state.volumes.retain(|(volume, _)| volume.id != id);
        state.take(id.device, -size)
    }

    fn rename(&mut self, device: u32, names: &[(VolumeId, &str)]) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.power.whole_step()?;
        let is_meant = |id: VolumeId| names.iter().find(|(meant, _)| *meant == id);
        for (id, name) in names {
            let is_taken = |v: &UbiVolume| v.name == *name && is_meant(v.id).is_none();
            if id.device != device || state.volumes.iter().any(|(v, _)| is_taken(v)) {
                return Err(Errno::EXIST.into());
            }
            state.volume(*id)?;
        }
        for (volume, _) in &mut state.volumes {
            if let Some((_, name)) = is_meant(volume.id) {
                volume.name = (*name).to_owned();
            }
        }
        Ok(())
    }

    fn resize(&mut self, id: VolumeId, size: u64) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.power.whole_step()?;
        let size = rounded(size);
        let old = state.volume(id)?.0.size;
        state.take(id.device, size as i64 - old as i64)?;
        let (volume, bytes) = state.volume(id)?;
        volume.size = size;
        bytes.resize(size as usize, 0xff);
        Ok(())
    }

    fn update(&mut self, id: VolumeId, size: u64, source: &mut dyn Read) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        let power = state.power.clone();
        let (volume, bytes) = state.volume(id)?;
        if size > volume.size {
            return Err(Errno::INVAL.into());
        }
        power.whole_step()?;
        volume.torn = true;
        let reach = power.step();
        let half = bytes.len() / 2;
        match reach {
            Reach::Nothing => return Err(lost()),
            Reach::Half => bytes[..half].fill(0xff),
            Reach::Whole => bytes.fill(0xff),
        }
        if reach == Reach::Half {
            return Err(lost());
        }
        for block in bytes[..size as usize].chunks_mut(FakeUbi::BLOCK as usize) {
            source.read_exact(block)?;
            power.whole_step()?;
        }
        power.whole_step()?;
        volume.torn = false;
        Ok(())
    }

    fn set_block(&mut self, id: VolumeId, wanted: bool) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.power.whole_step()?;
        let (volume, _) = state.volume(id)?;
        match (volume.has_block, wanted) {
            (true, true) => return Err(Errno::EXIST.into()),
            (false, false) => return Err(Errno::NODEV.into()),
            _ => volume.has_block = wanted,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_that_is_cut_off_leaves_nothing_to_read() {
        let mut ubi = FakeUbi::default();
        let id = ubi.add("rootfs", 8);
        let power = ubi.0.borrow().power.clone();
        power.cut_after(2, false);
        assert!(ubi.update(id, 4096, &mut &[7; 4096][..]).is_err());
        power.on();
        assert!(ubi.volumes().unwrap()[0].torn);
        assert!(ubi.read(id, 0, &mut [0; 4]).is_err());
        ubi.update(id, 4096, &mut &[7; 4096][..]).unwrap();
        assert_eq!(ubi.bytes(id)[4095..4097], [7, 0xff]);
    }

    #[test]
    fn volumes_are_made_resized_and_removed_as_far_as_there_is_room() {
        let mut ubi = FakeUbi::default();
        let device = ubi.attach(5).unwrap();
        let wanted = |name: &str, blocks: u64| NewVolume {
            name: name.into(),
            number: None,
            size: blocks * u64::from(FakeUbi::BLOCK),
            is_static: false,
        };
        let first = ubi.make(device, &wanted("rootfs", 40)).unwrap();
        assert!(ubi.make(device, &wanted("rootfs", 1)).is_err());
        assert!(ubi.make(device, &wanted("rootfs_data", 25)).is_err());
        let second = ubi.make(device, &wanted("rootfs_data", 24)).unwrap();
        assert_eq!((first.volume, second.volume), (0, 1));
        assert!(ubi.resize(second, 50_000).is_err());
        ubi.set_block(first, true).unwrap();
        assert!(ubi.remove(first).is_err());
        assert!(ubi.detach(device).is_err());
        ubi.set_block(first, false).unwrap();
        ubi.remove(first).unwrap();
        ubi.resize(second, 50_000).unwrap();
        assert_eq!(ubi.devices().unwrap()[0].free_blocks, FREE - 25);
        ubi.detach(device).unwrap();
        assert!(ubi.volumes().unwrap().is_empty());
    }
}
