//! fork, exec, the name of the process: what std cannot do safely.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

pub use rustix::process::Pid;

/// On which side of a fork we are.
pub enum Fork {
    /// The original; the child's id.
    Parent(Pid),
    /// The copy.
    Child,
}

/// fork(2). The child is a full copy and may go on with anything.
///
/// Only single-threaded programs may call this; every applet is one (the SSH server forks
/// before it starts its runtime).
pub fn fork() -> io::Result<Fork> {
    // SAFETY: the program has one thread, so no lock can be held by a thread that the
    // child lacks; both sides may run any code.
    match unsafe { nix::unistd::fork() }? {
        nix::unistd::ForkResult::Child => Ok(Fork::Child),
        nix::unistd::ForkResult::Parent { child } => match Pid::from_raw(child.as_raw()) {
            Some(pid) => Ok(Fork::Parent(pid)),
            None => Err(io::ErrorKind::Other.into()),
        },
    }
}

/// execve(2). Returns only on failure; a NUL in a word is EINVAL.
pub fn exec(path: &Path, argv: &[OsString], env: &[OsString]) -> io::Error {
    let (path, argv, env) = match (c_word(path.as_os_str()), c_words(argv), c_words(env)) {
        (Ok(path), Ok(argv), Ok(env)) => (path, argv, env),
        (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => return error,
    };
    match nix::unistd::execve(&path, &argv, &env) {
        Err(error) => error.into(),
        Ok(never) => match never {},
    }
}

pub(super) fn c_word(word: &OsStr) -> io::Result<CString> {
    Ok(CString::new(word.as_bytes())?)
}

pub(super) fn c_words(words: &[OsString]) -> io::Result<Vec<CString>> {
    words.iter().map(|word| c_word(word)).collect()
}

/// Ends the process at once, without running anything else.
pub fn exit_now(status: u8) -> ! {
    // SAFETY: _exit has no preconditions; buffered output has been flushed by the caller.
    unsafe { libc::_exit(i32::from(status)) }
}

/// Sets the name that `ps` and `killall` see (PR_SET_NAME, at most 15 bytes count).
pub fn set_name(name: &OsStr) {
    if let Ok(name) = CString::new(name.as_bytes()) {
        // Only cosmetic where it fails.
        let _ = rustix::thread::set_name(&name);
    }
}

/// Gives SIGPIPE its default back: Rust ignores it, but a filter must end quietly.
pub fn restore_sigpipe() {
    // SAFETY: SIG_DFL installs no handler, so no code of ours runs in signal context.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// Ignores SIGPIPE, for those who want the write's error instead.
pub fn ignore_sigpipe() {
    // SAFETY: SIG_IGN installs no handler, so no code of ours runs in signal context.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// The id of this process.
pub fn own_id() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// A child that has ended and how: its exit status, or 128 + the signal that killed it.
pub type Ended = (Pid, u8);

/// Takes note of one child that has ended, if there is one.
pub fn reap() -> Option<Ended> {
    let options = rustix::process::WaitOptions::NOHANG;
    let (pid, status) = rustix::process::wait(options).ok().flatten()?;
    Some((pid, outcome(status)))
}

/// Waits until a child ends; None when there is no child.
pub fn wait_for_any() -> Option<Ended> {
    loop {
        match rustix::process::wait(rustix::process::WaitOptions::empty()) {
            Ok(Some((pid, status))) => return Some((pid, outcome(status))),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}

/// Whether this process has children, running or to be reaped.
pub fn has_children() -> bool {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    waitid(WaitId::All, look).is_ok()
}

/// Whether this is a child of ours that has not been taken note of.
pub fn is_child(pid: Pid) -> bool {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(pid), look).is_ok()
}

/// Refuses those who have not the rights of root.
///
/// # Errors
/// Says so.
pub fn must_be_root() -> crate::error::Result<()> {
    match rustix::process::geteuid().is_root() {
        true => Ok(()),
        false => Err(crate::error::Error::message("must be run by root")),
    }
}

/// Gives up all rights but those of a user, a group and further groups, for good.
pub fn become_user(uid: u32, gid: u32, groups: &[u32]) -> io::Result<()> {
    let checked = |result: libc::c_int| match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    // The C library's calls, which hold for the whole process; the groups first, since
    // afterwards there is no right to change them.
    // SAFETY: the slice's pointer and length belong together; gid_t is u32 on Linux.
    unsafe {
        checked(libc::setgroups(groups.len(), groups.as_ptr()))?;
        checked(libc::setgid(gid))?;
        checked(libc::setuid(uid))
    }
}

/// Lets this process be hung up when the one that made it ends.
pub fn end_with_parent() {
    let hang_up = rustix::process::Signal::HUP;
    // Cannot fail for a valid signal.
    let _ = rustix::process::set_parent_process_death_signal(Some(hang_up));
}

/// Keeps the pages of this process in memory once they were there: what runs must not be
/// read again from a flash that is being rewritten.
pub fn stay_in_memory() {
    // SAFETY: mlockall changes no memory contents. Refused without privilege or on old
    // kernels, and then nothing is lost but the assurance.
    unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT) };
}

/// Reads the whole program into memory and keeps it there, for those who overwrite the flash
/// that it came from. Whether it worked: it takes privilege and room.
pub fn load_into_memory() -> bool {
    // SAFETY: mlockall changes no memory contents.
    unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE) == 0 }
}

/// Makes Ctrl-Alt-Del a SIGINT to process 1 instead of an instant reset.
pub fn tame_ctrl_alt_del() {
    // Only on PCs, and only root may.
    let _ = rustix::system::reboot(rustix::system::RebootCommand::CadOff);
}

/// How a child ended: its exit status, or 128 + the signal that killed it.
pub fn wait_for(child: Pid) -> io::Result<u8> {
    loop {
        match rustix::process::waitpid(Some(child), rustix::process::WaitOptions::empty()) {
            Ok(Some((_, status))) => return Ok(outcome(status)),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The same for a child that may hang: None when it has not ended in this time.
pub fn wait_for_at_most(child: Pid, limit: Duration) -> io::Result<Option<u8>> {
    let start = Instant::now();
    loop {
        match rustix::process::waitpid(Some(child), rustix::process::WaitOptions::NOHANG) {
            Ok(Some((_, status))) => return Ok(Some(outcome(status))),
            Ok(None) if start.elapsed() > limit => return Ok(None),
            Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn outcome(status: rustix::process::WaitStatus) -> u8 {
    let code = status
        .exit_status()
        .or(status.terminating_signal().map(|n| 128 + n));
    code.unwrap_or(255) as u8
}
