//! Buffered standard output whose failures are not lost.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};

/// Bytes that gather before they are written.
const FULL: usize = 16 * 1024;

/// A descriptor to write data on, in large pieces.
///
/// The first failure is kept and every later write does nothing, so that an applet may
/// ignore single results: `applet::run` flushes at the end and reports the failure
/// (`cat x >/dev/full` must not exit 0).
pub struct Output {
    fd: BorrowedFd<'static>,
    pending: Vec<u8>,
    failure: Option<io::Error>,
}

impl Output {
    /// Output on `fd`, with nothing pending.
    pub fn new(fd: BorrowedFd<'static>) -> Output {
        Output {
            fd,
            pending: Vec::new(),
            failure: None,
        }
    }

    /// Another output on the same descriptor, for one part of an applet that writes while
    /// another prints; what is pending in each stays its own.
    pub fn another(&self) -> Output {
        Output::new(self.fd)
    }

    /// Adds bytes; they leave when enough have gathered or at [`Output::finish`].
    pub fn put(&mut self, bytes: &[u8]) {
        if self.pending.len() + bytes.len() > FULL {
            self.send_pending();
        }
        if bytes.len() >= FULL {
            self.send(bytes);
        } else {
            self.pending.extend_from_slice(bytes);
        }
    }

    /// Adds one line: the bytes and a newline.
    pub fn line(&mut self, bytes: impl AsRef<[u8]>) {
        self.put(bytes.as_ref());
        self.put(b"\n");
    }

    /// Sends what is pending and tells whether anything was ever lost.
    pub fn finish(&mut self) -> io::Result<()> {
        self.send_pending();
        match self.failure.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Whether a write has failed: time for a long loop to stop.
    pub fn failed(&self) -> bool {
        self.failure.is_some()
    }

    fn send_pending(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        self.send(&pending);
        self.pending = pending;
        self.pending.clear();
    }

    fn send(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.failure.is_none() {
            match rustix::io::write(self.fd, bytes) {
                Ok(0) => self.failure = Some(io::ErrorKind::WriteZero.into()),
                Ok(sent) => bytes = &bytes[sent..],
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => self.failure = Some(error.into()),
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send_pending();
        match &self.failure {
            Some(error) => Err(io::Error::from(error.kind())),
            None => Ok(()),
        }
    }
}

impl AsFd for Output {
    /// For copies inside the kernel; call `flush` first.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd
    }
}
