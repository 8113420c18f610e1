//! What differs between two texts, line by line, and putting it into another one.

mod myers;
pub mod patch;

use std::collections::HashMap;
use std::ops::Range;

/// What counts as the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Lower and upper case (ASCII).
    pub ignore_case: bool,
    /// Runs of blanks, and none at the end.
    pub ignore_amount: bool,
    /// All blanks.
    pub ignore_blanks: bool,
    /// Changes of empty lines alone.
    pub ignore_empty: bool,
}

/// Lines that stand in the place of others, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Lines of the old text.
    pub old: Range<usize>,
    /// Lines of the new text.
    pub new: Range<usize>,
}

/// The lines of a text with their newlines.
pub fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').collect()
}

/// What is compared of a line.
fn essence(line: &[u8], manner: Manner) -> Vec<u8> {
    let mut text = Vec::with_capacity(line.len());
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 11;
    for &byte in line {
        if !blank(&byte) {
            text.push(byte);
        } else if manner.ignore_amount && !manner.ignore_blanks && text.last() != Some(&b' ') {
            text.push(b' ');
        } else if !manner.ignore_amount && !manner.ignore_blanks {
            text.push(byte);
        }
    }
    if manner.ignore_amount && text.last() == Some(&b' ') {
        text.pop();
    }
    if manner.ignore_case {
        text.make_ascii_lowercase();
    }
    text
}

/// The changes that make the new lines of the old ones.
pub fn changes(old: &[&[u8]], new: &[&[u8]], manner: Manner) -> Vec<Change> {
    let mut known: HashMap<Vec<u8>, u32> = HashMap::new();
    let mut number = |line: &&[u8]| {
        let next = known.len() as u32;
        *known.entry(essence(line, manner)).or_insert(next)
    };
    let a: Vec<u32> = old.iter().map(&mut number).collect();
    let b: Vec<u32> = new.iter().map(&mut number).collect();
    // A line that only one side has is a change, wherever the others go.
    let mut sides = vec![0u8; known.len()];
    a.iter().for_each(|id| sides[*id as usize] |= 1);
    b.iter().for_each(|id| sides[*id as usize] |= 2);
    let common = |ids: &[u32]| -> (Vec<u32>, Vec<usize>) {
        let places = (0..ids.len()).filter(|at| sides[ids[*at] as usize] == 3);
        let places: Vec<usize> = places.collect();
        (places.iter().map(|at| ids[*at]).collect(), places)
    };
    let ((a_ids, a_places), (b_ids, b_places)) = (common(&a), common(&b));
    let (a_only, b_only) = myers::mark(&a_ids, &b_ids);
    let spread = |length: usize, places: &[usize], only: &[bool]| {
        let mut marks = vec![true; length];
        for (place, only) in places.iter().zip(only) {
            marks[*place] = *only;
        }
        marks
    };
    let a_marks = spread(a.len(), &a_places, &a_only);
    let b_marks = spread(b.len(), &b_places, &b_only);
    let mut changes = Vec::new();
    let (mut x, mut y) = (0, 0);
    while x < a.len() || y < b.len() {
        let run = |marks: &[bool], from: usize| {
            let rest = marks.get(from..).unwrap_or_default();
            from + rest.iter().take_while(|only| **only).count()
        };
        let (x_end, y_end) = (run(&a_marks, x), run(&b_marks, y));
        if x_end > x || y_end > y {
            let change = Change {
                old: x..x_end,
                new: y..y_end,
            };
            let empty = |line: &&[u8]| line.trim_ascii().is_empty();
            let all_empty = old[x..x_end].iter().all(empty) && new[y..y_end].iter().all(empty);
            if !(manner.ignore_empty && all_empty) {
                changes.push(change);
            }
        }
        (x, y) = (x_end + 1, y_end + 1);
    }
    changes
}

/// Lines around a change, unless somebody wants another number.
pub const CONTEXT: usize = 3;

/// Appends the unified difference of two files with their names, or nothing if there is none.
pub fn of_files(out: &mut Vec<u8>, names: [&[u8]; 2], old: &[u8], new: &[u8]) {
    let (old, new) = (lines(old), lines(new));
    let changes = changes(&old, &new, Manner::default());
    if !changes.is_empty() {
        let [from, to] = names;
        out.extend_from_slice(&[b"--- ", from, b"\n+++ ", to, b"\n"].concat());
        unified(&old, &new, &changes, CONTEXT, out);
    }
}

/// Appends a line of a hunk; a missing newline is told.
fn put_line(sign: u8, line: &[u8], out: &mut Vec<u8>) {
    out.push(sign);
    out.extend_from_slice(line);
    if line.last() != Some(&b'\n') {
        out.extend_from_slice(b"\n\\ No newline at end of file\n");
    }
}

/// `12,3`: where lines begin, from 1, and how many they are.
fn range(from: usize, to: usize) -> String {
    match to - from {
        // Of no lines the one before is named.
        0 => format!("{from},0"),
        1 => format!("{}", from + 1),
        count => format!("{},{count}", from + 1),
    }
}

/// Appends the hunks of a unified difference, with so many lines around.
pub fn unified(
    old: &[&[u8]],
    new: &[&[u8]],
    changes: &[Change],
    context: usize,
    out: &mut Vec<u8>,
) {
    let mut rest = changes;
    while let Some(first) = rest.first() {
        // Changes whose surroundings touch share a hunk.
        let near =
            |pair: &[Change]| pair[1].old.start - pair[0].old.end <= context.saturating_mul(2);
        let count = 1 + rest.windows(2).take_while(|pair| near(pair)).count();
        let (hunk, after) = rest.split_at(count);
        rest = after;
        let before = context.min(first.old.start).min(first.new.start);
        let Some(last) = hunk.last() else { return };
        let behind = context
            .min(old.len() - last.old.end)
            .min(new.len() - last.new.end);
        let (old_from, old_to) = (first.old.start - before, last.old.end + behind);
        let (new_from, new_to) = (first.new.start - before, last.new.end + behind);
        let head = format!(
            "@@ -{} +{} @@\n",
            range(old_from, old_to),
            range(new_from, new_to)
        );
        out.extend_from_slice(head.as_bytes());
        let mut at = old_from;
        for change in hunk {
            old[at..change.old.start]
                .iter()
                .for_each(|line| put_line(b' ', line, out));
            old[change.old.clone()]
                .iter()
                .for_each(|line| put_line(b'-', line, out));
            new[change.new.clone()]
                .iter()
                .for_each(|line| put_line(b'+', line, out));
            at = change.old.end;
        }
        old[at..old_to]
            .iter()
            .for_each(|line| put_line(b' ', line, out));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_shown_with_their_surroundings() {
        let check = |old: &str, new: &str, expected: &str| {
            let mut out = Vec::new();
            of_files(&mut out, [b"a", b"b"], old.as_bytes(), new.as_bytes());
            let shown = String::from_utf8(out).unwrap();
            let shown = shown.strip_prefix("--- a\n+++ b\n").unwrap_or(&shown);
            assert_eq!(shown, expected, "{old:?} {new:?}");
        };
        check("", "", "");
        check("1\n2\n", "1\n2\n", "");
        check("", "1\n", "@@ -0,0 +1 @@\n+1\n");
        check("1\n", "", "@@ -1 +0,0 @@\n-1\n");
        check("1\n2\n", "1\nx\n2\n", "@@ -1,2 +1,3 @@\n 1\n+x\n 2\n");
        check(
            "1\n2",
            "1\n3",
            "@@ -1,2 +1,2 @@\n 1\n-2\n\\ No newline at end of file\n+3\n\\ No newline at end of file\n",
        );
        check(
            "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
            "x\n2\n3\n4\n5\n6\n7\n8\ny\n",
            "@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+y\n",
        );
        check(
            "1\n2\n3\n4\n5\n6\n7\n8\n",
            "x\n2\n3\n4\n5\n6\n7\ny\n",
            "@@ -1,8 +1,8 @@\n-1\n+x\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+y\n",
        );
        check(
            "a\nb\nc\n",
            "b\nc\na\n",
            "@@ -1,3 +1,3 @@\n-a\n b\n c\n+a\n",
        );
    }

    #[test]
    fn the_new_text_is_the_old_one_with_the_changes_and_they_are_few() {
        let mut state = 5_u32;
        let mut dice = |sides: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % sides
        };
        const LINES: [&[u8]; 4] = [b"a\n", b"b\n", b"c\n", b"d\n"];
        for _ in 0..3_000 {
            let (letters, length) = (1 + dice(4), dice(12));
            let old: Vec<&[u8]> = (0..length).map(|_| LINES[dice(letters)]).collect();
            let mut new = old.clone();
            let edits = dice(4);
            for _ in 0..edits {
                match dice(2) {
                    0 if !new.is_empty() => drop(new.remove(dice(new.len()))),
                    _ => new.insert(dice(new.len() + 1), LINES[dice(letters)]),
                }
            }
            let found = changes(&old, &new, Manner::default());
            let (mut made, mut at) = (Vec::new(), 0);
            for change in &found {
                made.extend_from_slice(&old[at..change.old.start]);
                assert_eq!(made.len(), change.new.start);
                made.extend_from_slice(&new[change.new.clone()]);
                at = change.old.end;
            }
            made.extend_from_slice(&old[at..]);
            assert_eq!(made, new);
            let touched = found.iter().map(|c| c.old.len() + c.new.len());
            assert!(touched.sum::<usize>() <= edits, "{old:?} {new:?}");
        }
    }

    #[test]
    fn texts_that_have_nothing_in_common_are_one_piece() {
        let (old, new) = (vec![&b"a\n"[..]; 5_000], vec![&b"b\n"[..]; 4_000]);
        let all = Change {
            old: 0..5_000,
            new: 0..4_000,
        };
        assert_eq!(changes(&old, &new, Manner::default()), [all]);
    }
}
