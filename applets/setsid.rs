//! setsid - run a program in a session of its own.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::proc::launch;
use safebox::sys::process::{self, Fork};
use safebox::sys::tty;

pub static APPLET: Applet = Applet {
    names: &["setsid"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: setsid [-c] PROGRAM [ARGUMENT]...

Run PROGRAM in a new session, out of reach of this terminal's signals.

  -c                make standard input its controlling terminal: Ctrl-C and job control work

Example: setsid -c sh </dev/ttyS0 >/dev/ttyS0 2>&1
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt_leading(USAGE)?;
    if opts.operands.is_empty() {
        return Err(Error::Usage {
            complaint: String::new(),
            usage: USAGE.into(),
            exit: Exit::FAILED,
        });
    }
    // The leader of a process group cannot leave it; its child can.
    if tty::new_session().is_err() {
        match process::fork().at("", "fork")? {
            Fork::Parent(_) => return Ok(Exit::OK),
            Fork::Child => tty::new_session().at("", "setsid")?,
        }
    }
    if opts.has("c") {
        tty::control(rustix::stdio::stdin()).at("", "TIOCSCTTY")?;
    }
    Err(launch::become_program(ctx.applets, &opts.operands, ctx.sys))
}
