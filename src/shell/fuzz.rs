//! Doors for `tests/fuzz` into what is private otherwise; part of no other build.

use super::error::{Flow, Run};
use super::input::Text;
use super::lexer::{Aliases, Parser};
use super::stack::StackGuard;
use super::{Shell, arith};
use crate::applet::Applets;
use std::cell::Cell;

/// Parses a text to its end or to its first error.
///
/// # Panics
/// If the parser makes no progress.
pub fn parse(text: &[u8]) {
    let aliases = Aliases::default();
    let alias = (b"al".to_vec(), b"echo al; for ".to_vec());
    aliases.borrow_mut().extend([alias]);
    let guard = StackGuard::with_room(1 << 20);
    let mut parser = Parser::new(Box::new(Text::new(text)), Some(aliases), guard);
    for _ in 0..=text.len() + 1 {
        match parser.next_command() {
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return,
        }
    }
    panic!("the parser makes no progress");
}

/// Parses an arithmetic expression.
pub fn arithmetic(text: &[u8]) {
    // Only that it comes back counts here.
    let _ = arith::parse(text);
}

thread_local! {
    static STEPS: Cell<usize> = const { Cell::new(0) };
}

/// Runs a script, going on after its errors, for so many steps: commands, bytes expanded.
pub fn run(script: &[u8], steps: usize) {
    STEPS.set(steps);
    let applets = Applets {
        table: &[],
        quick: &[],
        quick_on_files: &[],
    };
    let mut shell = Shell::new(applets, b"sh");
    let mut parser = shell.parser(Box::new(Text::new(script)));
    let mut result = Ok(());
    while let Ok(Some(list)) = parser.next_command() {
        result = shell.run_list(&list, false);
        if result == Err(Flow::Exit) {
            break;
        }
    }
    shell.undo_redirects(super::redirect::Frame::BOTTOM);
    shell.end(result);
}

/// Takes steps from a script; one that has none left ends.
pub(super) fn spend(steps: usize) -> Run {
    let left = STEPS.get().checked_sub(steps);
    STEPS.set(left.unwrap_or_default());
    left.map(drop).ok_or(Flow::Exit)
}
