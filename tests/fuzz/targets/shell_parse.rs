//! The shell's reading half: tokens, words, the tree, arithmetic. Whatever the text, the
//! answer is a tree or an error, and every round takes at least a byte.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::shell::fuzz;

fuzz_target!(|data: &[u8]| {
    fuzz::parse(data);
    fuzz::arithmetic(data);
});
