//! Terminals as a session's own: opening one, and making it the controlling terminal.
//!
//! A program that merely inherits a terminal has no Ctrl-C and no job control; and one that
//! opens a terminal without O_NOCTTY may get it as controlling terminal unasked, which lets
//! a Ctrl-C on the console kill PID 1's children.

use rustix::fs::{Mode, OFlags};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Opens a terminal for reading and writing, never as controlling terminal.
pub fn open(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

/// Opens a terminal whose line may have no carrier or no peer: never waits, neither here
/// nor in later reads and writes.
pub fn open_nonblocking(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

/// Makes `fd` standard input, output and error of this process.
pub fn become_standard_streams(fd: impl AsFd) -> io::Result<()> {
    rustix::stdio::dup2_stdin(&fd)?;
    rustix::stdio::dup2_stdout(&fd)?;
    rustix::stdio::dup2_stderr(&fd)?;
    Ok(())
}

/// Starts a new session; a process that leads a group already cannot (EPERM).
pub fn new_session() -> io::Result<()> {
    rustix::process::setsid()?;
    Ok(())
}

/// Makes `fd` the controlling terminal of this session, taking it from a session that is
/// gone or that does not want it: the first of its leaders is hung up (root only).
pub fn control(fd: impl AsFd) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: TIOCSCTTY takes an integer; 1 asks to steal.
    match unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), libc::TIOCSCTTY, 1) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A terminal that gives every byte as it comes; it gets its manners back when dropped.
pub struct Raw {
    fd: OwnedFd,
    before: rustix::termios::Termios,
}

impl Raw {
    /// Takes the terminal out of line mode. Echo and Ctrl-C stay as they were.
    pub fn new(fd: OwnedFd) -> io::Result<Raw> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(&fd)?;
        let mut raw = before.clone();
        raw.local_modes.remove(LocalModes::ICANON);
        tcsetattr(&fd, OptionalActions::Now, &raw)?;
        Ok(Raw { fd, before })
    }
}

impl AsFd for Raw {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let now = rustix::termios::OptionalActions::Now;
        // A terminal that is gone has no manners.
        let _ = rustix::termios::tcsetattr(&self.fd, now, &self.before);
    }
}
