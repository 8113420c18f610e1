//! Device nodes, where the kernel keeps none (no devtmpfs): made from what sysfs lists at the
//! start, and from events afterwards.

use super::early::{self, Node};
use super::uevent::Event;
use crate::sys::Mount;
use rustix::fs::{CWD, FileType, Mode, chmod, makedev, mknodat};
use std::io;
use std::path::Path;

/// A node and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Block or character device.
    pub kind: FileType,
    /// Name, numbers, mode.
    pub node: Node,
}

/// Whether the kernel keeps the nodes of `/dev` itself, by the mount table.
pub fn are_kept_by_kernel(table: &[Mount]) -> bool {
    let is_dev = |mount: &&Mount| mount.target == Path::new("/dev");
    let uppermost = table.iter().rfind(is_dev);
    uppermost.is_some_and(|mount| mount.fstype == "devtmpfs")
}

/// All devices that the kernel has, from `dev` of the sysfs at this path.
pub fn all(sysfs: &Path) -> Vec<Device> {
    let kinds = [
        ("block", FileType::BlockDevice),
        ("char", FileType::CharacterDevice),
    ];
    let mut found = Vec::new();
    for (folder, kind) in kinds {
        let entries = std::fs::read_dir(sysfs.join("dev").join(folder));
        for entry in entries.into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(entry.path().join("uevent"));
            let node = text.ok().and_then(|text| early::node(&text));
            found.extend(node.map(|node| Device { kind, node }));
        }
    }
    found
}

/// The device that an event is about, if it is about one with a node.
pub fn of_event(event: &Event) -> Option<Device> {
    let kind = match event.get("SUBSYSTEM") {
        "block" => FileType::BlockDevice,
        _ => FileType::CharacterDevice,
    };
    let node = early::node(&event.lines())?;
    Some(Device { kind, node })
}

/// Makes the node below `dev`, and the folders that its name has. One that is there is left.
pub fn make(dev: &Path, device: &Device) -> io::Result<()> {
    let Device { kind, node } = device;
    let path = dev.join(&node.name);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let number = makedev(node.major, node.minor);
    let mode = Mode::from_raw_mode(node.mode);
    match mknodat(CWD, &path, *kind, mode, number) {
        Err(rustix::io::Errno::EXIST) => Ok(()),
        // The umask must not take anything away: /dev/null is for everybody.
        Ok(()) => Ok(chmod(&path, mode)?),
        Err(error) => Err(error.into()),
    }
}

/// Removes the node of a device that is gone.
pub fn remove(dev: &Path, device: &Device) -> io::Result<()> {
    std::fs::remove_file(dev.join(&device.node.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sysfs_lists_all_devices_with_their_folders() {
        let sysfs = std::env::temp_dir().join(format!("safebox-sysfs-{}", std::process::id()));
        let write = |name: &str, text: &str| {
            let dir = sysfs.join("dev").join(name);
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::write(dir.join("uevent"), text).unwrap();
        };
        write(
            "block/8:1",
            "MAJOR=8\nMINOR=1\nDEVNAME=sda1\nDEVTYPE=partition\n",
        );
        write("char/13:64", "MAJOR=13\nMINOR=64\nDEVNAME=input/event0\n");
        write("char/1:3", "MAJOR=1\nMINOR=3\nDEVNAME=null\nDEVMODE=0666\n");
        write("char/9:9", "nonsense");
        let mut shown: Vec<_> = all(&sysfs)
            .into_iter()
            .map(|Device { kind, node }| {
                let kind = if kind == FileType::BlockDevice {
                    'b'
                } else {
                    'c'
                };
                format!(
                    "{} {kind} {}:{} {:o}",
                    node.name, node.major, node.minor, node.mode
                )
            })
            .collect();
        shown.sort();
        // Only the temporary folder is littered where this fails.
        let _ = std::fs::remove_dir_all(&sysfs);
        assert_eq!(
            shown,
            [
                "input/event0 c 13:64 600",
                "null c 1:3 666",
                "sda1 b 8:1 600"
            ]
        );
    }

    #[test]
    fn an_event_tells_which_node_comes_or_goes() {
        let message =
            b"add@/devices/x/sda\0ACTION=add\0SUBSYSTEM=block\0MAJOR=8\0MINOR=0\0DEVNAME=sda\0";
        let device = of_event(&Event::parse(message).unwrap()).unwrap();
        assert_eq!(
            (device.kind, &*device.node.name),
            (FileType::BlockDevice, "sda")
        );
        let none = b"add@/x\0ACTION=add\0SUBSYSTEM=net\0INTERFACE=eth0\0";
        assert_eq!(of_event(&Event::parse(none).unwrap()), None);
        let bad = b"add@/x\0ACTION=add\0MAJOR=1\0MINOR=3\0DEVNAME=../null\0";
        assert_eq!(of_event(&Event::parse(bad).unwrap()), None);
    }

    #[test]
    fn what_is_mounted_last_is_what_counts() {
        let mount = |fstype: &str| Mount {
            source: fstype.into(),
            target: "/dev".into(),
            fstype: fstype.into(),
            options: "rw".into(),
        };
        assert!(are_kept_by_kernel(&[mount("devtmpfs")]));
        assert!(!are_kept_by_kernel(&[mount("devtmpfs"), mount("tmpfs")]));
        assert!(!are_kept_by_kernel(&[]));
    }
}
