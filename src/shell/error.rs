//! What can go wrong in a script, in the words of ash.

use std::fmt;

/// Why a text is no program.
#[derive(Debug)]
pub struct SyntaxError {
    /// The line where it was noticed, from 1.
    pub line: u32,
    /// What is wrong.
    pub fault: Fault,
    /// The text has lines that end in CR LF, which explains much.
    pub crlf: bool,
}

/// What is said of a text whose lines end as those of other systems do.
pub const CRLF: &str = "lines end in CR LF";

/// The kinds of syntax errors.
#[derive(Debug)]
pub enum Fault {
    /// A token that cannot stand here, and what could.
    Unexpected {
        found: Token,
        expected: Option<&'static str>,
    },
    /// A quote without its end.
    Unterminated(&'static str),
    /// `${...}` that means nothing.
    BadSubstitution,
    /// A function name that is none.
    BadFunctionName,
    /// `for` without a name.
    BadForVariable,
    /// More levels inside each other than the stack holds.
    TooDeep,
    /// The script could not be read.
    Read(std::io::Error),
    /// Ctrl-C while the command was typed.
    Interrupted,
}

/// A token for messages.
#[derive(Debug)]
pub enum Token {
    /// The input ends.
    End,
    /// A line ends.
    Newline,
    /// A word.
    Word,
    /// A redirection.
    Redirection,
    /// This operator or reserved word.
    Literal(String),
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !matches!(self.fault, Fault::Read(_)) {
            f.write_str("syntax error: ")?;
        }
        match &self.fault {
            Fault::Unexpected { found, expected } => {
                match found {
                    Token::End => f.write_str("unexpected end of file")?,
                    Token::Newline => f.write_str("unexpected newline")?,
                    Token::Word => f.write_str("unexpected word")?,
                    Token::Redirection => f.write_str("unexpected redirection")?,
                    Token::Literal(text) => write!(f, "unexpected \"{text}\"")?,
                }
                if let Some(what) = expected {
                    write!(f, " (expecting \"{what}\")")?;
                }
            }
            Fault::Unterminated(what) => write!(f, "unterminated {what}")?,
            Fault::BadSubstitution => f.write_str("bad substitution")?,
            Fault::BadFunctionName => f.write_str("bad function name")?,
            Fault::BadForVariable => f.write_str("bad for loop variable")?,
            Fault::TooDeep => f.write_str("nested too deeply")?,
            Fault::Read(error) => write!(f, "can't read: {}", crate::error::reason(error))?,
            Fault::Interrupted => f.write_str("interrupted")?,
        }
        if self.crlf {
            write!(f, " ({CRLF})")?;
        }
        Ok(())
    }
}

/// Why an arithmetic expression has no value.
#[derive(Debug, PartialEq, Eq)]
pub enum ArithError {
    /// It is no expression.
    Syntax,
    /// Division or remainder by zero.
    DivideByZero,
    /// A negative exponent.
    NegativeExponent,
    /// Variables that name each other, or too many parentheses.
    TooDeep,
    /// Assignment to this read-only variable.
    ReadOnly(Vec<u8>),
    /// `set -u` and this variable is not set.
    Unset(Vec<u8>),
}

impl fmt::Display for ArithError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArithError::Syntax => f.write_str("arithmetic syntax error"),
            ArithError::DivideByZero => f.write_str("divide by zero"),
            ArithError::NegativeExponent => f.write_str("exponent less than 0"),
            ArithError::TooDeep => f.write_str("expression recursion loop detected"),
            ArithError::ReadOnly(name) => {
                write!(f, "{}: is read only", String::from_utf8_lossy(name))
            }
            ArithError::Unset(name) => {
                write!(f, "{}: parameter not set", String::from_utf8_lossy(name))
            }
        }
    }
}

/// Why execution leaves the ordinary path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// `break N`: loops still to leave.
    Break(u32),
    /// `continue N`: loops still to leave before the one that goes on.
    Continue(u32),
    /// `return`; the status is set.
    Return,
    /// `exit` or `set -e`: the shell ends with the status that is set.
    Exit,
    /// An error that ends a script and takes an interactive shell back to its prompt; it
    /// has been reported and the status is set.
    Error,
    /// Ctrl-C in an interactive shell: back to the prompt.
    Interrupt,
}

/// What executing something comes to; the exit status is in the shell.
pub type Run<T = ()> = Result<T, Flow>;
