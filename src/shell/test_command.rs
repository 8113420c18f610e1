//! `[[ ... ]]`: no splitting, no file names, patterns on the right of `==`.

use super::Shell;
use super::ast::{Cond, Word};
use super::builtin::test;
use super::error::Run;
use super::pattern;
use crate::text::regex::{Regex, Syntax};

impl Shell {
    /// Runs `[[ ... ]]`; the status says how it came out.
    pub(super) fn run_test(&mut self, cond: &Cond) -> Run {
        let holds = self.holds(cond)?;
        self.status = match holds {
            Some(holds) => i32::from(!holds),
            None => 2,
        };
        Ok(())
    }

    /// Whether a condition holds; None: it makes no sense, which has been said.
    fn holds(&mut self, cond: &Cond) -> Run<Option<bool>> {
        Ok(match cond {
            Cond::And(operands) => self.all(operands, true)?,
            Cond::Or(operands) => self.all(operands, false)?,
            Cond::Not(inner) => self.holds(inner)?.map(|holds| !holds),
            Cond::Word(word) => {
                let word = self.expand_single(word)?;
                Some(!word.bytes().is_empty())
            }
            Cond::Unary(op, word) => {
                let word = self.expand_single(word)?;
                self.answer(&[op, word.bytes()])
            }
            Cond::Binary(left, op, right) => self.compare(left, op, right)?,
        })
    }

    /// The first operand that does not come out as `usual` decides.
    fn all(&mut self, operands: &[Cond], usual: bool) -> Run<Option<bool>> {
        for operand in operands {
            let holds = self.holds(operand)?;
            if holds != Some(usual) {
                return Ok(holds);
            }
        }
        Ok(Some(usual))
    }

    fn compare(&mut self, left: &Word, op: &[u8], right: &Word) -> Run<Option<bool>> {
        let left = self.expand_single(left)?;
        if matches!(op, b"=" | b"==" | b"!=") {
            let right = self.expand_pattern(right)?;
            let matched = pattern::matches(right.bytes(), left.bytes());
            return Ok(Some(matched == (op != b"!=")));
        }
        let right = self.expand_single(right)?;
        if op == b"=~" {
            let syntax = Syntax {
                extended: true,
                ..Syntax::default()
            };
            return Ok(match Regex::new(right.bytes(), syntax) {
                Ok(mut regex) => Some(regex.is_match(left.bytes())),
                Err(error) => {
                    self.complain(error);
                    None
                }
            });
        }
        Ok(self.answer(&[left.bytes(), op, right.bytes()]))
    }

    fn answer(&mut self, words: &[&[u8]]) -> Option<bool> {
        match test::evaluate(words) {
            Ok(holds) => Some(holds),
            Err(error) => {
                self.complain(error);
                None
            }
        }
    }
}
