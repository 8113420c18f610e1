//! Regular expressions: a byte of manners, the pattern's line, the text. The ways to search
//! agree with each other, and no pattern takes exponential time.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::text::regex::{Bounds, Regex, Slots, Syntax};

fuzz_target!(|data: &[u8]| {
    let Some((&manner, rest)) = data.split_first() else {
        return;
    };
    let (pattern, text) = safebox_fuzz::two_parts(rest);
    let syntax = Syntax {
        extended: manner & 1 != 0,
        ignore_case: manner & 2 != 0,
        lines: manner & 4 != 0,
    };
    let bounds = match manner >> 3 & 3 {
        1 => Bounds::Word,
        2 => Bounds::Line,
        _ => Bounds::None,
    };
    let fixed = manner & 0x20 != 0;
    // Only that it comes back counts here.
    let _ = Regex::any_of(&[pattern.to_vec(), b"b*".to_vec()], fixed, bounds, syntax)
        .map(|mut regex| regex.find(text, 0));
    let Ok(mut regex) = Regex::new(pattern, syntax) else {
        return;
    };
    let found = regex.find(text, 0);
    assert_eq!(found.is_some(), regex.is_match(text));
    check_groups(&mut regex, text, found);
    if let Some((start, end)) = found {
        assert!(start <= end && end <= text.len());
        assert!(
            regex
                .end_of_some_match(text, 0)
                .is_some_and(|at| at <= text.len())
        );
        assert_eq!(regex.find(text, start), found, "nothing before it matters");
    }
    // A parenthesis alone is a byte like others, and inside a group it is not.
    if !pattern.iter().any(|byte| b"\\()".contains(byte)) {
        check_same_in_group(pattern, text, syntax, found);
        if !pattern.iter().any(|byte| b"^$".contains(byte)) {
            check_leftmost_longest(pattern, &text[..text.len().min(12)], syntax);
        }
    }
});

/// Groups lie inside the match that `find` gives.
fn check_groups(regex: &mut Regex, text: &[u8], found: Option<(usize, usize)>) {
    let mut slots = Slots::new();
    assert_eq!(regex.captures(text, 0, &mut slots), found.is_some());
    let Some((start, end)) = found else { return };
    assert_eq!((slots[0], slots[1]), (Some(start), Some(end)));
    assert_eq!(slots.len(), 2 * regex.groups() as usize + 2);
    for pair in slots.chunks(2) {
        match *pair {
            [Some(from), Some(to)] => assert!(start <= from && from <= to && to <= end),
            [from, to] => assert_eq!((from, to), (None, None), "half a group"),
            _ => unreachable!("chunks of two"),
        }
    }
}

/// A group around a pattern changes nothing but the way that the search takes.
fn check_same_in_group(pattern: &[u8], text: &[u8], syntax: Syntax, found: Option<(usize, usize)>) {
    let (open, close): (&[u8], &[u8]) = match syntax.extended {
        true => (b"(", b")"),
        false => (b"\\(", b"\\)"),
    };
    let grouped = [open, pattern, close].concat();
    if let Ok(mut regex) = Regex::new(&grouped, syntax) {
        assert_eq!(regex.find(text, 0), found);
    }
}

/// Of all stretches of a short text that match as a whole, `find` gives the leftmost and of
/// those the longest.
fn check_leftmost_longest(pattern: &[u8], text: &[u8], syntax: Syntax) {
    if syntax.lines && text.contains(&b'\n') {
        return;
    }
    let Ok(mut regex) = Regex::new(pattern, syntax) else {
        return;
    };
    let whole = Regex::any_of(&[pattern.to_vec()], false, Bounds::Line, syntax);
    let mut whole = whole.expect("it is one without bounds");
    let from = |start| (start..=text.len()).rev().map(move |end| (start, end));
    let expected = (0..=text.len())
        .flat_map(from)
        .find(|&(start, end)| whole.find(&text[start..end], 0) == Some((0, end - start)));
    assert_eq!(regex.find(text, 0), expected);
}
