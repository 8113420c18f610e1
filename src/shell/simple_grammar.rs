//! The grammar of simple commands and of redirections.

use super::ast::*;
use super::builtin;
use super::lexer::{Op, Parsed, Parser, PendingHere, Token, name, split_assignment};
use super::word::assigned_value;
use crate::text::escape;
use std::cell::OnceCell;
use std::rc::Rc;

impl Parser {
    pub(super) fn simple(&mut self) -> Parsed<Command> {
        let (_, line) = self.token_place()?;
        let mut assigns = Vec::new();
        let mut words: Vec<Argument> = Vec::new();
        let mut redirects = Vec::new();
        let mut declares = false;
        let mut builtin = None;
        loop {
            if self.redirect(&mut redirects)? {
                continue;
            }
            let command_may_begin = words.is_empty() || self.after_open_alias()?;
            let token = if command_may_begin {
                self.command_token()?
            } else {
                self.peek()?
            };
            if !matches!(token, Token::Word(_)) {
                break;
            }
            let Token::Word(word) = self.take()? else {
                break;
            };
            if words.is_empty() {
                match into_assignment(word) {
                    Ok(assign) => {
                        assigns.push(assign);
                        continue;
                    }
                    Err(word) => {
                        if assigns.is_empty()
                            && redirects.is_empty()
                            && matches!(self.peek()?, Token::Op(Op::Open))
                        {
                            return self.function_parens(&word);
                        }
                        builtin = word.constant().and_then(builtin::find);
                        declares = builtin.is_some_and(|builtin| builtin.declares);
                        words.push(Argument::Word(word));
                    }
                }
            } else if declares {
                words.push(match into_assignment(word) {
                    Ok(assign) => Argument::Assign(assign),
                    Err(word) => Argument::Word(word),
                });
            } else {
                if words.len() == 1 && builtin.is_some_and(|b| b.name == "command") {
                    let next = word.constant().and_then(builtin::find);
                    declares = next.is_some_and(|builtin| builtin.declares);
                }
                words.push(Argument::Word(word));
            }
        }
        if assigns.is_empty() && words.is_empty() && redirects.is_empty() {
            return self.unexpected(None);
        }
        Ok(Command::Simple(Simple {
            assigns: assigns.into_boxed_slice(),
            words: words.into_boxed_slice(),
            redirects: redirects.into_boxed_slice(),
            line,
            builtin,
        }))
    }

    /// `name ()` where a command began.
    fn function_parens(&mut self, word: &Word) -> Parsed<Command> {
        self.take()?;
        if !matches!(self.peek()?, Token::Op(Op::Close)) {
            return self.unexpected(Some(")"));
        }
        self.take()?;
        self.function(word)
    }

    /// Reads a redirection if one comes.
    pub(super) fn redirect(&mut self, redirects: &mut Vec<Redirect>) -> Parsed<bool> {
        let mut fd = None;
        if let Token::Number(number) = self.peek()? {
            fd = Some(*number);
            self.take()?;
        }
        let op = match self.peek()? {
            Token::Op(op) if op.is_redirection() => *op,
            _ if fd.is_some() => return self.unexpected(None),
            _ => return Ok(false),
        };
        self.take()?;
        if matches!(op, Op::Here | Op::HereTabs) {
            let kind = self.here_document(op == Op::HereTabs)?;
            redirects.push(Redirect { fd, kind });
            return Ok(true);
        }
        let word = match self.peek()? {
            Token::Word(_) | Token::Number(_) => self.expect_word()?,
            _ => return self.unexpected(None),
        };
        let kind = match op {
            Op::Less => RedirectKind::Read(word),
            Op::LessGreat => RedirectKind::ReadWrite(word),
            Op::GreatGreat => RedirectKind::Append(word),
            Op::AmpGreat => RedirectKind::Both(word),
            Op::LessAmp | Op::GreatAmp => RedirectKind::Dup {
                word,
                output: op == Op::GreatAmp,
            },
            _ => RedirectKind::Write {
                file: word,
                force: op == Op::GreatPipe,
            },
        };
        redirects.push(Redirect { fd, kind });
        Ok(true)
    }

    fn here_document(&mut self, strip_tabs: bool) -> Parsed<RedirectKind> {
        let (start, _) = self.token_place()?;
        self.expect_word()?;
        let text = self.buf.get(start..self.last_end).unwrap_or_default();
        let (delimiter, quoted) = here_delimiter(text);
        let body = Rc::new(OnceCell::new());
        self.here.push(PendingHere {
            delimiter,
            strip_tabs,
            quoted,
            body: Rc::clone(&body),
        });
        Ok(RedirectKind::Here(body))
    }
}

/// The delimiter that a word of `<<` names, and whether any of it was quoted: the text as it
/// is written, without its quotes. Nothing in it is expanded.
fn here_delimiter(text: &[u8]) -> (Vec<u8>, bool) {
    let mut delimiter = Vec::new();
    let (mut quoted, mut open) = (false, None);
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        match (byte, open, after) {
            (b'\\', None | Some(b'"'), [b'\n', after @ ..]) => rest = after,
            (b'\\', None, [next, after @ ..])
            | (b'\\', Some(b'"'), [next @ (b'$' | b'`' | b'"' | b'\\'), after @ ..]) => {
                quoted = true;
                delimiter.push(*next);
                rest = after;
            }
            (b'$', None, [b'\'', after @ ..]) => {
                quoted = true;
                let end = end_of_dollar_quotes(after);
                delimiter.extend(escape::quoted(&after[..end]));
                rest = after.get(end + 1..).unwrap_or_default();
            }
            (b'\'' | b'"', None, _) => {
                quoted = true;
                open = Some(*byte);
            }
            (byte, Some(quote), _) if *byte == quote => open = None,
            _ => delimiter.push(*byte),
        }
    }
    (delimiter, quoted)
}

/// Where the text of a `$'...'` ends.
fn end_of_dollar_quotes(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\'' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at.min(text.len())
}

/// Takes a word as an assignment if it begins like one.
fn into_assignment(word: Word) -> Result<Assign, Word> {
    let Some(Part::Text(text)) = word.parts.first() else {
        return Err(word);
    };
    let Some((variable, append, value)) = split_assignment(text) else {
        return Err(word);
    };
    let skip = text.len() - value.len();
    Ok(Assign {
        name: name(variable),
        append,
        value: assigned_value(word, skip),
    })
}
