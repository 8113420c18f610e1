//! Backslash escapes, in the dialects of `echo -e`, `printf`, `%b` and `$'...'`.

/// What an escape stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// This byte.
    Byte(u8),
    /// `\c`: the output ends here.
    Stop,
    /// None that is known: the backslash stays.
    Unknown,
}

/// How octal numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Octal {
    /// `\NNN`: one to three digits.
    Bare,
    /// `\0NNN`: a zero and up to three digits; `\NNN` with another first digit too.
    Zero,
}

/// Reads the escape after a backslash: what it stands for and how many bytes it takes.
pub fn read(text: &[u8], octal: Octal) -> (Escape, usize) {
    let byte = |byte| (Escape::Byte(byte), 1);
    match text.first() {
        Some(b'a') => byte(7),
        Some(b'b') => byte(8),
        Some(b'e') => byte(27),
        Some(b'f') => byte(12),
        Some(b'n') => byte(b'\n'),
        Some(b'r') => byte(b'\r'),
        Some(b't') => byte(b'\t'),
        Some(b'v') => byte(11),
        Some(b'\\') => byte(b'\\'),
        Some(b'c') => (Escape::Stop, 1),
        Some(b'x') => match digits(&text[1..], 16, 2) {
            (_, 0) => (Escape::Unknown, 0),
            (value, used) => (Escape::Byte(value), used + 1),
        },
        Some(b'0'..=b'7') => {
            let most = if octal == Octal::Zero && text[0] == b'0' {
                4
            } else {
                3
            };
            let (value, used) = digits(text, 8, most);
            (Escape::Byte(value), used)
        }
        _ => (Escape::Unknown, 0),
    }
}

/// Up to `most` digits as a number, cut to a byte.
fn digits(text: &[u8], base: u32, most: usize) -> (u8, usize) {
    let mut value = 0u32;
    let mut used = 0;
    for &byte in text.iter().take(most) {
        let Some(digit) = char::from(byte).to_digit(base) else {
            break;
        };
        value = value * base + digit;
        used += 1;
    }
    (value as u8, used)
}

/// Appends `text` with its escapes undone; false: `\c` asked to stop.
pub fn unescape(text: &[u8], octal: Octal, out: &mut Vec<u8>) -> bool {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let (escape, used) = read(rest, octal);
        match escape {
            Escape::Byte(byte) => out.push(byte),
            Escape::Stop => return false,
            Escape::Unknown => out.push(b'\\'),
        }
        rest = &rest[used..];
    }
    out.extend_from_slice(rest);
    true
}

/// The inside of `$'...'`: as C has it, with `\'`, `\"` and `\cX`. Ends at a NUL, which no
/// word can hold.
pub fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        let byte = match (first, after) {
            (b'\\', [quote @ (b'\'' | b'"' | b'?'), after @ ..]) => {
                rest = after;
                *quote
            }
            (b'\\', [b'c', b'?', after @ ..]) => {
                rest = after;
                0x7f
            }
            // A backslash is written twice here as well.
            (b'\\', [b'c', control @ b'\\', b'\\', after @ ..] | [b'c', control, after @ ..]) => {
                rest = after;
                control & 0x1f
            }
            (b'\\', _) => match read(after, Octal::Bare) {
                (Escape::Byte(byte), used) => {
                    rest = &after[used..];
                    byte
                }
                _ => b'\\',
            },
            _ => first,
        };
        if byte == 0 {
            break;
        }
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, octal: Octal, expected: &[u8]) {
        let mut out = Vec::new();
        unescape(text.as_bytes(), octal, &mut out);
        assert_eq!(out, expected, "{text}");
    }

    #[test]
    fn escapes_stand_for_bytes() {
        check(r"a\tb\n\\", Octal::Bare, b"a\tb\n\\");
        check(r"\x41\x4G\xg", Octal::Bare, b"A\x04G\\xg");
        check(r"\101\0\1018", Octal::Bare, b"A\0A8");
        check(r"\0101\101\7", Octal::Zero, b"AA\x07");
        check(r"ab\cde", Octal::Zero, b"ab");
        check(r"\q\", Octal::Bare, b"\\q\\");
    }

    #[test]
    fn dollar_quotes_end_at_a_nul() {
        assert_eq!(quoted(br"\x55\xAA\'\n"), b"\x55\xaa'\n");
        assert_eq!(quoted(br"ab\0cd"), b"ab");
        assert_eq!(quoted(br"\q\cA"), b"\\q\x01");
        assert_eq!(quoted(br"\c\\x\c?\c[\cz"), b"\x1cx\x7f\x1b\x1a");
    }
}
