//! The engine of `printf`: format and arguments in, bytes and complaints out.

use super::escape::{self, Escape, Octal};
use std::fmt;

/// What was wrong with an argument or the format.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not a number; what there is of one has been printed.
    Number(Vec<u8>),
    /// A conversion that does not exist; the output ends there.
    Format(Vec<u8>),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Number(text) => write!(f, "invalid number '{}'", String::from_utf8_lossy(text)),
            Fault::Format(text) => write!(f, "{}: invalid format", String::from_utf8_lossy(text)),
        }
    }
}

/// Formats `args`; the format is used again until all are consumed.
pub fn format(format: &[u8], args: &[&[u8]], out: &mut Vec<u8>) -> Vec<Fault> {
    let mut printer = Printer {
        args,
        next: 0,
        first: 0,
        chosen: None,
        reached: 0,
        out,
        faults: Vec::new(),
    };
    loop {
        printer.first = printer.next;
        let whole = printer.pass(format);
        printer.next = printer.reached;
        if !whole || printer.next >= args.len() || printer.next == printer.first {
            return printer.faults;
        }
    }
}

struct Printer<'a> {
    args: &'a [&'a [u8]],
    next: usize,
    /// Where this use of the format began.
    first: usize,
    /// `%2$s`: the number of the argument, from 1, instead of the next one.
    chosen: Option<usize>,
    /// Behind the last argument that was used.
    reached: usize,
    out: &'a mut Vec<u8>,
    faults: Vec<Fault>,
}

/// `%-08.3d` without its letter.
#[derive(Default)]
pub struct Spec {
    left: bool,
    zero: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

/// Digits of a fraction: all that a number can have (some 1100), and room below what the
/// formatting of std takes.
const MOST_DIGITS: usize = 60_000;

/// Wider is surely a mistake, and memory.
const WIDEST: usize = 1 << 20;

impl<'a> Printer<'a> {
    /// One walk over the format; false: no other shall follow.
    fn pass(&mut self, format: &[u8]) -> bool {
        let mut rest = format;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            match byte {
                b'\\' => {
                    let (escape, used) = escape::read(rest, Octal::Bare);
                    match escape {
                        Escape::Byte(byte) => self.out.push(byte),
                        Escape::Stop => return false,
                        Escape::Unknown => self.out.push(b'\\'),
                    }
                    rest = &rest[used..];
                }
                b'%' if rest.first() == Some(&b'%') => {
                    self.out.push(b'%');
                    rest = &rest[1..];
                }
                b'%' => match self.conversion(rest) {
                    Some(after) => rest = after,
                    None => return false,
                },
                _ => self.out.push(byte),
            }
        }
        true
    }

    fn argument(&mut self) -> Option<&'a [u8]> {
        let index = match self.chosen.take() {
            Some(number) => self.first.saturating_add(number - 1),
            None => {
                self.next += 1;
                self.next - 1
            }
        };
        self.reached = self.reached.max(index.saturating_add(1));
        self.args.get(index).copied()
    }

    /// One conversion; gives what follows it in the format.
    fn conversion<'f>(&mut self, text: &'f [u8]) -> Option<&'f [u8]> {
        let (chosen, mut at) = argument_number(text);
        let spec = Spec::read(text, &mut at, &mut || self.integer(SIGNED));
        let Some(&letter) = text.get(at) else {
            return self.bad_format(text);
        };
        self.chosen = chosen;
        match letter {
            b's' => {
                let text = self.argument().unwrap_or_default();
                spec.string(text, self.out);
            }
            b'b' => {
                let mut text = Vec::new();
                let whole =
                    escape::unescape(self.argument().unwrap_or_default(), Octal::Zero, &mut text);
                spec.string(&text, self.out);
                if !whole {
                    return None;
                }
            }
            b'c' => {
                let text = self.argument().unwrap_or_default();
                // The first character of nothing is the one that ends a string.
                spec.string(text.get(..1).unwrap_or(b"\0"), self.out);
            }
            b'd' | b'i' => {
                let value = self.integer(SIGNED);
                spec.signed(value, self.out);
            }
            b'u' | b'o' | b'x' | b'X' => {
                let value = self.integer(UNSIGNED);
                spec.unsigned(value as u64, letter, self.out);
            }
            b'f' | b'F' | b'e' | b'E' | b'g' | b'G' => {
                let value = self.real();
                spec.float(value, letter, self.out);
            }
            _ => return self.bad_format(text),
        }
        Some(&text[at + 1..])
    }

    fn bad_format<T>(&mut self, text: &[u8]) -> Option<T> {
        self.faults.push(Fault::Format([b"%", text].concat()));
        None
    }

    /// A number of at most `most`; greater ones keep their bits.
    fn integer(&mut self, most: i128) -> i64 {
        let Some(text) = self.argument() else {
            return 0;
        };
        if let [b'\'' | b'"', byte, ..] = text {
            return i64::from(*byte);
        }
        match integer(text, most) {
            Ok(value) => value,
            Err(partial) => {
                self.faults.push(Fault::Number(text.to_vec()));
                partial
            }
        }
    }

    fn real(&mut self) -> f64 {
        let Some(text) = self.argument() else {
            return 0.0;
        };
        if let [b'\'' | b'"', byte, ..] = text {
            return f64::from(*byte);
        }
        let parsed = std::str::from_utf8(text).ok().map(str::trim_start);
        match parsed.and_then(|text| text.parse().ok()) {
            Some(value) => value,
            None => match integer(text, SIGNED) {
                Ok(value) => value as f64,
                Err(partial) => {
                    self.faults.push(Fault::Number(text.to_vec()));
                    partial as f64
                }
            },
        }
    }
}

impl Spec {
    /// Reads what stands between `%` and the letter, from `text[*at..]`; `star` gives the
    /// value of a `*`.
    pub fn read(text: &[u8], at: &mut usize, star: &mut dyn FnMut() -> i64) -> Spec {
        let mut spec = Spec::default();
        while let Some(&flag) = text.get(*at) {
            match flag {
                b'-' => spec.left = true,
                b'0' => spec.zero = true,
                b'+' => spec.plus = true,
                b' ' => spec.space = true,
                b'#' => spec.alternate = true,
                _ => break,
            }
            *at += 1;
        }
        let width = number_or_star(text, at, star);
        spec.left |= width < 0;
        spec.width = usize::try_from(width.unsigned_abs()).map_or(WIDEST, |w| w.min(WIDEST));
        if text.get(*at) == Some(&b'.') {
            *at += 1;
            let precision = number_or_star(text, at, star);
            spec.precision = usize::try_from(precision).ok().map(|p| p.min(WIDEST));
        }
        while matches!(text.get(*at), Some(b'h' | b'l' | b'L' | b'q' | b'j' | b'z')) {
            *at += 1;
        }
        spec
    }

    /// `%s`
    pub fn string(&self, text: &[u8], out: &mut Vec<u8>) {
        let most = self.precision.unwrap_or(usize::MAX).min(text.len());
        self.pad(b"", &text[..most], false, out);
    }

    /// `%d`
    pub fn signed(&self, value: i64, out: &mut Vec<u8>) {
        let sign: &[u8] = match value {
            ..0 => b"-",
            _ if self.plus => b"+",
            _ if self.space => b" ",
            _ => b"",
        };
        let digits = value.unsigned_abs().to_string();
        self.digits(sign, digits.as_bytes(), out);
    }

    /// `%u`, `%o`, `%x` or `%X`
    pub fn unsigned(&self, value: u64, letter: u8, out: &mut Vec<u8>) {
        let (prefix, digits): (&[u8], String) = match letter {
            b'o' => (b"0", format!("{value:o}")),
            b'x' => (b"0x", format!("{value:x}")),
            b'X' => (b"0X", format!("{value:X}")),
            _ => (b"", value.to_string()),
        };
        let prefix = if self.alternate && value != 0 {
            prefix
        } else {
            b""
        };
        self.digits(prefix, digits.as_bytes(), out);
    }

    fn digits(&self, prefix: &[u8], digits: &[u8], out: &mut Vec<u8>) {
        let mut padded = Vec::new();
        if let Some(precision) = self.precision {
            padded.resize(precision.saturating_sub(digits.len()), b'0');
        }
        // Of a zero no digit need be shown.
        if !(self.precision == Some(0) && digits == b"0") {
            padded.extend_from_slice(digits);
        }
        self.pad(prefix, &padded, self.precision.is_none(), out);
    }

    /// `%e`, `%f`, `%g` or their capitals.
    pub fn float(&self, value: f64, letter: u8, out: &mut Vec<u8>) {
        let precision = self.precision.unwrap_or(6).min(MOST_DIGITS);
        let magnitude = value.abs();
        let mut text = match letter.to_ascii_lowercase() {
            _ if !value.is_finite() => format!("{magnitude}").to_ascii_lowercase(),
            b'f' => format!("{magnitude:.precision$}"),
            b'e' => exponential(magnitude, precision),
            _ => general(magnitude, precision, self.alternate),
        };
        if letter.is_ascii_uppercase() {
            text.make_ascii_uppercase();
        }
        let sign: &[u8] = match value.is_sign_negative() {
            true => b"-",
            false if self.plus => b"+",
            false if self.space => b" ",
            false => b"",
        };
        self.pad(sign, text.as_bytes(), value.is_finite(), out);
    }

    /// Fills up to the width: blanks left or right, or zeros after the prefix.
    fn pad(&self, prefix: &[u8], text: &[u8], zeros_fit: bool, out: &mut Vec<u8>) {
        let missing = self.width.saturating_sub(prefix.len() + text.len());
        let fill = |out: &mut Vec<u8>, byte| out.resize(out.len() + missing, byte);
        let zeros = self.zero && zeros_fit && !self.left;
        if !self.left && !zeros {
            fill(out, b' ');
        }
        out.extend_from_slice(prefix);
        if zeros {
            fill(out, b'0');
        }
        out.extend_from_slice(text);
        if self.left {
            fill(out, b' ');
        }
    }
}

fn number_or_star(text: &[u8], at: &mut usize, star: &mut dyn FnMut() -> i64) -> i64 {
    if text.get(*at) == Some(&b'*') {
        *at += 1;
        return star();
    }
    let mut value = 0i64;
    while let Some(digit @ b'0'..=b'9') = text.get(*at) {
        value = value
            .saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'));
        *at += 1;
    }
    value
}

/// The greatest number of `%d`.
const SIGNED: i128 = i64::MAX as i128;
/// The greatest number of `%u`, `%o` and `%x`.
const UNSIGNED: i128 = u64::MAX as i128;

/// `2$`: the number of an argument, from 1, and how many bytes it takes.
fn argument_number(text: &[u8]) -> (Option<usize>, usize) {
    let length = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let digits = std::str::from_utf8(&text[..length]).unwrap_or_default();
    match (digits.parse(), text.get(length)) {
        (Ok(number @ 1..), Some(b'$')) => (Some(number), length + 1),
        _ => (None, 0),
    }
}

/// A number as strtoll(3) reads it; `Err`: what could be read of it.
fn integer(text: &[u8], most: i128) -> Result<i64, i64> {
    let trimmed = text.trim_ascii_start();
    let (negative, rest) = match trimmed {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (base, digits) = match rest {
        [b'0', b'x' | b'X', rest @ ..] if !rest.is_empty() => (16, rest),
        [b'0', rest @ ..] if !rest.is_empty() => (8, rest),
        rest => (10, rest),
    };
    let mut value = 0i128;
    for &byte in digits {
        match char::from(byte).to_digit(base) {
            Some(digit) => value = (value * i128::from(base) + i128::from(digit)).min(1 << 64),
            None => {
                let signed = if negative { -value } else { value };
                return Err(signed as i64);
            }
        }
    }
    let signed = if negative { -value } else { value };
    // Unsigned numbers keep their bits.
    if digits.is_empty() || signed < i128::from(i64::MIN) || signed > most {
        return Err(signed.clamp(i128::from(i64::MIN), most) as i64);
    }
    Ok(signed as i64)
}

/// `%e`: one digit, a point, the exponent with at least two digits.
fn exponential(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// `%g`: the shorter of the two others, without zeros at the end.
fn general(value: f64, precision: usize, keep_zeros: bool) -> String {
    let precision = precision.max(1);
    let exponential = exponential(value, precision - 1);
    let exponent: i32 = exponential
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok())
        .unwrap_or(0);
    let strip = |text: &str| {
        if keep_zeros || !text.contains('.') {
            return text.to_owned();
        }
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if exponent < -4 || exponent >= precision as i32 {
        let (mantissa, tail) = exponential.split_once('e').unwrap_or((&exponential, "+00"));
        return format!("{}e{tail}", strip(mantissa));
    }
    let decimals = (precision as i32 - 1 - exponent).max(0) as usize;
    strip(&format!("{value:.decimals$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &[&str], expected: &str) {
        let args: Vec<&[u8]> = line[1..].iter().map(|arg| arg.as_bytes()).collect();
        let mut out = Vec::new();
        let faults = format(line[0].as_bytes(), &args, &mut out);
        let mut text = String::from_utf8_lossy(&out).into_owned();
        for fault in faults {
            text += &format!(" [{fault}]");
        }
        assert_eq!(text, expected, "{line:?}");
    }

    #[test]
    fn a_fraction_of_any_length_can_be_asked_for() {
        for conversion in ["%.99999f", "%.99999e", "%.99999g", "%#.99999g", "%.60000g"] {
            for value in ["1", "1e-4", "1e-300", "1e300"] {
                let mut out = Vec::new();
                format(conversion.as_bytes(), &[value.as_bytes()], &mut out);
                assert!(
                    !out.is_empty() && out.len() < 70_000,
                    "{conversion} {value}"
                );
            }
        }
    }

    #[test]
    fn conversions_print_as_in_c() {
        check(&["%s %s\n", "a", "b", "c"], "a b\nc \n");
        check(&["%5s|%-5s|%.2s", "ab", "cd", "xyz"], "   ab|cd   |xy");
        check(
            &["%05d %x %o %X %u", "42", "255", "8", "255", "-1"],
            "00042 ff 10 FF 18446744073709551615",
        );
        check(&["%+d % d %#x %#o", "5", "5", "255", "8"], "+5  5 0xff 010");
        check(&["%.3d %8.3d|", "5", "-5"], "005     -005|");
        check(&["%*d|%-*d|", "4", "7", "3", "1"], "   7|1  |");
        check(&["%c%c", "abc", ""], "a\0");
        check(&["%d %d", "'A", "0x10"], "65 16");
        check(&["%d", "010"], "8");
        check(&["%b|", r"a\tb\0101"], "a\tbA|");
        check(&["%b|x", r"a\cb"], "a");
        check(&["%%\\n"], "%\n");
        check(
            &["%.2f %e %g %g", "3.14159", "12345.678", "0.0001", "1e10"],
            "3.14 1.234568e+04 0.0001 1e+10",
        );
        check(&["no args\n", "x", "y"], "no args\n");
        check(&["%011o %s", "420"], "00000000644 ");
    }

    #[test]
    fn bad_numbers_and_formats_are_reported() {
        check(&["%d|", "12x"], "12| [invalid number '12x']");
        check(&["%d|", "abc"], "0| [invalid number 'abc']");
        check(&["a%q\n", "x"], "a [%q\n: invalid format]");
        check(
            &["%d", "99999999999999999999"],
            "9223372036854775807 [invalid number '99999999999999999999']",
        );
    }
}
