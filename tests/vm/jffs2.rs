//! Our reader and writer of jffs2 against the kernel's.

use crate::lab::Bench;
use crate::lab::router::Setup;
use crate::lab::talk::Talk;

/// Defines `look OPTIONS`, by which the kernel mounts the data partition.
fn know_the_data_partition(console: &mut Talk) {
    console.run("mkdir /tmp/m").ok();
    console
        .run("look() { mount -t jffs2 -o \"$1\" /dev/mtdblock4 /tmp/m; }")
        .ok();
}

/// Insists that /tmp/ours holds what the kernel shows in /tmp/m: names, modes, owners, targets,
/// contents.
#[track_caller]
fn compare(console: &mut Talk) {
    console
        .run(
            "all() { cd $1; find . ! -name . -exec stat -c '%A %u %g %N' {} + | sort; \
             find . -type f -exec sha256sum {} + | sort; cd /; }",
        )
        .ok();
    console
        .run("all /tmp/m >/tmp/m.txt; all /tmp/ours >/tmp/ours.txt")
        .ok();
    console.run("cmp /tmp/m.txt /tmp/ours.txt").ok();
    let lines = console.run("wc -l </tmp/ours.txt").ok();
    let lines = lines.trim().parse::<u32>().unwrap();
    assert!(lines > 100, "only {lines} lines were compared");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn what_the_kernel_wrote_is_read_as_the_kernel_reads_it() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    know_the_data_partition(console);
    // The kernel packs with LZO unless told otherwise; each mount reads what is there already.
    for (way, name) in [
        ("noatime", "lzo"),
        ("compr=zlib", "zlib"),
        ("compr=none", "none"),
    ] {
        console
            .run(&format!(
                "look {way} && cd /tmp/m && mkdir {name} && cd {name}"
            ))
            .ok();
        console
            .run("cp -a /etc /lib . && head -c 300000 /bin/safebox >big")
            .ok();
        console
            .run("head -c 70000 /dev/zero >zeros && ln -s ../etc/passwd link")
            .ok();
        // Holes, ends cut off, writes in the middle, renames, deletions, owners.
        console
            .run("echo end | dd of=hole bs=1 seek=20000 conv=notrunc")
            .ok();
        console
            .run("truncate -s 100000 big && truncate -s 110000 big")
            .ok();
        console
            .run("echo middle | dd of=big bs=1 seek=50000 conv=notrunc")
            .ok();
        console
            .run("mv etc/passwd etc/moved && rm etc/group && rm -r lib")
            .ok();
        console
            .run("chown 1000:100 etc/shadow && chmod 4711 etc/moved")
            .ok();
        console
            .run("mknod null c 1 3 && mknod gone c 0 0 && mkfifo pipe 2>/dev/null; true")
            .ok();
        console.run("cd / && umount /tmp/m").ok();
    }
    console
        .run("mkdir /tmp/ours && jffs2 -C /tmp/ours extract rootfs_data")
        .ok();
    console.run("look ro").ok();
    compare(console);
    console.run("umount /tmp/m").ok();
    let note = console.run("jffs2 cat rootfs_data /upper/etc/note").ok();
    assert_eq!(note.trim(), "mine");
    let list = console
        .run("jffs2 list rootfs_data zlib/null zlib/link")
        .ok();
    assert!(list.contains("zlib/link -> ../etc/passwd"), "{list}");
    console
        .run("jffs2 list rootfs_data nosuch")
        .refused("nosuch: no such file");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn settings_can_be_read_where_the_kernel_refuses_the_mount() {
    let bench = Bench::settled();
    // The first node is rubbish, which the kernel takes for another file system.
    bench.chip.damage(bench.chip.data_start(), &[0x5a; 64]);
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    let start = console.run("jffs2 cat rootfs_data upper/etc/note");
    assert!(start.text.contains("mine"), "{}", start.text);
    assert!(
        start
            .text
            .contains("rootfs_data: bytes that are no node at 0x0")
    );
    assert_eq!(start.status, 1);
    console.run("sysupgrade -b /tmp/b.tgz").ok();
    let list = console.run("tar tzf /tmp/b.tgz").ok();
    assert!(list.contains("etc/config/network"), "{list}");
    // After a reset all but the first block is still there, until the next boot.
    console.line("firstboot");
    console.expect("Are you sure?");
    console.line("y");
    console.expect("# ");
    console
        .run("jffs2 list rootfs_data")
        .refused("marked as void");
    console.run("jffs2 -a list rootfs_data");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn what_mtd_plants_the_kernel_mounts() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    know_the_data_partition(console);
    console.run("head -c 200000 /bin/safebox >/tmp/big").ok();
    console
        .run("mtd -e rootfs_data jffs2write /tmp/big rootfs_data")
        .ok();
    console.run("look noatime").ok();
    console.run("cmp /tmp/big /tmp/m/big").ok();
    console
        .run("mtd erase rootfs_data")
        .refused("in use: mounted as /tmp/m");
    console
        .run("mtd jffs2write /etc/hosts rootfs_data")
        .refused("in use");
    console.run("umount /tmp/m").ok();
    console
        .run("mtd -d etc/config jffs2write /etc/hosts rootfs_data")
        .ok();
    console.run("look noatime").ok();
    console
        .run("cmp /tmp/big /tmp/m/big && cmp /etc/hosts /tmp/m/etc/config/hosts")
        .ok();
    console
        .run("echo more >/tmp/m/etc/config/more && umount /tmp/m")
        .ok();
    let more = console.run("jffs2 cat rootfs_data etc/config/more").ok();
    assert_eq!(more.trim(), "more");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_partition_that_cannot_be_changed_is_refused_and_dumped_whole() {
    let bench = Bench::settled();
    let art = bench.chip.read(crate::lab::flash::ART);
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    console.run("head -c 100000 /dev/zero >/tmp/large").ok();
    console
        .run("mtd write /tmp/large art")
        .refused("100000 bytes do not fit into 65536");
    console
        .run("mtd write /tmp/nosuch art")
        .refused("/tmp/nosuch");
    console.run("mtd verify /tmp/large art").refused("art");
    console
        .run("mtd -p 100 write /etc/hosts art")
        .refused("not a multiple");
    console
        .run("mtd fixtrx art")
        .refused("no such header at 0x0");
    console
        .run("mtd resetbc art")
        .refused("no such header at 0x0");
    console
        .run("mtd dump art >/tmp/art && mtd verify /tmp/art art")
        .ok();
    console
        .run("mtd -q verify - mtd5 </tmp/art && mtd verify /tmp/art /dev/mtd5")
        .ok();
    assert!(
        bench.chip.read(crate::lab::flash::ART) == art,
        "calibration data changed"
    );
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_write_needs_no_memory_for_the_image() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    console.run("head -c 8388608 /dev/urandom >/tmp/image").ok();
    console
        .run("(ulimit -v 9000; mtd write /tmp/image rootfs_data)")
        .ok();
    console
        .run("(ulimit -v 9000; mtd verify /tmp/image rootfs_data)")
        .ok();
    // From a pipe it is read to its end before the first erase, for connections break.
    console
        .run("cat /tmp/image | mtd -q write - rootfs_data")
        .ok();
    console
        .run("mtd dump rootfs_data | head -c 8388608 | cmp - /tmp/image")
        .ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_second_chip_is_not_taken_for_the_one_in_use() {
    let bench = Bench::settled();
    let spare = bench.file("spare", &[0x55; 1 << 20]);
    let drive = format!("file={},format=raw,if=virtio", spare.display());
    let mut router = bench.power_on_with(&Setup {
        append: "failsafe=true",
        arguments: &["-drive", &drive],
        ..Setup::default()
    });
    let console = &mut router.console;
    console.expect("FAILSAFE MODE active");
    console.expect("# ");
    console
        .run("echo /dev/vdb,64KiB,spare >/sys/module/block2mtd/parameters/block2mtd")
        .ok();
    console.run("mtd erase firmware").refused("in use");
    console
        .run("mtd erase spare && mtd write /etc/hosts spare")
        .ok();
    console.run("mtd verify /etc/hosts /dev/mtd6").ok();
}
