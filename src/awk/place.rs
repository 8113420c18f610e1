//! Variables, fields and elements: reading, assigning, and what that changes besides.

use super::array::{Array, ArrayRef};
use super::ast::{Expr, Pattern, Place, Var};
use super::input::End;
use super::record::{MOST, Separator};
use super::run::{Machine, Run};
use super::value::{Text, Value, to_text};
use super::{Fault, Re, lexer, special};
use crate::text::regex::{Regex, Syntax};
use std::cell::RefCell;
use std::rc::Rc;

/// A place with its subscripts known.
pub(super) enum Target {
    Var(Var),
    Field(usize),
    Element(ArrayRef, Text),
}

/// Patterns made of strings that are kept.
const KEPT: usize = 64;

impl Machine<'_> {
    pub(super) fn record_text(&mut self) -> Text {
        let whole = self.record.field(0, &self.ofs, &self.convfmt);
        to_text(&whole, &self.convfmt)
    }

    pub(super) fn target(&mut self, place: &Place) -> Run<Target> {
        Ok(match place {
            Place::Var(var) => Target::Var(*var),
            Place::Field(number) => Target::Field(self.field_number(number)?),
            Place::Element(array, subscripts) => {
                let key = self.key(subscripts)?;
                Target::Element(self.array(*array), key)
            }
        })
    }

    fn field_number(&mut self, number: &Expr) -> Run<usize> {
        let number = self.num(number)?;
        if number > -1.0 && number < MOST as f64 {
            return Ok(number as usize);
        }
        Err(Fault::Field.into())
    }

    pub(super) fn get(&mut self, target: &Target) -> Value {
        match target {
            Target::Var(var) => self.var(*var),
            Target::Field(number) => self.record.field(*number, &self.ofs, &self.convfmt),
            Target::Element(array, key) => array.borrow_mut().element(Rc::clone(key)).clone(),
        }
    }

    pub(super) fn set(&mut self, target: &Target, value: Value) -> Run<()> {
        match target {
            Target::Var(var) => self.set_var(*var, value),
            Target::Field(0) => {
                let text = to_text(&value, &self.convfmt);
                self.set_record(text);
                Ok(())
            }
            Target::Field(number) => {
                self.spend(*number / 16)?;
                self.record.set_field(*number, value);
                Ok(())
            }
            Target::Element(array, key) => {
                *array.borrow_mut().element(Rc::clone(key)) = value;
                Ok(())
            }
        }
    }

    pub(super) fn read_place(&mut self, place: &Place) -> Run<Value> {
        match place {
            Place::Var(var) => Ok(self.var(*var)),
            place => {
                let target = self.target(place)?;
                Ok(self.get(&target))
            }
        }
    }

    pub(super) fn var(&mut self, var: Var) -> Value {
        match var {
            Var::Local(at) => match self.locals.get(self.base + at) {
                Some(local) => local.value.clone(),
                None => Value::Nothing,
            },
            Var::Global(special::NF) => Value::Number(self.record.count() as f64),
            Var::Global(special::NR) => Value::Number(self.nr),
            Var::Global(special::FNR) => Value::Number(self.fnr),
            Var::Global(at) => self.globals[at].clone(),
        }
    }

    pub(super) fn set_var(&mut self, var: Var, value: Value) -> Run<()> {
        match var {
            Var::Local(at) => {
                if let Some(local) = self.locals.get_mut(self.base + at) {
                    local.value = value;
                }
                Ok(())
            }
            Var::Global(at) => self.set_global(at, value),
        }
    }

    pub(super) fn set_global(&mut self, at: usize, value: Value) -> Run<()> {
        if at < special::NAMES.len() {
            match at {
                special::NF => {
                    let count = value.number();
                    if !(count > -1.0 && count < MOST as f64) {
                        return Err(Fault::Field.into());
                    }
                    self.spend(count as usize / 16)?;
                    self.record.resize(count as usize);
                }
                special::NR => self.nr = value.number(),
                special::FNR => self.fnr = value.number(),
                special::OFS => self.ofs = to_text(&value, &self.convfmt),
                special::CONVFMT => self.convfmt = to_text(&value, b"%.6g"),
                special::FS => {
                    let text = to_text(&value, &self.convfmt);
                    // The record that is there was to be split by the old one, which it knows.
                    self.separator = self.separator_of(&text)?;
                }
                special::RS => {
                    let text = to_text(&value, &self.convfmt);
                    self.end = match text[..] {
                        [] => End::Paragraph,
                        [byte] => End::Byte(byte),
                        _ => End::Regex(self.made(&text)?),
                    };
                }
                _ => {}
            }
        }
        self.globals[at] = value;
        Ok(())
    }

    /// What separates fields where a string says so.
    pub(super) fn separator_of(&mut self, text: &[u8]) -> Run<Separator> {
        Ok(match *text {
            [b' '] => Separator::Blank,
            [] => Separator::Each,
            [byte] => Separator::Byte(byte),
            [b'\\', byte] if byte.is_ascii_punctuation() => Separator::Byte(byte),
            _ => Separator::Regex(self.made(text)?),
        })
    }

    /// A regular expression made of a string.
    pub(super) fn made(&mut self, text: &[u8]) -> Run<Re> {
        if let Some(regex) = self.made.get(text) {
            return Ok(Rc::clone(regex));
        }
        let syntax = Syntax {
            extended: true,
            ..Syntax::default()
        };
        let regex = Regex::new(&lexer::pattern(text), syntax).map_err(Fault::Pattern)?;
        self.spend(text.len() * 64)?;
        if self.made.len() >= KEPT {
            self.made.clear();
        }
        let regex = Rc::new(RefCell::new(regex));
        self.made.insert(text.to_vec(), Rc::clone(&regex));
        Ok(regex)
    }

    pub(super) fn pattern(&mut self, pattern: &Pattern) -> Run<Re> {
        match pattern {
            Pattern::Known(number) => Ok(Rc::clone(&self.regexes[*number])),
            Pattern::Made(expr) => {
                let text = self.text(expr)?;
                self.made(&text)
            }
        }
    }

    /// The array of a variable, made if there is none.
    pub(super) fn array(&mut self, var: Var) -> ArrayRef {
        let slot = match var {
            Var::Global(at) => &mut self.global_arrays[at],
            Var::Local(at) => &mut self.locals[self.base + at].array,
        };
        Rc::clone(slot.get_or_insert_with(|| Rc::new(RefCell::new(Array::default()))))
    }

    /// The array of a variable, if it is one.
    pub(super) fn known_array(&self, var: Var) -> Option<ArrayRef> {
        match var {
            Var::Global(at) => self.global_arrays[at].clone(),
            Var::Local(at) => self.locals.get(self.base + at)?.array.clone(),
        }
    }

    /// The key of subscripts.
    pub(super) fn key(&mut self, subscripts: &[Expr]) -> Run<Text> {
        if let [one] = subscripts {
            return self.text(one);
        }
        let mut key = Vec::new();
        for (at, subscript) in subscripts.iter().enumerate() {
            if at > 0 {
                key.extend_from_slice(&to_text(&self.globals[special::SUBSEP], &self.convfmt));
            }
            key.extend_from_slice(&self.text(subscript)?);
        }
        Ok(Rc::new(key))
    }
}
