//! Key files on the disk.

use super::{LONGEST, read};
use crate::error::{At, Error, Result};
use russh::keys::PrivateKey;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
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
    use std::os::unix::fs::MetadataExt;
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
