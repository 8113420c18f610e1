//! Deleting everything in the data file system, however it is called.
//!
//! The names come from the directories themselves, so nothing is missed that a pattern would
//! miss (`.ssh`). The trap: the overlay is alive. Its directories `upper` and `work` stay, for
//! without them not even `reboot` can be found any more.

use super::state::{RESET, STATE};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What deleting came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Files and directories deleted.
    pub deleted: u64,
    /// Those that stay although they should not.
    pub left: u64,
    /// One of them, and why.
    pub failure: Option<(PathBuf, io::Error)>,
}

/// Deletes all files below `dir` but its own notes; with `keep` also not those called
/// `sysupgrade.tgz`. `before` is asked before each; its error ends the walk.
pub fn empty(
    dir: &Path,
    keep: bool,
    before: &mut dyn FnMut(&Path) -> io::Result<()>,
) -> io::Result<Outcome> {
    let mut walk = Walk {
        top: dir,
        device: fs::symlink_metadata(dir)?.dev(),
        keep,
        before,
        outcome: Outcome::default(),
    };
    walk.directory(dir)?;
    Ok(walk.outcome)
}

struct Walk<'a> {
    top: &'a Path,
    device: u64,
    keep: bool,
    before: &'a mut dyn FnMut(&Path) -> io::Result<()>,
    outcome: Outcome,
}

impl Walk<'_> {
    /// Empties a directory; whether nothing is left in it.
    fn directory(&mut self, dir: &Path) -> io::Result<bool> {
        // Read to its end before the first name goes: readdir may lose its place otherwise.
        let entries = fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                self.failed(dir, error);
                return Ok(false);
            }
        };
        let mut empty = true;
        for entry in entries {
            empty &= self.entry(&entry.path())?;
        }
        Ok(empty)
    }

    /// Deletes one thing; whether it is gone.
    fn entry(&mut self, path: &Path) -> io::Result<bool> {
        let meta = match fs::symlink_metadata(path) {
            Ok(meta) => meta,
            Err(error) => {
                self.failed(path, error);
                return Ok(false);
            }
        };
        // Something else is mounted there.
        if meta.dev() != self.device {
            return Ok(false);
        }
        if meta.is_dir() {
            let emptied = self.directory(path)?;
            if !emptied || self.is_frame(path) {
                return Ok(false);
            }
        } else if self.stays(path) {
            return Ok(false);
        }
        (self.before)(path)?;
        let removed = if meta.is_dir() {
            fs::remove_dir(path)
        } else {
            fs::remove_file(path)
        };
        match removed {
            Ok(()) => {
                self.outcome.deleted += 1;
                Ok(true)
            }
            Err(error) => {
                self.failed(path, error);
                Ok(false)
            }
        }
    }

    /// The directories that overlayfs stands on.
    fn is_frame(&self, path: &Path) -> bool {
        ["upper", "work", "work/work"]
            .iter()
            .any(|frame| path == self.top.join(frame))
    }

    fn stays(&self, path: &Path) -> bool {
        let is_note = [STATE, RESET]
            .iter()
            .any(|note| path == self.top.join(note));
        is_note || (self.keep && path.file_name() == Some(OsStr::new("sysupgrade.tgz")))
    }

    fn failed(&mut self, path: &Path, error: io::Error) {
        self.outcome.left += 1;
        self.outcome
            .failure
            .get_or_insert_with(|| (path.to_owned(), error));
    }
}
