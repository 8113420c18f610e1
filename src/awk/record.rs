//! The record and its fields, split when first asked for and joined when first asked for.

use super::Re;
use super::value::{Text, Value};
use std::rc::Rc;

/// What separates fields.
#[derive(Clone)]
pub enum Separator {
    /// Blanks, tabs and newlines, also at both ends.
    Blank,
    Byte(u8),
    /// Every byte is a field.
    Each,
    Regex(Re),
}

/// Finds the fields of a text; with `newline` a newline separates them too.
pub fn split(separator: &Separator, text: &[u8], newline: bool, out: &mut Vec<(usize, usize)>) {
    out.clear();
    if text.is_empty() {
        return;
    }
    let mut from = 0;
    match separator {
        Separator::Blank => {
            let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n');
            loop {
                from += text[from..].iter().take_while(|byte| blank(byte)).count();
                if from == text.len() {
                    return;
                }
                let length = text[from..].iter().take_while(|byte| !blank(byte)).count();
                out.push((from, from + length));
                from += length;
            }
        }
        Separator::Byte(byte) => {
            let mut cut = |at: usize| {
                out.push((from, at));
                from = at + 1;
            };
            match newline {
                true => memchr::memchr2_iter(*byte, b'\n', text).for_each(&mut cut),
                false => memchr::memchr_iter(*byte, text).for_each(&mut cut),
            }
        }
        Separator::Each => {
            out.extend((0..text.len()).map(|at| (at, at + 1)));
            return;
        }
        Separator::Regex(regex) => {
            let mut regex = regex.borrow_mut();
            let mut at = 0;
            while let Some((start, end)) = regex.find(text, at) {
                if end == start {
                    // Nothing separates nothing.
                    at = end + 1;
                } else {
                    out.push((from, start));
                    (from, at) = (end, end);
                }
                if at > text.len() {
                    break;
                }
            }
        }
    }
    out.push((from, text.len()));
}

enum Field {
    /// A stretch of the text that was split.
    Range(usize, usize),
    Value(Value),
}

pub struct Record {
    whole: Value,
    /// The text that ranges are about.
    source: Text,
    fields: Vec<Field>,
    separator: Separator,
    newline: bool,
    is_split: bool,
    /// A field has changed; the whole has to be made anew.
    is_stale: bool,
    ranges: Vec<(usize, usize)>,
}

/// More fields than that are surely a mistake, and memory.
pub const MOST: usize = 1 << 24;

impl Record {
    pub fn new() -> Record {
        Record {
            whole: Value::Nothing,
            source: Rc::default(),
            fields: Vec::new(),
            separator: Separator::Blank,
            newline: false,
            is_split: true,
            is_stale: false,
            ranges: Vec::new(),
        }
    }

    /// A new record, to be split by this separator.
    pub fn set(&mut self, text: Text, separator: &Separator, newline: bool) {
        self.whole = Value::Input(Rc::clone(&text));
        self.source = text;
        self.separator.clone_from(separator);
        self.newline = newline;
        self.is_split = false;
        self.is_stale = false;
    }

    fn split(&mut self) {
        if self.is_split {
            return;
        }
        self.is_split = true;
        split(
            &self.separator,
            &self.source,
            self.newline,
            &mut self.ranges,
        );
        self.fields.clear();
        let ranges = self.ranges.iter();
        self.fields
            .extend(ranges.map(|&(start, end)| Field::Range(start, end)));
    }

    /// How many fields there are.
    pub fn count(&mut self) -> usize {
        self.split();
        self.fields.len()
    }

    /// A field, 0 being all of them.
    pub fn field(&mut self, number: usize, ofs: &[u8], convfmt: &[u8]) -> Value {
        if number == 0 {
            self.join(ofs, convfmt);
            return self.whole.clone();
        }
        self.split();
        match self.fields.get_mut(number - 1) {
            None => Value::Nothing,
            Some(Field::Value(value)) => value.clone(),
            Some(field @ Field::Range(..)) => {
                let Field::Range(start, end) = *field else {
                    return Value::Nothing;
                };
                let value = Value::input(&self.source[start..end]);
                *field = Field::Value(value.clone());
                value
            }
        }
    }

    /// Gives a field a value; fields up to it come into being.
    pub fn set_field(&mut self, number: usize, value: Value) {
        self.split();
        if self.fields.len() < number {
            self.resize(number);
        }
        if let Some(field) = number.checked_sub(1).and_then(|at| self.fields.get_mut(at)) {
            *field = Field::Value(value);
        }
        self.is_stale = true;
    }

    /// Changes how many fields there are.
    pub fn resize(&mut self, count: usize) {
        self.split();
        self.fields
            .resize_with(count.min(MOST), || Field::Value(Value::text("")));
        self.is_stale = true;
    }

    fn join(&mut self, ofs: &[u8], convfmt: &[u8]) {
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        let mut text = Vec::new();
        for (at, field) in self.fields.iter().enumerate() {
            if at > 0 {
                text.extend_from_slice(ofs);
            }
            match field {
                Field::Range(start, end) => text.extend_from_slice(&self.source[*start..*end]),
                Field::Value(Value::Number(number)) => {
                    super::value::put_number(*number, convfmt, &mut text);
                }
                Field::Value(value) => {
                    text.extend_from_slice(&super::value::to_text(value, convfmt));
                }
            }
        }
        self.whole = Value::input(text);
    }
}
