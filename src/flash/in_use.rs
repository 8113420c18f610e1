//! Who stands on a partition: the mounted file systems that a write would pull away.
//!
//! `firmware` spans `rootfs` and `rootfs_data`, so the mounts of all partitions that overlap
//! count. The kernel calls the root it mounted itself `/dev/root`; that is `rootfs`.

use super::{Error, device_number};
use crate::sys::{Mount, MountFlags, Partition, System};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A mount that stands on a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its mount point.
    pub target: PathBuf,
    /// It may be written to.
    pub writable: bool,
}

/// The mounts that stand on `partition`, in the order in which they can be made read-only:
/// an overlay before the file system that holds its upper half.
pub fn users(sys: &mut dyn System, partition: &Partition) -> io::Result<Vec<User>> {
    let table = sys.mounts().table()?;
    let partitions = sys.partitions()?;
    let stands_on = |mount: &&Mount| {
        let source = mount.source.as_os_str().as_bytes();
        let number = device_number(source);
        let is_source = |p: &&Partition| match source {
            b"/dev/root" => p.name == "rootfs",
            _ => {
                Some(p.number) == number || source.strip_prefix(b"mtd:") == Some(p.name.as_bytes())
            }
        };
        // A squashfs ends before the data partition that the kernel has cut off its end.
        let reaches = |p: &Partition| mount.fstype != "squashfs" || !is_tail(partition, p);
        let found = partitions.iter().find(is_source);
        found.is_some_and(|p| overlap(p, partition) && reaches(p))
    };
    let direct: Vec<&Mount> = table.iter().filter(stands_on).collect();
    let upper = |mount: &&Mount| {
        let holds = |dir: &Path| direct.iter().any(|m| m.target == dir);
        let of = mount
            .source
            .as_os_str()
            .as_bytes()
            .strip_prefix(b"overlayfs:");
        of.is_some_and(|of| holds(Path::new(std::ffi::OsStr::from_bytes(of))))
    };
    let overlays = table.iter().filter(upper);
    let user = |mount: &Mount| User {
        target: mount.target.clone(),
        writable: !mount.options.split(',').any(|option| option == "ro"),
    };
    Ok(overlays.chain(direct.iter().copied()).map(user).collect())
}

/// Whether `inner` begins behind the beginning of `outer`.
fn is_tail(inner: &Partition, outer: &Partition) -> bool {
    match (inner.offset, outer.offset) {
        (Some(inner), Some(outer)) => inner > outer,
        _ => inner.name == "rootfs_data" && outer.name == "rootfs",
    }
}

/// Whether two partitions share bytes; where the kernel does not tell their places, the names
/// that OpenWrt gives decide.
fn overlap(a: &Partition, b: &Partition) -> bool {
    if a.number == b.number {
        return true;
    }
    match (a.offset, b.offset) {
        (Some(start_a), Some(start_b)) => start_a < start_b + b.size && start_b < start_a + a.size,
        _ => {
            let inside = |outer: &Partition, inner: &Partition| match outer.name.as_str() {
                "firmware" => ["kernel", "rootfs", "rootfs_data"].contains(&inner.name.as_str()),
                "rootfs" => inner.name == "rootfs_data",
                _ => false,
            };
            inside(a, b) || inside(b, a)
        }
    }
}

/// Whether the partition may be changed: nobody stands on it, or a reboot follows at once.
///
/// # Errors
/// [`Error::InUse`] with the last of the mounts, which is the file system itself.
pub fn may_change(users: &[User], reboots: bool) -> Result<(), Error> {
    match users.last() {
        Some(user) if !reboots => Err(Error::InUse {
            target: user.target.clone(),
        }),
        _ => Ok(()),
    }
}

/// Makes every writable mount read-only; those that would not.
pub fn make_read_only(sys: &mut dyn System, users: &[User]) -> Vec<(PathBuf, io::Error)> {
    sys.machine().sync();
    let writable = users.iter().filter(|user| user.writable);
    let mut busy = Vec::new();
    for user in writable {
        let flags = MountFlags::RDONLY | MountFlags::NOATIME;
        if let Err(error) = sys.mounts().remount(&user.target, flags, "") {
            busy.push((user.target.clone(), error));
        }
    }
    busy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeSystem;

    fn router() -> FakeSystem {
        let mut sys = FakeSystem::router();
        let mount = |source: &str, target: &str, fstype: &str| Mount {
            source: source.into(),
            target: target.into(),
            fstype: fstype.into(),
            options: "rw,noatime".into(),
        };
        sys.mounts.table[0].target = "/rom".into();
        let data = mount("/dev/mtdblock3", "/overlay", "jffs2");
        let root = mount("overlayfs:/overlay", "/", "overlay");
        sys.mounts.table.extend([data, root]);
        sys
    }

    fn check(sys: &mut FakeSystem, partition: &str, expected: &[&str]) {
        let partition = super::super::find(sys, partition).unwrap();
        let users = users(sys, &partition).unwrap();
        let targets: Vec<_> = users.iter().map(|u| u.target.to_str().unwrap()).collect();
        assert_eq!(targets, expected);
    }

    #[test]
    fn mounts_of_overlapping_partitions_count() {
        let mut sys = router();
        check(&mut sys, "rootfs_data", &["/", "/overlay"]);
        check(&mut sys, "rootfs", &["/", "/rom", "/overlay"]);
        check(&mut sys, "firmware", &["/", "/rom", "/overlay"]);
        check(&mut sys, "kernel", &[]);
        check(&mut sys, "art", &[]);
    }

    #[test]
    fn a_partition_at_the_same_place_of_another_chip_is_nobodys() {
        let mut sys = router();
        let mut partition = super::super::find(&mut sys, "rootfs").unwrap();
        partition.offset = partition.offset.map(|offset| offset | 1 << 40);
        partition.number = 9;
        assert_eq!(users(&mut sys, &partition).unwrap(), []);
    }

    #[test]
    fn the_overlay_becomes_read_only_before_what_it_lies_on() {
        let mut sys = router();
        let partition = super::super::find(&mut sys, "firmware").unwrap();
        let users = users(&mut sys, &partition).unwrap();
        assert!(make_read_only(&mut sys, &users).is_empty());
        let access = |at| sys.mounts.at(at).unwrap().options.starts_with("ro");
        assert!(access("/") && access("/overlay"));
        sys.mounts.busy.push("/".into());
        sys.mounts()
            .remount(Path::new("/"), MountFlags::empty(), "")
            .unwrap();
        let users = users_of(&mut sys);
        let busy = make_read_only(&mut sys, &users);
        assert_eq!(
            busy.first().map(|(path, _)| path.as_path()),
            Some(Path::new("/"))
        );
    }

    #[test]
    fn what_is_mounted_is_changed_only_when_a_reboot_follows() {
        let mut sys = router();
        let users = users_of(&mut sys);
        assert!(may_change(&users, true).is_ok());
        assert!(may_change(&[], false).is_ok());
        let refusal = may_change(&users, false).unwrap_err();
        assert!(
            refusal
                .to_string()
                .starts_with("in use: mounted as /overlay")
        );
    }

    fn users_of(sys: &mut FakeSystem) -> Vec<User> {
        let partition = super::super::find(sys, "rootfs_data").unwrap();
        users(sys, &partition).unwrap()
    }
}
