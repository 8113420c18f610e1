//! sort - lines in order.
//!
//! Everything is read before anything is written, so `-o` may name an input. Numbers of `-n`
//! are compared digit by digit: none is too long.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::opts::{self, Order};
use std::cmp::Ordering;
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["sort"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: sort [-nrufbsc] [-t SEP] [-k START[,END]]... [-o FILE] [FILE]...

Print the lines of FILEs, or of standard input, in order.

  -n                by number
  -r                backwards
  -u                only the first of lines that are equal
  -f                ignore case
  -b                ignore leading blanks
  -s                lines with equal keys stay as they came
  -c                only check whether the lines are in order
  -t SEP            what separates fields (where a blank follows a word)
  -k KEY            compare from field START to END: FIELD[.BYTE][bfnr]
  -o FILE           write to FILE

Example: sort -t. -k4n /tmp/addresses
";

#[derive(Clone, Copy, Default)]
struct Flags {
    number: bool,
    reverse: bool,
    fold: bool,
    blanks: bool,
}

/// From a field and byte, counted from 1, to another; end byte 0: the whole field.
struct Key {
    start: (usize, usize),
    end: Option<(usize, usize)>,
    flags: Flags,
}

struct Sort {
    keys: Vec<Key>,
    flags: Flags,
    separator: Option<u8>,
}

fn trouble(text: &str) -> Error {
    Error::Message(text.into(), Exit::USAGE)
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = opts::parse(USAGE, &ctx.args, Order::Anywhere, Exit::USAGE)?;
    let flags = Flags {
        number: opts.has("n"),
        reverse: opts.has("r"),
        fold: opts.has("f"),
        blanks: opts.has("b"),
    };
    let separator = match opts.value("t").map(OsStr::as_bytes) {
        None => None,
        Some([one]) => Some(*one),
        Some(_) => return Err(trouble("bad -t parameter")),
    };
    let keys = opts
        .values("k")
        .map(|text| key(text.as_bytes(), flags).ok_or_else(|| trouble("bad field specification")));
    let sort = Sort {
        keys: keys.collect::<Result<_>>()?,
        flags,
        separator,
    };
    let mut text = Vec::new();
    let standard = ["-".into()];
    let files = match &opts.operands[..] {
        [] => &standard[..],
        files => files,
    };
    for file in files {
        ctx.open(file)
            .and_then(|mut source| source.read_to_end(&mut text))
            .at("", file)
            .map_err(|error| trouble(&error.to_string()))?;
        if text.last().is_some_and(|&last| last != b'\n') {
            text.push(b'\n');
        }
    }
    let text = text
        .strip_suffix(b"\n")
        .map(|text| text.split(|&b| b == b'\n'));
    let mut lines: Vec<&[u8]> = text.into_iter().flatten().collect();
    let (unique, stable) = (opts.has("u"), opts.has("s"));
    let order = |a: &&[u8], b: &&[u8]| match sort.by_keys(a, b) {
        Ordering::Equal if !unique && !stable => turned(a.cmp(b), flags.reverse),
        order => order,
    };
    if opts.has("c") {
        let bad = lines
            .windows(2)
            .find(|pair| match order(&pair[0], &pair[1]) {
                Ordering::Greater => true,
                order => unique && order == Ordering::Equal,
            });
        return match bad {
            None => Ok(Exit::OK),
            Some(pair) => Err(Error::message(format!(
                "disorder: {}",
                String::from_utf8_lossy(pair[1])
            ))),
        };
    }
    lines.sort_by(order);
    if unique {
        lines.dedup_by(|a, b| sort.by_keys(a, b) == Ordering::Equal);
    }
    match opts.value("o") {
        None => lines.iter().for_each(|line| ctx.out.line(line)),
        Some(file) => {
            lines.push(b"");
            let text = if lines.len() > 1 {
                lines.join(&b'\n')
            } else {
                Vec::new()
            };
            std::fs::write(file, text)
                .at("", file)
                .map_err(|error| trouble(&error.to_string()))?;
        }
    }
    Ok(Exit::OK)
}

fn turned(order: Ordering, reverse: bool) -> Ordering {
    if reverse { order.reverse() } else { order }
}

/// Reads `FIELD[.BYTE][bfnr][,FIELD[.BYTE][bfnr]]`.
fn key(text: &[u8], global: Flags) -> Option<Key> {
    let text = std::str::from_utf8(text).ok()?;
    let mut own = Flags::default();
    let mut any = false;
    let mut place = |text: &str, least: usize| -> Option<(usize, usize)> {
        let number = text.trim_end_matches(['b', 'f', 'n', 'r']);
        for letter in text[number.len()..].bytes() {
            any = true;
            match letter {
                b'b' => own.blanks = true,
                b'f' => own.fold = true,
                b'n' => own.number = true,
                _ => own.reverse = true,
            }
        }
        let (field, byte) = match number.split_once('.') {
            Some((field, byte)) => (field.parse().ok()?, byte.parse().ok()?),
            None => (number.parse().ok()?, least),
        };
        (field > 0 && byte >= least).then_some((field, byte))
    };
    let (start, end) = match text.split_once(',') {
        Some((start, end)) => (place(start, 1)?, Some(place(end, 0)?)),
        None => (place(text, 1)?, None),
    };
    let flags = if any { own } else { global };
    Some(Key { start, end, flags })
}

fn blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn skip_blanks(text: &[u8]) -> usize {
    text.iter().position(|b| !blank(b)).unwrap_or(text.len())
}

impl Sort {
    fn by_keys(&self, a: &[u8], b: &[u8]) -> Ordering {
        if self.keys.is_empty() {
            return compare(a, b, self.flags);
        }
        self.keys
            .iter()
            .map(|key| compare(self.part(a, key), self.part(b, key), key.flags))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    fn part<'a>(&self, line: &'a [u8], key: &Key) -> &'a [u8] {
        let place = |(field, byte): (usize, usize)| {
            let (mut begin, end) = self.field(line, field);
            if key.flags.blanks {
                begin += skip_blanks(&line[begin..]);
            }
            if byte == 0 {
                end
            } else {
                begin.saturating_add(byte).min(line.len() + 1)
            }
        };
        let start = place(key.start) - 1;
        let end = key.end.map_or(line.len(), place).min(line.len());
        line.get(start..end).unwrap_or_default()
    }

    /// Where a field begins and ends; one that is not there is empty at the end.
    fn field(&self, line: &[u8], number: usize) -> (usize, usize) {
        let end_of = |begin: usize| {
            let rest = &line[begin..];
            let length = match self.separator {
                Some(separator) => memchr::memchr(separator, rest),
                None => {
                    let word = skip_blanks(rest);
                    rest[word..].iter().position(blank).map(|end| word + end)
                }
            };
            length.map_or(line.len(), |length| begin + length)
        };
        let (mut begin, mut end) = (0, end_of(0));
        for _ in 1..number {
            if end == line.len() {
                return (end, end);
            }
            begin = end + usize::from(self.separator.is_some());
            end = end_of(begin);
        }
        (begin, end)
    }
}

fn compare(a: &[u8], b: &[u8], flags: Flags) -> Ordering {
    let trim = |text| {
        if flags.blanks {
            <[u8]>::trim_ascii_start(text)
        } else {
            text
        }
    };
    let (a, b) = (trim(a), trim(b));
    let order = match (flags.number, flags.fold) {
        (true, _) => numbers(a, b),
        (_, true) => {
            let upper = |text: &[u8]| text.to_ascii_uppercase();
            upper(a).cmp(&upper(b))
        }
        _ => a.cmp(b),
    };
    turned(order, flags.reverse)
}

fn numbers(a: &[u8], b: &[u8]) -> Ordering {
    let ((minus_a, whole_a, part_a), (minus_b, whole_b, part_b)) = (split(a), split(b));
    let size = (whole_a.len(), whole_a, part_a).cmp(&(whole_b.len(), whole_b, part_b));
    match (minus_a, minus_b) {
        (false, false) => size,
        (true, true) => size.reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

/// Sign, digits before and after the point, without zeros that mean nothing.
fn split(text: &[u8]) -> (bool, &[u8], &[u8]) {
    let text = &text[skip_blanks(text)..];
    let (minus, text) = match text.strip_prefix(b"-") {
        Some(text) => (true, text),
        None => (false, text),
    };
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (whole, rest) = text.split_at(digits(text));
    let part = rest.strip_prefix(b".").unwrap_or_default();
    let mut part = &part[..digits(part)];
    while let Some(shorter) = part.strip_suffix(b"0") {
        part = shorter;
    }
    let zeros = whole.iter().take_while(|&&b| b == b'0').count();
    let whole = &whole[zeros..];
    (minus && !(whole.is_empty() && part.is_empty()), whole, part)
}
