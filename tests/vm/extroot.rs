//! Settings on a disk beside the flash, as fstab asks for them; and those that an older system has
//! left in the flash.

use crate::lab::Bench;
use crate::lab::router::{Router, Setup};
use crate::lab::talk::Talk;
use std::path::Path;
use std::process::Command;

const UUID: &str = "0b1d0f3a-5a5a-4c4c-8e8e-123456789abc";
/// Bytes of the disk.
const SIZE: u64 = 32 << 20;

fn power_on(bench: &Bench, disk: Option<&Path>) -> Router {
    bench.power_on_with(&Setup {
        append: "lab.data=extroot",
        disk,
        ..Setup::default()
    })
}

/// Waits until the first boot counts as complete.
#[track_caller]
fn settle(console: &mut Talk) {
    let ready = "until [ \"$(readlink /overlay/.fs_state)\" = 2 ]; do sleep 1; done";
    console.run(ready).ok();
}

#[track_caller]
fn assert_overlay(console: &mut Talk, device: &str) {
    let mounts = console.run("cat /proc/mounts").ok();
    let line = format!("{device} /overlay ");
    assert!(mounts.contains(&line), "no {line} in: {mounts}");
    assert!(mounts.contains("overlayfs:/overlay / overlay"), "{mounts}");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn settings_on_a_disk_are_used_in_failsafe_too_and_those_on_flash_without_it() {
    let bench = Bench::new();
    let disk = bench.file("disk", &[]);
    let file = std::fs::File::options().write(true).open(&disk).unwrap();
    file.set_len(SIZE).unwrap();
    let made = Command::new("mkfs.ext4")
        .args(["-q", "-F", "-U", UUID])
        .arg(&disk)
        .status();
    assert!(made.unwrap().success());

    let mut router = power_on(&bench, Some(&disk));
    router.boot_normally();
    settle(&mut router.console);
    let console = &mut router.console;
    assert_overlay(console, "/dev/mtdblock4");
    for line in [
        "config global",
        " option delay_root 1",
        "config mount",
        " option target /overlay",
        &format!(" option uuid {UUID}"),
    ] {
        console
            .run(&format!("echo '{line}' >>/etc/config/fstab"))
            .ok();
    }
    console.run("echo flash >/etc/note && sync").ok();
    console.line("reboot");

    router.boot_normally();
    settle(&mut router.console);
    let console = &mut router.console;
    assert_overlay(console, "/dev/vdb");
    console
        .run("[ ! -e /etc/note ] && echo disk >/etc/note && sync")
        .ok();
    console.line("reboot");

    router.enter_failsafe();
    let console = &mut router.console;
    let said = console.run("mount_root").ok();
    assert!(said.contains("settings are on /dev/vdb (UUID="), "{said}");
    assert_overlay(console, "/dev/vdb");
    assert_eq!(console.run("cat /etc/note").ok().trim(), "disk");
    let said = console.run("mount_root").ok();
    assert!(said.contains("already mounted"), "{said}");
    console.line("reboot");

    router.enter_failsafe();
    let console = &mut router.console;
    console.run("mount_root --ro").ok();
    assert_eq!(console.run("cat /etc/note").ok().trim(), "disk");
    console.run("echo x >/etc/note").refused("Read-only");
    drop(router);

    // The disk is gone.
    let mut router = power_on(&bench, None);
    router.enter_failsafe();
    let console = &mut router.console;
    let said = console.run("mount_root").ok();
    assert!(said.contains("no such disk after 1 seconds"), "{said}");
    assert_overlay(console, "/dev/mtdblock4");
    assert_eq!(console.run("cat /etc/note").ok().trim(), "flash");
    drop(router);

    // A reset is of the flash, and with the fstab there the disk is not used any more.
    let mut router = power_on(&bench, Some(&disk));
    router.enter_failsafe();
    let console = &mut router.console;
    console.run("mount_root").ok();
    let said = console.run("firstboot -y").ok();
    assert!(said.contains("the extroot is, and stays"), "{said}");
    console.run("grep disk /overlay/upper/etc/note").ok();
    console.line("reboot");
    router.boot_normally();
    settle(&mut router.console);
    let console = &mut router.console;
    assert_overlay(console, "/dev/mtdblock4");
    console.run("[ ! -e /etc/note ]").ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn settings_of_an_older_system_are_shown_and_stay_as_they_are() {
    let bench = Bench::new();
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    // As systems before 14.07 laid them: no upper, and links for what was deleted.
    for line in [
        "mtd -q erase rootfs_data",
        "mkdir /tmp/m && mount -t jffs2 /dev/mtdblock4 /tmp/m && mkdir -p /tmp/m/etc/config",
        "echo 'config interface wan' >/tmp/m/etc/config/network",
        "ln -s '(overlay-whiteout)' /tmp/m/etc/config/system",
        "umount /tmp/m",
        "mount_root --ro",
        "grep wan /etc/config/network",
        "[ ! -e /overlay/upper ]",
    ] {
        console.run(line).ok();
    }
    console.line("reboot");

    router.enter_failsafe();
    let console = &mut router.console;
    let said = console.run("mount_root").ok();
    assert!(said.contains("settings of an older system"), "{said}");
    assert!(said.contains("etc/config/network"), "{said}");
    console.run("grep wan /etc/config/network").refused("");
    console
        .run("cp -a /overlay/etc/config/network /etc/config/")
        .ok();
    console.run("grep wan /etc/config/network").ok();
    console.run("[ -L /overlay/etc/config/system ]").ok();
}
