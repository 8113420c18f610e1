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
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Replaces the content of `path`, keeping mode and owner; a new file gets mode 0600.
pub fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let new = prepare(path, content)?;
    new.rename()?;
    new.settle()
}

/// A new content beside the old one.
pub(super) struct Replacement {
    /// As it was named.
    path: PathBuf,
    /// Behind all links.
    real: PathBuf,
    new: PathBuf,
}

/// Writes the new content beside the old one.
pub(super) fn prepare(path: &Path, content: &[u8]) -> Result<Replacement> {
    let real = match std::fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        found => found.map_err(|error| Error::kept(path, error))?,
    };
    let old = match std::fs::metadata(&real) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        found => Some(found.map_err(|error| Error::kept(path, error))?),
    };
    let replacement = Replacement {
        path: path.to_owned(),
        new: beside(&real),
        real,
    };
    match write(&replacement.new, content, old.as_ref()) {
        Ok(()) => Ok(replacement),
        Err(error) => Err(replacement.failed(error)),
    }
}

impl Replacement {
    /// The inode of the new file, which a rename keeps.
    pub(super) fn inode(&self) -> Option<u64> {
        let file = self.new.metadata();
        file.ok().map(|file| file.ino())
    }

    /// Gives the new file the name of the old one.
    pub(super) fn rename(&self) -> Result<()> {
        let done = std::fs::rename(&self.new, &self.real);
        done.map_err(|error| self.failed(error))
    }

    /// Waits until the name survives a loss of power.
    pub(super) fn settle(&self) -> Result<()> {
        sync_directory(&self.real).map_err(|error| Error::io(&self.path, error))
    }

    fn failed(&self, error: io::Error) -> Error {
        // What could not be written may not be there at all.
        let _ = std::fs::remove_file(&self.new);
        Error::kept(&self.path, error)
    }
}

/// Removes what processes that were killed have left beside a file. Only for those who hold
/// its lock: nobody else is writing one then.
pub(super) fn sweep(path: &Path) {
    let Ok(real) = std::fs::canonicalize(path) else {
        return;
    };
    let (Some(dir), Some(name)) = (real.parent(), real.file_name()) else {
        return;
    };
    let begin = [b".", name.as_bytes(), b".uci-"].concat();
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let rest = name.as_bytes().strip_prefix(&begin[..]);
        if rest.is_some_and(|rest| rest.iter().all(u8::is_ascii_alphanumeric)) {
            // What stays costs a little space, no more.
            let _ = std::fs::remove_file(entry.path());
        }
    }
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
