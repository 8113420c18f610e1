//! What there is to compare: a file and what a commit would make of it, or the same package
//! in two directories.

use super::error::{Error, Result};
use super::store::{self, Store};
use super::text;
use rustix::fs::FlockOperation;
use std::os::unix::fs::MetadataExt;

/// An old and a new text.
pub type Texts = (Vec<u8>, Vec<u8>);

impl Store {
    /// The file of a package, and what a commit would write; the same without changes.
    pub fn committed(&self, name: &[u8]) -> Result<Texts> {
        let path = self.file(name);
        let mut file = store::open_locked(&path, FlockOperation::LockShared)?;
        let old = store::read(&mut file, &path)?;
        let inode = file.metadata().ok().map(|file| file.ino());
        let (mut package, _) = self.parse(name, &old)?;
        let mut applied = 0;
        for dir in self.deltas(name) {
            if let Some(changes) = store::read_shared(&store::delta_file(dir, name))? {
                applied += store::apply(&mut package, &changes, inode);
            }
        }
        let mut new = Vec::new();
        match applied {
            0 => new.extend_from_slice(&old),
            _ => text::body(&mut new, &package, false),
        }
        Ok((old, new))
    }

    /// The file of a package as it is; none if there is none.
    pub fn text(&self, name: &[u8]) -> Result<Option<Vec<u8>>> {
        store::read_shared(&self.file(name))
    }

    /// Packages of this store and another one; at least one of the two must have some.
    pub fn names_of_both(&self, other: &Store) -> Result<Vec<Vec<u8>>> {
        let mut names = match (self.names(), other.names()) {
            (Ok(ours), Ok(theirs)) => [ours, theirs].concat(),
            (Ok(names), Err(Error::NotFound)) | (Err(Error::NotFound), Ok(names)) => names,
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        names.sort();
        names.dedup();
        Ok(names)
    }
}
