//! Where the process begins: without the runtime of the standard library.
//!
//! That runtime asks the kernel a dozen questions at every start (how far the stack reaches,
//! what happens at SIGSEGV) whose answers nobody here needs. What it does that matters is
//! done here: descriptors 0, 1 and 2 are open before anything can be opened in their place.

use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// Makes `main` of the program from a function of the arguments that gives the exit status.
#[macro_export]
macro_rules! start {
    ($run:path) => {
        /// Called by the C library.
        ///
        /// # Safety
        ///
        /// The arguments are those of the command line.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn main(argc: i32, argv: *const *const std::ffi::c_char) -> i32 {
            // SAFETY: these are the arguments that the C library calls `main` with.
            let arguments = unsafe { $crate::sys::start::arguments(argc, argv) };
            $crate::sys::start::open_standard_descriptors();
            i32::from($run(&arguments))
        }
    };
}

/// The words of the command line.
///
/// # Safety
///
/// The arguments are those of the C function `main`.
pub unsafe fn arguments(argc: i32, argv: *const *const std::ffi::c_char) -> Vec<OsString> {
    (0..argc as usize)
        .map(|index| {
            // SAFETY: `argv` has `argc` strings that end in NUL, by contract.
            let word = unsafe { CStr::from_ptr(*argv.add(index)) };
            OsStr::from_bytes(word.to_bytes()).to_owned()
        })
        .collect()
}

/// Opens `/dev/null` wherever a standard descriptor is closed, so that no file opened later
/// gets its number and, with it, our messages.
pub fn open_standard_descriptors() {
    let mut asked = [0, 1, 2].map(|fd| libc::pollfd {
        fd,
        events: 0,
        revents: 0,
    });
    // SAFETY: the array has three elements; without a timeout nothing is waited for.
    unsafe { libc::poll(asked.as_mut_ptr(), 3, 0) };
    for closed in asked.iter().filter(|fd| fd.revents & libc::POLLNVAL != 0) {
        // SAFETY: a constant string. The lowest free number is taken, which is this one.
        let fd = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
        debug_assert!(fd == closed.fd || fd < 0);
    }
}
