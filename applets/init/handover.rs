//! Another program becomes process 1: the way in which OpenWrt's own upgrade scripts work.
//!
//! They leave `/tmp/sysupgrade` with three texts, each ended by NUL: a directory to change
//! the root to, an image, a command. `/sbin/upgraded` in that directory gets the other two.
//! safebox's own sysupgrade does without.

use super::guard::Guard;
use safebox::sys::{console_log, process};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Where the request lies.
const REQUEST: &str = "/tmp/sysupgrade";
/// What becomes process 1.
const PROGRAM: &str = "/sbin/upgraded";
/// Three paths are shorter.
const LONGEST: u64 = 4096;

/// Whether somebody left a request.
pub fn is_asked_for() -> bool {
    Path::new(REQUEST).exists()
}

/// Becomes the program; comes back only when that fails. The watchdog stays armed and open,
/// and its descriptor's number stands in `WDTFD`: who takes over has to feed it.
pub fn go(guard: &mut Guard) {
    let mut request = Vec::new();
    let file = std::fs::File::open(REQUEST);
    let read = file.and_then(|file| file.take(LONGEST).read_to_end(&mut request));
    let mut parts = request.split(|&b| b == 0);
    let (Ok(_), Some(root), Some(image), Some(command)) =
        (read, parts.next(), parts.next(), parts.next())
    else {
        console_log("init: /tmp/sysupgrade cannot be read");
        return;
    };
    let root = Path::new(OsStr::from_bytes(root));
    if !root.join(PROGRAM.trim_start_matches('/')).exists() {
        console_log(&format!(
            "init: there is no {PROGRAM} in {}",
            root.display()
        ));
        return;
    }
    let words = [PROGRAM.as_bytes(), image, command].map(|word| OsStr::from_bytes(word).into());
    let mut env: Vec<OsString> = vec![format!("PATH={}", safebox::boot::PATH).into()];
    if let Some(fd) = guard.hand_over_watchdog() {
        env.push(format!("WDTFD={fd}").into());
    }
    let changed = rustix::process::chroot(root).map_err(std::io::Error::from);
    if let Err(error) = changed.and_then(|()| std::env::set_current_dir("/")) {
        let reason = safebox::error::reason(&error);
        console_log(&format!("init: {}: {reason}", root.display()));
        return;
    }
    let error = process::exec(Path::new(PROGRAM), &words, &env);
    let reason = safebox::error::reason(&error);
    console_log(&format!("init: can't execute {PROGRAM}: {reason}"));
}
