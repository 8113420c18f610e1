//! The same for partitions of a card and of a disk.

use super::cut_tests::{ARCHIVE, Boot, cut_everywhere, planned, run};
use super::{BROKEN, Error, REFUSED};
use crate::error::EngineError;
use crate::fake::FakeSystem;
use crate::fake::disk::FakeDisk;
use crate::fake::flash::Chip;
use crate::image::{Overrides, sample};
use crate::sys::{FlashKind, Loop, Mount};

const OLD: &[u8] = b"the old one";
/// Where a file system of the fake has its names.
const NAMES: usize = 0x2000;

fn bytes(sys: &FakeSystem, name: &str) -> Vec<u8> {
    let found = sys
        .disks
        .list
        .iter()
        .find(|(device, _)| device.name == name);
    found.unwrap().1.bytes().to_vec()
}

fn tar() -> Vec<u8> {
    let (kernel, root) = (sample::kernel(70_000), sample::squashfs(100_000));
    let control = &b"BOARD=safebox,lab"[..];
    let members = [
        ("CONTROL", control),
        ("kernel", &kernel),
        ("root", &root),
        ("dtb", &b"new tree"[..]),
    ];
    sample::whole(&sample::tar(&members))
}

/// A card whose data lie on a partition of their own, or behind the root file system.
fn with_card(named: bool) -> FakeSystem {
    let mut sys = FakeSystem::with_disk(named);
    let mut kernel = sys.disks.add("mmcblk0p1", Some("kernel"), 128 << 10);
    kernel.fill(0, &sample::kernel(5000));
    let mut tree = sys.disks.add("mmcblk0p4", Some("dtb"), 4096);
    tree.fill(0, OLD);
    let (device, start) = data_of(named);
    let found = sys.disks.list.iter_mut().find(|(d, _)| d.name == device);
    let disk = &mut found.unwrap().1;
    disk.make_fs(start, 1 << 20, "ext4", &["old"]);
    sys
}

fn data_of(named: bool) -> (&'static str, u64) {
    match named {
        true => ("mmcblk0p3", 0),
        false => ("mmcblk0p2", 128 << 10),
    }
}

/// How the boot loader, which knows the checksums of the kernel, takes it.
fn look_at_card(sys: &FakeSystem, named: bool) -> (Boot, bool) {
    let kernel = bytes(sys, "mmcblk0p1");
    let new_root = bytes(sys, "mmcblk0p2").starts_with(&sample::squashfs(100_000));
    let old_root = bytes(sys, "mmcblk0p2").starts_with(&crate::fake::disk::squashfs(100_000));
    let tree = bytes(sys, "mmcblk0p4");
    let (old, new) = (sample::kernel(5000), sample::kernel(70_000));
    let boot = match (kernel.starts_with(&old), kernel.starts_with(&new)) {
        (true, _) if old_root && tree.starts_with(OLD) => Boot::Old,
        (_, true) if new_root && tree.starts_with(b"new tree") => Boot::New,
        (false, false) => Boot::Refused,
        _ => Boot::Broken,
    };
    let (device, start) = data_of(named);
    let data = &bytes(sys, device)[start as usize..];
    let is_old = data[0x438..].starts_with(&[0x53, 0xef]) && data[NAMES..].starts_with(b"old");
    (boot, is_old || data.starts_with(&ARCHIVE))
}

#[test]
fn a_card_boots_the_old_or_the_new_system_or_has_no_kernel() {
    for (named, keep) in [(true, true), (true, false), (false, true), (false, false)] {
        cut_everywhere(&|| with_card(named), &tar(), keep, &|sys| {
            look_at_card(sys, named)
        });
    }
}

#[test]
fn a_sector_that_fails_is_told_with_its_place() {
    let mut sys = with_card(true);
    let plan = planned(&mut sys, &tar(), true, Overrides::default()).unwrap();
    let shown = plan.to_string();
    let steps: Vec<&str> = shown
        .lines()
        .filter_map(|l| l.strip_prefix("step: "))
        .collect();
    let expected = [
        "mmcblk0p1: zeros over its first 4096 bytes",
        "mmcblk0p4: write 8 bytes at 0x0 and read them back",
        "mmcblk0p2: write 100000 bytes at 0x0 and read them back",
        "mmcblk0p3: write the settings at 0x0 and read them back",
        "mmcblk0p1: write 70064 bytes, the first of them last, and read them back",
    ];
    assert_eq!(steps, expected, "{shown}");
    let root = sys
        .disks
        .list
        .iter_mut()
        .find(|(d, _)| d.name == "mmcblk0p2");
    root.unwrap().1.break_at(65_536);
    let error = run(&mut sys, &plan, &tar()).unwrap_err();
    assert_eq!(error.exit(), BROKEN);
    let text = error.to_string();
    assert!(text.starts_with("mmcblk0p2: write at 0x10000: "), "{text}");
    assert_eq!(look_at_card(&sys, true).0, Boot::Refused);
}

#[track_caller]
fn refused(sys: &mut FakeSystem, image: &[u8], words: &str) {
    let before = sys.power.steps();
    let planned = planned(sys, image, true, Overrides::default());
    let error = planned.and_then(|plan| run(sys, &plan, image)).unwrap_err();
    assert_eq!(error.exit(), REFUSED, "{error}");
    assert!(error.to_string().contains(words), "{error}");
    assert_eq!(sys.power.steps(), before);
}

#[test]
fn what_is_mounted_is_not_written() {
    let mount = |source: &str| Mount {
        source: source.into(),
        target: "/overlay".into(),
        fstype: "ext4".into(),
        options: "rw,noatime".into(),
    };
    let mut sys = with_card(true);
    sys.mounts.table.push(mount("/dev/mmcblk0p3"));
    refused(
        &mut sys,
        &tar(),
        "mmcblk0p3 has to be replaced and is in use",
    );
    let mut sys = with_card(false);
    let attached = Loop {
        node: "/dev/loop0".into(),
        file: "/dev/mmcblk0p2".into(),
        offset: 128 << 10,
    };
    crate::sys::Disks::attach_loop(&mut sys.disks, &attached, true).unwrap();
    refused(
        &mut sys,
        &tar(),
        "mmcblk0p2 has to be replaced and is in use",
    );
    let mut sys = with_card(true);
    sys.mounts.table[0].options = "rw".into();
    refused(
        &mut sys,
        &tar(),
        "mmcblk0p2 has to be replaced and is in use",
    );
}

const PARTS: [(u32, u32); 2] = [(8, 64), (72, 200)];
const LENGTH: usize = 272 * 512;
const ID: [u8; 4] = [4, 3, 2, 1];

fn disk_image(fstype: &str) -> Vec<u8> {
    let mut image = sample::mbr(&PARTS, LENGTH);
    image[440..444].copy_from_slice(&ID);
    image[512] = 7;
    let mut boot = FakeDisk::new(64 * 512);
    boot.make_fs(0, 64 * 512, fstype, &["new"]);
    image[8 * 512..72 * 512].copy_from_slice(&boot.bytes());
    let root = sample::squashfs(200 * 512);
    image[72 * 512..].copy_from_slice(&root);
    sample::whole(&image)
}

fn with_sda() -> FakeSystem {
    let mut sys = FakeSystem::new(Chip::new(FlashKind::Nor, 4096, 4096, 1), 4096, &[]);
    let mut disk = sys.disks.add("sda", None, 1 << 20);
    disk.fill(0, &sample::mbr(&PARTS, 512));
    disk.fill(440, &[9; 4]);
    for (name, (_, sectors)) in ["sda1", "sda2"].into_iter().zip(PARTS) {
        let mut part = sys.disks.add(name, Some(""), sectors as usize * 512);
        if let Some((device, _)) = sys.disks.list.last_mut() {
            (device.disk, device.label) = (Some("sda".into()), None);
        }
        part.fill(0, OLD);
    }
    sys.disks.root = Some("sda2".into());
    sys
}

fn look_at_disk(sys: &FakeSystem) -> (Boot, bool) {
    let (table, boot, root) = (bytes(sys, "sda"), bytes(sys, "sda1"), bytes(sys, "sda2"));
    let is_new = boot[NAMES..].starts_with(b"new\n");
    let new_root = sample::squashfs(200 * 512);
    // The boot loader stays.
    assert_eq!(table[512], 0);
    let found = match (&table[510..512], &table[440..444]) {
        ([0x55, 0xaa], [9, 9, 9, 9]) if boot.starts_with(OLD) && root.starts_with(OLD) => Boot::Old,
        ([0x55, 0xaa], id) if id == ID && is_new && root == new_root => Boot::New,
        ([0x55, 0xaa], _) => Boot::Broken,
        _ => Boot::Refused,
    };
    let settings = found == Boot::Old || boot[NAMES..].starts_with(b"new\nsysupgrade.tgz\n");
    (found, settings)
}

#[test]
fn a_disk_boots_the_old_or_the_new_system_or_nothing() {
    for (fstype, keep) in [("ext4", true), ("vfat", true), ("ext4", false)] {
        cut_everywhere(&with_sda, &disk_image(fstype), keep, &|sys| {
            look_at_disk(sys)
        });
    }
}

#[test]
fn a_disk_with_guids_gets_those_of_the_image_for_its_partitions() {
    let image = || {
        let mut image = sample::gpt(&PARTS, LENGTH);
        let mut boot = FakeDisk::new(64 * 512);
        boot.make_fs(0, 64 * 512, "vfat", &["new"]);
        image[8 * 512..72 * 512].copy_from_slice(&boot.bytes());
        image[72 * 512..].copy_from_slice(&sample::squashfs(200 * 512));
        sample::whole(&image)
    };
    let table = || {
        let mut table = sample::gpt(&PARTS, 1536);
        for entry in table[1024..].chunks_exact_mut(128).take(2) {
            entry[..32].fill(0x77);
        }
        for (range, at) in [(1024..1536, 600), (512..604, 528)] {
            table[528..532].fill(0);
            let sum = sample::crc32(&table[range]);
            table[at..at + 4].copy_from_slice(&sum.to_le_bytes());
        }
        table
    };
    let board = || {
        let mut sys = with_sda();
        let disk = &mut sys.disks.list[0].1;
        disk.fill(0, &table());
        sys
    };
    let look = |sys: &mut FakeSystem| {
        let (disk, boot, root) = (bytes(sys, "sda"), bytes(sys, "sda1"), bytes(sys, "sda2"));
        let is_old = boot.starts_with(OLD) && root.starts_with(OLD);
        let is_new = boot[NAMES..].starts_with(b"new\n") && root == sample::squashfs(200 * 512);
        let found = match (disk[510], disk[1024]) {
            (0, _) => Boot::Refused,
            (_, 0x77) if is_old => Boot::Old,
            (_, 1) if is_new && crate::image::disk::table(&disk).len() == 2 => Boot::New,
            _ => Boot::Broken,
        };
        let planted = boot[NAMES..].starts_with(b"new\nsysupgrade.tgz\n");
        let settings = found == Boot::Old || planted;
        (found, settings)
    };
    let image = image();
    let plan = planned(&mut board(), &image, true, Overrides::default()).unwrap();
    let mut sys = board();
    assert_eq!(look(&mut sys), (Boot::Old, true));
    run(&mut sys, &plan, &image).unwrap();
    assert_eq!(look(&mut sys), (Boot::New, true));
    for cut in 0..sys.power.steps() {
        for torn in [false, true] {
            let mut sys = board();
            sys.power.cut_after(cut, torn);
            run(&mut sys, &plan, &image).unwrap_err();
            sys.power.on();
            let (boot, settings) = look(&mut sys);
            let fine = boot == Boot::Refused || (boot != Boot::Broken && settings);
            assert!(fine, "cut after {cut}, torn {torn}: {boot:?}");
        }
    }
}

#[test]
fn an_image_tree_goes_to_the_partition_for_the_kernel_of_a_card() {
    let fit = sample::fit(true);
    let (image, old) = (sample::whole(&fit), sample::kernel(5000));
    let look = |sys: &mut FakeSystem| {
        let (kernel, data) = (bytes(sys, "mmcblk0p1"), bytes(sys, "mmcblk0p3"));
        let boot = match (kernel.starts_with(&old), kernel.starts_with(&fit)) {
            (true, _) => Boot::Old,
            (_, true) => Boot::New,
            _ if kernel[..512] == [0; 512] => Boot::Refused,
            _ => Boot::Broken,
        };
        let is_old = data[0x438..].starts_with(&[0x53, 0xef]);
        (boot, is_old || data.starts_with(&ARCHIVE))
    };
    for keep in [true, false] {
        cut_everywhere(&|| with_card(true), &image, keep, &look);
    }
}

#[test]
fn settings_that_have_no_home_on_a_disk_are_a_refusal_before_the_first_step() {
    let mut sys = with_sda();
    sys.mounts.filesystems.retain(|known| known != "ext4");
    refused(&mut sys, &disk_image("ext4"), "-n upgrades without them");
    refused(
        &mut with_sda(),
        &disk_image("f2fs"),
        "-n upgrades without them",
    );
    let mut sys = with_sda();
    sys.mounts.table.push(Mount {
        source: "/dev/sda1".into(),
        target: "/boot".into(),
        fstype: "ext4".into(),
        options: "ro".into(),
    });
    refused(
        &mut sys,
        &disk_image("ext4"),
        "sda1 has to be replaced and is in use",
    );
}

#[test]
fn another_layout_is_written_whole_by_force_and_without_settings_alone() {
    let board = || {
        let sys = with_sda();
        let mut table = sys.disks.list[0].1.clone();
        table.fill(0, &sample::mbr(&[(8, 64), (80, 200)], 512));
        sys
    };
    let image = disk_image("ext4");
    let force = Overrides {
        force: true,
        ..Overrides::default()
    };
    let error = planned(&mut board(), &image, true, force).unwrap_err();
    assert!(matches!(error, Error::NoHome(_)), "{error}");
    let mut sys = board();
    let plan = planned(&mut sys, &image, false, force).unwrap();
    run(&mut sys, &plan, &image).unwrap();
    assert!(bytes(&sys, "sda")[..LENGTH] == image[..LENGTH]);
    let steps = sys.power.steps();
    for cut in 0..steps {
        let mut sys = board();
        sys.power.cut_after(cut, cut % 2 == 0);
        run(&mut sys, &plan, &image).unwrap_err();
        sys.power.on();
        let table = bytes(&sys, "sda");
        let untouched = table[LENGTH / 2] == 0 && table[510] == 0x55;
        assert!(untouched || table[510] == 0, "cut after {cut}");
    }
}
