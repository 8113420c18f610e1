//! Raw NAND of the kernel's simulator: bad blocks from the factory, blocks that wear out, and
//! jffs2 in pages. It forgets everything when the power goes.

use crate::lab::router::Router;
use crate::lab::talk::Talk;
use crate::lab::{Bench, project};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Puts the simulator and what it depends on into an image.
fn add_simulator(tree: &Path) {
    let kernel = project("target/lab/kernel");
    let base = match kernel.join("lib/modules").exists() {
        true => kernel,
        false => kernel.join("usr"),
    };
    let version = fs::read_dir(base.join("lib/modules"))
        .unwrap()
        .next()
        .unwrap();
    let list = Command::new("modprobe")
        .arg("-d")
        .arg(&base)
        .arg("-S")
        .arg(version.unwrap().file_name())
        .args(["--show-depends", "nandsim"])
        .output()
        .unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let dir = tree.join("usr/nand");
    fs::create_dir_all(&dir).unwrap();
    let files = list
        .lines()
        .filter_map(|line| line.trim().strip_prefix("insmod "));
    for (number, file) in files.enumerate() {
        let name = Path::new(file).file_name().unwrap().to_str().unwrap();
        fs::copy(file, dir.join(format!("{number}-{name}"))).unwrap();
    }
}

/// A router in failsafe mode with two partitions of 64 blocks of 16 KiB, mtd6 and mtd7, and the
/// rest as mtd8. Blocks 10 and 20 are bad; block 5 can be erased twice.
fn router(bench: &Bench) -> Router {
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    load_simulator(console);
    console
        .run("head -c 600000 /bin/safebox >/tmp/image; mkdir /tmp/m")
        .ok();
    router
}

/// Loads the simulator; what the flash of the board needs is there already.
#[track_caller]
fn load_simulator(console: &mut Talk) {
    console
        .run(
            "for m in /usr/nand/[0-3]*; do insmod $m 2>/dev/null; done; insmod /usr/nand/4* \
             first_id_byte=0x20 second_id_byte=0x35 parts=64,64 badblocks=10,20 weakblocks=5:2",
        )
        .ok();
}

/// Writes the image to the first partition and compares.
#[track_caller]
fn write(console: &mut Talk) -> String {
    let said = console.run("mtd write /tmp/image mtd6").ok();
    console.run("mtd verify /tmp/image mtd6").ok();
    console
        .run("mtd dump mtd6 | head -c 600000 | cmp - /tmp/image")
        .ok();
    said
}

#[test]
#[ignore = "boots the lab: make vm"]
fn bad_blocks_are_skipped_and_worn_ones_marked() {
    let bench = Bench::with_image(add_simulator);
    let mut router = router(&bench);
    let console = &mut router.console;
    let said = console.run("mtd erase /dev/mtd6").ok();
    assert!(said.contains("Skipping bad block at 0x28000"), "{said}");
    assert!(said.contains("Skipping bad block at 0x50000"), "{said}");
    assert!(!write(console).contains("Skipping"));
    // The third erase of block 5.
    let said = write(console);
    assert!(said.contains("Skipping bad block at 0x14000"), "{said}");
    let size = console.run("mtd dump mtd6 | wc -c").ok();
    assert_eq!(size.trim(), (61 * 16384).to_string());
    console.run("head -c 1000000 /dev/zero >/tmp/large").ok();
    console
        .run("mtd write /tmp/large mtd6")
        .refused("1000000 bytes do not fit into 999424");
    console.run("mtd verify /tmp/image mtd6").ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_jffs2_in_pages_is_planted_and_read() {
    let bench = Bench::with_image(add_simulator);
    let mut router = router(&bench);
    let console = &mut router.console;
    console.run("head -c 200000 /tmp/image >/tmp/part").ok();
    console.run("mtd -d etc jffs2write /tmp/part mtd6").ok();
    console.run("mount -t jffs2 /dev/mtdblock6 /tmp/m").ok();
    console.run("cmp /tmp/part /tmp/m/etc/part").ok();
    console
        .run("cp -a /etc /tmp/m/copy && rm /tmp/m/copy/group")
        .ok();
    console.run("umount /tmp/m && mkdir /tmp/ours").ok();
    console.run("jffs2 -C /tmp/ours extract mtd6").ok();
    console
        .run("mount -t jffs2 -o ro /dev/mtdblock6 /tmp/m")
        .ok();
    console
        .run("all() { cd $1; find . -type f -exec sha256sum {} + | sort; cd /; }")
        .ok();
    console
        .run("all /tmp/m >/tmp/a && all /tmp/ours >/tmp/b && cmp /tmp/a /tmp/b")
        .ok();
    console.run("[ $(wc -l </tmp/a) -gt 10 ]").ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn an_empty_jffs2_on_small_pages_is_known_by_its_spare_bytes() {
    let bench = Bench::with_image(add_simulator);
    let mut router = bench.power_on_saying("fstools_overlay_name=mtd6");
    router.enter_failsafe();
    load_simulator(&mut router.console);
    let console = &mut router.console;
    let said = console.run("mount_root -n").ok();
    assert!(said.contains("is empty"), "{said}");
    // The kernel writes its cleanmarkers and nothing else, in its own time.
    console
        .run(
            "mkdir -p /tmp/m && until mount_root -n 2>&1 | grep 'is jffs2'; do \
             mount -t jffs2 /dev/mtdblock6 /tmp/m; sleep 1; umount /tmp/m; done",
        )
        .ok();
    console.run("mount_root").ok();
    console.run("echo mine >/etc/note && sync").ok();
}
