//! What is different between two texts, line by line, and the form that `diff -u` has.
//!
//! The fewest lines that differ are found by following the furthest paths (Myers, 1986), whose
//! work grows with what differs and not with what is equal. Where more differs than anybody
//! would read, the rest counts as one piece.

use std::ops::Range;

/// Lines that differ at most before the rest counts as one piece; memory grows with its square.
const MOST: usize = 1000;
/// Equal lines shown around a piece.
const AROUND: usize = 3;

/// These lines of the old text went, these of the new text came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Numbers of lines in the old text, from 0.
    pub old: Range<usize>,
    /// Numbers of lines in the new text.
    pub new: Range<usize>,
}

/// The lines of a text, with their ends.
pub fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').collect()
}

/// Where two texts differ.
pub fn changes(old: &[&[u8]], new: &[&[u8]]) -> Vec<Change> {
    let equal = |(a, b): &(&&[u8], &&[u8])| a == b;
    let start = old.iter().zip(new).take_while(equal).count();
    let (old, new) = (&old[start..], &new[start..]);
    let ends = old.iter().rev().zip(new.iter().rev());
    let end = ends.take_while(equal).count();
    let (old, new) = (&old[..old.len() - end], &new[..new.len() - end]);
    let (mut gone, mut come) = (vec![false; old.len()], vec![false; new.len()]);
    trace_back(&trace(old, new), &mut gone, &mut come);
    let is_set = |flags: &[bool], at: usize| flags.get(at) == Some(&true);
    let mut found = Vec::new();
    let (mut a, mut b) = (0, 0);
    while a < old.len() || b < new.len() {
        let (old_start, new_start) = (a, b);
        while is_set(&gone, a) {
            a += 1;
        }
        while is_set(&come, b) {
            b += 1;
        }
        if (a, b) == (old_start, new_start) {
            (a, b) = (a + 1, b + 1);
        } else {
            found.push(Change {
                old: start + old_start..start + a,
                new: start + new_start..start + b,
            });
        }
    }
    found
}

/// For each number of differences `d` the furthest line of the old text on each diagonal:
/// number `i` of them is `2 * i - d` lines ahead of the new text. Empty if there are too many.
fn trace(old: &[&[u8]], new: &[&[u8]]) -> Vec<Vec<u32>> {
    let mut rows: Vec<Vec<u32>> = Vec::new();
    for differences in 0..=MOST {
        let mut row = Vec::with_capacity(differences + 1);
        for i in 0..=differences {
            let (mut x, _) = rows.last().map_or((0, false), |row| step(row, i));
            while let (Some(a), Some(b)) = (old.get(x), new.get(x + differences - 2 * i))
                && a == b
            {
                x += 1;
            }
            row.push(x as u32);
            if (x, x + differences - 2 * i) == (old.len(), new.len()) {
                rows.push(row);
                return rows;
            }
        }
        rows.push(row);
    }
    Vec::new()
}

/// From the row before to number `i` of the next: the line of the old text, and whether a line
/// of the old text went (otherwise one of the new came).
fn step(row: &[u32], i: usize) -> (usize, bool) {
    let came = row.get(i).map(|&x| x as usize);
    let went = i.checked_sub(1).and_then(|i| row.get(i));
    match (came, went.map(|&x| x as usize + 1)) {
        (Some(came), Some(went)) if came > went => (came, false),
        (_, Some(went)) => (went, true),
        (came, None) => (came.unwrap_or(0), false),
    }
}

/// Marks what differs, from the end to the beginning.
fn trace_back(rows: &[Vec<u32>], gone: &mut [bool], come: &mut [bool]) {
    let Some(mut differences) = rows.len().checked_sub(1) else {
        gone.fill(true);
        come.fill(true);
        return;
    };
    // The last row ends on the diagonal where it was found.
    let mut i = rows[differences].len() - 1;
    while differences > 0 {
        let (x, went) = step(&rows[differences - 1], i);
        let y = x + differences - 2 * i;
        if went {
            gone[x - 1] = true;
            i -= 1;
        } else {
            come[y - 1] = true;
        }
        differences -= 1;
    }
}

/// The difference as `diff -u` prints it, nothing if there is none.
pub fn unified(out: &mut Vec<u8>, names: [&[u8]; 2], old: &[u8], new: &[u8]) {
    let (old, new) = (lines(old), lines(new));
    let changes = changes(&old, &new);
    let mut rest = &changes[..];
    if !rest.is_empty() {
        let [from, to] = names;
        out.extend_from_slice(&[b"--- ", from, b"\n+++ ", to, b"\n"].concat());
    }
    while let [first, ..] = rest {
        // Pieces whose surroundings touch are shown together.
        let apart = |pair: &[Change]| pair[1].old.start - pair[0].old.end > 2 * AROUND;
        let count = rest
            .windows(2)
            .position(apart)
            .map_or(rest.len(), |at| at + 1);
        let (hunk, others) = rest.split_at(count);
        let last = &hunk[count - 1];
        let before = first.old.start.min(AROUND);
        let after = (old.len() - last.old.end).min(AROUND);
        let (old_start, new_start) = (first.old.start - before, first.new.start - before);
        out.extend_from_slice(b"@@ -");
        range(out, old_start..last.old.end + after);
        out.extend_from_slice(b" +");
        range(out, new_start..last.new.end + after);
        out.extend_from_slice(b" @@\n");
        let mut at = old_start;
        for change in hunk {
            put(out, b' ', &old[at..change.old.start]);
            put(out, b'-', &old[change.old.clone()]);
            put(out, b'+', &new[change.new.clone()]);
            at = change.old.end;
        }
        put(out, b' ', &old[at..at + after]);
        rest = others;
    }
}

/// `FIRST,COUNT`, from 1; without a line, the one before.
fn range(out: &mut Vec<u8>, lines: Range<usize>) {
    let text = match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        count => format!("{},{count}", lines.start + 1),
    };
    out.extend_from_slice(text.as_bytes());
}

fn put(out: &mut Vec<u8>, sign: u8, lines: &[&[u8]]) {
    for line in lines {
        out.push(sign);
        out.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            out.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_shown_with_their_surroundings() {
        let check = |old: &str, new: &str, expected: &str| {
            let mut out = Vec::new();
            unified(&mut out, [b"a", b"b"], old.as_bytes(), new.as_bytes());
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
            let found = changes(&old, &new);
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
        assert_eq!(changes(&old, &new), [all]);
    }
}
