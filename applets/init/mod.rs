//! init - process 1: from the kernel's hand-over to failsafe mode or the normal system.
//!
//! If process 1 ends, the kernel stops with it. So it does nothing that can go wrong: all
//! that reads foreign bytes runs in children, and a child that dies is started again.

mod down;
mod early;
mod guard;
mod supervise;

use guard::{Guard, Waited};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::{FAILSAFE_MARK, PATH, PREINIT_MARK};
use safebox::error::{Error, Exit, Result};
use safebox::proc::launch;
use safebox::sys::{Reboot, console_log, process, tty};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub static APPLET: Applet = Applet {
    names: &["init"],
    dir: Dir::Sbin,
    run,
};

const USAGE: &str = "\
Usage: init

Process 1, started by the kernel: mounts /proc, /sys, /dev and /tmp, runs /etc/preinit
(which may stay in failsafe mode), then what /etc/inittab says.

Signals to process 1: TERM or INT restart the device, USR1 halts it, USR2 or PWR switch it
off, each in order: processes end, file systems are written and let go.

Example: kill -TERM 1
";

/// The early mounts take well under a second; a hanging one must not be the end.
const EARLY_LIMIT_MS: u64 = 30_000;
/// Between two starts of something that ends at once.
const RESTART_MS: u64 = 1000;

fn run(ctx: &mut Ctx) -> Result<Exit> {
    ctx.getopt_leading(USAGE)?;
    if process::own_id() != 1 {
        let text = "only the kernel starts this; 'reboot' starts the device again";
        return Err(Error::message(text));
    }
    let mut guard = Guard::new();
    let how = live(ctx, &mut guard);
    down::go(ctx, &mut guard, how)
}

/// From the first mount until somebody asks for the end.
fn live(ctx: &mut Ctx, guard: &mut Guard) -> Reboot {
    guard.run(EARLY_LIMIT_MS, || early::run(ctx));
    open_console();
    process::tame_ctrl_alt_del();
    process::stay_in_memory();
    console_log(concat!("init: safebox ", env!("CARGO_PKG_VERSION")));
    guard.arm_watchdog();
    if let Waited::Asked(how) = preinit(guard) {
        return how;
    }
    guard.arm_watchdog();
    if Path::new(FAILSAFE_MARK).exists() {
        console_log("init: preinit has ended, the device stays in failsafe mode");
        loop {
            if let Waited::Asked(how) = guard.pause(60_000) {
                return how;
            }
        }
    }
    console_log("init: - init -");
    let mut again = false;
    loop {
        if let Some(child) = guard.fork(|| supervise::run(ctx, again))
            && let Waited::Asked(how) = guard.wait_for(child)
        {
            return how;
        }
        again = true;
        if let Waited::Asked(how) = guard.pause(RESTART_MS) {
            return how;
        }
    }
}

/// Runs `/etc/preinit` to its end; in failsafe mode that is never.
fn preinit(guard: &mut Guard) -> Waited {
    console_log("init: - preinit -");
    // Without it `mount_root` will say what is missing.
    let _ = std::fs::write(PREINIT_MARK, "");
    let words = ["/bin/sh".into(), "/etc/preinit".into()];
    let path = format!("PATH={PATH}");
    let env = ["PREINIT=1", "HOME=/", "TERM=linux", &path].map(OsString::from);
    let child = guard.fork(|| {
        // A session of its own; fails only for one that has it.
        let _ = tty::new_session();
        execute(&words, &env)
    });
    let waited = match child {
        Some(child) => guard.wait_for(child),
        None => Waited::Ended,
    };
    // Gone already if a hook removed it.
    let _ = std::fs::remove_file(PREINIT_MARK);
    waited
}

/// Opens the console for the messages of process 1 and of what inherits its streams.
fn open_console() {
    let console =
        tty::open(Path::new("/dev/console")).or_else(|_| tty::open(Path::new("/dev/null")));
    if let Ok(console) = console {
        // What the kernel opened stays where this fails.
        let _ = tty::become_standard_streams(console);
    }
}

/// Becomes a program; the status to end with when it cannot be executed.
fn execute(words: &[OsString], env: &[OsString]) -> u8 {
    let Some(word) = words.first() else {
        return 127;
    };
    let path = if word.as_bytes().contains(&b'/') {
        Some(word.into())
    } else {
        launch::search(word, OsStr::new(PATH))
    };
    let error = match path {
        Some(path) => process::exec(&path, words, env),
        None => std::io::ErrorKind::NotFound.into(),
    };
    let reason = safebox::error::reason(&error);
    console_log(&format!("init: can't execute {}: {reason}", word.display()));
    127
}
