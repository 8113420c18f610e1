//! tar and gzip: archives as streams.
//!
//! Archives come from strangers: every name is checked before it is used, nothing grows
//! with the input, and an archive that ends early is an error and not an end.

mod create;
mod extract;
pub mod gzip;
mod header;
pub mod listing;
mod read;
mod write;

pub use create::{Create, add};
pub use extract::{Extract, Extraction, safe_name};
pub(crate) use extract::{copy, set_mtime};
pub use header::{BLOCK, Header, Kind};
pub use read::Reader;
pub use write::Writer;

use crate::error::{EngineError, reason};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What can be wrong with an archive or on the way to it.
#[derive(Debug)]
pub enum Error {
    /// Reading the archive failed.
    Read(io::Error),
    /// Writing the archive failed.
    Write(io::Error),
    /// A file of the tree could not be read or made.
    File {
        /// What was tried.
        verb: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// No header where one belongs, or a damaged one.
    NotTar,
    /// A kind of member that we do not know.
    UnknownKind(u8),
    /// The archive ends in the middle of a member.
    Truncated,
    /// A name that leads out of the directory.
    Hostile(Vec<u8>),
    /// A name or an extended header longer than any real one.
    TooLong,
    /// A file grew or shrank while it was archived.
    Changed(PathBuf),
    /// Not gzip, damaged, or something else behind the end.
    Gzip(&'static str),
}

impl Error {
    pub(crate) fn file(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::File {
            verb,
            path: path.to_owned(),
            source,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Read(error) => match gzip::fault(error) {
                Some(fault) => f.write_str(fault),
                None => write!(f, "read error: {}", reason(error)),
            },
            Error::Write(error) => write!(f, "write error: {}", reason(error)),
            Error::File { verb, path, source } => {
                write!(f, "can't {verb} '{}': {}", path.display(), reason(source))
            }
            Error::NotTar => f.write_str("invalid tar magic"),
            Error::UnknownKind(flag) => write!(f, "unknown kind of member: 0x{flag:02x}"),
            Error::Truncated => f.write_str("short read"),
            Error::Hostile(name) => {
                let name = String::from_utf8_lossy(name);
                write!(f, "'{}': leads out of the directory", name.escape_debug())
            }
            Error::TooLong => f.write_str("a name in the archive is too long"),
            Error::Changed(path) => write!(f, "{}: changed while it was read", path.display()),
            Error::Gzip(fault) => f.write_str(fault),
        }
    }
}

impl EngineError for Error {}
