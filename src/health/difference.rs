//! What is different between two texts, line by line.
//!
//! Equal lines at the beginning and at the end are left out, which is all that short
//! settings files need; between them everything old goes and everything new comes.

use super::printable;

/// Characters of a line that are shown.
const WIDTH: usize = 74;

/// `-old` and `+new` lines, at most `most` of each; what was left out is counted.
pub fn lines(old: &[u8], new: &[u8], most: usize) -> Vec<String> {
    let (old, new) = (split(old), split(new));
    let both = old.iter().zip(&new);
    let before = both.take_while(|(old, new)| old == new).count();
    let rest = |lines: &[_]| lines.len() - before;
    let ends = old.iter().rev().zip(new.iter().rev());
    let room = rest(&old).min(rest(&new));
    let after = ends.take(room).take_while(|(old, new)| old == new).count();
    let mut shown = Vec::new();
    for (sign, lines) in [('-', &old), ('+', &new)] {
        let changed = lines.get(before..lines.len() - after).unwrap_or_default();
        let show = |line: &&[u8]| format!("{sign}{}", printable(line, WIDTH));
        shown.extend(changed.iter().take(most).map(show));
        if let Some(more @ 1..) = changed.len().checked_sub(most) {
            shown.push(format!("{sign}... ({more} more)"));
        }
    }
    shown
}

fn split(text: &[u8]) -> Vec<&[u8]> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    match text.is_empty() {
        true => Vec::new(),
        false => text.split(|&byte| byte == b'\n').collect(),
    }
}

#[test]
fn only_what_differs_is_shown() {
    let check = |old: &str, new: &str, expected: &[&str]| {
        assert_eq!(
            lines(old.as_bytes(), new.as_bytes(), 2),
            expected,
            "{old:?} {new:?}"
        );
    };
    check("a\nb\nc\n", "a\nb\nc\n", &[]);
    check("a\nb\nc\n", "a\nx\nc\n", &["-b", "+x"]);
    check("a\na\n", "a\na\na\n", &["+a"]);
    check("", "a\n", &["+a"]);
    check("a\x1b", "", &["-a?"]);
    check("1\n2\n3\n4\n", "x\n", &["-1", "-2", "-... (2 more)", "+x"]);
}
