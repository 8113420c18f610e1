//! Every format whole, damaged and cut off, and its place.

use super::body::Content;
use super::check::{Destination, Overrides, Place};
use super::check_tests::*;
use super::sample;

#[test]
fn a_trx_has_a_checksum_over_all_of_it() {
    let whole = sample::trx(5000);
    passes(&sample::whole(&whole), &target());
    let facts = look_at(&whole);
    assert_eq!(facts.root.unwrap().offset, sample::ERASE as u64);
    every_change_is_refused(&whole, 4..sample::ERASE + 5000, &target());
    let mut damaged = whole.clone();
    damaged[2000] ^= 1;
    refused(&damaged, "the TRX is damaged: the checksum in its header");
    refused(
        &whole[..6000],
        "the part with the checksum ends at byte 9096",
    );
    refused(&whole[..20], "TRX");
}

#[test]
fn a_checksum_over_the_place_of_the_settings_costs_them() {
    let mut image = sample::trx(5000);
    image.resize(4 * sample::ERASE, 0xff);
    sample::seal_trx(&mut image);
    let image = sample::whole(&image);
    refused(&image, "TRX header covers the place of the settings; -n");
    let checked = judge(&image, &target(), WITHOUT_SETTINGS).unwrap();
    // All that the checksum covers must be written.
    assert!(!checked.facts().padded);
}

#[test]
fn a_seama_has_a_digest_of_its_kernel() {
    let whole = sample::seama(5000);
    passes(&sample::whole(&whole), &target());
    let facts = look_at(&whole);
    let seal = facts.seal.as_ref().unwrap();
    assert_eq!((seal.start, seal.end), (64, 3064));
    every_change_is_refused(&whole, 36..52, &target());
    every_change_is_refused(&whole, 64..3064, &target());
    let mut damaged = whole.clone();
    damaged[1000] ^= 1;
    refused(&damaged, "the Seama is damaged");
    refused(
        &whole[..3000],
        "the part with the checksum ends at byte 3064",
    );
}

#[test]
fn a_fit_has_digests_of_its_images() {
    for external in [false, true] {
        let whole = sample::fit(external);
        let place = passes(&sample::whole(&whole), &with_ubi());
        assert!(matches!(place, Destination::Ubi(_)), "{place:?}");
        let facts = look_at(&whole);
        let Content::Fit(fit) = &facts.content else {
            panic!("{facts:?}");
        };
        assert_eq!(fit.length, whole.len() as u64);
        let hashes: Vec<_> = fit.images.iter().flat_map(|i| &i.hashes).collect();
        assert_eq!(hashes.len(), 3);
        assert!(hashes.iter().all(|hash| hash.1 == Some(true)), "{fit:?}");
        let (start, length) = fit.images[0].data.unwrap();
        let (start, end) = (start as usize, (start + length) as usize);
        every_change_is_refused(&whole, start..end, &with_ubi());
        let mut damaged = whole.clone();
        damaged[start + 5] ^= 1;
        refused_by(&damaged, &with_ubi(), "kernel-1 is damaged (wrong crc32)");
        refused_by(&damaged, &with_ubi(), "kernel-1 is damaged (wrong sha256)");
        let at = whole.windows(5).position(|w| w == b"small").unwrap();
        damaged = whole.clone();
        damaged[at] ^= 1;
        refused_by(&damaged, &with_ubi(), "fdt-1 is damaged (wrong sha1)");
        for cut in (0..whole.len()).step_by(61) {
            let found = shown(&sample::whole(&whole[..cut]), &with_ubi(), FORCE);
            assert!(found != "ok" && found != "forced", "{cut}: {found}");
        }
    }
    let whole = sample::fit(true);
    refused_by(
        &whole[..whole.len() - 1],
        &with_ubi(),
        "truncated: the FIT ends",
    );
    refused_by(&whole[..200], &with_ubi(), "FIT: the tree is cut off");
    let mut odd = whole.clone();
    odd[56] ^= 7;
    refused_by(&odd, &with_ubi(), "FIT: the tree makes no sense");
}

#[test]
fn a_fit_with_a_root_file_system_behind_it_goes_to_flash() {
    let mut image = sample::fit(false);
    image.resize(sample::ERASE, 0xff);
    image.extend(sample::squashfs(5000));
    let place = passes(&sample::whole(&image), &target());
    assert_eq!(place, Destination::Flash(firmware(false)));
    refused(
        &sample::whole(&sample::fit(false)),
        "a FIT without a root file system behind it goes to UBI, and there is no UBI device",
    );
}

/// A tar with everything.
fn tar() -> Vec<u8> {
    let (kernel, root) = (sample::kernel(2000), sample::squashfs(5000));
    sample::tar(&[
        ("CONTROL", b"BOARD=safebox,lab\n"),
        ("kernel", &kernel),
        ("root", &root),
    ])
}

#[test]
fn a_tar_is_walked_to_its_end_and_its_members_are_looked_at() {
    let whole = tar();
    let place = passes(&sample::whole(&whole), &with_ubi());
    assert!(matches!(place, Destination::Ubi(_)), "{place:?}");
    let Destination::Cards(cards) = passes(&sample::whole(&whole), &with_cards()) else {
        panic!("{place:?}");
    };
    let labels: Vec<_> = cards.iter().map(|card| &*card.label).collect();
    assert_eq!(labels, ["rootfs", "kernel"]);
    let facts = look_at(&whole);
    let Content::Tar(found) = &facts.content else {
        panic!("{facts:?}");
    };
    let kernel = found.kernel.as_ref().unwrap();
    let bytes = &whole[kernel.offset as usize..][..kernel.length as usize];
    assert_eq!(bytes, sample::kernel(2000));
    let root = found.root.as_ref().unwrap();
    let bytes = &whole[root.offset as usize..][..root.length as usize];
    assert_eq!(bytes, sample::squashfs(5000));
    for cut in (0..whole.len() - 2048).step_by(97) {
        let found = shown(&sample::whole(&whole[..cut]), &with_ubi(), FORCE);
        assert!(found != "ok" && found != "forced", "{cut}: {found}");
    }
    refused_by(
        &whole[..4000],
        &with_ubi(),
        "the tar is damaged: short read",
    );
    let mut damaged = whole.clone();
    damaged[kernel.offset as usize + 100] ^= 1;
    refused_by(&damaged, &with_ubi(), "kernel: the kernel is damaged");
    damaged = whole.clone();
    damaged[kernel.offset as usize - 512] ^= 1;
    refused_by(
        &damaged,
        &with_ubi(),
        "the tar is damaged: invalid tar magic",
    );
    refused(
        &sample::whole(&whole),
        "there is neither UBI nor a partition kernel",
    );
}

#[test]
fn one_block_of_zeros_inside_a_tar_is_tolerated() {
    let mut image = tar();
    let facts = look_at(&image);
    let Content::Tar(found) = &facts.content else {
        panic!("{facts:?}");
    };
    let at = found.root.as_ref().unwrap().offset as usize - 512;
    image.splice(at..at, [0; 512]);
    passes(&sample::whole(&image), &with_ubi());
}

#[test]
fn a_tar_needs_its_members() {
    let (kernel, root) = (sample::kernel(2000), sample::squashfs(5000));
    let control = ("CONTROL", &b"BOARD=safebox,lab\n"[..]);
    let check = |members: &[(&str, &[u8])], expected: &str, forced: bool| {
        let image = sample::whole(&sample::tar(members));
        refused_by(&image, &with_ubi(), expected);
        let found = shown(&image, &with_ubi(), FORCE);
        assert_eq!(found == "forced", forced, "{found}");
    };
    let (kernel, root) = (("kernel", &kernel[..]), ("root", &root[..]));
    check(
        &[kernel, root],
        "the tar has no CONTROL; -F overrides",
        true,
    );
    check(
        &[control, root],
        "the tar has no kernel; -F overrides",
        true,
    );
    check(&[control, kernel], "the tar has no root", false);
    check(&[control, kernel, ("root", b"")], "root is empty", false);
    check(&[control, ("kernel", b""), root], "kernel is empty", false);
    check(
        &[control, kernel, root, root],
        "a member is there twice",
        false,
    );
    let other = ("CONTROL", &b"BOARD=other,board\n"[..]);
    let expected = "the folder is sysupgrade-safebox_lab, but CONTROL says that the image is for other,board; -F";
    check(&[other, kernel, root], expected, true);
    let cut = ("root", &root.1[..4000]);
    check(
        &[control, kernel, cut],
        "root: truncated: the root file system ends at byte 5000",
        false,
    );
    let ubifs = sample::ubifs(3);
    let image = sample::whole(&sample::tar(&[control, kernel, ("root", &ubifs)]));
    passes(&image, &with_ubi());
}

#[test]
fn volumes_and_partitions_must_have_room_for_the_members() {
    let root = sample::squashfs(22_000);
    let control = ("CONTROL", &b"BOARD=safebox,lab\n"[..]);
    let kernel = sample::kernel(2000);
    let image = sample::whole(&sample::tar(&[
        control,
        ("kernel", &kernel),
        ("root", &root),
    ]));
    refused_by(
        &image,
        &with_ubi(),
        "too large: 26624 bytes to write, but UBI has room for 24576",
    );
    let expected = "too large: 22000 bytes to write, but rootfs has room for 16384";
    refused_by(&image, &with_cards(), expected);
    // A kernel in flash of its own.
    let mut target = with_ubi();
    let place = target.ubi.as_mut().unwrap();
    place.kernel = Some(Place {
        name: "kernel".into(),
        room: 2000,
        ..firmware(true)
    });
    let expected = "too large: 2064 bytes to write, but kernel has room for 2000";
    refused_by(&image, &target, expected);
}

#[test]
fn ubifs_and_ubi_images_must_fit_the_blocks_of_the_flash() {
    let control = ("CONTROL", &b"BOARD=safebox,lab\n"[..]);
    let (kernel, ubifs) = (sample::kernel(2000), sample::ubifs(3));
    let image = sample::tar(&[control, ("kernel", &kernel), ("root", &ubifs)]);
    let mut target = with_ubi();
    target.ubi.as_mut().unwrap().block_size = 4096;
    let expected = "made for flash with erase blocks of 2048 bytes, but here they have 4096";
    refused_by(&sample::whole(&image), &target, expected);
    refused_by(&sample::whole(&ubifs), &target, expected);
    let mut target = with_ubi();
    target.ubi.as_mut().unwrap().below.erase_size = 8192;
    let expected = "made for flash with erase blocks of 4096 bytes, but here they have 8192";
    refused_by(&sample::whole(&sample::ubi(4)), &target, expected);
}

#[test]
fn a_ubi_image_is_looked_at_block_by_block() {
    let whole = sample::ubi(7);
    let place = passes(&sample::whole(&whole), &with_ubi());
    assert!(matches!(place, Destination::Ubi(_)), "{place:?}");
    let facts = look_at(&whole);
    let Content::Ubi(found) = &facts.content else {
        panic!("{facts:?}");
    };
    assert_eq!((found.block_size, found.blocks), (sample::ERASE as u64, 7));
    for at in [
        sample::ERASE + 40,
        4 * sample::ERASE + 530,
        6 * sample::ERASE,
    ] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        refused_by(&damaged, &with_ubi(), "the UBI image is damaged at byte");
    }
    for cut in [100, 5000, 3 * sample::ERASE + 64, whole.len() - 1] {
        refused_by(
            &whole[..cut],
            &with_ubi(),
            "the UBI image is damaged at byte",
        );
    }
    refused(
        &sample::whole(&whole),
        "a UBI image goes to UBI, and there is",
    );
}

#[test]
fn a_ubifs_has_a_length_and_a_checksum() {
    let whole = sample::ubifs(5);
    passes(&sample::whole(&whole), &with_ubi());
    refused_by(
        &whole[..9000],
        &with_ubi(),
        "the file system ends at byte 10240",
    );
    let mut damaged = whole.clone();
    damaged[40] ^= 1;
    refused_by(&damaged, &with_ubi(), "UBIFS volume: its header is damaged");
    refused_by(
        &whole[..4000],
        &with_ubi(),
        "UBIFS volume: its header is damaged",
    );
}

#[test]
fn a_disk_has_a_partition_table_and_all_of_its_partitions() {
    for make in [sample::mbr, sample::gpt] {
        let whole = sample::whole(&make(&[(8, 8)], 16 * 512));
        let Destination::Disk { whole: all, place } = passes(&whole, &with_disk()) else {
            panic!("no disk");
        };
        assert!(!all && place.device == "sda");
        let cut = sample::whole(&make(&[(8, 8)], 16 * 512)[..15 * 512]);
        let expected = "partition 1 ends at byte 8192, but the image has only 7680";
        refused_by(&cut, &with_disk(), expected);
        let other = sample::whole(&make(&[(8, 8), (16, 2)], 18 * 512));
        let expected =
            "no such partition 2: the whole disk would be written, with all partitions on it; -F";
        refused_by(&other, &with_disk(), expected);
        let forced = judge(&other, &with_disk(), FORCE).unwrap();
        let all = matches!(forced.destination(), Destination::Disk { whole: true, .. });
        assert!(all);
        let large = sample::whole(&make(&[(8, 8)], 65 * 512));
        refused_by(
            &large,
            &with_disk(),
            "33280 bytes to write, but sda has room for",
        );
        let overlap = sample::whole(&make(&[(8, 8), (15, 2)], 18 * 512));
        refused_by(&overlap, &with_disk(), "disk image: partitions overlap");
        refused_by(
            &sample::whole(&make(&[], 4096)),
            &with_disk(),
            "no partition table",
        );
        refused(&whole, "this system does not run from a disk");
    }
}

#[test]
fn a_guid_partition_table_has_checksums() {
    let whole = sample::gpt(&[(8, 8)], 16 * 512);
    let damaged = |at: usize| {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        sample::whole(&damaged)
    };
    for at in [512 + 13, 512 + 24, 512 + 57, 512 + 90] {
        refused_by(
            &damaged(at),
            &with_disk(),
            "the GUID partition table is damaged",
        );
    }
    for at in [1024, 1024 + 33, 1500] {
        refused_by(
            &damaged(at),
            &with_disk(),
            "entries of the GUID partition table",
        );
    }
    let expected = "a protective entry and no GUID partition table";
    refused_by(&damaged(512), &with_disk(), expected);
    let facts = look_at(&whole);
    let Content::Disk(disk) = &facts.content else {
        panic!("{facts:?}");
    };
    assert_eq!(disk.partitions[0].label, "rootfs");
}

#[test]
fn a_packed_image_is_unpacked_for_the_check() {
    let bare = sample::bare(9000);
    let packed = sample::gzip(&bare);
    let image = sample::whole(&packed);
    let checked = judge(&image, &target(), Overrides::default()).unwrap();
    let facts = checked.facts();
    assert_eq!(facts.payload, bare.len() as u64);
    assert_eq!(facts.packed.as_ref().unwrap().length, packed.len() as u64);
    assert_eq!(facts.root.unwrap().offset, sample::ERASE as u64);
    assert_eq!(facts.crc, look_at(&bare).crc);
    // Packed with its metadata, it has them still.
    passes(&sample::gzip(&sample::image(9000)), &target());
    passes(&sample::whole(&sample::gzip(&tar())), &with_ubi());
    passes(
        &sample::whole(&sample::gzip(&sample::gpt(&[(8, 8)], 16 * 512))),
        &with_disk(),
    );
    refused(&sample::gzip(&packed), "gzip: not yet a supported payload");
}

#[test]
fn a_damaged_gzip_stream_is_refused_and_cannot_be_forced() {
    let packed = sample::gzip(&sample::bare(9000));
    let check = |image: &[u8], expected: &str| {
        let found = shown(&sample::whole(image), &target(), FORCE);
        assert!(found.contains(expected), "{found}");
    };
    for cut in [2, 10, 500, packed.len() - 1] {
        check(&packed[..cut], "gzip: unexpected end of file: transfer");
    }
    for at in [packed.len() - 8, packed.len() - 1] {
        let mut damaged = packed.clone();
        damaged[at] ^= 1;
        check(&damaged, "gzip: invalid compressed data");
    }
    check(&[&packed[..], b"junk"].concat(), "gzip: trailing garbage");
}
