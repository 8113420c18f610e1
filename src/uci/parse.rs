//! The statements of a configuration file, and the package they make.
//!
//! What a fault leaves behind matters without strict reading: the options that follow a
//! faulty `config` belong to nobody, never to the section before it.

use super::error::{Error, Fault, Reason, Result};
use super::names;
use super::package::{Package, Value};
use super::words::Words;
use std::borrow::Cow;
use std::ops::Range;

/// How to read a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Stop at the first fault.
    Strict,
    /// Note faults and go on with the next line; a second type of a section wins.
    Lenient,
    /// Note every fault that strict reading stops at, and go on.
    Check,
    /// The same as if each faulty statement had been a comment. What belongs to a faulty
    /// `config` is faulty too.
    Repair,
}

/// What a text came to.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The packages, one unless `package` statements divide the text.
    pub packages: Vec<Package>,
    /// The faults that were passed over.
    pub faults: Vec<Fault>,
    /// Where the bytes of faulty statements lie, if they are to be repaired; the first of a
    /// piece is no blank, the last a line's last.
    pub faulty: Vec<Range<usize>>,
}

/// Reads the text of the package `name`; `package` statements are checked and ignored.
pub fn package(name: &[u8], text: &[u8], reading: Reading) -> Result<(Package, Vec<Fault>)> {
    let mut parser = Parser::new(text, reading, Some(Package::new(name)));
    parser.run()?;
    let package = parser.current.take().unwrap_or_default();
    Ok((package, parser.parsed.faults))
}

/// The faults of a text, and the bytes that are to become comments.
pub fn faulty(text: &[u8]) -> Result<Parsed> {
    let mut parser = Parser::new(text, Reading::Repair, Some(Package::new(b"")));
    parser.run()?;
    Ok(parser.parsed)
}

/// Reads a text that is divided by `package` statements.
pub fn packages(text: &[u8], reading: Reading) -> Result<Parsed> {
    let mut parser = Parser::new(text, reading, None);
    parser.divided = true;
    parser.run()?;
    parser.end_package()?;
    Ok(parser.parsed)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keyword {
    Package,
    Config,
    Option,
    List,
}

/// Where options go.
enum Place {
    Nowhere,
    /// Behind a `config` that was faulty.
    Discarded,
    Section(u32),
}

struct Parser<'a> {
    words: Words<'a>,
    reading: Reading,
    divided: bool,
    current: Option<Package>,
    place: Place,
    parsed: Parsed,
}

/// A word after the keyword, and where it begins; a missing one is empty.
#[derive(Default)]
struct Argument<'a> {
    text: Cow<'a, [u8]>,
    begin: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a [u8], reading: Reading, current: Option<Package>) -> Parser<'a> {
        Parser {
            words: Words::new(text),
            reading,
            divided: false,
            current,
            place: Place::Nowhere,
            parsed: Parsed::default(),
        }
    }

    fn run(&mut self) -> Result<()> {
        while self.words.next_statement() {
            let begin = self.words.offset();
            match self.statement() {
                Err(Error::Parse(Some(fault))) if self.reading != Reading::Strict => {
                    self.parsed.faults.push(fault);
                    match self.reading {
                        Reading::Repair => self.leave_out(begin, fault.reason),
                        _ => self.words.recover(),
                    }
                }
                result => result?,
            }
        }
        Ok(())
    }

    /// Goes on as if the faulty statement had been a comment.
    fn leave_out(&mut self, begin: usize, reason: Reason) {
        let text = self.words.text();
        let rest = text.get(begin..).unwrap_or_default();
        let newline = memchr::memchr(b'\n', rest).map(|at| at + 1);
        let line = rest
            .get(..newline.unwrap_or(rest.len()))
            .unwrap_or_default();
        let line_end = begin + line.len();
        // Only a statement that could be taken apart is known to end where it was read to.
        let end = match reason {
            Reason::Name
            | Reason::Type
            | Reason::OtherType
            | Reason::NoSection
            | Reason::Orphan => {
                self.words.recover();
                self.words.offset().max(line_end)
            }
            _ => line_end,
        };
        self.words.go_to(end);
        self.parsed.faulty.push(begin..end);
        // Options must not come to the section before because the line of theirs is gone.
        let word = line.split(|byte| !byte.is_ascii_alphabetic()).next();
        let at_margin = begin == 0 || text.get(begin - 1) == Some(&b'\n');
        let may_be_config = reason == Reason::Command
            && match word {
                None | Some([]) => false,
                Some(word) => at_margin || word.starts_with(b"c"),
            };
        if may_be_config || line.contains(&b';') {
            self.place = Place::Discarded;
        }
    }

    fn statement(&mut self) -> Result<()> {
        let begin = self.words.offset();
        let keyword = match self.words.keyword() {
            b"package" | b"p" => Keyword::Package,
            b"config" | b"c" => Keyword::Config,
            b"option" | b"o" => Keyword::Option,
            b"list" | b"l" => Keyword::List,
            _ => return Err(self.words.fault_at(Reason::Command, begin).into()),
        };
        if self.words.at_end() {
            return Err(self.words.fault(Reason::Nameless(keyword.word())).into());
        }
        match keyword {
            Keyword::Package => self.open_package(),
            Keyword::Config => {
                if self.current.is_none() {
                    return Err(self.words.fault_at(Reason::NoPackage, begin).into());
                }
                self.place = Place::Discarded;
                self.open_section()
            }
            Keyword::Option | Keyword::List => {
                let reason = match self.place {
                    Place::Section(_) => return self.option(keyword == Keyword::List),
                    Place::Discarded => Reason::Orphan,
                    Place::Nowhere => Reason::NoSection,
                };
                if self.reading == Reading::Repair {
                    // Where it ends counts.
                    self.arguments(2)?;
                } else if reason == Reason::Orphan {
                    return self.option(keyword == Keyword::List);
                }
                Err(self.words.fault_at(reason, begin).into())
            }
        }
    }

    fn argument(&mut self) -> Result<Option<Argument<'a>>> {
        self.words.skip_blanks();
        let begin = self.words.offset();
        let word = self.words.word()?;
        Ok(word.map(|text| Argument { text, begin }))
    }

    /// Up to `most` words; the first must be there.
    fn arguments(&mut self, most: usize) -> Result<(Argument<'a>, Argument<'a>)> {
        let Some(first) = self.argument()? else {
            return Err(self.words.fault(Reason::TooFew).into());
        };
        let second = match most {
            2 => self.argument()?,
            _ => None,
        };
        if let Some(third) = self.argument()? {
            return Err(self.words.fault_at(Reason::TooMany, third.begin).into());
        }
        self.words.finish();
        Ok((first, second.unwrap_or_default()))
    }

    fn fault<T>(&self, reason: Reason, origin: &Argument) -> Result<T> {
        Err(self.words.fault_from(reason, origin.begin).into())
    }

    fn open_package(&mut self) -> Result<()> {
        if self.divided {
            // What follows a faulty statement is not the package before it.
            self.end_package()?;
            self.place = Place::Nowhere;
        }
        let (name, _) = self.arguments(1)?;
        if !names::is_package_word(&name.text) {
            return self.fault(Reason::Name, &name);
        }
        if self.divided {
            self.current = Some(Package::new(&name.text));
        }
        Ok(())
    }

    fn end_package(&mut self) -> Result<()> {
        if let Some(package) = self.current.take() {
            let mut known = self.parsed.packages.iter();
            if known.any(|other| other.name == package.name) {
                return Err(Error::Duplicate);
            }
            self.parsed.packages.push(package);
        }
        Ok(())
    }

    fn open_section(&mut self) -> Result<()> {
        let (kind, name) = self.arguments(2)?;
        if !names::is_type(&kind.text) {
            return self.fault(Reason::Type, &kind);
        }
        if !name.text.is_empty() && !names::is_name(&name.text) {
            return self.fault(Reason::Name, &name);
        }
        let Some(package) = &mut self.current else {
            return Ok(());
        };
        let number = match package.sections.find(&name.text) {
            _ if name.text.is_empty() => package.add(None, &kind.text),
            None => package.add(Some(&name.text), &kind.text),
            Some(number) => {
                let section = package.sections.get(number);
                if section.is_some_and(|section| *section.kind != *kind.text) {
                    if self.reading != Reading::Lenient {
                        return self.fault(Reason::OtherType, &kind);
                    }
                    package.set_kind(number, &kind.text);
                }
                number
            }
        };
        self.place = Place::Section(number);
        Ok(())
    }

    fn option(&mut self, is_list: bool) -> Result<()> {
        let (name, value) = self.arguments(2)?;
        if !names::is_name(&name.text) {
            return self.fault(Reason::Name, &name);
        }
        let Place::Section(number) = self.place else {
            return Ok(());
        };
        let section = self
            .current
            .as_mut()
            .and_then(|p| p.sections.get_mut(number));
        match section {
            Some(section) if is_list => section.append(&name.text, &value.text),
            // An empty option is no statement at all; the value before stays.
            Some(section) if !value.text.is_empty() => {
                section.set(&name.text, Value::Text(value.text.into_owned()));
            }
            _ => {}
        }
        Ok(())
    }
}

impl Keyword {
    /// The word of the message "... without name"; a list is an option there.
    fn word(self) -> &'static str {
        match self {
            Keyword::Package => "package",
            Keyword::Config => "config",
            Keyword::Option | Keyword::List => "option",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::text;
    use super::*;

    /// The fault, or the normal form without its empty lines, joined by `|`.
    fn check(source: &str, expected: &str) {
        let reading = Reading::Strict;
        let shown = match package(b"p", source.as_bytes(), reading) {
            Ok((package, _)) => {
                let mut form = Vec::new();
                text::body(&mut form, &package, false);
                let form = String::from_utf8(form).unwrap();
                let lines: Vec<_> = form.split('\n').filter(|line| !line.is_empty()).collect();
                lines.join("|").replace('\t', "")
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{source:?}");
    }

    #[test]
    fn statements() {
        check("", "");
        check("config t s\noption a 1", "config t 's'|option a '1'");
        check(
            "c t s ; o a 1 ; l b 2",
            "config t 's'|option a '1'|list b '2'",
        );
        check("config t ''\n", "config t");
        check("package x\nconfig t s\n", "config t 's'");
        check(
            "config t s\noption a 1\nconfig u v\nconfig t s\noption b 2\n",
            "config t 's'|option a '1'|option b '2'|config u 'v'",
        );
    }

    #[test]
    fn values() {
        let section = |rest: &str| format!("config t s\n{rest}\n");
        check(
            &section("option a 1\noption a 2"),
            "config t 's'|option a '2'",
        );
        check(
            &section("option a 1\noption a ''\noption a"),
            "config t 's'|option a '1'",
        );
        check(
            &section("list a 1\noption a 2"),
            "config t 's'|option a '2'",
        );
        check(
            &section("option a 1\nlist a 2\nlist a ''"),
            "config t 's'|list a '1'|list a '2'|list a ''",
        );
    }

    #[test]
    fn faults() {
        let fault = |reason: &str, place: &str| format!("Parse error ({reason}) at {place}");
        let few = "insufficient arguments";
        let many = "too many arguments";
        check("config\n", &fault("invalid command", "line 1, byte 0"));
        check("Config t s\n", &fault("invalid command", "line 1, byte 0"));
        check("config \n", &fault(few, "line 1, byte 7"));
        check("config", &fault("config without name", "line 1, byte 6"));
        check("config t s x\n", &fault(many, "line 1, byte 11"));
        check("package a b\n", &fault(many, "line 1, byte 10"));
        check("config t\noption a b c\n", &fault(many, "line 2, byte 11"));
        check(
            "config a\u{e4} s\n",
            &fault("invalid character in type field", "line 1, byte 13"),
        );
        check(
            "config t s\nconfig u s\n",
            &fault(
                "section of different type overwrites prior section with same name",
                "line 2, byte 11",
            ),
        );
        check(
            "config t\n\toption a-b 1\n",
            &fault("invalid character in name field", "line 2, byte 14"),
        );
        check(
            "config t\noption a 'x\0'\n",
            &fault("NUL byte", "line 2, byte 11"),
        );
    }

    #[test]
    fn without_strictness_a_faulty_section_takes_its_options_along() {
        let source =
            b"config t a\noption x 1\nconfig t b-b\noption x 2\nconfig t c\nbad\noption x 3";
        let (package, faults) = package(b"p", source, Reading::Lenient).unwrap();
        let value = |section: &[u8]| package.value(section, b"x").cloned();
        assert_eq!(value(b"a"), Some(Value::Text(b"1".to_vec())));
        assert_eq!(value(b"c"), Some(Value::Text(b"3".to_vec())));
        let lines: Vec<_> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [3, 6]);
    }

    #[test]
    fn a_stream_is_divided_by_its_package_statements() {
        let strict = Reading::Strict;
        let parsed = packages(b"package a\nconfig t s\npackage b\n", strict).unwrap();
        let names: Vec<_> = parsed.packages.iter().map(|p| p.name.clone()).collect();
        assert_eq!(names, [b"a", b"b"]);
        let twice = packages(b"package a\npackage a\n", strict).unwrap_err();
        assert_eq!(twice.to_string(), "Duplicate entry");
        let none = packages(b"\nconfig t s\n", strict).unwrap_err().to_string();
        assert!(none.contains("without a package name) at line 2"), "{none}");
    }
}
