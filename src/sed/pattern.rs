//! What stands between the delimiters of an address, of `s` and of `y`.

use super::{Fault, Part};

/// Reads up to `delimiter`, which a backslash makes an ordinary byte, and steps behind it.
/// Other escapes stay as they are. In a pattern a bracket expression hides the delimiter.
pub fn delimited(
    script: &[u8],
    at: &mut usize,
    delimiter: u8,
    is_pattern: bool,
    extended: bool,
) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    loop {
        let byte = *script.get(*at)?;
        *at += 1;
        match byte {
            _ if byte == delimiter => return Some(text),
            b'\\' => {
                let next = *script.get(*at)?;
                *at += 1;
                if next != delimiter {
                    // A newline in a pattern is written \n.
                    text.extend_from_slice(&[b'\\', next]);
                } else if !is_pattern {
                    // `\&` with the delimiter `&` is that byte; so is `\1` with `1`.
                    if next == b'&' {
                        text.push(b'\\');
                    }
                    text.push(next);
                } else {
                    literal(next, extended, &mut text);
                }
            }
            b'\n' if is_pattern => return None,
            b'[' if is_pattern => {
                text.push(byte);
                bracket(script, at, &mut text);
            }
            _ => text.push(byte),
        }
    }
}

/// Copies a bracket expression after its `[`; without an end nothing is copied.
fn bracket(script: &[u8], at: &mut usize, text: &mut Vec<u8>) {
    let rest = script.get(*at..).unwrap_or_default();
    let mut length = usize::from(rest.first() == Some(&b'^'));
    length += usize::from(rest.get(length) == Some(&b']'));
    loop {
        match rest.get(length..).unwrap_or_default() {
            [] | [b'\n', ..] => return,
            [b']', ..] => break,
            [b'[', kind @ (b':' | b'.' | b'='), inner @ ..] => {
                let end = [*kind, b']'];
                match memchr::memmem::find(inner, &end) {
                    Some(found) => length += found + 4,
                    None => length += 1,
                }
            }
            _ => length += 1,
        }
    }
    text.extend_from_slice(&rest[..length]);
    *at += length;
}

/// A byte that means itself in a regular expression.
fn literal(byte: u8, extended: bool, text: &mut Vec<u8>) {
    let special: &[u8] = if extended {
        b".[]*^$+?(){}|\\"
    } else {
        b".[]*^$\\"
    };
    if special.contains(&byte) {
        text.push(b'\\');
    }
    text.push(byte);
}

/// Replaces escapes that the engine of regular expressions does not know: `\xHH` everywhere,
/// and `\n`, `\t` and their like in bracket expressions.
pub fn prepare(pattern: &[u8], extended: bool) -> Vec<u8> {
    let mut text = Vec::with_capacity(pattern.len());
    let mut at = 0;
    while let Some(&byte) = pattern.get(at) {
        at += 1;
        match (byte, pattern.get(at)) {
            (b'\\', Some(b'x')) if let Some((byte, used)) = hex(&pattern[at + 1..]) => {
                literal(byte, extended, &mut text);
                at += 1 + used;
            }
            (b'\\', Some(&next)) => {
                text.extend_from_slice(&[byte, next]);
                at += 1;
            }
            (b'[', _) => {
                text.push(b'[');
                let mut inside = Vec::new();
                bracket(pattern, &mut at, &mut inside);
                unescape_bracket(&inside, &mut text);
            }
            _ => text.push(byte),
        }
    }
    text
}

fn unescape_bracket(inside: &[u8], text: &mut Vec<u8>) {
    let mut rest = inside;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let escaped = match rest.first() {
            Some(b'x') if byte == b'\\' => hex(&rest[1..]).map(|(byte, used)| (byte, used + 1)),
            Some(&next) if byte == b'\\' => control(next).map(|control| (control, 1)),
            _ => None,
        };
        let (byte, used) = escaped.unwrap_or((byte, 0));
        text.push(byte);
        rest = &rest[used..];
    }
}

/// One or two hexadecimal digits and how many they are.
pub fn hex(text: &[u8]) -> Option<(u8, usize)> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    let first = digit(0)?;
    Some(match digit(1) {
        Some(second) => ((first * 16 + second) as u8, 2),
        None => (first as u8, 1),
    })
}

/// The control character that a letter after a backslash stands for.
pub fn control(letter: u8) -> Option<u8> {
    Some(match letter {
        b'a' => 7,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        _ => return None,
    })
}

/// Reads a replacement; gives its parts and the highest group.
pub fn replacement(text: &[u8]) -> Result<(Vec<Part>, u8), Fault> {
    let (mut parts, mut plain, mut highest) = (Vec::new(), Vec::new(), 0);
    let mut flush = |plain: &mut Vec<u8>, part: Option<Part>| {
        if !plain.is_empty() {
            parts.push(Part::Text(std::mem::take(plain)));
        }
        parts.extend(part);
    };
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'&' => flush(&mut plain, Some(Part::Group(0))),
            b'\\' => {
                let next = text.get(at).copied().unwrap_or(b'\\');
                at += 1;
                match next {
                    b'0'..=b'9' => {
                        let group = next - b'0';
                        highest = group.max(highest);
                        flush(&mut plain, Some(Part::Group(group)));
                    }
                    b'U' | b'L' | b'E' | b'u' | b'l' => flush(&mut plain, Some(Part::Case(next))),
                    b'x' if let Some((byte, used)) = hex(text.get(at..).unwrap_or_default()) => {
                        plain.push(byte);
                        at += used;
                    }
                    _ => plain.push(control(next).unwrap_or(next)),
                }
            }
            b'\n' => return Err(Fault::Unterminated(b's')),
            _ => plain.push(byte),
        }
    }
    flush(&mut plain, None);
    Ok((parts, highest))
}

/// Reads one string of `y`.
pub fn letters(text: &[u8]) -> Vec<u8> {
    let mut letters = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            letters.push(byte);
            continue;
        }
        match rest.split_first() {
            Some((b'\\', after)) => {
                letters.push(b'\\');
                rest = after;
            }
            Some((&next, after)) if let Some(control) = control(next) => {
                letters.push(control);
                rest = after;
            }
            // What the escape of anything else means is undefined; both bytes stand.
            _ => letters.push(b'\\'),
        }
    }
    letters
}

#[test]
fn a_delimiter_is_hidden_by_brackets_and_backslashes() {
    let check = |script: &str, delimiter: u8, extended: bool, expected: Option<&str>| {
        let text = delimited(script.as_bytes(), &mut 0, delimiter, true, extended);
        let text = text.map(|text| String::from_utf8_lossy(&text).into_owned());
        assert_eq!(text.as_deref(), expected, "{script}");
    };
    check("a/b", b'/', false, Some("a"));
    check(r"a\/b/", b'/', false, Some("a/b"));
    check("[/]x/", b'/', false, Some("[/]x"));
    check("[]/]x/", b'/', false, Some("[]/]x"));
    check("[[:alpha:]/]/", b'/', false, Some("[[:alpha:]/]"));
    check("[a/b", b'/', false, Some("[a"));
    check(r"a\|b|", b'|', false, Some("a|b"));
    check(r"a\|b|", b'|', true, Some(r"a\|b"));
    check(r"a\.b.", b'.', false, Some(r"a\.b"));
    check("a\nb/", b'/', false, None);
}
