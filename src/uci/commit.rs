//! Pending changes become part of the file.
//!
//! The file is read again under its lock, and the changes are forgotten only when the new
//! file has its name. Whatever fails before leaves file and changes as they were; who is killed
//! in between leaves a mark (`mark.rs`).

use super::delta;
use super::error::{Error, Fault, Result};
use super::mark;
use super::package::Package;
use super::replace::{self, Replacement};
use super::store::{self, Store};
use super::text;
use rustix::fs::FlockOperation;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

impl Store {
    /// Carries out the pending changes of a package; without any the file is not touched.
    ///
    /// Gives the faults that were passed over: their lines are lost with the old file.
    pub fn commit(&self, name: &[u8]) -> Result<Vec<Fault>> {
        if self.transient || store::is_path(name) {
            return Ok(Vec::new());
        }
        let path = self.file(name);
        let mut file = match store::open_locked(&path, FlockOperation::LockExclusive) {
            Err(Error::NotFound) => return Err(self.missing()),
            opened => opened?,
        };
        let inode = file.metadata().ok().map(|file| file.ino());
        let content = store::read(&mut file, &path)?;
        let (mut package, faults) = self.parse(name, &content)?;
        let mut applied = 0;
        let mut saved = None;
        let save_path = self.save_file(name);
        for dir in self.deltas(name) {
            let delta_path = store::delta_file(dir, name);
            if Some(&delta_path) == save_path.as_ref() {
                // Stays locked until it is cut, so that no change is lost in between.
                if let Some(mut file) = store::open_to_change(&delta_path)? {
                    let content = store::read(&mut file, &delta_path)?;
                    applied += store::apply(&mut package, &content, inode);
                    let open = delta::open_lines(name, &content, inode).len();
                    saved = Some(Saved {
                        file,
                        path: delta_path,
                        length: content.len() as u64,
                        is_done: open == 0,
                    });
                }
            } else if let Some(delta) = store::read_shared(&delta_path)? {
                applied += store::apply(&mut package, &delta, inode);
            }
        }
        if applied == 0 {
            return match saved {
                // Somebody was killed after he had carried them out.
                Some(saved) if saved.is_done => saved.forget(),
                _ => Ok(()),
            }
            .map(|()| faults);
        }
        replace::sweep(&path);
        let new = replace::prepare(&path, &body(&package))?;
        if let Some(saved) = &saved {
            saved.mark(&new);
        }
        if let Err(error) = new.rename() {
            if let Some(saved) = &saved {
                saved.unmark();
            }
            return Err(error);
        }
        new.settle()?;
        saved.map_or(Ok(()), Saved::forget)?;
        Ok(faults)
    }

    /// A package that is not there, or the whole directory.
    pub(super) fn missing(&self) -> Error {
        match self.conf_dir.metadata() {
            Err(error) => Error::kept(&self.conf_dir, error),
            Ok(_) => Error::NotFound,
        }
    }

    /// The packages that have pending changes.
    pub fn names_to_commit(&self) -> Result<Vec<Vec<u8>>> {
        let mut names = match self.names() {
            Err(Error::NotFound) => return Err(self.missing()),
            names => names?,
        };
        names.retain(|name| self.has_pending(name));
        Ok(names)
    }

    /// Writes a whole package in place of what was there.
    pub fn write(&self, name: &[u8], package: &Package) -> Result<()> {
        let path = self.file(name);
        let _lock = match store::open_locked(&path, FlockOperation::LockExclusive) {
            Err(Error::NotFound) => None,
            opened => {
                let opened = opened?;
                replace::sweep(&path);
                Some(opened)
            }
        };
        replace::replace(&path, &body(package))
    }
}

/// The file of changes that a commit empties; locked.
struct Saved {
    file: File,
    path: PathBuf,
    length: u64,
    /// No change in it is open.
    is_done: bool,
}

impl Saved {
    /// Notes that the changes are part of the new file.
    ///
    /// Where there is no room for that the commit goes on without: only a process that is
    /// killed between two calls of the system would need it.
    fn mark(&self, new: &Replacement) {
        let Some(inode) = new.inode() else { return };
        // The last line may have no end.
        let line = [b"\n", &mark::line(inode)[..]].concat();
        let mut file = &self.file;
        match file.write_all(&line).and_then(|()| file.sync_data()) {
            Ok(()) => {}
            Err(_) => self.unmark(),
        }
    }

    fn unmark(&self) {
        // Shorter never fails; and a mark of a file that never came means nothing.
        let _ = self.file.set_len(self.length);
    }

    fn forget(self) -> Result<()> {
        let cut = self.file.set_len(0);
        cut.map_err(|error| Error::io(&self.path, error))
    }
}

fn body(package: &Package) -> Vec<u8> {
    let mut content = Vec::new();
    text::body(&mut content, package, false);
    content
}
