//! Pattern matching as in `case` and `${x#p}`: `*`, `?`, `[...]`, backslash.
//!
//! A quoted character of a word arrives with a backslash before it, so a pattern is plain
//! bytes. Matching is iterative: only the last `*` is ever gone back to, which keeps even
//! `*a*a*a*b` polynomial.

/// Characters that mean something in a pattern and are escaped when quoted.
pub fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\' | b'-' | b'!' | b'^')
}

/// Whether a pattern has no special characters, so that it can be compared. A bracket that
/// is never closed is none: `[` is a command's name.
pub fn is_literal(pattern: &[u8]) -> bool {
    let mut open = false;
    !pattern.iter().any(|byte| match byte {
        b'*' | b'?' | b'\\' => true,
        b'[' => {
            open = true;
            false
        }
        b']' => open,
        _ => false,
    })
}

/// Whether `pattern` matches all of `text`.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when a comparison fails: after the last star, one byte further.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if p == pattern.len() {
            if t == text.len() {
                return true;
            }
        } else if pattern[p] == b'*' {
            p += 1;
            if p == pattern.len() {
                return true;
            }
            retry = Some((p, t));
            continue;
        } else if let Some(&byte) = text.get(t)
            && let Some(next) = step(pattern, p, byte)
        {
            (p, t) = (next, t + 1);
            continue;
        }
        match &mut retry {
            Some((star, from)) if *from < text.len() => {
                *from += 1;
                (p, t) = (*star, *from);
            }
            _ => return false,
        }
    }
}

/// Matches one byte against the element at `p`; gives the place after the element.
fn step(pattern: &[u8], p: usize, byte: u8) -> Option<usize> {
    match pattern[p] {
        b'?' => Some(p + 1),
        b'\\' if p + 1 < pattern.len() => (pattern[p + 1] == byte).then_some(p + 2),
        b'[' => match bracket(pattern, p, byte) {
            Some((true, end)) => Some(end),
            Some((false, _)) => None,
            // No closing bracket: the bracket stands for itself.
            None => (byte == b'[').then_some(p + 1),
        },
        literal => (literal == byte).then_some(p + 1),
    }
}

/// The length of the match at the start of `text` of a pattern without stars, which match
/// one byte per element. `Err`: the pattern has a star.
fn fixed_length(pattern: &[u8], text: &[u8]) -> Result<Option<usize>, ()> {
    let (mut p, mut length) = (0, 0);
    let mut matched = true;
    while p < pattern.len() {
        if pattern[p] == b'*' {
            return Err(());
        }
        if !matched {
            // Only the elements that are left are of interest: is one of them a star?
            p += if pattern[p] == b'\\' { 2 } else { 1 };
            continue;
        }
        match text.get(length).and_then(|&byte| step(pattern, p, byte)) {
            Some(next) => (p, length) = (next, length + 1),
            None => matched = false,
        }
    }
    Ok(matched.then_some(length))
}

/// A bracket expression: whether `byte` is in it, and the place after it. None: not closed.
fn bracket(pattern: &[u8], open: usize, byte: u8) -> Option<(bool, usize)> {
    let mut p = open + 1;
    let negated = matches!(pattern.get(p), Some(b'!' | b'^'));
    if negated {
        p += 1;
    }
    let first = p;
    let mut found = false;
    loop {
        match pattern.get(p)? {
            b']' if p > first => return Some((found != negated, p + 1)),
            b'[' if pattern.get(p + 1) == Some(&b':') => {
                if let Some((class, end)) = class_name(pattern, p + 2) {
                    found |= in_class(class, byte);
                    p = end;
                    continue;
                }
            }
            _ => {}
        }
        let (low, after) = element(pattern, p)?;
        p = after;
        let range = pattern.get(p) == Some(&b'-') && !matches!(pattern.get(p + 1)?, b']');
        if range {
            let (high, after) = element(pattern, p + 1)?;
            p = after;
            found |= (low..=high).contains(&byte);
        } else {
            found |= low == byte;
        }
    }
}

/// One character of a bracket expression, with `[.x.]` and `[=x=]` taken as the character.
fn element(pattern: &[u8], p: usize) -> Option<(u8, usize)> {
    match (pattern.get(p)?, pattern.get(p + 1)) {
        (b'\\', Some(&escaped)) => Some((escaped, p + 2)),
        (b'[', Some(&mark @ (b'.' | b'='))) => {
            let closed = pattern.get(p + 3) == Some(&mark) && pattern.get(p + 4) == Some(&b']');
            if closed {
                Some((*pattern.get(p + 2)?, p + 5))
            } else {
                Some((b'[', p + 1))
            }
        }
        (&byte, _) => Some((byte, p + 1)),
    }
}

/// The name in `[:name:]` and the place after it.
fn class_name(pattern: &[u8], start: usize) -> Option<(&[u8], usize)> {
    let rest = pattern.get(start..)?;
    let end = rest.iter().position(|b| !b.is_ascii_alphabetic())?;
    (rest.get(end..end + 2)? == b":]").then(|| (&rest[..end], start + end + 2))
}

/// Whether a byte is of a POSIX character class; bytes over 127 are of none.
fn in_class(class: &[u8], byte: u8) -> bool {
    match class {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"upper" => byte.is_ascii_uppercase(),
        b"lower" => byte.is_ascii_lowercase(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"blank" => byte == b' ' || byte == b'\t',
        b"punct" => byte.is_ascii_punctuation(),
        b"print" => (32..127).contains(&byte),
        b"graph" => byte.is_ascii_graphic(),
        b"cntrl" => byte.is_ascii_control(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => false,
    }
}

/// What `${text#pattern}` and its kin leave: the range of `text` that stays.
pub fn trim(text: &[u8], pattern: &[u8], suffix: bool, longest: bool) -> std::ops::Range<usize> {
    let all = 0..text.len();
    if is_literal(pattern) {
        return match suffix {
            true if text.ends_with(pattern) => 0..text.len() - pattern.len(),
            false if text.starts_with(pattern) => pattern.len()..text.len(),
            _ => all,
        };
    }
    if let Some(cut) = trim_one_star(text, pattern, suffix, longest) {
        return cut;
    }
    let cut = |at: &usize| match suffix {
        true => matches(pattern, &text[*at..]),
        false => matches(pattern, &text[..*at]),
    };
    // A short prefix and a long suffix are found from the left.
    let place = if suffix == longest {
        (0..=text.len()).find(cut)
    } else {
        (0..=text.len()).rev().find(cut)
    };
    match place {
        Some(at) if suffix => 0..at,
        Some(at) => at..text.len(),
        None => all,
    }
}

/// The frequent forms `*x` and `x*` with a literal x, by plain search.
fn trim_one_star(
    text: &[u8],
    pattern: &[u8],
    suffix: bool,
    longest: bool,
) -> Option<std::ops::Range<usize>> {
    use memchr::memmem;
    let (literal, star_first) = match pattern {
        [b'*', literal @ ..] if !suffix => (literal, true),
        [literal @ .., b'*'] if suffix => (literal, false),
        _ => return None,
    };
    if literal.is_empty() || !is_literal(literal) || star_first == suffix {
        return None;
    }
    let found = match (suffix, longest) {
        (false, false) | (true, true) => memmem::find(text, literal),
        (false, true) | (true, false) => memmem::rfind(text, literal),
    };
    Some(match found {
        Some(at) if suffix => 0..at,
        Some(at) => at + literal.len()..text.len(),
        None => 0..text.len(),
    })
}

/// Appends `text` to `out` with matches of `pattern` replaced: the first, or all.
pub fn replace(text: &[u8], pattern: &[u8], with: &[u8], all: bool, out: &mut Vec<u8>) {
    let mut at = 0;
    while at < text.len() {
        let length = fixed_length(pattern, &text[at..]).unwrap_or_else(|()| {
            let mut longest_first = (at + 1..=text.len()).rev();
            let end = longest_first.find(|&end| matches(pattern, &text[at..end]));
            end.map(|end| end - at)
        });
        match length {
            Some(length @ 1..) => {
                out.extend_from_slice(with);
                at += length;
                if !all {
                    break;
                }
            }
            _ => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
    out.extend_from_slice(&text[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expected: bool) {
        let got = matches(pattern.as_bytes(), text.as_bytes());
        assert_eq!(got, expected, "{pattern} against {text}");
    }

    #[test]
    fn patterns_match_as_posix_says() {
        check("", "", true);
        check("", "a", false);
        check("abc", "abc", true);
        check("a?c", "abc", true);
        check("a?c", "ac", false);
        check("*", "", true);
        check("a*c", "abbc", true);
        check("a*c", "ab", false);
        check("*a*b", "xaxxb", true);
        check("*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false);
        check("[abc]", "b", true);
        check("[!abc]", "b", false);
        check("[^abc]", "d", true);
        check("[a-c]x", "bx", true);
        check("[]]", "]", true);
        check("[!]]", "a", true);
        check("[a-]", "-", true);
        check("[[:digit:]x]", "7", true);
        check("[[:digit:]x]", "x", true);
        check("[[:upper:]]", "a", false);
        check("[a\\-c]", "b", false);
        check("[a\\-c]", "-", true);
        check("[", "[", true);
        check("[a", "[a", true);
        check("\\*", "*", true);
        check("\\*", "a", false);
        check("a\\", "a\\", true);
        check("[[.a.]]", "a", true);
        check("[[=b=]]", "b", true);
    }

    #[test]
    fn a_bracket_that_is_never_closed_is_no_pattern() {
        for literal in ["[", "a[b", "]", "][", "-n"] {
            assert!(is_literal(literal.as_bytes()), "{literal}");
        }
        for pattern in ["[a]", "[[]", "a*", "?", "\\*"] {
            assert!(!is_literal(pattern.as_bytes()), "{pattern}");
        }
    }

    fn check_trim(text: &str, pattern: &str, op: &str, expected: &str) {
        let range = trim(
            text.as_bytes(),
            pattern.as_bytes(),
            op.starts_with('%'),
            op.len() == 2,
        );
        assert_eq!(&text[range], expected, "${{{text}{op}{pattern}}}");
    }

    #[test]
    fn ends_are_trimmed() {
        check_trim("a/b/c", "*/", "#", "b/c");
        check_trim("a/b/c", "*/", "##", "c");
        check_trim("a/b/c", "/*", "%", "a/b");
        check_trim("a/b/c", "/*", "%%", "a");
        check_trim("a.b.c", ".?", "%", "a.b");
        check_trim("abc", "x", "#", "abc");
        check_trim("abc", "abc", "#", "");
        check_trim("abc", "*", "#", "abc");
        check_trim("abc", "*", "##", "");
        check_trim("abc", "*", "%%", "");
        check_trim("aXbXc", "[X]*", "%%", "a");
        check_trim("aXbXc", "*[X]", "##", "c");
        check_trim("abcabc", "a*b", "#", "cabc");
        check_trim("abcabc", "a*b", "##", "c");
    }

    fn check_replace(text: &str, pattern: &str, with: &str, all: bool, expected: &str) {
        let mut out = Vec::new();
        let [text, pattern, with] = [text, pattern, with].map(str::as_bytes);
        replace(text, pattern, with, all, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    #[test]
    fn matches_are_replaced() {
        check_replace("a:b:c", ":", "", true, "abc");
        check_replace("a:b:c", ":", "-", false, "a-b:c");
        check_replace("abcabc", "[ab]", "x", true, "xxcxxc");
        check_replace("aaa", "a*", "x", true, "x");
        check_replace("abc", "", "x", true, "abc");
        check_replace("abc", "z", "x", true, "abc");
    }
}
