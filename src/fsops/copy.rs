//! Copies files and trees.
//!
//! Both sides are walked through open directories. The traps: a tree copied into itself
//! never ends; a file that shares its inode with the target would be emptied before it is
//! read; bits that give rights come only after the owner is right.

use super::data::{self, Failure};
use super::status::{Identity, Status};
use super::trail::Trail;
use super::walk::{Follow, Step, Walk};
use super::{Listener, Refusal, dir_name, join};
use crate::error::{At, Error, Result};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// What happens to a target that exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It is overwritten.
    #[default]
    Replace,
    /// The listener is asked.
    Ask,
    /// It stays, silently.
    Keep,
}

/// What stands in for a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Making {
    /// The contents are copied.
    #[default]
    Copies,
    /// Further names of the same files.
    HardLinks,
    /// Symbolic links to the sources.
    SymbolicLinks,
}

/// How to go about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Directories with what they hold; special files are made anew.
    pub recursive: bool,
    /// Owner, permissions and times.
    pub preserve: bool,
    /// Names that were one file become one file again.
    pub keep_links: bool,
    /// Which symbolic links are copied as what they point to.
    pub follow: Follow,
    /// What happens to a target that exists.
    pub existing: Existing,
    /// A target that cannot be opened is removed first.
    pub force: bool,
    /// Targets that are not older than their source stay.
    pub update: bool,
    /// What is made.
    pub making: Making,
    /// Directories on other devices stay empty.
    pub one_device: bool,
    /// The target's name is new and ours alone: whatever is found there is not used; and the
    /// contents are on the disk before the copy counts, because the source will go.
    pub fresh: bool,
}

/// Copies operands; remembers from one to the next which files share their contents.
pub struct Copier<'a> {
    options: Options,
    listener: &'a mut dyn Listener,
    umask: u32,
    /// Targets of files with several names.
    made: BTreeMap<Identity, PathBuf>,
}

/// One node on its way: where it is and where it goes.
struct Node<'n> {
    from: BorrowedFd<'n>,
    from_name: &'n OsStr,
    from_path: &'n Path,
    to: BorrowedFd<'n>,
    to_name: &'n OsStr,
    to_path: &'n Path,
    status: Status,
}

impl<'a> Copier<'a> {
    /// A copier for the operands of one command.
    pub fn new(options: Options, umask: u32, listener: &'a mut dyn Listener) -> Copier<'a> {
        Copier {
            options,
            listener,
            umask,
            made: BTreeMap::new(),
        }
    }

    /// Copies `source` to the very name `target`. False: something failed and was told.
    pub fn copy(&mut self, source: &OsStr, target: &Path) -> bool {
        let mut walk = Walk::new(source, self.options.follow).one_device(self.options.one_device);
        let mut trail = Trail::default();
        let mut made_root = None;
        let mut complete = true;
        while let Some(step) = walk.next() {
            let to_path = match walk.below() {
                below if below.is_empty() => target.to_owned(),
                below => PathBuf::from(join(target.as_os_str(), below)),
            };
            let is_top = walk.depth() == 0;
            let to_name = if is_top {
                target.as_os_str()
            } else {
                walk.name()
            };
            let done = match step {
                Step::Failed(error) => Err(error).at("stat", walk.path()),
                Step::File(status) if status.is_link() && walk.follows() => {
                    Err(Errno::NOENT).at("stat", walk.path())
                }
                Step::File(status) => self.other(&node(&walk, &trail, to_name, &to_path, status)),
                Step::Before(status) => {
                    let node = node(&walk, &trail, to_name, &to_path, status);
                    let made = self.before(&node, is_top, made_root);
                    let entered = made.and_then(|()| {
                        trail.enter(to_name, is_top).at("open", &to_path)?;
                        Status::of_open(trail.last()).at("stat", &to_path)
                    });
                    match entered {
                        Ok(status) => {
                            made_root.get_or_insert(status.identity());
                            Ok(())
                        }
                        Err(error) => {
                            walk.skip();
                            Err(error)
                        }
                    }
                }
                Step::After(status) => {
                    let finished = self.finish(trail.last(), &status).at("preserve", &to_path);
                    if let Err(error) = trail.leave() {
                        self.listener.failed(Error::Io {
                            verb: "leave",
                            path: to_path,
                            source: error,
                        });
                        return false;
                    }
                    finished
                }
            };
            if let Err(error) = done {
                complete = false;
                self.listener.failed(error);
            }
        }
        complete
    }

    /// Makes the directory that will hold what is coming.
    fn before(&mut self, node: &Node<'_>, is_top: bool, made_root: Option<Identity>) -> Result<()> {
        if !self.options.recursive {
            return Err(Refusal::Omitted(node.from_path.into()).into());
        }
        let into_itself = made_root == Some(node.status.identity())
            || (is_top && lies_below(node.to_path, node.status.identity()));
        if into_itself {
            return Err(Refusal::IntoItself(node.to_path.into()).into());
        }
        let mode = node.status.permissions() & !self.umask | 0o700;
        let mode = if self.options.preserve { 0o700 } else { mode };
        match rustix::fs::mkdirat(node.to, node.to_name, Mode::from_raw_mode(mode as _)) {
            Err(Errno::EXIST) if !self.options.fresh => {
                match Status::at(node.to, node.to_name, true) {
                    Ok(found) if found.is_dir() => Ok(()),
                    _ => Err(Refusal::NotDirectory(node.to_path.into()).into()),
                }
            }
            made => made.at("create directory", node.to_path),
        }
    }

    /// Copies what is no directory.
    fn other(&mut self, node: &Node<'_>) -> Result<()> {
        let found = match Status::at(node.to, node.to_name, true) {
            // A link to nowhere is there, too.
            Err(_) => Status::at(node.to, node.to_name, false).ok(),
            Ok(found) => Some(found),
        };
        if let Some(found) = &found
            && !self.may_replace(node, found)?
        {
            return Ok(());
        }
        if self.options.making != Making::Copies {
            return self.link(node, found.is_some());
        }
        if self.options.keep_links && node.status.links > 1 {
            let key = node.status.identity();
            if let Some(first) = self.made.get(&key) {
                if found.is_some() {
                    unlink(node)?;
                }
                return rustix::fs::linkat(CWD, first, node.to, node.to_name, AtFlags::empty())
                    .at("create", node.to_path);
            }
            self.made.insert(key, node.to_path.to_owned());
        }
        if node.status.is_link() {
            return self.symlink(node, found.is_some());
        }
        if self.options.recursive && !node.status.is_file() {
            return self.special(node, found.is_some());
        }
        self.regular(node, found.as_ref())
    }

    /// Whether the target that was found gives way.
    fn may_replace(&mut self, node: &Node<'_>, found: &Status) -> Result<bool> {
        let same_link = || {
            let own = Status::at(node.to, node.to_name, false);
            own.is_ok_and(|own| own.identity() == node.status.identity())
        };
        if found.identity() == node.status.identity() || (node.status.is_link() && same_link()) {
            let refusal = Refusal::SameFile(node.from_path.into(), node.to_path.into());
            let harmless = self.options.existing == Existing::Keep;
            return if harmless {
                Ok(false)
            } else {
                Err(refusal.into())
            };
        }
        if found.is_dir() {
            return Err(Refusal::IsDirectory(node.to_path.into()).into());
        }
        if self.options.update && found.modified >= node.status.modified {
            return Ok(false);
        }
        Ok(match self.options.existing {
            Existing::Replace => true,
            Existing::Keep => false,
            Existing::Ask => {
                let question = format!("overwrite '{}'?", node.to_path.display());
                self.listener.confirm(&question)
            }
        })
    }

    fn link(&mut self, node: &Node<'_>, exists: bool) -> Result<()> {
        if exists && (self.options.force || self.options.existing == Existing::Ask) {
            unlink(node)?;
        }
        let made = if self.options.making == Making::SymbolicLinks {
            rustix::fs::symlinkat(node.from_path, node.to, node.to_name)
        } else {
            let follow = self.options.follow == Follow::Always;
            let flags = if follow {
                AtFlags::SYMLINK_FOLLOW
            } else {
                AtFlags::empty()
            };
            rustix::fs::linkat(node.from, node.from_name, node.to, node.to_name, flags)
        };
        made.at("create", node.to_path)
    }

    fn symlink(&mut self, node: &Node<'_>, exists: bool) -> Result<()> {
        let points_to = rustix::fs::readlinkat(node.from, node.from_name, Vec::new())
            .at("read link", node.from_path)?;
        if exists {
            unlink(node)?;
        }
        rustix::fs::symlinkat(points_to.as_c_str(), node.to, node.to_name)
            .at("create", node.to_path)?;
        self.adorn(node)
    }

    fn special(&mut self, node: &Node<'_>, exists: bool) -> Result<()> {
        if exists {
            unlink(node)?;
        }
        let mode = node.status.permissions() & !self.umask & 0o777;
        let kind = FileType::from_raw_mode(node.status.mode as _);
        let mode = Mode::from_raw_mode(mode as _);
        rustix::fs::mknodat(node.to, node.to_name, kind, mode, node.status.rdev as _)
            .at("create", node.to_path)?;
        self.adorn(node)
    }

    /// Owner, permissions and times of what has no open file.
    fn adorn(&self, node: &Node<'_>) -> Result<()> {
        if !self.options.preserve {
            return Ok(());
        }
        let status = &node.status;
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        let (uid, gid) = owner(status);
        let owned = rustix::fs::chownat(node.to, node.to_name, Some(uid), Some(gid), flags);
        if !status.is_link() {
            let bits = rights(status, owned.is_ok());
            rustix::fs::chmodat(node.to, node.to_name, bits, AtFlags::empty())
                .at("preserve permissions of", node.to_path)?;
        }
        rustix::fs::utimensat(node.to, node.to_name, &times(status), flags)
            .at("preserve times of", node.to_path)
    }

    fn regular(&mut self, node: &Node<'_>, found: Option<&Status>) -> Result<()> {
        let mut flags = OFlags::RDONLY | OFlags::CLOEXEC;
        if self.options.follow == Follow::Never {
            flags |= OFlags::NOFOLLOW;
        }
        let source = rustix::fs::openat(node.from, node.from_name, flags, Mode::empty());
        let mut source = File::from(source.at("open", node.from_path)?);
        let mut target = self.create(node, found.is_some())?;
        let sparse = node.status.is_file() && node.status.blocks * 512 < node.status.size;
        match data::copy(&mut source, &mut target, sparse) {
            Ok(_) => {}
            Err(Failure::Read(error)) => return Err(error).at("read", node.from_path),
            Err(Failure::Write(error)) => {
                // A new file that is not whole is of no use; the source is.
                let created = found.is_none() && unlink(node).is_ok();
                let what = if created { "write" } else { "finish" };
                return Err(error).at(what, node.to_path);
            }
        }
        self.finish(target.as_fd(), &node.status)
            .at("preserve", node.to_path)
    }

    /// Opens the target for writing, empty.
    fn create(&self, node: &Node<'_>, exists: bool) -> Result<File> {
        let mode = if self.options.preserve {
            0o600
        } else {
            node.status.permissions() & 0o777
        };
        let mode = Mode::from_raw_mode(mode as _);
        let new = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let old = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
        let flags = if self.options.fresh { new } else { old };
        let opened = match rustix::fs::openat(node.to, node.to_name, flags, mode) {
            Err(_) if exists && self.options.force => {
                unlink(node)?;
                rustix::fs::openat(node.to, node.to_name, new, mode)
            }
            opened => opened,
        };
        Ok(File::from(opened.at("create", node.to_path)?))
    }

    /// Owner, permissions and times of an open target; of a directory also its rights
    /// where nothing is preserved, which were wider while it was filled.
    fn finish(&self, target: BorrowedFd<'_>, status: &Status) -> io::Result<()> {
        if self.options.preserve {
            let (uid, gid) = owner(status);
            let owned = rustix::fs::fchown(target, Some(uid), Some(gid));
            rustix::fs::fchmod(target, rights(status, owned.is_ok()))?;
            rustix::fs::futimens(target, &times(status))?;
        } else if status.is_dir() && status.permissions() & 0o700 != 0o700 {
            let mode = status.permissions() & 0o777 & !self.umask;
            rustix::fs::fchmod(target, Mode::from_raw_mode(mode as _))?;
        }
        if self.options.fresh && status.is_file() {
            rustix::fs::fsync(target)?;
        }
        Ok(())
    }
}

fn node<'n>(
    walk: &'n Walk,
    trail: &'n Trail,
    to_name: &'n OsStr,
    to_path: &'n Path,
    status: Status,
) -> Node<'n> {
    Node {
        from: walk.dir(),
        from_name: walk.name(),
        from_path: walk.path(),
        to: trail.last(),
        to_name,
        to_path,
        status,
    }
}

fn unlink(node: &Node<'_>) -> Result<()> {
    rustix::fs::unlinkat(node.to, node.to_name, AtFlags::empty()).at("remove", node.to_path)
}

fn owner(status: &Status) -> (rustix::fs::Uid, rustix::fs::Gid) {
    (
        rustix::fs::Uid::from_raw(status.uid),
        rustix::fs::Gid::from_raw(status.gid),
    )
}

/// Set-id bits only where the owner is the one that they were meant for.
fn rights(status: &Status, owned: bool) -> Mode {
    let mask = if owned { 0o7777 } else { 0o1777 };
    Mode::from_raw_mode((status.permissions() & mask) as _)
}

/// Access and modification time of a file, as utimensat(2) takes them.
pub fn times(status: &Status) -> Timestamps {
    let moment = |moment: super::status::Moment| Timespec {
        tv_sec: moment.seconds as _,
        tv_nsec: moment.nanos as _,
    };
    Timestamps {
        last_access: moment(status.accessed),
        last_modification: moment(status.modified),
    }
}

/// Whether a path, existing or not, lies in (or is) the directory with this identity.
fn lies_below(path: &Path, identity: Identity) -> bool {
    let mut above = PathBuf::from(path);
    if Status::of(&above, true).is_ok_and(|status| status.identity() == identity) {
        return true;
    }
    above = PathBuf::from(dir_name(path.as_os_str()));
    let mut previous = None;
    while let Ok(status) = Status::of(&above, true) {
        if status.identity() == identity {
            return true;
        }
        // The root is its own parent.
        if previous == Some(status.identity()) {
            return false;
        }
        previous = Some(status.identity());
        above.push("..");
    }
    false
}
