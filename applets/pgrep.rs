//! pgrep, pkill - find processes by part of their name, and send them a signal.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result, reason};
use safebox::proc::{list, signal_words};
use safebox::sys::process;
use safebox::sys::signal::{self, numbers};
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["pgrep", "pkill"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: pgrep [-flnovx] TEXT
       pkill [-SIGNAL] [-fnovx] TEXT

Print the ids of processes whose name contains TEXT, or send them a signal (TERM).
TEXT is taken literally; ^ at its beginning and $ at its end bind it there.

  -f                look at the whole command line
  -l                with pgrep: print the names too
  -n                only the newest
  -o                only the oldest
  -v                those that do not match
  -x                the whole name must be TEXT

Example: pkill -HUP telnetd
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let kills = ctx.name() == "pkill";
    // `-l` is a flag here, and hidden from the reader of signals, where it lists them.
    let is_list = |arg: &std::ffi::OsString| arg.as_bytes() == b"-l";
    let list_names = !kills && ctx.args.iter().any(is_list);
    let args: Vec<_> = ctx
        .args
        .iter()
        .filter(|arg| kills || !is_list(arg))
        .cloned()
        .collect();
    let words = signal_words::parse(&args, "flnovx", USAGE)?;
    if words.list {
        for line in signal_words::list(&words.operands)? {
            ctx.out.line(line);
        }
        return Ok(Exit::OK);
    }
    let [pattern] = &words.operands[..] else {
        return Err(Error::Usage {
            complaint: String::new(),
            usage: USAGE.into(),
            exit: Exit::FAILED,
        });
    };
    let has = |flag| words.flags.contains(&flag);
    let pattern = pattern.as_bytes();
    let own = process::own_id();
    let mut found = list::all(&ctx.path("/proc")).at("read", "/proc")?;
    found.retain(|p| {
        let name = if has('f') { p.shown() } else { p.name.clone() };
        p.pid != own && matches(&name, pattern, has('x')) != has('v')
    });
    found.sort_by_key(|p| (p.start, p.pid));
    if has('n') {
        found.drain(..found.len().saturating_sub(1));
    } else if has('o') {
        found.truncate(1);
    }
    for p in &found {
        if !kills {
            let name = String::from_utf8_lossy(&p.name);
            let name = if list_names || has('l') {
                format!(" {name}")
            } else {
                String::new()
            };
            ctx.out.line(format!("{}{name}", p.pid));
        } else if let Err(error) = signal::send(p.pid, words.signal.unwrap_or(numbers::TERM)) {
            let text = format!("can't kill pid {}: {}", p.pid, reason(&error));
            ctx.complain(Error::message(text));
        }
    }
    Ok(if found.is_empty() {
        Exit::FAILED
    } else {
        ctx.status()
    })
}

fn matches(name: &[u8], pattern: &[u8], whole: bool) -> bool {
    let (from_start, pattern) = match pattern.strip_prefix(b"^") {
        Some(rest) => (true, rest),
        None => (whole, pattern),
    };
    let (to_end, pattern) = match pattern.strip_suffix(b"$") {
        Some(rest) => (true, rest),
        None => (whole, pattern),
    };
    match (from_start, to_end) {
        (true, true) => name == pattern,
        (true, false) => name.starts_with(pattern),
        (false, true) => name.ends_with(pattern),
        (false, false) => {
            pattern.is_empty() || name.windows(pattern.len()).any(|part| part == pattern)
        }
    }
}

#[test]
fn anchors_bind_the_text() {
    for (name, pattern, whole, expected) in [
        ("telnetd", "net", false, true),
        ("telnetd", "^net", false, false),
        ("telnetd", "^tel", false, true),
        ("telnetd", "netd$", false, true),
        ("telnetd", "telnet", true, false),
        ("telnetd", "telnetd", true, true),
        ("telnetd", "", false, true),
        ("t", "telnetd", false, false),
    ] {
        let result = matches(name.as_bytes(), pattern.as_bytes(), whole);
        assert_eq!(result, expected, "{name} {pattern} {whole}");
    }
}
