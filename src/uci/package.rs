//! A package in memory: sections in order, options in order, values.

use super::error::{Error, Result};
use super::kinds::Kinds;
use super::names;
use super::ordered::{Named, Ordered};

/// The content of one configuration file, pending changes included.
#[derive(Clone, Debug, Default)]
pub struct Package {
    /// The name shown: that of the file without directories.
    pub name: Vec<u8>,
    /// The sections; added, removed, moved by the functions of the package.
    pub sections: Ordered<Section>,
    kinds: Kinds,
    /// Sections made in this load, those deleted since included.
    count: u32,
}

/// A section.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its name, or its generated id.
    pub name: Vec<u8>,
    /// Its type.
    pub kind: Vec<u8>,
    /// The name is a generated id, and not written.
    pub anonymous: bool,
    /// The options.
    pub options: Ordered<Setting>,
}

/// An option.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its name.
    pub name: Vec<u8>,
    /// Its value.
    pub value: Value,
}

/// The value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `option`
    Text(Vec<u8>),
    /// `list`
    List(Vec<Vec<u8>>),
}

impl Named for Section {
    fn name(&self) -> &[u8] {
        &self.name
    }

    fn set_name(&mut self, name: Vec<u8>) {
        self.name = name;
        self.anonymous = false;
    }
}

impl Named for Setting {
    fn name(&self) -> &[u8] {
        &self.name
    }

    fn set_name(&mut self, name: Vec<u8>) {
        self.name = name;
    }
}

impl Value {
    /// The items of a list; a plain value is a list of one.
    pub fn items(&self) -> &[Vec<u8>] {
        match self {
            Value::Text(text) => std::slice::from_ref(text),
            Value::List(items) => items,
        }
    }
}

impl Package {
    /// A package without sections.
    pub fn new(name: &[u8]) -> Package {
        Package {
            name: name.to_vec(),
            ..Package::default()
        }
    }

    /// The section with this name or generated id.
    pub fn section(&self, name: &[u8]) -> Option<&Section> {
        self.sections.get(self.sections.find(name)?)
    }

    /// The section with this name, to change it.
    pub fn section_mut(&mut self, name: &[u8]) -> Option<&mut Section> {
        let number = self.sections.find(name)?;
        self.sections.get_mut(number)
    }

    /// The value of an option, by plain names.
    pub fn value(&self, section: &[u8], option: &[u8]) -> Option<&Value> {
        self.section(section)?.value(option)
    }

    /// The id that the next anonymous section of this type gets.
    pub fn next_id(&self, kind: &[u8]) -> Vec<u8> {
        names::generated(self.count.saturating_add(1), kind)
    }

    /// Adds a section at the end; without a name it gets a generated id.
    pub fn add(&mut self, name: Option<&[u8]>, kind: &[u8]) -> u32 {
        self.count = self.count.saturating_add(1);
        let section = Section {
            name: match name {
                Some(name) => name.to_vec(),
                None => names::generated(self.count, kind),
            },
            kind: kind.to_vec(),
            anonymous: name.is_none(),
            options: Ordered::default(),
        };
        let number = self.sections.push(section);
        self.kinds.enter(&self.sections, number);
        number
    }

    /// Takes a section out.
    pub fn remove(&mut self, number: u32) -> Option<Section> {
        let section = self.sections.remove(number)?;
        self.kinds.leave(&section.kind, number);
        Some(section)
    }

    /// Moves a section to this position; past the end means to the end.
    pub fn move_to(&mut self, number: u32, position: usize) {
        if let Some(section) = self.sections.get(number) {
            self.kinds.leave(&section.kind, number);
            self.sections.move_to(number, position);
            self.kinds.enter(&self.sections, number);
        }
    }

    /// Gives a section another type.
    pub fn set_kind(&mut self, number: u32, kind: &[u8]) {
        if let Some(section) = self.sections.get_mut(number) {
            let old = std::mem::replace(&mut section.kind, kind.to_vec());
            self.kinds.leave(&old, number);
            self.kinds.enter(&self.sections, number);
        }
    }

    /// Adds an anonymous section whose id a pending change has chosen.
    pub fn add_anonymous(&mut self, id: &[u8], kind: &[u8]) {
        let number = self.add(Some(id), kind);
        if let Some(section) = self.sections.get_mut(number) {
            section.anonymous = true;
        }
    }

    /// The section that a reference's middle part means.
    ///
    /// None where a plain name is unknown (`set` makes it then); `@type[n]` and `@[n]` must
    /// be well-formed and exist.
    pub fn resolve(&self, reference: &[u8]) -> Result<Option<u32>> {
        if names::is_name(reference) {
            return Ok(self.sections.find(reference));
        }
        let (kind, index) = extended(reference).ok_or(Error::InvalidArgument)?;
        let members = match kind {
            b"" => self.sections.numbers(),
            kind => self.kinds.members(&self.sections, kind),
        };
        let back = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
        let at = match index {
            0.. => Some(back),
            _ => members.len().checked_sub(back),
        };
        let found = at.and_then(|at| members.get(at));
        found.map(|&number| Some(number)).ok_or(Error::NotFound)
    }
}

impl Section {
    /// The value of an option.
    pub fn value(&self, option: &[u8]) -> Option<&Value> {
        let number = self.options.find(option)?;
        self.options.get(number).map(|setting| &setting.value)
    }

    /// Sets an option; one that exists keeps its position.
    pub fn set(&mut self, option: &[u8], value: Value) {
        match self.value_mut(option) {
            Some(old) => *old = value,
            None => {
                let name = option.to_vec();
                self.options.push(Setting { name, value });
            }
        }
    }

    /// Adds an item; a plain value becomes the first item of a list.
    pub fn append(&mut self, option: &[u8], item: &[u8]) {
        match self.value_mut(option) {
            Some(Value::List(items)) => items.push(item.to_vec()),
            Some(value) => *value = Value::List(vec![value.items().concat(), item.to_vec()]),
            None => self.set(option, Value::List(vec![item.to_vec()])),
        }
    }

    /// The value of an option, to change it.
    pub fn value_mut(&mut self, option: &[u8]) -> Option<&mut Value> {
        let number = self.options.find(option)?;
        self.options
            .get_mut(number)
            .map(|setting| &mut setting.value)
    }

    /// Removes an option.
    pub fn remove(&mut self, option: &[u8]) -> bool {
        let number = self.options.find(option);
        number
            .and_then(|number| self.options.remove(number))
            .is_some()
    }
}

/// `@type[n]` taken apart; the index may have a sign or be empty (0).
fn extended(reference: &[u8]) -> Option<(&[u8], i64)> {
    let inner = reference.strip_prefix(b"@")?.strip_suffix(b"]")?;
    let open = inner.iter().position(|&byte| byte == b'[')?;
    let (kind, index) = (inner.get(..open)?, inner.get(open + 1..)?);
    Some((kind, integer(index)?))
}

/// A decimal number with an optional sign; empty is 0, huge ones are cut.
pub fn integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+"));
    let digits = match digits {
        Some([]) => return None,
        Some(digits) => digits,
        None => text,
    };
    let add = |value: i64, byte: &u8| {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        Some(value.saturating_mul(10).saturating_add(digit))
    };
    let value = digits.iter().try_fold(0, add)?;
    Some(if text.starts_with(b"-") {
        -value
    } else {
        value
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reference: &str, expected: &str) {
        let mut package = Package::new(b"p");
        package.add(Some(b"lan"), b"interface");
        package.add(None, b"rule");
        package.add(Some(b"ssh"), b"rule");
        let shown = match package.resolve(reference.as_bytes()) {
            Ok(Some(number)) => {
                String::from_utf8(package.sections.get(number).unwrap().name.clone()).unwrap()
            }
            Ok(None) => "new".into(),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{reference}");
    }

    #[test]
    fn references_find_sections() {
        check("lan", "lan");
        check("cfg0292bd", "cfg0292bd");
        check("nosuch", "new");
        check("@rule[0]", "cfg0292bd");
        check("@rule[]", "cfg0292bd");
        check("@rule[+1]", "ssh");
        check("@rule[-1]", "ssh");
        check("@rule[-2]", "cfg0292bd");
        check("@rule[-3]", "Entry not found");
        check("@rule[2]", "Entry not found");
        check("@rule[99999999999999999999]", "Entry not found");
        check("@rule[-99999999999999999999]", "Entry not found");
        check("@[0]", "lan");
        check("@[-1]", "ssh");
        check("@nosuch[0]", "Entry not found");
        for bad in [
            "@rule",
            "@rule[x]",
            "@rule[0]x",
            "@rule[-]",
            "my-lan",
            "",
            "@",
            "@][",
        ] {
            check(bad, "Invalid argument");
        }
    }

    #[test]
    fn references_by_type_follow_every_change() {
        // The same question asked of the index and of the sections themselves, after changes
        // chosen by a fixed generator.
        let mut package = Package::new(b"p");
        let mut state = 1_u32;
        let mut dice = |sides: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % sides
        };
        let kinds: [&[u8]; 3] = [b"a", b"b", b"c"];
        for _ in 0..5_000 {
            let number = package.sections.at(dice(package.sections.len() + 1));
            match (number, dice(8)) {
                (Some(number), 0..=1) => {
                    package.remove(number);
                }
                (Some(number), 2) => package.move_to(number, dice(40)),
                (Some(number), 3) => package.set_kind(number, kinds[dice(3)]),
                (Some(number), 4) => package.sections.rename(number, b"x".to_vec()),
                _ if package.sections.len() < 40 => {
                    package.add(None, kinds[dice(3)]);
                }
                _ => {}
            }
            for kind in kinds {
                let is_it = |n: &&u32| package.sections.get(**n).unwrap().kind == kind;
                let all: Vec<u32> = package
                    .sections
                    .numbers()
                    .iter()
                    .filter(is_it)
                    .copied()
                    .collect();
                let shown = String::from_utf8_lossy(kind);
                for index in -1..=all.len() as i64 {
                    let reference = format!("@{shown}[{index}]");
                    let expected = match index {
                        -1 => all.last(),
                        index => all.get(index as usize),
                    };
                    let found = package.resolve(reference.as_bytes()).ok().flatten();
                    assert_eq!(found.as_ref(), expected, "{reference}");
                }
            }
        }
    }
}
