//! Pending changes: one line each, and their effect on a package.
//!
//! A line that is out of form or cannot be carried out (its section is gone, a name is
//! bad) is passed over in silence and the others count: that is how the ids of anonymous
//! sections, which a commit shifts, do no harm.

use super::mark;
use super::names;
use super::package::{Package, Value, integer};
use super::reference::Reference;
use super::words::Words;

/// A change that waits for `commit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// What to do.
    pub change: Change,
    /// Plain name or generated id.
    pub section: Vec<u8>,
    /// The option; none: the section itself.
    pub option: Option<Vec<u8>>,
    /// Value, type, new name or position; of a deletion the index of the list item.
    pub value: Vec<u8>,
}

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Sets an option, or makes a section or changes its type.
    Set,
    /// Adds an anonymous section.
    Add,
    /// Deletes a section, an option, a list item.
    Delete,
    /// Gives another name.
    Rename,
    /// Moves a section.
    Reorder,
    /// Appends to a list.
    AddItem,
    /// Removes every equal item of a list.
    DeleteItem,
}

/// A change of a file of changes, and the bytes of the file that hold it.
#[derive(Debug)]
pub struct Line<'a> {
    /// The change; none if it is out of form.
    pub delta: Option<Delta>,
    /// Its bytes.
    pub raw: &'a [u8],
    /// The line could not even be taken apart.
    pub is_fault: bool,
}

/// Takes a file of changes apart.
pub fn lines<'a>(package: &[u8], text: &'a [u8]) -> Vec<Line<'a>> {
    open_lines(package, text, None)
}

/// The changes behind the last mark of this configuration file: those before are part of it.
pub fn open_lines<'a>(package: &[u8], text: &'a [u8], inode: Option<u64>) -> Vec<Line<'a>> {
    let mark = inode.map(mark::line);
    let is_done = |from: usize, to: usize| {
        let gap = text.get(from..to).unwrap_or_default();
        mark.as_ref().is_some_and(|mark| mark::is_in(gap, mark))
    };
    let mut words = Words::new(text);
    let mut lines = Vec::new();
    let mut end = 0;
    while words.next_statement() {
        let begin = words.offset();
        if is_done(end, begin) {
            lines.clear();
        }
        let found = [words.word(), words.word()];
        let is_fault = found.iter().any(|word| word.is_err());
        let delta = match &found {
            [Ok(Some(word)), Ok(None)] => parse(package, word),
            _ => None,
        };
        match found {
            [Ok(_), Ok(None)] => words.finish(),
            _ => words.recover(),
        }
        lines.push(Line {
            delta,
            raw: text.get(begin..words.offset()).unwrap_or_default(),
            is_fault,
        });
        end = words.offset();
    }
    if is_done(end, text.len()) {
        lines.clear();
    }
    lines
}

/// Reads one change of this package.
fn parse(package: &[u8], word: &[u8]) -> Option<Delta> {
    let (&sign, unsigned) = word.split_first()?;
    let (change, rest) = match sign {
        b'+' => (Change::Add, unsigned),
        b'-' => (Change::Delete, unsigned),
        b'@' => (Change::Rename, unsigned),
        b'^' => (Change::Reorder, unsigned),
        b'|' => (Change::AddItem, unsigned),
        b'~' => (Change::DeleteItem, unsigned),
        _ => (Change::Set, word),
    };
    let reference = Reference::split(rest).ok()?;
    let section = reference.section?;
    let good_option = |option: &Vec<u8>| names::is_name(option);
    if reference.package != package
        || !names::is_name(&section)
        || !reference.option.as_ref().is_none_or(good_option)
        || (reference.value.is_none() && change != Change::Delete)
    {
        return None;
    }
    Some(Delta {
        change,
        section,
        option: reference.option,
        value: reference.value.unwrap_or_default(),
    })
}

impl Delta {
    /// A change of an option, or of the section itself.
    pub fn new(change: Change, section: &[u8], option: Option<&[u8]>, value: &[u8]) -> Delta {
        Delta {
            change,
            section: section.to_vec(),
            option: option.map(<[u8]>::to_vec),
            value: value.to_vec(),
        }
    }

    /// Carries the change out; false if it cannot be.
    pub fn apply(&self, package: &mut Package) -> bool {
        self.try_apply(package).is_some()
    }

    fn try_apply(&self, package: &mut Package) -> Option<()> {
        match &self.option {
            Some(option) => self.apply_to_option(package, option),
            None => self.apply_to_section(package),
        }
    }

    fn apply_to_section(&self, package: &mut Package) -> Option<()> {
        let number = package.sections.find(&self.section);
        match self.change {
            Change::Set | Change::Add => {
                if !names::is_type(&self.value) {
                    return None;
                }
                match number {
                    Some(number) => package.set_kind(number, &self.value),
                    None if self.change == Change::Add => {
                        package.add_anonymous(&self.section, &self.value);
                    }
                    None => {
                        package.add(Some(&self.section), &self.value);
                    }
                }
            }
            Change::Delete => {
                package.remove(number?)?;
            }
            Change::Rename => {
                if !names::is_name(&self.value) {
                    return None;
                }
                package.sections.rename(number?, self.value.clone());
            }
            Change::Reorder => {
                let to = position(&self.value);
                package.move_to(number?, to);
            }
            Change::AddItem | Change::DeleteItem => return None,
        }
        Some(())
    }

    fn apply_to_option(&self, package: &mut Package, option: &[u8]) -> Option<()> {
        let section = package.section_mut(&self.section)?;
        match self.change {
            Change::Set if self.value.is_empty() => return None,
            Change::Set => section.set(option, Value::Text(self.value.clone())),
            Change::AddItem => section.append(option, &self.value),
            Change::DeleteItem => {
                let Value::List(items) = section.value_mut(option)? else {
                    return None;
                };
                items.retain(|item| *item != self.value);
                if items.is_empty() {
                    section.remove(option);
                }
            }
            Change::Delete if self.value.is_empty() => {
                section.remove(option).then_some(())?;
            }
            Change::Delete => {
                let index = usize::try_from(integer(&self.value)?).ok()?;
                let Value::List(items) = section.value_mut(option)? else {
                    return None;
                };
                if index >= items.len() {
                    return None;
                }
                items.remove(index);
                if items.is_empty() {
                    section.remove(option);
                }
            }
            Change::Rename => {
                if !names::is_name(&self.value) {
                    return None;
                }
                let number = section.options.find(option)?;
                section.options.rename(number, self.value.clone());
            }
            Change::Add | Change::Reorder => return None,
        }
        Some(())
    }
}

/// The position that `reorder` means: negative or no number at all is the front.
pub fn position(value: &[u8]) -> usize {
    let digits = value.strip_prefix(b"+").unwrap_or(value);
    let end = digits.iter().position(|byte| !byte.is_ascii_digit());
    let number = integer(
        digits
            .get(..end.unwrap_or(digits.len()))
            .unwrap_or_default(),
    );
    usize::try_from(number.unwrap_or(0)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::parse::{self, Reading};
    use super::super::text;
    use super::*;

    /// Applies changes to a fixed package; `+` joins those that counted, then `show`.
    fn check(changes: &str, expected: &str) {
        let source = b"config t a\n\toption x 1\n\tlist l 1\n\tlist l 2\nconfig u\nconfig t b\n";
        let (mut package, _) = parse::package(b"p", source, Reading::Strict).unwrap();
        for line in lines(b"p", changes.as_bytes()) {
            if let Some(delta) = line.delta {
                delta.apply(&mut package);
            }
        }
        let mut shown = Vec::new();
        let style = text::Style {
            delimiter: b" ",
            extended: false,
        };
        text::show_package(&mut shown, &package, style);
        let shown = String::from_utf8(shown).unwrap();
        assert_eq!(shown.trim_end().replace('\n', "|"), expected, "{changes:?}");
    }

    const SAME: &str = "p.a=t|p.a.x='1'|p.a.l='1' '2'|p.cfg02b61a=u|p.b=t";

    #[test]
    fn every_change_has_its_effect() {
        check("", SAME);
        check(
            "p.a.x='it'\\''s'",
            &SAME.replace("'1'|p.a.l", "'it'\\''s'|p.a.l"),
        );
        check("p.a.l='3'", &SAME.replace("l='1' '2'", "l='3'"));
        check("p.b='v'\np.c='t'", &SAME.replace("b=t", "b=v|p.c=t"));
        check("+p.cfg04b61a='u'", &format!("{SAME}|p.cfg04b61a=u"));
        check("-p.a\n-p.cfg02b61a", "p.b=t");
        check(
            "-p.a.x\n-p.a.l='0'",
            &SAME.replace("x='1'|p.a.l='1' ", "l="),
        );
        check(
            "-p.a.l='0'\n-p.a.l='0'",
            &SAME.replace("|p.a.l='1' '2'", ""),
        );
        check(
            "@p.a='z'\n@p.z.x='y'",
            &SAME.replace("p.a", "p.z").replace("z.x", "z.y"),
        );
        check(
            "^p.b='0'",
            "p.b=t|p.a=t|p.a.x='1'|p.a.l='1' '2'|p.cfg02b61a=u",
        );
        check("|p.a.l=''\n~p.a.l='1'", &SAME.replace("'1' '2'", "'2' ''"));
        check("|p.a.x='2'", &SAME.replace("x='1'", "x='1' '2'"));
    }

    #[test]
    fn what_cannot_be_carried_out_is_passed_over() {
        for bad in [
            "q.a.x='2'",
            "p.a.x='2' y",
            "p.@t[0].x='2'",
            "p.a.x-y='2'",
            "p.a.b.c='2'",
            "p.a.x",
            "p='t'",
            "-p",
            "p.nosuch.x='2'",
            "+p.cfg09='bad type'",
            "@p.a='b-b'",
            "@p.nosuch='c'",
            "^p.nosuch='0'",
            "~p.a.x='1'",
            "-p.a.l='7'",
            "-p.a.l='-1'",
            "-p.nosuch",
            "p.a.x=''",
            "'p.a.x=2",
            "|p.a='2'",
            "+p.a.x='2'",
            "p.a.x='2'\0",
            "\0",
        ] {
            check(bad, SAME);
            if !bad.starts_with('\'') {
                check(
                    &format!("{bad}\n-p.b"),
                    SAME.strip_suffix("|p.b=t").unwrap(),
                );
            }
        }
    }

    #[test]
    fn positions_of_reorder() {
        for (value, expected) in [("2", 2), ("-1", 0), ("x", 0), ("", 0), ("+1", 1), ("3x", 3)] {
            assert_eq!(position(value.as_bytes()), expected, "{value}");
        }
        assert_eq!(position(b"99999999999999999999"), i64::MAX as usize);
    }
}
