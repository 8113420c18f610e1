//! killall - send a signal to all processes of a name, but never to itself.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result, reason};
use safebox::proc::{list, signal_words};
use safebox::sys::process;
use safebox::sys::signal::{self, numbers};
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["killall"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: killall [-q] [-SIGNAL | -s SIGNAL] NAME...
       killall -l [SIGNAL]...

Send a signal (TERM if none is given) to all processes with these names.

  -l                list the signals
  -q                say nothing if there is no such process

Example: killall -HUP telnetd
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let words = signal_words::parse(&ctx.args, "q", USAGE)?;
    if words.list {
        for line in signal_words::list(&words.operands)? {
            ctx.out.line(line);
        }
        return Ok(Exit::OK);
    }
    if words.operands.is_empty() {
        return Err(Error::message("you need to specify whom to kill"));
    }
    let mut status = Exit::OK;
    for name in &words.operands {
        let processes = list::all(&ctx.path("/proc")).at("read", "/proc")?;
        let is_meant =
            |p: &&list::Process| p.is_called(name.as_bytes()) && p.pid != process::own_id();
        let mut hit = false;
        for process in processes.iter().filter(is_meant) {
            match signal::send(process.pid, words.signal.unwrap_or(numbers::TERM)) {
                Ok(()) => hit = true,
                Err(error) => {
                    hit = true;
                    let text = format!("can't kill pid {}: {}", process.pid, reason(&error));
                    ctx.complain(Error::message(text));
                }
            }
        }
        if !hit {
            status = Exit::FAILED;
            if !words.flags.contains(&'q') {
                ctx.say(format_args!(
                    "{}: no process killed",
                    name.to_string_lossy()
                ));
            }
        }
    }
    Ok(if status == Exit::OK {
        ctx.status()
    } else {
        status
    })
}
