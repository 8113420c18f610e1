//! Where a daemon's messages go: to syslog, or to standard error.

use std::os::unix::net::UnixDatagram;

/// The messages of one daemon.
#[derive(Clone, Debug)]
pub struct Log {
    /// The name that stands before each message.
    pub name: String,
    /// To syslog instead of standard error.
    pub syslog: bool,
}

impl Log {
    /// Says something. Without a log daemon it is lost, as with any other program: in failsafe
    /// nobody listens there.
    pub fn write(&self, text: impl std::fmt::Display) {
        let name = &self.name;
        if !self.syslog {
            let line = format!("{name}: {text}\n");
            // Nothing can be done about a standard error that is gone.
            let _ = rustix::io::write(rustix::stdio::stderr(), line.as_bytes());
            return;
        }
        // Priority 30 is daemon.info (RFC 3164).
        let line = format!("<30>{name}[{}]: {text}", std::process::id());
        if let Ok(socket) = UnixDatagram::unbound() {
            // See above.
            let _ = socket.send_to(line.as_bytes(), "/dev/log");
        }
    }
}
