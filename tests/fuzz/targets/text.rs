//! Formats and escapes of `printf` and `echo`, patterns of file names, words of `dd`,
//! `chmod`, `touch`, `sleep`; options by a usage text. The first line is what is applied.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::error::Exit;
use safebox::fsops::{format, mode, number, when};
use safebox::opts::{self, Order};
use safebox::proc::{duration, signal_words};
use safebox::shell::pattern;
use safebox::text::regex::{Regex, Syntax};
use safebox::text::{count, echo, escape, printf};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

const USAGE: &str = "\
Usage: example [OPTION]... FILE
  -n, --lines N     a value that must follow
  -q, --quiet       a flag
  -r, -R            two letters
  -i[SUF]           a value only when attached
      --color[=W]   the same for a long name
  -NUM              digits
";

fuzz_target!(|data: &[u8]| {
    let (first, rest) = safebox_fuzz::two_parts(data);
    let words: Vec<&[u8]> = rest.split(|&byte| byte == b'\n').collect();
    formats(first, &words);
    patterns(first, rest);
    small_words(first);
    let words: Vec<OsString> = words
        .iter()
        .map(|w| OsString::from_vec(w.to_vec()))
        .collect();
    // Only that they come back counts here.
    let _ = (
        signal_words::parse(&words, "l", USAGE),
        signal_words::list(&words),
    );
    for order in [Order::Anywhere, Order::Leading] {
        if let Ok(found) = opts::parse(USAGE, &words, order, Exit::FAILED) {
            assert!(found.in_order().count() + found.operands.len() <= rest.len() + 1);
        }
    }
});

fn formats(format: &[u8], words: &[&[u8]]) {
    let mut out = Vec::new();
    printf::format(format, words, &mut out);
    out.clear();
    echo::append(words.iter().copied(), &mut out);
    out.clear();
    assert!(printf::format(b"%s", &[format], &mut out).is_empty());
    assert_eq!(out, format);
    for octal in [escape::Octal::Bare, escape::Octal::Zero] {
        let mut out = Vec::new();
        escape::unescape(format, octal, &mut out);
        assert!(out.len() <= format.len());
    }
    assert!(!escape::quoted(format).contains(&0));
}

/// What is cut off an end matches; the longest cut holds the shortest.
fn patterns(pattern: &[u8], text: &[u8]) {
    let text = &text[..text.len().min(200)];
    if pattern::is_literal(pattern) && !pattern.contains(&b'\\') {
        assert_eq!(pattern::matches(pattern, text), pattern == text);
    }
    same_as_regex(pattern, text);
    for suffix in [false, true] {
        let [short, long] = [false, true].map(|longest| {
            let kept = pattern::trim(text, pattern, suffix, longest);
            let cut = if suffix {
                &text[kept.end..]
            } else {
                &text[..kept.start]
            };
            assert!(kept.len() + cut.len() == text.len());
            assert!(cut.is_empty() || pattern::matches(pattern, cut));
            cut.len()
        });
        assert!(short <= long);
    }
    for all in [false, true] {
        let mut out = Vec::new();
        pattern::replace(text, pattern, b"", all, &mut out);
        assert!(out.len() <= text.len());
    }
}

/// A pattern without brackets and quotes means the same as a regular expression.
fn same_as_regex(pattern: &[u8], text: &[u8]) {
    if pattern.iter().any(|byte| b"[\\".contains(byte)) {
        return;
    }
    let mut expression = b"^".to_vec();
    for &byte in pattern {
        match byte {
            b'*' => expression.extend(b".*"),
            b'?' => expression.push(b'.'),
            _ if b"](){}+.|^$".contains(&byte) => expression.extend([b'\\', byte]),
            _ => expression.push(byte),
        }
    }
    expression.push(b'$');
    let syntax = Syntax {
        extended: true,
        ..Syntax::default()
    };
    let mut regex = Regex::new(&expression, syntax).expect("it is one");
    assert_eq!(regex.is_match(text), pattern::matches(pattern, text));
}

fn small_words(word: &[u8]) {
    if let Some(change) = mode::Change::parse(word) {
        for (before, is_dir) in [(0o644, false), (0o7777, true)] {
            assert!(change.apply(before, is_dir, 0o022) <= 0o7777);
        }
    }
    // Only that they come back counts here.
    let _ = (count::parse(word), number::bytes(word), mode::octal(word));
    let _ = when::parse(word, 1_700_000_000).map(format::full_time);
    let _ = std::str::from_utf8(word).map(duration::parse);
    assert!(!format::shown(word).iter().any(u8::is_ascii_control));
}
