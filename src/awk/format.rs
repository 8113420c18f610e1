//! `printf` and `sprintf`, and numbers by CONVFMT.

use super::value::{Value, to_text};
use crate::text::printf::Spec;

/// Appends a number by a format such as `%.6g`.
pub fn number(format: &[u8], number: f64, out: &mut Vec<u8>) {
    put(format, &[Value::Number(number)], b"%.6g", out);
}

/// Formats; arguments that are missing are empty, those left over are not looked at.
pub fn put(format: &[u8], args: &[Value], convfmt: &[u8], out: &mut Vec<u8>) {
    let mut args = args.iter();
    let mut at = 0;
    let nothing = Value::Nothing;
    while at < format.len() {
        let rest = &format[at..];
        let plain = memchr::memchr(b'%', rest).unwrap_or(rest.len());
        out.extend_from_slice(&rest[..plain]);
        let start = at + plain;
        at = start + 1;
        if start == format.len() {
            break;
        }
        if format.get(at) == Some(&b'%') {
            out.push(b'%');
            at += 1;
            continue;
        }
        let spec = Spec::read(format, &mut at, &mut || {
            args.next().unwrap_or(&nothing).number() as i64
        });
        let Some(&letter) = format.get(at) else {
            out.extend_from_slice(&format[start..]);
            break;
        };
        at += 1;
        match letter {
            b'd' | b'i' => {
                let number = args.next().unwrap_or(&nothing).number();
                if number.is_finite() {
                    spec.signed(number as i64, out);
                } else {
                    spec.float(number, b'f', out);
                }
            }
            b'u' | b'o' | b'x' | b'X' => {
                let number = args.next().unwrap_or(&nothing).number();
                // What is below zero keeps its bits.
                let bits = if number < 0.0 {
                    number as i64 as u64
                } else {
                    number as u64
                };
                spec.unsigned(bits, letter, out);
            }
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
                spec.float(args.next().unwrap_or(&nothing).number(), letter, out);
            }
            b'c' => {
                let value = args.next().unwrap_or(&nothing);
                match value.as_byte() {
                    Some(number) => spec.string(&[number as i64 as u8], out),
                    // The first byte of nothing is the one that ends a string.
                    None => spec.string(to_text(value, convfmt).get(..1).unwrap_or(b"\0"), out),
                }
            }
            b's' => spec.string(&to_text(args.next().unwrap_or(&nothing), convfmt), out),
            _ => out.extend_from_slice(&format[start..at]),
        }
    }
}
