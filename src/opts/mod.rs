//! Options declared by the usage text: what `--help` prints is what is accepted.
//!
//! A line of the text that starts with blanks and a dash declares an option:
//!
//! ```text
//!   -n, --lines N     print the first N lines       value required
//!   -q, --quiet       never print file names        flag
//!   -r, -R            walk directories              two letters, one option: `r`
//!   -i[SUF]           edit in place                 value only when attached
//!       --color[=WHEN]                              the same for a long name
//!   -NUM              same as -n NUM                digits: option `NUM`
//! ```
//!
//! The name before the description is the key for [`Opts::has`]: the first letter of the
//! line, or the long name where there is no letter. Two blanks end the declaration.

pub mod declared;

use crate::error::{Error, Exit, Result};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// An option as its usage line declares it.
struct Declared {
    /// All spellings, without dashes; the first is the key.
    names: Vec<&'static str>,
    value: Value,
}

#[derive(Clone, Copy, PartialEq)]
enum Value {
    None,
    Required,
    Attached,
}

/// How the command line is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Options may follow operands, as GNU and busybox allow.
    Anywhere,
    /// The first operand ends the options: `env`, `nice`, `timeout`, `xargs`.
    Leading,
}

/// What a command line held.
#[derive(Debug, Default)]
pub struct Opts {
    given: Vec<(&'static str, OsString)>,
    /// What is neither an option nor its value.
    pub operands: Vec<OsString>,
    #[cfg(debug_assertions)]
    declared: Vec<&'static str>,
}

impl Opts {
    /// Whether the option was given. Asking for an undeclared one is a bug.
    pub fn has(&self, key: &str) -> bool {
        self.check(key);
        self.given.iter().any(|(name, _)| *name == key)
    }

    /// The last value given for the option.
    pub fn value(&self, key: &str) -> Option<&OsStr> {
        self.values(key).last()
    }

    /// Every value given for the option, in order.
    pub fn values<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a OsStr> {
        self.check(key);
        self.given
            .iter()
            .filter(move |(name, _)| *name == key)
            .map(|(_, value)| value.as_os_str())
    }

    /// Which of several options came last, for those that override each other.
    pub fn last_of(&self, keys: &[&str]) -> Option<&'static str> {
        keys.iter().for_each(|key| self.check(key));
        self.given
            .iter()
            .rev()
            .map(|(name, _)| *name)
            .find(|name| keys.contains(name))
    }

    /// Every option in the order given, with its value (empty for flags).
    pub fn in_order(&self) -> impl Iterator<Item = (&'static str, &OsStr)> {
        self.given
            .iter()
            .map(|(name, value)| (*name, value.as_os_str()))
    }

    /// The operands; the usage error where there are fewer than `least`.
    pub fn needed(&self, usage: &str, least: usize) -> Result<&[OsString]> {
        self.between(usage, least, usize::MAX)
    }

    /// The operands; the usage error where there are fewer than `least` or more than `most`.
    pub fn between(&self, usage: &str, least: usize, most: usize) -> Result<&[OsString]> {
        if (least..=most).contains(&self.operands.len()) {
            return Ok(&self.operands);
        }
        Err(Error::Usage {
            complaint: String::new(),
            usage: usage.to_owned(),
            exit: Exit::FAILED,
        })
    }

    #[cfg(debug_assertions)]
    fn check(&self, key: &str) {
        assert!(
            self.declared.contains(&key),
            "option {key} is not in the usage text"
        );
    }

    #[cfg(not(debug_assertions))]
    fn check(&self, _key: &str) {}
}

/// Reads `args` by the declarations in `usage`.
///
/// # Errors
/// [`Error::Help`] for `--help`; [`Error::Usage`] with `exit` for anything undeclared.
pub fn parse(usage: &'static str, args: &[OsString], order: Order, exit: Exit) -> Result<Opts> {
    let mut reader = Reader {
        declared: declarations(usage),
        opts: Opts::default(),
        rest: args.iter(),
        fault: |complaint| Error::Usage {
            complaint,
            usage: usage.to_owned(),
            exit,
        },
    };
    #[cfg(debug_assertions)]
    {
        reader.opts.declared = reader
            .declared
            .iter()
            .map(|option| option.names[0])
            .collect();
    }
    while let Some(arg) = reader.rest.next() {
        match arg.as_bytes() {
            b"--" => break,
            b"--help" => return Err(Error::Help(usage.to_owned())),
            [b'-', b'-', long @ ..] => reader.long(long)?,
            [b'-', short @ ..] if !short.is_empty() => reader.short(short)?,
            _ => {
                reader.opts.operands.push(arg.clone());
                if order == Order::Leading {
                    break;
                }
            }
        }
    }
    reader.opts.operands.extend(reader.rest.cloned());
    Ok(reader.opts)
}

struct Reader<'a, F> {
    declared: Vec<Declared>,
    opts: Opts,
    rest: std::slice::Iter<'a, OsString>,
    fault: F,
}

impl<F: Fn(String) -> Error> Reader<'_, F> {
    fn long(&mut self, text: &[u8]) -> Result<()> {
        let (name, attached) = match text.iter().position(|&b| b == b'=') {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let unknown = || format!("unrecognized option '--{}'", String::from_utf8_lossy(name));
        let found = self.declared.iter().find(|option| {
            option
                .names
                .iter()
                .any(|n| n.len() > 1 && n.as_bytes() == name)
        });
        let Some(option) = found else {
            return Err((self.fault)(unknown()));
        };
        let (key, kind) = (option.names[0], option.value);
        let value = match (kind, attached) {
            (Value::None, Some(_)) => {
                let name = String::from_utf8_lossy(name);
                let complaint = format!("option '--{name}' doesn't allow an argument");
                return Err((self.fault)(complaint));
            }
            (Value::Required, None) => match self.rest.next() {
                Some(value) => value.clone(),
                None => {
                    let name = String::from_utf8_lossy(name);
                    return Err((self.fault)(format!(
                        "option '--{name}' requires an argument"
                    )));
                }
            },
            (_, attached) => OsString::from_vec(attached.unwrap_or_default().to_vec()),
        };
        self.opts.given.push((key, value));
        Ok(())
    }

    fn short(&mut self, letters: &[u8]) -> Result<()> {
        if letters.iter().all(u8::is_ascii_digit)
            && let Some(option) = self.declared.iter().find(|option| option.names[0] == "NUM")
        {
            self.opts
                .given
                .push((option.names[0], OsString::from_vec(letters.to_vec())));
            return Ok(());
        }
        for (at, letter) in letters.iter().enumerate() {
            let name = [*letter];
            let found = self
                .declared
                .iter()
                .find(|option| option.names.iter().any(|n| n.as_bytes() == name));
            let Some(option) = found else {
                let letter = char::from(*letter);
                return Err((self.fault)(format!("invalid option -- '{letter}'")));
            };
            let (key, kind) = (option.names[0], option.value);
            if kind == Value::None {
                self.opts.given.push((key, OsString::new()));
                continue;
            }
            let attached = &letters[at + 1..];
            let value = match self.rest.as_slice().first() {
                _ if kind == Value::Attached || !attached.is_empty() => {
                    OsString::from_vec(attached.to_vec())
                }
                Some(next) => {
                    self.rest.next();
                    next.clone()
                }
                None => {
                    let letter = char::from(*letter);
                    return Err((self.fault)(format!(
                        "option requires an argument -- '{letter}'"
                    )));
                }
            };
            self.opts.given.push((key, value));
            return Ok(());
        }
        Ok(())
    }
}

/// Finds the option lines of a usage text.
fn declarations(usage: &'static str) -> Vec<Declared> {
    usage
        .lines()
        .filter(|line| line.starts_with(' ') && line.trim_start().starts_with('-'))
        .map(|line| {
            let line = line.trim_start();
            let head = line.split("  ").next().unwrap_or(line);
            declaration(head)
        })
        .collect()
}

/// Reads `-n, --lines N` and its like.
fn declaration(head: &'static str) -> Declared {
    let mut names = Vec::new();
    let mut value = Value::None;
    for word in head.split([' ', ',']).filter(|word| !word.is_empty()) {
        let Some(name) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else {
            value = Value::Required;
            continue;
        };
        let end = name.find(['[', '=']).unwrap_or(name.len());
        if let Some(b) = name.as_bytes().get(end) {
            value = if *b == b'[' {
                Value::Attached
            } else {
                Value::Required
            };
        }
        names.push(&name[..end]);
    }
    Declared { names, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: &str = "\
Usage: x [-al] [-n N] [FILE]...

  -a, -A            all
  -l, --long        long
  -n, --lines N     lines
  -i[SUF]           in place
      --color[=WHEN]  colours
      --size=N      size
  -NUM              same as -n NUM
";

    fn check(line: &str, expected: &str) {
        let args: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let shown = match parse(USAGE, &args, Order::Anywhere, Exit::FAILED) {
            Ok(opts) => {
                let given = opts
                    .in_order()
                    .map(|(k, v)| format!("{k}={} ", v.to_string_lossy()));
                given.collect::<String>() + &format!("{:?}", opts.operands)
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{line}");
    }

    #[test]
    fn getopt_manners() {
        check("-la f", "l= a= [\"f\"]");
        check("f -A", "a= [\"f\"]");
        check("-n5 -n 6 --lines=7 --lines 8", "n=5 n=6 n=7 n=8 []");
        check("-ln5", "l= n=5 []");
        check("-i -i.bak", "i= i=.bak []");
        check("--color --color=always", "color= color=always []");
        check("--size 4 --size=5", "size=4 size=5 []");
        check("-15 -", "NUM=15 [\"-\"]");
        check("-- -l", "[\"-l\"]");
        check("-z", "invalid option -- 'z'");
        check("-n", "option requires an argument -- 'n'");
        check("--lines", "option '--lines' requires an argument");
        check("--long=3", "option '--long' doesn't allow an argument");
        check("--nosuch", "unrecognized option '--nosuch'");
    }
}
