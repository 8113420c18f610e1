//! failsafe_wait - give people the time to ask for failsafe mode.
//!
//! A button press or `f` on a console ends the wait at once. The exit status is the answer,
//! so that the preinit script stays one `if`.

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::trigger::Trigger;
use safebox::boot::wait::Listener;
use safebox::boot::{console, words};
use safebox::error::{At, Exit, Result};
use std::net::Ipv4Addr;
use std::time::Duration;

pub static APPLET: Applet = Applet {
    names: &["failsafe_wait"],
    dir: Dir::Sbin,
    run,
};

/// Wait for somebody to ask for failsafe mode: status 0 if so, 1 if not.
///
/// Heard are: "f" and Enter on any console of the kernel, any button, and "failsafe=" on the
/// kernel's command line. "1" to "4" end the wait and leave the number in /tmp/debug_level.
#[derive(FromArgs, ArgsInfo)]
#[argh(example = "failsafe_wait -t 2 -b 192.168.1.255 && echo failsafe")]
struct Options {
    /// how long to wait (2 if not given, 0: not at all)
    #[argh(option, short = 't', default = "2")]
    seconds: u16,
    /// announce the wait by UDP to this broadcast address
    #[argh(option, short = 'b')]
    broadcast: Option<Ipv4Addr>,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    let command_line = ctx.sys.machine().command_line().unwrap_or_default();
    if words::asks_for_failsafe(&command_line) {
        return Ok(Exit::OK);
    }
    if options.seconds == 0 {
        return Ok(Exit::FAILED);
    }
    let limit = Duration::from_secs(options.seconds.into());
    let mut listener = Listener::start(&console::active(&ctx.root));
    match listener.wait(limit, options.broadcast) {
        Some(Trigger::Button(name)) => {
            ctx.out
                .line(format!("- failsafe button {name} was pressed -"));
            leave(ctx, "/tmp/failsafe_button", &name)?;
            leave(ctx, "/tmp/failsafe", "")?;
            Ok(Exit::OK)
        }
        Some(Trigger::Key) => {
            leave(ctx, "/tmp/failsafe", "")?;
            Ok(Exit::OK)
        }
        Some(Trigger::Debug(level)) => {
            leave(ctx, "/tmp/debug_level", &level.to_string())?;
            Ok(Exit::FAILED)
        }
        None => Ok(Exit::FAILED),
    }
}

/// Leaves a word in a file for the scripts that come later.
fn leave(ctx: &Ctx, path: &str, text: &str) -> Result<()> {
    let end = if text.is_empty() { "" } else { "\n" };
    std::fs::write(ctx.path(path), format!("{text}{end}")).at("write", path)
}
