//! awk: patterns and actions over records, as POSIX describes the language.
//!
//! `lexer`, `parse` and `expression` make a tree in which every name is a number; `run`,
//! `eval` and `builtin` walk over it. Text is bytes. What touches files, programs and the
//! clock is behind [`World`].

mod array;
mod ast;
mod builtin;
mod eval;
mod expression;
mod format;
mod input;
mod lexer;
mod parse;
mod place;
mod record;
mod run;
mod special;
mod stream;
mod value;

use crate::error::{EngineError, Exit};
use crate::text::regex::{self, Regex};
pub use lexer::unescape;
pub use parse::parse;
pub use run::{Settings, run};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::rc::Rc;

/// A regular expression that is in use.
type Re = Rc<RefCell<Regex>>;

/// Waits for a program that has been started; its exit status.
pub type Wait = Box<dyn FnOnce() -> f64>;

/// Files, programs and standard output.
pub trait World {
    /// A file to read; `-` is standard input.
    ///
    /// # Errors
    /// Whatever the system says.
    fn read(&mut self, name: &[u8]) -> io::Result<Box<dyn Read>>;

    /// A file to write, emptied unless its end is wanted.
    ///
    /// # Errors
    /// Whatever the system says.
    fn write(&mut self, name: &[u8], append: bool) -> io::Result<Box<dyn Write>>;

    /// Starts a command to read its output.
    ///
    /// # Errors
    /// Whatever the system says.
    fn read_command(&mut self, command: &[u8]) -> io::Result<(Box<dyn Read>, Wait)>;

    /// Starts a command to give it input.
    ///
    /// # Errors
    /// Whatever the system says.
    fn write_command(&mut self, command: &[u8]) -> io::Result<(Box<dyn Write>, Wait)>;

    /// Runs a command; its exit status.
    fn system(&mut self, command: &[u8]) -> f64;

    /// Adds to standard output; false: it takes nothing any more.
    fn put(&mut self, bytes: &[u8]) -> bool;

    /// Sends what is pending on standard output; false: it takes nothing any more.
    fn flush(&mut self) -> bool;

    /// Says that something could not be read; the work goes on.
    fn complain(&mut self, name: &[u8], error: io::Error);

    /// Seconds since 1970.
    fn now(&mut self) -> i64;
}

/// A checked program.
#[derive(Default)]
pub struct Program {
    begin: Vec<Vec<ast::Statement>>,
    rules: Vec<ast::Rule>,
    end: Vec<Vec<ast::Statement>>,
    functions: Vec<ast::Function>,
    regexes: Vec<Regex>,
    globals: HashMap<Vec<u8>, usize>,
}

/// What is wrong with a program, or went wrong in it.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// A byte that means nothing.
    Byte(u8),
    /// A string without its end.
    String,
    /// A regular expression without its end.
    Regex,
    /// A bad regular expression.
    Pattern(regex::Error),
    /// Something else should stand here.
    Expected(&'static str),
    /// This should not stand here.
    Unexpected(Vec<u8>),
    /// A function that is nowhere defined.
    Function(Vec<u8>),
    /// A name that is both a function and a variable.
    Misused(Vec<u8>),
    /// A name defined twice.
    Twice(Vec<u8>),
    /// `break` without a loop, `return` without a function.
    Outside(&'static str),
    /// The wrong number or kind of arguments.
    Arguments,
    /// Something that cannot be assigned to.
    Assign,
    /// More levels inside each other than memory allows.
    Deep,
    /// Division by zero.
    Zero,
    /// `$(-1)`, or more fields than memory allows.
    Field,
    /// A file or program could not be opened or written.
    Stream(Vec<u8>, String),
    /// The limit of [`Settings`] is reached.
    Limit,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, name) = match self {
            Fault::Byte(byte) => return write!(f, "unexpected '{}'", byte.escape_ascii()),
            Fault::Expected(what) => return write!(f, "'{what}' expected"),
            Fault::Outside(word) => return write!(f, "'{word}' has nothing to leave"),
            Fault::Pattern(error) => return error.fmt(f),
            Fault::Stream(name, reason) => {
                return write!(f, "{}: {reason}", String::from_utf8_lossy(name));
            }
            Fault::Unexpected(name) => ("unexpected", name),
            Fault::Function(name) => ("no such function:", name),
            Fault::Misused(name) => ("both a function and a variable:", name),
            Fault::Twice(name) => ("defined twice:", name),
            plain => {
                return f.write_str(match plain {
                    Fault::String => "a string does not end on its line",
                    Fault::Regex => "a regular expression does not end on its line",
                    Fault::Arguments => "wrong arguments for a function",
                    Fault::Assign => "only variables, fields and elements can be assigned to",
                    Fault::Deep => "nested too deeply",
                    Fault::Zero => "division by zero",
                    Fault::Field => "there is no such field",
                    _ => "stopped",
                });
            }
        };
        write!(f, "{text} {}", String::from_utf8_lossy(name))
    }
}

/// What is wrong with a program, and in which line of it; 0: it went wrong at work.
#[derive(Debug)]
pub struct Error {
    /// Line of the program, from 1.
    pub line: usize,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => self.fault.fmt(f),
            line => write!(f, "line {line}: {}", self.fault),
        }
    }
}

impl EngineError for Error {
    fn exit(&self) -> Exit {
        Exit::USAGE
    }
}
