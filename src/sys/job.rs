//! What a shell needs of the kernel: descriptors by number, waiting, process groups, the
//! environment of the process.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::RawFd;

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

/// Makes `to` the same open file as `from` (dup2(2)); `to` survives exec.
pub fn duplicate(from: RawFd, to: RawFd) -> io::Result<()> {
    // SAFETY: numbers only; the shell owns the descriptor table by definition: replacing
    // a descriptor is what a redirection is.
    check(unsafe { libc::dup2(from, to) }).map(drop)
}

/// A copy of a descriptor at `least` or above that is closed by exec.
pub fn copy_above(fd: RawFd, least: RawFd) -> io::Result<RawFd> {
    // SAFETY: numbers only; a new descriptor comes into being.
    check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, least) })
}

/// A copy of a descriptor, out of the way, that programs inherit.
pub fn copy_inherited(fd: RawFd) -> io::Result<RawFd> {
    // SAFETY: numbers only; a new descriptor comes into being.
    check(unsafe { libc::fcntl(fd, libc::F_DUPFD, 60) })
}

/// Closes a descriptor by number; one that is not open is no error.
pub fn close(fd: RawFd) {
    // SAFETY: the shell owns the descriptor table; nobody else holds this number.
    unsafe { libc::close(fd) };
}

/// Whether a descriptor is open.
pub fn is_open(fd: RawFd) -> bool {
    // SAFETY: numbers only; nothing changes.
    unsafe { libc::fcntl(fd, libc::F_GETFD) >= 0 }
}

/// How a child has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It ended with this status.
    Exited(u8),
    /// This signal killed it; true: with a core dump.
    Killed(i32, bool),
    /// This signal stopped it.
    Stopped(i32),
    /// It goes on.
    Continued,
}

/// Waits for a child (waitpid(2)): `pid` -1 is any. `block` false: None if none has changed.
/// `stops`: report stopped children as well. EINTR is an error of its kind.
pub fn wait(pid: i32, block: bool, stops: bool) -> io::Result<Option<(i32, Change)>> {
    let mut flags = if block { 0 } else { libc::WNOHANG };
    if stops {
        flags |= libc::WUNTRACED | libc::WCONTINUED;
    }
    let mut status = 0;
    // SAFETY: `status` is valid for writing.
    let child = check(unsafe { libc::waitpid(pid, &mut status, flags) })?;
    if child == 0 {
        return Ok(None);
    }
    let change = if libc::WIFEXITED(status) {
        Change::Exited(libc::WEXITSTATUS(status) as u8)
    } else if libc::WIFSIGNALED(status) {
        Change::Killed(libc::WTERMSIG(status), libc::WCOREDUMP(status))
    } else if libc::WIFSTOPPED(status) {
        Change::Stopped(libc::WSTOPSIG(status))
    } else {
        Change::Continued
    };
    Ok(Some((child, change)))
}

/// Puts a process into a group (setpgid(2)); 0 is ourselves, or a group of its own.
pub fn set_group(pid: i32, group: i32) -> io::Result<()> {
    // SAFETY: numbers only.
    check(unsafe { libc::setpgid(pid, group) }).map(drop)
}

/// Our own process group.
pub fn own_group() -> i32 {
    // SAFETY: no arguments.
    unsafe { libc::getpgrp() }
}

/// The group that has the terminal.
pub fn terminal_group(fd: RawFd) -> io::Result<i32> {
    // SAFETY: numbers only.
    check(unsafe { libc::tcgetpgrp(fd) })
}

/// Gives the terminal to a group; blocked or not, SIGTTOU does not stop us.
pub fn give_terminal(fd: RawFd, group: i32) -> io::Result<()> {
    let mask = super::trap::block_all();
    // SAFETY: numbers only.
    let result = check(unsafe { libc::tcsetpgrp(fd, group) });
    super::trap::restore(&mask);
    result.map(drop)
}

/// Makes the environment of this process what is given, for an applet that runs in it.
pub fn replace_environment<'a>(variables: impl Iterator<Item = (&'a OsStr, &'a OsStr)>) {
    let old: Vec<OsString> = std::env::vars_os().map(|(name, _)| name).collect();
    for name in old {
        // SAFETY: the process has one thread (see `process::fork`), so nobody reads the
        // environment meanwhile.
        unsafe { std::env::remove_var(name) };
    }
    for (name, value) in variables {
        // SAFETY: as above; names come from the shell and hold neither '=' nor NUL.
        unsafe { std::env::set_var(name, value) };
    }
}

/// User and system time in clock ticks: our own, then that of the children waited for.
pub fn times() -> [i64; 4] {
    // SAFETY: tms is plain data for which zero is valid.
    let mut times: libc::tms = unsafe { std::mem::zeroed() };
    // SAFETY: `times` is valid for writing.
    unsafe { libc::times(&mut times) };
    [
        times.tms_utime as i64,
        times.tms_stime as i64,
        times.tms_cutime as i64,
        times.tms_cstime as i64,
    ]
}

/// Clock ticks in a second.
pub fn ticks_per_second() -> i64 {
    // SAFETY: a number in, a number out.
    unsafe { libc::sysconf(libc::_SC_CLK_TCK) as i64 }.max(1)
}
