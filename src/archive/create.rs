//! Files of a directory tree into an archive.
//!
//! What cannot be read is reported and left out, the rest is archived. Directories are
//! walked in the order of their names, so that the same tree gives the same archive.

use super::{Error, Header, Kind, Writer};
use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// How a tree is archived.
#[derive(Default)]
pub struct Create {
    /// What symbolic links lead to, instead of the links.
    pub dereference: bool,
    /// Directories without what is in them.
    pub flat: bool,
    /// Device and inode of the archive itself, which must not contain itself.
    pub archive: Option<(u64, u64)>,
    /// Files with several names that have been archived, by device and inode.
    linked: HashMap<(u64, u64), Vec<u8>>,
}

/// How many files with several names are remembered; more are stored twice.
const MOST_LINKED: usize = 4096;

/// Asked before each member with its path and header; false leaves it out, and what is
/// below it.
pub type Wanted<'a> = &'a mut dyn FnMut(&Path, &Header) -> bool;

impl Create {
    /// Adds the file at `path` and what is below it under `name`; gives the failures that
    /// concern single files.
    ///
    /// # Errors
    /// What makes the archive as a whole useless: writing it failed, a file shrank.
    pub fn add(
        &mut self,
        writer: &mut Writer<'_>,
        path: &Path,
        name: &[u8],
        wanted: Wanted<'_>,
    ) -> Result<Vec<Error>, Error> {
        let mut troubles = Vec::new();
        let mut waiting = vec![(path.to_owned(), name.to_vec())];
        while let Some((path, name)) = waiting.pop() {
            let result = self.add_one(writer, &path, &name, wanted);
            match result {
                Ok(true) if !self.flat => match children(&path, &name) {
                    Ok(children) => waiting.extend(children),
                    Err(trouble) => troubles.push(trouble),
                },
                Ok(_) => {}
                Err(trouble @ Error::File { .. }) => troubles.push(trouble),
                Err(fatal) => return Err(fatal),
            }
        }
        Ok(troubles)
    }

    /// Adds one member; tells whether it is a directory to go into.
    fn add_one(
        &mut self,
        writer: &mut Writer<'_>,
        path: &Path,
        name: &[u8],
        wanted: Wanted<'_>,
    ) -> Result<bool, Error> {
        let meta = if self.dereference {
            path.metadata()
        } else {
            path.symlink_metadata()
        }
        .map_err(Error::file("stat", path))?;
        let id = (meta.dev(), meta.ino());
        let Some(mut header) = header(name, path, &meta)? else {
            return Ok(false);
        };
        if self.archive == Some(id) || !wanted(path, &header) {
            return Ok(false);
        }
        if let (Kind::File, Some(first)) = (header.kind, self.linked.get(&id)) {
            (header.kind, header.link, header.size) = (Kind::HardLink, first.clone(), 0);
        }
        if header.kind != Kind::File {
            writer.entry(&header)?;
            return Ok(header.kind == Kind::Directory);
        }
        let mut file = File::open(path).map_err(Error::file("open", path))?;
        writer.file(&header, &mut file)?;
        if meta.nlink() > 1 && self.linked.len() < MOST_LINKED {
            self.linked.insert(id, name.to_vec());
        }
        Ok(false)
    }
}

/// Adds one file and what is below it, with nothing left out.
pub fn add(writer: &mut Writer<'_>, path: &Path, name: &[u8]) -> Result<Vec<Error>, Error> {
    Create::default().add(writer, path, name, &mut |_, _| true)
}

/// The header for a file; None for a socket, which no archive can hold.
fn header(name: &[u8], path: &Path, meta: &Metadata) -> Result<Option<Header>, Error> {
    let kind = meta.file_type();
    let kind = match () {
        () if kind.is_file() => Kind::File,
        () if kind.is_dir() => Kind::Directory,
        () if kind.is_symlink() => Kind::Symlink,
        () if kind.is_char_device() => Kind::CharDevice,
        () if kind.is_block_device() => Kind::BlockDevice,
        () if kind.is_fifo() => Kind::Fifo,
        () => return Ok(None),
    };
    let mut header = Header::new(kind, name);
    header.mode = meta.mode() & 0o7777;
    (header.uid, header.gid) = (meta.uid(), meta.gid());
    header.mtime = meta.mtime();
    match kind {
        Kind::File => header.size = meta.len(),
        Kind::Symlink => {
            let target = std::fs::read_link(path).map_err(Error::file("read link", path))?;
            header.link = target.into_os_string().into_vec();
        }
        Kind::CharDevice | Kind::BlockDevice => {
            let device = meta.rdev();
            header.device = (rustix::fs::major(device), rustix::fs::minor(device));
        }
        _ => {}
    }
    Ok(Some(header))
}

/// What is in a directory, the last name first, with the names in the archive.
fn children(path: &Path, name: &[u8]) -> Result<Vec<(PathBuf, Vec<u8>)>, Error> {
    let read = || -> std::io::Result<Vec<_>> {
        std::fs::read_dir(path)?
            .map(|entry| Ok(entry?.file_name()))
            .collect()
    };
    let mut names = read().map_err(Error::file("read", path))?;
    names.sort_by(|a, b| b.cmp(a));
    let slash: &[u8] = if name.ends_with(b"/") { b"" } else { b"/" };
    Ok(names
        .iter()
        .map(|child| (path.join(child), [name, slash, child.as_bytes()].concat()))
        .collect())
}
