//! Signals that are noted: handlers that only set a bit, dispositions, masks.
//!
//! What a handler may do is next to nothing, so ours note the number; the program asks
//! for it at a place of its own choosing. 32-bit atomics: MIPS has no wider ones.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// One more than the highest signal number.
pub const COUNT: i32 = 65;

static PENDING: [AtomicU32; 3] = [const { AtomicU32::new(0) }; 3];
static ANY: AtomicBool = AtomicBool::new(false);

extern "C" fn note(signal: libc::c_int) {
    if let Some(word) = PENDING.get(signal as usize / 32) {
        word.fetch_or(1 << (signal % 32), Ordering::Relaxed);
        ANY.store(true, Ordering::Release);
    }
}

/// What the kernel does with a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The default action.
    Default,
    /// Nothing.
    Ignore,
    /// It is noted for [`take`]; system calls are interrupted.
    Note,
}

/// Changes what happens at a signal; KILL, STOP and numbers that do not exist are errors.
pub fn set(signal: i32, disposition: Disposition) -> io::Result<()> {
    // SAFETY: all fields of sigaction are plain data for which zero is valid.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = match disposition {
        Disposition::Default => libc::SIG_DFL,
        Disposition::Ignore => libc::SIG_IGN,
        Disposition::Note => note as extern "C" fn(libc::c_int) as libc::sighandler_t,
    };
    // SAFETY: `action` is valid; the handler touches nothing but atomics.
    match unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether a signal is being ignored.
pub fn is_ignored(signal: i32) -> bool {
    // SAFETY: zero is valid for plain data.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: a null new action only asks; `action` is valid for writing.
    let asked = unsafe { libc::sigaction(signal, std::ptr::null(), &mut action) };
    asked == 0 && action.sa_sigaction == libc::SIG_IGN
}

/// Whether any signal has been noted; cheap enough for every command of a loop.
#[inline]
pub fn any() -> bool {
    ANY.load(Ordering::Acquire)
}

/// A signal that has been noted, which is forgotten thereby.
pub fn take() -> Option<i32> {
    if !ANY.swap(false, Ordering::AcqRel) {
        return None;
    }
    for (index, word) in PENDING.iter().enumerate() {
        let bits = word.load(Ordering::Relaxed);
        if bits != 0 {
            let bit = bits.trailing_zeros();
            word.fetch_and(!(1 << bit), Ordering::Relaxed);
            // There may be more of them.
            ANY.store(true, Ordering::Release);
            return Some(index as i32 * 32 + bit as i32);
        }
    }
    None
}

/// A signal that has been noted, other than this one, which is forgotten with it.
pub fn take_other_than(ignored: i32) -> Option<i32> {
    loop {
        match take() {
            Some(number) if number == ignored => {}
            other => return other,
        }
    }
}

/// Whether this signal has been noted.
pub fn is_noted(signal: i32) -> bool {
    let word = PENDING.get(signal as usize / 32);
    word.is_some_and(|word| word.load(Ordering::Relaxed) & (1 << (signal % 32)) != 0)
}

/// A signal that has been noted, and stays so.
pub fn peek() -> Option<i32> {
    let number = take()?;
    put_back(number);
    Some(number)
}

/// Forgets this signal; whether it had been noted.
pub fn take_only(signal: i32) -> bool {
    let bit = 1 << (signal % 32);
    let word = PENDING.get(signal as usize / 32);
    word.is_some_and(|word| word.fetch_and(!bit, Ordering::Relaxed) & bit != 0)
}

/// Notes a signal as if it had just come.
pub fn put_back(signal: i32) {
    note(signal);
}

/// Forgets all that has been noted: a forked child starts anew.
pub fn forget() {
    for word in &PENDING {
        word.store(0, Ordering::Relaxed);
    }
    ANY.store(false, Ordering::Release);
}

/// A set of blocked signals.
pub struct Mask(libc::sigset_t);

/// Blocks all signals; the mask that was in force comes back.
pub fn block_all() -> Mask {
    // SAFETY: sigset_t is plain data; sigfillset and sigprocmask write valid sets.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut old: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::sigprocmask(libc::SIG_SETMASK, &all, &mut old);
        Mask(old)
    }
}

/// Puts a mask back in force.
pub fn restore(mask: &Mask) {
    // SAFETY: the mask was filled by sigprocmask.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &mask.0, std::ptr::null_mut()) };
}

/// Waits for a signal with this mask in force (sigsuspend(2)).
pub fn wait_with(mask: &Mask) {
    // SAFETY: the mask was filled by sigprocmask.
    unsafe { libc::sigsuspend(&mask.0) };
}

/// Waits until something can be read or a signal has been noted; false: a signal. None gets
/// lost between looking and waiting.
///
/// # Errors
/// Those of ppoll(2) other than EINTR.
pub fn wait_readable(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let mask = block_all();
    let mut poll = libc::pollfd {
        fd: fd.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    let ready = match is_any_noted() {
        true => Ok(0),
        // SAFETY: one valid pollfd, no time limit, a mask that sigprocmask filled.
        false => match unsafe { libc::ppoll(&mut poll, 1, std::ptr::null(), &mask.0) } {
            -1 => Err(io::Error::last_os_error()),
            ready => Ok(ready),
        },
    };
    restore(&mask);
    match ready {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        ready => ready.map(|ready| ready > 0),
    }
}

/// Whether a signal has been noted, without the false alarms of [`any`].
fn is_any_noted() -> bool {
    let mut words = PENDING.iter();
    any() && words.any(|word| word.load(Ordering::Relaxed) != 0)
}

/// What a shell says of a child that a signal killed, as strsignal(3) has it.
pub fn description(signal: i32) -> String {
    let text = match signal {
        libc::SIGHUP => "Hangup",
        libc::SIGINT => "Interrupt",
        libc::SIGQUIT => "Quit",
        libc::SIGILL => "Illegal instruction",
        libc::SIGTRAP => "Trace/breakpoint trap",
        libc::SIGABRT => "Aborted",
        libc::SIGBUS => "Bus error",
        libc::SIGFPE => "Arithmetic exception",
        libc::SIGKILL => "Killed",
        libc::SIGSEGV => "Segmentation fault",
        libc::SIGPIPE => "Broken pipe",
        libc::SIGALRM => "Alarm clock",
        libc::SIGTERM => "Terminated",
        libc::SIGUSR1 => "User signal 1",
        libc::SIGUSR2 => "User signal 2",
        _ => return format!("Signal {signal}"),
    };
    text.into()
}

#[test]
fn a_noted_signal_is_taken_once() {
    put_back(libc::SIGUSR1);
    assert!(any());
    assert_eq!(take_other_than(libc::SIGCHLD), Some(libc::SIGUSR1));
    assert_eq!(take(), None);
}
