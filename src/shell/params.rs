//! The positional parameters: `$1` and on.

use super::fields::Fields;
use std::rc::Rc;

/// Positional parameters; a copy shares the strings.
#[derive(Clone, Debug, Default)]
pub struct Params {
    fields: Rc<Fields>,
    first: usize,
}

impl Params {
    /// All fields from `first` on.
    pub fn new(fields: Fields, first: usize) -> Params {
        Params {
            fields: Rc::new(fields),
            first,
        }
    }

    /// The fields, unless a copy is still in use.
    pub fn into_fields(self) -> Option<Fields> {
        Rc::into_inner(self.fields)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.fields.len().saturating_sub(self.first)
    }

    /// One of them, counted from 0.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.fields.get(self.first.checked_add(index)?)
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.fields.from(self.first)
    }

    /// `shift`; false if there are not that many.
    pub fn shift(&mut self, count: usize) -> bool {
        let enough = count <= self.len();
        if enough {
            self.first += count;
        }
        enough
    }

    /// All in one string.
    pub fn joined(&self, joint: Option<u8>) -> Vec<u8> {
        let mut joined = Vec::new();
        for (index, value) in self.iter().enumerate() {
            if index > 0 {
                joined.extend(joint);
            }
            joined.extend_from_slice(value);
        }
        joined
    }
}
