//! Reading that may have to be taken back: what begins `$((` is an expression, or a command
//! that begins with a subshell, and which of the two shows only at its end.

use super::error::Fault;
use super::lexer::{ActiveAlias, Parsed, Parser, PendingHere};

/// Attempts of one command that may fail. Each can hold others, which are made twice then:
/// without a limit, thirty unclosed ones would keep the shell busy for minutes.
const MOST_FAILED: u32 = 1000;

/// The attempts of the command being read.
#[derive(Default)]
pub(super) struct Trials {
    /// Attempts that are under way, inside each other.
    open: u32,
    /// Attempts that were in vain.
    pub failed: u32,
    /// Aliases replaced since the outermost attempt began.
    replaced: Vec<Replaced>,
}

/// A word that an alias has taken the place of.
struct Replaced {
    start: usize,
    word: Vec<u8>,
    /// Bytes of the alias.
    length: usize,
}

impl Trials {
    /// Notes what an attempt may have to put back.
    pub fn note(&mut self, start: usize, word: Vec<u8>, length: usize) {
        if self.open > 0 {
            self.replaced.push(Replaced {
                start,
                word,
                length,
            });
        }
    }
}

/// The state of the parser where an attempt begins.
pub(super) struct Attempt {
    pos: usize,
    line: u32,
    last_end: usize,
    here: Vec<PendingHere>,
    active: Vec<ActiveAlias>,
    replaced: usize,
}

impl Parser {
    /// Begins an attempt, to be ended by [`Parser::keep`] or [`Parser::take_back`].
    pub(super) fn attempt(&mut self) -> Attempt {
        self.trials.open += 1;
        Attempt {
            pos: self.pos,
            line: self.line,
            last_end: self.last_end,
            here: std::mem::take(&mut self.here),
            active: self.active.clone(),
            replaced: self.trials.replaced.len(),
        }
    }

    /// The attempt has succeeded.
    pub(super) fn keep(&mut self, attempt: Attempt) {
        self.here = attempt.here;
        self.last_end = attempt.last_end;
        self.trials.open -= 1;
        if self.trials.open == 0 {
            self.trials.replaced.clear();
        }
    }

    /// The attempt was in vain: everything is as it was before it, but for the lines read.
    pub(super) fn take_back(&mut self, attempt: Attempt) -> Parsed<()> {
        for replaced in self.trials.replaced.drain(attempt.replaced..).rev() {
            let alias = replaced.start..replaced.start + replaced.length;
            self.buf.splice(alias, replaced.word);
        }
        (self.pos, self.line) = (attempt.pos, attempt.line);
        self.last_end = attempt.last_end;
        self.here = attempt.here;
        self.active = attempt.active;
        self.peeked = None;
        self.trials.open -= 1;
        self.trials.failed += 1;
        if self.trials.failed > MOST_FAILED {
            return self.fail(Fault::TooDeep);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::Text;
    use super::super::lexer::Aliases;
    use super::super::stack::StackGuard;
    use super::*;

    /// Parses a text to its end or its first error, with an alias `a`.
    fn check(text: &str, alias: &str, expected: &str) {
        let aliases = Aliases::default();
        let alias = (b"a".to_vec(), alias.into());
        aliases.borrow_mut().extend([alias]);
        let guard = StackGuard::with_room(1 << 20);
        let mut parser = Parser::new(Box::new(Text::new(text)), Some(aliases), guard);
        let outcome = loop {
            match parser.next_command() {
                Ok(Some(_)) => {}
                Ok(None) => break String::new(),
                Err(error) => break error.to_string(),
            }
        };
        assert_eq!(outcome, expected, "{text}");
    }

    #[test]
    fn unclosed_expressions_inside_each_other_are_an_error_at_once() {
        let error = "syntax error: nested too deeply";
        check(&"$((".repeat(40), "", error);
        check(&"$(( $(a ".repeat(40), "b", error);
        check("$((a) | $((b) | c))", "b", "");
    }

    #[test]
    fn an_alias_is_not_put_into_its_own_text_when_a_place_is_read_again() {
        let error = "syntax error: unexpected end of file (expecting \")\")";
        check("a d\n\ns", "$((a $(-", error);
        check("echo $((a) | cat); a", "echo", "");
    }
}
