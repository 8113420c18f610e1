//! init - process 1: from the kernel's hand-over to failsafe mode or the normal system.
//!
//! If process 1 ends, the kernel stops with it. So it does nothing that can go wrong: all
//! that reads foreign bytes runs in children, and a child that dies is started again.

mod down;
mod early;
mod guard;
mod handover;
mod hotplug;
mod preinit;
mod supervise;

use guard::{Guard, Request, Waited};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::inittab::Action;
use safebox::boot::{FAILSAFE_MARK, PATH, PREINIT_MARK, words};
use safebox::error::{Error, Exit, Result};
use safebox::proc::launch;
use safebox::sys::{Reboot, console_alert, console_log, process, tty};
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

Words of the kernel's command line:
  init_debug=N      1: stages, 2: programs and buttons, 3: processes, 4: kernel events
  watchdog=SECONDS  until an unfed watchdog resets the device (30; 0: leave it alone)

Example: kill -TERM 1
";

/// The early mounts take well under a second; a hanging one must not be the end.
const EARLY_LIMIT_MS: u64 = 30_000;
/// Modules go on loading in the background after this.
const MODULES_LIMIT_MS: u64 = 12_000;
/// Between two starts of something that ends at once.
const RESTART_MS: u64 = 1000;
/// The modules without which there is no network or no flash.
const BOOT_MODULES: &str = "/etc/modules-boot.d";
/// Where a key on the console leaves how much is to be told.
const DEBUG_LEVEL: &str = "/tmp/debug_level";
/// Seconds until an unfed watchdog resets the device.
const WATCHDOG_S: u8 = 30;
/// What a child says that was asked for a number and has none.
const NO_NUMBER: u8 = 255;

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
    set_up(ctx, guard);
    // Buttons ask for failsafe mode from now on; `mount_root` looks for it, too.
    let _ = std::fs::write(PREINIT_MARK, "");
    let level = guard.level;
    guard.keep("hotplug", move || hotplug::run(level));
    load_modules(guard);
    guard.arm_watchdog();
    console_log("init: - preinit -");
    if let Some(how) = watch(ctx, guard, |_| preinit::run(), false) {
        return how;
    }
    // Gone already if a hook removed it.
    let _ = std::fs::remove_file(PREINIT_MARK);
    guard.arm_watchdog();
    if handover::is_asked_for() {
        handover::go(guard);
    }
    if Path::new(FAILSAFE_MARK).exists() {
        console_log("init: preinit has ended, the device stays in failsafe mode");
        loop {
            if let Waited::Asked(request) = guard.pause(60_000)
                && let Some(how) = decide(ctx, guard, request, false)
            {
                return how;
            }
        }
    }
    raise_level(guard);
    console_log("init: - init -");
    let mut again = false;
    loop {
        let level = guard.level;
        if let Some(how) = watch(ctx, guard, |ctx| supervise::run(ctx, again, level), true) {
            return how;
        }
        again = true;
        if let Waited::Asked(request) = guard.pause(RESTART_MS)
            && let Some(how) = decide(ctx, guard, request, true)
        {
            return how;
        }
    }
}

/// Runs `work` in a child until it ends, or until the end of the system is asked for.
fn watch(
    ctx: &mut Ctx,
    guard: &mut Guard,
    work: impl FnOnce(&mut Ctx) -> u8,
    has_inittab: bool,
) -> Option<Reboot> {
    let child = guard.fork(|| work(ctx))?;
    loop {
        match guard.wait_for(child) {
            Waited::Asked(request) => {
                let how = decide(ctx, guard, request, has_inittab);
                if how.is_some() {
                    return how;
                }
            }
            Waited::Ended | Waited::TimedOut => return None,
        }
    }
}

/// What a request comes to. Ctrl-Alt-Del is the inittab's, where there is one.
fn decide(ctx: &mut Ctx, guard: &mut Guard, request: Request, has_inittab: bool) -> Option<Reboot> {
    match request {
        Request::End(how) => Some(how),
        Request::ThreeKeys if has_inittab => {
            let lines = guard.run(EARLY_LIMIT_MS, || {
                supervise::run_lines(ctx, Action::CtrlAltDel)
            });
            (lines == Some(0)).then_some(Reboot::Restart)
        }
        Request::ThreeKeys => Some(Reboot::Restart),
    }
}

/// What the command line says about this process; a child reads it.
fn set_up(ctx: &mut Ctx, guard: &mut Guard) {
    let mut number = |name| {
        let value = guard.run(EARLY_LIMIT_MS, || {
            let line = ctx.sys.machine().command_line().unwrap_or_default();
            let number = words::value(&line, name).and_then(|text| text.parse().ok());
            number.unwrap_or(NO_NUMBER)
        });
        value.filter(|value| *value != NO_NUMBER)
    };
    let (level, watchdog) = (number("init_debug"), number("watchdog"));
    guard.level = level.unwrap_or(0);
    let inherited = std::env::var("WDTFD").ok().and_then(|fd| fd.parse().ok());
    guard.set_watchdog(watchdog.unwrap_or(WATCHDOG_S), inherited);
}

/// A key on the console asked for more messages.
fn raise_level(guard: &mut Guard) {
    let level = guard.run(EARLY_LIMIT_MS, || {
        let text = std::fs::read_to_string(DEBUG_LEVEL).unwrap_or_default();
        text.trim().parse().unwrap_or(NO_NUMBER)
    });
    if let Some(level) = level.filter(|level| *level != NO_NUMBER) {
        guard.level = guard.level.max(level);
        // Left behind it would count for nobody.
        let _ = std::fs::remove_file(DEBUG_LEVEL);
    }
}

/// Loads the modules that the boot needs; they may go on loading meanwhile.
fn load_modules(guard: &mut Guard) {
    if !Path::new(BOOT_MODULES).exists() {
        return;
    }
    let path = format!("PATH={PATH}");
    let words = ["kmodloader", BOOT_MODULES].map(OsString::from);
    let status = guard.run(MODULES_LIMIT_MS, || execute(&words, &[path.into()]));
    match status {
        None => console_alert("init: the modules take long; going on without waiting for them"),
        Some(status) => guard.tell(1, &format!("kmodloader ended with {status}")),
    }
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
