//! The formats of hexdump(1): what is shown of each block of bytes, and how.
//!
//! A format is a list of units `[TIMES][/BYTES] "text with %conversions"`. The block is as
//! long as the longest format needs; in the others the last unit is repeated to fill it.

use super::escape::{self, Octal};
use super::printf::Spec;
use crate::error::EngineError;
use std::fmt;

/// Why a format is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Neither a number nor a text in quotes.
    Syntax,
    /// No such conversion.
    Conversion,
    /// Numbers have 1, 2, 4 or 8 bytes, characters one.
    Size,
    /// `%s` of nobody knows how many bytes.
    NoSize,
    /// Several conversions for one number of bytes.
    Several,
    /// Blocks of more than a megabyte.
    TooBig,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Syntax => "bad format: [TIMES][/BYTES] \"TEXT\" expected",
            Error::Conversion => "bad conversion character",
            Error::Size => "bad byte count for a conversion",
            Error::NoSize => "%s needs a precision or a byte count",
            Error::Several => "a byte count with several conversions",
            Error::TooBig => "the format is for blocks that are too big",
        })
    }
}

impl EngineError for Error {}

enum Piece {
    Text(Vec<u8>),
    /// `%_ax`, `%_Ad`: where we are, or at the end once where that was.
    Address {
        spec: Spec,
        base: u8,
        at_end: bool,
    },
    Value {
        spec: Spec,
        /// The letter; `c`, `p` and `u` with an underscore are `C`, `P` and `U`.
        kind: u8,
        size: usize,
    },
}

struct Unit {
    times: usize,
    /// The number was given.
    fixed: bool,
    size: usize,
    pieces: Vec<Piece>,
}

/// All formats of one dump.
pub struct Formats {
    formats: Vec<Vec<Unit>>,
    block: usize,
}

/// Bytes of the longest block.
const MOST: usize = 1 << 20;

impl Formats {
    /// Reads formats.
    ///
    /// # Errors
    /// What is wrong with one.
    pub fn parse<T: AsRef<[u8]>>(texts: &[T]) -> Result<Formats, Error> {
        let (mut formats, mut block) = (Vec::new(), 0);
        for text in texts {
            let units = units(text.as_ref())?;
            let size = |unit: &Unit| unit.times.saturating_mul(unit.size);
            let sum = units.iter().map(size).fold(0, usize::saturating_add);
            if sum > MOST || units.iter().any(|unit| unit.times > MOST) {
                return Err(Error::TooBig);
            }
            block = block.max(sum);
            formats.push((units, sum));
        }
        for (units, sum) in &mut formats {
            if let Some(last) = units.last_mut().filter(|last| !last.fixed && last.size > 0) {
                last.times += (block - *sum) / last.size;
            }
        }
        let formats = formats.into_iter().map(|(units, _)| units).collect();
        Ok(Formats { formats, block })
    }

    /// Bytes that are shown at a time; 0: the formats show none.
    pub fn block(&self) -> usize {
        self.block
    }

    /// Shows a block, of which the input may have held only the beginning.
    pub fn put(&self, data: &[u8], address: u64, out: &mut Vec<u8>) {
        for units in &self.formats {
            let mut at = 0;
            for unit in units {
                for time in 0..unit.times {
                    let is_last = unit.times > 1 && time + 1 == unit.times;
                    put_unit(unit, data, &mut at, address, is_last, out);
                }
            }
        }
    }

    /// Shows what comes at the end of all, given where that is.
    pub fn put_end(&self, address: u64, out: &mut Vec<u8>) {
        for unit in self.formats.iter().flatten() {
            let ends = |piece: &Piece| matches!(piece, Piece::Address { at_end: true, .. });
            if unit.pieces.iter().any(ends) {
                for piece in &unit.pieces {
                    match piece {
                        Piece::Text(text) => out.extend_from_slice(text),
                        Piece::Address { spec, base, .. } => spec.unsigned(address, *base, out),
                        Piece::Value { .. } => {}
                    }
                }
            }
        }
    }
}

fn put_unit(
    unit: &Unit,
    data: &[u8],
    at: &mut usize,
    address: u64,
    is_last: bool,
    out: &mut Vec<u8>,
) {
    let mut pieces = unit.pieces.iter().peekable();
    // What is shown at the end is not shown here, with all that surrounds it.
    if unit
        .pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Address { at_end: true, .. }))
    {
        return;
    }
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Text(text) if is_last && pieces.peek().is_none() => {
                // Blanks between two times are not needed after the last one.
                out.extend_from_slice(text.trim_ascii_end());
            }
            Piece::Text(text) => out.extend_from_slice(text),
            Piece::Address { spec, base, .. } => {
                spec.unsigned(address + *at as u64, *base, out);
            }
            Piece::Value { spec, kind, size } => {
                let bytes = data.get(*at..).unwrap_or_default();
                let bytes = &bytes[..bytes.len().min(*size)];
                *at += size;
                match bytes {
                    [] => spec.string(b"", out),
                    bytes => put_value(spec, *kind, *size, bytes, out),
                }
            }
        }
    }
}

/// What `%_u` calls the first 33 bytes.
const NAMES: [&str; 33] = [
    "nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs", "ht", "lf", "vt", "ff", "cr",
    "so", "si", "dle", "dcl", "dc2", "dc3", "dc4", "nak", "syn", "etb", "can", "em", "sub", "esc",
    "fs", "gs", "rs", "us", "del",
];

fn put_value(spec: &Spec, kind: u8, size: usize, bytes: &[u8], out: &mut Vec<u8>) {
    let first = bytes.first().copied().unwrap_or(0);
    let printable = first == b' ' || first.is_ascii_graphic();
    match kind {
        b's' => {
            let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
            return spec.string(&bytes[..end], out);
        }
        b'c' => return spec.string(&[first], out),
        b'P' => return spec.string(&[if printable { first } else { b'.' }], out),
        b'U' | b'C' if printable => return spec.string(&[first], out),
        b'U' => {
            let name = NAMES.get(if first == 127 { 32 } else { usize::from(first) });
            return match name {
                Some(name) if first < 128 => spec.string(name.as_bytes(), out),
                _ => spec.string(format!("{first:02x}").as_bytes(), out),
            };
        }
        b'C' => {
            let letter = match first {
                0 => b'0',
                7..=13 => b"abtnvfr"[usize::from(first) - 7],
                _ => return spec.string(format!("{first:03o}").as_bytes(), out),
            };
            return spec.string(&[b'\\', letter], out);
        }
        _ => {}
    }
    // In the order of the machine; what the input does not have is zero.
    let mut whole = [0; 8];
    let place = if cfg!(target_endian = "big") {
        8 - size
    } else {
        0
    };
    whole[place..place + bytes.len()].copy_from_slice(bytes);
    let bits = u64::from_ne_bytes(whole);
    match kind {
        b'd' | b'i' => {
            let unused = 64 - 8 * size as u32;
            spec.signed(((bits << unused) as i64) >> unused, out);
        }
        b'o' | b'u' | b'x' | b'X' => spec.unsigned(bits, kind, out),
        _ if size == 4 => spec.float(f64::from(f32::from_bits(bits as u32)), kind, out),
        _ => spec.float(f64::from_bits(bits), kind, out),
    }
}

fn units(text: &[u8]) -> Result<Vec<Unit>, Error> {
    let mut units = Vec::new();
    let mut rest = text.trim_ascii_start();
    while !rest.is_empty() {
        let times = number(&mut rest)?;
        rest = rest.trim_ascii_start();
        let mut size = None;
        if let Some(after) = rest.strip_prefix(b"/") {
            rest = after.trim_ascii_start();
            size = Some(number(&mut rest)?.ok_or(Error::Syntax)?);
            rest = rest.trim_ascii_start();
        }
        rest = rest.strip_prefix(b"\"").ok_or(Error::Syntax)?;
        let mut end = 0;
        loop {
            match rest.get(end).ok_or(Error::Syntax)? {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        let mut plain = Vec::new();
        escape::unescape(&rest[..end], Octal::Bare, &mut plain);
        let pieces = pieces(&plain, size)?;
        let sizes = pieces.iter().map(|piece| match piece {
            Piece::Value { size, .. } => *size,
            _ => 0,
        });
        let size = sizes.sum();
        units.push(Unit {
            times: times.unwrap_or(1),
            fixed: times.is_some(),
            size,
            pieces,
        });
        rest = rest[end + 1..].trim_ascii_start();
    }
    Ok(units)
}

/// A number, if there is one.
fn number(rest: &mut &[u8]) -> Result<Option<usize>, Error> {
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, after) = rest.split_at(length);
    *rest = after;
    if digits.is_empty() {
        return Ok(None);
    }
    let number = std::str::from_utf8(digits)
        .ok()
        .and_then(|text| text.parse().ok());
    number.map(Some).ok_or(Error::TooBig)
}

fn pieces(text: &[u8], given: Option<usize>) -> Result<Vec<Piece>, Error> {
    let (mut pieces, mut plain) = (Vec::new(), Vec::new());
    let mut values = 0;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        if byte != b'%' || text.get(at) == Some(&b'%') {
            at += usize::from(byte == b'%');
            plain.push(byte);
            continue;
        }
        let precision = precision(&text[at..]);
        let spec = Spec::read(text, &mut at, &mut || 0);
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        let mut kind = *text.get(at).ok_or(Error::Conversion)?;
        at += 1;
        if kind == b'_' {
            kind = *text.get(at).ok_or(Error::Conversion)?;
            at += 1;
            if let b'a' | b'A' = kind {
                let base = match text.get(at) {
                    Some(b'd') => b'u',
                    Some(base @ (b'o' | b'x')) => *base,
                    _ => return Err(Error::Conversion),
                };
                at += 1;
                let at_end = kind == b'A';
                pieces.push(Piece::Address { spec, base, at_end });
                continue;
            }
            if !b"cpu".contains(&kind) {
                return Err(Error::Conversion);
            }
            kind = kind.to_ascii_uppercase();
        }
        values += 1;
        if values > 1 && given.is_some() {
            return Err(Error::Several);
        }
        let (usual, allowed): (usize, &[usize]) = match kind {
            b'd' | b'i' | b'o' | b'u' | b'x' | b'X' => (4, &[1, 2, 4, 8]),
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => (8, &[4, 8]),
            b'c' | b'C' | b'P' | b'U' => (1, &[1]),
            b's' => (precision.unwrap_or(0), &[]),
            _ => return Err(Error::Conversion),
        };
        let size = given.unwrap_or(usual);
        match size {
            0 if kind == b's' => return Err(Error::NoSize),
            0 => return Err(Error::Size),
            size if kind != b's' && !allowed.contains(&size) => return Err(Error::Size),
            size if size > MOST => return Err(Error::TooBig),
            _ => {}
        }
        pieces.push(Piece::Value { spec, kind, size });
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

/// The precision of a conversion, which is also how many bytes `%.3s` takes.
fn precision(text: &[u8]) -> Option<usize> {
    let head = text
        .iter()
        .take_while(|byte| b"-+ #0123456789.".contains(byte))
        .count();
    let point = memchr::memchr(b'.', &text[..head])?;
    std::str::from_utf8(&text[point + 1..head])
        .ok()?
        .parse()
        .ok()
}
