//! Reading one line from a terminal: raw mode, the loop, and the mode put back.
//!
//! Bytes are read one at a time: what is typed ahead behind Enter belongs to the program
//! that the line starts.

use super::complete::Completer;
use super::editor::{Editor, Step};
use super::history::History;
use super::key::Decoder;
use super::screen::Screen;
use crate::sys::trap;
use rustix::event::{PollFd, PollFlags, Timespec};
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
    /// Control-D was typed on an empty line.
    EndOfInput,
    /// The terminal is gone.
    HungUp,
    /// Control-C.
    Interrupted,
    /// A signal about which the caller wants to know; what had been typed, to go on with.
    Signal(Vec<u8>),
}

/// A terminal to read from, and how.
pub struct Terminal<'a> {
    /// Where keys come from.
    pub input: BorrowedFd<'a>,
    /// Where the line is shown; usually the same.
    pub output: BorrowedFd<'a>,
    /// Ask for marks around pasted text, so that it does not execute while it is pasted.
    pub marks_paste: bool,
    /// Asked after each signal: whether to give the line up.
    pub signalled: &'a mut dyn FnMut() -> bool,
}

impl Terminal<'_> {
    /// Reads a line, which begins with `line`.
    ///
    /// # Errors
    /// Whatever the terminal answers; ENOTTY: `input` is none, and the caller reads plain lines.
    pub fn read_line(
        &mut self,
        prompt: &[u8],
        line: Vec<u8>,
        history: &History,
        names: &dyn Completer,
    ) -> io::Result<Outcome> {
        let raw = RawMode::enter(self.input)?;
        let size = self.size();
        let screen = Screen::new(size.0, size.1);
        let mut editor = Editor::new(prompt, screen, line, history);
        if self.marks_paste {
            editor.out.extend_from_slice(b"\x1b[?2004h");
        }
        let outcome = self.edit(&mut editor, size, history, names);
        if self.marks_paste {
            editor.out.extend_from_slice(b"\x1b[?2004l");
        }
        let sent = self.send(&mut editor.out);
        drop(raw);
        match outcome? {
            Ended::HungUp => Ok(Outcome::HungUp),
            Ended::Signal => sent.map(|()| Outcome::Signal(editor.into_line())),
            Ended::Key(Step::EndOfInput) => sent.map(|()| Outcome::EndOfInput),
            Ended::Key(Step::Interrupted) => sent.map(|()| Outcome::Interrupted),
            Ended::Key(_) => sent.map(|()| Outcome::Line(editor.into_line())),
        }
    }

    fn edit(
        &mut self,
        editor: &mut Editor,
        mut size: (u16, u16),
        history: &History,
        names: &dyn Completer,
    ) -> io::Result<Ended> {
        let mut decoder = Decoder::default();
        loop {
            // While more is coming nothing needs to be shown.
            if !is_readable(self.input, &Timespec::default()) {
                editor.show();
                self.send(&mut editor.out)?;
            }
            if !trap::wait_readable(self.input)? {
                if (self.signalled)() {
                    editor.hide();
                    return Ok(Ended::Signal);
                }
                let now = self.size();
                if now != size {
                    size = now;
                    editor.resize(Screen::new(now.0, now.1));
                }
                continue;
            }
            let mut byte = [0];
            match rustix::io::read(self.input, &mut byte) {
                Ok(0) | Err(Errno::IO) => return Ok(Ended::HungUp),
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            if byte == [CONTROL_C] && decoder.is_pasting() && is_readable(self.input, &SOON) {
                // Somebody who presses it waits for what happens: this one is pasted, and what
                // follows must not be taken for typed.
                continue;
            }
            let Some(key) = decoder.feed(byte[0]) else {
                continue;
            };
            match editor.press(key, history, names) {
                Step::Typing => {}
                step => return Ok(Ended::Key(step)),
            }
        }
    }

    /// Columns and rows that the terminal claims; 0 where it does not know (serial lines).
    fn size(&self) -> (u16, u16) {
        let size = rustix::termios::tcgetwinsize(self.output);
        size.map_or((0, 0), |size| (size.ws_col, size.ws_row))
    }

    fn send(&self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            match rustix::io::write(self.output, rest) {
                Ok(sent) => rest = &rest[sent..],
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        bytes.clear();
        Ok(())
    }
}

/// What ended the editing.
enum Ended {
    Key(Step),
    Signal,
    HungUp,
}

const CONTROL_C: u8 = 3;

/// What is pasted comes faster than that.
const SOON: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 200_000_000,
};

fn is_readable(input: BorrowedFd<'_>, wait: &Timespec) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(input, PollFlags::IN)];
    rustix::event::poll(&mut fds, Some(wait)).is_ok_and(|ready| ready > 0)
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
        // CR still becomes LF: what is typed ahead may be for a program that reads lines.
        raw.input_modes -= InputModes::INLCR | InputModes::IXON;
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
