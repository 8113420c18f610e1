//! POSIX regular expressions on bytes: basic and extended, leftmost and longest.
//!
//! `parse` reads the pattern, `nfa` makes an automaton of it, `dfa` runs that in linear time
//! and bounded memory, `captures` finds what groups matched inside a known match. Only
//! back-references fall back to trying. A pattern that is plain text never gets so far: it
//! is searched for with vector instructions.
//!
//! Groups take the first alternative that leads to the longest match of the whole; POSIX
//! would have the longest for every group on its own, which differs only for patterns such
//! as `(a|ab)(c|bcd)`.

mod captures;
mod dfa;
mod nfa;
pub mod parse;

use crate::error::{EngineError, Exit};
pub use captures::Slots;
use dfa::{Dfa, Manner};
use memchr::memmem::Finder;
use nfa::Nfa;
pub use parse::Syntax;
use parse::{Assertion, Node};
use std::fmt;

/// Why a pattern is none, in the words of regerror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// `(` or `)` without its partner.
    Parenthesis,
    /// `[` without `]`.
    Bracket,
    /// `{` without `}`, or numbers that make no interval.
    Interval,
    /// `[z-a]`
    Range,
    /// `[:nosuch:]`
    Class,
    /// `[.space.]`: collating elements of several bytes.
    Collation,
    /// A repetition of nothing.
    Repeat,
    /// `\2` without a second group.
    BackReference,
    /// A backslash at the end.
    Backslash,
    /// More states than memory allows.
    TooBig,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Parenthesis => "Unmatched ( or \\(",
            Error::Bracket => "Unmatched [, [^, [:, [., or [=",
            Error::Interval => "Invalid content of \\{\\}",
            Error::Range => "Invalid range end",
            Error::Class => "Invalid character class name",
            Error::Collation => "Invalid collation character",
            Error::Repeat => "Invalid preceding regular expression",
            Error::BackReference => "Invalid back reference",
            Error::Backslash => "Trailing backslash",
            Error::TooBig => "Regular expression too big",
        })
    }
}

impl EngineError for Error {
    fn exit(&self) -> Exit {
        Exit::USAGE
    }
}

/// Places of the prefix that are tried before the search is left to the automaton.
const TRIALS: u32 = 16;

/// Restrictions of grep on where a match may lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bounds {
    /// Anywhere.
    #[default]
    None,
    /// No word byte beside it: `-w`.
    Word,
    /// The whole line: `-x`.
    Line,
}

/// A compiled pattern. Matching needs `&mut` because states are made as they are needed.
pub struct Regex {
    lines: bool,
    groups: u32,
    back: bool,
    /// The pattern is this text and nothing else.
    literal: Option<Finder<'static>>,
    /// Every match begins with this text.
    prefix: Option<Finder<'static>>,
    nfa: Nfa,
    search: Dfa,
    longest: Dfa,
    /// Made when first needed: most callers only ask whether there is a match.
    reverse: Option<Box<(Nfa, Dfa)>>,
    tree: Node,
}

impl Regex {
    /// Compiles one pattern.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn new(pattern: &[u8], syntax: Syntax) -> Result<Regex, Error> {
        let (tree, groups) = parse::parse(pattern, syntax)?;
        Regex::from_tree(tree, groups, syntax)
    }

    /// Compiles several patterns, any of which may match; `fixed` ones are plain text.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn any_of(
        patterns: &[Vec<u8>],
        fixed: bool,
        bounds: Bounds,
        syntax: Syntax,
    ) -> Result<Regex, Error> {
        let (mut branches, mut groups) = (Vec::new(), 0);
        for pattern in patterns {
            let (tree, more) = if fixed {
                parse::parse(
                    &escape(pattern),
                    Syntax {
                        extended: false,
                        ..syntax
                    },
                )?
            } else {
                parse::parse(pattern, syntax)?
            };
            // Numbers of groups are not told apart between patterns: back-references count
            // only where there is one pattern.
            if patterns.len() > 1 && more > 0 && has_back_reference(&tree) {
                return Err(Error::BackReference);
            }
            groups = groups.max(more);
            branches.push(tree);
        }
        let tree = match branches.len() {
            1 => branches.remove(0),
            _ => Node::Either(branches),
        };
        let bounded =
            |first, last| Node::Concat(vec![Node::Assert(first), tree.clone(), Node::Assert(last)]);
        let tree = match bounds {
            Bounds::None => tree,
            Bounds::Word => bounded(Assertion::NoWordBefore, Assertion::NoWordAfter),
            Bounds::Line => bounded(Assertion::LineStart, Assertion::LineEnd),
        };
        Regex::from_tree(tree, groups, syntax)
    }

    fn from_tree(tree: Node, groups: u32, syntax: Syntax) -> Result<Regex, Error> {
        let nfa = Nfa::build(&tree, false)?;
        let manner = Manner {
            anywhere: true,
            backwards: false,
            lines: syntax.lines,
        };
        let search = Dfa::new(&nfa, manner);
        let longest = Dfa::new(
            &nfa,
            Manner {
                anywhere: false,
                ..manner
            },
        );
        let mut text = Vec::new();
        let whole = literal_prefix(&tree, &mut text);
        let finder = (!text.is_empty()).then(|| Finder::new(&text).into_owned());
        let (literal, prefix) = if whole && groups == 0 {
            (finder, None)
        } else {
            (None, finder)
        };
        let back = has_back_reference(&tree);
        let lines = syntax.lines;
        Ok(Regex {
            lines,
            groups,
            back,
            literal,
            prefix,
            nfa,
            search,
            longest,
            reverse: None,
            tree,
        })
    }

    /// Number of groups.
    pub fn groups(&self) -> u32 {
        self.groups
    }

    /// Whether anything in `text` matches.
    pub fn is_match(&mut self, text: &[u8]) -> bool {
        self.end_of_some_match(text, 0).is_some()
    }

    /// A place at or after `from` where a match ends: the first such place, except for plain
    /// text. Enough to know the line of the first match in a buffer of lines.
    pub fn end_of_some_match(&mut self, text: &[u8], from: usize) -> Option<usize> {
        if let Some(literal) = &self.literal {
            let at = literal.find(text.get(from..)?)?;
            return Some(from + at + literal.needle().len());
        }
        if self.back {
            return self.find(text, from).map(|(_, end)| end);
        }
        let from = match &self.prefix {
            Some(prefix) => from + prefix.find(text.get(from..)?)?,
            None => from,
        };
        let mut end = None;
        self.search.run(&self.nfa, text, from, text.len(), |at| {
            end = Some(at);
            false
        });
        end
    }

    /// The leftmost match at or after `from`, the longest of those: its begin and end.
    pub fn find(&mut self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        if from > text.len() {
            return None;
        }
        if let Some(literal) = &self.literal {
            let at = from + literal.find(&text[from..])?;
            return Some((at, at + literal.needle().len()));
        }
        if self.back {
            let mut slots = Vec::new();
            return self.find_by_trying(text, from, &mut slots);
        }
        let mut from = from;
        // Trying takes quadratic time where the prefix is everywhere and the rest is not.
        for _ in 0..TRIALS {
            let Some(prefix) = &self.prefix else { break };
            let start = from + prefix.find(&text[from..])?;
            if let Some(end) = self.longest_from(text, start) {
                return Some((start, end));
            }
            from = start + 1;
        }
        let (end, places) = self.search.first_end(&self.nfa, text, from)?;
        // The leftmost match has begun by then, so it ends where the last of those ends that
        // have begun by then; nothing behind needs to be looked at.
        let last = match places {
            Some(places) => self.longest.last_end(&self.nfa, places, text, end)?,
            None => text.len(),
        };
        let start = self.leftmost(text, from, last)?;
        self.longest_from(text, start).map(|end| (start, end))
    }

    /// The same with what the groups matched: `slots[2 * n]..slots[2 * n + 1]`, group 0 being
    /// the whole.
    pub fn captures(&mut self, text: &[u8], from: usize, slots: &mut Slots) -> bool {
        slots.clear();
        slots.resize(2 * self.groups as usize + 2, None);
        if self.back {
            return self.find_by_trying(text, from, slots).is_some();
        }
        let Some((start, end)) = self.find(text, from) else {
            return false;
        };
        if self.groups > 0 {
            captures::run(&self.task(text, start, Some(end)), slots);
        }
        slots[0] = Some(start);
        slots[1] = Some(end);
        true
    }

    fn find_by_trying(
        &mut self,
        text: &[u8],
        from: usize,
        slots: &mut Slots,
    ) -> Option<(usize, usize)> {
        for start in from..=text.len() {
            slots.clear();
            slots.resize(2 * self.groups as usize + 2, None);
            if let Some(end) = captures::run(&self.task(text, start, None), slots) {
                slots[0] = Some(start);
                slots[1] = Some(end);
                return Some((start, end));
            }
        }
        None
    }

    fn task<'a>(&'a self, text: &'a [u8], from: usize, to: Option<usize>) -> captures::Task<'a> {
        captures::Task {
            nfa: &self.nfa,
            text,
            from,
            to,
            lines: self.lines,
            back: self.back,
        }
    }

    fn longest_from(&mut self, text: &[u8], start: usize) -> Option<usize> {
        let mut end = None;
        self.longest.run(&self.nfa, text, start, text.len(), |at| {
            end = Some(at);
            true
        });
        end
    }

    /// Where the leftmost match in `text[from..to]` begins: read backwards, that is the last
    /// place where the reversed pattern has matched.
    fn leftmost(&mut self, text: &[u8], from: usize, to: usize) -> Option<usize> {
        if self.reverse.is_none() {
            let nfa = Nfa::build(&self.tree, true).ok()?;
            let manner = Manner {
                anywhere: true,
                backwards: true,
                lines: self.lines,
            };
            let dfa = Dfa::new(&nfa, manner);
            self.reverse = Some(Box::new((nfa, dfa)));
        }
        let (nfa, dfa) = &mut **self.reverse.as_mut()?;
        let mut start = None;
        dfa.run(nfa, text, from, to, |at| {
            start = Some(at);
            true
        });
        start
    }
}

/// Plain text as a basic regular expression.
fn escape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        if b"\\.[*^$".contains(&byte) {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out
}

/// Collects the text that every match begins with; true: the pattern is nothing else.
fn literal_prefix(node: &Node, text: &mut Vec<u8>) -> bool {
    match node {
        Node::Empty => true,
        Node::Set(set) => match set.single() {
            Some(byte) => {
                text.push(byte);
                true
            }
            None => false,
        },
        Node::Concat(parts) => parts.iter().all(|part| literal_prefix(part, text)),
        Node::Group(_, node) => literal_prefix(node, text),
        _ => false,
    }
}

fn has_back_reference(node: &Node) -> bool {
    match node {
        Node::Back(_) => true,
        Node::Concat(nodes) | Node::Either(nodes) => nodes.iter().any(has_back_reference),
        Node::Repeat { node, .. } | Node::Group(_, node) => has_back_reference(node),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
