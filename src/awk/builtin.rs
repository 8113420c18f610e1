//! The functions of the language.

use super::ast::{Builtin, Expr, Pattern, Place};
use super::record::{Separator, split};
use super::run::{Machine, Run};
use super::special;
use super::value::{Value, to_text};
use crate::sys::clock::{self, Calendar};
use crate::text::moment::Moment;
use crate::text::regex::Slots;
use std::rc::Rc;

/// Numbers that bit operations work on: all whole ones that a float holds exactly.
const BITS: u64 = (1 << 53) - 1;

impl Machine<'_> {
    pub(super) fn builtin(&mut self, expr: &Expr) -> Run<Value> {
        match expr {
            Expr::Builtin(which, args) => self.plain(*which, args),
            Expr::ArrayLength(var) => Ok(Value::Number(match self.known_array(*var) {
                Some(array) => array.borrow().len() as f64,
                None => to_text(&self.var(*var), &self.convfmt).len() as f64,
            })),
            Expr::Find(text, pattern) => {
                let text = self.text(text)?;
                let regex = self.pattern(pattern)?;
                let found = regex.borrow_mut().find(&text, 0);
                let (start, length) = match found {
                    Some((start, end)) => (start as f64 + 1.0, (end - start) as f64),
                    None => (0.0, -1.0),
                };
                self.globals[special::RSTART] = Value::Number(start);
                self.globals[special::RLENGTH] = Value::Number(length);
                Ok(Value::Number(start))
            }
            Expr::Split(text, array, separator) => {
                let text = self.text(text)?;
                let separator = match separator {
                    None => self.separator.clone(),
                    Some(Pattern::Made(expr)) => {
                        let text = self.text(expr)?;
                        self.separator_of(&text)?
                    }
                    Some(known) => Separator::Regex(self.pattern(known)?),
                };
                let mut ranges = Vec::new();
                split(&separator, &text, false, &mut ranges);
                self.spend(ranges.len())?;
                let array = self.array(*array);
                let mut array = array.borrow_mut();
                array.clear();
                for (at, &(start, end)) in ranges.iter().enumerate() {
                    let key = Rc::new((at + 1).to_string().into_bytes());
                    *array.element(key) = Value::input(&text[start..end]);
                }
                Ok(Value::Number(ranges.len() as f64))
            }
            Expr::Substitute {
                pattern,
                with,
                target,
                all,
            } => self.substitute(pattern, with, target.as_ref(), *all),
            Expr::Gensub(pattern, parts, target) => {
                self.gensub(pattern, &parts[0], &parts[1], target.as_deref())
            }
            _ => Ok(Value::Nothing),
        }
    }

    fn plain(&mut self, which: Builtin, args: &[Expr]) -> Run<Value> {
        let number = match which {
            Builtin::Sprintf => {
                let mut out = Vec::new();
                self.formatted(args, &mut out)?;
                return Ok(Value::text(out));
            }
            Builtin::Substr => return self.substr(args),
            Builtin::Tolower => {
                let text = self.text(&args[0])?;
                return Ok(Value::text(text.to_ascii_lowercase()));
            }
            Builtin::Toupper => {
                let text = self.text(&args[0])?;
                return Ok(Value::text(text.to_ascii_uppercase()));
            }
            Builtin::Strftime => return self.strftime(args),
            Builtin::Length => match args.first() {
                Some(arg) => self.text(arg)?.len() as f64,
                None => self.record_text().len() as f64,
            },
            Builtin::Index => {
                let text = self.text(&args[0])?;
                let part = self.text(&args[1])?;
                match memchr::memmem::find(&text, &part) {
                    Some(at) if !part.is_empty() => at as f64 + 1.0,
                    _ => 0.0,
                }
            }
            Builtin::And | Builtin::Or | Builtin::Xor | Builtin::Lshift | Builtin::Rshift => {
                let mut value = self.bits(&args[0])?;
                for arg in &args[1..] {
                    let other = self.bits(arg)?;
                    let shift = u32::try_from(other).unwrap_or(u32::MAX);
                    value = match which {
                        Builtin::And => value & other,
                        Builtin::Or => value | other,
                        Builtin::Xor => value ^ other,
                        Builtin::Lshift => value.checked_shl(shift).unwrap_or(0) & BITS,
                        _ => value.checked_shr(shift).unwrap_or(0),
                    };
                }
                value as f64
            }
            Builtin::Compl => (!self.bits(&args[0])? & BITS) as f64,
            Builtin::Atan2 => {
                let y = self.num(&args[0])?;
                y.atan2(self.num(&args[1])?)
            }
            Builtin::Cos => self.num(&args[0])?.cos(),
            Builtin::Sin => self.num(&args[0])?.sin(),
            Builtin::Exp => self.num(&args[0])?.exp(),
            Builtin::Log => self.num(&args[0])?.ln(),
            Builtin::Sqrt => self.num(&args[0])?.sqrt(),
            Builtin::Int => self.num(&args[0])?.trunc(),
            Builtin::Rand => self.random(),
            Builtin::Srand => {
                let seed = match args.first() {
                    Some(arg) => self.num(arg)?,
                    None => self.world.now() as f64,
                };
                self.seed = seed.to_bits();
                std::mem::replace(&mut self.last_seed, seed)
            }
            Builtin::Systime => self.world.now() as f64,
            Builtin::Mktime => {
                let text = self.text(&args[0])?;
                moment(&text).unwrap_or(-1) as f64
            }
            Builtin::Close => {
                let name = self.text(&args[0])?;
                self.world.flush();
                self.streams.close(&name)?
            }
            Builtin::System => {
                let command = self.text(&args[0])?;
                self.streams.flush(self.world)?;
                self.world.system(&command)
            }
            Builtin::Fflush => {
                if let Some(name) = args.first() {
                    self.text(name)?;
                }
                self.streams.flush(self.world)?;
                0.0
            }
        };
        Ok(Value::Number(number))
    }

    fn bits(&mut self, expr: &Expr) -> Run<u64> {
        Ok(self.num(expr)? as u64 & BITS)
    }

    /// The next of a sequence of numbers from 0 up to 1 (splitmix64).
    fn random(&mut self) -> f64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.seed;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn substr(&mut self, args: &[Expr]) -> Run<Value> {
        let text = self.text(&args[0])?;
        let from = self.num(&args[1])?.round_ties_even();
        let end = match args.get(2) {
            Some(length) => from + self.num(length)?.round_ties_even(),
            None => f64::INFINITY,
        };
        // Places are counted from 1; what lies outside does not exist.
        let end = end.min(text.len() as f64 + 1.0);
        let start = from.max(1.0);
        if start < end {
            let range = start as usize - 1..end as usize - 1;
            return Ok(Value::text(text.get(range).unwrap_or_default()));
        }
        Ok(Value::text(""))
    }

    fn strftime(&mut self, args: &[Expr]) -> Run<Value> {
        let format = match args.first() {
            Some(format) => self.text(format)?,
            None => Rc::new(b"%c".to_vec()),
        };
        let seconds = match args.get(1) {
            Some(seconds) => self.num(seconds)? as i64,
            None => self.world.now(),
        };
        let utc = match args.get(2) {
            Some(utc) => self.truth(utc)?,
            None => false,
        };
        let calendar = match utc {
            true => clock::utc(seconds),
            false => clock::local(seconds),
        };
        let zone = match utc {
            true => "UTC".to_owned(),
            false => clock::zone(seconds),
        };
        let mut out = Vec::new();
        if let Ok(calendar) = calendar {
            let moment = Moment {
                calendar,
                seconds,
                zone,
            };
            moment.write(&format, &mut out);
        }
        Ok(Value::text(out))
    }

    fn substitute(
        &mut self,
        pattern: &Pattern,
        with: &Expr,
        target: Option<&Place>,
        all: bool,
    ) -> Run<Value> {
        let regex = self.pattern(pattern)?;
        let with = self.text(with)?;
        let record = Place::Field(Box::new(Expr::Number(0.0)));
        let target = self.target(target.unwrap_or(&record))?;
        let text = to_text(&self.get(&target), &self.convfmt);
        let mut regex = regex.borrow_mut();
        let mut out = Vec::new();
        let first = if all { 0 } else { 1 };
        let count = replace(
            &text,
            &mut out,
            first,
            |from, slots| {
                let found = regex.find(&text, from);
                slots.clear();
                slots.extend(found.map(|(start, _)| Some(start)));
                slots.extend(found.map(|(_, end)| Some(end)));
                found.is_some()
            },
            |slots, out| put_replacement(&with, &text, slots, false, out),
        );
        drop(regex);
        if count > 0 {
            self.spend(out.len() / 16)?;
            self.set(&target, Value::text(out))?;
        }
        Ok(Value::Number(count as f64))
    }

    fn gensub(
        &mut self,
        pattern: &Pattern,
        with: &Expr,
        how: &Expr,
        target: Option<&Expr>,
    ) -> Run<Value> {
        let regex = self.pattern(pattern)?;
        let with = self.text(with)?;
        let how = self.eval(how)?;
        let first = match &how {
            Value::Text(text) | Value::Input(text) if matches!(text.first(), Some(b'g' | b'G')) => {
                0
            }
            how => how.number().max(1.0) as u64,
        };
        let text = match target {
            Some(target) => self.text(target)?,
            None => self.record_text(),
        };
        let mut regex = regex.borrow_mut();
        let mut out = Vec::new();
        let count = replace(
            &text,
            &mut out,
            first,
            |from, slots| regex.captures(&text, from, slots),
            |slots, out| put_replacement(&with, &text, slots, true, out),
        );
        self.spend(out.len() / 16)?;
        Ok(match count {
            0 => Value::Text(text),
            _ => Value::text(out),
        })
    }
}

/// Replaces the match of this number, or all with 0; how many were.
fn replace(
    text: &[u8],
    out: &mut Vec<u8>,
    which: u64,
    mut find: impl FnMut(usize, &mut Slots) -> bool,
    mut put: impl FnMut(&Slots, &mut Vec<u8>),
) -> u64 {
    let (mut at, mut copied, mut seen, mut count) = (0, 0, 0, 0);
    let mut previous_end = None;
    let mut slots = Slots::new();
    while at <= text.len() && find(at, &mut slots) {
        let [Some(start), Some(end), ..] = slots[..] else {
            break;
        };
        // An empty match right behind another one is none.
        if start == end && previous_end == Some(start) {
            at = end + 1;
            continue;
        }
        seen += 1;
        if which == 0 || which == seen {
            out.extend_from_slice(&text[copied..start]);
            put(&slots, out);
            copied = end;
            count += 1;
            if which == seen {
                break;
            }
        }
        previous_end = Some(end);
        at = if end == start { end + 1 } else { end };
    }
    if count > 0 {
        out.extend_from_slice(&text[copied..]);
    }
    count
}

/// Appends a replacement: `&` is the match, `\\&` an ampersand; `\\1` a group for gensub.
fn put_replacement(with: &[u8], text: &[u8], slots: &Slots, groups: bool, out: &mut Vec<u8>) {
    let put_group = |group: usize, out: &mut Vec<u8>| {
        let slot = |at: usize| slots.get(at).copied().flatten();
        if let Some((start, end)) = slot(2 * group).zip(slot(2 * group + 1)) {
            out.extend_from_slice(text.get(start..end).unwrap_or_default());
        }
    };
    let mut rest = with;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, rest.first()) {
            (b'&', _) => put_group(0, out),
            (b'\\', Some(&next @ (b'&' | b'\\'))) => {
                out.push(next);
                rest = &rest[1..];
            }
            (b'\\', Some(digit @ b'0'..=b'9')) if groups => {
                put_group(usize::from(digit - b'0'), out);
                rest = &rest[1..];
            }
            _ => out.push(byte),
        }
    }
}

/// The seconds of `YYYY MM DD HH MM SS`.
fn moment(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let mut numbers = text
        .split_ascii_whitespace()
        .map(|word| word.parse::<u16>().ok());
    let mut next = || numbers.next().flatten();
    let (year, month, day) = (next()?, next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    let byte = |number: u16| u8::try_from(number).ok();
    clock::from_local(&Calendar {
        year: year.into(),
        month: byte(month)?,
        day: byte(day)?,
        hour: byte(hour)?,
        minute: byte(minute)?,
        second: byte(second)?,
        ..Calendar::default()
    })
    .ok()
}
