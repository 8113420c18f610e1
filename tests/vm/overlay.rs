//! `mount_root` and `firstboot` on the board's own flash, verb by verb and option by option.

use crate::lab::Bench;
use crate::lab::talk::Talk;

/// What the data partition holds.
#[track_caller]
fn data(console: &mut Talk) -> String {
    console.run("mtd dump rootfs_data | sha256sum").ok()
}

#[test]
#[ignore = "boots the lab: make vm"]
fn looking_and_a_root_in_memory_change_nothing_on_flash() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    let before = data(console);
    let said = console.run("mount_root -n").ok();
    assert!(
        said.contains("mount jffs2 /dev/mtdblock4 on /tmp/overlay"),
        "{said}"
    );
    let said = console.run("firstboot -n").ok();
    assert!(said.contains("mark mtd4 as void"), "{said}");
    console.run("mount_root nosuch").refused("no such verb");
    console.run("mount_root stop").ok();
    console
        .run("echo n | firstboot")
        .refused("nothing was changed");
    console.run("mount_root ram").ok();
    let mounts = console.run("cat /proc/mounts").ok();
    assert!(mounts.contains("overlayfs:/tmp/root / overlay"), "{mounts}");
    console.run("echo x >/etc/ram && [ ! -e /etc/note ]").ok();
    let said = console.run("mount_root ram").ok();
    assert!(said.contains("can be changed already"), "{said}");
    console
        .run("mount_root")
        .refused("changes vanish at the next boot");
    console
        .run("mount_root done")
        .refused("changes vanish at the next boot");
    assert_eq!(data(console), before);
    // A reset is of the flash all the same.
    let said = console.run("firstboot -y").ok();
    assert!(said.contains("/ is in memory"), "{said}");
    console.line("reboot");
    router.boot_normally();
    router
        .console
        .run("[ ! -e /etc/note ] && [ ! -e /etc/ram ]")
        .ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn without_an_environment_it_works_too_and_a_reset_can_keep_an_archive() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    // As a command by ssh finds it.
    console.run("env -i /sbin/mount_root").ok();
    console.run("[ -e /etc/note ]").ok();
    console.run("env -i /sbin/mount_root done").ok();
    let state = console.run("readlink /overlay/.fs_state").ok();
    assert_eq!(state.trim(), "2");
    let said = console.run("firstboot -n").ok();
    assert!(said.contains("delete all files in /overlay"), "{said}");
    console
        .run("[ -e /etc/note ] && mkdir /root/.dir && echo x >/root/.dir/file")
        .ok();
    console.run(": >/sysupgrade.tgz && firstboot -y -k").ok();
    console.run("[ -e /overlay/upper/sysupgrade.tgz ]").ok();
    console
        .run("[ -z \"$(find /overlay/upper -type f | grep -v sysupgrade.tgz)\" ]")
        .ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn what_is_not_ours_is_left_alone_until_a_reset_is_asked_for() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    for (content, words) in [
        ("printf OWRT", "a snapshot journal"),
        (
            "head -c 300000 /dev/urandom",
            "neither empty nor a file system",
        ),
    ] {
        console
            .run(&format!(
                "{content} | mtd -e rootfs_data write - rootfs_data"
            ))
            .ok();
        let before = data(console);
        for command in ["mount_root", "mount_root --repair", "mount_root --ro"] {
            let said = console.run(command).refused(words);
            assert!(said.contains("left alone"), "{said}");
        }
        assert_eq!(data(console), before);
    }
    console.run("firstboot -y").ok();
    console.run("mount_root && echo mine >/etc/note").ok();
}
