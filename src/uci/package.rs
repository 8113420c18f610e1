//! A package in memory: sections in order, options in order, values.

use super::error::{Error, Result};
use super::names;
use super::ordered::{Named, Ordered};

/// The content of one configuration file, pending changes included.
#[derive(Clone, Debug, Default)]
pub struct Package {
    /// The name shown: that of the file without directories.
    pub name: Vec<u8>,
    /// The sections.
    pub sections: Ordered<Section>,
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
        self.sections.push(section)
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
        let is_it = |number: &u32| {
            let section = self.sections.get(*number);
            section.is_some_and(|section| kind.is_empty() || section.kind == kind)
        };
        let mut numbers = self.numbers().filter(is_it);
        let found = match usize::try_from(index) {
            Ok(index) => numbers.nth(index),
            Err(_) => {
                let back = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
                let count = numbers.count();
                let from_start = count.checked_sub(back).ok_or(Error::NotFound)?;
                self.numbers().filter(is_it).nth(from_start)
            }
        };
        found.map(Some).ok_or(Error::NotFound)
    }

    fn numbers(&self) -> impl Iterator<Item = u32> {
        (0..self.sections.len()).filter_map(|position| self.sections.at(position))
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
}
