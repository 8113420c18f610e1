//! A file replaced as a whole, or not at all.
//!
//! The new content goes to a file beside the old one and takes its name only when every
//! byte is on the medium; on a full file system the old file stays as it is. Not the link
//! but the file behind it is replaced, wherever that lies.

use super::error::{Error, Result};
use rustix::fs::{Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Replaces the content of `path`, keeping mode and owner; a new file gets mode 0600.
pub fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let real = match std::fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        found => found.map_err(|error| Error::kept(path, error))?,
    };
    let old = match std::fs::metadata(&real) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        found => Some(found.map_err(|error| Error::kept(path, error))?),
    };
    let new = beside(&real);
    let done = write(&new, content, old.as_ref()).and_then(|()| std::fs::rename(&new, &real));
    if let Err(error) = done {
        // What could not be written may not be there at all.
        let _ = std::fs::remove_file(&new);
        return Err(Error::kept(path, error));
    }
    // The new file is in place; only its name might not survive a loss of power.
    sync_directory(&real).map_err(|error| Error::io(path, error))
}

/// `DIR/.NAME.uci-PID`: the leading dot and the dots inside hide it from every listing.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".uci-{:06x}", std::process::id()));
    path.with_file_name(name)
}

fn write(path: &Path, content: &[u8], old: Option<&Metadata>) -> io::Result<()> {
    let mut file = create(path)?;
    file.write_all(content)?;
    if let Some(old) = old {
        let owner = (Uid::from_raw(old.uid()), Gid::from_raw(old.gid()));
        match rustix::fs::fchown(&file, Some(owner.0), Some(owner.1)) {
            // Who may write the directory but not give files away becomes the owner.
            Ok(()) | Err(Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
        file.set_permissions(old.permissions())?;
    }
    file.sync_all()
}

fn create(path: &Path) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let open = || rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR);
    let fd = match open() {
        Err(Errno::EXIST) => {
            // Left by a process of the same number that lost its power.
            std::fs::remove_file(path)?;
            open()?
        }
        opened => opened?,
    };
    Ok(File::from(fd))
}

/// Without this the new name could be lost with the power.
fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match rustix::fs::fsync(File::open(parent)?) {
        // Some file systems keep directories in order by themselves and refuse.
        Ok(()) | Err(Errno::INVAL) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
