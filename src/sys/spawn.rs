//! Starting a program without a copy of this process: what vfork(2) is for.
//!
//! A fork copies the page tables, and the child then touches page after page only to throw
//! everything away in exec. Here the child runs in our memory, on a stack of its own, while
//! we stand still; all it does is a handful of system calls.

use super::process::{c_word, c_words};
use super::trap;
use std::ffi::{CStr, CString, OsString, c_char, c_int, c_void};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// What the child works with.
struct Start<'a> {
    path: &'a CStr,
    argv: &'a [*const c_char],
    env: &'a [*const c_char],
    caught: &'a [i32],
    mask: &'a trap::Mask,
    standard: [Option<RawFd>; 2],
    /// Where it tells why exec failed, beside `failed`; exec closes it.
    report: Option<RawFd>,
    /// Set by the child: its memory is ours.
    shared: bool,
    /// Set by the child: why exec failed.
    failed: i32,
}

/// Whether a child has shown that its memory is ours, and that we stand still until it has
/// called exec. Emulators of a processor make a fork of this kind of child; there, and
/// before the first child, a pipe tells what became of it.
static SHARES_MEMORY: AtomicBool = AtomicBool::new(false);

/// Starts a program; its process id. It inherits the descriptors and what is ignored.
///
/// `caught`: the signals that have a handler. `standard`: what becomes its standard input and
/// output, where these are not to be ours; numbers above 2. The error is that of exec.
pub fn spawn(
    path: &Path,
    argv: &[OsString],
    env: &[OsString],
    caught: &[i32],
    standard: [Option<RawFd>; 2],
) -> io::Result<i32> {
    let (argv, env) = (c_words(argv)?, c_words(env)?);
    let pipe = match SHARES_MEMORY.load(Relaxed) {
        true => None,
        false => Some(rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?),
    };
    // A handler that ran in the child would note the signal in our memory.
    let mask = trap::block_all();
    let mut start = Start {
        path: &c_word(path.as_os_str())?,
        argv: &pointers(&argv),
        env: &pointers(&env),
        caught,
        mask: &mask,
        standard,
        report: pipe.as_ref().map(|(_, write)| write.as_raw_fd()),
        shared: false,
        failed: 0,
    };
    let child = clone(&mut start);
    trap::restore(&mask);
    let child = child?;
    let failed = match pipe {
        None => start.failed,
        Some((read, write)) => {
            drop(write);
            let mut reason = [0; size_of::<i32>()];
            let told = File::from(read).read_exact(&mut reason);
            SHARES_MEMORY.store(start.shared, Relaxed);
            told.map_or(0, |()| i32::from_ne_bytes(reason))
        }
    };
    if failed == 0 {
        return Ok(child);
    }
    // It has ended; the caller shall not meet it.
    let _ = super::job::wait(child, true, false);
    Err(io::Error::from_raw_os_error(failed))
}

/// Starts the child.
fn clone(start: &mut Start) -> io::Result<i32> {
    /// Aligned as stacks are; the child calls nothing but thin wrappers.
    const STACK: usize = 16 * 1024 / size_of::<u128>();
    let mut stack = Vec::<u128>::with_capacity(STACK);
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: this thread sleeps until the child has become another program or ended, so
    // everything the child looks at stays as it is, and its stack, as large as the buffer,
    // is in use only so long. The child runs `become_program`, which does not return and
    // writes to two fields of `start` alone.
    let child = unsafe {
        let top = stack.as_mut_ptr().add(STACK);
        libc::clone(
            become_program,
            top.cast(),
            flags,
            ptr::from_mut(start).cast(),
        )
    };
    if child < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(child)
}

/// A list that ends in a null pointer.
fn pointers(words: &[CString]) -> Vec<*const c_char> {
    let all = words.iter().map(|word| word.as_ptr());
    all.chain([ptr::null()]).collect()
}

/// The child: gives every signal its default or leaves it ignored, and execs.
extern "C" fn become_program(start: *mut c_void) -> c_int {
    // SAFETY: the parent passes a Start that outlives this child's use of it, with lists
    // that end in null; only functions that are safe in a signal handler are called.
    unsafe {
        let start = &mut *start.cast::<Start>();
        (&raw mut start.shared).write_volatile(true);
        for &signal in start.caught {
            libc::signal(signal, libc::SIG_DFL);
        }
        for (target, fd) in start.standard.iter().enumerate() {
            if let Some(fd) = *fd {
                libc::dup2(fd, target as c_int);
            }
        }
        trap::restore(start.mask);
        libc::execve(start.path.as_ptr(), start.argv.as_ptr(), start.env.as_ptr());
        let reason = io::Error::last_os_error().raw_os_error();
        let reason = reason.unwrap_or(libc::EINVAL);
        (&raw mut start.failed).write_volatile(reason);
        if let Some(report) = start.report {
            libc::write(report, (&raw const reason).cast(), size_of::<i32>());
        }
        libc::_exit(127)
    }
}

#[test]
fn a_program_that_cannot_be_executed_is_an_error_and_no_child() {
    let words = ["x".into()];
    // The first time is told by the pipe, the second by the memory.
    for _ in 0..2 {
        let error = spawn(Path::new("/nonexistent/x"), &words, &[], &[], [None; 2]);
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}

#[test]
fn a_program_gets_its_words_and_its_environment() {
    let words = ["sh", "-c", "exit $CODE"].map(Into::into);
    let child = spawn(
        Path::new("/bin/sh"),
        &words,
        &["CODE=7".into()],
        &[],
        [None; 2],
    )
    .unwrap();
    let ended = super::job::wait(child, true, false).unwrap();
    assert_eq!(ended, Some((child, super::job::Change::Exited(7))));
}
