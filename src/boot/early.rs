//! What must be there before anything else runs: pseudo file systems, devices, directories.
//!
//! A plan, so that what is mounted already (by a boot stage that came before) stays as it
//! is. Every step may fail without stopping the next: half a system still has a console.

use crate::sys::{Mount, MountFlags, Mounts};
use std::io;
use std::path::Path;

/// A file system to mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Early {
    /// Where.
    pub target: &'static str,
    /// Type, also used as the source's name.
    pub fstype: &'static str,
    /// MS_* flags.
    pub flags: MountFlags,
    /// Options of the file system.
    pub data: &'static str,
}

const NO_PROGRAMS: MountFlags = MountFlags::NOSUID
    .union(MountFlags::NODEV)
    .union(MountFlags::NOEXEC);

/// Before the devices: `/proc` tells what is mounted.
pub const PROC: Early = Early {
    target: "/proc",
    fstype: "proc",
    flags: NO_PROGRAMS,
    data: "",
};

/// In this order; for `/dev` see [`mount_devices`].
pub const ALL: &[Early] = &[
    Early {
        target: "/sys",
        fstype: "sysfs",
        flags: NO_PROGRAMS,
        data: "",
    },
    DEV,
    Early {
        target: "/dev/pts",
        fstype: "devpts",
        flags: MountFlags::NOSUID.union(MountFlags::NOEXEC),
        data: "mode=600,ptmxmode=666",
    },
    Early {
        target: "/tmp",
        fstype: "tmpfs",
        flags: MountFlags::NOSUID
            .union(MountFlags::NODEV)
            .union(MountFlags::NOATIME),
        data: "mode=1777",
    },
];

/// Devices kept by the kernel.
pub const DEV: Early = Early {
    target: "/dev",
    fstype: "devtmpfs",
    flags: MountFlags::NOSUID
        .union(MountFlags::NOEXEC)
        .union(MountFlags::NOATIME),
    data: "mode=755",
};

/// Devices made by ourselves, where the kernel keeps none.
pub const DEV_IN_MEMORY: Early = Early {
    target: "/dev",
    fstype: "tmpfs",
    flags: MountFlags::NOSUID.union(MountFlags::NOEXEC),
    data: "mode=755,size=512k",
};

/// Directories of `/tmp` and their modes. `/var` is a link to `/tmp` in the image.
pub const DIRECTORIES: &[(&str, u32)] = &[
    ("/tmp/run", 0o755),
    ("/tmp/lock", 0o755),
    ("/tmp/state", 0o755),
    ("/tmp/log", 0o755),
    ("/tmp/sysinfo", 0o755),
    ("/tmp/shm", 0o1777),
];

/// Links of `/dev` that programs expect.
pub const LINKS: &[(&str, &str)] = &[
    ("/dev/shm", "/tmp/shm"),
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
];

impl Early {
    /// Mounts it unless `table` shows it mounted already.
    pub fn mount(&self, table: &[Mount], mounts: &mut dyn Mounts) -> io::Result<()> {
        let there = |m: &Mount| m.target == Path::new(self.target) && m.fstype == self.fstype;
        if table.iter().any(there) {
            return Ok(());
        }
        let (source, target) = (Path::new(self.fstype), Path::new(self.target));
        mounts.mount(source, target, self.fstype, self.flags, self.data)
    }
}

/// Mounts `/dev`, in memory where the kernel keeps no devices itself; whether the nodes are to
/// be made.
pub fn mount_devices(table: &[Mount], mounts: &mut dyn Mounts) -> io::Result<bool> {
    match DEV.mount(table, mounts) {
        Ok(()) => Ok(false),
        Err(_) => DEV_IN_MEMORY.mount(table, mounts).map(|()| true),
    }
}

/// A device that the kernel has, as its `uevent` file of `/sys/dev` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Path below `/dev`, e.g. `input/event0`.
    pub name: String,
    /// Major number.
    pub major: u32,
    /// Minor number.
    pub minor: u32,
    /// Permission bits.
    pub mode: u32,
}

/// Reads `MAJOR=`, `MINOR=`, `DEVNAME=`, `DEVMODE=` lines.
pub fn node(uevent: &str) -> Option<Node> {
    let value = |key: &str| {
        uevent
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
    };
    let name = value("DEVNAME")?;
    // The kernel writes `!` for `/` in some names, never `..`.
    if name.split('/').any(|part| part.is_empty() || part == "..") {
        return None;
    }
    let mode = value("DEVMODE").and_then(|text| u32::from_str_radix(text, 8).ok());
    Some(Node {
        name: name.to_owned(),
        major: value("MAJOR")?.parse().ok()?,
        minor: value("MINOR")?.parse().ok()?,
        mode: mode.unwrap_or(0o600) & 0o777,
    })
}

/// The board's name: the first string of the device tree's `compatible`, else the word
/// `board=` of the command line.
pub fn board_name(compatible: &[u8], command_line: &str) -> Option<String> {
    let first = compatible.split(|&b| b == 0).next().unwrap_or_default();
    let from_tree = std::str::from_utf8(first)
        .ok()
        .filter(|name| !name.is_empty());
    let name = from_tree.or_else(|| super::words::value(command_line, "board"))?;
    let is_plain = |c: char| c.is_ascii_graphic() && c != '/';
    (!name.is_empty() && name.chars().all(is_plain)).then(|| name.to_owned())
}

/// What people call the board: the device tree's `model`, without control characters.
pub fn model(text: &[u8]) -> Option<String> {
    let first = text.split(|&b| b == 0).next().unwrap_or_default();
    let text: String = String::from_utf8_lossy(first)
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

#[test]
fn a_kernel_that_keeps_no_devices_gets_a_folder_in_memory_for_them() {
    use crate::fake::{mounts::FakeMounts, power::Power};
    let mut mounts = FakeMounts::new(&Power::default());
    mounts.table.clear();
    assert!(mount_devices(&[], &mut mounts).unwrap());
    assert_eq!(mounts.table[0].fstype, "tmpfs");
    mounts.table.clear();
    mounts.filesystems.push("devtmpfs".into());
    assert!(!mount_devices(&[], &mut mounts).unwrap());
    assert_eq!(mounts.table[0].fstype, "devtmpfs");
    // A boot stage has mounted it already.
    let table = mounts.table.clone();
    mounts.filesystems.clear();
    assert!(!mount_devices(&table, &mut mounts).unwrap());
}

#[test]
fn nodes_come_from_uevent_files() {
    let text = "MAJOR=13\nMINOR=64\nDEVNAME=input/event0\n";
    let expected = Node {
        name: "input/event0".into(),
        major: 13,
        minor: 64,
        mode: 0o600,
    };
    assert_eq!(node(text), Some(expected));
    assert_eq!(
        node("MAJOR=1\nMINOR=3\nDEVNAME=null\nDEVMODE=0666\n").map(|n| n.mode),
        Some(0o666)
    );
    assert_eq!(node("MAJOR=1\nMINOR=3\nDEVNAME=../null\n"), None);
    assert_eq!(node(""), None);
}

#[test]
fn the_device_tree_names_the_board_before_the_command_line() {
    let name = |tree: &[u8], line| board_name(tree, line).unwrap_or_default();
    assert_eq!(
        name(b"tplink,wdr4300\0qca,ar9344\0", "board=x"),
        "tplink,wdr4300"
    );
    assert_eq!(name(b"", "quiet board=safebox,lab"), "safebox,lab");
    assert_eq!(name(b"", "quiet"), "");
    assert_eq!(name(b"", "board=a/../b"), "");
}
