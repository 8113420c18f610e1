//! What stands inside `${...}`.

use super::ast::{Arith, Op, Param, Source, Word};
use super::error::Fault;
use super::lexer::{Parsed, Parser, is_name_start};
use super::word::{Quoted, Until, special};
use std::cell::OnceCell;

impl Parser {
    /// The inside of `${...}`; the opening brace has been taken.
    pub(super) fn braces(&mut self, quoted: bool) -> Parsed<Param> {
        self.enter()?;
        let mut length = false;
        if self.peek_joined()? == Some(b'#') {
            self.bump();
            // `${#}` and `${#-...}` are about `$#` itself, `${#-}` is the length of `$-`.
            length = match self.peek_joined()? {
                Some(b'}' | b':' | b'=' | b'+' | b'%' | b'/') | None => false,
                Some(b'-' | b'?' | b'#') => self.peek_second()? == Some(b'}'),
                Some(_) => true,
            };
            if !length {
                return self.operation(Source::Count, quoted);
            }
        }
        let source = self.parameter()?;
        if length {
            if self.peek_joined()? != Some(b'}') {
                return self.fail(Fault::BadSubstitution);
            }
            self.bump();
            let op = Op::Length;
            return Ok(Param { source, op, quoted });
        }
        self.operation(source, quoted)
    }

    fn parameter(&mut self) -> Parsed<Source> {
        match self.peek_joined()? {
            Some(byte) if is_name_start(byte) => Ok(Source::Var(self.name_here()?)),
            Some(b'0'..=b'9') => {
                let mut number = 0usize;
                while let Some(digit @ b'0'..=b'9') = self.peek_joined()? {
                    self.bump();
                    number = number
                        .saturating_mul(10)
                        .saturating_add(usize::from(digit - b'0'));
                }
                Ok(Source::Position(number))
            }
            Some(byte) => match special(byte) {
                Some(source) => {
                    self.bump();
                    Ok(source)
                }
                None => self.fail(Fault::BadSubstitution),
            },
            None => self.fail(Fault::Unterminated("substitution")),
        }
    }

    fn operation(&mut self, source: Source, quoted: bool) -> Parsed<Param> {
        let Some(byte) = self.peek_joined()? else {
            return self.fail(Fault::Unterminated("substitution"));
        };
        self.bump();
        let op = match byte {
            b'}' => {
                let op = Op::Value;
                return Ok(Param { source, op, quoted });
            }
            b':' => match self.peek_joined()? {
                Some(op @ (b'-' | b'=' | b'?' | b'+')) => {
                    self.bump();
                    self.default_op(op, true, quoted)?
                }
                _ => self.slice()?,
            },
            b'-' | b'=' | b'?' | b'+' => self.default_op(byte, false, quoted)?,
            b'#' | b'%' => {
                let longest = self.peek_joined()? == Some(byte);
                if longest {
                    self.bump();
                }
                Op::Trim {
                    suffix: byte == b'%',
                    longest,
                    pattern: self.unquoted(Until::Brace)?,
                }
            }
            b'/' => self.replacement()?,
            _ => return self.fail(Fault::BadSubstitution),
        };
        // The closing brace is what ended the last word.
        self.bump();
        Ok(Param { source, op, quoted })
    }

    fn default_op(&mut self, op: u8, colon: bool, quoted: bool) -> Parsed<Op> {
        let word = if quoted {
            self.quoted(Quoted::Brace)?
        } else {
            self.unquoted(Until::Brace)?
        };
        Ok(match op {
            b'-' => Op::Default { colon, word },
            b'=' => Op::Assign { colon, word },
            b'?' => Op::Error { colon, word },
            _ => Op::Instead { colon, word },
        })
    }

    fn slice(&mut self) -> Parsed<Op> {
        let expression = |word| Arith {
            word,
            parsed: OnceCell::new(),
            quoted: true,
        };
        let offset = expression(self.quoted(Quoted::Slice)?);
        let length = if self.peek_byte()? == Some(b':') {
            self.bump();
            let word = self.quoted(Quoted::Slice)?;
            if self.peek_byte()? != Some(b'}') {
                return self.fail(Fault::BadSubstitution);
            }
            Some(expression(word))
        } else {
            None
        };
        Ok(Op::Slice { offset, length })
    }

    fn replacement(&mut self) -> Parsed<Op> {
        let all = self.peek_joined()? == Some(b'/');
        if all {
            self.bump();
        }
        let pattern = self.unquoted(Until::Slash)?;
        let with = if self.peek_byte()? == Some(b'/') {
            self.bump();
            self.unquoted(Until::Brace)?
        } else {
            Word::default()
        };
        Ok(Op::Replace { all, pattern, with })
    }
}
