//! Telling the people at the consoles something, all of them.

use super::console;
use crate::sys::tty;
use std::path::Path;

/// Shows a line on every console below `root`. A console that takes nothing is left out:
/// flow control that somebody forgot must not stop the boot.
pub fn on_consoles(root: &Path, line: &str) {
    for name in console::active(root) {
        if let Ok(terminal) = tty::open_nonblocking(&root.join("dev").join(name)) {
            // See above.
            let _ = rustix::io::write(&terminal, format!("{line}\r\n").as_bytes());
        }
    }
}
