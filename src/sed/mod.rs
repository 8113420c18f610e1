//! sed: a script becomes commands, commands edit lines.
//!
//! `parse` checks the whole script before the first line is read; `run` does the cycles.

mod input;
mod parse;
mod pattern;
mod run;
mod substitute;

use crate::error::{EngineError, Exit};
use crate::text::regex::{self, Regex};
pub use parse::parse;
pub use run::{Settings, run};
use std::fmt;
use std::io::{self, Read};

/// What is wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No such command.
    Unknown(u8),
    /// Something follows a command that ends there.
    Extra,
    /// The script ends, or an address is not followed by a command.
    NoCommand,
    /// An address that is none.
    Address,
    /// More addresses than the command takes.
    TooMany(u8),
    /// `s`, `y` or an address without its last delimiter.
    Unterminated(u8),
    /// A flag of `s` that there is none of.
    Flag(u8),
    /// `y` with strings of different lengths.
    Lengths,
    /// `{` without `}`, or the other way round.
    Brace(u8),
    /// A jump to nowhere.
    Label(Vec<u8>),
    /// `:` without a name.
    NoLabel,
    /// `r` or `w` without a name.
    NoFile,
    /// `a`, `i` or `c` without text.
    NoText,
    /// `\3` without a third group.
    Reference(u8),
    /// An empty pattern, and none was used before.
    NoPattern,
    /// Programs are never started.
    Program,
    /// A bad regular expression.
    Regex(regex::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, byte) = match self {
            Fault::Unknown(byte) => ("unknown command", *byte),
            Fault::TooMany(byte) => ("too many addresses for", *byte),
            Fault::Unterminated(byte) => ("no delimiter ends", *byte),
            Fault::Flag(byte) => ("unknown flag of s", *byte),
            Fault::Brace(byte) => ("unmatched", *byte),
            Fault::Reference(number) => ("no such group", b'0' + number),
            Fault::Label(name) => {
                return write!(f, "no label '{}'", String::from_utf8_lossy(name));
            }
            Fault::Regex(error) => return error.fmt(f),
            plain => {
                return f.write_str(match plain {
                    Fault::Extra => "something follows the command; separate commands by ';'",
                    Fault::NoCommand => "missing command",
                    Fault::Address => "bad address",
                    Fault::Lengths => "the strings of y differ in length",
                    Fault::NoLabel => "':' needs a name",
                    Fault::NoFile => "missing file name",
                    Fault::NoText => "missing text",
                    Fault::Program => "sed starts no programs here; use a pipe",
                    _ => "no previous regular expression",
                });
            }
        };
        write!(f, "{text} '{}'", byte.escape_ascii())
    }
}

/// What is wrong with a script, and where: bytes from its beginning.
#[derive(Debug)]
pub struct Error {
    /// Offset of the byte behind what was read.
    pub at: usize,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

impl EngineError for Error {
    fn exit(&self) -> Exit {
        Exit::FAILED
    }
}

/// The files that a script and its operands name. What cannot be written is remembered on
/// the other side and stops the work at the next [`Outside::flush`].
pub trait Outside {
    /// The next operand that can be read, and its name.
    fn next_file(&mut self) -> Option<(Vec<u8>, Box<dyn Read>)>;

    /// An operand could not be read to its end.
    fn complain(&mut self, name: &[u8], error: io::Error);

    /// The operand has been read, and what was made of it may take its place.
    fn end_of_file(&mut self);

    /// A file that `r` or `R` names; None: like an empty one.
    fn read(&mut self, name: &[u8]) -> Option<Box<dyn Read>>;

    /// Writes to a target: [`MAIN`], [`STANDARD`] or [`FILES`] and up.
    fn put(&mut self, target: usize, bytes: &[u8]);

    /// Sends what is pending on the main target; false: it is of no use to go on.
    fn flush(&mut self) -> bool;
}

/// Target of edited lines: standard output, or the file that takes an operand's place.
pub const MAIN: usize = 0;
/// Target `/dev/stdout`.
pub const STANDARD: usize = 1;
/// The first of the targets in [`Script::outputs`].
pub const FILES: usize = 2;

/// A checked script.
pub struct Script {
    commands: Vec<Command>,
    regexes: Vec<Regex>,
    /// Names of files that `w` writes to; they are made before the first line is read.
    pub outputs: Vec<Vec<u8>>,
    /// The script begins with `#n`.
    silent: bool,
}

enum Address {
    Line(u64),
    Last,
    /// Number of a regular expression; None: the last one that was used.
    Regex(Option<usize>),
    Step(u64, u64),
}

/// Where a range ends.
enum End {
    Line(u64),
    Last,
    Regex(Option<usize>),
    /// So many lines more.
    Plus(u64),
    /// At the next line whose number is a multiple.
    Multiple(u64),
}

struct Command {
    from: Option<Address>,
    to: Option<End>,
    negate: bool,
    action: Action,
}

/// What a command does; numbers of commands are where execution goes on.
enum Action {
    /// `{`: to the command behind the matching `}` where the address does not match.
    Block(usize),
    /// `}`, a label, `v`.
    Nothing,
    Append(Vec<u8>),
    Insert(Vec<u8>),
    Change(Vec<u8>),
    Jump(usize),
    JumpIf(usize),
    JumpUnless(usize),
    Delete,
    DeleteFirst,
    FileName,
    Get,
    GetAppend,
    Hold,
    HoldAppend,
    List(usize),
    Next,
    NextAppend,
    Print,
    PrintFirst,
    Quit(u8),
    QuitSilently(u8),
    ReadFile(Vec<u8>),
    ReadLine(Vec<u8>),
    Substitute(Box<Substitute>),
    Write(usize),
    WriteFirst(usize),
    Exchange,
    Translate(Box<[u8; 256]>),
    Number,
    Empty,
}

struct Substitute {
    regex: Option<usize>,
    with: Vec<Part>,
    /// Whether more than the ends of the match must be known.
    groups: bool,
    /// The first occurrence that is replaced, from 1.
    first: u64,
    all: bool,
    print: bool,
    write: Option<usize>,
}

/// A piece of a replacement.
enum Part {
    Text(Vec<u8>),
    Group(u8),
    /// `\U \L \E \u \l`
    Case(u8),
}
