//! Tokens: operators, words, newlines, and the here-documents that follow them.
//!
//! Lexer and parser are one value, since neither can do without the other: `$(...)` inside
//! a word is a program, and what a word means depends on where the grammar stands. The
//! text of the command being read stays in `buf`, so that an attempt can be taken back.

use super::ast::{Name, Word};
use super::attempt::Trials;
use super::error::{self, Fault, SyntaxError};
use super::input::{Line, Lines, Prompt};
use super::stack::StackGuard;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The alias table, shared by the shell and its parsers.
pub type Aliases = Rc<RefCell<BTreeMap<Vec<u8>, Vec<u8>>>>;

/// The result of reading a piece of syntax.
pub type Parsed<T> = Result<T, SyntaxError>;

/// Operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Amp,
    AndAnd,
    Pipe,
    OrOr,
    Semi,
    SemiSemi,
    SemiAmp,
    Open,
    Close,
    Less,
    Here,
    HereTabs,
    LessAmp,
    LessGreat,
    Great,
    GreatGreat,
    GreatAmp,
    GreatPipe,
    AmpGreat,
}

/// The operators, longer ones before their beginnings.
const OPERATORS: &[(&[u8], Op)] = &[
    (b"<<-", Op::HereTabs),
    (b"&&", Op::AndAnd),
    (b"&>", Op::AmpGreat),
    (b"||", Op::OrOr),
    (b";;", Op::SemiSemi),
    (b";&", Op::SemiAmp),
    (b"<<", Op::Here),
    (b"<&", Op::LessAmp),
    (b"<>", Op::LessGreat),
    (b">>", Op::GreatGreat),
    (b">&", Op::GreatAmp),
    (b">|", Op::GreatPipe),
    (b"&", Op::Amp),
    (b"|", Op::Pipe),
    (b";", Op::Semi),
    (b"(", Op::Open),
    (b")", Op::Close),
    (b"<", Op::Less),
    (b">", Op::Great),
];

impl Op {
    /// Whether a redirection begins with it.
    pub fn is_redirection(self) -> bool {
        use Op::*;
        matches!(
            self,
            Less | Here
                | HereTabs
                | LessAmp
                | LessGreat
                | Great
                | GreatGreat
                | GreatAmp
                | GreatPipe
                | AmpGreat
        )
    }

    fn text(self) -> String {
        let found = OPERATORS.iter().find(|(_, op)| *op == self);
        found.map_or(String::new(), |(text, _)| {
            String::from_utf8_lossy(text).into_owned()
        })
    }
}

/// A token.
#[derive(Debug)]
pub enum Token {
    /// A word with its quotes and expansions.
    Word(Word),
    /// Digits directly before a redirection.
    Number(i32),
    /// An operator.
    Op(Op),
    /// The end of a line; its here-documents have been read.
    Newline,
    /// The end of the input.
    End,
}

/// A here-document whose body comes after the line.
pub(super) struct PendingHere {
    pub delimiter: Vec<u8>,
    pub strip_tabs: bool,
    pub quoted: bool,
    pub body: Rc<OnceCell<Word>>,
}

/// An alias whose text is being read: it is not expanded in itself.
#[derive(Clone)]
pub(super) struct ActiveAlias {
    pub name: Vec<u8>,
    pub end: usize,
    /// The text ends in a blank: the word after it is looked up too.
    pub opens_next: bool,
}

/// A token that has been looked at and not taken.
pub(super) struct Peeked {
    pub token: Token,
    pub start: usize,
    pub line: u32,
}

/// Reads a program: characters, tokens, syntax.
pub struct Parser {
    pub(super) buf: Vec<u8>,
    pub(super) pos: usize,
    pub(super) line: u32,
    source: Box<dyn Lines>,
    ended: bool,
    /// Nothing of the next command has been read yet.
    pub(super) fresh: bool,
    pub(super) aliases: Option<Aliases>,
    pub(super) active: Vec<ActiveAlias>,
    pub(super) trials: Trials,
    pub(super) here: Vec<PendingHere>,
    pub(super) peeked: Option<Peeked>,
    /// The end of the last token taken.
    pub(super) last_end: usize,
    /// The item just read was ended by `;` or `&`.
    pub(super) separated: bool,
    pub(super) stack: StackGuard,
    /// Keep the source text of pipelines, for the job table.
    pub keep_text: bool,
}

impl Parser {
    /// A parser on a source of lines.
    pub fn new(source: Box<dyn Lines>, aliases: Option<Aliases>, stack: StackGuard) -> Parser {
        Parser {
            buf: Vec::new(),
            pos: 0,
            line: 1,
            source,
            ended: false,
            fresh: true,
            aliases,
            active: Vec::new(),
            trials: Trials::default(),
            here: Vec::new(),
            peeked: None,
            last_end: 0,
            separated: false,
            stack,
            keep_text: false,
        }
    }

    /// The first line's number, where a text stands inside another.
    pub fn at_line(mut self, line: u32) -> Parser {
        self.line = line;
        self
    }

    /// Forgets what has been read of the current line, after an error.
    pub fn discard_line(&mut self) {
        self.buf.clear();
        self.pos = 0;
        self.peeked = None;
        self.here.clear();
        self.active.clear();
        self.trials = Trials::default();
    }

    /// Asks the source again after its end: at a terminal Ctrl-D may end a here-document.
    pub fn reopen(&mut self) {
        self.ended = false;
        self.peeked
            .take_if(|peeked| matches!(peeked.token, Token::End));
    }

    /// Whether nothing but blanks is left, if that can be told without waiting.
    pub fn is_spent(&mut self) -> bool {
        let rest = self.buf.get(self.pos..).unwrap_or_default();
        self.peeked
            .as_ref()
            .is_none_or(|p| matches!(p.token, Token::Newline | Token::End))
            && rest.iter().all(|b| matches!(b, b' ' | b'\t' | b'\n'))
            && (self.ended || self.source.is_spent())
    }

    /// Drops the text of commands that are done.
    pub(super) fn start_command(&mut self) {
        let at = self.pos;
        self.active.retain(|alias| alias.end > at);
        self.trials = Trials::default();
        if self.peeked.is_none() && self.active.is_empty() {
            if self.pos >= self.buf.len() {
                self.buf.clear();
                self.pos = 0;
            } else if self.pos > 64 * 1024 {
                self.buf.drain(..self.pos);
                self.pos = 0;
            }
        }
        self.fresh = true;
    }

    pub(super) fn fail<T>(&self, fault: Fault) -> Parsed<T> {
        Err(SyntaxError {
            line: self.line,
            fault,
            crlf: self.has_crlf(),
        })
    }

    fn has_crlf(&self) -> bool {
        memchr::memmem::find(&self.buf, b"\r\n").is_some()
    }

    /// Reads one more line into the buffer; false at the end.
    pub(super) fn more(&mut self) -> Parsed<bool> {
        if self.ended {
            return Ok(false);
        }
        let prompt = if std::mem::take(&mut self.fresh) {
            Prompt::First
        } else {
            Prompt::More
        };
        let start = self.buf.len();
        loop {
            match self.source.next(prompt, &mut self.buf) {
                Ok(Line::Read) => drop_nuls(&mut self.buf, start),
                Ok(Line::End) => {
                    self.ended = true;
                    return Ok(false);
                }
                Ok(Line::Interrupted) => return self.fail(Fault::Interrupted),
                Err(error) => return self.fail(Fault::Read(error)),
            }
            if self.buf.len() > start {
                return Ok(true);
            }
        }
    }

    /// The next byte, which stays.
    pub(super) fn peek_byte(&mut self) -> Parsed<Option<u8>> {
        loop {
            if let Some(&byte) = self.buf.get(self.pos) {
                self.fresh = false;
                return Ok(Some(byte));
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    /// The byte after the next, which stays.
    pub(super) fn peek_second(&mut self) -> Parsed<Option<u8>> {
        while self.pos + 1 >= self.buf.len() {
            if !self.more()? {
                return Ok(None);
            }
        }
        Ok(self.buf.get(self.pos + 1).copied())
    }

    /// The next byte after any line continuations, which are dropped.
    pub(super) fn peek_joined(&mut self) -> Parsed<Option<u8>> {
        loop {
            match self.peek_byte()? {
                Some(b'\\') if self.peek_second()? == Some(b'\n') => {
                    self.pos += 2;
                    self.line += 1;
                }
                other => return Ok(other),
            }
        }
    }

    /// Takes the next byte.
    pub(super) fn bump(&mut self) {
        if self.buf.get(self.pos) == Some(&b'\n') {
            self.line += 1;
        }
        self.pos += 1;
    }

    /// Looks at the next token.
    pub(super) fn peek(&mut self) -> Parsed<&Token> {
        if self.peeked.is_none() {
            self.skip_blanks()?;
            let (start, line) = (self.pos, self.line);
            let token = self.token()?;
            self.peeked = Some(Peeked { token, start, line });
        }
        match &self.peeked {
            Some(peeked) => Ok(&peeked.token),
            None => self.fail(Fault::Unterminated("token")),
        }
    }

    /// Takes the next token.
    pub(super) fn take(&mut self) -> Parsed<Token> {
        self.peek()?;
        self.last_end = self.pos;
        match self.peeked.take() {
            Some(peeked) => Ok(peeked.token),
            None => Ok(Token::End),
        }
    }

    /// Takes a regular expression of `[[`: parentheses and `|` are part of it.
    pub(super) fn take_regex(&mut self) -> Parsed<Word> {
        self.skip_blanks()?;
        let start = self.pos;
        let word = self.unquoted(super::word::Until::Regex)?;
        self.last_end = self.pos;
        if self.pos == start {
            return self.unexpected(None);
        }
        Ok(word)
    }

    /// Where the next token begins, and its line.
    pub(super) fn token_place(&mut self) -> Parsed<(usize, u32)> {
        self.peek()?;
        let place = self.peeked.as_ref().map(|p| (p.start, p.line));
        Ok(place.unwrap_or((self.pos, self.line)))
    }

    fn skip_blanks(&mut self) -> Parsed<()> {
        loop {
            match self.peek_joined()? {
                Some(b' ' | b'\t') => self.pos += 1,
                Some(b'#') => {
                    let rest = &self.buf[self.pos..];
                    self.pos += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                _ => return Ok(()),
            }
        }
    }

    fn token(&mut self) -> Parsed<Token> {
        let Some(byte) = self.peek_byte()? else {
            // Bodies that never came end with the input.
            self.read_here_documents()?;
            return Ok(Token::End);
        };
        match byte {
            b'\n' => {
                self.bump();
                self.read_here_documents()?;
                Ok(Token::Newline)
            }
            b'<' | b'>' if self.peek_second()? == Some(b'(') => Ok(Token::Word(self.word()?)),
            b'&' | b'|' | b';' | b'(' | b')' | b'<' | b'>' => self.operator(),
            b'0'..=b'9' => match self.descriptor_number()? {
                Some(number) => Ok(Token::Number(number)),
                None => Ok(Token::Word(self.word()?)),
            },
            _ => Ok(Token::Word(self.word()?)),
        }
    }

    /// The longest operator that begins here; line continuations may break it. What begins
    /// an operator is one itself.
    fn operator(&mut self) -> Parsed<Token> {
        let mut text = Vec::new();
        let mut found = None;
        while let Some(byte) = self.peek_joined()? {
            text.push(byte);
            let Some((_, op)) = OPERATORS.iter().find(|(known, _)| *known == text) else {
                break;
            };
            found = Some(*op);
            self.pos += 1;
        }
        match found {
            Some(op) => Ok(Token::Op(op)),
            None => self.fail(Fault::Unexpected {
                found: error::Token::Word,
                expected: None,
            }),
        }
    }

    /// Digits that a redirection follows; line continuations may stand between them.
    fn descriptor_number(&mut self) -> Parsed<Option<i32>> {
        let start = (self.pos, self.line);
        let mut digits = String::new();
        while let Some(byte @ b'0'..=b'9') = self.peek_joined()? {
            digits.push(char::from(byte));
            self.pos += 1;
        }
        let is_followed = matches!(self.peek_joined()?, Some(b'<' | b'>'));
        let number = digits.parse().ok().filter(|_| is_followed);
        if number.is_none() {
            (self.pos, self.line) = start;
        }
        Ok(number)
    }

    /// Replaces the word just looked at by its alias, if it has one.
    pub(super) fn expand_alias(&mut self) -> Parsed<bool> {
        let Some(Peeked {
            token: Token::Word(word),
            start,
            ..
        }) = &self.peeked
        else {
            return Ok(false);
        };
        let (Some(aliases), Some(name), start) = (&self.aliases, word.unquoted(), *start) else {
            return Ok(false);
        };
        self.active.retain(|alias| alias.end > start);
        let aliases = aliases.borrow();
        if aliases.is_empty() || self.active.iter().any(|alias| alias.name == name) {
            return Ok(false);
        }
        let Some(text) = aliases.get(name) else {
            return Ok(false);
        };
        let grown = text.len() as isize - (self.pos - start) as isize;
        for alias in &mut self.active {
            alias.end = alias.end.saturating_add_signed(grown);
        }
        self.active.push(ActiveAlias {
            name: name.to_vec(),
            end: start + text.len(),
            opens_next: matches!(text.last(), Some(b' ' | b'\t')),
        });
        let word = self.buf.splice(start..self.pos, text.iter().copied());
        self.trials.note(start, word.collect(), text.len());
        self.pos = start;
        drop(aliases);
        self.peeked = None;
        Ok(true)
    }

    /// Whether an alias that ends in a blank ended directly before the next token.
    pub(super) fn after_open_alias(&mut self) -> Parsed<bool> {
        if self.active.is_empty() {
            return Ok(false);
        }
        let (start, _) = self.token_place()?;
        let last = self.last_end;
        let between = |end: usize| end > last && end <= start;
        Ok(self.active.iter().any(|a| a.opens_next && between(a.end)))
    }

    /// Reads the bodies that the line just ended has announced.
    fn read_here_documents(&mut self) -> Parsed<()> {
        for here in std::mem::take(&mut self.here) {
            let text = self.here_text(&here)?;
            let word = if here.quoted {
                super::word::quoted_word(text)
            } else {
                self.here_word(text)?
            };
            // A document is read once; a second body cannot come.
            let _ = here.body.set(word);
        }
        Ok(())
    }

    /// The lines up to the delimiter.
    fn here_text(&mut self, here: &PendingHere) -> Parsed<Vec<u8>> {
        let mut text = Vec::new();
        let mut continued = false;
        loop {
            if self.pos >= self.buf.len() && !self.more()? {
                return Ok(text);
            }
            let rest = &self.buf[self.pos..];
            let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let mut line = &rest[..length];
            self.pos += length;
            self.line += 1;
            if here.strip_tabs && !continued {
                let tabs = line.iter().take_while(|&&b| b == b'\t').count();
                line = &line[tabs..];
            }
            let bare = line.strip_suffix(b"\n").unwrap_or(line);
            if !continued && bare == here.delimiter {
                return Ok(text);
            }
            text.extend_from_slice(line);
            let backslashes = bare.iter().rev().take_while(|&&b| b == b'\\').count();
            // A lone backslash joins nothing to the next line: that may be the delimiter.
            let joins = backslashes % 2 == 1 && (continued || bare != b"\\");
            continued = !here.quoted && joins;
        }
    }

    /// The error for a token that cannot stand here.
    pub(super) fn unexpected<T>(&mut self, expected: Option<&'static str>) -> Parsed<T> {
        let (_, line) = self.token_place()?;
        let found = match self.peek()? {
            Token::End => error::Token::End,
            Token::Newline => error::Token::Newline,
            Token::Number(_) => error::Token::Redirection,
            Token::Op(op) if op.is_redirection() => error::Token::Redirection,
            Token::Op(op) => error::Token::Literal(op.text()),
            Token::Word(word) => match word.unquoted() {
                Some(text) if super::parser::is_reserved(text) => {
                    error::Token::Literal(String::from_utf8_lossy(text).into_owned())
                }
                _ => error::Token::Word,
            },
        };
        Err(SyntaxError {
            line,
            fault: Fault::Unexpected { found, expected },
            crlf: self.has_crlf(),
        })
    }
}

/// Whether bytes are a name: letters, digits, underscores, no digit first.
pub fn is_name(bytes: &[u8]) -> bool {
    let Some((first, rest)) = bytes.split_first() else {
        return false;
    };
    is_name_start(*first) && rest.iter().copied().all(is_name_byte)
}

/// Whether a name can begin with this byte.
pub fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// Whether a name can hold this byte.
pub fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Splits `name=value` or `name+=value`; the flag says that it is the latter.
pub fn split_assignment(bytes: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    let equals = memchr::memchr(b'=', bytes)?;
    let (name, value) = (&bytes[..equals], &bytes[equals + 1..]);
    let (name, append) = match name.strip_suffix(b"+") {
        Some(name) => (name, true),
        None => (name, false),
    };
    is_name(name).then_some((name, append, value))
}

/// A name to keep.
pub fn name(bytes: &[u8]) -> Name {
    Rc::from(bytes)
}

/// Drops NULs, which no word can hold, from where a line begins.
fn drop_nuls(buf: &mut Vec<u8>, start: usize) {
    let Some(first) = memchr::memchr(0, &buf[start..]) else {
        return;
    };
    let rest = buf.split_off(start + first);
    buf.extend(rest.into_iter().filter(|&byte| byte != 0));
}
