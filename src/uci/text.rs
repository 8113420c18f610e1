//! Packages and changes as text: what `show`, `export`, `changes` print and files hold.
//!
//! `export` is evaluated by shell scripts with functions named after the keywords, so
//! whatever a shell might take for its own is quoted, types and names of packages included.

use super::delta::{Change, Delta};
use super::package::{Package, Section, Setting, Value};
use std::collections::BTreeMap;

/// `'…'` with every `'` in it as `'\''`.
pub fn quoted(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'\'');
    for (number, piece) in value.split(|&byte| byte == b'\'').enumerate() {
        if number > 0 {
            out.extend_from_slice(b"'\\''");
        }
        out.extend_from_slice(piece);
    }
    out.push(b'\'');
}

/// The content of a configuration file; `name_all` writes generated ids as names.
pub fn body(out: &mut Vec<u8>, package: &Package, name_all: bool) {
    for section in package.sections.iter() {
        out.extend_from_slice(b"\nconfig ");
        word(out, &section.kind);
        if name_all || !section.anonymous {
            out.push(b' ');
            quoted(out, &section.name);
        }
        out.push(b'\n');
        for setting in section.options.iter() {
            let keyword: &[u8] = match setting.value {
                Value::Text(_) => b"\toption ",
                Value::List(_) => b"\tlist ",
            };
            for item in setting.value.items() {
                out.extend_from_slice(keyword);
                out.extend_from_slice(&setting.name);
                out.push(b' ');
                quoted(out, item);
                out.push(b'\n');
            }
        }
    }
    out.push(b'\n');
}

/// What `export` prints.
pub fn export(out: &mut Vec<u8>, package: &Package, name_all: bool) {
    out.extend_from_slice(b"package ");
    word(out, &package.name);
    out.push(b'\n');
    body(out, package, name_all);
}

/// A section type or the name of a package; quoted where neither a file nor a shell would take
/// it as one word.
fn word(out: &mut Vec<u8>, word: &[u8]) {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./:@%+,".contains(byte);
    match word.iter().all(plain) {
        true => out.extend_from_slice(word),
        false => quoted(out, word),
    }
}

/// How `show` names sections and divides lists.
#[derive(Clone, Copy, Debug)]
pub struct Style<'a> {
    /// Between the items of a list.
    pub delimiter: &'a [u8],
    /// Anonymous sections of whole packages as `@type[n]`.
    pub extended: bool,
}

/// What `show P` prints.
pub fn show_package(out: &mut Vec<u8>, package: &Package, style: Style) {
    let mut counts: BTreeMap<&[u8], u32> = BTreeMap::new();
    for section in package.sections.iter() {
        let count = counts.entry(&section.kind).or_default();
        if style.extended && section.anonymous {
            let mut name = b"@".to_vec();
            name.extend_from_slice(&section.kind);
            name.extend_from_slice(format!("[{count}]").as_bytes());
            show_as(out, package, section, &name, style);
        } else {
            show_as(out, package, section, &section.name, style);
        }
        *count += 1;
    }
}

/// What `show P.S` prints.
pub fn show_section(out: &mut Vec<u8>, package: &Package, section: &Section, style: Style) {
    show_as(out, package, section, &section.name, style);
}

/// What `show P.S.O` prints.
pub fn show_option(
    out: &mut Vec<u8>,
    package: &Package,
    section: &[u8],
    setting: &Setting,
    style: Style,
) {
    path(out, &package.name, section, Some(&setting.name));
    out.push(b'=');
    for (number, item) in setting.value.items().iter().enumerate() {
        if number > 0 {
            out.extend_from_slice(style.delimiter);
        }
        quoted(out, item);
    }
    out.push(b'\n');
}

fn show_as(out: &mut Vec<u8>, package: &Package, section: &Section, name: &[u8], style: Style) {
    path(out, &package.name, name, None);
    out.push(b'=');
    out.extend_from_slice(&section.kind);
    out.push(b'\n');
    for setting in section.options.iter() {
        show_option(out, package, name, setting, style);
    }
}

/// A value as `get` prints it, without the line end.
pub fn plain(out: &mut Vec<u8>, value: &Value, delimiter: &[u8]) {
    let Value::List(items) = value else {
        return out.extend_from_slice(&value.items().concat());
    };
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            out.extend_from_slice(delimiter);
        }
        match item.iter().any(|byte| b" \t\r\n".contains(byte)) {
            true => quoted(out, item),
            false => out.extend_from_slice(item),
        }
    }
}

/// A pending change as its file holds it, with the line end.
pub fn delta(out: &mut Vec<u8>, package: &[u8], delta: &Delta) {
    let sign: &[u8] = match delta.change {
        Change::Set => b"",
        Change::Add => b"+",
        Change::Delete => b"-",
        Change::Rename => b"@",
        Change::Reorder => b"^",
        Change::AddItem => b"|",
        Change::DeleteItem => b"~",
    };
    out.extend_from_slice(sign);
    path(out, package, &delta.section, delta.option.as_deref());
    if delta.change != Change::Delete || !delta.value.is_empty() {
        out.push(b'=');
        quoted(out, &delta.value);
    }
    out.push(b'\n');
}

/// A pending change as `changes` prints it.
pub fn change(out: &mut Vec<u8>, package: &[u8], delta: &Delta) {
    if delta.change == Change::Delete {
        out.push(b'-');
    }
    path(out, package, &delta.section, delta.option.as_deref());
    let sign: &[u8] = match delta.change {
        Change::Delete => return out.push(b'\n'),
        Change::AddItem => b"+=",
        Change::DeleteItem => b"-=",
        _ => b"=",
    };
    out.extend_from_slice(sign);
    quoted(out, &delta.value);
    out.push(b'\n');
}

fn path(out: &mut Vec<u8>, package: &[u8], section: &[u8], option: Option<&[u8]>) {
    out.extend_from_slice(package);
    for part in [Some(section), option].into_iter().flatten() {
        out.push(b'.');
        out.extend_from_slice(part);
    }
}
