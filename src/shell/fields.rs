//! The fields that words expand to: one buffer and the ends of the fields in it.
//!
//! No field has an allocation of its own, and the buffers are used again by the next
//! command; a loop of builtins runs without touching the allocator.

use super::glob;
use super::pattern;
use super::vars::Ifs;

/// Byte strings side by side.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Fields {
    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// One of them.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1],
        };
        self.bytes.get(start..end)
    }

    /// All from an index on.
    pub fn from(&self, first: usize) -> impl Iterator<Item = &[u8]> + Clone {
        (first..self.len()).filter_map(|index| self.get(index))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.from(0)
    }

    /// Adds one.
    pub fn push(&mut self, field: &[u8]) {
        self.bytes.extend_from_slice(field);
        self.ends.push(self.bytes.len());
    }

    /// Removes all, keeping the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn last_end(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }
}

impl<'a> FromIterator<&'a [u8]> for Fields {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(items: I) -> Fields {
        let mut fields = Fields::default();
        items.into_iter().for_each(|item| fields.push(item));
        fields
    }
}

/// What an expansion is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aim {
    /// Arguments: split into fields, match file names.
    #[default]
    Fields,
    /// One string: an assignment, a file name, a here-document.
    Single,
    /// One pattern: quoted special characters get a backslash.
    Pattern,
}

/// An expansion under way.
#[derive(Debug, Default)]
pub struct Expansion {
    /// What has come out so far; for one string see [`Expansion::bytes`].
    pub fields: Fields,
    /// What it is for.
    pub aim: Aim,
    /// Replace patterns by the names of files.
    pub globbing: bool,
    /// Literal text is split too: inside `${x:-...}` without quotes.
    pub split_text: bool,
    /// The current field exists, be it empty.
    open: bool,
    /// The current field is a pattern, as far as its unquoted characters say.
    glob: bool,
    /// It has an unquoted bracket that waits to be closed.
    bracket: bool,
    /// The last field was ended by blanks: one mark more belongs to the same separator.
    after_blank: bool,
    /// Places of quoted special characters in the current field.
    marks: Vec<usize>,
}

impl Expansion {
    /// Makes it ready for another use.
    pub fn reset(&mut self, aim: Aim, globbing: bool) {
        self.fields.clear();
        self.aim = aim;
        self.globbing = globbing;
        self.split_text = false;
        self.open = false;
        self.glob = false;
        self.bracket = false;
        self.after_blank = false;
        self.marks.clear();
    }

    /// The string or pattern that came out.
    pub fn bytes(&self) -> &[u8] {
        &self.fields.bytes
    }

    /// Adds a whole field that needs nothing done.
    pub fn push_field(&mut self, field: &[u8]) {
        self.fields.push(field);
    }

    /// Adds bytes that were written outside quotes.
    pub fn text(&mut self, text: &[u8], ifs: &[Ifs; 256]) {
        if self.split_text && self.aim == Aim::Fields {
            return self.value(text, ifs);
        }
        self.open = true;
        self.after_blank = false;
        self.look_for_pattern(text);
        self.fields.bytes.extend_from_slice(text);
    }

    fn look_for_pattern(&mut self, text: &[u8]) {
        for byte in text {
            match byte {
                b'*' | b'?' => self.glob = true,
                b'[' => self.bracket = true,
                b']' => self.glob |= self.bracket,
                _ => {}
            }
        }
    }

    /// Adds bytes that were quoted or come from a quoted expansion.
    pub fn quoted(&mut self, text: &[u8]) {
        self.open = true;
        self.after_blank = false;
        match self.aim {
            Aim::Single => self.fields.bytes.extend_from_slice(text),
            Aim::Pattern => {
                for &byte in text {
                    if pattern::is_special(byte) {
                        self.fields.bytes.push(b'\\');
                    }
                    self.fields.bytes.push(byte);
                }
            }
            Aim::Fields => {
                let start = self.fields.bytes.len();
                let special = text.iter().enumerate();
                let special = special.filter(|(_, byte)| pattern::is_special(**byte));
                self.marks.extend(special.map(|(at, _)| start + at));
                self.fields.bytes.extend_from_slice(text);
            }
        }
    }

    /// Adds the result of an expansion outside quotes.
    pub fn value(&mut self, text: &[u8], ifs: &[Ifs; 256]) {
        if self.aim != Aim::Fields {
            self.fields.bytes.extend_from_slice(text);
            return;
        }
        // Blanks at the end of another expansion are no part of this one's separator.
        self.after_blank = false;
        let mut rest = text;
        while let Some(&byte) = rest.first() {
            match ifs[usize::from(byte)] {
                Ifs::No => {
                    let plain = |b: &u8| ifs[usize::from(*b)] != Ifs::No;
                    let length = rest.iter().position(plain).unwrap_or(rest.len());
                    let (piece, after) = rest.split_at(length);
                    self.open = true;
                    self.after_blank = false;
                    self.look_for_pattern(piece);
                    self.fields.bytes.extend_from_slice(piece);
                    rest = after;
                    continue;
                }
                Ifs::Blank => {
                    if self.open {
                        self.end_field();
                        self.after_blank = true;
                    }
                }
                Ifs::Mark => {
                    if self.open || !self.after_blank {
                        self.open = true;
                        self.end_field();
                    }
                    self.after_blank = false;
                }
            }
            rest = &rest[1..];
        }
    }

    /// Ends the current field if there is one.
    pub fn end_field(&mut self) {
        if !self.open || self.aim != Aim::Fields {
            return;
        }
        self.open = false;
        self.bracket = false;
        if self.glob {
            self.glob = false;
            if self.globbing && self.expand_names() {
                self.marks.clear();
                return;
            }
        }
        self.marks.clear();
        self.fields.ends.push(self.fields.bytes.len());
    }

    /// Ends a word.
    pub fn end_word(&mut self) {
        self.end_field();
        self.after_blank = false;
    }

    /// Replaces the current field by the files it matches; false: none.
    fn expand_names(&mut self) -> bool {
        let start = self.fields.last_end();
        let mut pattern = Vec::with_capacity(self.fields.bytes.len() - start);
        for (at, &byte) in self.fields.bytes.iter().enumerate().skip(start) {
            if self.marks.binary_search(&at).is_ok() {
                pattern.push(b'\\');
            }
            pattern.push(byte);
        }
        let names = glob::expand(&pattern);
        if names.is_empty() {
            return false;
        }
        self.fields.bytes.truncate(start);
        for name in names {
            self.fields.push(&name);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::vars::Vars;

    fn check(ifs: &str, value: &str, expected: &[&str]) {
        let mut vars = Vars::new();
        vars.set(b"IFS", ifs.as_bytes()).unwrap();
        let mut expansion = Expansion::default();
        expansion.value(value.as_bytes(), vars.ifs());
        expansion.end_word();
        let got: Vec<_> = expansion
            .fields
            .iter()
            .map(String::from_utf8_lossy)
            .collect();
        assert_eq!(got, expected, "{value:?} by {ifs:?}");
    }

    #[test]
    fn values_split_as_posix_says() {
        check(" \t\n", "  a b\t c \n", &["a", "b", "c"]);
        check(":", "a::b:", &["a", "", "b"]);
        check(":", ":a", &["", "a"]);
        check(" :", "a : b", &["a", "b"]);
        check(" :", " : b", &["", "b"]);
        check(" :", "a :: b", &["a", "", "b"]);
        check("", "a b", &["a b"]);
        check(":", "", &[]);
        check(" ", "   ", &[]);
    }
}
