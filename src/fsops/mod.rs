//! Trees of files: walking, copying, removing, and the formats of modes, sizes and times.
//!
//! Every recursion goes through [`walk::Walk`], which holds directories open and never
//! follows a symbolic link unless told to. Nothing here prints: an engine asks and reports
//! through [`Listener`].

pub mod copy;
pub mod data;
pub mod format;
pub mod mode;
pub mod number;
pub mod owner;
pub mod remove;
pub mod replace;
#[cfg(test)]
pub(crate) mod scratch;
pub mod status;
pub mod trail;
pub mod transfer;
pub mod walk;
pub mod when;
pub mod whither;

use crate::applet::Ctx;
use crate::error::{EngineError, Error};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Who answers and who is told while an engine goes through a tree.
pub trait Listener {
    /// Asks; anything but an answer that begins with `y` or `Y` is a no.
    fn confirm(&mut self, question: &str) -> bool;
    /// Something failed; the engine goes on with the rest.
    fn failed(&mut self, error: Error);
}

impl Listener for Ctx<'_> {
    fn confirm(&mut self, question: &str) -> bool {
        self.tell(format!("{}: {question} ", self.name()));
        // One byte at a time: what follows the answer belongs to others.
        let mut answer = Vec::new();
        let mut byte = [0];
        while let Ok(1) = std::io::Read::read(&mut &*self.stdin(), &mut byte) {
            if byte[0] == b'\n' {
                break;
            }
            answer.push(byte[0]);
            answer.truncate(16);
        }
        matches!(answer.first(), Some(b'y' | b'Y'))
    }

    fn failed(&mut self, error: Error) {
        self.complain(error);
    }
}

/// What an engine refuses to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// An operand of `rm` that ends in `.` or `..`.
    Dots,
    /// The root directory, by whatever name.
    Root(PathBuf),
    /// A directory where `-r` was not given, or as the target of a plain file.
    IsDirectory(PathBuf),
    /// A source directory of `cp` without `-r`.
    Omitted(PathBuf),
    /// A directory into itself.
    IntoItself(PathBuf),
    /// Source and target are one file.
    SameFile(PathBuf, PathBuf),
    /// A target that is no directory.
    NotDirectory(PathBuf),
}

impl EngineError for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Dots => write!(f, "can't remove '.' or '..'"),
            Refusal::Root(path) => {
                write!(
                    f,
                    "can't remove '{}': it is the root directory",
                    path.display()
                )
            }
            Refusal::IsDirectory(path) => write!(f, "'{}' is a directory", path.display()),
            Refusal::Omitted(path) => write!(f, "omitting directory '{}'", path.display()),
            Refusal::IntoItself(path) => write!(
                f,
                "recursion detected, omitting directory '{}'",
                path.display()
            ),
            Refusal::SameFile(a, b) => write!(
                f,
                "'{}' and '{}' are the same file",
                a.display(),
                b.display()
            ),
            Refusal::NotDirectory(path) => {
                write!(f, "target '{}' is not a directory", path.display())
            }
        }
    }
}

/// The last component of a path, without slashes behind it: `a/b/` gives `b`, `/` gives `/`.
pub fn base_name(path: &OsStr) -> &OsStr {
    let bytes = trim_slashes(path.as_bytes());
    match bytes.iter().rposition(|&b| b == b'/') {
        Some(at) if at + 1 < bytes.len() => OsStr::from_bytes(&bytes[at + 1..]),
        _ => OsStr::from_bytes(bytes),
    }
}

/// What comes before the last component: `a/b/` gives `a`, `b` gives `.`, `/b` gives `/`.
pub fn dir_name(path: &OsStr) -> &OsStr {
    let bytes = trim_slashes(path.as_bytes());
    match bytes.iter().rposition(|&b| b == b'/') {
        Some(at) => OsStr::from_bytes(trim_slashes(&bytes[..at.max(1)])),
        None => OsStr::new("."),
    }
}

/// Drops slashes at the end; of slashes alone one stays.
fn trim_slashes(bytes: &[u8]) -> &[u8] {
    let mut end = bytes.len();
    while end > 1 && bytes[end - 1] == b'/' {
        end -= 1;
    }
    &bytes[..end]
}

/// `dir` and `name` with exactly one slash between them.
pub fn join(dir: &OsStr, name: &OsStr) -> OsString {
    let mut path = dir.as_bytes().to_vec();
    if path.last().is_some_and(|&b| b != b'/') {
        path.push(b'/');
    }
    path.extend_from_slice(name.as_bytes());
    OsString::from_vec(path)
}

/// Where a source lands: in the target if that is a directory, else the target itself.
pub fn destination(source: &OsStr, target: &Path, into: bool) -> PathBuf {
    if into {
        PathBuf::from(join(target.as_os_str(), base_name(source)))
    } else {
        target.to_owned()
    }
}

#[test]
fn names_are_cut_at_the_last_component() {
    let check = |path: &str, dir: &str, base: &str| {
        assert_eq!(dir_name(OsStr::new(path)), dir, "{path}");
        assert_eq!(base_name(OsStr::new(path)), base, "{path}");
    };
    check("a", ".", "a");
    check("a/b", "a", "b");
    check("a//b//", "a", "b");
    check("/b", "/", "b");
    check("/", "/", "/");
    check("///", "/", "/");
    check("", ".", "");
    check("..", ".", "..");
}
