//! The grammar of `[[ ... ]]`.

use super::ast::{Cond, Kind, Part};
use super::builtin;
use super::error::Fault;
use super::lexer::{Op, Parsed, Parser, Token};

impl Parser {
    /// `[[ ... ]]`; the opening word is still to be taken.
    pub(super) fn test_command(&mut self) -> Parsed<Kind> {
        self.take()?;
        let cond = self.test_or()?;
        match self.peek()? {
            Token::Word(word) if word.unquoted() == Some(b"]]") => self.take()?,
            _ => return self.unexpected(Some("]]")),
        };
        Ok(Kind::Test(cond))
    }

    fn test_or(&mut self) -> Parsed<Cond> {
        let mut operands = vec![self.test_and()?];
        while self.test_operator(Op::OrOr, b"-o")? {
            operands.push(self.test_and()?);
        }
        Ok(Cond::Or(operands))
    }

    fn test_and(&mut self) -> Parsed<Cond> {
        let mut operands = vec![self.test_primary()?];
        while self.test_operator(Op::AndAnd, b"-a")? {
            operands.push(self.test_primary()?);
        }
        Ok(Cond::And(operands))
    }

    /// Takes `&&` or `||`, or its old spelling.
    fn test_operator(&mut self, op: Op, spelling: &[u8]) -> Parsed<bool> {
        self.skip_newlines()?;
        let found = match self.peek()? {
            Token::Op(token) => *token == op,
            Token::Word(word) => word.unquoted() == Some(spelling),
            _ => false,
        };
        if found {
            self.take()?;
            self.skip_newlines()?;
        }
        Ok(found)
    }

    fn test_primary(&mut self) -> Parsed<Cond> {
        if !self.stack.has_room() {
            return self.fail(Fault::TooDeep);
        }
        self.skip_newlines()?;
        if matches!(self.peek()?, Token::Op(Op::Open)) {
            self.take()?;
            let inner = self.test_or()?;
            if !matches!(self.peek()?, Token::Op(Op::Close)) {
                return self.unexpected(Some(")"));
            }
            self.take()?;
            return Ok(inner);
        }
        let first = self.expect_word()?;
        let unary = match first.unquoted() {
            Some(b"!") => return Ok(Cond::Not(Box::new(self.test_primary()?))),
            Some(b"]]") => {
                self.put_back(Token::Word(first));
                return self.unexpected(None);
            }
            Some(text) if builtin::test::is_unary(text) => Some(text.into()),
            _ => None,
        };
        if let Some(op) = self.test_binary()? {
            let right = match &*op {
                b"=~" => self.take_regex()?,
                _ => self.expect_word()?,
            };
            return Ok(Cond::Binary(first, op, right));
        }
        match (unary, self.peek()?) {
            (Some(op), Token::Word(word)) if word.unquoted() != Some(b"]]") => {
                Ok(Cond::Unary(op, self.expect_word()?))
            }
            _ => Ok(Cond::Word(first)),
        }
    }

    /// A binary operator, which is taken.
    fn test_binary(&mut self) -> Parsed<Option<Box<[u8]>>> {
        let op: Option<Box<[u8]>> = match self.peek()? {
            Token::Op(Op::Less) => Some(b"<"[..].into()),
            Token::Op(Op::Great) => Some(b">"[..].into()),
            Token::Word(word) => {
                let mut quoted = [0; 1];
                let text = match &*word.parts {
                    [Part::Quoted(text)] if matches!(**text, [b'<' | b'>']) => {
                        quoted.copy_from_slice(text);
                        &quoted[..]
                    }
                    _ => word.unquoted().unwrap_or_default(),
                };
                let known = text == b"=~" || builtin::test::is_binary(text);
                (known && text != b"-a" && text != b"-o").then(|| text.into())
            }
            _ => None,
        };
        if op.is_some() {
            self.take()?;
        }
        Ok(op)
    }
}
