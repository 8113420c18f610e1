//! Reading one line from a terminal: raw mode, the loop, and the mode put back.
//!
//! Bytes are read one at a time: what is typed ahead behind Enter belongs to the program
//! that the line starts.

use super::complete::Completer;
use super::editor::{Editor, Step};
use super::history::History;
use super::key::Decoder;
use rustix::io::Errno;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex, Termios,
};
use std::io;
use std::os::fd::BorrowedFd;

/// How reading a line ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A line, without its newline.
    Line(Vec<u8>),
    /// The terminal is gone, or Control-D was typed on an empty line.
    EndOfInput,
    /// Control-C, or a signal about which the caller wants to know.
    Interrupted,
}

/// Reads a line; `input` and `output` are usually the same terminal.
///
/// `interrupted` is asked after each signal that broke the waiting: true gives the line up.
///
/// # Errors
/// Whatever the terminal answers; ENOTTY: `input` is none, and the caller reads plain lines.
pub fn read_line(
    input: BorrowedFd<'_>,
    output: BorrowedFd<'_>,
    prompt: &[u8],
    history: &History,
    names: &dyn Completer,
    interrupted: &mut dyn FnMut() -> bool,
) -> io::Result<Outcome> {
    let raw = RawMode::enter(input)?;
    let mut editor = Editor::new(prompt, columns(output), history);
    let mut decoder = Decoder::default();
    let mut shown_columns = columns(output);
    let outcome = loop {
        send(output, &editor.out)?;
        editor.out.clear();
        let mut byte = [0];
        match rustix::io::read(input, &mut byte) {
            Ok(0) | Err(Errno::IO) => break Outcome::EndOfInput,
            Ok(_) => {}
            Err(Errno::INTR) => {
                if interrupted() {
                    break Outcome::Interrupted;
                }
                let now = columns(output);
                if now != shown_columns {
                    shown_columns = now;
                    editor.resize(now);
                }
                continue;
            }
            Err(error) => return Err(error.into()),
        }
        let Some(key) = decoder.feed(byte[0]) else {
            continue;
        };
        match editor.press(key, history, names) {
            Step::Typing => {}
            Step::Done => {
                send(output, &editor.out)?;
                break Outcome::Line(editor.into_line());
            }
            Step::EndOfInput => {
                send(output, &editor.out)?;
                break Outcome::EndOfInput;
            }
            Step::Interrupted => {
                send(output, &editor.out)?;
                break Outcome::Interrupted;
            }
        }
    };
    drop(raw);
    Ok(outcome)
}

/// The width that the terminal claims; 0 where it does not know (serial lines).
fn columns(output: BorrowedFd<'_>) -> u16 {
    rustix::termios::tcgetwinsize(output).map_or(0, |size| size.ws_col)
}

fn send(output: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(output, bytes) {
            Ok(sent) => bytes = &bytes[sent..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// A terminal without echo and line mode, until dropped.
pub struct RawMode<'a> {
    terminal: BorrowedFd<'a>,
    before: Termios,
}

impl RawMode<'_> {
    /// Switches the terminal; Control-C and Control-Z become keys.
    ///
    /// # Errors
    /// ENOTTY: the descriptor is no terminal.
    pub fn enter(terminal: BorrowedFd<'_>) -> io::Result<RawMode<'_>> {
        let before = rustix::termios::tcgetattr(terminal)?;
        let mut raw = before.clone();
        raw.local_modes -=
            LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
        raw.input_modes -= InputModes::ICRNL | InputModes::INLCR | InputModes::IXON;
        raw.output_modes |= OutputModes::OPOST;
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        rustix::termios::tcsetattr(terminal, OptionalActions::Drain, &raw)?;
        Ok(RawMode { terminal, before })
    }
}

impl Drop for RawMode<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs no mode.
        let _ = rustix::termios::tcsetattr(self.terminal, OptionalActions::Drain, &self.before);
    }
}
