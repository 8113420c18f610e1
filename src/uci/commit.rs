//! Pending changes become part of the file.
//!
//! The file is read again under its lock, and the changes are forgotten only when the new
//! file has its name. Whatever fails before leaves file and changes as they were.

use super::error::{Error, Fault, Result};
use super::package::Package;
use super::replace::replace;
use super::store::{self, Store};
use super::text;
use rustix::fs::FlockOperation;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How often a file may be replaced by others while we wait for its lock.
const TRIES: u32 = 100;

impl Store {
    /// Carries out the pending changes of a package; without any the file is not touched.
    ///
    /// Gives the faults that were passed over: their lines are lost with the old file.
    pub fn commit(&self, name: &[u8]) -> Result<Vec<Fault>> {
        if self.transient || store::is_path(name) {
            return Ok(Vec::new());
        }
        let path = self.file(name);
        let mut file = self.open_locked(&path)?;
        let content = store::read(&mut file, &path)?;
        let (mut package, faults) = self.parse(name, &content)?;
        let mut applied = 0;
        let mut saved = None;
        let save_path = self.save_file(name);
        for dir in self.deltas(name) {
            let delta_path = store::delta_file(dir, name);
            if Some(&delta_path) == save_path.as_ref() {
                // Stays locked until it is cut, so that no change is lost in between.
                saved = store::open_to_change(&delta_path)?;
                if let Some(saved) = &mut saved {
                    applied += store::apply(&mut package, &store::read(saved, &delta_path)?);
                }
            } else if let Some(delta) = store::read_shared(&delta_path)? {
                applied += store::apply(&mut package, &delta);
            }
        }
        if applied == 0 {
            return Ok(faults);
        }
        write(&path, &package)?;
        if let (Some(saved), Some(path)) = (saved, save_path) {
            saved.set_len(0).map_err(|error| Error::io(&path, error))?;
        }
        Ok(faults)
    }

    /// Opens a configuration file under an exclusive lock.
    ///
    /// Whoever held the lock before may have replaced the file: then the lock is on one
    /// that is gone, and committing it would undo his commit.
    fn open_locked(&self, path: &Path) -> Result<File> {
        for _ in 0..TRIES {
            let file = match store::open_config(path) {
                Err(Error::NotFound) => return Err(self.missing()),
                opened => opened?,
            };
            store::lock(&file, FlockOperation::LockExclusive);
            let ours = file.metadata().map_err(|error| Error::io(path, error))?;
            match path.metadata() {
                Ok(now) if (now.dev(), now.ino()) == (ours.dev(), ours.ino()) => return Ok(file),
                _ => {}
            }
        }
        Err(Error::kept(path, io::ErrorKind::ResourceBusy.into()))
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
        let _lock = match self.open_locked(&path) {
            Err(Error::NotFound) => None,
            opened => Some(opened?),
        };
        write(&path, package)
    }
}

fn write(path: &Path, package: &Package) -> Result<()> {
    let mut content = Vec::new();
    text::body(&mut content, package, false);
    replace(path, &content)
}
