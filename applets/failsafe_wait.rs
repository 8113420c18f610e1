//! failsafe_wait - give people the time to ask for failsafe mode.
//!
//! A button press or `f` on a console ends the wait at once. The exit status is the answer,
//! so that the preinit script stays one `if`. Words of the kernel's command line count more
//! than the options, which come from the image.

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::knock::{self, Door};
use safebox::boot::trigger::Trigger;
use safebox::boot::wait::Listener;
use safebox::boot::{console, tell, words};
use safebox::error::{At, Exit, Result};
use safebox::proc::background::{self, Place};
use safebox::sys::process::{self, Fork};
use safebox::sys::signal;
use std::io::Read;
use std::net::Ipv4Addr;
use std::time::Duration;

pub static APPLET: Applet = Applet {
    names: &["failsafe_wait"],
    dir: Dir::Sbin,
    run,
};

/// Wait for somebody to ask for failsafe mode: status 0 if so, 1 if not.
///
/// Heard are: "f" on any console of the kernel, any button, "failsafe=" on the kernel's command
/// line, and "recvudp -k" with a key that is in /etc/failsafe.keys. "1" to "4" end the wait and leave the number in /tmp/debug_level. The command
/// line may also have failsafe.wait=SECONDS and failsafe.deny=BUTTON,BUTTON.
#[derive(FromArgs, ArgsInfo)]
#[argh(example = "failsafe_wait -t 2 -b 192.168.1.255 && echo failsafe")]
struct Options {
    /// how long to wait (2 if not given, 0: not at all)
    #[argh(option, short = 't', default = "2")]
    seconds: u16,
    /// announce the wait by UDP to this broadcast address
    #[argh(option, short = 'b')]
    broadcast: Option<Ipv4Addr>,
    /// names of buttons that do not count
    #[argh(option, short = 'd', default = "String::new()")]
    deny: String,
    /// only hear buttons, in the background, until the wait proper begins
    #[argh(switch, short = 'e')]
    early: bool,
}

/// Where the name of the button is left; OpenWrt's scripts look for it here.
const BUTTON: &str = "/tmp/failsafe_button";
/// Kept locked by the process of `-e`.
const EARLY: &str = "/tmp/run/failsafe_wait";
/// Nobody waits longer for the wait proper to begin.
const LONGEST_EARLY: Duration = Duration::from_secs(120);

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    let command_line = ctx.sys.machine().command_line().unwrap_or_default();
    let denied = words::value(&command_line, "failsafe.deny").unwrap_or_default();
    let denied = words::list(&options.deny).chain(words::list(denied));
    let denied: Vec<String> = denied.map(str::to_owned).collect();
    let seconds = words::number(&command_line, "failsafe.wait").unwrap_or(options.seconds);
    if options.early {
        return hear_early(ctx, denied, seconds);
    }
    let asked = words::asks_for_failsafe(&command_line);
    if asked || seconds == 0 {
        // Whatever it heard, it was not asked.
        background::end(&ctx.path(EARLY)).at("end", EARLY)?;
        return Ok(if asked { Exit::OK } else { Exit::FAILED });
    }
    let mut listener = Listener::buttons(denied);
    // Only now, when we hear ourselves: no press falls between the two.
    background::end(&ctx.path(EARLY)).at("end", EARLY)?;
    if options.broadcast.is_some()
        && let Some(door) = door(ctx)
        && let Err(error) = listener.open(door)
    {
        // All other ways are left.
        let reason = safebox::error::reason(&error);
        tell::on_consoles(&ctx.root, &format!("failsafe: no knocking: {reason}"));
    }
    listener.prompt(&console::active(&ctx.root));
    let limit = Duration::from_secs(seconds.into());
    let trigger = match std::fs::read_to_string(ctx.path(BUTTON)) {
        Ok(name) => Some(Trigger::Button(name.trim().to_owned())),
        Err(_) => listener.wait(limit, options.broadcast),
    };
    match trigger {
        Some(Trigger::Button(name)) => {
            let line = format!("- failsafe button {name} was pressed -");
            tell::on_consoles(&ctx.root, &line);
            leave(ctx, BUTTON, &name)?;
            leave(ctx, "/tmp/failsafe", "")?;
            Ok(Exit::OK)
        }
        Some(Trigger::Knock(key)) => {
            let line = format!("- failsafe was asked for with key {key} -");
            tell::on_consoles(&ctx.root, &line);
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

/// Who keeps pressing from the moment the power comes has asked as well, though everything
/// that comes before the wait may take a while.
fn hear_early(ctx: &Ctx, denied: Vec<String>, seconds: u16) -> Result<Exit> {
    if seconds == 0 {
        return Ok(Exit::OK);
    }
    let Some(place) = Place::take(&ctx.path(EARLY)).at("take", EARLY)? else {
        return Ok(Exit::OK);
    };
    // Before the fork: when this command is over, presses count.
    let mut listener = Listener::buttons(denied);
    if let Fork::Parent(_) = process::fork().at("start", "a process")? {
        return Ok(Exit::OK);
    }
    signal::set_defaults();
    place.settle().at("write", EARLY)?;
    background::detach().at("leave", "the terminal")?;
    if let Some(Trigger::Button(name)) = listener.wait(LONGEST_EARLY, None) {
        leave(ctx, BUTTON, &name)?;
    }
    Ok(Exit::OK)
}

/// For those who knock, if the image has keys of theirs.
fn door(ctx: &Ctx) -> Option<Door> {
    let mut nonce = [0; 32];
    // The kernel may not have gathered enough yet for getrandom(2), which would wait for it; at
    // each boot another number is all that is needed.
    let mut source = std::fs::File::open(ctx.path("/dev/urandom")).ok()?;
    source.read_exact(&mut nonce).ok()?;
    Door::new(&ctx.path(knock::FOLDER), nonce)
}

/// Leaves a word in a file for the scripts that come later.
fn leave(ctx: &Ctx, path: &str, text: &str) -> Result<()> {
    let end = if text.is_empty() { "" } else { "\n" };
    std::fs::write(ctx.path(path), format!("{text}{end}")).at("write", path)
}
