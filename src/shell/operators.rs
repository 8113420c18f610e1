//! Parameter expansions with an operator: `${x:-w}`, `${x#p}`, `${x:1:2}`, `${x//p/w}`.

use super::Shell;
use super::ast::{Arith, Op, Param, Source, Word};
use super::error::Run;
use super::fields::Expansion;
use super::params::Params;
use super::pattern;
use super::vars::append_number;

impl Shell {
    /// Expands a parameter by its operator.
    pub(super) fn expand_with_operator(&mut self, param: &Param, out: &mut Expansion) -> Run {
        let value = self.parameter_value(&param.source);
        match &param.op {
            Op::Default { colon, word } => match present(&value, *colon) {
                Some(_) => self.emit_whole(param, &value, out),
                None => self.expand_operand(word, param.quoted, out)?,
            },
            Op::Instead { colon, word } => {
                if present(&value, *colon).is_some() {
                    self.expand_operand(word, param.quoted, out)?;
                } else if param.quoted {
                    out.quoted(b"");
                }
            }
            Op::Assign { colon, word } => match present(&value, *colon) {
                Some(_) => self.emit_whole(param, &value, out),
                None => self.assign_default(param, word, out)?,
            },
            Op::Error { colon, word } => match present(&value, *colon) {
                Some(_) => self.emit_whole(param, &value, out),
                None => return self.missing(param, word, *colon),
            },
            _ => {
                let Some(value) = value else {
                    self.unset(&param.source)?;
                    return self.transform(param, b"", out);
                };
                return self.transform(param, &value, out);
            }
        }
        Ok(())
    }

    /// The value that an operator left alone; `$@` keeps its fields.
    fn emit_whole(&mut self, param: &Param, value: &Option<Vec<u8>>, out: &mut Expansion) {
        let source = match param.source {
            Source::At => Source::At,
            Source::Star => Source::Star,
            _ => {
                self.emit(value.as_deref().unwrap_or_default(), param.quoted, out);
                return;
            }
        };
        let plain = Param {
            source,
            op: Op::Value,
            quoted: param.quoted,
        };
        if param.quoted {
            out.quoted(b"");
        }
        self.expand_all_positional(&plain, out);
    }

    /// The word of an operator; outside quotes its literal text is split as well.
    fn expand_operand(&mut self, word: &Word, quoted: bool, out: &mut Expansion) -> Run {
        let before = out.split_text;
        out.split_text = !quoted;
        if quoted {
            out.quoted(b"");
        }
        let result = self.expand_parts(word, out);
        out.split_text = before;
        result
    }

    fn assign_default(&mut self, param: &Param, word: &Word, out: &mut Expansion) -> Run {
        let value = self.expand_single(word)?;
        let Source::Var(name) = &param.source else {
            let name = String::from_utf8_lossy(&self.source_name(&param.source)).into_owned();
            return Err(self.fatal(format_args!("{name}: bad variable name")));
        };
        self.assign(name, value.bytes())?;
        self.emit(value.bytes(), param.quoted, out);
        self.recycle(value);
        Ok(())
    }

    /// `${x?w}` where x is missing.
    fn missing(&mut self, param: &Param, word: &Word, colon: bool) -> Run {
        let text = self.expand_single(word)?;
        let name = String::from_utf8_lossy(&self.source_name(&param.source)).into_owned();
        let why = match (text.bytes(), colon) {
            (b"", true) => "parameter not set or null".into(),
            (b"", false) => "parameter not set".into(),
            (text, _) => String::from_utf8_lossy(text).into_owned(),
        };
        Err(self.fatal(format_args!("{name}: {why}")))
    }

    /// The operators that make a new value of the old one.
    fn transform(&mut self, param: &Param, value: &[u8], out: &mut Expansion) -> Run {
        match &param.op {
            Op::Length => {
                let mut digits = Vec::new();
                append_number(&mut digits, value.len() as i64);
                self.emit(&digits, param.quoted, out);
            }
            Op::Trim {
                suffix,
                longest,
                pattern,
            } => {
                let pattern = self.expand_pattern(pattern)?;
                let kept = pattern::trim(value, pattern.bytes(), *suffix, *longest);
                self.recycle(pattern);
                self.emit(value.get(kept).unwrap_or_default(), param.quoted, out);
            }
            Op::Slice { offset, length } => {
                let range = self.slice(value.len(), offset, length.as_ref())?;
                self.emit(value.get(range).unwrap_or_default(), param.quoted, out);
            }
            Op::Replace { all, pattern, with } => {
                let pattern = self.expand_pattern(pattern)?;
                let with = self.expand_single(with)?;
                let mut result = Vec::with_capacity(value.len());
                pattern::replace(value, pattern.bytes(), with.bytes(), *all, &mut result);
                self.recycle(pattern);
                self.recycle(with);
                self.emit(&result, param.quoted, out);
            }
            _ => self.emit(value, param.quoted, out),
        }
        Ok(())
    }

    /// The range of `${x:offset:length}`; negative numbers count from the end.
    fn slice(
        &mut self,
        size: usize,
        offset: &Arith,
        length: Option<&Arith>,
    ) -> Run<std::ops::Range<usize>> {
        let size = size as i64;
        let mut start = self.evaluate(offset)?;
        if start < 0 {
            start += size;
        }
        let length = match length {
            Some(length) => Some(self.evaluate(length)?),
            None => None,
        };
        if !(0..=size).contains(&start) {
            return Ok(0..0);
        }
        let end = match length {
            Some(length) if length < 0 => size + length,
            Some(length) => start.saturating_add(length).min(size),
            None => size,
        };
        Ok(start as usize..end.max(start) as usize)
    }

    /// A parameter's value as one string; None if it is unset.
    fn parameter_value(&mut self, source: &Source) -> Option<Vec<u8>> {
        let number = |number: i64| {
            let mut digits = Vec::new();
            append_number(&mut digits, number);
            Some(digits)
        };
        match source {
            Source::Var(name) => self.vars.get(name).map(<[u8]>::to_vec),
            Source::Position(index) => {
                let params = self.params.clone();
                self.positional(&params, *index).map(<[u8]>::to_vec)
            }
            Source::At | Source::Star => {
                let joint = match source {
                    Source::Star => self.vars.ifs_joint(),
                    _ => Some(b' '),
                };
                // They count as set even where there are none.
                Some(self.params.joined(joint))
            }
            Source::Count => number(self.params.len() as i64),
            Source::Status => number(i64::from(self.status)),
            Source::Flags => Some(self.options.letters()),
            Source::Pid => number(i64::from(self.pid)),
            Source::LastJob => self.last_background.and_then(|pid| number(i64::from(pid))),
        }
    }

    /// `$0`, `$1` and on.
    pub(super) fn positional<'a>(&'a self, params: &'a Params, index: usize) -> Option<&'a [u8]> {
        match index {
            0 => Some(&self.arg0),
            _ => params.get(index - 1),
        }
    }

    /// How a message names a parameter.
    pub(super) fn source_name(&self, source: &Source) -> Vec<u8> {
        match source {
            Source::Var(name) => name.to_vec(),
            Source::Position(index) => index.to_string().into_bytes(),
            Source::At => b"@".to_vec(),
            Source::Star => b"*".to_vec(),
            Source::Count => b"#".to_vec(),
            Source::Status => b"?".to_vec(),
            Source::Flags => b"-".to_vec(),
            Source::Pid => b"$".to_vec(),
            Source::LastJob => b"!".to_vec(),
        }
    }

    /// Expands a single character's parameter without an operator.
    fn expand_all_positional(&mut self, param: &Param, out: &mut Expansion) {
        // `$@` alone never fails.
        let _ = self.expand_param(param, out);
    }
}

/// The value if it counts as present.
fn present(value: &Option<Vec<u8>>, colon: bool) -> Option<&[u8]> {
    value
        .as_deref()
        .filter(|value| !(colon && value.is_empty()))
}
