//! Destructive flows on a machine in memory, cut after every operation.
//!
//! Each flow runs again and again, the power going one operation later every time, once
//! between two operations and once in the middle of one. Then the machine boots through the
//! plan that `mount_root` uses and a root file system must come up.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use safebox::flash::inject::{self, Inject};
use safebox::flash::jffs2::{self, END_MARKER, Endian, File};
use safebox::flash::survey::{self, Content};
use safebox::flash::{self, erase, write};
use safebox::overlay::part::Part;
use safebox::overlay::perform::{Report, perform};
use safebox::overlay::{State, look, reset, start, state};
use std::fs;
use std::io;
use std::path::Path;

#[path = "support/device.rs"]
mod device;

use device::{Device, cut_everywhere};

const BLOCK: usize = 4096;
/// Where `rootfs_data` begins in `firmware` of the fake router.
const DATA: usize = 8 * BLOCK;

/// An image: a header at its start, code, and void from `rootfs_data` on.
fn image(version: u8) -> Vec<u8> {
    let mut image: Vec<u8> = (0..DATA).map(|n| (n % 101) as u8 ^ version).collect();
    let sum = jffs2::crc(&image[8..64]);
    image[..4].copy_from_slice(&[0x27, 0x05, 0x19, 0x56]);
    image[4..8].copy_from_slice(&sum.to_be_bytes());
    image.extend(jffs2::end_block(BLOCK as u32));
    image.extend_from_slice(b"metadata");
    image
}

/// What a boot loader looks at: the magic and the header's checksum.
fn starts(firmware: &[u8]) -> bool {
    let sum = jffs2::crc(&firmware[8..64]).to_be_bytes();
    firmware.starts_with(&[0x27, 0x05, 0x19, 0x56]) && firmware[4..8] == sum
}

fn settings_area(content: &[u8]) -> Vec<u8> {
    jffs2::build(File::settings(content), BLOCK as u32, Endian::NATIVE)
}

/// Old settings that fill the whole data partition.
fn old_settings(device: &mut Device) {
    let file = File {
        name: b"old",
        ..File::settings(&[0x42; 6 * BLOCK])
    };
    let area = jffs2::build(file, BLOCK as u32, Endian::NATIVE);
    assert!(area.len() > 6 * BLOCK);
    device.fill("rootfs_data", 0, &area);
}

#[test]
fn an_upgrade_that_is_cut_off_never_starts_half_an_image() {
    let (old, new) = (image(1), image(2));
    let flow = |device: &mut Device| {
        let partition = flash::find(&mut device.sys, "firmware").unwrap();
        let mut firmware = flash::open(&mut device.sys, &partition, true).unwrap();
        let options = write::Options {
            length: Some(new.len() as u64),
            ..write::Options::default()
        };
        write::write(&mut *firmware, &mut &new[..], &options, &mut |_| {})
            .map(drop)
            .map_err(|e| e.to_string())
    };
    let check = |device: &mut Device, whole: bool| {
        let firmware = device.bytes("firmware");
        let holds = |image: &[u8]| firmware.starts_with(image);
        assert!(!whole || holds(&new));
        assert!(!starts(&firmware) || holds(&old) || holds(&new));
        assert_eq!(device.bytes("art"), [0x77; BLOCK]);
        if holds(&new) {
            assert_eq!(device.boot(), Vec::<String>::new());
        }
    };
    let prepare = |device: &mut Device| {
        device.fill("firmware", 0, &old);
        old_settings(device);
        device.fill("firmware", 0, &old);
        device.fill("art", 0, &[0x77; BLOCK]);
    };
    cut_everywhere("upgrade", prepare, flow, check);
}

#[test]
fn settings_that_travel_with_an_upgrade_arrive_or_nothing_starts() {
    let (old, new) = (image(1), image(2));
    let content = vec![0x99; 3 * BLOCK];
    let file = File::settings(&content);
    let erase_size = BLOCK as u32;
    let outcome = inject::try_out(&mut &new[..], file, erase_size, 0).unwrap();
    let length = outcome.map(|outcome| outcome.length);
    let flow = |device: &mut Device| {
        let mut source = &new[..];
        let mut source = Inject::new(&mut source, file, erase_size, 0);
        let options = write::Options {
            length,
            ..write::Options::default()
        };
        let mut firmware = device.sys.flash("firmware").unwrap();
        write::write(&mut firmware, &mut source, &options, &mut |_| {})
            .map(drop)
            .map_err(|e| e.to_string())
    };
    let check = |device: &mut Device, whole: bool| {
        let firmware = device.bytes("firmware");
        let is_new = firmware.starts_with(&new[..DATA]);
        assert!(!whole || is_new);
        if starts(&firmware) && is_new {
            let area = settings_area(&content);
            assert!(firmware[DATA..].starts_with(&area));
            assert_eq!(device.boot(), ["sysupgrade.tgz"]);
            // What the marker called void is empty now.
            for block in device.bytes("rootfs_data")[area.len()..].chunks(BLOCK) {
                let content = survey::content(block, Endian::NATIVE);
                assert!(matches!(content, Content::Blank | Content::Clean));
            }
        }
    };
    let prepare = |device: &mut Device| {
        device.fill("firmware", 0, &old);
        old_settings(device);
    };
    cut_everywhere("settings", prepare, flow, check);
}

#[test]
fn a_mark_that_is_cut_off_leaves_a_root() {
    let flow = |device: &mut Device| {
        let view = look::look(&mut device.sys, &device.root).map_err(|e| e.to_string())?;
        let steps = reset::plan(&view, &reset::Wish::default()).unwrap();
        let root = device.root.clone();
        perform(&steps, &mut device.sys, &root, &mut |_| Ok(())).map_err(|e| e.to_string())
    };
    let check = |device: &mut Device, whole: bool| {
        let names = device.boot();
        assert!(!whole || names.is_empty(), "old files came back: {names:?}");
    };
    cut_everywhere("mark", old_settings, flow, check);
}

#[test]
fn a_boot_that_is_cut_off_is_taken_up_again() {
    let void = |device: &mut Device| {
        old_settings(device);
        device.fill("rootfs_data", 0, &jffs2::end_block(BLOCK as u32));
    };
    let with_settings = |device: &mut Device| {
        old_settings(device);
        let area = inject::area(File::settings(b"new"), BLOCK as u32, Endian::NATIVE);
        device.fill("rootfs_data", 0, &area);
    };
    let check = |expected: &'static [&'static str]| {
        move |device: &mut Device, _whole: bool| assert_eq!(device.boot(), expected)
    };
    cut_everywhere("void", void, Device::mount_root, check(&[]));
    cut_everywhere(
        "first",
        with_settings,
        Device::mount_root,
        check(&["sysupgrade.tgz"]),
    );
}

#[test]
fn an_erased_or_half_erased_partition_gives_a_root() {
    let flow = |device: &mut Device| {
        let mut data = device.sys.flash("rootfs_data").unwrap();
        erase::everything(&mut data, &mut |_| {}).map_err(|e| e.to_string())
    };
    let check = |device: &mut Device, whole: bool| {
        let names = device.boot();
        assert!(!whole || names.is_empty());
    };
    cut_everywhere("erase", old_settings, flow, check);
}

#[test]
fn a_mount_from_every_state_of_the_first_block_gives_a_root() {
    for first in [&[][..], &END_MARKER, b"rubbish", &[0x85, 0x19], &[0x00]] {
        let mut device = Device::new("states");
        device.fill("rootfs_data", 0, first);
        assert_eq!(device.boot(), Vec::<String>::new(), "{first:?}");
    }
}

#[test]
fn what_is_not_ours_is_not_touched() {
    let mut device = Device::new("foreign");
    device.fill("rootfs_data", 0, b"photographs");
    device.fill("rootfs_data", 3 * BLOCK, b"and more of them");
    let before = device.bytes("rootfs_data");
    let refusal = device.mount_root().unwrap_err();
    assert!(refusal.contains("left alone"), "{refusal}");
    assert_eq!(device.bytes("rootfs_data"), before);
    let view = look::look(&mut device.sys, &device.root).unwrap();
    assert_eq!(view.volume.unwrap().state, Some(State::Foreign));
    let view = look::look(&mut device.sys, &device.root).unwrap();
    let steps = start::in_memory(&view).unwrap();
    let root = device.root.clone();
    perform(&steps, &mut device.sys, &root, &mut |_| Ok(())).unwrap();
    assert_eq!(device.sys.mounts.at("/").unwrap().fstype, "overlay");
    assert_eq!(device.bytes("rootfs_data"), before);
}

#[test]
fn mount_root_works_twice() {
    let mut device = Device::new("twice");
    device.boot();
    let table = device.sys.mounts.table.clone();
    device.mount_root().unwrap();
    assert_eq!(device.sys.mounts.table, table);
}

/// Files as a used overlay has them, dot-directories among them.
fn used_overlay(dir: &Path) {
    for folder in ["upper/etc/config", "upper/root/.ssh", "work/work"] {
        fs::create_dir_all(dir.join(folder)).unwrap();
    }
    for file in [
        "upper/etc/config/network",
        "upper/root/.ssh/authorized_keys",
        "upper/root/.profile",
        "upper/sysupgrade.tgz",
        ".hidden",
    ] {
        fs::write(dir.join(file), "x").unwrap();
    }
    std::os::unix::fs::symlink("etc", dir.join("upper/link")).unwrap();
    state::note(dir, state::Progress::Ready).unwrap();
}

/// All files below a directory; directories do not count.
fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.file_name().into_string().unwrap());
        }
    }
    found.sort();
    found
}

/// Resets a mounted overlay and gives up before the given deletion.
fn reset_until(device: &mut Device, keep: bool, deletions: usize) -> Result<(), String> {
    let view = look::look(&mut device.sys, &device.root).unwrap();
    let wish = reset::Wish {
        reboot: true,
        keep_settings_archive: keep,
        ..reset::Wish::default()
    };
    let steps = reset::plan(&view, &wish).unwrap();
    let root = device.root.clone();
    let mut left = deletions;
    let mut report = |report: Report<'_>| match report {
        Report::Delete(_) if left == 0 => Err(io::Error::other("cut")),
        Report::Delete(_) => {
            left -= 1;
            Ok(())
        }
        _ => Ok(()),
    };
    perform(&steps, &mut device.sys, &root, &mut report).map_err(|e| e.to_string())
}

#[test]
fn a_reset_of_a_mounted_overlay_is_finished_by_the_next_boot() {
    for keep in [false, true] {
        let kept: &[&str] = if keep { &["sysupgrade.tgz"] } else { &[] };
        for deletions in 0..20 {
            let mut device = Device::new("reset");
            device.boot();
            let overlay = device.root.join("overlay");
            used_overlay(&overlay);
            let whole = reset_until(&mut device, keep, deletions).is_ok();
            if whole {
                assert_eq!(files(&overlay), kept);
                assert_eq!(device.sys.machine.reboots.len(), 1);
                assert!(overlay.join("upper").is_dir());
                break;
            }
            assert!(state::reset_flag(&overlay).is_some());
            // The next boot sees the same files at the place where it mounts first.
            let aside = device.root.join("tmp/overlay");
            fs::remove_dir_all(&aside).unwrap();
            fs::rename(&overlay, &aside).unwrap();
            fs::create_dir_all(overlay.join("upper")).unwrap();
            device.boot();
            let rest = [kept, &[".fs_state"]].concat();
            let mut rest: Vec<String> = rest.into_iter().map(String::from).collect();
            rest.sort();
            assert_eq!(files(&aside), rest);
            assert_eq!(state::progress(&aside), state::Progress::Pending);
            assert_ne!(deletions, 19, "never got through");
        }
    }
}

#[test]
fn failsafe_finishes_nothing_and_deletes_nothing() {
    let mut device = Device::new("failsafe");
    fs::write(device.root.join("tmp/.failsafe"), "").unwrap();
    let aside = device.root.join("tmp/overlay");
    fs::create_dir_all(&aside).unwrap();
    used_overlay(&aside);
    state::note(&aside, state::Progress::Pending).unwrap();
    state::flag_reset(&aside, state::Extent::All).unwrap();
    let before = files(&aside);
    device.boot();
    assert_eq!(files(&aside), before);
}

/// Resets a part of a mounted overlay.
fn reset_part(device: &mut Device, part: Part) -> Result<(), String> {
    device.reset(reset::Wish {
        part,
        ..reset::Wish::default()
    })
}

#[test]
fn a_reset_of_a_part_leaves_the_rest() {
    let mut device = Device::new("part");
    device.boot();
    let overlay = device.root.join("overlay");
    used_overlay(&overlay);
    let upper = overlay.join("upper");
    fs::create_dir_all(upper.join("usr/bin")).unwrap();
    fs::write(upper.join("usr/bin/tool"), "x").unwrap();

    let key = Part::File("root/.ssh/authorized_keys".into());
    reset_part(&mut device, key.clone()).unwrap();
    assert!(!upper.join("root/.ssh/authorized_keys").exists());
    assert!(upper.join("root/.profile").exists());
    let refusal = reset_part(&mut device, key).unwrap_err();
    assert!(refusal.contains("as in the firmware"), "{refusal}");

    for _ in 0..2 {
        // The old settings are still there, those of the last time.
        fs::create_dir_all(upper.join("etc/config")).unwrap();
        fs::write(upper.join("etc/config/network"), "mine").unwrap();
        reset_part(&mut device, Part::Config).unwrap();
        assert!(!upper.join("etc/config").exists());
        let old = fs::read_to_string(upper.join("etc/config.old/network"));
        assert_eq!(old.unwrap(), "mine");
    }

    reset_part(&mut device, Part::Packages).unwrap();
    let kept = ["authorized_keys", "network", ".profile"];
    assert!(
        files(&upper)
            .iter()
            .all(|name| kept.contains(&name.as_str()))
    );
    assert!(!upper.join("usr").exists());
    assert_eq!(state::reset_flag(&overlay), None);
    assert_eq!(state::progress(&overlay), state::Progress::Ready);
}

#[test]
fn a_reset_of_a_part_that_was_cut_off_is_finished_by_the_next_boot() {
    let mut device = Device::new("packages");
    let aside = device.root.join("tmp/overlay");
    fs::create_dir_all(&aside).unwrap();
    used_overlay(&aside);
    // Something was renamed only, something not yet.
    fs::create_dir_all(aside.join(".fs_trash/bin")).unwrap();
    fs::create_dir_all(aside.join("upper/lib")).unwrap();
    fs::write(aside.join("upper/lib/module.ko"), "x").unwrap();
    state::flag_reset(&aside, state::Extent::Packages).unwrap();
    device.boot();
    assert!(!aside.join(".fs_trash").exists());
    assert!(!aside.join("upper/lib").exists());
    assert!(aside.join("upper/root/.ssh/authorized_keys").exists());
    assert_eq!(state::reset_flag(&aside), None);
    // One file: what was asked for is done, and only the trash is left.
    fs::write(aside.join(".fs_trash"), "x").unwrap();
    device.boot();
    assert!(!aside.join(".fs_trash").exists());
    assert!(aside.join("upper/etc/config/network").exists());
}

#[test]
fn a_mark_of_a_mounted_overlay_deletes_nothing_before_the_next_boot() {
    let mut device = Device::new("later");
    device.boot();
    let overlay = device.root.join("overlay");
    used_overlay(&overlay);
    let before = files(&overlay).len();
    let later = reset::Wish {
        later: true,
        ..reset::Wish::default()
    };
    device.reset(later).unwrap();
    assert_eq!(files(&overlay).len(), before + 1);
    assert_eq!(state::reset_flag(&overlay), Some(state::Extent::All));
}
