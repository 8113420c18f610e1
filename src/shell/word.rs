//! Words: quotes, `$`, backquotes, and all that stands inside `${...}`.

use super::ast::{Arith, List, Op, Param, Part, Source, Word};
use super::error::Fault;
use super::input::Text;
use super::lexer::{Parsed, Parser, is_name_byte, is_name_start, name};
use std::cell::OnceCell;
use std::rc::Rc;

/// What ends a stretch of unquoted text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// A blank or an operator.
    Token,
    /// `}`
    Brace,
    /// `/` or `}`
    Slash,
    /// A blank or an operator outside of parentheses: a regular expression of `[[`.
    Regex,
}

/// What ends a stretch of text that counts as double-quoted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoted {
    /// `"`
    Quote,
    /// `}` of a `"${x:-...}"`
    Brace,
    /// The end of the text: a here-document.
    End,
    /// `)` that no `(` opened.
    Arith,
    /// `:` or `}` of a `${x:...}`
    Slice,
}

/// Collects the parts of a word; bytes of one kind gather in one part.
#[derive(Default)]
struct Parts {
    parts: Vec<Part>,
    text: Vec<u8>,
    quoted: bool,
}

impl Parts {
    fn push(&mut self, byte: u8, quoted: bool) {
        if self.quoted != quoted {
            self.flush();
            self.quoted = quoted;
        }
        self.text.push(byte);
    }

    fn add(&mut self, part: Part) {
        self.flush();
        self.parts.push(part);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text).into_boxed_slice();
            self.parts.push(if self.quoted {
                Part::Quoted(text)
            } else {
                Part::Text(text)
            });
        }
    }

    /// Whether nothing has been collected.
    fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.text.is_empty()
    }

    /// Quotes around nothing make an empty word.
    fn mark_empty(&mut self, before: (usize, usize)) {
        if before == self.size() {
            self.add(Part::Quoted(Box::default()));
        }
    }

    fn size(&self) -> (usize, usize) {
        (self.parts.len(), self.text.len())
    }

    fn word(mut self) -> Word {
        self.flush();
        Word {
            parts: self.parts.into_boxed_slice(),
        }
    }
}

/// A word of literal bytes.
pub(super) fn quoted_word(text: Vec<u8>) -> Word {
    Word {
        parts: Box::new([Part::Quoted(text.into_boxed_slice())]),
    }
}

/// The part of a word after its `=`: `~` is seen at the start and after each colon.
pub(super) fn assigned_value(word: Word, skip: usize) -> Word {
    let mut parts = Vec::new();
    let mut start = true;
    for (index, part) in word.parts.into_vec().into_iter().enumerate() {
        let Part::Text(text) = part else {
            parts.push(part);
            start = false;
            continue;
        };
        let mut rest = if index == 0 { &text[skip..] } else { &text[..] };
        while !rest.is_empty() {
            if start && rest[0] == b'~' {
                let end = rest.iter().position(|b| matches!(b, b':' | b'/'));
                let (user, after) = rest[1..].split_at(end.unwrap_or(rest.len()) - 1);
                parts.push(Part::Tilde(user.into()));
                rest = after;
            }
            let end = rest.iter().position(|&b| b == b':').map(|at| at + 1);
            start = end.is_some();
            let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
            if !piece.is_empty() {
                parts.push(Part::Text(piece.into()));
            }
            rest = after;
        }
    }
    merge_texts(parts)
}

/// Puts neighbouring texts together again, so that constants are seen as such.
fn merge_texts(parts: Vec<Part>) -> Word {
    let mut merged: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match (merged.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(text)) => {
                *before = [&**before, &text].concat().into_boxed_slice();
            }
            (_, part) => merged.push(part),
        }
    }
    Word {
        parts: merged.into_boxed_slice(),
    }
}

impl Parser {
    /// Reads a word where the caller has seen that one begins.
    pub(super) fn word(&mut self) -> Parsed<Word> {
        self.unquoted(Until::Token)
    }

    /// The body of a here-document whose delimiter was not quoted.
    pub(super) fn here_word(&mut self, text: Vec<u8>) -> Parsed<Word> {
        let line = self.line;
        let mut inner = self.inside(text);
        inner.line = line;
        inner.quoted(Quoted::End)
    }

    /// A prompt: expanded as a here-document is.
    pub(super) fn prompt_word(&mut self) -> Parsed<Word> {
        self.quoted(Quoted::End)
    }

    /// A parser for a text that stands inside this one.
    fn inside(&self, text: Vec<u8>) -> Parser {
        let source = Box::new(Text::new(text));
        let mut inner = Parser::new(source, self.aliases.clone(), self.stack);
        inner.trials.failed = self.trials.failed;
        inner
    }

    pub(super) fn enter(&self) -> Parsed<()> {
        if self.stack.has_room() {
            Ok(())
        } else {
            self.fail(Fault::TooDeep)
        }
    }

    pub(super) fn unquoted(&mut self, until: Until) -> Parsed<Word> {
        self.enter()?;
        let mut parts = Parts::default();
        let is_inside = matches!(until, Until::Brace | Until::Slash);
        let mut depth = 0u32;
        loop {
            let Some(byte) = self.peek_byte()? else {
                if !is_inside {
                    return Ok(parts.word());
                }
                return self.fail(Fault::Unterminated("substitution"));
            };
            match byte {
                b'\\' => self.backslash(&mut parts, until == Until::Regex)?,
                b'\'' => self.single_quotes(&mut parts)?,
                b'"' => {
                    self.bump();
                    let before = parts.size();
                    self.quoted_into(Quoted::Quote, &mut parts)?;
                    self.bump();
                    parts.mark_empty(before);
                }
                b'$' => self.dollar(&mut parts, false)?,
                b'`' => self.backquotes(&mut parts, false)?,
                b'~' if parts.is_empty() && matches!(until, Until::Token | Until::Brace) => {
                    self.tilde(&mut parts, until)?
                }
                b'}' if is_inside => return Ok(parts.word()),
                b'/' if until == Until::Slash && !parts.is_empty() => return Ok(parts.word()),
                b'<' | b'>' if until == Until::Token && self.peek_second()? == Some(b'(') => {
                    self.process(&mut parts, byte == b'<')?;
                }
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>'
                    if until == Until::Token =>
                {
                    return Ok(parts.word());
                }
                other if until == Until::Regex && self.ends_regex(other, depth)? => {
                    return Ok(parts.word());
                }
                other => {
                    match other {
                        b'(' => depth += 1,
                        b')' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    self.bump();
                    parts.push(other, false);
                }
            }
        }
    }

    /// Whether a regular expression ends before this byte, so deep in parentheses.
    fn ends_regex(&mut self, byte: u8, depth: u32) -> Parsed<bool> {
        Ok(match byte {
            b'\n' => true,
            b' ' | b'\t' | b';' | b'&' | b'<' | b'>' | b')' => depth == 0,
            b'|' => depth == 0 && self.peek_second()? == Some(b'|'),
            _ => false,
        })
    }

    /// A backslash outside of quotes; `stays`: a regular expression wants it.
    fn backslash(&mut self, parts: &mut Parts, stays: bool) -> Parsed<()> {
        self.bump();
        match self.peek_byte()? {
            Some(b'\n') => self.bump(),
            Some(byte) => {
                self.bump();
                if stays {
                    parts.push(b'\\', true);
                }
                parts.push(byte, true);
            }
            None => parts.push(b'\\', true),
        }
        Ok(())
    }

    fn single_quotes(&mut self, parts: &mut Parts) -> Parsed<()> {
        self.bump();
        let before = parts.size();
        loop {
            match self.peek_byte()? {
                None => return self.fail(Fault::Unterminated("quoted string")),
                Some(b'\'') => {
                    self.bump();
                    parts.mark_empty(before);
                    return Ok(());
                }
                Some(byte) => {
                    self.bump();
                    parts.push(byte, true);
                }
            }
        }
    }

    /// `$'...'`: escapes as in C.
    fn dollar_single_quotes(&mut self, parts: &mut Parts) -> Parsed<()> {
        let mut raw = Vec::new();
        loop {
            match self.peek_byte()? {
                None => return self.fail(Fault::Unterminated("quoted string")),
                Some(b'\'') => break,
                Some(b'\\') => {
                    self.bump();
                    raw.push(b'\\');
                    if let Some(byte) = self.peek_byte()? {
                        self.bump();
                        raw.push(byte);
                    }
                }
                Some(byte) => {
                    self.bump();
                    raw.push(byte);
                }
            }
        }
        self.bump();
        let text = crate::text::escape::quoted(&raw);
        parts.add(Part::Quoted(text.into_boxed_slice()));
        Ok(())
    }

    fn tilde(&mut self, parts: &mut Parts, until: Until) -> Parsed<()> {
        self.bump();
        let mut user = Vec::new();
        loop {
            match self.peek_byte()? {
                Some(byte) if is_name_byte(byte) || byte == b'-' || byte == b'.' => {
                    self.bump();
                    user.push(byte);
                }
                // The prefix reaches to a slash or to the end of the word.
                None | Some(b'/') => break,
                Some(b'}') if until != Until::Token => break,
                Some(b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>')
                    if until == Until::Token =>
                {
                    break;
                }
                // A quote, an expansion, anything else: it was no tilde prefix.
                _ => {
                    parts.push(b'~', false);
                    user.iter().for_each(|&byte| parts.push(byte, false));
                    return Ok(());
                }
            }
        }
        parts.add(Part::Tilde(user.into_boxed_slice()));
        Ok(())
    }

    pub(super) fn quoted(&mut self, until: Quoted) -> Parsed<Word> {
        let mut parts = Parts::default();
        self.quoted_into(until, &mut parts)?;
        Ok(parts.word())
    }

    /// Reads double-quoted text; what ends it is left to the caller.
    fn quoted_into(&mut self, until: Quoted, parts: &mut Parts) -> Parsed<()> {
        self.enter()?;
        let mut depth = 0usize;
        loop {
            let Some(byte) = self.peek_byte()? else {
                return match until {
                    Quoted::End => Ok(()),
                    Quoted::Quote => self.fail(Fault::Unterminated("quoted string")),
                    _ => self.fail(Fault::Unterminated("substitution")),
                };
            };
            match (byte, until) {
                (b'"', Quoted::Quote) | (b'}', Quoted::Brace) => return Ok(()),
                (b')', Quoted::Arith) if depth == 0 => return Ok(()),
                (b':' | b'}', Quoted::Slice) if depth == 0 => return Ok(()),
                (b'"', Quoted::Brace) => {
                    // Quotes inside quotes add nothing but that a brace is one of text.
                    self.bump();
                    self.quoted_into(Quoted::Quote, parts)?;
                    self.bump();
                }
                (b'"', Quoted::Arith | Quoted::Slice) => self.bump(),
                (b'\\', _) => self.quoted_backslash(until, parts)?,
                (b'$', _) => self.dollar(parts, true)?,
                (b'`', _) => self.backquotes(parts, true)?,
                (other, _) => {
                    match other {
                        b'(' => depth += 1,
                        b')' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    self.bump();
                    parts.push(other, true);
                }
            }
        }
    }

    fn quoted_backslash(&mut self, until: Quoted, parts: &mut Parts) -> Parsed<()> {
        self.bump();
        match self.peek_byte()? {
            Some(b'\n') => self.bump(),
            Some(byte @ (b'$' | b'`' | b'\\')) => {
                self.bump();
                parts.push(byte, true);
            }
            Some(b'"') if until != Quoted::End => {
                self.bump();
                parts.push(b'"', true);
            }
            Some(b'}') if until == Quoted::Brace => {
                self.bump();
                parts.push(b'}', true);
            }
            _ => parts.push(b'\\', true),
        }
        Ok(())
    }

    /// Everything that begins with `$`.
    fn dollar(&mut self, parts: &mut Parts, quoted: bool) -> Parsed<()> {
        self.bump();
        let value = |source| {
            Part::Param(Box::new(Param {
                source,
                op: Op::Value,
                quoted,
            }))
        };
        match self.peek_joined()? {
            Some(b'{') => {
                self.bump();
                let param = self.braces(quoted)?;
                parts.add(Part::Param(Box::new(param)));
            }
            Some(b'(') => self.dollar_paren(parts, quoted)?,
            Some(b'\'') if !quoted => {
                self.bump();
                self.dollar_single_quotes(parts)?;
            }
            Some(byte) if is_name_start(byte) => {
                let name = self.name_here()?;
                parts.add(value(Source::Var(name)));
            }
            Some(byte) => match special(byte) {
                Some(source) => {
                    self.bump();
                    parts.add(value(source));
                }
                None => parts.push(b'$', quoted),
            },
            None => parts.push(b'$', quoted),
        }
        Ok(())
    }

    pub(super) fn name_here(&mut self) -> Parsed<super::ast::Name> {
        let mut bytes = Vec::new();
        while let Some(byte) = self.peek_joined()? {
            if !is_name_byte(byte) {
                break;
            }
            bytes.push(byte);
            self.bump();
        }
        Ok(name(&bytes))
    }

    /// `$((...))` if it can be read as that, else `$(...)`.
    fn dollar_paren(&mut self, parts: &mut Parts, quoted: bool) -> Parsed<()> {
        self.bump();
        if self.peek_joined()? == Some(b'(') {
            let attempt = self.attempt();
            self.bump();
            if let Some(word) = self.arithmetic()? {
                self.keep(attempt);
                parts.add(Part::Arith(Box::new(Arith {
                    word,
                    parsed: OnceCell::new(),
                    quoted,
                })));
                return Ok(());
            }
            self.take_back(attempt)?;
        }
        let list = self.parenthesised()?;
        parts.add(Part::Command { list, quoted });
        Ok(())
    }

    /// The rest of `$((...))`; None if it turns out to be a command after all.
    fn arithmetic(&mut self) -> Parsed<Option<Word>> {
        let word = match self.quoted(Quoted::Arith) {
            Ok(word) => word,
            Err(error) if matches!(error.fault, Fault::TooDeep | Fault::Interrupted) => {
                return Err(error);
            }
            Err(_) => return Ok(None),
        };
        self.bump();
        if self.peek_joined()? != Some(b')') {
            return Ok(None);
        }
        self.bump();
        Ok(Some(word))
    }

    /// A program up to the closing parenthesis, which is taken.
    fn parenthesised(&mut self) -> Parsed<Rc<List>> {
        let here = std::mem::take(&mut self.here);
        let peeked = self.peeked.take();
        let list = self.substitution_list()?;
        self.peeked = peeked;
        self.here = here;
        Ok(Rc::new(list))
    }

    fn process(&mut self, parts: &mut Parts, reads: bool) -> Parsed<()> {
        self.bump();
        self.bump();
        let list = self.parenthesised()?;
        parts.add(Part::Process { list, reads });
        Ok(())
    }

    fn backquotes(&mut self, parts: &mut Parts, quoted: bool) -> Parsed<()> {
        self.enter()?;
        let line = self.line;
        self.bump();
        let mut text = Vec::new();
        loop {
            let Some(byte) = self.peek_byte()? else {
                return self.fail(Fault::Unterminated("backquoted string"));
            };
            self.bump();
            match byte {
                b'`' => break,
                b'\\' => match self.peek_byte()? {
                    Some(next @ (b'$' | b'`' | b'\\')) => {
                        self.bump();
                        text.push(next);
                    }
                    Some(b'"') if quoted => {
                        self.bump();
                        text.push(b'"');
                    }
                    _ => text.push(b'\\'),
                },
                other => text.push(other),
            }
        }
        let list = Rc::new(self.inside(text).at_line(line).whole_program()?);
        parts.add(Part::Command { list, quoted });
        Ok(())
    }
}

/// The parameter that a single character names.
pub(super) fn special(byte: u8) -> Option<Source> {
    Some(match byte {
        b'0'..=b'9' => Source::Position(usize::from(byte - b'0')),
        b'@' => Source::At,
        b'*' => Source::Star,
        b'#' => Source::Count,
        b'?' => Source::Status,
        b'-' => Source::Flags,
        b'$' => Source::Pid,
        b'!' => Source::LastJob,
        _ => return None,
    })
}
