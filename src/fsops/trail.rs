//! The chain of open directories from an operand down to where a walk is.
//!
//! Names are always resolved below the last directory of the chain, so nobody can lead a
//! walk elsewhere by exchanging a directory for a link. Only the last few are kept open;
//! the others are opened again through `..` on the way back, and must still be the same.

use super::status::{Identity, Status};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::path::Arg;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

/// How many directories stay open at most, but for those entered through links.
const OPEN: usize = 16;

/// A chain of directories; empty it stands for the working directory.
#[derive(Default)]
pub struct Trail {
    /// Always open, so that no name is ever resolved elsewhere. None: the working directory.
    last: Option<Open>,
    above: Vec<Frame>,
}

struct Open {
    dir: OwnedFd,
    identity: Identity,
    /// Its `..` need not be the directory above it in the chain.
    through_link: bool,
}

/// A directory above the last one.
enum Frame {
    Open(Open),
    /// Opened again on the way back; must be this very directory then.
    Closed {
        identity: Identity,
        through_link: bool,
    },
}

impl Frame {
    fn identity(&self) -> Identity {
        match self {
            Frame::Open(open) => open.identity,
            Frame::Closed { identity, .. } => *identity,
        }
    }
}

impl Trail {
    /// The last directory of the chain.
    pub fn last(&self) -> BorrowedFd<'_> {
        match &self.last {
            Some(open) => open.dir.as_fd(),
            None => CWD,
        }
    }

    /// Goes into a directory below the last one; `follow` allows a symbolic link.
    ///
    /// The first name is an operand of the user's and may be a path.
    pub fn enter(&mut self, name: impl Arg + Copy, follow: bool) -> io::Result<()> {
        let (dir, through_link) = match open_dir(self.last(), name, false) {
            Err(Errno::LOOP | Errno::NOTDIR) if follow => {
                (open_dir(self.last(), name, true)?, true)
            }
            dir => (dir?, false),
        };
        let identity = Status::of_open(&dir)?.identity();
        let open = Open {
            dir,
            identity,
            through_link,
        };
        if let Some(previous) = self.last.replace(open) {
            self.above.push(Frame::Open(previous));
        }
        self.close_old();
        Ok(())
    }

    /// Closes the directory that has just come too far above, unless `..` cannot find it.
    fn close_old(&mut self) {
        let Some(old) = self.above.len().checked_sub(OPEN) else {
            return;
        };
        let below_is_linked = match self.above.get(old + 1) {
            Some(Frame::Open(below)) => below.through_link,
            _ => true,
        };
        if let Some(frame) = self.above.get_mut(old)
            && let Frame::Open(Open {
                identity,
                through_link,
                ..
            }) = *frame
            && !below_is_linked
        {
            *frame = Frame::Closed {
                identity,
                through_link,
            };
        }
    }

    /// Goes back to the directory above. Fails when the tree was moved about meanwhile:
    /// then the chain stays as it is and there is no safe way on.
    pub fn leave(&mut self) -> io::Result<()> {
        let reopened = match (self.above.last(), &self.last) {
            (
                Some(&Frame::Closed {
                    identity,
                    through_link,
                }),
                Some(last),
            ) => {
                let dir = open_dir(last.dir.as_fd(), "..", false)?;
                if Status::of_open(&dir)?.identity() != identity {
                    return Err(io::Error::other("the directory was moved meanwhile"));
                }
                Some(Open {
                    dir,
                    identity,
                    through_link,
                })
            }
            _ => None,
        };
        self.last = match self.above.pop() {
            Some(Frame::Open(open)) => Some(open),
            _ => reopened,
        };
        Ok(())
    }

    /// Whether a directory of the chain has this identity: entering it again is a loop.
    pub fn holds(&self, identity: Identity) -> bool {
        let last = self.last.as_ref().map(|open| open.identity);
        last == Some(identity) || self.above.iter().any(|frame| frame.identity() == identity)
    }
}

fn open_dir(dir: BorrowedFd<'_>, name: impl Arg, follow: bool) -> rustix::io::Result<OwnedFd> {
    let mut flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    if !follow {
        flags |= OFlags::NOFOLLOW;
    }
    rustix::fs::openat(dir, name, flags, Mode::empty())
}

/// The names in an open directory, without `.` and `..`, in the order of the file system.
pub fn names(dir: BorrowedFd<'_>) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(OsString::from_vec(name.to_vec()));
        }
    }
    Ok(names)
}
