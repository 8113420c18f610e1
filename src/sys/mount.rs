//! mount(2) and its relatives.

use super::{Mount, MountFlags, Mounts, UnmountFlags};
use rustix::mount::MountPropagationFlags;
use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Gives this process mounts of its own: as they are now, and gone with it.
pub fn own_table() -> io::Result<()> {
    // SAFETY: only the view of the mount table changes, of which no memory knows anything.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNS) }?;
    let apart = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    Ok(rustix::mount::mount_change("/", apart)?)
}

/// The mount table of this process.
#[derive(Default)]
pub struct LinuxMounts;

impl Mounts for LinuxMounts {
    fn table(&mut self) -> io::Result<Vec<Mount>> {
        Ok(parse_table(&std::fs::read("/proc/self/mounts")?))
    }

    fn filesystems(&mut self) -> io::Result<Vec<String>> {
        let text = std::fs::read_to_string("/proc/filesystems")?;
        let name = |line: &str| line.rsplit('\t').next().unwrap_or(line).to_owned();
        Ok(text.lines().map(name).collect())
    }

    fn mount(
        &mut self,
        source: &Path,
        target: &Path,
        fstype: &str,
        flags: MountFlags,
        data: &str,
    ) -> io::Result<()> {
        let data = CString::new(data)?;
        Ok(rustix::mount::mount(
            source,
            target,
            fstype,
            flags,
            data.as_c_str(),
        )?)
    }

    fn remount(&mut self, target: &Path, flags: MountFlags, data: &str) -> io::Result<()> {
        let data = CString::new(data)?;
        Ok(rustix::mount::mount_remount(
            target,
            flags,
            data.as_c_str(),
        )?)
    }

    fn move_mount(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        // A shared parent forbids MS_MOVE; on the device nothing is shared and this changes
        // nothing, on a systemd machine it lets the tests run in their own namespace.
        let _ = rustix::mount::mount_change(from, MountPropagationFlags::PRIVATE);
        Ok(rustix::mount::mount_move(from, to)?)
    }

    fn bind(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        Ok(rustix::mount::mount_bind(from, to)?)
    }

    fn unmount(&mut self, target: &Path, flags: UnmountFlags) -> io::Result<()> {
        Ok(rustix::mount::unmount(target, flags)?)
    }

    fn pivot_root(&mut self, new: &Path, put_old: &Path) -> io::Result<()> {
        Ok(rustix::process::pivot_root(new, put_old)?)
    }
}

/// Reads the lines of `/proc/mounts`: source, target, type, options, blanks escaped in octal.
pub fn parse_table(bytes: &[u8]) -> Vec<Mount> {
    let entry = |line: &[u8]| {
        let mut words = line.split(|&b| b == b' ');
        let mut word = || words.next().map(unescape);
        Some(Mount {
            source: PathBuf::from(word()?),
            target: PathBuf::from(word()?),
            fstype: word()?.to_string_lossy().into_owned(),
            options: word()?.to_string_lossy().into_owned(),
        })
    };
    bytes.split(|&b| b == b'\n').filter_map(entry).collect()
}

/// Undoes `\040` and its like (fs/proc_namespace.c escapes blank, tab, newline, backslash, #).
fn unescape(word: &[u8]) -> OsString {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((first, tail)) = rest.split_first() {
        let octal = match tail {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] if *first == b'\\' => {
                Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'))
            }
            _ => None,
        };
        out.push(octal.unwrap_or(*first));
        rest = if octal.is_some() { &tail[3..] } else { tail };
    }
    OsString::from_vec(out)
}

#[test]
fn blanks_in_mount_points_come_back() {
    let table = parse_table(b"/dev/sda1 /mnt/a\\040b vfat rw,noatime 0 0\nnonsense\n");
    assert_eq!(table.len(), 1);
    assert_eq!(table[0].target, Path::new("/mnt/a b"));
    assert_eq!(table[0].options, "rw,noatime");
}
