//! Expansion: from words to fields.
//!
//! The result of every part goes straight into the [`Expansion`] that the caller hands in;
//! that one splits, marks what was quoted and matches file names.

use super::Shell;
use super::arith;
use super::ast::{Argument, Arith, Param, Part, Source, Word};
use super::calculate;
use super::error::{Flow, Run};
use super::fields::{Aim, Expansion};
use super::vars::digits;
use std::rc::Rc;

impl Shell {
    /// Takes an expansion buffer out of the pool.
    pub(super) fn expansion(&mut self, aim: Aim) -> Expansion {
        let mut expansion = self.pool.pop().unwrap_or_default();
        expansion.reset(aim, !self.options.noglob);
        expansion
    }

    /// Gives a buffer back; very large ones are let go.
    pub(super) fn recycle(&mut self, expansion: Expansion) {
        const KEPT: usize = 16;
        const LARGE: usize = 64 * 1024;
        if self.pool.len() < KEPT && expansion.bytes().len() < LARGE {
            self.pool.push(expansion);
        }
    }

    /// Expands the words of a simple command into fields.
    pub(super) fn expand_arguments(&mut self, words: &[Argument], out: &mut Expansion) -> Run {
        for argument in words {
            match argument {
                Argument::Word(word) => self.expand_fields(word, out)?,
                Argument::Assign(assign) => {
                    let mut field = self.expansion(Aim::Single);
                    field.quoted(&assign.name);
                    field.quoted(if assign.append { b"+=" } else { b"=" });
                    self.expand_parts(&assign.value, &mut field)?;
                    out.push_field(field.bytes());
                    self.recycle(field);
                }
            }
        }
        Ok(())
    }

    /// Expands one word into fields.
    #[inline]
    pub(super) fn expand_fields(&mut self, word: &Word, out: &mut Expansion) -> Run {
        if let Some(constant) = word.constant() {
            out.push_field(constant);
            return Ok(());
        }
        self.expand_parts(word, out)?;
        out.end_word();
        Ok(())
    }

    /// Expands a word to one string.
    pub(super) fn expand_single(&mut self, word: &Word) -> Run<Expansion> {
        let mut out = self.expansion(Aim::Single);
        self.expand_parts(word, &mut out)?;
        Ok(out)
    }

    /// Expands a word to a pattern.
    pub(super) fn expand_pattern(&mut self, word: &Word) -> Run<Expansion> {
        let mut out = self.expansion(Aim::Pattern);
        self.expand_parts(word, &mut out)?;
        Ok(out)
    }

    /// Adds the parts of a word to an expansion.
    pub(super) fn expand_parts(&mut self, word: &Word, out: &mut Expansion) -> Run {
        for part in &word.parts {
            match part {
                Part::Text(text) => out.text(text, self.vars.ifs()),
                Part::Quoted(text) => out.quoted(text),
                Part::Param(param) => self.expand_param(param, out)?,
                Part::Arith(arith) => {
                    let number = self.evaluate(arith)?;
                    self.emit(digits(number, &mut [0; 20]), arith.quoted, out);
                }
                Part::Command { list, quoted } => {
                    let output = self.substitute(list)?;
                    self.emit(&output, *quoted, out);
                }
                Part::Tilde(user) => self.expand_tilde(user, out),
                Part::Process { list, reads } => {
                    let path = self.process_substitution(list, *reads)?;
                    out.quoted(&path);
                }
            }
        }
        #[cfg(fuzzing)]
        super::fuzz::spend(out.bytes().len())?;
        Ok(())
    }

    /// Adds the result of an expansion.
    #[inline]
    pub(super) fn emit(&mut self, value: &[u8], quoted: bool, out: &mut Expansion) {
        if quoted {
            out.quoted(value);
        } else {
            out.value(value, self.vars.ifs());
        }
    }

    fn expand_tilde(&mut self, user: &[u8], out: &mut Expansion) {
        let home = if user.is_empty() {
            self.vars.get(b"HOME").map(<[u8]>::to_vec)
        } else {
            home_of(user)
        };
        match home {
            Some(home) => out.quoted(&home),
            None => {
                out.quoted(b"~");
                out.quoted(user);
            }
        }
    }

    /// The value of an arithmetic expansion.
    pub(super) fn evaluate(&mut self, arith: &Arith) -> Run<i64> {
        if let Some(expr) = arith.parsed.get() {
            let expr = Rc::clone(expr);
            let value = calculate::eval(&expr, &mut self.vars, self.options.nounset);
            return self.evaluated(value);
        }
        let constant = match &*arith.word.parts {
            [] => Some(&b""[..]),
            _ => arith.word.constant(),
        };
        let expr = if let Some(text) = constant {
            let expr = Rc::new(self.evaluated(arith::parse(text))?);
            // Nobody else can have set it meanwhile.
            let _ = arith.parsed.set(Rc::clone(&expr));
            expr
        } else {
            let text = self.expand_single(&arith.word)?;
            let expr = arith::parse(text.bytes());
            self.recycle(text);
            Rc::new(self.evaluated(expr)?)
        };
        let value = calculate::eval(&expr, &mut self.vars, self.options.nounset);
        self.evaluated(value)
    }

    fn evaluated<T>(&mut self, result: Result<T, super::error::ArithError>) -> Run<T> {
        result.map_err(|error| self.fatal(error))
    }

    pub(super) fn expand_param(&mut self, param: &Param, out: &mut Expansion) -> Run {
        use super::ast::Op;
        match (&param.source, &param.op) {
            (Source::Var(name), Op::Value) => {
                let (value, ifs) = self.vars.get_with_ifs(name);
                let Some(value) = value else {
                    return self.no_value(param, out);
                };
                if param.quoted {
                    out.quoted(value);
                } else {
                    out.value(value, ifs);
                }
                Ok(())
            }
            (Source::At | Source::Star, Op::Value) => {
                self.expand_positional(param, 0, usize::MAX, out);
                Ok(())
            }
            (Source::At | Source::Star, Op::Slice { offset, length }) => {
                self.slice_positional(param, offset, length.as_ref(), out)
            }
            (Source::Position(index), Op::Value) => {
                let value = match index {
                    0 => Some(&*self.arg0),
                    _ => self.params.get(index - 1),
                };
                let Some(value) = value else {
                    return self.no_value(param, out);
                };
                if param.quoted {
                    out.quoted(value);
                } else {
                    out.value(value, self.vars.ifs());
                }
                Ok(())
            }
            _ => self.expand_with_operator(param, out),
        }
    }

    /// A parameter without a value; between quotes it is still a word, an empty one.
    fn no_value(&mut self, param: &Param, out: &mut Expansion) -> Run {
        if param.quoted {
            out.quoted(b"");
        }
        self.unset(&param.source)
    }

    /// A parameter without a value: an error under `set -u`, else nothing.
    pub(super) fn unset(&mut self, source: &Source) -> Run {
        let exempt = matches!(source, Source::At | Source::Star);
        if !self.options.nounset || exempt {
            return Ok(());
        }
        let name = self.source_name(source);
        let text = format!("{}: parameter not set", String::from_utf8_lossy(&name));
        Err(self.fatal(text))
    }

    /// `$@` and `$*`, from one parameter on.
    fn expand_positional(
        &mut self,
        param: &Param,
        first: usize,
        count: usize,
        out: &mut Expansion,
    ) {
        let params = self.params.clone();
        let arg0 = (first == 0 && count != usize::MAX).then(|| self.arg0.clone());
        let skip = first.saturating_sub(1);
        let all = arg0.as_deref().into_iter().chain(params.iter().skip(skip));
        let fields = out.aim == Aim::Fields;
        let star = param.source == Source::Star;
        let joint = match (star, fields) {
            _ if !fields => self.vars.ifs_joint(),
            (true, _) if param.quoted => self.vars.ifs_joint(),
            _ => Some(b' '),
        };
        for (index, value) in all.take(count).enumerate() {
            if index > 0 {
                if fields && !(star && param.quoted) {
                    out.end_field();
                } else if let Some(joint) = joint {
                    out.quoted(&[joint]);
                }
            }
            self.emit(value, param.quoted, out);
        }
        if param.quoted && star {
            out.quoted(b"");
        }
    }

    fn slice_positional(
        &mut self,
        param: &Param,
        offset: &Arith,
        length: Option<&Arith>,
        out: &mut Expansion,
    ) -> Run {
        let count = self.params.len() as i64;
        let mut first = self.evaluate(offset)?;
        if first < 0 {
            first = (count + 1 + first).max(0);
        }
        let available = if first == 0 {
            count + 1
        } else {
            count + 1 - first
        };
        let taken = match length {
            Some(length) => self.evaluate(length)?.min(available),
            None => available,
        };
        if taken > 0 {
            self.expand_positional(param, first as usize, taken as usize, out);
        }
        Ok(())
    }

    /// Prints an error that ends a script, and says how to leave.
    pub(super) fn fatal(&mut self, text: impl std::fmt::Display) -> Flow {
        self.complain(text);
        self.status = 2;
        Flow::Error
    }
}

/// A user's home directory by `/etc/passwd`.
fn home_of(user: &[u8]) -> Option<Vec<u8>> {
    let passwd = std::fs::read("/etc/passwd").ok()?;
    crate::accounts::files::user(&passwd, user).map(|user| user.home)
}
