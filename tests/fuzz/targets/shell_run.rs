//! The shell's walking half: expansion, patterns, builtins, redirections, traps. The script
//! runs in a cage and gets so many steps.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::shell::fuzz;
use safebox_fuzz::cage::{self, Before};
use std::sync::OnceLock;

/// Commands run and bytes expanded; quadratic expansions of that much are still quick.
const STEPS: usize = 4096;

fuzz_target!(|data: &[u8]| {
    static BEFORE: OnceLock<Before> = OnceLock::new();
    let before = BEFORE.get_or_init(Before::now);
    cage::lock();
    fuzz::run(data, STEPS);
    before.restore();
});
