//! tr - translate, delete or squeeze bytes.
//!
//! A table of 256 entries is made once; the text goes through it buffer by buffer. What
//! busybox takes as letters without a word (`[:nosuch:]`, `z-a`) is refused here.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::text::escape::{self, Escape, Octal};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["tr"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: tr [-cds] SET1 [SET2]

Copy standard input, with the bytes of SET1 turned into those of SET2.

  -c, -C            all bytes that are not in SET1
  -d                delete the bytes of SET1
  -s                squeeze repeated bytes of the last SET into one

A SET is bytes, ranges (a-z), escapes (\\n, \\t, \\\\, \\012), classes ([:digit:], [:upper:],
[:space:], ...), and in SET2 repeats ([x*5], [x*]). A short SET2 goes on with its last byte.

Example: tr -d '\\r' <dos.txt >unix.txt
";

/// What happens to each byte.
struct Plan {
    map: [u8; 256],
    delete: [bool; 256],
    squeeze: [bool; 256],
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt_leading(USAGE)?;
    let operands = opts.between(USAGE, 1, 2)?;
    let second = operands.get(1).map(|set| set.as_bytes());
    let (delete, squeeze) = (opts.has("d"), opts.has("s"));
    let needs_second = !delete && !squeeze || delete && squeeze;
    if needs_second && second.is_none() {
        return Err(Error::message("SET2 is missing"));
    }
    let first = set(operands[0].as_bytes(), opts.has("c"))?;
    let plan = Plan::new(&first, second, delete, squeeze)?;
    plan.copy(ctx).at("read", "-")?;
    Ok(Exit::OK)
}

impl Plan {
    fn new(first: &[u8], second: Option<&[u8]>, delete: bool, squeeze: bool) -> Result<Plan> {
        let mut plan = Plan {
            map: std::array::from_fn(|byte| byte as u8),
            delete: [false; 256],
            squeeze: [false; 256],
        };
        if delete {
            mark(&mut plan.delete, first);
        }
        let Some(second) = second else {
            if squeeze && !delete {
                mark(&mut plan.squeeze, first);
            }
            return Ok(plan);
        };
        let second = expand(second, Some(first.len()))?;
        if squeeze {
            mark(&mut plan.squeeze, &second);
        }
        if !delete {
            let Some(&last) = second.last() else {
                return Err(Error::message("SET2 cannot be empty"));
            };
            let to = second.iter().copied().chain(std::iter::repeat(last));
            for (&from, to) in first.iter().zip(to) {
                plan.map[usize::from(from)] = to;
            }
        }
        Ok(plan)
    }

    fn copy(&self, ctx: &mut Ctx) -> std::io::Result<()> {
        let mut source = ctx.stdin();
        let mut buf = vec![0; 64 * 1024];
        let mut result = Vec::with_capacity(buf.len());
        let mut last = None;
        while !ctx.out.failed() {
            let bytes = match source.read(&mut buf) {
                Ok(0) => break,
                Ok(count) => &buf[..count],
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            result.clear();
            for &byte in bytes {
                if self.delete[usize::from(byte)] {
                    continue;
                }
                let byte = self.map[usize::from(byte)];
                if self.squeeze[usize::from(byte)] && last == Some(byte) {
                    continue;
                }
                last = Some(byte);
                result.push(byte);
            }
            ctx.out.put(&result);
            // What comes through a pipe is passed on at once; `out` remembers a failure.
            let _ = ctx.out.flush();
        }
        Ok(())
    }
}

fn mark(marks: &mut [bool; 256], bytes: &[u8]) {
    bytes.iter().for_each(|&b| marks[usize::from(b)] = true);
}

/// The bytes of SET1, or all others in order.
fn set(text: &[u8], complement: bool) -> Result<Vec<u8>> {
    let bytes = expand(text, None)?;
    if !complement {
        return Ok(bytes);
    }
    let mut marks = [false; 256];
    mark(&mut marks, &bytes);
    Ok((0..=255).filter(|&b| !marks[usize::from(b)]).collect())
}

/// Writes a set out; `fill`: the length to which `[x*]` of SET2 fills it.
fn expand(text: &[u8], fill: Option<usize>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    // Where in `bytes` a `[x*]` waits for the length of the rest.
    let mut filler = None;
    while !rest.is_empty() {
        if let Some((name, after)) = bracketed(rest, b':') {
            class(name, &mut bytes)?;
            rest = after;
        } else if let Some((&[byte], after)) = bracketed(rest, b'=') {
            bytes.push(byte);
            rest = after;
        } else if let Some((byte, count, after)) = fill.and_then(|_| repeat(rest)) {
            match count {
                0 => filler = Some((bytes.len(), byte)),
                // More than there are bytes in SET1 is never used.
                _ => bytes.extend(std::iter::repeat_n(byte, count.min(256))),
            }
            rest = after;
        } else {
            rest = range(rest, &mut bytes)?;
        }
    }
    if let (Some((at, byte)), Some(fill)) = (filler, fill) {
        let missing = fill.saturating_sub(bytes.len());
        bytes.splice(at..at, std::iter::repeat_n(byte, missing));
    }
    Ok(bytes)
}

/// One byte or a range of them; gives what follows.
fn range<'a>(text: &'a [u8], bytes: &mut Vec<u8>) -> Result<&'a [u8]> {
    let Some((first, rest)) = one(text) else {
        return Ok(&[]);
    };
    match rest.strip_prefix(b"-").and_then(one) {
        Some((last, _)) if last < first => Err(Error::message(format!(
            "range '{}-{}' runs backwards",
            first.escape_ascii(),
            last.escape_ascii()
        ))),
        Some((last, rest)) => {
            bytes.extend(first..=last);
            Ok(rest)
        }
        None => {
            bytes.push(first);
            Ok(rest)
        }
    }
}

/// A byte, possibly written as an escape; an unknown escape is the byte after the backslash.
fn one(text: &[u8]) -> Option<(u8, &[u8])> {
    let (&first, rest) = text.split_first()?;
    if first != b'\\' {
        return Some((first, rest));
    }
    match escape::read(rest, Octal::Bare) {
        (Escape::Byte(byte), used) => Some((byte, rest.get(used..)?)),
        _ => Some(match rest.split_first() {
            Some((&byte, rest)) => (byte, rest),
            None => (b'\\', rest),
        }),
    }
}

/// `[:name:]` or `[=x=]`: what is inside, and what follows.
fn bracketed(text: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_prefix(&[b'[', mark])?;
    let end = inside.windows(2).position(|pair| pair == [mark, b']'])?;
    Some((&inside[..end], &inside[end + 2..]))
}

/// `[x*N]`, octal where N begins with 0; 0 or nothing: as many as are missing.
fn repeat(text: &[u8]) -> Option<(u8, usize, &[u8])> {
    let (byte, rest) = one(text.strip_prefix(b"[")?)?;
    let rest = rest.strip_prefix(b"*")?;
    let end = rest.iter().position(|&b| b == b']')?;
    let digits = std::str::from_utf8(&rest[..end]).ok()?;
    let count = match digits {
        "" => 0,
        _ if digits.starts_with('0') => usize::from_str_radix(digits, 8).ok()?,
        _ => digits.parse().ok()?,
    };
    Some((byte, count, &rest[end + 1..]))
}

fn class(name: &[u8], bytes: &mut Vec<u8>) -> Result<()> {
    let member: fn(&u8) -> bool = match name {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"blank" => |b| matches!(b, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |b| matches!(b, b' '..=b'~'),
        b"punct" => u8::is_ascii_punctuation,
        b"space" => |b| matches!(b, b' ' | 9..=13),
        b"upper" => u8::is_ascii_uppercase,
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => {
            let name = String::from_utf8_lossy(name);
            return Err(Error::message(format!("invalid character class '{name}'")));
        }
    };
    bytes.extend((0..=255).filter(member));
    Ok(())
}
