//! Key files on the disk.

use super::{LONGEST, read};
use crate::error::{At, Error, Result};
use russh::keys::PrivateKey;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Reads a key file.
///
/// # Errors
/// The file cannot be read or is no key; the message names it.
pub fn load(path: &Path) -> Result<PrivateKey> {
    let file = File::open(path).at("open", path)?;
    let mut content = Vec::new();
    file.take(LONGEST as u64)
        .read_to_end(&mut content)
        .at("read", path)?;
    read(&content)
        .map_err(|error| crate::error::Error::message(format!("{}: {error}", path.display())))
}

/// The fingerprints of the server's keys, with their types: those of failsafe mode, or else
/// those of the normal system. Files that somebody else has made do not count.
pub fn fingerprints(root: &Path) -> Vec<String> {
    let own = rustix::process::geteuid().as_raw();
    let in_folder = |folder: &str, start: &str| -> Vec<String> {
        let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten();
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        let is_key = |path: &&PathBuf| {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            let named = name.starts_with(start.as_bytes()) && name.ends_with(b"_host_key");
            let whose = || path.symlink_metadata().is_ok_and(|meta| meta.uid() == own);
            named && whose()
        };
        let shown = |path: &PathBuf| {
            let key = load(path).ok()?;
            let print = super::fingerprint(key.public_key());
            Some(format!("{} {print}", key.algorithm()))
        };
        paths.iter().filter(is_key).filter_map(shown).collect()
    };
    match in_folder("tmp", "dropbear_failsafe_") {
        none if none.is_empty() => in_folder("etc/dropbear", "dropbear_"),
        found => found,
    }
}

/// Puts a file in its place, whole and on the disk or not at all. A file that is there
/// already is lost only where it was empty, as a power cut leaves them.
///
/// # Errors
/// There is such a file, or it cannot be written.
pub fn save(path: &Path, mode: u32, content: &[u8]) -> Result<()> {
    if path.metadata().is_ok_and(|meta| meta.len() > 0) {
        let text = format!("{}: exists already: remove it first", path.display());
        return Err(Error::message(text));
    }
    replace(path, mode, content)
}

/// The same for a file that may be there.
///
/// # Errors
/// It cannot be written; the old one is then as it was.
pub fn replace(path: &Path, mode: u32, content: &[u8]) -> Result<()> {
    let new = with_suffix(path, ".new");
    // What a power cut has left is in the way.
    let _ = std::fs::remove_file(&new);
    let written = File::options()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&new)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()?;
            std::fs::rename(&new, path)
        });
    if written.is_err() {
        // Half a file is of no use; the error is what counts.
        let _ = std::fs::remove_file(&new);
    }
    written.at("create", path)
}

/// The name with more at its end.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[test]
fn only_an_empty_file_is_replaced_unasked() {
    let scratch = crate::fsops::scratch::Scratch::new();
    let path = scratch.path().join("key");
    std::fs::write(&path, "").unwrap();
    std::fs::write(with_suffix(&path, ".new"), "left").unwrap();
    save(&path, 0o600, b"one").unwrap();
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
    let refused = save(&path, 0o600, b"two").unwrap_err().to_string();
    assert!(refused.ends_with("key: exists already: remove it first"));
    assert_eq!(std::fs::read(&path).unwrap(), b"one");
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1);
}

#[test]
fn the_keys_of_failsafe_mode_are_shown_or_else_those_of_the_system() {
    use super::{Kind, generate, to_dropbear};
    use crate::sys::System;
    let scratch = crate::fsops::scratch::Scratch::new();
    let mut sys = crate::fake::FakeSystem::router();
    let mut put = |path: &str, kind| {
        let key = generate(kind, sys.machine()).unwrap();
        let path = scratch.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, to_dropbear(&key).unwrap()).unwrap();
    };
    assert_eq!(fingerprints(scratch.path()), [""; 0]);
    put("etc/dropbear/dropbear_ed25519_host_key", Kind::Ed25519);
    put("etc/dropbear/dropbear_ecdsa_host_key", Kind::Ecdsa);
    put("etc/dropbear/authorized_keys", Kind::Ecdsa);
    let words = |lines: Vec<String>| -> Vec<String> {
        let first = |line: &String| line.split(" SHA256:").next().unwrap().to_owned();
        lines.iter().map(first).collect()
    };
    let both = ["ecdsa-sha2-nistp256", "ssh-ed25519"];
    assert_eq!(words(fingerprints(scratch.path())), both);
    std::fs::create_dir(scratch.path().join("tmp")).unwrap();
    std::fs::write(
        scratch.path().join("tmp/dropbear_failsafe_x_host_key"),
        "no",
    )
    .unwrap();
    assert_eq!(words(fingerprints(scratch.path())), both);
    put("tmp/dropbear_failsafe_ed25519_host_key", Kind::Ed25519);
    assert_eq!(words(fingerprints(scratch.path())), ["ssh-ed25519"]);
}
