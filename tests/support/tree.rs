//! Trees of files to be carried from here to there, and what became of them.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]
#![allow(dead_code, reason = "each test uses a part of this")]

use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

/// Bytes without a pattern, always the same.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()
    };
    let mut bytes: Vec<u8> = (0..length.div_ceil(4)).flat_map(|_| next()).collect();
    bytes.truncate(length);
    bytes
}

pub fn digest(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

/// Makes a tree with all kinds of names, sizes and modes, of a time long past.
pub fn plant(root: &Path) {
    let name = |bytes: &[u8]| root.join(OsStr::from_bytes(bytes));
    fs::create_dir_all(root.join("a/b/c")).unwrap();
    fs::create_dir(root.join("empty folder")).unwrap();
    for (path, length, mode) in [
        (name(b"empty"), 0, 0o644),
        (name(b"a/one byte"), 1, 0o600),
        (name(b"a/b/script"), 1000, 0o755),
        (name(b"a/b/c/-rf"), 32_768, 0o640),
        (name(b"a/b/c/just over a piece"), 65_537, 0o444),
        (name(b"million"), 1_000_000, 0o644),
        (name(b"caf\xe9 'quoted' \"twice\" $HOME `x` *"), 10, 0o644),
        (name(b".hidden"), 5, 0o644),
        (name(b"new\nline"), 5, 0o644),
    ] {
        fs::write(&path, noise(length)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::set_permissions(root.join("a/b"), fs::Permissions::from_mode(0o750)).unwrap();
    // Insides first: a change of a folder's contents is a change of the folder.
    age(root);
}

fn age(path: &Path) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            age(&entry.unwrap().path());
        }
    }
    let moment = rustix::fs::Timespec {
        tv_sec: 1_000_000_000,
        tv_nsec: 0,
    };
    let times = rustix::fs::Timestamps {
        last_access: moment,
        last_modification: moment,
    };
    let flags = rustix::fs::AtFlags::empty();
    rustix::fs::utimensat(rustix::fs::CWD, path, &times, flags).unwrap();
}

/// A line for everything below: name, mode, time, digest.
pub fn describe(root: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = path.symlink_metadata().unwrap();
            let name = path.strip_prefix(root).unwrap().as_os_str().as_bytes();
            let content = if meta.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else {
                digest(&fs::read(&path).unwrap())
            };
            lines.push(format!(
                "{} {:o} {} {:02x?}",
                name.escape_ascii(),
                meta.mode(),
                meta.mtime(),
                content
            ));
        }
    }
    lines.sort();
    lines
}

/// Whether a file system may be mounted in a namespace of its own; says so if not.
pub fn may_mount() -> bool {
    let probe = Command::new("unshare")
        .args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let may = probe.is_ok_and(|status| status.success());
    if !may {
        eprintln!("skipped: needs root and unshare -m");
    }
    may
}
