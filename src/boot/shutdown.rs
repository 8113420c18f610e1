//! In which order file systems are let go before the machine stops.
//!
//! An overlay keeps its upper file system alive without naming it in the table, so making
//! everything read-only comes first: that is what writes out the flash. Unmounting after it
//! is for those that can.

use crate::sys::{Mount, MountFlags, Mounts, UnmountFlags};
use std::path::PathBuf;

/// One thing to do; each may fail without stopping the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Remount read-only.
    ReadOnly(PathBuf),
    /// Unmount.
    Unmount(PathBuf),
}

/// What holds nothing that could be lost.
const VIRTUAL: &[&str] = &[
    "proc",
    "sysfs",
    "devtmpfs",
    "devpts",
    "tmpfs",
    "ramfs",
    "rootfs",
    "squashfs",
    "cgroup2",
    "debugfs",
    "pstore",
    "securityfs",
    "tracefs",
    "efivarfs",
    "mqueue",
];

/// Newest first: what was mounted later may lie on what was mounted earlier.
pub fn plan(table: &[Mount]) -> Vec<Step> {
    let real = || {
        let is_real = |m: &&Mount| !VIRTUAL.contains(&m.fstype.as_str());
        table.iter().rev().filter(is_real).map(|m| m.target.clone())
    };
    let unmount = real().filter(|target| target.as_os_str() != "/");
    real()
        .map(Step::ReadOnly)
        .chain(unmount.map(Step::Unmount))
        .collect()
}

/// Does all steps; failures are given back as texts, for the console.
pub fn perform(steps: &[Step], mounts: &mut dyn Mounts) -> Vec<String> {
    let mut failures = Vec::new();
    for step in steps {
        let (verb, target, result) = match step {
            Step::ReadOnly(target) => {
                let result = mounts.remount(target, MountFlags::RDONLY, "");
                ("make read-only", target, result)
            }
            Step::Unmount(target) => {
                let result = mounts.unmount(target, UnmountFlags::empty());
                ("unmount", target, result)
            }
        };
        if let Err(error) = result {
            let reason = crate::error::reason(&error);
            failures.push(format!("can't {verb} {}: {reason}", target.display()));
        }
    }
    failures
}

#[test]
fn the_overlay_is_made_read_only_before_anything_is_unmounted() {
    let mount = |source: &str, target: &str, fstype: &str| Mount {
        source: source.into(),
        target: target.into(),
        fstype: fstype.into(),
        options: "rw".into(),
    };
    let table = [
        mount("/dev/root", "/rom", "squashfs"),
        mount("proc", "/proc", "proc"),
        mount("tmpfs", "/tmp", "tmpfs"),
        mount("/dev/mtdblock3", "/overlay", "jffs2"),
        mount("overlayfs:/overlay", "/", "overlay"),
        mount("/dev/sda1", "/mnt", "vfat"),
    ];
    let expected = [
        Step::ReadOnly("/mnt".into()),
        Step::ReadOnly("/".into()),
        Step::ReadOnly("/overlay".into()),
        Step::Unmount("/mnt".into()),
        Step::Unmount("/overlay".into()),
    ];
    assert_eq!(plan(&table), expected);
}
