//! Where packages and their pending changes lie; reading them, and writing changes.
//!
//! Files are locked with flock: shared to read, exclusive to write. A process that waits
//! for two locks takes that of the configuration first, then that of the changes.

use super::delta::{self, Delta};
use super::error::{Error, Fault, Result};
use super::package::Package;
use super::parse::{self, Reading};
use super::{names, text};
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// No file is read that is larger, in bytes: memory is small.
pub const LARGEST: u64 = 8 << 20;

/// How often a file may be replaced by others while we wait for its lock.
const TRIES: u32 = 100;

/// Where changes wait to be committed.
pub const CHANGES: &str = "/tmp/.uci";

/// The directories.
#[derive(Clone, Debug)]
pub struct Store {
    /// Configuration files.
    pub conf_dir: PathBuf,
    /// Files here replace those of the same name in `conf_dir`.
    pub override_dir: Option<PathBuf>,
    /// Files of pending changes in the order of their application; the last is written.
    pub delta_dirs: Vec<PathBuf>,
    /// Stop at the first fault in a file.
    pub strict: bool,
    /// The changes are a state that is never committed.
    pub transient: bool,
}

/// What a file looked like when it was read; any change of it shows here.
pub type Stamp = Option<(u64, u64, u64, i64, i64)>;

impl Store {
    /// A directory of configuration files, wherever it is mounted; no pending changes.
    pub fn at(conf_dir: impl Into<PathBuf>) -> Store {
        Store {
            conf_dir: conf_dir.into(),
            override_dir: None,
            delta_dirs: Vec::new(),
            strict: true,
            transient: false,
        }
    }

    /// Adds a directory of pending changes before the last one.
    pub fn add_delta_dir(&mut self, dir: impl Into<PathBuf>) {
        let at = self.delta_dirs.len().saturating_sub(1);
        self.delta_dirs.insert(at, dir.into());
    }

    /// Makes this directory the last of pending changes, the one that is written.
    pub fn set_save_dir(&mut self, dir: impl Into<PathBuf>) {
        let dir = dir.into();
        self.delta_dirs.retain(|other| *other != dir);
        self.delta_dirs.push(dir);
    }

    /// The packages: regular files without a dot in their name, in byte order.
    pub fn names(&self) -> Result<Vec<Vec<u8>>> {
        let entries = std::fs::read_dir(&self.conf_dir).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::NotFound,
            _ => Error::io(&self.conf_dir, error),
        })?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| Error::io(&self.conf_dir, error))?;
            let name = entry.file_name().as_bytes().to_vec();
            if names::is_type(&name) && !name.contains(&b'.') && entry.path().is_file() {
                names.push(name);
            }
        }
        if names.is_empty() {
            return Err(Error::NotFound);
        }
        names.sort();
        Ok(names)
    }

    /// The file of a package.
    pub fn file(&self, name: &[u8]) -> PathBuf {
        let relative = OsStr::from_bytes(name);
        let overridden = self.override_dir.as_ref().map(|dir| dir.join(relative));
        match overridden {
            Some(path) if !is_path(name) && path.exists() => path,
            _ => self.conf_dir.join(relative),
        }
    }

    /// Loads a package with its pending changes, and the faults that were passed over.
    pub fn load(&self, name: &[u8]) -> Result<(Package, Vec<Fault>)> {
        let path = self.file(name);
        // Locked to the end: no commit may move changes from one file to the other meanwhile.
        let mut file = open_locked(&path, FlockOperation::LockShared)?;
        let content = read(&mut file, &path)?;
        let inode = file.metadata().ok().map(|file| file.ino());
        let (mut package, faults) = self.parse(name, &content)?;
        for dir in self.deltas(name) {
            if let Some(content) = read_shared(&delta_file(dir, name))? {
                apply(&mut package, &content, inode);
            }
        }
        Ok((package, faults))
    }

    pub(super) fn parse(&self, name: &[u8], content: &[u8]) -> Result<(Package, Vec<Fault>)> {
        let shown = name.rsplit(|&byte| byte == b'/').next().unwrap_or(name);
        parse::package(shown, content, self.reading())
    }

    pub(super) fn reading(&self) -> Reading {
        match self.strict {
            true => Reading::Strict,
            false => Reading::Lenient,
        }
    }

    /// The pending changes of a package, those that cannot be carried out included.
    pub fn pending(&self, name: &[u8]) -> Result<Vec<Delta>> {
        let mut found = Vec::new();
        let inode = self.inode(name);
        for dir in self.deltas(name) {
            if let Some(content) = read_shared(&delta_file(dir, name))? {
                let lines = delta::open_lines(name, &content, inode);
                found.extend(lines.into_iter().filter_map(|line| line.delta));
            }
        }
        Ok(found)
    }

    /// The inode of a package's file.
    fn inode(&self, name: &[u8]) -> Option<u64> {
        let file = self.file(name).metadata();
        file.ok().map(|file| file.ino())
    }

    /// Whether any file of pending changes has something in it.
    pub fn has_pending(&self, name: &[u8]) -> bool {
        let paths = self.deltas(name).iter().map(|dir| delta_file(dir, name));
        let mut sizes = paths.filter_map(|path| path.metadata().ok());
        sizes.any(|file| file.len() > 0)
    }

    /// Directories of pending changes; a package named by its path has none.
    pub(super) fn deltas(&self, name: &[u8]) -> &[PathBuf] {
        match is_path(name) {
            true => &[],
            false => &self.delta_dirs,
        }
    }

    /// Where new changes of a package are written.
    pub(super) fn save_file(&self, name: &[u8]) -> Option<PathBuf> {
        self.deltas(name).last().map(|dir| delta_file(dir, name))
    }

    /// Writes changes down; gives the size of the file before and its stamp after.
    pub fn record(&self, name: &[u8], changes: &[Delta]) -> Result<(u64, Stamp)> {
        let path = self.save_file(name).ok_or(Error::Io(None))?;
        let file = self.create_save_file(name, &path)?;
        lock(&file, FlockOperation::LockExclusive);
        let at = |error| Error::io(&path, error);
        let before = file.metadata().map_err(at)?.len();
        let mut lines = Vec::new();
        if ends_inside_a_line(&file, before).map_err(at)? {
            lines.push(b'\n');
        }
        for change in changes {
            text::delta(&mut lines, name, change);
        }
        if before + lines.len() as u64 > LARGEST {
            return Err(at(io::ErrorKind::FileTooLarge.into()));
        }
        if let Err(error) = (&file).write_all(&lines) {
            // Half a line must not swallow the next; cutting needs no space.
            let _ = file.set_len(before);
            return Err(at(error));
        }
        let after = file.metadata().map_err(at)?;
        Ok((before, Some(stamp_of(&after))))
    }

    fn create_save_file(&self, name: &[u8], path: &Path) -> Result<File> {
        let mode = |path: &Path, otherwise| match path.metadata() {
            Ok(found) => found.mode() & 0o777,
            Err(_) => otherwise,
        };
        if let Some(dir) = path.parent().filter(|dir| !dir.is_dir()) {
            let mode = mode(&self.conf_dir, 0o700);
            match DirBuilder::new().mode(mode).create(dir) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(Error::Io(None));
                }
                result => result.map_err(|error| Error::io(dir, error))?,
            }
        }
        OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(mode(&self.file(name), 0o600))
            .open(path)
            .map_err(|error| Error::io(path, error))
    }

    /// Forgets the pending changes of a package, of a section with its options, of an option.
    ///
    /// A file that cannot be taken apart is left as it is.
    pub fn revert(&self, name: &[u8], section: Option<&[u8]>, option: Option<&[u8]>) -> Result<()> {
        let Some(path) = self.save_file(name) else {
            return Ok(());
        };
        let Some(mut file) = open_to_change(&path)? else {
            return Ok(());
        };
        let content = read(&mut file, &path)?;
        let matches = |delta: &Delta| {
            section.is_none_or(|section| delta.section == section)
                && option.is_none_or(|option| delta.option.as_deref() == Some(option))
        };
        let mut kept = Vec::new();
        for line in delta::open_lines(name, &content, self.inode(name)) {
            if line.is_fault {
                return Ok(());
            }
            if !line.delta.as_ref().is_some_and(matches) {
                kept.extend_from_slice(line.raw);
            }
        }
        if section.is_none() {
            kept.clear();
        }
        let length = kept.len();
        if length == content.len() {
            return Ok(());
        }
        // What is kept is never longer: this needs no space. Empty lines in place of what goes,
        // so that no change is there twice if the process is killed before it cuts them off.
        kept.resize(content.len(), b'\n');
        let rewrite = |file: &mut File| {
            file.rewind()?;
            file.write_all(&kept)?;
            file.set_len(length as u64)
        };
        rewrite(&mut file).map_err(|error| Error::io(&path, error))
    }

    /// How all files of a package look now, those of pending changes included.
    pub fn stamps(&self, name: &[u8]) -> Vec<Stamp> {
        let deltas = self.deltas(name).iter().map(|dir| delta_file(dir, name));
        let paths = std::iter::once(self.file(name)).chain(deltas);
        let stamp = |path: PathBuf| path.metadata().ok().as_ref().map(stamp_of);
        paths.map(stamp).collect()
    }
}

/// The package is named by the path of its file.
pub fn is_path(name: &[u8]) -> bool {
    name.starts_with(b"/")
}

/// Applies what is still open in a file of changes; how many could be carried out.
pub(super) fn apply(package: &mut Package, content: &[u8], inode: Option<u64>) -> usize {
    let name = package.name.clone();
    let lines = delta::open_lines(&name, content, inode);
    let deltas = lines.iter().filter_map(|line| line.delta.as_ref());
    deltas.filter(|delta| delta.apply(package)).count()
}

pub(super) fn delta_file(dir: &Path, name: &[u8]) -> PathBuf {
    dir.join(OsStr::from_bytes(name))
}

fn stamp_of(file: &std::fs::Metadata) -> (u64, u64, u64, i64, i64) {
    let time = (file.mtime(), file.mtime_nsec());
    (file.dev(), file.ino(), file.size(), time.0, time.1)
}

pub(super) fn open_config(path: &Path) -> Result<File> {
    let missing = |kind| matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    match File::open(path) {
        Ok(_) if path.is_dir() => Err(Error::NotFound),
        Ok(file) => Ok(file),
        Err(error) if missing(error.kind()) => Err(Error::NotFound),
        Err(error) => Err(Error::io(path, error)),
    }
}

/// Opens a configuration file under a lock.
///
/// Whoever held the lock before may have replaced the file: then the lock is on one that is
/// gone, and what it says is over.
pub(super) fn open_locked(path: &Path, how: FlockOperation) -> Result<File> {
    for _ in 0..TRIES {
        let file = open_config(path)?;
        lock(&file, how);
        let ours = file.metadata().map_err(|error| Error::io(path, error))?;
        match path.metadata() {
            Ok(now) if (now.dev(), now.ino()) == (ours.dev(), ours.ino()) => return Ok(file),
            _ => {}
        }
    }
    Err(Error::kept(path, io::ErrorKind::ResourceBusy.into()))
}

/// Opens a file of changes and locks it for writing; none if there is none.
pub(super) fn open_to_change(path: &Path) -> Result<Option<File>> {
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => {
            lock(&file, FlockOperation::LockExclusive);
            Ok(Some(file))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(path, error)),
    }
}

pub(super) fn read_shared(path: &Path) -> Result<Option<Vec<u8>>> {
    let mut file = match open_config(path) {
        Err(Error::NotFound) => return Ok(None),
        opened => opened?,
    };
    lock(&file, FlockOperation::LockShared);
    read(&mut file, path).map(Some)
}

/// Somebody's editor has left the last line without its end.
fn ends_inside_a_line(file: &File, size: u64) -> io::Result<bool> {
    let mut last = [b'\n'];
    if let Some(at) = size.checked_sub(1) {
        file.read_exact_at(&mut last, at)?;
    }
    Ok(last != [b'\n'])
}

/// Waits for a lock; a file system without locks is used without.
pub(super) fn lock(file: &File, how: FlockOperation) {
    while rustix::fs::flock(file, how) == Err(Errno::INTR) {}
}

/// Reads a file to its end, up to [`LARGEST`].
pub(super) fn read(file: &mut impl Read, path: &Path) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let count = file.take(LARGEST + 1).read_to_end(&mut content);
    match count {
        Ok(count) if count as u64 > LARGEST => {
            Err(Error::io(path, io::ErrorKind::FileTooLarge.into()))
        }
        Ok(_) => Ok(content),
        Err(error) => Err(Error::io(path, error)),
    }
}
