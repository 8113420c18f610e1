//! Every reason against an image, whatever its format; images that go to flash as they are.

use super::check::{
    CardPlace, CheckedImage, Destination, DiskPlace, Fault, Overrides, Place, Target, UbiPlace,
    check,
};
use super::disk::Partition;
use super::{Facts, look, sample};
use crate::signature::Trust;
use crate::signature::usign::KeyId;
use std::io::Cursor;

/// An MTD partition of 16 blocks.
pub fn firmware(nand: bool) -> Place {
    Place {
        number: 0,
        name: "firmware".into(),
        room: 16 * sample::ERASE as u64,
        erase_size: sample::ERASE as u32,
        nand,
        spare: false,
    }
}

/// The board of the samples, with 16 blocks of flash.
pub fn target() -> Target {
    Target {
        board: Some(sample::BOARD.into()),
        ..Target::new(Ok(firmware(false)))
    }
}

/// One with UBI and nothing else.
pub fn with_ubi() -> Target {
    Target {
        ubi: Some(UbiPlace {
            device: 0,
            below: Place {
                name: "ubi".into(),
                ..firmware(true)
            },
            block_size: 2048,
            room: 12 * 2048,
            kernel: None,
            volumes: Vec::new(),
            free: 12,
        }),
        board: Some(sample::BOARD.into()),
        ..Target::new(Err("firmware: no such partition".into()))
    }
}

/// One with an eMMC.
pub fn with_cards() -> Target {
    let card = |device: &str, label: &str| CardPlace {
        device: device.into(),
        label: label.into(),
        size: 16_384,
    };
    Target {
        ubi: None,
        cards: vec![card("mmcblk0p1", "kernel"), card("mmcblk0p2", "rootfs")],
        ..with_ubi()
    }
}

/// One that runs from a disk with a partition from sector 8 to 16.
pub fn with_disk() -> Target {
    let partition = Partition {
        number: 1,
        start: 8 * 512,
        length: 8 * 512,
        label: String::new(),
    };
    Target {
        ubi: None,
        disk: Some(DiskPlace {
            device: "sda".into(),
            size: 64 * 512,
            partitions: vec![partition],
        }),
        ..with_ubi()
    }
}

pub fn look_at(image: &[u8]) -> Facts {
    look(&mut Cursor::new(image), sample::ERASE as u32).unwrap()
}

pub fn judge(
    image: &[u8],
    target: &Target,
    overrides: Overrides,
) -> Result<CheckedImage, Vec<Fault>> {
    check(look_at(image), target, &overrides)
}

pub fn shown(image: &[u8], target: &Target, overrides: Overrides) -> String {
    match judge(image, target, overrides) {
        Ok(image) if image.overridden().is_empty() => "ok".into(),
        Ok(_) => "forced".into(),
        Err(faults) => {
            let texts: Vec<_> = faults.iter().map(Fault::to_string).collect();
            texts.join("\n")
        }
    }
}

pub fn refused(image: &[u8], expected: &str) {
    refused_by(image, &target(), expected);
}

pub fn refused_by(image: &[u8], target: &Target, expected: &str) {
    let found = shown(image, target, Overrides::default());
    assert!(found.contains(expected), "{found}");
}

pub fn passes(image: &[u8], target: &Target) -> Destination {
    match judge(image, target, Overrides::default()) {
        Ok(image) => image.destination().clone(),
        Err(faults) => panic!("{faults:?}"),
    }
}

pub const FORCE: Overrides = Overrides {
    force: true,
    no_settings: false,
    ignore_minor: false,
    signed_only: false,
};
pub const WITHOUT_SETTINGS: Overrides = Overrides {
    force: false,
    no_settings: true,
    ignore_minor: false,
    signed_only: false,
};

/// Whatever byte of the image changes in this range, it is refused, also by force.
pub fn every_change_is_refused(image: &[u8], range: std::ops::Range<usize>, target: &Target) {
    let step = (range.len() / 40).max(1);
    for at in range.step_by(step) {
        let mut changed = image.to_vec();
        changed[at] ^= 0x41;
        let changed = sample::whole(&changed);
        let found = shown(&changed, target, FORCE);
        assert!(found != "ok" && found != "forced", "{at}: {found}");
    }
}

#[test]
fn a_whole_image_for_this_board_passes() {
    let place = passes(&sample::image(9000), &target());
    assert_eq!(place, Destination::Flash(firmware(false)));
}

#[test]
fn damage_is_refused_and_cannot_be_forced() {
    let whole = sample::image(9000);
    let mut kernel = whole.clone();
    kernel[1000] ^= 1;
    refused(&kernel, "kernel is damaged");
    let mut header = whole.clone();
    header[40] ^= 1;
    refused(&header, "uImage header is damaged");
    let mut root = whole.clone();
    root[sample::ERASE + 5000] ^= 1;
    refused(&root, "checksum in the metadata is not that of the file");
    for damaged in [kernel, header, root] {
        assert!(shown(&damaged, &target(), FORCE).contains("damaged"));
    }
    every_change_is_refused(&sample::bare(9000), 0..3064, &target());
}

#[test]
fn every_truncation_is_refused() {
    let whole = sample::image(9000);
    for cut in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
        let found = shown(&whole[..cut], &target(), Overrides::default());
        assert_ne!(found, "ok", "{cut}");
    }
    refused(&whole[..2000], "truncated: the kernel ends at byte 3064");
    refused(
        &whole[..9000],
        "truncated: the root file system ends at byte 13096, but the file has only 9000: transfer",
    );
}

#[test]
fn the_wrong_board_can_be_forced() {
    let image = sample::with_metadata(&sample::bare(5000), &sample::metadata("a,b", "1.0"));
    refused(
        &image,
        "Device safebox,lab not supported by this image; supported devices: a,b; -F overrides",
    );
    assert_eq!(shown(&image, &target(), FORCE), "forced");
    refused(&sample::bare(5000), "metadata not present");
    assert_eq!(shown(&sample::bare(5000), &target(), FORCE), "forced");
    let nameless = Target {
        board: None,
        ..target()
    };
    refused_by(&image, &nameless, "this board has no name");
    let oem = Target {
        oem_name: Some("a,b".into()),
        ..target()
    };
    passes(&image, &oem);
}

#[test]
fn metadata_that_make_no_sense_can_be_forced() {
    let image = sample::with_metadata(&sample::bare(5000), "{\"supported_devices\":[}");
    refused(&image, "Invalid image metadata (at byte 22); -F overrides");
    assert_eq!(shown(&image, &target(), FORCE), "forced");
}

#[test]
fn another_minor_version_needs_settings_to_go() {
    let compat =
        |c| sample::with_metadata(&sample::bare(5000), &sample::metadata(sample::BOARD, c));
    refused(&compat("1.1"), "-n or --ignore-minor-compat-version");
    assert_eq!(shown(&compat("1.1"), &target(), WITHOUT_SETTINGS), "forced");
    let ignored = Overrides {
        ignore_minor: true,
        ..Overrides::default()
    };
    assert_eq!(shown(&compat("1.1"), &target(), ignored), "forced");
    assert!(shown(&compat("2.0"), &target(), WITHOUT_SETTINGS).contains("incompatible"));
    assert_eq!(shown(&compat("2.0"), &target(), FORCE), "forced");
    // A device that has moved on takes the images that have.
    let moved = Target {
        compat: super::metadata::Compat { major: 1, minor: 1 },
        ..target()
    };
    passes(&compat("1.1"), &moved);
}

#[test]
fn what_the_maker_says_about_a_change_is_printed() {
    let json = r#"{"supported_devices":["hint"],"new_supported_devices":["safebox,lab"],
        "compat_version":"2.0","compat_message":"new partitions\nread the wiki"}"#;
    let image = sample::with_metadata(&sample::bare(5000), json);
    refused(&image, "installed (1.0): new partitions\\nread the wiki");
}

#[test]
fn an_image_must_fit_and_have_a_place() {
    refused(
        &sample::image(70_000),
        "too large: 77824 bytes to write, but firmware has room for 65536",
    );
    let nowhere = Target {
        place: Err("firmware: no such partition".into()),
        ..target()
    };
    let found = shown(&sample::image(5000), &nowhere, FORCE);
    assert!(found.contains("no place for an image: firmware"), "{found}");
    let nand = Target {
        place: Ok(firmware(true)),
        ..target()
    };
    let found = shown(&sample::image(5000), &nand, FORCE);
    assert!(found.contains("firmware is NAND"), "{found}");
}

#[test]
fn other_formats_are_named() {
    refused(
        b"BZh9rest of it",
        "bzip2: not yet a supported payload for this board; unpack it on the PC",
    );
    refused(b"\x01\0\0\0OpenWrt 1.0", "TP-Link image: not yet");
    refused(b"", "not a firmware image; the transfer went wrong");
    refused(
        b"<html>404",
        "not a firmware image; the download went wrong",
    );
    refused(
        &sample::squashfs(5000),
        "squashfs without a kernel: not yet",
    );
    refused(&sample::erofs(3), "EROFS without a kernel: not yet");
}

#[test]
fn a_root_file_system_alone_is_looked_at_too() {
    let squashfs = sample::squashfs(5000);
    refused(&squashfs[..4000], "truncated: the root file system");
    let mut header = squashfs.clone();
    header[12] ^= 1;
    refused(&header, "squashfs without a kernel: its header is damaged");
    let erofs = sample::erofs(3);
    refused(&erofs[..9000], "ends at byte 12288");
}

#[test]
fn no_root_file_system_where_this_kernel_looks_can_be_forced() {
    let image = sample::whole(&sample::kernel(3000));
    refused(&image, "no root file system");
    assert_eq!(shown(&image, &target(), FORCE), "forced");
    // At the erase block of other flash.
    let mut image = sample::kernel(1000);
    image.resize(sample::ERASE / 2, 0xff);
    image.extend(sample::squashfs(5000));
    refused(&sample::whole(&image), "at an erase block of this flash");
}

#[test]
fn an_erofs_behind_the_kernel_is_a_root_file_system() {
    let mut image = sample::kernel(3000);
    image.resize(sample::ERASE, 0xff);
    image.extend(sample::erofs(2));
    passes(&sample::whole(&image), &target());
    image.pop();
    refused(
        &sample::whole(&image),
        "root file system ends at byte 12288",
    );
}

#[test]
fn data_behind_the_root_file_system_costs_the_settings() {
    let mut image = sample::bare(5000);
    image.extend([7; 100]);
    let image = sample::whole(&image);
    refused(&image, "no place for the settings; -n overrides this");
    assert_eq!(shown(&image, &target(), WITHOUT_SETTINGS), "forced");
}

#[test]
fn a_signature_is_needed_where_somebody_says_so() {
    let image = sample::image(5000);
    let signed = |trust: Trust| Facts {
        trust,
        ..look_at(&image)
    };
    let key = KeyId([1; 8]);
    let good = || signed(Trust::Good { key, dated: true });
    let signed_only = Overrides {
        signed_only: true,
        ..Overrides::default()
    };
    let insisting = Target {
        needs_signature: true,
        ..target()
    };
    let shown = |facts, target: &Target, overrides| match check(facts, target, &overrides) {
        Ok(_) => "ok".to_owned(),
        Err(faults) => faults[0].to_string(),
    };
    let plain = Overrides::default();
    for facts in [look_at(&image), signed(Trust::NoKey(key)), good()] {
        assert_eq!(shown(facts, &target(), plain), "ok");
    }
    let missing = "Image signature not present: a good one is required; -F overrides this";
    assert_eq!(shown(look_at(&image), &target(), signed_only), missing);
    assert_eq!(shown(look_at(&image), &insisting, plain), missing);
    assert_eq!(shown(good(), &insisting, signed_only), "ok");
    assert_eq!(shown(look_at(&image), &insisting, FORCE), "ok");
    let unknown = shown(signed(Trust::NoKey(key)), &insisting, plain);
    assert!(unknown.contains("not known here"), "{unknown}");
    let expired = shown(signed(Trust::Expired(1, 2, 3)), &insisting, plain);
    assert!(expired.contains("valid from 1 to 2"), "{expired}");
    // One that is wrong was not put there for nothing.
    let wrong = shown(signed(Trust::Wrong(key)), &target(), plain);
    assert!(wrong.contains("but not of this file; -F"), "{wrong}");
    let revoked = shown(signed(Trust::Revoked(key)), &target(), plain);
    assert!(revoked.contains("taken back"), "{revoked}");
}
