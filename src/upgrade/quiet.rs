//! Nobody else writes to flash while we do.
//!
//! A mounted data partition is part of the partition that is overwritten: one late write of
//! its file system would land in the middle of the new image. So the overlay becomes
//! read-only first. In failsafe mode that just works; where programs have files open for
//! writing there, those programs end, and no others.

use super::Error;
use crate::sys::signal;
use crate::sys::{Mount, MountFlags, Mounts, System};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// File systems that write to flash by themselves.
const ON_FLASH: [&str; 2] = ["jffs2", "ubifs"];
/// How often writers are asked to end, a tenth of a second apart; and after how many of
/// these they are made to.
const TRIES: u32 = 60;
const PATIENCE: u32 = 20;

/// Makes everything on flash read-only, ending what keeps it from being so.
pub fn quiet(sys: &mut dyn System) -> Result<(), Error> {
    sys.machine().sync();
    let table = sys
        .mounts()
        .table()
        .map_err(Error::io("read", "/proc/mounts"))?;
    for target in writable(&table) {
        let mut tries = 0;
        while !make_read_only(sys.mounts(), &target)? {
            let writers = writers(&target);
            tries += 1;
            if tries == TRIES {
                return Err(Error::Busy(writers.into_iter().collect()));
            }
            let how = if tries > PATIENCE {
                libc::SIGKILL
            } else {
                libc::SIGTERM
            };
            for pid in writers {
                // It may have ended meanwhile.
                let _ = signal::send(pid, how);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    sys.machine().sync();
    Ok(())
}

/// What is mounted writable from flash, the uppermost first: the overlay before what it
/// lies on.
fn writable(table: &[Mount]) -> Vec<std::path::PathBuf> {
    let is_writable = |mount: &&Mount| mount.options.split(',').any(|option| option == "rw");
    let on_flash = |mount: &Mount| ON_FLASH.contains(&mount.fstype.as_str());
    let bases: Vec<&Mount> = table.iter().filter(|mount| on_flash(mount)).collect();
    let uses_one = |mount: &Mount| {
        let upper = mount
            .options
            .split(',')
            .find_map(|o| o.strip_prefix("upperdir="));
        upper.is_some_and(|upper| {
            bases
                .iter()
                .any(|base| Path::new(upper).starts_with(&base.target))
        })
    };
    let found = table
        .iter()
        .rev()
        .filter(is_writable)
        .filter(|mount| on_flash(mount) || uses_one(mount));
    let mut found: Vec<&Mount> = found.collect();
    found.sort_by_key(|mount| on_flash(mount));
    found
        .into_iter()
        .map(|mount| mount.target.clone())
        .collect()
}

/// False: somebody has a file open for writing.
fn make_read_only(mounts: &mut dyn Mounts, target: &Path) -> Result<bool, Error> {
    match mounts.remount(target, MountFlags::RDONLY, "") {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::ResourceBusy => Ok(false),
        Err(error) => Err(Error::io("make read-only", target)(error)),
    }
}

/// The processes that have files of this mount open for writing, or open and deleted;
/// never process 1 and never ourselves.
fn writers(target: &Path) -> BTreeSet<i32> {
    let Ok(device) = fs::metadata(target).map(|meta| meta.dev()) else {
        return BTreeSet::new();
    };
    let own = std::process::id() as i32;
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    numbers
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|&pid| pid > 1 && pid != own && writes(pid, device))
        .collect()
}

fn writes(pid: i32, device: u64) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten();
    files.into_iter().any(|entry| {
        let Ok(meta) = fs::metadata(entry.path()) else {
            return false;
        };
        if meta.dev() != device || !meta.is_file() {
            return false;
        }
        let name = entry.file_name();
        let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{}", name.to_string_lossy()));
        let flags = info.ok().and_then(|info| {
            let line = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
            u32::from_str_radix(line.trim(), 8).ok()
        });
        // The two lowest bits are O_WRONLY and O_RDWR.
        meta.nlink() == 0 || flags.is_some_and(|flags| flags & 3 != 0)
    })
}

#[test]
fn the_overlay_goes_before_what_it_lies_on() {
    let check = |mounts: &str, expected: &[&str]| {
        let table = crate::sys::mount::parse_table(mounts.as_bytes());
        let found: Vec<String> = writable(&table)
            .iter()
            .map(|p| p.display().to_string())
            .collect();
        assert_eq!(found, expected);
    };
    let root = "/dev/root /rom squashfs ro 0 0\ntmpfs /tmp tmpfs rw 0 0\n";
    let mounted = "/dev/mtdblock3 /overlay jffs2 rw,noatime 0 0\noverlayfs:/overlay / overlay rw,upperdir=/overlay/upper 0 0\n";
    check(&format!("{root}{mounted}"), &["/", "/overlay"]);
    check(root, &[]);
    check(
        "overlayfs:/tmp/root / overlay rw,upperdir=/tmp/root/upper 0 0",
        &[],
    );
    check("/dev/mtdblock3 /tmp/.settings/data jffs2 ro 0 0", &[]);
}
