//! Walks a tree, one step at a time, without recursion and without leaving it.
//!
//! The caller pulls steps and acts on [`Walk::dir`] and [`Walk::name`], never on the path,
//! which is for people (and may be longer than the kernel takes).

use super::status::Status;
use super::trail::{Trail, names};
use crate::error::{At, Result};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Which symbolic links are taken for what they point to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Follow {
    /// None.
    #[default]
    Never,
    /// Those named by the user.
    Operands,
    /// All.
    Always,
}

/// Where a walk has come to. The names in [`Walk`] belong to the latest step.
#[derive(Debug)]
pub enum Step {
    /// Something that is no directory.
    File(Status),
    /// A directory, before what it holds.
    Before(Status),
    /// The same directory, after what it holds; comes after every `Before` that was not skipped.
    After(Status),
    /// It could not be looked at or read; an unreadable directory still gets its `After`.
    Failed(io::Error),
}

/// A walk through one operand.
pub struct Walk {
    operand: Option<OsString>,
    follow: Follow,
    /// Directories on other devices are shown but not entered.
    one_device: bool,
    device: u64,
    trail: Trail,
    levels: Vec<Level>,
    path: Vec<u8>,
    /// Where in `path` the name begins that the trail's last directory knows.
    name_at: usize,
    next: Next,
}

/// Goes through one operand, and if `recursive` through all that is in it: `act` gets every
/// file and every directory, before what it holds, or the error that hid it. False if
/// anything failed; the rest is done all the same.
pub fn each<E>(
    operand: &OsStr,
    follow: Follow,
    recursive: bool,
    mut act: impl FnMut(&Walk, Result<Status>) -> std::result::Result<(), E>,
) -> bool {
    let mut walk = Walk::new(operand, follow);
    let mut complete = true;
    while let Some(step) = walk.next() {
        let found = match step {
            Step::File(status) => Ok(status),
            Step::Before(status) => {
                if !recursive {
                    walk.skip();
                }
                Ok(status)
            }
            Step::After(_) => continue,
            Step::Failed(error) => Err(error).at("", walk.path()),
        };
        complete &= act(&walk, found).is_ok();
    }
    complete
}

/// What the next step begins with.
enum Next {
    /// Another name of the current directory.
    Sibling,
    /// Going into the directory just shown.
    Enter(Status),
    /// Showing the directory again.
    Close(Status),
}

struct Level {
    names: std::vec::IntoIter<OsString>,
    status: Status,
    /// Where the directory's own name begins and ends in the path.
    name_at: usize,
    path_end: usize,
}

impl Walk {
    /// A walk that begins with `operand`.
    pub fn new(operand: &OsStr, follow: Follow) -> Walk {
        Walk {
            operand: Some(operand.to_owned()),
            follow,
            one_device: false,
            device: 0,
            trail: Trail::default(),
            levels: Vec::new(),
            path: Vec::new(),
            name_at: 0,
            next: Next::Sibling,
        }
    }

    /// Does not enter directories on other devices than the operand's.
    pub fn one_device(mut self, yes: bool) -> Walk {
        self.one_device = yes;
        self
    }

    /// The directory that holds the current name.
    pub fn dir(&self) -> BorrowedFd<'_> {
        self.trail.last()
    }

    /// The current name below [`Walk::dir`]; at depth 0 the operand.
    pub fn name(&self) -> &OsStr {
        OsStr::from_bytes(&self.path[self.name_at..])
    }

    /// The current path, for people.
    pub fn path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.path))
    }

    /// What of the path is below the operand; empty at depth 0.
    pub fn below(&self) -> &OsStr {
        let start = self
            .levels
            .first()
            .map_or(self.path.len(), |top| top.path_end);
        let below = &self.path[start..];
        OsStr::from_bytes(below.strip_prefix(b"/").unwrap_or(below))
    }

    /// How many directories lie between the operand and the current name.
    pub fn depth(&self) -> usize {
        self.levels.len()
    }

    /// Leaves out the directory of the last `Before`; it gets no `After`.
    pub fn skip(&mut self) {
        self.next = Next::Sibling;
    }

    /// The next step; None at the end.
    #[allow(
        clippy::should_implement_trait,
        reason = "the names of a step are read from the walk, which an iterator would hold"
    )]
    pub fn next(&mut self) -> Option<Step> {
        match std::mem::replace(&mut self.next, Next::Sibling) {
            Next::Close(status) => return Some(Step::After(status)),
            Next::Enter(status) => {
                if let Err(error) = self.enter(status) {
                    self.next = Next::Close(status);
                    return Some(Step::Failed(error));
                }
            }
            Next::Sibling => {}
        }
        let Some(level) = self.levels.last_mut() else {
            let operand = self.operand.take()?;
            self.path = operand.as_bytes().to_vec();
            return Some(self.look());
        };
        let Some(name) = level.names.next() else {
            return self.close();
        };
        self.path.truncate(level.path_end);
        if self.path.last().is_some_and(|&b| b != b'/') {
            self.path.push(b'/');
        }
        self.name_at = self.path.len();
        self.path.extend_from_slice(name.as_bytes());
        Some(self.look())
    }

    /// Whether the current name is followed if it is a link: then what is still a link
    /// leads nowhere.
    pub fn follows(&self) -> bool {
        match self.follow {
            Follow::Never => false,
            Follow::Operands => self.levels.is_empty(),
            Follow::Always => true,
        }
    }

    fn look(&mut self) -> Step {
        let follow = self.follows();
        let found = Status::at(self.dir(), self.name(), follow);
        let found = match found {
            // A link to nowhere is shown as the link that it is.
            Err(error) if follow => Status::at(self.dir(), self.name(), false).map_err(|_| error),
            found => found,
        };
        let status = match found {
            Ok(status) if !status.is_dir() => return Step::File(status),
            Ok(status) => status,
            Err(error) => return Step::Failed(error),
        };
        if self.levels.is_empty() {
            self.device = status.dev;
        }
        if follow && self.trail.holds(status.identity()) {
            return Step::Failed(rustix::io::Errno::LOOP.into());
        }
        let foreign = self.one_device && status.dev != self.device;
        self.next = if foreign {
            Next::Close(status)
        } else {
            Next::Enter(status)
        };
        Step::Before(status)
    }

    fn enter(&mut self, status: Status) -> io::Result<()> {
        let follow = self.follows();
        let name = OsStr::from_bytes(&self.path[self.name_at..]);
        self.trail.enter(name, follow)?;
        let names = match names(self.trail.last()) {
            Ok(names) => names.into_iter(),
            Err(error) => {
                self.trail.leave()?;
                return Err(error);
            }
        };
        self.levels.push(Level {
            names,
            status,
            name_at: self.name_at,
            path_end: self.path.len(),
        });
        Ok(())
    }

    fn close(&mut self) -> Option<Step> {
        let level = self.levels.pop()?;
        self.path.truncate(level.path_end);
        self.name_at = level.name_at;
        if let Err(error) = self.trail.leave() {
            self.levels.clear();
            self.operand = None;
            return Some(Step::Failed(error));
        }
        Some(Step::After(level.status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsops::scratch::Scratch;

    fn steps(operand: &Path, follow: Follow) -> Vec<String> {
        let mut walk = Walk::new(operand.as_os_str(), follow);
        let mut seen = Vec::new();
        while let Some(step) = walk.next() {
            let mark = match step {
                Step::File(_) => "",
                Step::Before(_) => "<",
                Step::After(_) => ">",
                Step::Failed(_) => "!",
            };
            seen.push(format!("{mark}{}", walk.below().display()));
        }
        seen
    }

    #[test]
    fn a_directory_is_shown_before_and_after_what_it_holds() {
        let dir = Scratch::new();
        std::fs::create_dir_all(dir.path().join("a/b")).unwrap();
        assert_eq!(
            steps(dir.path(), Follow::Never),
            ["<", "<a", "<a/b", ">a/b", ">a", ">"]
        );
    }

    #[test]
    fn links_are_followed_only_on_demand_and_loops_end() {
        let dir = Scratch::new();
        std::fs::create_dir(dir.path().join("a")).unwrap();
        std::os::unix::fs::symlink("..", dir.path().join("a/up")).unwrap();
        assert_eq!(
            steps(dir.path(), Follow::Never),
            ["<", "<a", "a/up", ">a", ">"]
        );
        assert_eq!(
            steps(dir.path(), Follow::Always),
            ["<", "<a", "!a/up", ">a", ">"]
        );
    }

    #[test]
    fn a_tree_deeper_than_any_path_is_walked_with_few_descriptors() {
        let dir = Scratch::new();
        let mut trail = Trail::default();
        trail.enter(dir.path(), false).unwrap();
        for _ in 0..3000 {
            rustix::fs::mkdirat(trail.last(), "deep", 0o700.into()).unwrap();
            trail.enter("deep", false).unwrap();
        }
        let mut walk = Walk::new(dir.path().as_os_str(), Follow::Never);
        let mut deepest = 0;
        while let Some(step) = walk.next() {
            assert!(!matches!(step, Step::Failed(_)), "{step:?}");
            deepest = deepest.max(walk.depth());
            if matches!(step, Step::After(_)) && walk.depth() > 0 {
                let flags = rustix::fs::AtFlags::REMOVEDIR;
                rustix::fs::unlinkat(walk.dir(), walk.name(), flags).unwrap();
            }
        }
        assert_eq!(deepest, 3000);
    }
}
