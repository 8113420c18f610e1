//! kill - send a signal to processes, by their ids.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Error, Exit, Result, reason};
use safebox::proc::signal_words;
use safebox::sys::signal::{self, numbers};

pub static APPLET: Applet = Applet {
    names: &["kill"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: kill [-SIGNAL | -s SIGNAL] PID...
       kill -l [SIGNAL]...

Send a signal (TERM if none is given) to processes.

  -l                list the signals, or translate between number and name

Signal 0 only asks whether the process exists. PID -1 is everybody, another negative PID a
process group.

Example: kill -HUP 1234
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let words = signal_words::parse(&ctx.args, "", USAGE)?;
    if words.list {
        for line in signal_words::list(&words.operands)? {
            ctx.out.line(line);
        }
        return Ok(Exit::OK);
    }
    if words.operands.is_empty() {
        return Err(Error::message("you need to specify whom to kill"));
    }
    for operand in &words.operands {
        let text = operand.to_string_lossy();
        let Ok(pid) = text.parse::<i32>() else {
            ctx.complain(Error::message(format!("invalid number '{text}'")));
            continue;
        };
        if let Err(error) = signal::send(pid, words.signal.unwrap_or(numbers::TERM)) {
            let text = format!("can't kill pid {pid}: {}", reason(&error));
            ctx.complain(Error::message(text));
        }
    }
    Ok(ctx.status())
}
