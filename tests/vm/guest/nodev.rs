//! Becomes process 1 on what looks like a kernel without devtmpfs.
//!
//! usage: nodev     (as process 1; it becomes /sbin/init)
//!
//! A filter of system calls sees numbers and no texts. Of the mounts of a boot only that of
//! devtmpfs has these flags; it fails as one of an unknown type does, for every process from now
//! on. Where the flags are no longer these, the tests find a devtmpfs and fail.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(unsafe_code, reason = "there is no safe wrapper for filters")]

use safebox::boot::early::DEV;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Of `struct seccomp_data`: the number of the call, and the lower half of its fourth argument
/// (the emulated processor puts that first).
const NUMBER: u32 = 0;
const FLAGS: u32 = 16 + 3 * 8;

fn main() {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const SKIP_UNLESS: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const ANSWER: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, jf, k| libc::sock_filter { code, jt: 0, jf, k };
    let mut steps = [
        step(LOAD, 0, NUMBER),
        step(SKIP_UNLESS, 3, libc::SYS_mount as u32),
        step(LOAD, 0, FLAGS),
        step(SKIP_UNLESS, 1, DEV.flags.bits()),
        step(ANSWER, 0, libc::SECCOMP_RET_ERRNO | libc::ENODEV as u32),
        step(ANSWER, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: steps.len() as u16,
        filter: steps.as_mut_ptr(),
    };
    // SAFETY: the program and its steps live until the call returns; the kernel copies them.
    let set = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program,
        )
    };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
    let error = Command::new("/sbin/init").arg0("init").exec();
    panic!("/sbin/init: {error}");
}
