//! Runs `/etc/preinit`, in a child of process 1, and never lets one bad hook keep people out.
//!
//! Preinit notes which hook it starts. One that never comes back before failsafe mode was
//! offered, or that takes the whole script with it, is left out of another try.

use super::execute;
use safebox::boot::preinit::{NOTES, Progress};
use safebox::boot::{FAILSAFE_MARK, PATH};
use safebox::sys::process::{self, Fork};
use safebox::sys::signal::{self, Signals, numbers};
use safebox::sys::{console_alert, tty};
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

/// A hook before the wait for failsafe mode may take this long.
const HOOK_LIMIT: Duration = Duration::from_secs(30);
/// A hook of failsafe mode, which may have keys to make.
const FAILSAFE_HOOK_LIMIT: Duration = Duration::from_secs(60);
/// How often the notes are looked at.
const LOOK_MS: u64 = 1000;
/// More bad hooks than this are not the hooks' fault.
const MOST_TRIES: usize = 10;

/// Runs preinit to its end; in failsafe mode that is never.
pub fn run() -> u8 {
    process::end_with_parent();
    let Ok(signals) = Signals::take(&[numbers::CHLD]) else {
        return 1;
    };
    let mut skipped: Vec<String> = Vec::new();
    for _ in 0..MOST_TRIES {
        // There is none at first.
        let _ = std::fs::remove_file(NOTES);
        let ended = try_once(&signals, &skipped);
        let progress = notes();
        let Some(skip) = progress.to_skip(&skipped, is_failsafe()) else {
            return ended;
        };
        let name = progress.last().unwrap_or_default();
        console_alert(&format!(
            "init: preinit: {name} did not come back; going on without it"
        ));
        skipped = skip;
    }
    0
}

fn is_failsafe() -> bool {
    Path::new(FAILSAFE_MARK).exists()
}

fn notes() -> Progress {
    Progress::read(&std::fs::read(NOTES).unwrap_or_default())
}

/// Runs it once, and ends it when a hook takes too long.
fn try_once(signals: &Signals, skipped: &[String]) -> u8 {
    let child = match process::fork() {
        Ok(Fork::Child) => process::exit_now(become_preinit(skipped)),
        Ok(Fork::Parent(child)) => child,
        Err(_) => return 1,
    };
    let mut last = notes();
    let mut since = Instant::now();
    loop {
        signals.wait(LOOK_MS);
        while signals.next().is_some() {}
        for (ended, status) in std::iter::from_fn(process::reap) {
            if ended == child {
                return status;
            }
        }
        let now = notes();
        if now != last {
            (last, since) = (now, Instant::now());
            continue;
        }
        let is_failsafe = is_failsafe();
        let limit = match is_failsafe {
            true => FAILSAFE_HOOK_LIMIT,
            false => HOOK_LIMIT,
        };
        if last.is_limited(is_failsafe) && since.elapsed() > limit {
            // All that it started and that has not left its session.
            let group = -child.as_raw_nonzero().get();
            // The group is there: its leader is our child.
            let _ = signal::send(group, numbers::KILL);
        }
    }
}

fn become_preinit(skipped: &[String]) -> u8 {
    signal::set_defaults();
    process::end_with_parent();
    // A session of its own; fails only for one that has it.
    let _ = tty::new_session();
    let words = ["/bin/sh", "/etc/preinit"].map(OsString::from);
    let path = format!("PATH={PATH}");
    let skip = format!("PREINIT_SKIP={}", skipped.join(" "));
    let env = ["PREINIT=1", "HOME=/", "TERM=linux", &path, &skip].map(OsString::from);
    execute(&words, &env)
}
