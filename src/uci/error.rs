//! What can go wrong, in the original's words where scripts know them.

use crate::error::{EngineError, reason};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What calls of this engine come back with.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call failed.
#[derive(Debug)]
pub enum Error {
    /// A reference or value that makes no sense here.
    InvalidArgument,
    /// No such package, section or option.
    NotFound,
    /// The system refused; with the place and the reason where there is more to say.
    Io(Option<Box<IoFailure>>),
    /// Text out of form; with the place if it came from a file.
    Parse(Option<Fault>),
    /// The same package or name twice.
    Duplicate,
}

/// A refusal of the system.
#[derive(Debug)]
pub struct IoFailure {
    /// The file or directory.
    pub path: PathBuf,
    /// The system's answer.
    pub source: io::Error,
    /// The old file and what waits for it were kept: the message says so and how to go on.
    pub pending_kept: bool,
}

/// Where and why a text is out of form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub reason: Reason,
    /// Physical line, from 1.
    pub line: u32,
    /// Offset in bytes from the beginning of the logical line.
    pub byte: usize,
    /// Offset in bytes from the beginning of the text to what is wrong: the word, the quote.
    pub origin: usize,
}

/// What can be wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The first word is no keyword.
    Command,
    /// A word is missing.
    TooFew,
    /// A word too many.
    TooMany,
    /// A section or option name with bytes other than letters, digits, `_`.
    Name,
    /// A section type with blanks, control characters or bytes over 126.
    Type,
    /// An option before the first section.
    NoSection,
    /// An option that goes with the faulty line of its section.
    Orphan,
    /// A section of this name has another type.
    OtherType,
    /// The text ends inside these quotes.
    OpenQuote(u8),
    /// A section before the first `package` of an import.
    NoPackage,
    /// The text ends behind this keyword.
    Nameless(&'static str),
    /// A byte 0: the file is damaged.
    Nul,
}

impl Error {
    /// The number that `uci add` ends with.
    pub fn code(&self) -> u8 {
        match self {
            Error::InvalidArgument => 2,
            Error::NotFound => 3,
            Error::Io(_) => 4,
            Error::Parse(_) => 5,
            Error::Duplicate => 6,
        }
    }

    /// A refusal with its place.
    pub(super) fn io(path: impl AsRef<Path>, source: io::Error) -> Error {
        Error::failed(path, source, false)
    }

    /// A refusal that left the old file and the pending changes as they were.
    pub(super) fn kept(path: impl AsRef<Path>, source: io::Error) -> Error {
        Error::failed(path, source, true)
    }

    fn failed(path: impl AsRef<Path>, source: io::Error, pending_kept: bool) -> Error {
        Error::Io(Some(Box::new(IoFailure {
            path: path.as_ref().to_owned(),
            source,
            pending_kept,
        })))
    }
}

impl EngineError for Error {}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error::Parse(Some(fault))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::InvalidArgument => f.write_str("Invalid argument"),
            Error::NotFound => f.write_str("Entry not found"),
            Error::Io(None) => f.write_str("I/O error"),
            Error::Io(Some(failure)) => failure.fmt(f),
            Error::Parse(None) => f.write_str("Parse error"),
            Error::Parse(Some(fault)) => fault.fmt(f),
            Error::Duplicate => f.write_str("Duplicate entry"),
        }
    }
}

impl fmt::Display for IoFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, text) = (self.path.display(), reason(&self.source));
        write!(f, "I/O error: {path}: {text}")?;
        let next = match self.source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space",
            io::ErrorKind::ReadOnlyFilesystem => "make it writable (mount_root)",
            io::ErrorKind::NotFound => "bring the directory back (mount_root)",
            _ => "mend this",
        };
        if self.pending_kept {
            write!(f, "; nothing was changed, {next} and try again")?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault {
            reason, line, byte, ..
        } = self;
        write!(f, "Parse error ({reason}) at line {line}, byte {byte}")
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Command => "invalid command",
            Reason::TooFew => "insufficient arguments",
            Reason::TooMany => "too many arguments",
            Reason::Name => "invalid character in name field",
            Reason::Type => "invalid character in type field",
            Reason::NoSection => "option/list command found before the first section",
            Reason::Orphan => "option of a section whose line is in error",
            Reason::OtherType => {
                "section of different type overwrites prior section with same name"
            }
            Reason::OpenQuote(b'"') => "EOF with unterminated \"",
            Reason::OpenQuote(_) => "EOF with unterminated '",
            Reason::NoPackage => "attempting to import a file without a package name",
            Reason::Nameless(keyword) => return write!(f, "{keyword} without name"),
            Reason::Nul => "NUL byte",
        })
    }
}
