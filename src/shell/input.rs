//! Where the shell's lines come from: a string, a file, a terminal.
//!
//! The parser asks for a line when it needs one, so a command runs before the next line is
//! read. From a descriptor that the commands share (`sh <script`) not one byte beyond the
//! line is taken: `read` in the script gets what follows.

use super::redirect::Number;
use crate::sys::borrowed_file;
use std::cell::Cell;
use std::io::{self, Read};
use std::os::fd::{AsFd, RawFd};
use std::rc::Rc;

/// Which prompt a line is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// A new command: `PS1`.
    First,
    /// The rest of one: `PS2`.
    More,
}

/// What reading a line came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A line, with its newline unless the input ended in the middle of one.
    Read,
    /// Nothing more.
    End,
    /// The user pressed Ctrl-C: what was typed of the command is void.
    Interrupted,
}

/// A source of lines.
pub trait Lines {
    /// Appends the next line to `buf`.
    fn next(&mut self, prompt: Prompt, buf: &mut Vec<u8>) -> io::Result<Line>;

    /// Whether nothing but blanks is left, if that can be told without waiting.
    fn is_spent(&mut self) -> bool {
        false
    }
}

/// Lines of a string: `-c`, `eval`, a trap's action.
pub struct Text {
    text: Vec<u8>,
    at: usize,
}

impl Text {
    /// The lines of `text`.
    pub fn new(text: impl Into<Vec<u8>>) -> Text {
        Text {
            text: text.into(),
            at: 0,
        }
    }
}

impl Lines for Text {
    fn next(&mut self, _prompt: Prompt, buf: &mut Vec<u8>) -> io::Result<Line> {
        // All at once: a string has no reader to share its lines with.
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(Line::End);
        }
        buf.extend_from_slice(rest);
        self.at = self.text.len();
        Ok(Line::Read)
    }

    fn is_spent(&mut self) -> bool {
        self.at == self.text.len()
    }
}

/// Lines of a descriptor.
pub struct Descriptor {
    fd: Number,
    /// Bytes read ahead; stays empty on a descriptor that others read from too.
    ahead: Vec<u8>,
    at: usize,
    shared: Sharing,
    /// A signal that comes while it waits is an error to the caller.
    interruptible: bool,
}

/// How far ahead may be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// Only we read it.
    Alone,
    /// Others read it, and the position can be set back.
    Seekable,
    /// Others read it, and it cannot: byte by byte.
    Stream,
}

impl Descriptor {
    /// A script that only the shell reads.
    pub fn own(fd: Number) -> Descriptor {
        Descriptor {
            fd,
            ahead: Vec::new(),
            at: 0,
            shared: Sharing::Alone,
            interruptible: false,
        }
    }

    /// Standard input, which the commands read from as well.
    pub fn shared(fd: RawFd) -> Descriptor {
        let file = borrowed_file(fd);
        let seekable = rustix::fs::seek(file.as_fd(), rustix::fs::SeekFrom::Current(0)).is_ok();
        let shared = if seekable {
            Sharing::Seekable
        } else {
            Sharing::Stream
        };
        Descriptor {
            shared,
            ..Descriptor::own(Rc::new(Cell::new(fd)))
        }
    }

    /// A terminal: byte by byte, and Ctrl-C ends the reading.
    pub fn typed(fd: RawFd) -> Descriptor {
        Descriptor {
            shared: Sharing::Stream,
            interruptible: true,
            ..Descriptor::own(Rc::new(Cell::new(fd)))
        }
    }

    /// Reads the next piece; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        let wanted = match self.shared {
            Sharing::Alone => 8192,
            Sharing::Seekable => 512,
            Sharing::Stream => 1,
        };
        self.ahead.resize(wanted, 0);
        self.at = 0;
        loop {
            match borrowed_file(self.fd.get()).read(&mut self.ahead) {
                Ok(count) => {
                    self.ahead.truncate(count);
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted && !self.interruptible => {
                }
                Err(error) => {
                    self.ahead.clear();
                    return Err(error);
                }
            }
        }
    }

    /// Gives back what was read beyond the line.
    fn give_back(&mut self) {
        let left = self.ahead.len() - self.at;
        if self.shared == Sharing::Seekable && left > 0 {
            let file = borrowed_file(self.fd.get());
            let back = rustix::fs::SeekFrom::Current(-(left as i64));
            if rustix::fs::seek(file.as_fd(), back).is_ok() {
                self.ahead.clear();
                self.at = 0;
            }
        }
    }
}

/// Sees to it that more bytes fit behind a line. A line that is too long is an error, where
/// running out of memory later, in the middle of a command, would end the shell without a word.
fn make_room(buf: &mut Vec<u8>, count: usize) -> io::Result<()> {
    /// What always fits.
    const SHORT: usize = 1 << 20;
    /// The words of a line, what they expand to and the arguments take as much again, each.
    const COPIES: usize = 4;
    let wanted = buf.len().saturating_add(count);
    if wanted > buf.capacity() && wanted > SHORT {
        let twice = wanted.max(buf.capacity().saturating_mul(2));
        let mut trial = Vec::<u8>::new();
        let room = trial.try_reserve_exact(twice.saturating_mul(COPIES));
        // What nobody looks at need not be allocated.
        std::hint::black_box(&trial);
        room.map_err(|_| io::ErrorKind::OutOfMemory)?;
    }
    Ok(())
}

impl Lines for Descriptor {
    fn next(&mut self, _prompt: Prompt, buf: &mut Vec<u8>) -> io::Result<Line> {
        let start = buf.len();
        loop {
            if self.at >= self.ahead.len() && !self.fill()? {
                return Ok(if buf.len() > start {
                    Line::Read
                } else {
                    Line::End
                });
            }
            let rest = &self.ahead[self.at..];
            let end = memchr::memchr(b'\n', rest);
            let taken = end.map_or(rest.len(), |end| end + 1);
            make_room(buf, taken)?;
            buf.extend_from_slice(&rest[..taken]);
            self.at += taken;
            if end.is_some() {
                self.give_back();
                return Ok(Line::Read);
            }
        }
    }
}
