//! Signals as things to read: blocked, and fetched from a descriptor when it suits.
//!
//! PID 1 loses every signal for which it has no handler, unless it is blocked: a blocked
//! signal waits. So the first act of `init` is [`Signals::take`].

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, Timespec};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// The numbers of signals on this architecture, for those who may not see libc.
#[allow(missing_docs, reason = "the names are those of signal(7)")]
pub mod numbers {
    pub const HUP: i32 = libc::SIGHUP;
    pub const INT: i32 = libc::SIGINT;
    pub const QUIT: i32 = libc::SIGQUIT;
    pub const KILL: i32 = libc::SIGKILL;
    pub const USR1: i32 = libc::SIGUSR1;
    pub const USR2: i32 = libc::SIGUSR2;
    pub const PIPE: i32 = libc::SIGPIPE;
    pub const TERM: i32 = libc::SIGTERM;
    pub const CHLD: i32 = libc::SIGCHLD;
    pub const CONT: i32 = libc::SIGCONT;
    pub const STOP: i32 = libc::SIGSTOP;
    pub const TSTP: i32 = libc::SIGTSTP;
    pub const TTIN: i32 = libc::SIGTTIN;
    pub const TTOU: i32 = libc::SIGTTOU;
    pub const PWR: i32 = libc::SIGPWR;
    pub const WINCH: i32 = libc::SIGWINCH;
    pub const XFSZ: i32 = libc::SIGXFSZ;
}

/// Sends a signal by number; `target` as in kill(2): -1 is everybody but PID 1 and ourselves,
/// another negative number a process group. Signal 0 only asks whether it could be sent.
pub fn send(target: i32, signal: i32) -> io::Result<()> {
    // SAFETY: kill(2) reads two integers and touches no memory of ours.
    match unsafe { libc::kill(target, signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The names of the signals 1 to 31 without `SIG`, on this architecture.
pub fn name(number: i32) -> Option<&'static str> {
    let signal = Signal::try_from(number).ok()?;
    signal.as_str().strip_prefix("SIG")
}

/// The number of a signal given by number or by name, with or without `SIG`, in any case.
pub fn number(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse::<i32>() {
        return (0..=64).contains(&number).then_some(number);
    }
    let upper = text.to_ascii_uppercase();
    let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
    match bare {
        "EXIT" => Some(0),
        // Other names of the same signals.
        "POLL" => Some(libc::SIGIO),
        "CLD" => Some(libc::SIGCHLD),
        "IOT" => Some(libc::SIGABRT),
        _ => (1..32).find(|&number| name(number) == Some(bare)),
    }
}

/// Signals that are blocked and wait to be read.
pub struct Signals(SignalFd);

impl Signals {
    /// Blocks these signals and gives the descriptor from which they are read.
    pub fn take(numbers: &[i32]) -> io::Result<Signals> {
        let mut set = SigSet::empty();
        for &number in numbers {
            set.add(Signal::try_from(number)?);
        }
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set), None)?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        Ok(Signals(SignalFd::with_flags(&set, flags)?))
    }

    /// The next signal that has arrived, if any.
    pub fn next(&self) -> Option<i32> {
        let signal = self.0.read_signal().ok().flatten()?;
        i32::try_from(signal.ssi_signo).ok()
    }

    /// Waits up to `limit_ms` for a signal to read; true when there is one.
    pub fn wait(&self, limit_ms: u64) -> bool {
        let limit = timespec(limit_ms);
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        // Interrupted or refused: the caller looks at its clock and comes again.
        rustix::event::poll(&mut fds, Some(&limit)).is_ok_and(|ready| ready > 0)
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Milliseconds as poll(2) wants them.
pub fn timespec(ms: u64) -> Timespec {
    Timespec {
        // Both fit: 49 days of milliseconds are 4.3 million seconds.
        tv_sec: (ms / 1000) as i64,
        tv_nsec: (ms % 1000 * 1_000_000) as _,
    }
}

/// Gives a freshly forked child what a new program expects: no signal blocked, none ignored.
pub fn set_defaults() {
    let all = SigSet::empty();
    // Cannot fail: the set and the way are valid.
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&all), None);
    for number in 1..=64 {
        // SAFETY: SIG_DFL installs no handler; numbers that cannot be set are refused.
        unsafe { libc::signal(number, libc::SIG_DFL) };
    }
}

/// Ignores a signal, in this process and in what it executes.
pub fn ignore(number: i32) {
    // SAFETY: SIG_IGN installs no handler, so no code of ours runs in signal context.
    unsafe { libc::signal(number, libc::SIG_IGN) };
}

#[test]
fn signals_have_names_and_numbers() {
    assert_eq!(number("TERM"), Some(15));
    assert_eq!(number("sigkill"), Some(9));
    assert_eq!(number("0"), Some(0));
    assert_eq!(number("65"), None);
    assert_eq!(number("NOSUCH"), None);
    assert_eq!(name(1), Some("HUP"));
}
