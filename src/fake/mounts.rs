//! A mount table in memory, with the kernel's objections.
//!
//! Paths are those of the device: a test that gives the applets a directory as root passes
//! it here too, and it is taken off. jffs2 is mounted from the fake flash by the rules of
//! a kernel without OpenWrt's patches, so it shows old files behind an end marker.

use super::disk::FakeDisks;
use super::flash::FakeFlash;
use super::power::Power;
use super::ubi::FakeUbi;
use crate::flash::jffs2::{self, Endian};
use crate::flash::survey::{self, Content};
use crate::sys::{Flash, Mount, MountFlags, Mounts, UnmountFlags};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// A file that comes and goes with the file system it was put into.
const ARCHIVE: &str = "sysupgrade.tgz";

/// The mount table.
pub struct FakeMounts {
    /// What is mounted.
    pub table: Vec<Mount>,
    /// File system types that are known.
    pub filesystems: Vec<String>,
    /// Mount points that answer EBUSY to remounting read-only and to unmounting.
    pub busy: Vec<PathBuf>,
    /// Names in the root directory of each data file system that was mounted, the latest last.
    pub seen: Vec<Vec<String>>,
    /// Taken off every path.
    pub root: PathBuf,
    pub(super) flash: BTreeMap<PathBuf, FakeFlash>,
    /// What was in `sysupgrade.tgz` of a file system, by its device.
    pub(super) archives: BTreeMap<PathBuf, Vec<u8>>,
    pub(super) ubi: FakeUbi,
    pub(super) disks: Option<FakeDisks>,
    pub(super) power: Power,
}

impl FakeMounts {
    /// A router that runs from its squashfs.
    pub fn new(power: &Power) -> FakeMounts {
        let entry = |source: &str, target: &str, fstype: &str, options: &str| Mount {
            source: source.into(),
            target: target.into(),
            fstype: fstype.into(),
            options: options.into(),
        };
        FakeMounts {
            table: vec![
                entry("/dev/root", "/", "squashfs", "ro,relatime"),
                entry("proc", "/proc", "proc", "rw"),
                entry("sysfs", "/sys", "sysfs", "rw"),
                entry("tmpfs", "/tmp", "tmpfs", "rw"),
                entry("devtmpfs", "/dev", "devtmpfs", "rw"),
                entry("devpts", "/dev/pts", "devpts", "rw"),
            ],
            filesystems: [
                "squashfs", "jffs2", "ubifs", "ext4", "vfat", "f2fs", "overlay", "tmpfs", "proc",
                "sysfs",
            ]
            .map(String::from)
            .to_vec(),
            busy: Vec::new(),
            archives: BTreeMap::new(),
            seen: Vec::new(),
            root: "/".into(),
            flash: BTreeMap::new(),
            ubi: FakeUbi::default(),
            disks: None,
            power: power.clone(),
        }
    }

    /// The topmost mount on `target`.
    pub fn at(&self, target: impl AsRef<Path>) -> Option<&Mount> {
        let target = target.as_ref();
        self.table.iter().rev().find(|mount| mount.target == target)
    }

    fn place(&self, path: &Path) -> PathBuf {
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        Path::new("/").join(below)
    }

    /// The names in the root directory of a data file system, or why it is not mounted.
    fn names(&mut self, source: &Path, fstype: &str, read_only: bool) -> io::Result<Vec<String>> {
        match (fstype, &self.disks) {
            ("jffs2", _) => jffs2_names(self.flash.get_mut(source).ok_or(Errno::NOENT)?),
            ("ubifs", _) => self.ubi.mount(source, read_only),
            (_, Some(disks)) => disks.mount(source, fstype),
            (_, None) => Err(Errno::NODEV.into()),
        }
    }

    fn index_of(&self, target: &Path) -> io::Result<usize> {
        let place = self.place(target);
        let found = self.table.iter().rposition(|mount| mount.target == place);
        found.ok_or_else(|| Errno::INVAL.into())
    }
}

/// Reads the names in the root directory as a mount would, or refuses as it would.
///
/// fs/jffs2/scan.c: blocks of rubbish beside blocks without a file are "cowardly" refused.
fn jffs2_names(flash: &mut FakeFlash) -> io::Result<Vec<String>> {
    let geometry = flash.geometry();
    let mut block = vec![0; geometry.erase_size as usize];
    let (mut rubbish, mut used) = (false, false);
    let mut entries: BTreeMap<Vec<u8>, (u32, u32)> = BTreeMap::new();
    for offset in (0..geometry.size).step_by(block.len()) {
        flash.read(offset, &mut block)?;
        match survey::content(&block, Endian::NATIVE) {
            Content::Rubbish => rubbish = true,
            Content::Nodes => used = true,
            Content::Blank | Content::Clean => {}
        }
        for node in survey::nodes(&block, Endian::NATIVE) {
            if node.nodetype != jffs2::DIRENT || node.bytes.len() < 40 {
                continue;
            }
            let word = |at: usize| {
                let mut bytes = [0; 4];
                bytes.copy_from_slice(&node.bytes[at..at + 4]);
                Endian::NATIVE.read_u32(bytes)
            };
            let (version, inode, name) = (word(16), word(20), node.bytes[40..].to_vec());
            let entry = entries.entry(name).or_insert((version, inode));
            if version >= entry.0 {
                *entry = (version, inode);
            }
        }
    }
    if rubbish && !used {
        return Err(Errno::IO.into());
    }
    let alive = entries.into_iter().filter(|(_, (_, inode))| *inode != 0);
    Ok(alive
        .map(|(name, _)| String::from_utf8_lossy(&name).into_owned())
        .collect())
}

impl Mounts for FakeMounts {
    fn table(&mut self) -> io::Result<Vec<Mount>> {
        Ok(self.table.clone())
    }

    fn filesystems(&mut self) -> io::Result<Vec<String>> {
        Ok(self.filesystems.clone())
    }

    fn mount(
        &mut self,
        source: &Path,
        target: &Path,
        fstype: &str,
        flags: MountFlags,
        data: &str,
    ) -> io::Result<()> {
        self.power.whole_step()?;
        if !self.filesystems.iter().any(|known| known == fstype) {
            return Err(Errno::NODEV.into());
        }
        if !target.is_dir() {
            return Err(Errno::NOENT.into());
        }
        let read_only = flags.contains(MountFlags::RDONLY);
        if ["jffs2", "ubifs", "ext4", "f2fs"].contains(&fstype) {
            let names = self.names(source, fstype, read_only)?;
            let archive = self.archives.get(source);
            if let Some(bytes) = archive.filter(|_| names.iter().any(|name| name == ARCHIVE)) {
                std::fs::write(target.join(ARCHIVE), bytes)?;
            }
            self.seen.push(names);
        }
        let access = if read_only { "ro" } else { "rw" };
        let comma = if data.is_empty() { "" } else { "," };
        self.table.push(Mount {
            source: source.to_owned(),
            target: self.place(target),
            fstype: fstype.to_owned(),
            options: format!("{access}{comma}{data}"),
        });
        Ok(())
    }

    fn remount(&mut self, target: &Path, flags: MountFlags, _data: &str) -> io::Result<()> {
        self.power.whole_step()?;
        let at = self.index_of(target)?;
        let read_only = flags.contains(MountFlags::RDONLY);
        if read_only && self.busy.contains(&self.table[at].target) {
            return Err(Errno::BUSY.into());
        }
        let rest = self.table[at]
            .options
            .get(2..)
            .unwrap_or_default()
            .to_owned();
        self.table[at].options = format!("{}{rest}", if read_only { "ro" } else { "rw" });
        Ok(())
    }

    fn move_mount(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.power.whole_step()?;
        self.index_of(from)?;
        let (from, to) = (self.place(from), self.place(to));
        for mount in &mut self.table {
            if let Ok(below) = mount.target.strip_prefix(&from) {
                // Joining an empty path would add a slash.
                mount.target = if below.as_os_str().is_empty() {
                    to.clone()
                } else {
                    to.join(below)
                };
            }
        }
        Ok(())
    }

    fn bind(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.power.whole_step()?;
        let (source, target) = (self.place(from), self.place(to));
        let (fstype, options) = ("bind".into(), "rw".into());
        self.table.push(Mount {
            source,
            target,
            fstype,
            options,
        });
        Ok(())
    }

    fn unmount(&mut self, target: &Path, flags: UnmountFlags) -> io::Result<()> {
        self.power.whole_step()?;
        let at = self.index_of(target)?;
        if self.busy.contains(&self.table[at].target) && !flags.contains(UnmountFlags::DETACH) {
            return Err(Errno::BUSY.into());
        }
        let gone = self.table.remove(at);
        let archive = target.join(ARCHIVE);
        if gone.options.starts_with("rw") && archive.exists() {
            // What was put into the mount point goes into the file system that was there.
            match (&*gone.fstype, &self.disks) {
                ("ubifs", _) => self.ubi.keep(&gone.source, ARCHIVE)?,
                ("ext4" | "vfat", Some(disks)) => disks.keep(&gone.source, ARCHIVE)?,
                _ => return Ok(()),
            }
            self.archives.insert(gone.source, std::fs::read(&archive)?);
            std::fs::remove_file(archive)?;
        }
        Ok(())
    }

    fn pivot_root(&mut self, new: &Path, put_old: &Path) -> io::Result<()> {
        self.power.whole_step()?;
        self.index_of(new)?;
        let (new, old) = (self.place(new), self.place(put_old));
        let old = match old.strip_prefix(&new) {
            Ok(below) => Path::new("/").join(below),
            Err(_) => return Err(Errno::INVAL.into()),
        };
        for mount in &mut self.table {
            mount.target = match mount.target.strip_prefix(&new) {
                Ok(below) => Path::new("/").join(below),
                Err(_) => {
                    let below = mount.target.strip_prefix("/").unwrap_or(&mount.target);
                    if below.as_os_str().is_empty() {
                        old.clone()
                    } else {
                        old.join(below)
                    }
                }
            };
        }
        Ok(())
    }
}
