//! Settings on another disk than the flash, as fstab asks for them, on a machine in memory.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

#[path = "support/device.rs"]
mod device;

use device::Device;
use safebox::fake::FakeSystem;
use safebox::overlay::extroot::{self, LOOKS, Outcome};
use safebox::overlay::{Root, look, reset, start};
use std::fs;

const UUID: [u8; 16] = [0x5a; 16];
const SHOWN: &str = "5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a5a";

/// A router with a disk `sda1` whose ext4 has a UUID.
fn router() -> Device {
    let mut device = Device::new("extroot");
    let mut disk = device.sys.disks.add("sda1", None, 2 << 20);
    disk.make_fs(0, 2 << 20, "ext4", &[]);
    disk.fill(0x468, &UUID);
    device
}

/// Puts an fstab into the settings on flash.
fn fstab(device: &Device, options: &str) {
    let dir = device.root.join("tmp/overlay/upper/etc/config");
    fs::create_dir_all(&dir).unwrap();
    let text = format!("config global\n\toption delay_root 3\n\nconfig mount\n{options}\n");
    fs::write(dir.join("fstab"), text).unwrap();
}

/// What mount_root does: the settings on flash first, then those on the disk; how often it
/// waited.
fn mount_root(device: &mut Device) -> (Outcome, u32) {
    let view = look::look(&mut device.sys, &device.root).unwrap();
    let (before, switch) = start::parts(&view, start::Wish::default()).unwrap();
    device.perform(&before).unwrap();
    let wish = extroot::Wish {
        read_only: false,
        instead: true,
    };
    let mut waited = 0;
    let root = device.root.clone();
    let outcome = extroot::take(&mut device.sys, &root, &view, wish, &mut || waited += 1);
    match &outcome {
        Outcome::Taken(steps, _) => device.perform(steps).unwrap(),
        _ => device.perform(&switch).unwrap(),
    }
    (outcome, waited)
}

#[track_caller]
fn assert_mounts(device: &Device, overlay: &str) {
    let source = |at| device.sys.mounts.at(at).unwrap().source.clone();
    assert_eq!(source("/overlay").to_str().unwrap(), overlay);
    assert_eq!(source("/").to_str().unwrap(), "overlayfs:/overlay");
    assert_eq!(device.sys.mounts.at("/rom").unwrap().fstype, "squashfs");
    assert!(device.sys.mounts.at("/tmp/overlay").is_none());
    assert!(device.sys.mounts.at("/tmp/extroot").is_none());
}

#[test]
fn settings_on_a_disk_take_the_place_of_those_on_flash() {
    for failsafe in [false, true] {
        for by in [
            format!("option uuid {}", SHOWN.to_uppercase()),
            "option device /dev/sda1".into(),
        ] {
            let mut device = router();
            if failsafe {
                fs::write(device.root.join("tmp/.failsafe"), "").unwrap();
            }
            fstab(&device, &format!("option target /overlay\n{by}"));
            let (outcome, waited) = mount_root(&mut device);
            let Outcome::Taken(_, text) = outcome else {
                panic!("{outcome:?}");
            };
            assert!(text.starts_with("settings are on /dev/sda1"), "{text}");
            assert_eq!(waited, 0);
            assert_mounts(&device, "/dev/sda1");
        }
    }
}

#[test]
fn a_disk_that_is_not_there_is_waited_for_once_and_the_settings_on_flash_are_used() {
    let mut device = router();
    fstab(&device, "option target /overlay\noption label data");
    let (outcome, waited) = mount_root(&mut device);
    assert_eq!(waited, 3 * LOOKS);
    let expected = "fstab puts /overlay on LABEL=data (extroot): no such disk after 3 seconds; \
                    going on without it";
    assert_eq!(outcome, Outcome::Refused(expected.into()));
    assert_mounts(&device, "/dev/mtdblock3");
}

#[test]
fn a_disk_that_cannot_be_mounted_costs_nothing() {
    let mut device = router();
    device.sys.mounts.filesystems.retain(|name| name != "ext4");
    fstab(&device, "option target /overlay\noption device /dev/sda1");
    let (outcome, _) = mount_root(&mut device);
    let Outcome::Refused(text) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(text.contains("mount ext4 /dev/sda1"), "{text}");
    assert_mounts(&device, "/dev/mtdblock3");
}

#[test]
fn a_disk_of_another_firmware_is_refused_and_a_new_one_is_marked_by_a_boot() {
    for (failsafe, tag, expected) in [
        (false, None, Some(SHOWN)),
        (true, None, None),
        (false, Some(SHOWN), Some(SHOWN)),
        (false, Some("other"), Some("other")),
    ] {
        let sys = FakeSystem::with_disk(true);
        let mut device = Device::with("tags", sys, "ext4");
        for (node, size) in [(1, 2 << 20), (2, 2 << 20)] {
            let disk = &mut device.sys.disks.list[node].1;
            disk.make_fs(0, size, "ext4", &[]);
            disk.fill(0x468, &UUID);
        }
        let mut disk = device.sys.disks.add("sda1", None, 2 << 20);
        disk.make_fs(0, 2 << 20, "ext4", &[]);
        if failsafe {
            fs::write(device.root.join("tmp/.failsafe"), "").unwrap();
        }
        fstab(&device, "option target /overlay\noption device /dev/sda1");
        let etc = device.root.join("tmp/extroot/etc");
        fs::create_dir_all(&etc).unwrap();
        fs::write(etc.join(".extroot-default"), "").unwrap();
        if let Some(tag) = tag {
            fs::write(etc.join(".extroot-uuid"), tag).unwrap();
        }
        let (outcome, _) = mount_root(&mut device);
        match outcome {
            Outcome::Refused(text) => {
                assert_eq!(tag, Some("other"));
                let reason = format!("UUID mismatch (root: {SHOWN}, extroot: other)");
                assert!(text.contains(&reason), "{text}");
                assert_mounts(&device, "/dev/mmcblk0p3");
            }
            other => {
                assert!(matches!(other, Outcome::Taken(..)), "{other:?}");
                assert_ne!(tag, Some("other"));
                assert_mounts(&device, "/dev/sda1");
            }
        }
        let written = fs::read_to_string(etc.join(".extroot-uuid")).ok();
        assert_eq!(written.as_deref(), expected);
    }
}

#[test]
fn a_whole_root_on_a_disk_takes_the_place_of_all_and_a_second_time_nothing_happens() {
    let mut device = router();
    fstab(&device, "option target /\noption device /dev/sda1");
    let (outcome, _) = mount_root(&mut device);
    assert!(matches!(outcome, Outcome::Taken(..)), "{outcome:?}");
    let mounts = &device.sys.mounts;
    assert_eq!(mounts.at("/").unwrap().source.to_str(), Some("/dev/sda1"));
    assert_eq!(mounts.at("/rom").unwrap().fstype, "squashfs");
    for moved in ["/proc", "/sys", "/dev", "/dev/pts", "/tmp"] {
        assert!(mounts.at(moved).is_some(), "{moved} was lost");
    }
    let view = look::look(&mut device.sys, &device.root).unwrap();
    assert_eq!(view.root, Root::Extroot);
    assert!(
        start::plan(&view, start::Wish::default())
            .unwrap()
            .is_empty()
    );
    assert_eq!(start::done(&view).unwrap().len(), 1);
}

#[test]
fn a_reset_is_of_the_settings_on_flash_and_leaves_the_disk() {
    let mut device = router();
    fstab(&device, "option target /overlay\noption device /dev/sda1");
    mount_root(&mut device);
    let view = look::look(&mut device.sys, &device.root).unwrap();
    assert!(view.mounted.as_ref().unwrap().extroot);
    assert!(
        start::plan(&view, start::Wish::default())
            .unwrap()
            .is_empty()
    );
    let before = device.sys.disks.list[0].1.bytes().to_vec();
    device.reset(reset::Wish::default()).unwrap();
    assert_eq!(device.bytes("rootfs_data")[..4], [0xde, 0xad, 0xc0, 0xde]);
    assert_eq!(*device.sys.disks.list[0].1.bytes(), before);
}

#[test]
fn without_an_fstab_nothing_is_looked_for() {
    let mut device = router();
    let (outcome, waited) = mount_root(&mut device);
    assert_eq!((outcome, waited), (Outcome::None, 0));
    assert_mounts(&device, "/dev/mtdblock3");
}
