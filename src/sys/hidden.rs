//! Reading a secret: nothing of it appears on the terminal, and ^C leaves no terminal
//! without echo behind.
//!
//! The terminal is taken out of line mode, so the keys that mend or end a line are ours to
//! act on and no signal can interrupt halfway. From a pipe exactly one line is taken: the
//! next one is for the next question.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{LocalModes, OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// A longer line is cut here; no password is so long.
const LONGEST: usize = 512;

/// What came back.
#[derive(PartialEq, Eq)]
pub enum Answer {
    /// The line without its end.
    Line(Vec<u8>),
    /// ^C, or the end of input before any byte.
    Cancelled,
    /// Nobody has answered in time.
    TimedOut,
}

/// Reads one line without echo; `limit` is for the whole line.
///
/// `ask` shows the question. It is called when nothing is echoed any more and what was typed
/// before is gone: whoever answers at once, as programs do, would else be seen and lost.
pub fn read_line(fd: impl AsFd, limit: Option<Duration>, ask: impl FnOnce()) -> io::Result<Answer> {
    let fd = fd.as_fd();
    let before = tcgetattr(fd).ok();
    if let Some(before) = &before {
        let mut silent = before.clone();
        silent.local_modes.remove(
            LocalModes::ECHO
                | LocalModes::ECHOE
                | LocalModes::ECHOK
                | LocalModes::ECHONL
                | LocalModes::ICANON
                | LocalModes::ISIG,
        );
        tcsetattr(fd, OptionalActions::Flush, &silent)?;
        tcflush(fd, QueueSelector::IFlush)?;
    }
    ask();
    let answer = read_keys(fd, before.is_some(), limit);
    if let Some(before) = &before {
        // A terminal that is gone needs no manners.
        let _ = tcsetattr(fd, OptionalActions::Now, before);
    }
    answer
}

fn read_keys(fd: BorrowedFd<'_>, terminal: bool, limit: Option<Duration>) -> io::Result<Answer> {
    let start = Instant::now();
    let mut line = Vec::new();
    loop {
        if let Some(limit) = limit {
            let left = limit.saturating_sub(start.elapsed());
            let left = super::signal::timespec(u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
            match poll(
                &mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)],
                Some(&left),
            ) {
                Ok(0) => return Ok(Answer::TimedOut),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // One byte at a time: the rest of a pipe belongs to the next reader.
        let mut byte = [0];
        let count = match rustix::io::read(fd, &mut byte) {
            Ok(count) => count,
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        let ended = count == 0 || (terminal && byte == [4]);
        match byte[0] {
            _ if ended && line.is_empty() => return Ok(Answer::Cancelled),
            _ if ended => return Ok(Answer::Line(line)),
            b'\n' => return Ok(Answer::Line(line)),
            b'\r' if terminal => return Ok(Answer::Line(line)),
            3 if terminal => return Ok(Answer::Cancelled),
            8 | 127 if terminal => drop(line.pop()),
            21 if terminal => line.clear(),
            other if line.len() < LONGEST => line.push(other),
            _ => {}
        }
    }
}
