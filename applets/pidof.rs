//! pidof - the ids of all processes of a name, on one line.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Exit, Result};
use safebox::proc::list;
use safebox::sys::process;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["pidof"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: pidof [-s] [-o PID]... NAME...

Print the ids of all processes with these names, the newest first.

  -s                only one
  -o PID            leave this one out; %PPID is the caller

Example: kill $(pidof telnetd)
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let own = process::own_id();
    let mut left_out = vec![own];
    for value in opts.values("o") {
        let parent = || list::one(&ctx.path("/proc"), own).map(|own| own.ppid);
        match value.as_bytes() {
            b"%PPID" => left_out.extend(parent()),
            _ => left_out.extend(value.to_string_lossy().parse::<i32>().ok()),
        }
    }
    let mut processes = list::all(&ctx.path("/proc")).at("read", "/proc")?;
    processes.reverse();
    let names = &opts.operands;
    let is_meant = |p: &list::Process| names.iter().any(|name| p.is_called(name.as_bytes()));
    let ids: Vec<String> = processes
        .iter()
        .filter(|p| is_meant(p) && !left_out.contains(&p.pid))
        .take(if opts.has("s") { 1 } else { usize::MAX })
        .map(|p| p.pid.to_string())
        .collect();
    if ids.is_empty() {
        return Ok(Exit::FAILED);
    }
    ctx.out.line(ids.join(" "));
    Ok(Exit::OK)
}
