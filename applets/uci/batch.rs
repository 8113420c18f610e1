//! `uci batch`: one command a line, as soon as its line is complete.
//!
//! A quoted word may span lines, so a line is complete when its quotes are; nothing is read
//! beyond it, because somebody may be typing.

use super::{Session, WRONG_COUNT};
use safebox::uci::{self, Error};
use std::io::{BufRead, Read, Write};

/// The words of a command.
type Line = Vec<Vec<u8>>;

impl Session<'_, '_> {
    /// Commands from the input until its end or `exit`; whatever happens the status is 0.
    pub fn batch(&mut self) -> u8 {
        let mut lines_before = 0;
        while let Some((text, words)) = self.statement() {
            match words {
                Err(Error::Parse(Some(mut fault))) => {
                    fault.line += lines_before;
                    self.complain(None, &fault.into());
                }
                Err(error) => self.complain(None, &error),
                Ok(words) => match &words[..] {
                    [] => {}
                    [_, _, _, _, ..] => self.ctx.tell("Too many arguments\n"),
                    [exit] if exit.eq_ignore_ascii_case(b"exit") => return 0,
                    [name, arguments @ ..] => {
                        if let None | Some(WRONG_COUNT) = self.command(name, arguments) {
                            self.ctx.tell("Unknown command\n");
                        }
                    }
                },
            }
            lines_before += text
                .iter()
                .map(|byte| u32::from(*byte == b'\n'))
                .sum::<u32>();
            // Somebody may be waiting for it; a failure is remembered.
            let _ = self.ctx.out.flush();
        }
        0
    }

    /// Reads on until a statement is complete: its text and its words.
    fn statement(&mut self) -> Option<(Vec<u8>, uci::Result<Line>)> {
        let mut text = Vec::new();
        if !self.read_line(&mut text) {
            return None;
        }
        loop {
            let open = match uci::command_words(&text) {
                Ok(Some(words)) => return Some((text, Ok(words))),
                Ok(None) => None,
                Err(fault) => match fault.reason {
                    uci::Reason::OpenQuote(quote) => Some(quote),
                    _ => return Some((text, Err(fault.into()))),
                },
            };
            // Only a line with the quote in it can end the word.
            loop {
                let old = text.len();
                if !self.read_line(&mut text) {
                    let words = uci::command_words(&text).map(Option::unwrap_or_default);
                    return Some((text, words.map_err(Error::from)));
                }
                let line = text.get(old..).unwrap_or_default();
                if open.is_none_or(|quote| line.contains(&quote)) {
                    break;
                }
            }
        }
    }

    /// Adds a line; false at the end of the input, and past what memory should hold.
    fn read_line(&mut self, text: &mut Vec<u8>) -> bool {
        let room = uci::LARGEST.saturating_sub(text.len() as u64);
        let mut limited = (&mut self.input).take(room);
        matches!(limited.read_until(b'\n', text), Ok(1..))
    }
}
