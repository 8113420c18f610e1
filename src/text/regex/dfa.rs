//! The automaton made deterministic while it runs.
//!
//! A state is the set of places where the expression could be, and what kind of byte stood
//! before; whether an assertion holds is decided when the next byte is known, so a match is
//! noticed one byte after its end. States are made when they are first needed and all are
//! forgotten when they become too many: time stays linear, memory bounded.

use super::nfa::{Nfa, State, Step};
use super::parse::{Assertion, ByteSet, is_word};
use std::collections::HashMap;

/// What stands beside a place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Near {
    /// Nothing: the text ends.
    Edge,
    /// A newline.
    Newline,
    /// A byte of a word.
    Word,
    /// Any other byte.
    Other,
}

impl Near {
    /// The kind of a byte, or of the edge.
    pub fn of(byte: Option<u8>) -> Near {
        match byte {
            None => Near::Edge,
            Some(b'\n') => Near::Newline,
            Some(byte) if is_word(byte) => Near::Word,
            Some(_) => Near::Other,
        }
    }
}

/// Whether an assertion holds between two neighbours.
pub fn holds(assertion: Assertion, before: Near, after: Near, lines: bool) -> bool {
    let ends_line = |near| near == Near::Edge || lines && near == Near::Newline;
    let (word_before, word_after) = (before == Near::Word, after == Near::Word);
    match assertion {
        Assertion::LineStart => ends_line(before),
        Assertion::LineEnd => ends_line(after),
        Assertion::TextStart => before == Near::Edge,
        Assertion::TextEnd => after == Near::Edge,
        Assertion::WordStart => !word_before && word_after,
        Assertion::WordEnd => word_before && !word_after,
        Assertion::WordEdge => word_before != word_after,
        Assertion::NoWordEdge => word_before == word_after,
        Assertion::NoWordBefore => !word_before,
        Assertion::NoWordAfter => !word_after,
    }
}

/// How an automaton is run.
#[derive(Clone, Copy)]
pub struct Manner {
    /// A match may begin anywhere after the first place.
    pub anywhere: bool,
    /// The text is read from its end.
    pub backwards: bool,
    /// `^` and `$` match at newlines.
    pub lines: bool,
}

/// A transition that was not taken yet.
const UNKNOWN: u32 = u32::MAX;
/// The state without places.
const DEAD: u32 = 0;
/// Entries of the table before everything is forgotten (4 bytes each).
const MOST: usize = 256 * 1024;

/// The lazily made automaton.
pub struct Dfa {
    manner: Manner,
    /// Class of each byte; bytes of a class lead to the same states.
    classes: [u8; 256],
    /// A byte of each class.
    samples: Vec<u8>,
    /// Next state and, in the lowest bit, whether a match ended before the byte; one row per
    /// state, one column per class and one for the edge.
    table: Vec<u32>,
    sets: Vec<(Box<[State]>, Near)>,
    known: HashMap<(Box<[State]>, Near), u32>,
    /// Scratch of `close`.
    stack: Vec<State>,
    seen: Vec<u32>,
    mark: u32,
    /// How often all states were forgotten.
    forgotten: u32,
}

impl Dfa {
    /// An automaton without states.
    pub fn new(nfa: &Nfa, manner: Manner) -> Dfa {
        let (classes, samples) = classes(nfa);
        let mut dfa = Dfa {
            manner,
            classes,
            samples,
            table: Vec::new(),
            sets: Vec::new(),
            known: HashMap::new(),
            stack: Vec::new(),
            seen: vec![0; nfa.steps.len()],
            mark: 0,
            forgotten: 0,
        };
        dfa.forget();
        dfa
    }

    /// Runs over `text[from..to]` in reading order; `found` is told each place where a match
    /// has ended and says whether to go on. The bytes beside the range count as neighbours.
    pub fn run(
        &mut self,
        nfa: &Nfa,
        text: &[u8],
        from: usize,
        to: usize,
        mut found: impl FnMut(usize) -> bool,
    ) {
        self.go(nfa, vec![nfa.start], text, (from, to), &mut found);
    }

    /// The first place in `text[from..]` where a match ends, and where the expression could
    /// be there; None for the latter where that was forgotten.
    pub fn first_end(
        &mut self,
        nfa: &Nfa,
        text: &[u8],
        from: usize,
    ) -> Option<(usize, Option<Vec<State>>)> {
        let mut end = None;
        let forgotten = self.forgotten;
        let state = self.go(nfa, vec![nfa.start], text, (from, text.len()), &mut |at| {
            end = Some(at);
            false
        });
        let places = match state {
            Some(state) if forgotten == self.forgotten => {
                Some(self.sets[state as usize].0.to_vec())
            }
            _ => None,
        };
        end.map(|end| (end, places))
    }

    /// Goes on from these places at `from`; the last place where a match ends.
    pub fn last_end(
        &mut self,
        nfa: &Nfa,
        places: Vec<State>,
        text: &[u8],
        from: usize,
    ) -> Option<usize> {
        let mut end = None;
        self.go(nfa, places, text, (from, text.len()), &mut |at| {
            end = Some(at);
            true
        });
        end
    }

    /// Runs as [`Dfa::run`] does; the state in which `found` wanted to stop.
    fn go(
        &mut self,
        nfa: &Nfa,
        places: Vec<State>,
        text: &[u8],
        (from, to): (usize, usize),
        found: &mut dyn FnMut(usize) -> bool,
    ) -> Option<u32> {
        let before = from.checked_sub(1).and_then(|at| text.get(at)).copied();
        let after = text.get(to).copied();
        let (outside, end) = if self.manner.backwards {
            (after, before)
        } else {
            (before, after)
        };
        let mut state = self.state(places, Near::of(outside));
        let columns = self.samples.len() + 1;
        let step = |dfa: &mut Dfa, state: u32, byte: u8| {
            let column = usize::from(dfa.classes[usize::from(byte)]);
            match dfa.table[state as usize * columns + column] {
                UNKNOWN => dfa.make(nfa, state, column),
                known => known,
            }
        };
        if self.manner.backwards {
            for at in (from..to).rev() {
                let entry = step(self, state, text[at]);
                if entry & 1 == 1 && !found(at + 1) {
                    return Some(state);
                }
                state = entry >> 1;
                if state == DEAD {
                    return None;
                }
            }
        } else {
            for (at, byte) in text[from..to].iter().enumerate() {
                let entry = step(self, state, *byte);
                if entry & 1 == 1 && !found(from + at) {
                    return Some(state);
                }
                state = entry >> 1;
                if state == DEAD {
                    return None;
                }
            }
        }
        let entry = match end {
            Some(byte) => step(self, state, byte),
            None => match self.table[state as usize * columns + columns - 1] {
                UNKNOWN => self.make(nfa, state, columns - 1),
                known => known,
            },
        };
        let last = if self.manner.backwards { from } else { to };
        (entry & 1 == 1 && !found(last)).then_some(state)
    }

    /// Computes an entry of the table.
    fn make(&mut self, nfa: &Nfa, state: u32, column: usize) -> u32 {
        let (places, before) = self.sets[state as usize].clone();
        let byte = self.samples.get(column).copied();
        let after = Near::of(byte);
        let (matched, next) = self.close(nfa, &places, before, after, byte);
        let columns = self.samples.len() + 1;
        if self.table.len() > MOST {
            // The entry's own state is forgotten too; the entry is simply not kept.
            self.forget();
            let next = self.state(next, after);
            return next << 1 | u32::from(matched);
        }
        let next = self.state(next, after);
        let entry = next << 1 | u32::from(matched);
        self.table[state as usize * columns + column] = entry;
        entry
    }

    /// Follows all steps that take no byte; gives whether the expression has matched, and
    /// where the byte leads.
    fn close(
        &mut self,
        nfa: &Nfa,
        places: &[State],
        before: Near,
        after: Near,
        byte: Option<u8>,
    ) -> (bool, Vec<State>) {
        let (left, right) = if self.manner.backwards {
            (after, before)
        } else {
            (before, after)
        };
        let (mut matched, mut next) = (false, Vec::new());
        self.mark = self.mark.wrapping_add(1);
        self.stack.clear();
        self.stack.extend_from_slice(places);
        while let Some(place) = self.stack.pop() {
            let seen = &mut self.seen[place as usize];
            if *seen == self.mark {
                continue;
            }
            *seen = self.mark;
            match nfa.steps[place as usize] {
                Step::Match => matched = true,
                Step::Byte(set, to) => {
                    if byte.is_some_and(|byte| nfa.sets[set as usize].has(byte)) {
                        next.push(to);
                    }
                }
                Step::Split(first, second) => self.stack.extend([first, second]),
                Step::Mark(_, to) | Step::Back(_, to) => self.stack.push(to),
                Step::Assert(assertion, to) => {
                    if holds(assertion, left, right, self.manner.lines) {
                        self.stack.push(to);
                    }
                }
            }
        }
        if self.manner.anywhere && byte.is_some() {
            next.push(nfa.start);
        }
        (matched, next)
    }

    /// The number of a state, made if it is new.
    fn state(&mut self, mut places: Vec<State>, before: Near) -> u32 {
        places.sort_unstable();
        places.dedup();
        if places.is_empty() {
            return DEAD;
        }
        let key = (places.into_boxed_slice(), before);
        if let Some(number) = self.known.get(&key) {
            return *number;
        }
        let number = self.sets.len() as u32;
        self.sets.push(key.clone());
        self.known.insert(key, number);
        self.table
            .resize(self.table.len() + self.samples.len() + 1, UNKNOWN);
        number
    }

    fn forget(&mut self) {
        self.forgotten = self.forgotten.wrapping_add(1);
        self.known.clear();
        self.sets.clear();
        self.sets.push((Box::new([]), Near::Edge));
        self.table.clear();
        self.table.resize(self.samples.len() + 1, DEAD << 1);
    }
}

/// Sorts the bytes into classes that no set and no assertion tells apart.
fn classes(nfa: &Nfa) -> ([u8; 256], Vec<u8>) {
    let mut sets: Vec<ByteSet> = nfa.sets.clone();
    sets.push(ByteSet::of(|byte| byte == b'\n'));
    if nfa
        .steps
        .iter()
        .any(|step| matches!(step, Step::Assert(..)))
    {
        sets.push(ByteSet::of(is_word));
    }
    let mut classes = [0u8; 256];
    let mut count = 1usize;
    for set in sets {
        // Split every class into those inside and outside of this set.
        let mut inside: Vec<Option<u8>> = vec![None; count];
        let mut has_outside = vec![false; count];
        for byte in 0..=255u8 {
            let class = usize::from(classes[usize::from(byte)]);
            has_outside[class] |= !set.has(byte);
        }
        for byte in 0..=255u8 {
            let class = usize::from(classes[usize::from(byte)]);
            if set.has(byte) && has_outside[class] {
                let new = *inside[class].get_or_insert_with(|| {
                    count += 1;
                    (count - 1) as u8
                });
                classes[usize::from(byte)] = new;
            }
        }
    }
    let mut samples = vec![0; count];
    for byte in (0..=255u8).rev() {
        samples[usize::from(classes[usize::from(byte)])] = byte;
    }
    (classes, samples)
}
