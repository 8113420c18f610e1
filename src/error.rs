//! The error that ends an applet, and the exit status that goes with it.
//!
//! Each engine has an enum of its own that callers can match; an applet turns whatever it
//! cannot mend into [`Error`], and `applet::run` prints it once, as `applet: object: reason`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What an applet or an engine call comes back with.
pub type Result<T> = std::result::Result<T, Error>;

/// An exit status as `wait` reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    /// All went well.
    pub const OK: Exit = Exit(0);
    /// The work failed, in part or whole.
    pub const FAILED: Exit = Exit(1);
    /// The command line made no sense (where the original does not say 1).
    pub const USAGE: Exit = Exit(2);
    /// No applet or program has this name.
    pub const NOT_FOUND: Exit = Exit(127);
}

/// What an engine's error enum implements to travel inside [`Error`].
pub trait EngineError: fmt::Display + fmt::Debug {
    /// The exit status that this failure asks for.
    fn exit(&self) -> Exit {
        Exit::FAILED
    }
}

/// Why an applet gave up.
#[derive(Debug)]
pub enum Error {
    /// `--help` was given: the text goes to standard output, status 0.
    Help(String),
    /// The command line made no sense: what is wrong, then the usage text.
    Usage {
        /// What is wrong, without the applet's name; empty: only the usage is shown.
        complaint: String,
        /// The usage text.
        usage: String,
        /// 1 or 2, as the original has it.
        exit: Exit,
    },
    /// A system call on something with a name failed.
    Io {
        /// What was tried: `open` gives "can't open 'x': reason"; empty gives "x: reason".
        verb: &'static str,
        /// The object.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// An engine refused or failed.
    Engine(Box<dyn EngineError>),
    /// An applet's own complaint that nobody matches on; engines have enums.
    Message(String, Exit),
}

impl Error {
    /// The status to end with.
    pub fn exit(&self) -> Exit {
        match self {
            Error::Help(_) => Exit::OK,
            Error::Usage { exit, .. } | Error::Message(_, exit) => *exit,
            Error::Io { .. } => Exit::FAILED,
            Error::Engine(error) => error.exit(),
        }
    }

    /// A complaint of the applet itself, status 1.
    pub fn message(text: impl Into<String>) -> Error {
        Error::Message(text.into(), Exit::FAILED)
    }
}

impl<E: EngineError + 'static> From<E> for Error {
    fn from(error: E) -> Error {
        Error::Engine(Box::new(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Help(text) | Error::Message(text, _) => f.write_str(text),
            Error::Usage { complaint, .. } => f.write_str(complaint),
            Error::Io {
                verb: "",
                path,
                source,
            } => {
                write!(f, "{}: {}", path.display(), reason(source))
            }
            Error::Io { verb, path, source } => {
                write!(f, "can't {verb} '{}': {}", path.display(), reason(source))
            }
            Error::Engine(error) => error.fmt(f),
        }
    }
}

/// The system's text for an error, without Rust's "(os error N)".
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// Gives a bare system error its place: `File::open(p).at("open", p)?`.
pub trait At<T> {
    /// Says what was tried on which object; `verb` as in [`Error::Io`].
    fn at(self, verb: &'static str, path: impl AsRef<Path>) -> Result<T>;
}

impl<T, E: Into<io::Error>> At<T> for std::result::Result<T, E> {
    fn at(self, verb: &'static str, path: impl AsRef<Path>) -> Result<T> {
        self.map_err(|source| Error::Io {
            verb,
            path: path.as_ref().to_owned(),
            source: source.into(),
        })
    }
}

#[test]
fn an_io_error_reads_like_the_originals() {
    let missing = || std::result::Result::<(), _>::Err(io::Error::from_raw_os_error(2));
    let text = |verb| missing().at(verb, "f").map_err(|e| e.to_string());
    assert_eq!(
        text("open"),
        Err("can't open 'f': No such file or directory".into())
    );
    assert_eq!(text(""), Err("f: No such file or directory".into()));
}
