//! What one does to UBI, by the kernel itself: attach, make, fill, resize, remove, detach.

use crate::lab::Bench;
use crate::lab::router::{Router, Setup};
use crate::lab::talk::Talk;
use std::path::Path;

/// Bytes of the disk that plays a chip.
const SIZE: usize = 16 << 20;

/// A router in failsafe mode whose second chip, `ubi`, is this disk.
fn power_on(bench: &Bench, kind: &str, disk: &Path) -> Router {
    let append = format!("failsafe=true lab.data={kind}");
    let mut router = bench.power_on_with(&Setup {
        append: &append,
        disk: Some(disk),
        ..Setup::default()
    });
    router.console.expect("FAILSAFE MODE active");
    router.console.expect("# ");
    router
}

/// Takes away the nodes that the kernel has made, as where nothing makes them.
fn forget_nodes(console: &mut Talk) {
    console.run("rm -f /dev/ubi[0-9]* /dev/ubi_ctrl").ok();
}

/// `ubi12` with so many volumes that their numbers have two digits.
fn attach_and_make(console: &mut Talk) {
    forget_nodes(console);
    console.run("ubinfo").refused("no UBI is attached");
    console
        .run("ubiattach -p art")
        .refused("something else than UBI");
    console.run("ubiattach -p rootfs").refused("in use");
    let said = console.run("ubiattach -p ubi -d 12").ok();
    assert!(said.contains("ubi12: mtd5, 128 erase blocks"), "{said}");
    console
        .run("ubiattach -p ubi")
        .refused("attached already, as ubi12");
    forget_nodes(console);
    console.run("ubirmvol /dev/ubi12 -N rootfs_data").ok();
    console
        .run("for i in 0 1 2 3 4 5 6 7 8 9 10; do ubimkvol /dev/ubi12 -N v$i -S 2 || break; done")
        .ok();
    let said = console.run("ubimkvol ubi12 -n 77 -N far -s 150k").ok();
    assert!(said.contains("ubi12_77: far, 2 erase blocks"), "{said}");
    console
        .run("ubimkvol ubi12 -N v10 -m")
        .refused("ubi12_10 has this name");
    console
        .run("ubimkvol ubi12 -N large -s 100MiB")
        .refused("erase blocks wanted");
}

/// Fills volumes, static ones too, wholly and not.
fn fill(console: &mut Talk) {
    console.run("head -c 200000 /bin/safebox >/tmp/f").ok();
    forget_nodes(console);
    console.run("ubiupdatevol /dev/ubi12_10 /tmp/f").ok();
    console
        .run("head -c 200000 /dev/ubi12_10 | cmp - /tmp/f")
        .ok();
    console
        .run("ubimkvol ubi12 -N fixed -t static -s 300000 && ubiupdatevol ubi12:fixed /tmp/f")
        .ok();
    let said = console.run("ubinfo ubi12:fixed").ok();
    assert!(said.contains("static, 200000 in use"), "{said}");
    // A static volume ends where its data end.
    console.run("cmp /tmp/f /dev/ubi12_11").ok();
    console
        .run("ubiupdatevol ubi12:v0 /bin/safebox")
        .refused("bytes wanted");
    console
        .run("ubiupdatevol -s 300000 ubi12:v0 /tmp/f")
        .refused("it has 200000 bytes of 300000");
    console
        .run("cat /tmp/f | ubiupdatevol ubi12:v0 -")
        .refused("its size is not known");
    console
        .run("cat /tmp/f | ubiupdatevol -s 200000 ubi12:v0 -")
        .ok();
    console
        .run("head -c 200000 /dev/ubi12_0 | cmp - /tmp/f")
        .ok();
    console
        .run("head -c 99 /tmp/f | ubiupdatevol -s 200000 ubi12:v0 -")
        .refused("cannot be read until it is filled again");
    let said = console.run("ubinfo ubi12:v0").ok();
    assert!(said.contains("an update was cut off"), "{said}");
    console.run("cat /dev/ubi12_0").refused("/dev/ubi12_0");
    console.run("ubiupdatevol ubi12:v0 /tmp/f").ok();
    console
        .run("head -c 200000 /dev/ubi12_0 | cmp - /tmp/f")
        .ok();
    console.run("ubiupdatevol -t ubi12_0").ok();
    console
        .run("[ -z \"$(head -c 100000 /dev/ubi12_0 | tr -d '\\377')\" ]")
        .ok();
}

/// Gives volumes other sizes.
fn resize(console: &mut Talk) {
    let said = console.run("ubirsvol ubi12 -N v10 -S 5").ok();
    assert!(said.contains("ubi12_10: v10, 5 erase blocks"), "{said}");
    console.run("ubirsvol ubi12 -n 10 -s 200000").ok();
    console
        .run("head -c 200000 /dev/ubi12_10 | cmp - /tmp/f")
        .ok();
    console
        .run("ubirsvol ubi12 -n 10 -S 999")
        .refused("999 erase blocks wanted");
    console.run("ubirsvol ubi12 -N v9 -m").ok();
    let said = console.run("ubinfo ubi12").ok();
    assert!(said.contains(", 0 free, "), "{said}");
    console.run("ubimkvol ubi12 -N none -m").refused("0 free");
    console.run("ubirmvol ubi12 -N v9").ok();
}

/// A file system keeps its volume from being changed, mounted or not.
fn settings(console: &mut Talk) {
    console
        .run(
            "ubimkvol ubi12 -N data -s 4MiB && mkdir -p /tmp/m && mount -t ubifs ubi12:data /tmp/m",
        )
        .ok();
    console.run("cp /tmp/f /tmp/m/f && sync").ok();
    for command in [
        "ubirmvol ubi12 -N data",
        "ubiupdatevol -t ubi12:data",
        "ubirsvol ubi12 -N data -S 20",
        "ubidetach -d 12",
    ] {
        console.run(command).refused("in use: mounted as /tmp/m");
    }
    console.run("umount /tmp/m").ok();
    console
        .run("ubirsvol ubi12 -N data -S 20")
        .refused("would lose its end");
    console.run("ubirsvol ubi12 -N data -s 5MiB").ok();
    console
        .run("mount -t ubifs ubi12:data /tmp/m && cmp /tmp/f /tmp/m/f")
        .ok();
    console.run("umount /tmp/m").ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn volumes_of_any_number_are_made_filled_resized_and_last() {
    let bench = Bench::new();
    let disk = bench.file("disk", &vec![0xff; SIZE]);
    let mut router = power_on(&bench, "ubi", &disk);
    let console = &mut router.console;
    attach_and_make(console);
    fill(console);
    resize(console);
    settings(console);
    console
        .run("ubidetach -p ubi && sync && ubinfo")
        .refused("no UBI is attached");
    router.cut_power();

    let mut router = power_on(&bench, "ubi", &disk);
    let console = &mut router.console;
    console.run("ubiattach -m 5 -d 3 && mkdir /tmp/m").ok();
    console.run("head -c 200000 /bin/safebox >/tmp/f").ok();
    console
        .run("cmp /tmp/f /dev/ubi3_11 && head -c 200000 /dev/ubi3_10 | cmp - /tmp/f")
        .ok();
    console
        .run("mount -t ubifs ubi3:data /tmp/m && cmp /tmp/f /tmp/m/f")
        .ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_root_file_system_is_read_from_a_volume_that_nobody_can_change_meanwhile() {
    let bench = Bench::new();
    let disk = bench.file("disk", &vec![0xff; SIZE]);
    let mut router = power_on(&bench, "ubi", &disk);
    let console = &mut router.console;
    console.run("ubiattach -p ubi && mkdir -p /tmp/m").ok();
    console
        .run("mtd dump rootfs | head -c 3000000 >/tmp/root.squashfs")
        .ok();
    console.run("ubirmvol ubi0 -N rootfs_data").ok();
    console
        .run("ubimkvol ubi0 -N rootfs -s 3000000 && ubiupdatevol ubi0:rootfs /tmp/root.squashfs")
        .ok();
    console.run("ubiblock -c ubi0:rootfs").ok();
    console
        .run("ubiblock -c /dev/ubi0_0")
        .refused("is there already");
    for command in [
        "ubirmvol ubi0 -n 0",
        "ubiupdatevol -t ubi0_0",
        "ubidetach -d 0",
    ] {
        console.run(command).refused("ubiblock -r /dev/ubi0_0");
    }
    console
        .run("mount -t squashfs -o ro /dev/ubiblock0_0 /tmp/m && cmp /tmp/m/bin/safebox /bin/safebox")
        .ok();
    console.run("ubiblock -r ubi0_0").refused("ubi0_0: ");
    console.run("umount /tmp/m && ubiblock -r ubi0_0").ok();
    console.run("ubiblock -r ubi0_0").refused("is not there");
    console.run("ubirmvol ubi0 -n 0 && ubidetach -d 0").ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn ubi_on_nand_keeps_clear_of_bad_blocks_and_begins_on_an_empty_partition() {
    let bench = Bench::new();
    let disk = bench.file("disk", &[0xff; 4096]);
    let mut router = power_on(&bench, "nand", &disk);
    let console = &mut router.console;
    let said = console.run("ubinfo").ok();
    assert!(said.contains("ubi0_0: rootfs_data"), "{said}");
    console.run("ubirmvol ubi0 -n 0").ok();
    console
        .run("ubimkvol ubi0 -N all -m && head -c 3000000 /dev/urandom >/tmp/f")
        .ok();
    console
        .run("ubiupdatevol ubi0:all /tmp/f && head -c 3000000 /dev/ubi0_0 | cmp - /tmp/f")
        .ok();
    console.run("ubidetach -m 5").ok();
    console
        .run("ubiattach -m 5 && head -c 3000000 /dev/ubi0_0 | cmp - /tmp/f")
        .ok();
    console.run("ubidetach -d 0 && mtd erase mtd5").ok();
    let said = console.run("ubiattach -p /dev/mtd5").ok();
    assert!(said.contains(" 3 bad"), "{said}");
    let said = console.run("ubinfo").ok();
    assert!(!said.contains("ubi0_0"), "{said}");
}
