//! The hardware watchdog: resets the device unless it is fed in time.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;

#[allow(missing_docs, reason = "the macros make items without documentation")]
mod ioctls {
    nix::ioctl_readwrite!(wdioc_settimeout, b'W', 6, libc::c_int);
}

/// An armed watchdog. Dropping it without [`Watchdog::disarm`] lets it bite.
pub struct Watchdog(File);

impl Watchdog {
    /// Opens `/dev/watchdog`, which arms it, and asks for this many seconds.
    pub fn arm(timeout_s: i32) -> io::Result<Watchdog> {
        let file = OpenOptions::new().write(true).open("/dev/watchdog")?;
        let mut seconds: libc::c_int = timeout_s;
        // SAFETY: WDIOC_SETTIMEOUT reads and writes one int.
        // A chip with a fixed time refuses and works all the same.
        let _ = unsafe { ioctls::wdioc_settimeout(file.as_raw_fd(), &mut seconds) };
        Ok(Watchdog(file))
    }

    /// Starts its time anew.
    pub fn feed(&mut self) {
        // A watchdog that cannot be fed says what it has to say by itself.
        let _ = self.0.write_all(b"X");
    }

    /// Stops it, where the driver lets itself be stopped: for `halt` and `poweroff`.
    pub fn disarm(mut self) {
        // The magic character; a driver without it keeps running, which is its purpose.
        let _ = self.0.write_all(b"V");
    }
}
