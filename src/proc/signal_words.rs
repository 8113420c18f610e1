//! The arguments of `kill`, `killall` and `pkill`: `-9`, `-TERM`, `-s TERM`, then whom.
//!
//! By hand, because `-9` is a value and `-1` can be a target.

use crate::error::{Error, Exit, Result};
use crate::sys::signal;
use std::ffi::OsString;

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// `-l`: list signals.
    pub list: bool,
    /// Flags of the applet's own.
    pub flags: Vec<char>,
    /// The signal, TERM if none was given.
    pub signal: Option<i32>,
    /// What remains.
    pub operands: Vec<OsString>,
}

/// Reads a command line; `flags` are the applet's own letters.
pub fn parse(args: &[OsString], flags: &str, usage: &str) -> Result<Words> {
    let mut words = Words::default();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let text = arg.to_string_lossy();
        match text.strip_prefix('-') {
            Some("-help") => return Err(Error::Help(usage.to_owned())),
            Some("-") => break,
            Some("l") => words.list = true,
            Some("s") => {
                let name = rest.next().map(|name| name.to_string_lossy().into_owned());
                words.signal = Some(named(name.as_deref().unwrap_or_default())?);
            }
            Some(own) if !own.is_empty() && own.chars().all(|c| flags.contains(c)) => {
                words.flags.extend(own.chars());
            }
            Some(name)
                if !name.is_empty() && words.signal.is_none() && words.operands.is_empty() =>
            {
                words.signal = Some(named(name)?);
            }
            _ => words.operands.push(arg.clone()),
        }
    }
    words.operands.extend(rest.cloned());
    Ok(words)
}

fn named(name: &str) -> Result<i32> {
    signal::number(name).ok_or_else(|| Error::message(format!("bad signal name '{name}'")))
}

/// The lines of `-l`: every name, or the name of a number, or the number of a name.
pub fn list(operands: &[OsString]) -> Result<Vec<String>> {
    if operands.is_empty() {
        let line = |n: i32| signal::name(n).map(|name| format!("{n:2}) {name}"));
        return Ok((1..32).filter_map(line).collect());
    }
    let translate = |operand: &OsString| {
        let text = operand.to_string_lossy();
        if let Ok(number) = text.parse::<i32>() {
            // A shell's exit status of a killed program is the signal plus 128.
            let name = signal::name(if number > 128 { number - 128 } else { number });
            return name
                .map(str::to_owned)
                .ok_or_else(|| Error::Message(format!("bad signal name '{text}'"), Exit::FAILED));
        }
        named(&text).map(|number| number.to_string())
    };
    operands.iter().map(translate).collect()
}

#[test]
fn a_signal_comes_before_its_targets() {
    let read = |line: &str| {
        let args: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        match parse(&args, "q", "") {
            Ok(words) => format!("{:?} {:?} {:?}", words.signal, words.flags, words.operands),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(read("-9 5"), "Some(9) [] [\"5\"]");
    assert_eq!(read("-TERM -- -1"), "Some(15) [] [\"-1\"]");
    assert_eq!(read("-s hup 1 2"), "Some(1) [] [\"1\", \"2\"]");
    assert_eq!(read("-9 -1"), "Some(9) [] [\"-1\"]");
    assert_eq!(read("-0 7"), "Some(0) [] [\"7\"]");
    assert_eq!(read("-q x"), "None ['q'] [\"x\"]");
    assert_eq!(read("-FOO 1"), "bad signal name 'FOO'");
}
