//! The tree that the parser makes and the executor walks.
//!
//! What a loop touches again and again is prepared here once: literal words are marked,
//! builtins are looked up, constant arithmetic is parsed at its first use. Bodies are
//! shared by `Rc`, so a function may redefine itself while it runs.

use super::arith::Expr;
use super::builtin::Builtin;
use super::pattern::is_literal;
use std::cell::OnceCell;
use std::rc::Rc;

/// The name of a variable or function.
pub type Name = Rc<[u8]>;

/// One word: its parts side by side.
#[derive(Debug, Default)]
pub struct Word {
    /// The parts; empty only for words inside `${x:-}` and the like.
    pub parts: Box<[Part]>,
}

impl Word {
    /// The bytes of a word without quotes and expansions.
    pub fn unquoted(&self) -> Option<&[u8]> {
        match &*self.parts {
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The bytes of a word that is the same at every expansion, and no pattern.
    pub fn constant(&self) -> Option<&[u8]> {
        match &*self.parts {
            [Part::Text(text)] if is_literal(text) => Some(text),
            [Part::Quoted(text)] => Some(text),
            _ => None,
        }
    }
}

/// A piece of a word.
#[derive(Debug)]
pub enum Part {
    /// Bytes outside quotes: pattern characters count.
    Text(Box<[u8]>),
    /// Bytes inside quotes.
    Quoted(Box<[u8]>),
    /// `~` or `~name`, with the name.
    Tilde(Box<[u8]>),
    /// `$x`, `${x...}`.
    Param(Box<Param>),
    /// `$(...)` or backquotes.
    Command {
        /// What runs.
        list: Rc<List>,
        /// Inside double quotes.
        quoted: bool,
    },
    /// `$((...))`.
    Arith(Box<Arith>),
    /// `<(...)` or `>(...)`.
    Process {
        /// What runs.
        list: Rc<List>,
        /// `<(`: the process writes and we read.
        reads: bool,
    },
}

/// An arithmetic expansion.
#[derive(Debug)]
pub struct Arith {
    /// The expression's text with its own expansions.
    pub word: Word,
    /// The parsed form where the text has no expansions.
    pub parsed: OnceCell<Rc<Expr>>,
    /// Inside double quotes.
    pub quoted: bool,
}

/// A parameter expansion.
#[derive(Debug)]
pub struct Param {
    /// Which parameter.
    pub source: Source,
    /// What is done with its value.
    pub op: Op,
    /// Inside double quotes.
    pub quoted: bool,
}

/// The parameter of an expansion.
#[derive(Debug, PartialEq, Eq)]
pub enum Source {
    /// A variable.
    Var(Name),
    /// `$1` and on; 0 is `$0`.
    Position(usize),
    /// `$@`
    At,
    /// `$*`
    Star,
    /// `$#`
    Count,
    /// `$?`
    Status,
    /// `$-`
    Flags,
    /// `$$`
    Pid,
    /// `$!`
    LastJob,
}

/// What `${x...}` does with the value.
#[derive(Debug)]
pub enum Op {
    /// `$x`
    Value,
    /// `${#x}`
    Length,
    /// `${x-w}`; `colon`: an empty value counts as unset.
    Default { colon: bool, word: Word },
    /// `${x=w}`
    Assign { colon: bool, word: Word },
    /// `${x?w}`
    Error { colon: bool, word: Word },
    /// `${x+w}`
    Instead { colon: bool, word: Word },
    /// `${x#p}`, `##`, `%`, `%%`
    Trim {
        suffix: bool,
        longest: bool,
        pattern: Word,
    },
    /// `${x:offset:length}`
    Slice {
        offset: Arith,
        length: Option<Arith>,
    },
    /// `${x/p/w}`, `${x//p/w}`
    Replace {
        all: bool,
        pattern: Word,
        with: Word,
    },
}

/// `name=value` before a command.
#[derive(Debug)]
pub struct Assign {
    /// The variable.
    pub name: Name,
    /// `+=`
    pub append: bool,
    /// The value, expanded without splitting.
    pub value: Word,
}

/// One redirection.
#[derive(Debug)]
pub struct Redirect {
    /// The descriptor that changes; None: what the operator implies.
    pub fd: Option<i32>,
    /// How, and to what.
    pub kind: RedirectKind,
}

impl Redirect {
    /// The descriptor, where all that happens to it is to lead to `/dev/null`: opening that
    /// waits for nobody, as opening a FIFO does.
    pub fn null_end(&self) -> Option<i32> {
        let (word, implied) = match &self.kind {
            RedirectKind::Read(word) => (word, 0),
            RedirectKind::Append(word) | RedirectKind::Write { file: word, .. } => (word, 1),
            _ => return None,
        };
        (word.constant() == Some(b"/dev/null")).then(|| self.fd.unwrap_or(implied))
    }
}

/// The redirection operators.
#[derive(Debug)]
pub enum RedirectKind {
    /// `<`
    Read(Word),
    /// `>` (`force`: `>|`)
    Write { file: Word, force: bool },
    /// `>>`
    Append(Word),
    /// `<>`
    ReadWrite(Word),
    /// `<&`, `>&` with a number or `-`
    Dup { word: Word, output: bool },
    /// `&>`: both standard output and error.
    Both(Word),
    /// `<<`, `<<-`; filled when the line ends.
    Here(Rc<OnceCell<Word>>),
}

impl RedirectKind {
    /// The word that is expanded for it; None: a here-document whose body has not come.
    pub fn word(&self) -> Option<&Word> {
        match self {
            RedirectKind::Read(word)
            | RedirectKind::Append(word)
            | RedirectKind::ReadWrite(word)
            | RedirectKind::Both(word)
            | RedirectKind::Write { file: word, .. }
            | RedirectKind::Dup { word, .. } => Some(word),
            RedirectKind::Here(body) => body.get(),
        }
    }
}

/// A simple command.
#[derive(Debug)]
pub struct Simple {
    /// Assignments in front.
    pub assigns: Box<[Assign]>,
    /// The command and its arguments.
    pub words: Box<[Argument]>,
    /// In the order written.
    pub redirects: Box<[Redirect]>,
    /// Where it stands.
    pub line: u32,
    /// The builtin of a literal first word.
    pub builtin: Option<&'static Builtin>,
}

/// A word of a simple command.
#[derive(Debug)]
pub enum Argument {
    /// Split and globbed.
    Word(Word),
    /// `name=value` after `export`, `local` or `readonly`: an assignment.
    Assign(Assign),
}

/// A command.
#[derive(Debug)]
pub enum Command {
    /// Words and redirections.
    Simple(Simple),
    /// Everything with its own syntax.
    Compound(Box<Compound>),
    /// `name() body`
    Function { name: Name, body: Rc<Command> },
}

/// A compound command with its redirections.
#[derive(Debug)]
pub struct Compound {
    /// What it is.
    pub kind: Kind,
    /// After its last word.
    pub redirects: Box<[Redirect]>,
    /// Where it begins.
    pub line: u32,
}

/// The compound commands.
#[derive(Debug)]
pub enum Kind {
    /// `{ ...; }`
    Brace(List),
    /// `( ... )`
    Subshell(Rc<List>),
    /// `if`: conditions with their bodies, and `else`.
    If {
        arms: Box<[(List, List)]>,
        otherwise: Option<List>,
    },
    /// `while`, `until`
    While {
        until: bool,
        condition: List,
        body: List,
    },
    /// `for`; without words: the positional parameters.
    For {
        name: Name,
        words: Option<Box<[Word]>>,
        body: List,
    },
    /// `case`
    Case { word: Word, arms: Box<[Arm]> },
    /// `[[ ... ]]`
    Test(Cond),
}

/// One arm of `case`.
#[derive(Debug)]
pub struct Arm {
    /// Alternatives.
    pub patterns: Box<[Word]>,
    /// What runs.
    pub body: List,
    /// Ends with `;&`: the next body runs too.
    pub falls: bool,
}

/// An expression of `[[ ]]`.
#[derive(Debug)]
pub enum Cond {
    /// `a && b && ...`
    And(Vec<Cond>),
    /// `a || b || ...`
    Or(Vec<Cond>),
    /// `! a`
    Not(Box<Cond>),
    /// `-x word`
    Unary(Box<[u8]>, Word),
    /// `word op word`
    Binary(Word, Box<[u8]>, Word),
    /// A lone word: not empty?
    Word(Word),
}

/// Commands one after the other.
#[derive(Debug, Default)]
pub struct List {
    /// In order.
    pub items: Box<[Item]>,
}

/// An and-or list and how it is run.
#[derive(Debug)]
pub struct Item {
    /// Pipelines joined by `&&` and `||`.
    pub chain: Chain,
    /// Ended by `&`: the source text, for `jobs`.
    pub background: Option<Rc<[u8]>>,
}

/// Pipelines with `&&` and `||` between them.
#[derive(Debug)]
pub struct Chain {
    /// The first pipeline.
    pub first: Pipeline,
    /// The others; true: after `&&`.
    pub rest: Box<[(bool, Pipeline)]>,
}

/// Commands joined by `|`.
#[derive(Debug)]
pub struct Pipeline {
    /// `!` in front.
    pub negated: bool,
    /// At least one.
    pub commands: Box<[Rc<Command>]>,
    /// The source text, kept for interactive shells.
    pub text: Option<Rc<[u8]>>,
}
