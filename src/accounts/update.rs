//! Replaces a file whole or not at all.
//!
//! The new content is complete and on the disk under another name before it takes the old
//! one's place; whatever fails before leaves the old file as it was and no rest behind.

use crate::error::{EngineError, reason};
use rustix::fs::{FlockOperation, Mode, OFlags};
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a file stayed as it was.
#[derive(Debug)]
pub enum Error {
    /// A step failed on this file.
    Step(&'static str, PathBuf, io::Error),
    /// What was to be changed is not in the file.
    NoEntry(PathBuf),
}

impl EngineError for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Step(verb, path, error) => {
                write!(f, "can't {verb} '{}': {}", path.display(), reason(error))?;
                match error.kind() {
                    io::ErrorKind::ReadOnlyFilesystem => f.write_str(", run mount_root first"),
                    io::ErrorKind::StorageFull => f.write_str(", nothing was changed"),
                    _ => Ok(()),
                }
            }
            Error::NoEntry(path) => write!(f, "no such entry in '{}'", path.display()),
        }
    }
}

/// How often the name for the new file is tried, a tenth of a second apart.
const TRIES: u32 = 30;

/// Puts `change(old content)` in the place of `path`, which may be a link to the file.
/// The old file stays as `path-`. Mode and owner are kept.
///
/// # Errors
/// [`Error`]; the old file is then whole and in its place.
pub fn replace(path: &Path, change: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> Result<(), Error> {
    let step =
        |verb| move |path: &Path, error: io::Error| Error::Step(verb, path.to_owned(), error);
    let path = &std::fs::canonicalize(path).map_err(|e| step("open")(path, e))?;
    let old = File::open(path).map_err(|e| step("open")(path, e))?;
    // Others who change these files lock them too; without locks (NFS) we go on.
    let locked = rustix::fs::fcntl_lock(&old, FlockOperation::NonBlockingLockShared).is_ok();
    let content = std::fs::read(path).map_err(|e| step("read")(path, e))?;
    let new_content = change(&content).ok_or_else(|| Error::NoEntry(path.clone()))?;
    let meta = old.metadata().map_err(|e| step("read")(path, e))?;
    let new_path = with_suffix(path, "+");
    let file = create(&new_path, locked).map_err(|e| step("create")(&new_path, e))?;
    let written = fill(file, &new_content, &meta).and_then(|()| {
        keep_old(path);
        std::fs::rename(&new_path, path)
    });
    if let Err(error) = written {
        // The unfinished file is of no use to anybody; the error is what counts.
        let _ = std::fs::remove_file(&new_path);
        return Err(step("write")(&new_path, error));
    }
    // The rename must survive a power cut as well; it has happened in any case.
    if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Creates the new file, which must not exist. One that is still there after three seconds
/// was left by a power cut, and nobody else is at work while we hold the lock.
fn create(path: &Path, locked: bool) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    for left in (0..TRIES).rev() {
        match rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR) {
            Ok(fd) => return Ok(fd.into()),
            Err(rustix::io::Errno::EXIST) if left > 1 => {
                std::thread::sleep(Duration::from_millis(100));
            }
            Err(rustix::io::Errno::EXIST) if left == 1 && locked => std::fs::remove_file(path)?,
            Err(error) => return Err(error.into()),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn fill(mut file: File, content: &[u8], meta: &std::fs::Metadata) -> io::Result<()> {
    let own = (rustix::process::geteuid(), rustix::process::getegid());
    if (meta.uid(), meta.gid()) != (own.0.as_raw(), own.1.as_raw()) {
        std::os::unix::fs::fchown(file.as_fd(), Some(meta.uid()), Some(meta.gid()))?;
    }
    file.set_permissions(meta.permissions())?;
    file.write_all(content)?;
    file.sync_all()
}

/// Leaves the old file under the name with a dash; a file system without links has none.
fn keep_old(path: &Path) {
    let kept = with_suffix(path, "-");
    // A backup that cannot be made is no reason to refuse the change.
    let _ = std::fs::remove_file(&kept);
    let _ = std::fs::hard_link(path, &kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("safebox-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn the_new_file_has_the_old_mode_and_the_old_one_stays_beside_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder("update");
        let file = folder.join("shadow");
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let link = folder.join("link");
        std::os::unix::fs::symlink("shadow", &link).unwrap();
        replace(&link, |old| Some([old, b" and new"].concat())).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"old and new");
        assert_eq!(std::fs::read(folder.join("shadow-")).unwrap(), b"old");
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert!(link.is_symlink() && !folder.join("shadow+").exists());
        let refused = replace(&file, |_| None);
        assert!(matches!(refused, Err(Error::NoEntry(_))));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_left_by_a_power_cut_does_not_lock_people_out() {
        let folder = folder("update-left");
        let file = folder.join("shadow");
        std::fs::write(&file, "old").unwrap();
        std::fs::write(folder.join("shadow+"), "ha").unwrap();
        replace(&file, |_| Some(b"new".to_vec())).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
