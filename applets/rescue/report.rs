//! The report on a screen of 80 columns, in plain text.

use safebox::health::{Finding, Level};
use safebox::text::width;

/// Columns that a line may have.
const WIDTH: usize = 79;
/// Columns before the text of a finding.
const INDENT: usize = 13;

/// The findings, one after the other, and what they come to.
pub fn text(found: &[Finding]) -> String {
    let mut text = String::new();
    for finding in found {
        let mark = match finding.level {
            Level::Good => "ok",
            Level::Note => "--",
            Level::Attention => "!!",
        };
        let head = format!("{mark} {:<10}", finding.topic);
        put(&mut text, &head, &finding.text);
        for line in &finding.more {
            put(&mut text, "           |", line);
        }
        if let Some(next) = &finding.next {
            put(&mut text, "          ->", next);
        }
    }
    match found.iter().filter(|f| f.level == Level::Attention).count() {
        0 => text.push_str("Nothing needs attention.\n"),
        1 => text.push_str("One thing needs attention (!!); what to type is behind the arrow.\n"),
        n => text.push_str(&format!(
            "{n} things need attention (!!); what to type is behind the arrows.\n"
        )),
    }
    text
}

/// `head text`, broken between words where it does not fit.
fn put(out: &mut String, head: &str, text: &str) {
    let columns = |word: &str| word.chars().map(width::of).sum::<usize>();
    let mut at = INDENT;
    out.push_str(&format!("{head:<INDENT$}"));
    for (number, word) in text.split(' ').enumerate() {
        let room = columns(word) + 1;
        if number > 0 && at + room > WIDTH {
            out.push('\n');
            out.push_str(&" ".repeat(INDENT));
            at = INDENT;
        } else if number > 0 {
            out.push(' ');
            at += 1;
        }
        out.push_str(word);
        at += room - 1;
    }
    out.push('\n');
}

#[test]
fn long_lines_are_broken_between_words() {
    let shown = |text: &str| {
        let mut out = String::new();
        put(&mut out, "ok x", text);
        out
    };
    assert_eq!(shown("a b"), "ok x         a b\n");
    let word = "x".repeat(40);
    let indent = " ".repeat(INDENT);
    assert_eq!(
        shown(&format!("{word} {word}")),
        format!("ok x         {word}\n{indent}{word}\n")
    );
    // What cannot be broken is for the terminal to break.
    let long = "x".repeat(99);
    assert_eq!(shown(&long), format!("ok x         {long}\n"));
}
