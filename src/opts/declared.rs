//! getopt manners in front of argh structs.
//!
//! argh takes `-p 3333` and nothing shorter. Its own description of a struct tells which
//! letters take values; with that, every usual spelling is rewritten into the plain one.
//! Bytes that are not UTF-8 travel through argh in disguise; [`Raw`] takes it off.

use crate::error::{Error, Exit, Result};
use argh::{ArgsInfo, FlagInfo, FlagInfoKind, FromArgs};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// An argument byte for byte: paths, host names, anything that need not be UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw(pub OsString);

impl argh::FromArgValue for Raw {
    fn from_arg_value(value: &str) -> std::result::Result<Raw, String> {
        Ok(Raw(undisguise(value)))
    }
}

impl AsRef<OsStr> for Raw {
    fn as_ref(&self) -> &OsStr {
        &self.0
    }
}

impl AsRef<std::path::Path> for Raw {
    fn as_ref(&self) -> &std::path::Path {
        self.0.as_ref()
    }
}

/// Reads `args` into the struct `T`; `name` stands in the usage text.
///
/// # Errors
/// [`Error::Help`] for `--help`; [`Error::Usage`] with `exit` for anything undeclared.
pub fn parse<T: FromArgs + ArgsInfo>(name: &str, args: &[OsString], exit: Exit) -> Result<T> {
    let flags = T::get_args_info().flags;
    let help = || match T::from_args(&[name], &["--help"]) {
        Err(early) => early.output,
        Ok(_) => String::new(),
    };
    let plain = match plain(flags, args) {
        Ok(plain) => plain,
        Err(complaint) => {
            return Err(Error::Usage {
                complaint,
                usage: help(),
                exit,
            });
        }
    };
    let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
    T::from_args(&[name], &plain).map_err(|early| match early.status {
        Ok(()) => Error::Help(early.output),
        Err(()) => Error::Usage {
            complaint: early.output.trim_end().to_owned(),
            usage: help(),
            exit,
        },
    })
}

/// Rewrites a command line so that argh reads it as getopt would.
fn plain(flags: &[FlagInfo<'_>], args: &[OsString]) -> std::result::Result<Vec<String>, String> {
    let (mut options, mut operands) = (Vec::new(), Vec::new());
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_bytes() {
            b"--" => break,
            b"--help" => options.push("--help".to_owned()),
            [b'-', b'-', long @ ..] => {
                let mut halves = long.splitn(2, |&b| b == b'=');
                let name = disguise(halves.next().unwrap_or_default());
                options.push(format!("--{name}"));
                match halves.next() {
                    Some(value) => options.push(disguise(value)),
                    None if takes_value(flags, |f| f.long.trim_start_matches('-') == name) => {
                        let value = rest.next().map(|value| disguise(value.as_bytes()));
                        let missing = || format!("option '--{name}' requires an argument");
                        options.push(value.ok_or_else(missing)?);
                    }
                    None => {}
                }
            }
            [b'-', short @ ..] if !short.is_empty() => {
                short_options(flags, short, &mut options, &mut rest)?;
            }
            operand => operands.push(disguise(operand)),
        }
    }
    operands.extend(rest.map(|arg| disguise(arg.as_bytes())));
    options.push("--".to_owned());
    options.append(&mut operands);
    Ok(options)
}

/// Takes a bundle of letters apart, with the value of the last.
fn short_options(
    flags: &[FlagInfo<'_>],
    letters: &[u8],
    options: &mut Vec<String>,
    rest: &mut std::slice::Iter<'_, OsString>,
) -> std::result::Result<(), String> {
    for (at, letter) in letters.iter().map(|b| char::from(*b)).enumerate() {
        if !flags.iter().any(|flag| flag.short == Some(letter)) {
            return Err(format!("invalid option -- '{letter}'"));
        }
        options.push(format!("-{letter}"));
        if takes_value(flags, |flag| flag.short == Some(letter)) {
            match (&letters[at + 1..], rest.as_slice()) {
                ([], []) => return Err(format!("option requires an argument -- '{letter}'")),
                ([], _) => options.extend(rest.next().map(|value| disguise(value.as_bytes()))),
                (attached, _) => options.push(disguise(attached)),
            }
            return Ok(());
        }
    }
    Ok(())
}

fn takes_value(flags: &[FlagInfo<'_>], is_it: impl Fn(&FlagInfo<'_>) -> bool) -> bool {
    let is_option = |flag: &FlagInfo<'_>| matches!(flag.kind, FlagInfoKind::Option { .. });
    flags.iter().any(|flag| is_it(flag) && is_option(flag))
}

/// Where disguised bytes live: the end of the last private plane of Unicode.
const DISGUISE: u32 = 0x10_ff00;

/// Any bytes as UTF-8: what is valid stays, every other byte becomes a private character.
fn disguise(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if u32::from(c) < DISGUISE {
                text.push(c);
            } else {
                disguise_bytes(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut text);
            }
        }
        disguise_bytes(chunk.invalid(), &mut text);
    }
    text
}

fn disguise_bytes(bytes: &[u8], text: &mut String) {
    text.extend(
        bytes
            .iter()
            .filter_map(|b| char::from_u32(DISGUISE + u32::from(*b))),
    );
}

/// The inverse of [`disguise`].
fn undisguise(text: &str) -> OsString {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c).checked_sub(DISGUISE) {
            Some(byte) => bytes.push(byte as u8),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test options.
    #[derive(FromArgs, ArgsInfo, Debug)]
    struct Options {
        /// listen
        #[argh(switch, short = 'l')]
        listen: bool,
        /// port
        #[argh(option, short = 'p')]
        port: Option<u16>,
        /// hosts
        #[argh(positional)]
        hosts: Vec<Raw>,
    }

    fn check(line: &[&[u8]], expected: &str) {
        let args: Vec<OsString> = line
            .iter()
            .map(|b| OsString::from_vec(b.to_vec()))
            .collect();
        let shown = match parse::<Options>("nc", &args, Exit::FAILED) {
            Ok(Options {
                listen,
                port,
                hosts,
            }) => format!("{listen} {port:?} {hosts:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn getopt_manners() {
        check(&[b"-lp3333"], "true Some(3333) []");
        check(&[b"-lp", b"3333", b"h"], "true Some(3333) [Raw(\"h\")]");
        check(&[b"h", b"-l"], "true None [Raw(\"h\")]");
        check(&[b"--port=3333", b"-"], "false Some(3333) [Raw(\"-\")]");
        check(
            &[b"--port", b"3", b"--", b"-l"],
            "false Some(3) [Raw(\"-l\")]",
        );
        check(&[b"-x"], "invalid option -- 'x'");
        check(&[b"-p"], "option requires an argument -- 'p'");
        check(&[b"--port"], "option '--port' requires an argument");
    }

    #[test]
    fn bytes_that_are_not_utf8_arrive_unchanged() {
        check(
            &[b"a\xffb\xf4\x8f\xbc\x80"],
            "false None [Raw(\"a\\xFFb\\u{10ff00}\")]",
        );
    }
}
