//! console_shell - a root shell on every console, for failsafe mode.
//!
//! Each console gets a session of its own with the controlling terminal, so that Ctrl-C and
//! job control work, and a new shell when the old one ends. Nobody asks for a password:
//! whoever holds the serial cable holds the device.

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::console;
use safebox::boot::respawn::Pace;
use safebox::error::{At, Exit, Result};
use safebox::sys::process::{self, Fork};
use safebox::sys::{console_log, signal, tty};
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

pub static APPLET: Applet = Applet {
    names: &["console_shell"],
    dir: Dir::Sbin,
    run,
};

/// Keep a root shell running on every console of the kernel, in the background.
#[derive(FromArgs, ArgsInfo)]
#[argh(example = "console_shell")]
struct Options {
    /// only print the names of the consoles
    #[argh(switch, short = 'l')]
    list: bool,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    for name in console::active(&ctx.root) {
        if options.list {
            ctx.out.line(name);
            continue;
        }
        if let Fork::Child = process::fork().at("fork for", &name)? {
            signal::set_defaults();
            // Fails only for one that leads a session already.
            let _ = tty::new_session();
            keep(&name)
        }
    }
    Ok(Exit::OK)
}

/// Starts a shell whenever there is none; slowly, when they end at once.
fn keep(name: &str) -> ! {
    let clock = Instant::now();
    let now_ms = || u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut pace = Pace::default();
    loop {
        pace.started(now_ms());
        match process::fork() {
            Ok(Fork::Child) => process::exit_now(become_shell(name)),
            // How it ended changes nothing.
            Ok(Fork::Parent(shell)) => drop(process::wait_for(shell)),
            Err(error) => console_log(&format!("console_shell: fork: {error}")),
        }
        std::thread::sleep(Duration::from_millis(pace.ended(now_ms()).ms));
    }
}

fn become_shell(name: &str) -> u8 {
    if let Err(error) = console::enter_session(name) {
        console_log(&format!("console_shell: {name}: {error}"));
        return 1;
    }
    let words = ["ash", "--login"].map(OsString::from);
    let env =
        console::environment(name).map(|(name, value)| OsString::from(format!("{name}={value}")));
    let error = process::exec(Path::new("/bin/ash"), &words, &env);
    console_log(&format!("console_shell: /bin/ash: {error}"));
    127
}
