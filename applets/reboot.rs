//! reboot, halt, poweroff - end the system, by the name it is called by.
//!
//! Process 1 does it in order. `-f` is for the day when process 1 hangs: straight to the
//! kernel, with nothing but a sync before. `-F` asks the next boot for failsafe mode, which helps
//! where nobody can press a button.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::overlay::state;
use safebox::sys::Reboot;
use safebox::sys::signal::{self, numbers};
use std::time::Duration;

pub static APPLET: Applet = Applet {
    names: &["reboot", "halt", "poweroff"],
    dir: Dir::Sbin,
    run,
};

const USAGE: &str = "\
Usage: reboot [-Ffn] [-d SECONDS]     (also: halt, poweroff)

Start the device again, halt it, or switch it off.

  -F                the next boot goes to failsafe mode, once
  -d SECONDS        wait before
  -n                with -f: do not write out what is in memory first
  -f                at once, without asking process 1

Example: reboot -d 5
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    if let Some(text) = opts.value("d") {
        let text = text.to_string_lossy();
        let seconds: u64 = text
            .parse()
            .map_err(|_| Error::message(format!("invalid number '{text}'")))?;
        std::thread::sleep(Duration::from_secs(seconds));
    }
    let (how, request) = match ctx.name().as_str() {
        "halt" => (Reboot::Halt, numbers::USR1),
        "poweroff" => (Reboot::PowerOff, numbers::USR2),
        _ => (Reboot::Restart, numbers::TERM),
    };
    if opts.has("F") {
        let overlay = ctx.path("/overlay");
        // The directory is there in every firmware; what is in it, only when it is mounted.
        if !overlay.join("upper").is_dir() {
            let text = "no settings on /overlay, where the next boot looks: type mount_root first";
            return Err(Error::message(text));
        }
        state::ask_for_failsafe(&overlay).at("write", "/overlay/.failsafe_once")?;
    }
    if !opts.has("n") {
        ctx.sys.machine().sync();
    }
    if opts.has("f") {
        ctx.sys.machine().reboot(how).at("", "reboot(2)")?;
    } else {
        signal::send(1, request).at("signal", "process 1")?;
    }
    Ok(Exit::OK)
}
