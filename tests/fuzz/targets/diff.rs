//! diff and patch: two texts with a NUL between. What is found between them turns the first
//! into the second and back; and the first, taken for a patch, does no harm to the second.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::diff::{Manner, changes, lines, patch, unified};

fuzz_target!(|data: &[u8]| {
    let end = data
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(data.len());
    let (old, new) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    for file in patch::parse(old).unwrap_or_default() {
        let _ = file.apply(new);
        let _ = file.reversed().apply(new);
    }
    let (a, b) = (lines(old), lines(new));
    let context = data.len() % 5;
    let found = changes(&a, &b, Manner::default());
    assert_eq!(found.is_empty(), old == new);
    let mut text = b"--- a\n+++ b\n".to_vec();
    unified(&a, &b, &found, context, &mut text);
    let patches = patch::parse(&text).expect("our own");
    let there = patches[0].apply(old).expect("it fits");
    assert_eq!(there.text, new);
    let back = patches[0].clone().reversed().apply(new).expect("it fits");
    assert_eq!(back.text, old);
    let blind = Manner {
        ignore_case: true,
        ignore_amount: true,
        ignore_blanks: data.len() % 2 == 0,
        ignore_empty: true,
    };
    unified(&a, &b, &changes(&a, &b, blind), context, &mut text);
});
