//! What is different between two files, as a person is shown it.

use super::printable;
use crate::diff::{self, Manner};

/// Characters of a line that are shown.
const WIDTH: usize = 74;

/// `-old` and `+new` lines, at most `most` of each; what was left out is counted.
pub fn lines(old: &[u8], new: &[u8], most: usize) -> String {
    let (old, new) = (split(old), split(new));
    let changes = diff::changes(&old, &new, Manner::default());
    let old = changes.iter().flat_map(|change| &old[change.old.clone()]);
    let new = changes.iter().flat_map(|change| &new[change.new.clone()]);
    let mut shown = String::new();
    for (sign, changed) in [('-', old.collect::<Vec<_>>()), ('+', new.collect())] {
        for line in changed.iter().take(most) {
            shown.push_str(&format!("{sign}{}\n", printable(line, WIDTH)));
        }
        if changed.len() > most {
            shown.push_str(&format!("{sign}... ({} more)\n", changed.len() - most));
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
    let check = |old: &str, new: &str, expected: &str| {
        let shown = lines(old.as_bytes(), new.as_bytes(), 2);
        assert_eq!(shown, expected, "{old:?} {new:?}");
    };
    check("a\nb\nc\n", "a\nb\nc\n", "");
    check("a\nb\nc\n", "a\nx\nc\n", "-b\n+x\n");
    check("a\na\n", "a\na\na\n", "+a\n");
    check("", "a\n", "+a\n");
    check("a\x1b", "", "-a?\n");
    check("a\nb\nc\n", "x\nb\ny\n", "-a\n-c\n+x\n+y\n");
    check("1\n2\n3\n4\n", "x\n", "-1\n-2\n-... (2 more)\n+x\n");
}
