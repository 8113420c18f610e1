//! What each group matched, found by trying.
//!
//! With the ends of the match known, every pair of state and place needs to be tried only
//! once. Back-references break that rule, since what they match depends on the way; for
//! them the number of attempts is limited.

use super::dfa::{Near, holds};
use super::nfa::{Nfa, State, Step};

/// Places of a group's beginning (2n) and end (2n + 1).
pub type Slots = Vec<Option<usize>>;

/// Attempts with back-references before the search gives up.
const ATTEMPTS: u32 = 2_000_000;

/// The text and where the match must lie.
pub struct Task<'a> {
    /// The automaton, forwards.
    pub nfa: &'a Nfa,
    /// The text.
    pub text: &'a [u8],
    /// Where the match begins.
    pub from: usize,
    /// Where it must end; None: anywhere.
    pub to: Option<usize>,
    /// `^` and `$` match at newlines.
    pub lines: bool,
    /// Whether there are back-references.
    pub back: bool,
}

enum Todo {
    Try(State, usize),
    /// A mark is put back when the way behind it has failed.
    Restore(u32, Option<usize>),
}

/// Fills `slots`; the end of the match, or None if there is none.
pub fn run(task: &Task<'_>, slots: &mut Slots) -> Option<usize> {
    let limit = task.to.unwrap_or(task.text.len());
    let width = limit + 1 - task.from;
    let states = task.nfa.steps.len();
    let mut tried = vec![
        0u32;
        if task.back {
            0
        } else {
            (states * width).div_ceil(32)
        }
    ];
    let mut attempts = 0;
    let mut todo = vec![Todo::Try(task.nfa.start, task.from)];
    while let Some(next) = todo.pop() {
        let (mut state, mut at) = match next {
            Todo::Restore(slot, value) => {
                slots[slot as usize] = value;
                continue;
            }
            Todo::Try(state, at) => (state, at),
        };
        // One way, until it fails.
        loop {
            if task.back {
                attempts += 1;
                if attempts > ATTEMPTS {
                    return None;
                }
            } else {
                let bit = state as usize * width + (at - task.from);
                if tried[bit / 32] & 1 << (bit % 32) != 0 {
                    break;
                }
                tried[bit / 32] |= 1 << (bit % 32);
            }
            match task.nfa.steps[state as usize] {
                Step::Match if task.to.is_none_or(|to| to == at) => return Some(at),
                Step::Match => break,
                Step::Byte(set, to) => {
                    let byte = task.text.get(at).filter(|_| at < limit);
                    if !byte.is_some_and(|byte| task.nfa.sets[set as usize].has(*byte)) {
                        break;
                    }
                    (state, at) = (to, at + 1);
                }
                Step::Split(first, second) => {
                    todo.push(Todo::Try(second, at));
                    state = first;
                }
                Step::Assert(assertion, to) => {
                    let before = at.checked_sub(1).and_then(|at| task.text.get(at)).copied();
                    let after = task.text.get(at).copied();
                    if !holds(assertion, Near::of(before), Near::of(after), task.lines) {
                        break;
                    }
                    state = to;
                }
                Step::Mark(slot, to) => {
                    todo.push(Todo::Restore(slot, slots[slot as usize]));
                    slots[slot as usize] = Some(at);
                    state = to;
                }
                Step::Back(group, to) => {
                    let group = group as usize;
                    let (Some(start), Some(end)) = (slots[2 * group], slots[2 * group + 1]) else {
                        break;
                    };
                    let same = task.text.get(start..end).unwrap_or_default();
                    if !task
                        .text
                        .get(at..limit)
                        .is_some_and(|rest| rest.starts_with(same))
                    {
                        break;
                    }
                    (state, at) = (to, at + same.len());
                }
            }
        }
    }
    None
}
