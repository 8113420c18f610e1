//! The hardware watchdog: resets the device unless it is fed in time.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::fs::FileTypeExt;

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
        let watchdog = Watchdog(file);
        watchdog.set_timeout(timeout_s);
        Ok(watchdog)
    }

    /// Takes over one that an earlier program of this process has armed: the descriptor's
    /// number as it stands in `WDTFD`.
    ///
    /// # Errors
    /// When the descriptor is none of a device, or has an owner already (0 to 2).
    pub fn adopt(fd: RawFd, timeout_s: i32) -> io::Result<Watchdog> {
        if fd <= 2
            || !super::borrowed_file(fd)
                .metadata()?
                .file_type()
                .is_char_device()
        {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: the descriptor is open, as its metadata could be read; it came over an exec,
        // so nothing in this process owns it.
        let file = unsafe { File::from_raw_fd(fd) };
        // Programs that are started must not keep it open.
        rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::CLOEXEC)?;
        let watchdog = Watchdog(file);
        watchdog.set_timeout(timeout_s);
        Ok(watchdog)
    }

    /// Lets it stay open over the next exec; the descriptor's number, for `WDTFD`.
    pub fn hand_over(&mut self) -> io::Result<RawFd> {
        rustix::io::fcntl_setfd(&self.0, rustix::io::FdFlags::empty())?;
        Ok(self.0.as_raw_fd())
    }

    fn set_timeout(&self, timeout_s: i32) {
        let mut seconds: libc::c_int = timeout_s;
        // SAFETY: WDIOC_SETTIMEOUT reads and writes one int.
        // A chip with a fixed time refuses and works all the same.
        let _ = unsafe { ioctls::wdioc_settimeout(self.0.as_raw_fd(), &mut seconds) };
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
