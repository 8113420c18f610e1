//! Finding the data volume: one table of drivers, asked in the order of OpenWrt's priorities.

use super::{Error, Fresh, Place, Through, Volume};
use crate::disk::behind;
use crate::flash::{self, Failed};
use crate::sys::{BlockDevice, System};
use std::path::Path;

/// The usual name of the data volume.
pub const DATA: &str = "rootfs_data";
/// A disk with more room than this gets f2fs, which is kinder to its flash.
const LARGE: u64 = 100 << 20;

/// What is looked for, and what the kernel was told about it.
struct Search<'a> {
    sys: &'a mut dyn System,
    /// Where the paths of the device begin.
    root: &'a Path,
    name: &'a str,
    command_line: &'a str,
    filesystems: &'a [String],
    /// The block devices by name, once somebody has asked: sysfs has many files.
    devices: Option<Vec<BlockDevice>>,
}

impl Search<'_> {
    /// The value of `key=` on the command line.
    fn word(&self, key: &str) -> Option<&str> {
        let mut words = self.command_line.split_whitespace();
        words.find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    fn devices(&mut self) -> Result<Vec<BlockDevice>, Failed> {
        if self.devices.is_none() {
            let mut devices = self.sys.disks().list().map_err(asking("disks"))?;
            devices.sort_by(|a, b| a.name.cmp(&b.name));
            self.devices = Some(devices);
        }
        Ok(self.devices.clone().unwrap_or_default())
    }
}

type Found = Result<Option<Volume>, Failed>;

/// The drivers, the first that finds something wins.
const DRIVERS: [fn(&mut Search<'_>) -> Found; 5] = [fit, partname, ubi, mtd, rootdisk];

/// Finds the data volume; its state is not looked at yet.
///
/// # Errors
/// The kernel does not answer. That there is none is no error.
pub fn find(
    sys: &mut dyn System,
    root: &Path,
    filesystems: &[String],
) -> Result<Option<Volume>, Error> {
    let command_line = sys.machine().command_line().unwrap_or_default();
    let mut search = Search {
        sys,
        root,
        name: DATA,
        command_line: &command_line,
        filesystems,
        devices: None,
    };
    let name = search.word("fstools_overlay_name").map(str::to_owned);
    search.name = name.as_deref().unwrap_or(DATA);
    for driver in DRIVERS {
        if let Some(found) = driver(&mut search).map_err(Error::Flash)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// An MTD partition with UBI on it that the kernel has not attached: where it knows the name,
/// a router's kernel does that by itself.
///
/// # Errors
/// The kernel does not answer.
pub fn unattached(sys: &mut dyn System) -> Result<Option<u32>, Error> {
    let attached = sys
        .ubi()
        .devices()
        .map_err(asking("ubi"))
        .map_err(Error::Flash)?;
    for name in ["ubi", "data"] {
        let Ok(partition) = flash::find(sys, name) else {
            continue;
        };
        if attached.iter().any(|device| device.mtd == partition.number) {
            continue;
        }
        let failed = |error: flash::Error| Error::Flash(error.on(name));
        let mut flash = flash::open(sys, &partition, false).map_err(failed)?;
        if flash::ubi::is_on(&mut *flash).map_err(failed)? {
            return Ok(Some(partition.number));
        }
    }
    Ok(None)
}

fn asking(device: &str) -> impl Fn(std::io::Error) -> Failed {
    move |source| flash::Error::Open(source).on(device)
}

/// The writable part beside a FIT image that the kernel has mapped.
fn fit(search: &mut Search<'_>) -> Found {
    if search.name != DATA {
        return Ok(None);
    }
    let devices = search.devices()?;
    let found = devices.into_iter().find(|device| device.name == "fitrw");
    Ok(found.map(|device| on_disk(search, &device.node(), 0, device.size, None)))
}

/// A partition by its name in the partition table, on the disk that holds the root.
fn partname(search: &mut Search<'_>) -> Found {
    if search.word("fstools_ignore_partname") == Some("1") {
        return Ok(None);
    }
    let anywhere = search.word("fstools_partname_fallback_scan") == Some("1");
    let root = search.word("root").map(str::to_owned);
    let devices = search.devices()?;
    let disk = match root
        .as_deref()
        .map(|root| (root, root.strip_prefix("/dev/")))
    {
        None => None,
        Some((_, Some(name))) => {
            let device = devices.iter().find(|device| device.name == name);
            let disk = device.and_then(|device| device.disk.clone());
            Some(disk.unwrap_or_else(|| disk_of(name).to_owned()))
        }
        Some((_, None)) if anywhere => None,
        Some((_, None)) => return Ok(None),
    };
    let found = devices.into_iter().find(|device| {
        let on_it = disk.is_none() || device.disk == disk;
        on_it && device.label.as_deref() == Some(search.name)
    });
    Ok(found.map(|device| on_disk(search, &device.node(), 0, device.size, None)))
}

/// The disk of a partition by its name alone: `sda2`, `mmcblk0p2`.
fn disk_of(partition: &str) -> &str {
    let name = partition.trim_end_matches(|c: char| c.is_ascii_digit());
    name.strip_suffix('p').unwrap_or(name)
}

/// A UBI volume, unless a block device stands on it: that one is a root file system.
fn ubi(search: &mut Search<'_>) -> Found {
    if !search.filesystems.iter().any(|known| known == "ubifs") {
        return Ok(None);
    }
    let volumes = search.sys.ubi().volumes().map_err(asking("ubi"))?;
    let is_it = |name: &str, has_block: bool| name == search.name && !has_block;
    let found = volumes.into_iter().find(|v| is_it(&v.name, v.has_block));
    Ok(found.map(|volume| Volume {
        name: volume.name,
        place: Place::Ubi(volume.id),
        size: volume.size,
        state: None,
        fresh: None,
    }))
}

/// An MTD partition.
fn mtd(search: &mut Search<'_>) -> Found {
    match flash::find(search.sys, search.name) {
        Ok(partition) => Ok(Some(Volume {
            name: partition.name,
            place: Place::Mtd {
                number: partition.number,
            },
            size: partition.size,
            state: None,
            fresh: None,
        })),
        Err(flash::Error::NoPartition { .. }) => Ok(None),
        Err(error) => Err(error.on(search.name)),
    }
}

/// The space behind the read-only root file system, on the same disk.
fn rootdisk(search: &mut Search<'_>) -> Found {
    if search.name != DATA {
        return Ok(None);
    }
    let Some(name) = root_device(search) else {
        return Ok(None);
    };
    // What lies on flash with erase blocks has partitions of its own.
    if ["mtdblock", "ubiblock"]
        .iter()
        .any(|kind| name.starts_with(kind))
    {
        return Ok(None);
    }
    let node = Path::new("/dev").join(&name);
    // Without a way to read it there is nothing to find on it.
    let Ok(mut disk) = search.sys.disks().open(&node, false) else {
        return Ok(None);
    };
    let start = behind::area(&mut *disk).map_err(|error| error.on(node.to_string_lossy()))?;
    let Some(offset) = start else {
        return Ok(None);
    };
    let size = disk.size() - offset;
    let through = through(search, &node, offset).map_err(asking("loop"))?;
    Ok(Some(on_disk(search, &node, offset, size, Some(through))))
}

/// The block device below `/`, or below the read-only half of an overlay.
fn root_device(search: &mut Search<'_>) -> Option<String> {
    let rom = search.root.join("rom");
    [search.root, &rom].into_iter().find_map(|path| {
        // No such directory is no such device.
        search.sys.disks().below(path).ok().flatten()
    })
}

/// The loop device that begins there already, or one that is free.
fn through(search: &mut Search<'_>, node: &Path, offset: u64) -> std::io::Result<Through> {
    let disks = search.sys.disks();
    let loops = disks.loops()?;
    // The kernel tells the path as whoever attached it saw it.
    let same = |file: &Path| file.file_name() == node.file_name();
    let found = loops
        .into_iter()
        .find(|l| same(&l.file) && l.offset == offset);
    Ok(match found {
        Some(found) => Through {
            node: found.node,
            attached: true,
        },
        None => Through {
            node: disks.free_loop()?,
            attached: false,
        },
    })
}

fn on_disk(
    search: &mut Search<'_>,
    node: &Path,
    offset: u64,
    size: u64,
    through: Option<Through>,
) -> Volume {
    Volume {
        name: search.name.to_owned(),
        place: Place::Disk {
            node: node.to_owned(),
            offset,
            through,
        },
        size,
        state: None,
        fresh: Some(fresh(search, size)),
    }
}

/// The file system for an empty disk: the one that fits its size, else the one that can be had.
fn fresh(search: &mut Search<'_>, size: u64) -> Fresh {
    let wanted = search.word("fstools_overlay_fstype");
    let order = match wanted {
        Some("f2fs") => ["f2fs", "ext4"],
        Some("ext4") => ["ext4", "f2fs"],
        _ if size > LARGE => ["f2fs", "ext4"],
        _ => ["ext4", "f2fs"],
    };
    let possible = order.into_iter().find(|fstype| {
        let known = search.filesystems.iter().any(|name| name == fstype);
        known && search.sys.disks().formatter(fstype).is_some()
    });
    Fresh {
        fstype: possible.unwrap_or(order[0]),
        possible: possible.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeSystem;
    use crate::sys::Flash;

    fn found(sys: &mut FakeSystem) -> Option<String> {
        let filesystems = sys.mounts.filesystems.clone();
        let volume = find(sys, Path::new("/"), &filesystems).unwrap();
        volume.map(|volume| format!("{} {}", volume.shown(), volume.fstype()))
    }

    fn check(sys: &mut FakeSystem, expected: Option<&str>) {
        assert_eq!(found(sys).as_deref(), expected);
    }

    #[test]
    fn each_kind_of_device_is_found() {
        check(&mut FakeSystem::router(), Some("/dev/mtdblock3 jffs2"));
        check(&mut FakeSystem::with_ubi(), Some("/dev/ubi0_2 ubifs"));
        check(
            &mut FakeSystem::with_disk(true),
            Some("/dev/mmcblk0p3 ext4"),
        );
        check(
            &mut FakeSystem::with_disk(false),
            Some("/dev/mmcblk0p2 at 0x20000 ext4"),
        );
    }

    #[test]
    fn the_drivers_have_an_order() {
        let mut sys = FakeSystem::router();
        sys.ubi.add("rootfs_data", 40);
        check(&mut sys, Some("/dev/ubi0_0 ubifs"));
        sys.disks.add("mmcblk0p3", Some("rootfs_data"), 1 << 20);
        check(&mut sys, Some("/dev/mmcblk0p3 ext4"));
        sys.disks.add("fitrw", None, 1 << 20);
        check(&mut sys, Some("/dev/fitrw ext4"));
    }

    #[test]
    fn a_partition_counts_on_the_disk_of_the_root_alone() {
        let mut sys = FakeSystem::with_disk(true);
        let mut check_with = |line: &str, expected| {
            sys.machine.command_line = line.into();
            check(&mut sys, expected);
        };
        let there = Some("/dev/mmcblk0p3 ext4");
        let behind = Some("/dev/mmcblk0p2 at 0x20000 ext4");
        check_with("root=/dev/mmcblk0p2", there);
        check_with("root=/dev/mmcblk0p7", there);
        check_with("root=/dev/sda2", behind);
        check_with("root=PARTUUID=1234", behind);
        check_with("root=PARTUUID=1234 fstools_partname_fallback_scan=1", there);
        check_with("console=ttyS0", there);
        check_with("console=ttyS0 fstools_ignore_partname=1", behind);
        check_with("fstools_overlay_name=other", None);
    }

    #[test]
    fn a_volume_under_a_root_file_system_is_none() {
        let mut sys = FakeSystem::with_ubi();
        sys.ubi.occupy(crate::sys::VolumeId {
            device: 0,
            volume: 2,
        });
        check(&mut sys, None);
        let mut sys = FakeSystem::with_ubi();
        sys.mounts.filesystems.retain(|name| name != "ubifs");
        check(&mut sys, None);
    }

    #[test]
    fn ubi_that_nobody_has_attached_is_noticed() {
        let mut sys = FakeSystem::with_ubi();
        assert_eq!(unattached(&mut sys).unwrap(), None);
        sys.ubi = crate::fake::ubi::FakeUbi::default();
        assert_eq!(unattached(&mut sys).unwrap(), None);
        // The first block is bad; the second one begins as UBI does.
        let mut flash = sys.flash("ubi").unwrap();
        flash.mark_bad(0).unwrap();
        flash.fill(4096, &crate::flash::ubi::SAMPLE);
        assert_eq!(unattached(&mut sys).unwrap(), Some(0));
    }

    #[test]
    fn the_file_system_for_an_empty_disk_fits_its_size_and_the_image() {
        let mut sys = FakeSystem::with_disk(true);
        sys.machine.command_line += " fstools_overlay_fstype=f2fs";
        check(&mut sys, Some("/dev/mmcblk0p3 f2fs"));
        sys.disks.formatters = vec!["ext4"];
        check(&mut sys, Some("/dev/mmcblk0p3 ext4"));
        sys.machine.command_line = "root=/dev/mmcblk0p2".into();
        sys.disks.list[2].0.size = LARGE + 1;
        check(&mut sys, Some("/dev/mmcblk0p3 ext4"));
        sys.disks.formatters = vec!["ext4", "f2fs"];
        check(&mut sys, Some("/dev/mmcblk0p3 f2fs"));
    }

    #[test]
    fn a_loop_device_that_is_in_place_is_used() {
        use crate::sys::{Disks, Loop};
        let mut sys = FakeSystem::with_disk(false);
        let attached = Loop {
            node: "/dev/loop5".into(),
            file: "/dev/mmcblk0p2".into(),
            offset: 0x2_0000,
        };
        sys.disks.attach_loop(&attached, true).unwrap();
        let volume = find(&mut sys, Path::new("/"), &[]).unwrap().unwrap();
        assert_eq!(volume.device(), Path::new("/dev/loop5"));
    }
}
