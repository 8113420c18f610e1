//! Passing bytes on without looking at them: the kernel moves them from a pipe or a file to the
//! connection and back (splice(2), sendfile(2)).
//!
//! Only where nothing is measured. What the kernel cannot move is copied, as ever.

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use std::os::fd::{AsFd, OwnedFd};

/// Bytes moved at once.
const PIECE: usize = 1 << 20;

/// Where standard input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// To be copied.
    Copied,
    /// A file: there is always something to read.
    File,
    /// A pipe.
    Pipe,
}

/// Where standard output is.
pub enum Output {
    /// To be copied.
    Copied,
    /// A pipe, which may be full.
    Pipe,
    /// Something that takes all at once, by way of a pipe of our own: its two ends.
    Through(OwnedFd, OwnedFd),
}

/// What came of a move.
#[derive(Debug, PartialEq, Eq)]
pub enum Moved {
    /// So many bytes.
    Bytes(usize),
    /// There are no more.
    End,
    /// One of the two sides has to be waited for.
    Wait,
    /// It cannot be done this way.
    Copy,
}

impl Input {
    /// How standard input can be moved.
    pub fn of(fd: impl AsFd) -> Input {
        match file_type(fd) {
            Some(kind) if kind.is_file() => Input::File,
            Some(kind) if kind.is_fifo() => Input::Pipe,
            _ => Input::Copied,
        }
    }

    /// Moves some of it to the connection, which never waits.
    ///
    /// # Errors
    /// Those of the connection.
    pub fn pass(self, stdin: impl AsFd, peer: impl AsFd) -> Result<Moved, Errno> {
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        moved(match self {
            Input::Copied => return Ok(Moved::Copy),
            Input::File => rustix::fs::sendfile(peer, stdin, None, PIECE),
            Input::Pipe => splice(stdin, None, peer, None, PIECE, flags),
        })
    }
}

impl Output {
    /// How something can be moved to standard output.
    pub fn of(fd: impl AsFd) -> Output {
        use rustix::fs::OFlags;
        // The kernel refuses to splice to what is written at its end.
        let flags = rustix::fs::fcntl_getfl(&fd).unwrap_or(OFlags::APPEND);
        let kind = file_type(&fd);
        match kind {
            Some(kind) if kind.is_fifo() => Output::Pipe,
            Some(kind) if !flags.contains(OFlags::APPEND) && !rustix::termios::isatty(&fd) => {
                let (true, Ok((from, to))) = (!kind.is_socket(), pipe_with(PipeFlags::CLOEXEC))
                else {
                    return Output::Copied;
                };
                // A smaller one is slower.
                let _ = fcntl_setpipe_size(&to, PIECE);
                Output::Through(from, to)
            }
            _ => Output::Copied,
        }
    }

    /// Moves some of what has come to standard output, or into our pipe.
    ///
    /// # Errors
    /// Those of the connection.
    pub fn take(&self, peer: impl AsFd, stdout: impl AsFd) -> Result<Moved, Errno> {
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        moved(match self {
            Output::Copied => return Ok(Moved::Copy),
            Output::Pipe => splice(peer, None, stdout, None, PIECE, flags),
            Output::Through(_, to) => splice(peer, None, to, None, PIECE, flags),
        })
    }
}

/// Empties our pipe, with `count` bytes in it, into standard output. What cannot be moved is
/// left there: so many bytes.
///
/// # Errors
/// Those of standard output.
pub fn put(from: &OwnedFd, stdout: impl AsFd, mut count: usize) -> Result<usize, Errno> {
    while count > 0 {
        match splice(from, None, &stdout, None, count, SpliceFlags::MOVE) {
            Ok(0) | Err(Errno::INVAL | Errno::NOSYS) => break,
            Ok(moved) => count -= moved,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

fn moved(result: Result<usize, Errno>) -> Result<Moved, Errno> {
    match result {
        Ok(0) => Ok(Moved::End),
        Ok(count) => Ok(Moved::Bytes(count)),
        Err(Errno::AGAIN | Errno::INTR) => Ok(Moved::Wait),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(Moved::Copy),
        Err(error) => Err(error),
    }
}

fn file_type(fd: impl AsFd) -> Option<rustix::fs::FileType> {
    let stat = rustix::fs::fstat(fd).ok()?;
    Some(rustix::fs::FileType::from_raw_mode(stat.st_mode))
}
