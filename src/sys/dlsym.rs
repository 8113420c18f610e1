//! dlsym(3) for a static binary on 32-bit big-endian mips.
//!
//! rustix asks it for system calls that an old C library may lack. musl's own is assembly
//! that expects its address in a register, which calls without position-independent code do
//! not set: it jumps into nowhere. A static binary has nothing to look up, so the answer
//! "there is none" is the right one; rustix then makes the system call itself.

use std::ffi::{c_char, c_void};

/// No symbol is ever found.
///
/// # Safety
/// The arguments are not used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dlsym(_handle: *mut c_void, _name: *const c_char) -> *mut c_void {
    std::ptr::null_mut()
}
