//! `PKG[.SECTION[.OPTION]][=VALUE]`, the way everything is named.

use super::error::{Error, Result};
use super::names;

/// A reference taken apart; nothing is looked up yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// A name, or a path that begins with `/`.
    pub package: Vec<u8>,
    /// A name, `@type[n]` or `@[n]`.
    pub section: Option<Vec<u8>>,
    /// A name.
    pub option: Option<Vec<u8>>,
    /// What stands behind the first `=`.
    pub value: Option<Vec<u8>>,
}

impl Reference {
    /// Takes an argument of the command line apart and checks what can be checked alone.
    pub fn parse(argument: &[u8]) -> Result<Reference> {
        let reference = Reference::split(argument)?;
        if !reference.value.as_deref().is_none_or(names::is_value) {
            return Err(Error::Parse(None));
        }
        let good_option = |option: &Vec<u8>| names::is_name(option);
        let package = &reference.package;
        let is_file = !package.contains(&b'/') || package.starts_with(b"/");
        if !names::is_type(package)
            || !is_file
            || !reference.option.as_ref().is_none_or(good_option)
        {
            return Err(Error::InvalidArgument);
        }
        Ok(reference)
    }

    /// Takes a reference apart at the first `=` and at the dots before it.
    pub(super) fn split(argument: &[u8]) -> Result<Reference> {
        let equals = memchr::memchr(b'=', argument);
        let (left, value) = match equals {
            Some(at) => (argument.get(..at), argument.get(at + 1..)),
            None => (Some(argument), None),
        };
        let mut parts = left.unwrap_or_default().split(|&byte| byte == b'.');
        let mut part = || parts.next().map(<[u8]>::to_vec);
        let reference = Reference {
            package: part().unwrap_or_default(),
            section: part(),
            option: part(),
            value: value.map(<[u8]>::to_vec),
        };
        if part().is_some() || reference.option.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::Parse(None));
        }
        Ok(reference)
    }
}

#[test]
fn references_are_split() {
    let check = |text: &[u8], expected: &str| {
        let shown = match Reference::parse(text) {
            Ok(r) => {
                let parts = [Some(r.package), r.section, r.option, r.value];
                let show = |part: Option<Vec<u8>>| match part {
                    Some(part) => String::from_utf8_lossy(&part).into_owned(),
                    None => "-".into(),
                };
                parts.map(show).join("|")
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{:?}", String::from_utf8_lossy(text));
    };
    check(b"p", "p|-|-|-");
    check(b"p.s", "p|s|-|-");
    check(b"p.s.o=a=b.c", "p|s|o|a=b.c");
    check(b"p.@t[-1].o=", "p|@t[-1]|o|");
    check(b"/etc/config/x.s", "/etc/config/x|s|-|-");
    check(b"p.s.o.x", "Parse error");
    check(b"p.s.=1", "Parse error");
    check(b"p.s.o=\x07", "Parse error");
    check(b"p.s.o=\t\n\r\xff", "p|s|o|\t\n\r\u{fffd}");
    check(b"p.s.o-p", "Invalid argument");
    check(b"", "Invalid argument");
    check(b"p/q.s", "Invalid argument");
    check(b"p q.s", "Invalid argument");
}
