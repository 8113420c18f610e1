//! Kernel modules, and a USB stick that is plugged in in failsafe mode.

use crate::lab::{Bench, project};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the image has of the kernel's modules, each with what it needs.
const MODULES: &[&str] = &["xhci-pci", "usb-storage", "sd_mod", "vfat", "dummy"];

/// The kernel's modules in the lab's folder, and its release.
fn kernel_modules() -> (PathBuf, String) {
    let folders = ["lib/modules", "usr/lib/modules"];
    let mut folders = folders
        .map(|dir| project("target/lab/kernel").join(dir))
        .into_iter();
    let modules = folders.find(|dir| dir.exists()).unwrap();
    let release = std::fs::read_dir(&modules)
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    (modules, release.file_name().into_string().unwrap())
}

/// Copies the modules into an image: flat and without an index, as OpenWrt has them, except
/// for the aliases, which OpenWrt leaves to lists.
fn add_modules(tree: &Path) {
    let (modules, release) = kernel_modules();
    let index = std::fs::read_to_string(modules.join(&release).join("modules.dep")).unwrap();
    let stem = |path: &str| {
        let name = path.rsplit('/').next().unwrap();
        name.split(".ko").next().unwrap().replace('_', "-")
    };
    let target = tree.join("lib/modules").join(&release);
    std::fs::create_dir_all(&target).unwrap();
    for line in index.lines() {
        let (file, needs) = line.split_once(':').unwrap();
        if !MODULES
            .iter()
            .any(|name| name.replace('_', "-") == stem(file))
        {
            continue;
        }
        for file in needs.split_whitespace().chain([file]) {
            let name = file.rsplit('/').next().unwrap();
            let unpacked = target.join(name.split(".ko").next().unwrap().to_owned() + ".ko");
            unpack(&modules.join(&release).join(file), &unpacked);
        }
    }
    let aliases = std::fs::read_to_string(modules.join(&release).join("modules.alias")).unwrap();
    let wanted = aliases
        .lines()
        .filter(|line| line.ends_with(" usb_storage"));
    let wanted: String = wanted.map(|line| format!("{line}\n")).collect();
    std::fs::write(target.join("modules.alias"), wanted).unwrap();
}

fn unpack(from: &Path, to: &Path) {
    let program = match from.extension().unwrap().to_str().unwrap() {
        "xz" => "xzcat",
        "zst" => "zstdcat",
        _ => "cat",
    };
    let output = Command::new(program).arg(from).output().unwrap();
    assert!(output.status.success(), "{program} {}", from.display());
    std::fs::write(to, output.stdout).unwrap();
}

fn write(tree: &Path, name: &str, text: &str) {
    let file = tree.join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn boot_modules_come_in_and_a_stick_in_failsafe_mode_finds_its_driver_and_its_node() {
    let bench = Bench::with_image(|tree| {
        add_modules(tree);
        write(tree, "etc/modules-boot.d/20-usb", "xhci-pci\nsd_mod\n");
        let dummy = "dummy numdummies=2 # two of them\nnosuch-module\n";
        write(tree, "etc/modules-boot.d/30-net", dummy);
        let script = "echo $1 $ACTION $DEVNAME $DEVICENAME >>/tmp/block\n";
        write(tree, "etc/hotplug.d/block/10-note", script);
        symlink("nosuch", tree.join("etc/hotplug.d/block/20-broken")).unwrap();
        for name in ["bin/nodev", "bin/uevents"] {
            let guest = project("target/lab/hooked.tree").join(name);
            std::fs::copy(guest, tree.join(name)).unwrap();
        }
    });
    let stick = bench.file("stick", &stick_content());
    let mut router = bench.power_on_saying("lab.init=/bin/nodev init_debug=4");
    router.enter_failsafe();
    let console = &mut router.console;
    console.run("[ -e /sys/class/net/dummy1 ]").ok();
    let log = console.run("dmesg | grep kmodloader:").ok();
    assert!(log.contains("modules loaded, 1 failed"), "{log}");
    assert!(
        console
            .log()
            .contains("kmodloader: nosuch_module: there is no such module")
    );
    // Every node was made by us, each where it belongs.
    console.run("grep -q '^tmpfs /dev tmpfs' /proc/mounts").ok();
    console.run("! grep devtmpfs /proc/mounts").ok();
    let modes = "stat -c '%n %a %F %t:%T' /dev/null /dev/ttyS0 /dev/console /dev/urandom \
                 /dev/kmsg /dev/mtd0 /dev/mtd4ro /dev/mtdblock4 /dev/input/event0 /dev/vda";
    assert_eq!(
        console.run(modes).ok(),
        "/dev/null 666 character special file 1:3\n\
         /dev/ttyS0 600 character special file 4:40\n\
         /dev/console 600 character special file 5:1\n\
         /dev/urandom 666 character special file 1:9\n\
         /dev/kmsg 644 character special file 1:b\n\
         /dev/mtd0 600 character special file 5a:0\n\
         /dev/mtd4ro 600 character special file 5a:9\n\
         /dev/mtdblock4 600 block special file 1f:4\n\
         /dev/input/event0 600 character special file d:40\n\
         /dev/vda 600 block special file fe:0\n"
    );
    console.run("[ -c /dev/ptmx ] && [ -d /dev/pts ]").ok();
    // Who keeps them may die; what is missing is made by the next one.
    console
        .run("rm -r /dev/input /dev/mtdblock0 && kill -9 $(pidof hotplug)")
        .ok();
    console
        .run("until [ -c /dev/input/event0 ] && [ -b /dev/mtdblock0 ]; do sleep 1; done")
        .ok();
    console.run("! lsmod | grep -q usb_storage").ok();
    router.plug_in(&stick);
    let console = &mut router.console;
    console.run("until [ -b /dev/sda ]; do sleep 1; done").ok();
    let told = "dmesg | grep -q 'hotplug: ACTION=add .*SUBSYSTEM=block.*DEVNAME=sda'";
    console.run(told).ok();
    console
        .run("mount -t squashfs -o ro /dev/sda /mnt && cat /mnt/word")
        .ok();
    console.run("umount /mnt").ok();
    // The kernel itself asks for a file system's module.
    console.run("mount -t vfat /dev/sda /mnt").refused("mount");
    console.run("grep -q vfat /proc/filesystems").ok();
    router.pull_out();
    let console = &mut router.console;
    console
        .run("until [ ! -e /dev/sda ]; do sleep 1; done")
        .ok();
    console
        .run("until grep -q remove /tmp/block; do sleep 1; done")
        .ok();
    let seen = console.run("cat /tmp/block").ok();
    assert_eq!(seen, "block add sda sda\nblock remove sda sda\n");
    // More events than the kernel keeps for who does not read them: nobody knows what was lost.
    let flood = "kill -STOP $(pidof hotplug) && rm -r /dev/input && uevents flood 5000; \
                 kill -CONT $(pidof hotplug)";
    console.run(flood).ok();
    console
        .run("until [ -c /dev/input/event0 ]; do sleep 1; done")
        .ok();
}

/// A squashfs with one file: the router's kernel has it built in.
fn stick_content() -> Vec<u8> {
    let dir = crate::tempdir::TempDir::new();
    let (tree, image) = (dir.path().join("tree"), dir.path().join("image"));
    write(&tree, "word", "found\n");
    let packed = Command::new("mksquashfs").arg(&tree).arg(&image).output();
    assert!(packed.unwrap().status.success(), "mksquashfs");
    std::fs::read(image).unwrap()
}
