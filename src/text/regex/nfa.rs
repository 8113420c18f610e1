//! The tree as a Thompson automaton, to be run forwards or backwards.

use super::Error;
use super::parse::{Assertion, ByteSet, Node};

/// Number of a state.
pub type State = u32;

/// A state and where it leads.
#[derive(Clone, Copy)]
pub enum Step {
    /// Takes a byte of set number `.0`, goes on at `.1`.
    Byte(u32, State),
    /// Goes on at both without taking a byte; the first is preferred.
    Split(State, State),
    /// Goes on where the assertion holds.
    Assert(Assertion, State),
    /// A group begins (even: 2n) or ends (odd: 2n + 1).
    Mark(u32, State),
    /// What group `.0` matched, again.
    Back(u32, State),
    /// The whole expression has matched.
    Match,
}

/// An automaton.
pub struct Nfa {
    /// The states; `steps[start]` is where it begins.
    pub steps: Vec<Step>,
    /// The sets that [`Step::Byte`] names.
    pub sets: Vec<ByteSet>,
    /// Where it begins.
    pub start: State,
}

/// More states would take too much memory: an expression of a few bytes can ask for
/// billions (`((a{999}){999}){999}`).
const MOST: usize = 20_000;

impl Nfa {
    /// Builds the automaton; `backwards` reads the text from its end.
    pub fn build(node: &Node, backwards: bool) -> Result<Nfa, Error> {
        let mut builder = Builder {
            steps: vec![Step::Match],
            sets: Vec::new(),
            backwards,
        };
        let start = builder.node(node, 0)?;
        Ok(Nfa {
            steps: builder.steps,
            sets: builder.sets,
            start,
        })
    }
}

/// States are made from the end to the beginning: each knows where it leads.
struct Builder {
    steps: Vec<Step>,
    sets: Vec<ByteSet>,
    backwards: bool,
}

impl Builder {
    fn push(&mut self, step: Step) -> Result<State, Error> {
        if self.steps.len() >= MOST {
            return Err(Error::TooBig);
        }
        self.steps.push(step);
        Ok(self.steps.len() as State - 1)
    }

    fn node(&mut self, node: &Node, next: State) -> Result<State, Error> {
        match node {
            Node::Empty => Ok(next),
            Node::Set(set) => {
                let known = self.sets.iter().position(|other| other == set);
                let index = known.unwrap_or(self.sets.len());
                if known.is_none() {
                    self.sets.push(*set);
                }
                self.push(Step::Byte(index as u32, next))
            }
            Node::Assert(assertion) => self.push(Step::Assert(*assertion, next)),
            Node::Concat(parts) if self.backwards => parts
                .iter()
                .try_fold(next, |next, part| self.node(part, next)),
            Node::Concat(parts) => parts
                .iter()
                .rev()
                .try_fold(next, |next, part| self.node(part, next)),
            Node::Either(branches) => self.either(branches, next),
            Node::Repeat { node, min, max } => self.repeat(node, *min, *max, next),
            Node::Group(number, node) => {
                let end = self.push(Step::Mark(2 * number + 1, next))?;
                let body = self.node(node, end)?;
                self.push(Step::Mark(2 * number, body))
            }
            Node::Back(number) => self.push(Step::Back(*number, next)),
        }
    }

    fn either(&mut self, branches: &[Node], next: State) -> Result<State, Error> {
        let Some((last, rest)) = branches.split_last() else {
            return Ok(next);
        };
        let mut start = self.node(last, next)?;
        for branch in rest.iter().rev() {
            let branch = self.node(branch, next)?;
            start = self.push(Step::Split(branch, start))?;
        }
        Ok(start)
    }

    fn repeat(
        &mut self,
        node: &Node,
        min: u32,
        max: Option<u32>,
        next: State,
    ) -> Result<State, Error> {
        let mut start = next;
        match max {
            None => {
                // The split comes before its body is known; it is mended afterwards.
                let split = self.push(Step::Split(next, next))?;
                let body = self.node(node, split)?;
                self.steps[split as usize] = Step::Split(body, next);
                start = split;
            }
            Some(max) => {
                for _ in min..max {
                    let body = self.node(node, start)?;
                    start = self.push(Step::Split(body, next))?;
                }
            }
        }
        for _ in 0..min {
            start = self.node(node, start)?;
        }
        Ok(start)
    }
}
