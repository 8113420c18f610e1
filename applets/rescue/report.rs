//! The report on a screen of 80 columns, in plain text.

use safebox::health::{Level, Report};

/// Columns that a line may have.
const WIDTH: usize = 79;
/// Columns before the text of a finding.
const INDENT: usize = 13;

/// The findings, one after the other, and what they come to.
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.0 {
        let mark = match finding.level {
            Level::Good => "ok",
            Level::Note => "--",
            Level::Attention => "!!",
        };
        let mut lines = finding.text.split('\n');
        let first = lines.next().unwrap_or_default();
        put(&mut text, &format!("{mark} {}", finding.topic), first);
        for line in lines {
            put(&mut text, "           |", line);
        }
        if !finding.next.is_empty() {
            put(&mut text, "          ->", &finding.next);
        }
    }
    text.push_str(&match report.attention() {
        0 => "Nothing needs attention.\n".to_owned(),
        1 => "Attention (!!) is needed once; what to type is behind the arrow.\n".to_owned(),
        n => format!("Attention (!!) is needed {n} times; what to type is behind the arrows.\n"),
    });
    text
}

/// `head text`, broken between words where it does not fit.
fn put(out: &mut String, head: &str, text: &str) {
    out.push_str(&format!("{head:<INDENT$}"));
    let mut at = INDENT;
    for word in text.split_inclusive(' ') {
        let columns = word.chars().count();
        if at > INDENT && at + columns > WIDTH + 1 {
            at = INDENT;
            out.truncate(out.trim_end().len());
            out.push_str(&format!("\n{:INDENT$}", ""));
        }
        out.push_str(word);
        at += columns;
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
