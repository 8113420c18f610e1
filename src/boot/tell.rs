//! Telling the people at the consoles something, all of them.

use super::console;
use crate::sys::{signal, tty};
use rustix::event::{PollFd, PollFlags, poll};
use std::path::Path;
use std::time::{Duration, Instant};

/// Shows a line on every console below `root`. A console that takes nothing is left out:
/// flow control that somebody forgot must not stop the boot.
pub fn on_consoles(root: &Path, line: &str) {
    within(root, line, Duration::ZERO);
}

/// The same for who has time: waits so long for each console that has much to show yet. A
/// serial line needs seconds for a banner.
pub fn within(root: &Path, line: &str, limit: Duration) {
    for name in console::active(root) {
        let Ok(terminal) = tty::open_nonblocking(&root.join("dev").join(name)) else {
            continue;
        };
        let text = format!("{line}\r\n");
        let (mut rest, start) = (text.as_bytes(), Instant::now());
        loop {
            match rustix::io::write(&terminal, rest) {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                // See above.
                Err(_) => break,
            }
            let left = limit.saturating_sub(start.elapsed());
            if rest.is_empty() || left.is_zero() {
                break;
            }
            let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
            let wait = signal::timespec(left.saturating_add(1));
            // Interrupted: it is tried again.
            let _ = poll(&mut [PollFd::new(&terminal, PollFlags::OUT)], Some(&wait));
        }
    }
}
