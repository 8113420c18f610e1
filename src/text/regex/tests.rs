//! Tests of the whole engine.

use super::*;

/// Matches and tells the spans of all groups, as regexec would.
fn spans(pattern: &[u8], text: &[u8], syntax: Syntax) -> String {
    let mut regex = match Regex::new(pattern, syntax) {
        Ok(regex) => regex,
        Err(error) => return format!("{error:?}"),
    };
    let mut slots = Vec::new();
    if !regex.captures(text, 0, &mut slots) {
        assert!(!regex.is_match(text));
        return "-".into();
    }
    assert!(regex.is_match(text));
    let span = |pair: &[Option<usize>]| match pair {
        [Some(from), Some(to)] => format!("({from},{to})"),
        _ => "(?)".into(),
    };
    slots.chunks(2).map(span).collect()
}

const BRE: Syntax = Syntax {
    extended: false,
    ignore_case: false,
    lines: false,
};
const ERE: Syntax = Syntax {
    extended: true,
    ..BRE
};

#[test]
fn extended_expressions() {
    let cases = [
        ("abc", "xabcy", "(1,4)"),
        ("a|ab", "ab", "(0,2)"),
        ("abcd|bc", "abcd", "(0,4)"),
        ("x*", "aaa", "(0,0)"),
        ("a+b?", "xaab", "(1,4)"),
        ("(a)(b)?", "a", "(0,1)(0,1)(?)"),
        ("(a*)(ab)*(b*)", "abb", "(0,3)(0,1)(?)(1,3)"),
        ("^a|b$", "ab", "(0,1)"),
        ("^$", "", "(0,0)"),
        ("a{2}", "aaa", "(0,2)"),
        ("a{2,}", "aaaa", "(0,4)"),
        ("a{1,2}b", "aaab", "(1,4)"),
        ("a{,2}", "aaa", "(0,2)"),
        ("a{x", "a{x", "(0,3)"),
        ("[[:digit:]]+", "ab123c", "(2,5)"),
        ("[]a]+", "x]a]", "(1,4)"),
        ("[^]a]", "]ab", "(2,3)"),
        ("[a-c-]+", "xa-c", "(1,4)"),
        ("[[.-.]x]+", "-x", "(0,2)"),
        ("\\.", "a.b", "(1,2)"),
        ("(ab)\\1", "xabab", "(1,5)(1,3)"),
        ("(a|b)*\\1", "abb", "(0,3)(1,2)"),
        ("\\<b\\w*\\>", "ab bc", "(3,5)"),
        ("\\bx", "ax x", "(3,4)"),
        ("a\\Bb", "ab", "(0,2)"),
        ("()", "x", "(0,0)(0,0)"),
        ("(a|)b", "b", "(0,1)(0,0)"),
        ("(", "x", "Parenthesis"),
        ("a)", "a)", "(0,2)"),
        ("[a", "x", "Bracket"),
        ("[[:no:]]", "x", "Class"),
        ("[b-a]", "x", "Range"),
        ("a{2,1}", "x", "Interval"),
        ("\\2(a)", "x", "BackReference"),
        ("a\\", "x", "Backslash"),
        ("((((a{900}){900}){900}){900})", "x", "TooBig"),
    ];
    for (pattern, text, expected) in cases {
        assert_eq!(
            spans(pattern.as_bytes(), text.as_bytes(), ERE),
            expected,
            "{pattern}"
        );
    }
}

#[test]
fn basic_expressions() {
    let cases = [
        ("a\\{2\\}", "aaa", "(0,2)"),
        ("*a", "x*a", "(1,3)"),
        ("\\(*a\\)", "*a", "(0,2)(0,2)"),
        ("^*a", "*a", "(0,2)"),
        ("a^b$c", "a^b$c", "(0,5)"),
        ("a\\|b", "xb", "(1,2)"),
        ("a+", "a+", "(0,2)"),
        ("a\\+", "aa", "(0,2)"),
        ("\\(a\\)\\1", "aa", "(0,2)(0,1)"),
        ("(a)", "(a)", "(0,3)"),
        ("a{2}", "a{2}", "(0,4)"),
        ("\\(", "x", "Parenthesis"),
        ("\\)", "x", "Parenthesis"),
        ("x\\{1", "x", "Interval"),
    ];
    for (pattern, text, expected) in cases {
        assert_eq!(
            spans(pattern.as_bytes(), text.as_bytes(), BRE),
            expected,
            "{pattern}"
        );
    }
}

#[test]
fn bytes_case_and_lines() {
    let fold = Syntax {
        ignore_case: true,
        ..ERE
    };
    assert_eq!(spans(b"aB[c-d]", b"xAbD", fold), "(1,4)");
    assert_eq!(spans(b"\xff.", b"a\xff\xfe", ERE), "(1,3)");
    assert_eq!(spans(b"a.b", b"a\nb", ERE), "(0,3)");
    let lines = Syntax { lines: true, ..ERE };
    assert_eq!(spans(b"a.b", b"a\nb", lines), "-");
    assert_eq!(spans(b"^b$", b"a\nb\nc", lines), "(2,3)");
    assert_eq!(spans(b"[^x]b", b"\nb", lines), "-");
}

#[test]
fn grep_bounds_a_match() {
    let check = |pattern: &str, bounds, text: &str, expected| {
        let mut regex = Regex::any_of(&[pattern.into()], true, bounds, BRE).unwrap();
        assert_eq!(regex.find(text.as_bytes(), 0), expected, "{text}");
    };
    check("a.c", Bounds::None, "abc a.c", Some((4, 7)));
    check("ab", Bounds::Word, "abc ab", Some((4, 6)));
    check("ab", Bounds::Word, "abc", None);
    check("ab", Bounds::Line, "ab", Some((0, 2)));
    check("ab", Bounds::Line, "abx", None);
}

/// A matcher of a few lines to compare with: every end of every way, by definition.
fn ends(node: &Node, text: &[u8], at: usize, out: &mut Vec<usize>) {
    match node {
        Node::Empty => out.push(at),
        Node::Set(set) => out.extend(text.get(at).filter(|b| set.has(**b)).map(|_| at + 1)),
        Node::Assert(Assertion::LineStart) if at > 0 => {}
        Node::Assert(Assertion::LineEnd) if at < text.len() => {}
        Node::Assert(_) => out.push(at),
        Node::Concat(parts) => {
            let mut places = vec![at];
            for part in parts {
                let mut next = Vec::new();
                places
                    .iter()
                    .for_each(|at| ends(part, text, *at, &mut next));
                next.sort_unstable();
                next.dedup();
                places = next;
            }
            out.extend(places);
        }
        Node::Either(branches) => branches.iter().for_each(|node| ends(node, text, at, out)),
        Node::Group(_, node) => ends(node, text, at, out),
        Node::Repeat { node, min, max } => {
            let (mut places, mut count) = (vec![at], 0);
            let mut all: Vec<usize> = Vec::new();
            while !places.is_empty() && max.is_none_or(|max| count <= max) && count < 12 {
                if count >= *min {
                    all.extend(&places);
                }
                let mut next = Vec::new();
                places
                    .iter()
                    .for_each(|at| ends(node, text, *at, &mut next));
                next.sort_unstable();
                next.dedup();
                places = next;
                count += 1;
            }
            out.extend(all);
        }
        Node::Back(_) => {}
    }
}

#[test]
fn agrees_with_the_definition_on_random_patterns() {
    let mut seed = 7u32;
    let mut random = |below: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) % below
    };
    let parts = [
        "a", "b", "ab", "(", ")", "|", "*", "+", "?", "[ab]", ".", "^", "$", "{2}", "{0,1}",
    ];
    let mut compared = 0;
    for _ in 0..3000 {
        let pattern: String = (0..random(8)).map(|_| parts[random(15) as usize]).collect();
        let text: Vec<u8> = (0..random(7)).map(|_| b"abc"[random(3) as usize]).collect();
        let Ok((tree, _)) = parse::parse(pattern.as_bytes(), ERE) else {
            continue;
        };
        let mut expected = None;
        for start in 0..=text.len() {
            let mut found = Vec::new();
            ends(&tree, &text, start, &mut found);
            if let Some(end) = found.iter().max() {
                expected = Some((start, *end));
                break;
            }
        }
        let mut regex = Regex::new(pattern.as_bytes(), ERE).unwrap();
        assert_eq!(
            regex.find(&text, 0),
            expected,
            "{pattern} on {:?}",
            String::from_utf8_lossy(&text)
        );
        compared += 1;
    }
    assert!(compared > 1000);
}

#[test]
fn no_pattern_breaks_the_parser() {
    let mut seed = 3u32;
    let bytes = b"ab()[]{}|*+?\\^$.,:=-019<>wn\xff";
    for _ in 0..2_000 {
        let mut pattern = Vec::new();
        for _ in 0..12 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            pattern.push(bytes[(seed >> 16) as usize % bytes.len()]);
        }
        for syntax in [BRE, ERE] {
            if let Ok(mut regex) = Regex::new(&pattern, syntax) {
                regex.find(b"ab01\nw", 0);
            }
        }
    }
}
