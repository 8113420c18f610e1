//! uptime - how long the system runs, and how busy it is.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Exit, Result};
use safebox::sys::clock;

pub static APPLET: Applet = Applet {
    names: &["uptime"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: uptime [-s]

Show the time, how long the system has been running, and its load over the last 1, 5 and 15
minutes.

  -s                show when it was started

Example: uptime
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let now = ctx.sys.machine().now();
    let seconds = ctx.sys.machine().uptime_ms() / 1000;
    if opts.has("s") {
        let start = now - i64::try_from(seconds).unwrap_or(0);
        let c = clock::local(start).at("", "time")?;
        let (date, time) = (format!("{}-{:02}-{:02}", c.year, c.month, c.day), time(&c));
        ctx.out.line(format!("{date} {time}"));
        return Ok(Exit::OK);
    }
    let path = ctx.path("/proc/loadavg");
    let load = std::fs::read_to_string(&path).at("read", &path)?;
    let load: Vec<&str> = load.split_ascii_whitespace().take(3).collect();
    let time = time(&clock::local(now).at("", "time")?);
    let (up, load) = (up(seconds / 60), load.join(", "));
    ctx.out
        .line(format!(" {time} up {up},  load average: {load}"));
    Ok(Exit::OK)
}

fn time(c: &clock::Calendar) -> String {
    format!("{:02}:{:02}:{:02}", c.hour, c.minute, c.second)
}

fn up(minutes: u64) -> String {
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let plural = if days == 1 { "" } else { "s" };
    let days = match days {
        0 => String::new(),
        _ => format!("{days} day{plural}, "),
    };
    match hours {
        0 => format!("{days}{minutes} min"),
        _ => format!("{days}{hours:2}:{minutes:02}"),
    }
}

#[test]
fn long_times_have_days() {
    assert_eq!(up(0), "0 min");
    assert_eq!(up(70), " 1:10");
    assert_eq!(up(1440 + 5), "1 day, 5 min");
    assert_eq!(up(3 * 1440 + 11 * 60), "3 days, 11:00");
}
