//! Unified differences: reading them and applying them.

use super::lines;
use crate::error::EngineError;
use std::fmt;

/// Lines of context at the edges of a hunk that may differ.
const FUZZ: usize = 2;

/// Why a hunk cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Number of the line of the patch that makes no sense.
    Malformed(usize),
    /// Number of the hunk that fits nowhere, from 1.
    Hunk(usize),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Malformed(line) => write!(f, "malformed patch at line {line}"),
            Error::Hunk(number) => write!(f, "hunk {number} fits nowhere"),
        }
    }
}

impl EngineError for Error {}

/// A line of a hunk, with its newline.
#[derive(Clone, Debug)]
enum Line {
    Both(Vec<u8>),
    Old(Vec<u8>),
    New(Vec<u8>),
}

#[derive(Clone, Debug)]
struct Hunk {
    /// First line of the old text, from 0.
    at: usize,
    lines: Vec<Line>,
}

/// What a patch does to one file.
#[derive(Clone, Debug)]
pub struct FilePatch {
    /// The name behind `---`.
    pub old: Vec<u8>,
    /// The name behind `+++`.
    pub new: Vec<u8>,
    hunks: Vec<Hunk>,
}

/// A text that was patched.
#[derive(Debug)]
pub struct Patched {
    /// The new text.
    pub text: Vec<u8>,
    /// Per hunk: the line where it fitted, from 1, how far off that is, and how many lines of
    /// context were overlooked.
    pub places: Vec<(usize, i64, usize)>,
}

/// Reads all differences in a text; what stands between them is not looked at.
///
/// # Errors
/// [`Error::Malformed`].
pub fn parse(text: &[u8]) -> Result<Vec<FilePatch>, Error> {
    let lines = lines(text);
    let mut files: Vec<FilePatch> = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let next = lines.get(at + 1).copied().unwrap_or_default();
        if let (Some(old), Some(new)) = (line.strip_prefix(b"--- "), next.strip_prefix(b"+++ ")) {
            files.push(FilePatch {
                old: name(old),
                new: name(new),
                hunks: Vec::new(),
            });
            at += 2;
        } else if let (Some(file), Some((from, old, new))) = (files.last_mut(), head(line)) {
            at += 1;
            let hunk = hunk(&lines, &mut at, (from, old), new)?;
            file.hunks.push(hunk);
        } else {
            at += 1;
        }
    }
    Ok(files)
}

/// A name, which a tab and a time may follow.
fn name(text: &[u8]) -> Vec<u8> {
    let end = memchr::memchr(b'\t', text).unwrap_or(text.len());
    text[..end].trim_ascii_end().to_vec()
}

/// `@@ -1,2 +3,4 @@`: where the old lines begin, and how many are old and new.
fn head(line: &[u8]) -> Option<(usize, usize, usize)> {
    let text = std::str::from_utf8(line.strip_prefix(b"@@ -")?.split(|b| *b == b'@').next()?);
    let (old, new) = text.ok()?.trim().split_once(" +")?;
    let pair = |text: &str| -> Option<(usize, usize)> {
        let (from, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((from.parse().ok()?, count.parse().ok()?))
    };
    let ((from, old), (_, new)) = (pair(old)?, pair(new)?);
    // A hunk without old lines comes behind the line that it names.
    Some((
        if old == 0 {
            from
        } else {
            from.saturating_sub(1)
        },
        old,
        new,
    ))
}

fn hunk(
    lines: &[&[u8]],
    at: &mut usize,
    (from, mut old): (usize, usize),
    mut new: usize,
) -> Result<Hunk, Error> {
    let mut hunk = Hunk {
        at: from,
        lines: Vec::new(),
    };
    while old > 0 || new > 0 {
        let malformed = Error::Malformed(*at + 1);
        let line = lines.get(*at).ok_or(malformed)?;
        *at += 1;
        let body = line[1..].to_vec();
        let (from_old, from_new, line) = match line[0] {
            b' ' => (1, 1, Line::Both(body)),
            // An empty line of context that has lost its blank.
            b'\n' => (1, 1, Line::Both(b"\n".to_vec())),
            b'-' => (1, 0, Line::Old(body)),
            b'+' => (0, 1, Line::New(body)),
            b'\\' => {
                without_newline(&mut hunk);
                continue;
            }
            _ => return Err(malformed),
        };
        old = old.checked_sub(from_old).ok_or(malformed)?;
        new = new.checked_sub(from_new).ok_or(malformed)?;
        hunk.lines.push(line);
    }
    if lines.get(*at).is_some_and(|line| line.starts_with(b"\\")) {
        without_newline(&mut hunk);
        *at += 1;
    }
    Ok(hunk)
}

fn without_newline(hunk: &mut Hunk) {
    if let Some(Line::Both(text) | Line::Old(text) | Line::New(text)) = hunk.lines.last_mut()
        && text.last() == Some(&b'\n')
    {
        text.pop();
    }
}

impl FilePatch {
    /// The patch that undoes this one.
    #[must_use]
    pub fn reversed(mut self) -> FilePatch {
        std::mem::swap(&mut self.old, &mut self.new);
        let mut grown = 0i64;
        for hunk in &mut self.hunks {
            hunk.at = usize::try_from((hunk.at as i64).saturating_add(grown)).unwrap_or(0);
            for line in &mut hunk.lines {
                *line = match std::mem::replace(line, Line::Both(Vec::new())) {
                    Line::Old(text) => {
                        grown -= 1;
                        Line::New(text)
                    }
                    Line::New(text) => {
                        grown += 1;
                        Line::Old(text)
                    }
                    both => both,
                };
            }
        }
        self
    }

    /// Applies all hunks to a text, or none.
    ///
    /// # Errors
    /// [`Error::Hunk`]: one that fits nowhere.
    pub fn apply(&self, text: &[u8]) -> Result<Patched, Error> {
        let lines = lines(text);
        let mut patched = Patched {
            text: Vec::with_capacity(text.len()),
            places: Vec::new(),
        };
        // Lines before are done with; how far the last hunk was off.
        let (mut done, mut offset) = (0, 0i64);
        for (number, hunk) in self.hunks.iter().enumerate() {
            let expected = i64::try_from(hunk.at)
                .unwrap_or(i64::MAX)
                .saturating_add(offset);
            let found = (0..=FUZZ).find_map(|fuzz| {
                hunk.find(&lines, done, expected, fuzz)
                    .map(|(at, cut)| (at, cut, fuzz))
            });
            let (at, cut, fuzz) = found.ok_or(Error::Hunk(number + 1))?;
            offset = (at as i64 - cut as i64).saturating_sub(hunk.at as i64);
            patched.places.push((at - cut.min(at) + 1, offset, fuzz));
            lines[done..at]
                .iter()
                .for_each(|line| patched.text.extend_from_slice(line));
            let mut line = at;
            for part in hunk.within(fuzz) {
                match part {
                    // Context stays as it is in the text.
                    Line::Both(_) => {
                        patched.text.extend_from_slice(lines[line]);
                        line += 1;
                    }
                    Line::Old(_) => line += 1,
                    Line::New(new) => patched.text.extend_from_slice(new),
                }
            }
            done = line;
        }
        lines[done..]
            .iter()
            .for_each(|line| patched.text.extend_from_slice(line));
        Ok(patched)
    }
}

impl Hunk {
    /// Lines of context before and behind the changes.
    fn context(&self) -> (usize, usize) {
        let both = |line: &&Line| matches!(line, Line::Both(_));
        let before = self.lines.iter().take_while(both).count();
        let behind = self.lines.iter().rev().take_while(both).count();
        (before, behind)
    }

    /// How many lines of context to overlook at both edges.
    fn cuts(&self, fuzz: usize) -> (usize, usize) {
        let (before, behind) = self.context();
        // The longer side gives first, so that an edge of the text still counts.
        let most = before.max(behind);
        let cut = |side: usize| (side + fuzz).saturating_sub(most).min(side);
        (cut(before), cut(behind))
    }

    fn within(&self, fuzz: usize) -> &[Line] {
        let (before, behind) = self.cuts(fuzz);
        let end = (self.lines.len() - behind).max(before);
        self.lines.get(before..end).unwrap_or_default()
    }

    /// The line where the hunk without the overlooked context fits, nearest to the expected
    /// place, and how many lines were overlooked before it.
    fn find(
        &self,
        lines: &[&[u8]],
        least: usize,
        expected: i64,
        fuzz: usize,
    ) -> Option<(usize, usize)> {
        let (cut, _) = self.cuts(fuzz);
        let old: Vec<&[u8]> = self
            .within(fuzz)
            .iter()
            .filter_map(|line| match line {
                Line::Both(text) | Line::Old(text) => Some(&text[..]),
                Line::New(_) => None,
            })
            .collect();
        let most = lines.len().checked_sub(old.len())?;
        let fits = |at: usize| lines[at..at + old.len()] == old[..];
        let expected = expected.saturating_add(cut as i64).max(0) as usize;
        // A place behind the end is none, and far ones must not take long.
        let expected = if old.is_empty() {
            expected
        } else {
            expected.min(lines.len())
        };
        // Without old lines there is nothing to look for elsewhere.
        if old.is_empty() {
            return (expected >= least && expected <= most).then_some((expected, cut));
        }
        for distance in 0..=lines.len() {
            for at in [
                expected.checked_add(distance),
                expected.checked_sub(distance),
            ] {
                if let Some(at) = at
                    && (least..=most).contains(&at)
                    && fits(at)
                {
                    return Some((at, cut));
                }
            }
        }
        None
    }
}

#[test]
fn what_a_difference_says_turns_one_text_into_the_other() {
    let check = |old: &str, new: &str, context: usize| {
        let (old, new) = (old.as_bytes(), new.as_bytes());
        let (a, b) = (lines(old), lines(new));
        let changes = super::changes(&a, &b, super::Manner::default());
        let mut text = b"--- a\n+++ b\n".to_vec();
        super::unified(&a, &b, &changes, context, &mut text);
        let patches = parse(&text).unwrap();
        assert_eq!(patches[0].apply(old).unwrap().text, new);
        let back = patches[0].clone().reversed();
        assert_eq!(back.apply(new).unwrap().text, old);
    };
    for context in [0, 1, 3] {
        check("a\nb\nc\n", "a\nX\nc\n", context);
        check("a\nb", "a\nb\n", context);
        check("", "a\n", context);
        check(
            "a\nb\nc\nd\ne\nf\ng\nh\ni\n",
            "b\nc\nd\nE\nf\ng\nh\ni\nj",
            context,
        );
    }
}

#[test]
fn a_huge_line_number_is_searched_for_in_no_time() {
    let patch = b"--- a\n+++ b\n@@ -18446744073709551615 +1 @@\n-x\n+y\n";
    for file in parse(patch).unwrap_or_default() {
        assert!(file.apply(b"a\n").is_err());
    }
}
