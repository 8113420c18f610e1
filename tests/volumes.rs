//! mount_root and firstboot on UBI volumes and disks in memory, cut after every operation.
//!
//! As in power_cut.rs: whenever the power goes, the next boot must come up with a root, and
//! with the old files or none, never with rubbish.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

#[path = "support/device.rs"]
mod device;

use device::{Device, cut_everywhere_on};
use flate2::{Compression, write::GzEncoder};
use safebox::fake::FakeSystem;
use safebox::overlay::{Place, State, Volume, look, reset, start};
use safebox::sys::VolumeId;
use safebox::upgrade::settings;
use std::fs;
use std::io::Write;

/// The marker that makes everything void.
const VOID: [u8; 4] = [0xde, 0xad, 0xc0, 0xde];
/// The data volume of the fake UBI.
const DATA: VolumeId = VolumeId {
    device: 0,
    volume: 2,
};

/// What the data lie on.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A UBI volume.
    Ubi,
    /// A partition, with ext4.
    Partition,
    /// The space behind the squashfs, with f2fs.
    Behind,
}

const KINDS: [Kind; 3] = [Kind::Ubi, Kind::Partition, Kind::Behind];
const DISKS: [Kind; 2] = [Kind::Partition, Kind::Behind];

impl Kind {
    fn device(self) -> Device {
        let name = format!("{self:?}");
        match self {
            Kind::Ubi => Device::with(&name, FakeSystem::with_ubi(), "ubifs"),
            Kind::Partition => Device::with(&name, FakeSystem::with_disk(true), "ext4"),
            Kind::Behind => {
                let mut sys = FakeSystem::with_disk(false);
                sys.machine.command_line += " fstools_overlay_fstype=f2fs";
                Device::with(&name, sys, "f2fs")
            }
        }
    }

    /// Where the data begin on their disk.
    fn start(self) -> u64 {
        match self {
            Kind::Behind => 0x2_0000,
            _ => 0,
        }
    }

    fn fill(self, device: &mut Device, offset: u64, bytes: &[u8]) {
        match self {
            Kind::Ubi => device.sys.ubi.fill(DATA, offset, bytes),
            _ => {
                let (_, disk) = device.sys.disks.list.last_mut().unwrap();
                disk.fill(self.start() + offset, bytes);
            }
        }
    }

    fn bytes(self, device: &Device) -> Vec<u8> {
        match self {
            Kind::Ubi => device.sys.ubi.bytes(DATA),
            _ => device.sys.disks.list.last().unwrap().1.bytes().to_vec(),
        }
    }

    /// A device with this name in its settings.
    fn used(self) -> Device {
        let mut device = self.device();
        match self {
            Kind::Ubi => device.sys.ubi.make_ubifs(DATA, &["old"]),
            _ => {
                let fstype = if let Kind::Behind = self {
                    "f2fs"
                } else {
                    "ext4"
                };
                let (_, disk) = device.sys.disks.list.last_mut().unwrap();
                let size = safebox::sys::Disk::size(disk) - self.start();
                disk.make_fs(self.start(), size, fstype, &["old"]);
            }
        }
        device
    }
}

fn volume(device: &mut Device) -> Volume {
    let view = look::look(&mut device.sys, &device.root).unwrap();
    view.volume.unwrap()
}

#[test]
fn a_first_boot_that_is_cut_off_is_taken_up_again() {
    for kind in KINDS {
        let check = |device: &mut Device, _: bool| assert!(device.boot().is_empty());
        let blank = || kind.device();
        cut_everywhere_on("blank", blank, Device::mount_root, check);
        // Old files behind the marker do not come back.
        let void = || {
            let mut device = kind.used();
            kind.fill(&mut device, 0, &VOID);
            device
        };
        if !matches!(kind, Kind::Ubi) {
            cut_everywhere_on("void", void, Device::mount_root, check);
        }
    }
}

#[test]
fn a_later_boot_that_is_cut_off_costs_no_settings() {
    for kind in KINDS {
        let check = |device: &mut Device, _: bool| assert_eq!(device.boot(), ["old"]);
        cut_everywhere_on("later", || kind.used(), Device::mount_root, check);
    }
}

#[test]
fn a_reset_that_is_cut_off_leaves_the_old_files_or_none() {
    for kind in KINDS {
        let flow = |device: &mut Device| device.reset(reset::Wish::default());
        let check = |device: &mut Device, whole: bool| {
            let names = device.boot();
            assert!(
                names.is_empty() || (!whole && names == ["old"]),
                "{names:?}"
            );
        };
        cut_everywhere_on("reset", || kind.used(), flow, check);
    }
}

#[test]
fn a_reset_that_deletes_files_may_be_cut_off() {
    for kind in KINDS {
        // Settings archives stay, or there is nothing that could make a file system anew.
        for keep in [false, true] {
            let make = || {
                let mut device = kind.used();
                device.sys.disks.formatters.clear();
                let note = device.root.join("tmp/overlay/upper/etc/note");
                fs::create_dir_all(note.parent().unwrap()).unwrap();
                fs::write(note, "mine").unwrap();
                device
            };
            let flow = |device: &mut Device| {
                device.reset(reset::Wish {
                    keep_settings_archive: keep,
                    ..reset::Wish::default()
                })
            };
            let check = |device: &mut Device, whole: bool| {
                let note = device.root.join("tmp/overlay/upper/etc/note");
                device.boot();
                let emptied = !matches!(kind, Kind::Ubi) || keep;
                assert!(!(whole && emptied && note.exists()));
            };
            cut_everywhere_on("deleting", make, flow, check);
        }
    }
}

#[test]
fn a_repair_that_is_cut_off_leaves_what_a_boot_can_use() {
    for kind in KINDS {
        let flow = |device: &mut Device| {
            fs::write(device.root.join("tmp/.failsafe"), "").unwrap();
            let repaired = device.mount_root_with(start::Wish {
                repair: true,
                ..start::Wish::default()
            });
            fs::remove_file(device.root.join("tmp/.failsafe")).unwrap();
            repaired
        };
        let check = |device: &mut Device, _: bool| assert!(device.boot().is_empty());
        cut_everywhere_on("repair", || kind.device(), flow, check);
    }
}

#[test]
fn a_boot_after_a_reset_may_be_cut_off_too() {
    for kind in KINDS {
        let make = || {
            let mut device = kind.used();
            device.reset(reset::Wish::default()).unwrap();
            device.sys.boot_again();
            device
        };
        let check = |device: &mut Device, _: bool| assert!(device.boot().is_empty());
        cut_everywhere_on("reset", make, Device::mount_root, check);
    }
}

#[test]
fn a_reset_works_on_whatever_the_volume_holds() {
    for kind in KINDS {
        let mut device = kind.device();
        kind.fill(&mut device, 0, b"photographs");
        device.mount_root().unwrap_err();
        device.sys.boot_again();
        device.reset(reset::Wish::default()).unwrap();
        assert!(device.boot().is_empty());
    }
}

#[test]
fn an_update_of_the_volume_that_was_cut_off_leaves_a_root() {
    let flow = |device: &mut Device| {
        let source = &mut &[0x31; 8192][..];
        let update = safebox::sys::Ubi::update(&mut device.sys.ubi, DATA, 8192, source);
        update.map_err(|e| e.to_string())
    };
    let check = |device: &mut Device, whole: bool| {
        if !whole {
            let names = device.boot();
            assert!(names.is_empty() || names == ["old"]);
        }
    };
    cut_everywhere_on("update", || Kind::Ubi.used(), flow, check);
}

fn settings_archive() -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&[7; 5000]).unwrap();
    packer.finish().unwrap()
}

/// A device on which an upgrade has left settings at this offset of the volume.
fn upgraded(kind: Kind, offset: u64) -> Device {
    let mut device = kind.device();
    kind.fill(&mut device, 0, &vec![0xff; offset as usize]);
    kind.fill(&mut device, offset, &settings_archive());
    device
}

#[test]
fn settings_that_an_upgrade_has_left_arrive_in_the_new_file_system_whenever_the_power_goes() {
    for kind in DISKS {
        for offset in [0, 0x400] {
            let check = |device: &mut Device, whole: bool| {
                // Until they count as arrived, the next boot makes the file system anew.
                let aside = device.root.join("tmp/overlay");
                let pending = matches!(volume_state(device), Some(State::Archive { .. }));
                assert!(!whole || !pending);
                if pending {
                    let _ = fs::remove_dir_all(&aside);
                }
                device.boot();
                let arrived = fs::read(aside.join("sysupgrade.tgz"));
                assert_eq!(arrived.unwrap(), settings_archive());
            };
            let make = || upgraded(kind, offset);
            cut_everywhere_on("archive", make, Device::mount_root, check);
        }
    }
}

/// What the volume holds after a boot.
fn volume_state(device: &mut Device) -> Option<State> {
    device.sys.boot_again();
    volume(device).state
}

#[test]
fn settings_that_an_upgrade_has_left_wait_for_who_asks_in_failsafe() {
    for kind in DISKS {
        let mut device = upgraded(kind, 0);
        fs::write(device.root.join("tmp/.failsafe"), "").unwrap();
        let before = kind.bytes(&device);
        device.mount_root().unwrap_err();
        assert_eq!(kind.bytes(&device), before);
        let wish = start::Wish {
            repair: true,
            ..start::Wish::default()
        };
        device.mount_root_with(wish).unwrap();
        let arrived = device.root.join("tmp/overlay/sysupgrade.tgz");
        assert_eq!(fs::read(arrived).unwrap(), settings_archive());
    }
}

#[test]
fn a_reset_drops_settings_that_wait_wherever_a_boot_was_cut_off() {
    for kind in DISKS {
        let check = |device: &mut Device, whole: bool| {
            device.sys.boot_again();
            let _ = fs::remove_dir_all(device.root.join("tmp/overlay"));
            if whole {
                return;
            }
            device.reset(reset::Wish::default()).unwrap();
            assert_eq!(volume_state(device), Some(State::Void));
            device.boot();
            assert!(!device.root.join("tmp/overlay/sysupgrade.tgz").exists());
        };
        let make = || upgraded(kind, 0);
        cut_everywhere_on("drop", make, Device::mount_root, check);
    }
}

#[test]
fn settings_that_are_damaged_are_left_where_they_are() {
    for kind in DISKS {
        let mut device = kind.device();
        let settings = settings_archive();
        kind.fill(&mut device, 0, &settings[..settings.len() / 2]);
        let before = kind.bytes(&device);
        let refusal = device.mount_root().unwrap_err();
        assert!(refusal.contains("damaged settings"), "{refusal}");
        assert_eq!(kind.bytes(&device), before);
    }
}

#[test]
fn what_is_not_ours_is_not_touched_whatever_is_asked() {
    for kind in KINDS {
        let mut device = kind.device();
        kind.fill(&mut device, 0, b"photographs");
        let before = kind.bytes(&device);
        for repair in [false, true] {
            let wish = start::Wish {
                repair,
                ..start::Wish::default()
            };
            let refusal = device.mount_root_with(wish).unwrap_err();
            assert!(refusal.contains("left alone"), "{refusal}");
        }
        assert_eq!(kind.bytes(&device), before);
        assert_eq!(volume(&mut device).state, Some(State::Foreign));
        let view = look::look(&mut device.sys, &device.root).unwrap();
        let steps = start::in_memory(&view).unwrap();
        device.perform(&steps).unwrap();
        assert_eq!(kind.bytes(&device), before);
    }
}

#[test]
fn settings_that_nobody_has_mounted_are_found_on_every_kind_of_volume() {
    for kind in KINDS {
        let mut device = kind.used();
        fs::write(device.root.join("tmp/.failsafe"), "").unwrap();
        let (before, table) = (kind.bytes(&device), device.sys.mounts.table.clone());
        // What the mount shows.
        let upper = device.root.join("tmp/.settings/data/upper");
        fs::create_dir_all(&upper).unwrap();
        let root = device.root.clone();
        let source = settings::open(&mut device.sys, &root).unwrap();
        assert!(source.private && !source.reset);
        assert_eq!(
            (source.upper.as_ref(), source.rom.as_ref()),
            (Some(&upper), Some(&root))
        );
        let mounted = &device.sys.mounts.table[table.len()..];
        let options: Vec<&str> = mounted.iter().map(|mount| mount.options.as_str()).collect();
        let layers = format!("ro,lowerdir={}:{}", upper.display(), root.display());
        let expected = match kind {
            Kind::Ubi => "ro",
            // The journal is not replayed.
            Kind::Partition => "ro,noload",
            Kind::Behind => "ro,norecovery",
        };
        assert_eq!(options, [expected, &layers]);
        source.close(&mut device.sys);
        assert_eq!(device.sys.mounts.table, table);
        assert!(kind.bytes(&device) == before, "{kind:?}");
    }
}

#[test]
fn settings_that_wait_on_a_disk_for_a_boot_are_not_taken_for_none() {
    for kind in DISKS {
        let mut device = kind.device();
        kind.fill(&mut device, 0, &settings_archive());
        let root = device.root.clone();
        let refusal = settings::open(&mut device.sys, &root).unwrap_err();
        assert!(
            refusal.to_string().contains("wait there for a boot"),
            "{refusal}"
        );
    }
}

#[test]
fn failsafe_formats_only_when_it_is_asked_to() {
    for kind in DISKS {
        let mut device = kind.device();
        fs::write(device.root.join("tmp/.failsafe"), "").unwrap();
        let before = kind.bytes(&device);
        let refusal = device.mount_root().unwrap_err();
        assert!(refusal.contains("--repair"), "{refusal}");
        assert_eq!(kind.bytes(&device), before);
        let wish = start::Wish {
            repair: true,
            ..start::Wish::default()
        };
        device.mount_root_with(wish).unwrap();
        assert!(device.boot().is_empty());
    }
}

#[test]
fn an_image_that_cannot_format_says_so_and_resets_by_deleting() {
    for kind in DISKS {
        let mut device = kind.device();
        device.sys.disks.formatters.clear();
        let before = kind.bytes(&device);
        let refusal = device.mount_root().unwrap_err();
        assert!(refusal.contains("not in this image"), "{refusal}");
        assert_eq!(kind.bytes(&device), before);
        let mut device = kind.used();
        device.sys.disks.formatters.clear();
        let aside = device.root.join("tmp/overlay/upper/etc");
        fs::create_dir_all(&aside).unwrap();
        fs::write(aside.join("note"), "mine").unwrap();
        device.reset(reset::Wish::default()).unwrap();
        assert!(!aside.exists());
        device.boot();
    }
}

#[test]
fn a_device_that_fails_is_named_with_the_offset_and_nothing_is_changed() {
    for kind in KINDS {
        let mut device = kind.used();
        let before = kind.bytes(&device);
        let place = match kind {
            Kind::Ubi => {
                device.sys.ubi.break_at(0);
                "/dev/ubi0_2: read at 0x0"
            }
            Kind::Partition => {
                device.sys.disks.list[2].1.break_at(0);
                "/dev/mmcblk0p3: read at 0x0"
            }
            Kind::Behind => {
                device.sys.disks.list[1].1.break_at(0x2_0000);
                "/dev/mmcblk0p2: read at 0x20000"
            }
        };
        let refusal = device.mount_root().unwrap_err();
        assert_eq!(refusal, format!("{place}: Input/output error"));
        let refusal = device.reset(reset::Wish::default()).unwrap_err();
        assert_eq!(refusal, format!("{place}: Input/output error"));
        assert_eq!(kind.bytes(&device), before);
        // There is always a root in memory.
        let view = look::bare(&mut device.sys, &device.root).unwrap();
        device.perform(&start::in_memory(&view).unwrap()).unwrap();
        assert_eq!(device.sys.mounts.at("/").unwrap().fstype, "overlay");
    }
}

#[test]
fn a_disk_that_cannot_be_written_is_not_reset() {
    for kind in DISKS {
        let mut device = kind.used();
        device.sys.disks.list.last_mut().unwrap().1.protect();
        let refusal = device.reset(reset::Wish::default()).unwrap_err();
        assert!(refusal.contains("Read-only file system"), "{refusal}");
        assert_eq!(device.boot(), ["old"]);
    }
}

#[test]
fn mount_root_works_twice_and_finds_the_loop_device_again() {
    for kind in KINDS {
        let mut device = kind.used();
        device.boot();
        let table = device.sys.mounts.table.clone();
        device.mount_root().unwrap();
        assert_eq!(device.sys.mounts.table, table);
        let volume = volume(&mut device);
        assert_eq!(volume.state, None);
        if let Place::Disk {
            through: Some(through),
            ..
        } = volume.place
        {
            assert!(through.attached);
        }
    }
}

#[test]
fn looking_only_changes_nothing() {
    for kind in KINDS {
        let wish = start::Wish {
            read_only: true,
            ..start::Wish::default()
        };
        let mut device = kind.device();
        let before = kind.bytes(&device);
        device.mount_root_with(wish).unwrap_err();
        assert_eq!(kind.bytes(&device), before);
        let mut device = kind.used();
        let before = kind.bytes(&device);
        device.mount_root_with(wish).unwrap();
        assert_eq!(kind.bytes(&device), before);
    }
}
