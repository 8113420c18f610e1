//! A new file in the place of an old one, whole or not at all.
//!
//! The new contents gather beside the old file and take its place by a rename, once they are
//! on the disk. On a full disk, or when the power fails, the old file is as it was.

use super::status::Status;
use super::{base_name, dir_name, join};
use rustix::fs::{Mode, OFlags};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file in the making.
pub struct Replacement {
    path: PathBuf,
    /// None: it has taken its place.
    beside: Option<OsString>,
    file: BufWriter<File>,
    /// The first failed write.
    failure: Option<io::Error>,
}

impl Replacement {
    /// Begins one for `path`, with the owner and permissions of `like`, or those of a new file.
    ///
    /// # Errors
    /// The directory cannot be written to.
    pub fn begin(path: &Path, like: Option<&Status>) -> io::Result<Replacement> {
        let (dir, base) = (dir_name(path.as_os_str()), base_name(path.as_os_str()));
        let mut number = std::process::id();
        loop {
            let mut name = OsString::from(".");
            // Names have 255 bytes at most.
            let bytes = std::os::unix::ffi::OsStrExt::as_bytes(base);
            name.push(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(
                &bytes[..bytes.len().min(230)],
            ));
            name.push(format!(".{number:x}"));
            let beside = join(dir, &name);
            let mode = like.map_or(0o666, |_| 0o600);
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            match rustix::fs::open(&beside, flags, Mode::from_raw_mode(mode)) {
                Err(rustix::io::Errno::EXIST) => number = number.wrapping_add(1),
                Err(error) => return Err(error.into()),
                Ok(file) => {
                    let file = File::from(file);
                    if let Some(like) = like {
                        // Only root may give files away; bits that give rights come after.
                        let owned =
                            std::os::unix::fs::fchown(&file, Some(like.uid), Some(like.gid));
                        let rights = if owned.is_ok() { 0o7777 } else { 0o777 };
                        let mode = Mode::from_raw_mode((like.mode & rights) as _);
                        rustix::fs::fchmod(&file, mode)?;
                    }
                    return Ok(Replacement {
                        path: path.to_owned(),
                        beside: Some(beside),
                        file: BufWriter::with_capacity(64 * 1024, file),
                        failure: None,
                    });
                }
            }
        }
    }

    /// Adds bytes; a failure is kept for [`Replacement::finish`].
    pub fn put(&mut self, bytes: &[u8]) {
        if self.failure.is_none() {
            self.failure = self.file.write_all(bytes).err();
        }
    }

    /// Whether a write has failed.
    pub fn failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Puts the new file in its place; the old one becomes `backup`.
    ///
    /// # Errors
    /// The first thing that failed; the old file is as it was.
    pub fn finish(mut self, backup: Option<&Path>) -> io::Result<()> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        if let Some(backup) = backup {
            match std::fs::remove_file(backup) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            // Where there are no hard links the old file is away for a moment.
            if std::fs::hard_link(&self.path, backup).is_err() {
                std::fs::rename(&self.path, backup)?;
            }
        }
        if let Some(beside) = &self.beside {
            std::fs::rename(beside, &self.path)?;
        }
        self.beside = None;
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            // The failure that brought us here is reported already.
            let _ = std::fs::remove_file(beside);
        }
    }
}
