//! start-stop-daemon - start a service unless it runs, or stop it.
//!
//! Which process is meant is said by `-p`, `-x`, `-n`, `-u`; all that are given must fit. A
//! pid file that is empty or missing (`-p /dev/null`) means that nothing runs. What `-b`
//! starts has Ctrl-C as any program, unlike what a script starts with `&`.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result, reason};
use safebox::fsops::owner::Names;
use safebox::opts::Opts;
use safebox::proc::launch;
use safebox::proc::list::{self, Process};
use safebox::sys::process::{self, Fork};
use safebox::sys::signal::{self, numbers};
use safebox::sys::tty;
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub static APPLET: Applet = Applet {
    names: &["start-stop-daemon"],
    dir: Dir::Sbin,
    run,
};

const USAGE: &str = "\
Usage: start-stop-daemon -S [-bmoqtv] [-p FILE] [-x PROGRAM] [-a PROGRAM] [-c USER[:GROUP]]
                         [-d DIR] [-- ARGUMENT...]
       start-stop-daemon -K [-oqtv] [-s SIGNAL] [-p FILE] [-x PROGRAM] [-n NAME] [-u USER]

Start a service unless it runs, or send it a signal.

  -S, --start             start PROGRAM, or the first ARGUMENT
  -K, --stop              send SIGNAL (TERM if none is given)
  -p, --pidfile FILE      the process whose id is in FILE
  -x, --exec PROGRAM      the processes of this program
  -n, --name NAME         the processes with this name
  -u, --user USER         the processes of this user, by name or number
  -a, --startas PROGRAM   start this one instead
  -b, --background        in the background, in a session of its own
  -m, --make-pidfile      write the id into the file of -p
  -c, --chuid USER[:GROUP]  as this user and group
  -d, --chdir DIR         in this directory
  -s, --signal SIGNAL     what -K sends
  -o, --oknodo            doing nothing is no failure
  -t, --test              only say what would be done
  -q, --quiet             say nothing
  -v, --verbose           say more

Example: start-stop-daemon -S -b -x /usr/sbin/telnetd -- -F -l /bin/login.sh
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt_leading(USAGE)?;
    let found = find(ctx, &opts)?;
    match (opts.has("S"), opts.has("K")) {
        (true, false) => start(ctx, &opts, &found),
        (false, true) => stop(ctx, &opts, &found),
        _ => Err(usage("one of -S and -K is needed")),
    }
}

fn usage(complaint: &str) -> Error {
    Error::Usage {
        complaint: complaint.into(),
        usage: USAGE.into(),
        exit: Exit::FAILED,
    }
}

/// The processes that fit everything that was given; none if nothing was.
fn find(ctx: &Ctx, opts: &Opts) -> Result<Vec<Process>> {
    let given = |key| opts.value(key);
    if ["p", "x", "n", "u"].iter().all(|key| given(key).is_none()) {
        return Ok(Vec::new());
    }
    let wanted_id = given("p").map(|file| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.trim().parse::<i32>().unwrap_or(0)
    });
    let users = Names::read(&ctx.path("/etc/passwd"));
    let mut processes = list::all(&ctx.path("/proc")).at("read", "/proc")?;
    processes.retain(|p| {
        p.pid != process::own_id()
            && wanted_id.is_none_or(|id| p.pid == id)
            && given("n").is_none_or(|name| p.is_called(name.as_bytes()))
            && given("x").is_none_or(|program| is_program(p, Path::new(program)))
            && given("u").is_none_or(|user| users.id(user.as_bytes()) == Some(p.uid))
    });
    Ok(processes)
}

/// Whether a process runs this program: by its first argument, since all our programs are
/// links to one file; by that file for others.
fn is_program(process: &Process, program: &Path) -> bool {
    if process.is_called(program.as_os_str().as_bytes()) {
        return true;
    }
    let link = std::fs::read_link(format!("/proc/{}/exe", process.pid));
    link.is_ok_and(|link| link == program)
}

fn start(ctx: &mut Ctx, opts: &Opts, found: &[Process]) -> Result<Exit> {
    let program = opts.value("a").or(opts.value("x")).map(OsString::from);
    let argv: Vec<OsString> = program.into_iter().chain(opts.operands.clone()).collect();
    let Some(name) = argv.first().map(|name| name.to_string_lossy().into_owned()) else {
        return Err(usage("there is nothing to start"));
    };
    if let Some(running) = found.first() {
        if !opts.has("q") {
            let text = format!("{name} is already running\n{}\n", running.pid);
            ctx.out.put(text.as_bytes());
        }
        return Ok(if opts.has("o") {
            Exit::OK
        } else {
            Exit::FAILED
        });
    }
    if opts.has("t") {
        ctx.out.line(format!("would start {name}"));
        return Ok(Exit::OK);
    }
    if opts.has("b") {
        match process::fork().at("", "fork")? {
            Fork::Parent(_) => return Ok(Exit::OK),
            Fork::Child => go_to_background()?,
        }
    }
    if opts.has("m")
        && let Some(file) = opts.value("p")
    {
        std::fs::write(file, format!("{}\n", process::own_id())).at("write", file)?;
    }
    if let Some(dir) = opts.value("d") {
        std::env::set_current_dir(dir).at("enter", dir)?;
    }
    if let Some(user) = opts.value("c") {
        become_user(ctx, user)?;
    }
    Err(launch::become_program(ctx.applets, &argv, ctx.sys))
}

/// A session of its own, no terminal, signals as they should be.
fn go_to_background() -> Result<()> {
    signal::set_defaults();
    tty::new_session().at("", "setsid")?;
    let null = OpenOptions::new().read(true).write(true).open("/dev/null");
    tty::become_standard_streams(null.at("open", "/dev/null")?).at("open", "/dev/null")
}

/// `USER[:GROUP]`, by name or number; without a group the user's own.
fn become_user(ctx: &Ctx, text: &OsStr) -> Result<()> {
    let mut halves = text.as_bytes().splitn(2, |&b| b == b':');
    let users = Names::read(&ctx.path("/etc/passwd"));
    let unknown = || Error::message(format!("unknown user or group '{}'", text.display()));
    let user = halves.next().unwrap_or_default();
    let uid = users.id(user).ok_or_else(unknown)?;
    let gid = match halves.next() {
        Some(group) => Names::read(&ctx.path("/etc/group")).id(group),
        None => users.group_of(uid).or(Some(uid)),
    };
    process::become_user(uid, gid.ok_or_else(unknown)?, &[]).at("become", text)
}

fn stop(ctx: &mut Ctx, opts: &Opts, found: &[Process]) -> Result<Exit> {
    let number = match opts.value("s") {
        None => numbers::TERM,
        Some(name) => {
            let name = name.to_string_lossy();
            let unknown = || Error::message(format!("bad signal name '{name}'"));
            signal::number(&name).ok_or_else(unknown)?
        }
    };
    let mut hit = Vec::new();
    for process in found {
        if opts.has("t") {
            ctx.out
                .line(format!("would send signal {number} to {}", process.pid));
            continue;
        }
        match signal::send(process.pid, number) {
            Ok(()) => hit.push(process.pid.to_string()),
            Err(error) => {
                let text = format!("can't kill pid {}: {}", process.pid, reason(&error));
                ctx.complain(Error::message(text));
            }
        }
    }
    let named = ["n", "x", "p", "u"].iter().find_map(|key| opts.value(key));
    let name = named.unwrap_or_default().to_string_lossy().into_owned();
    if found.is_empty() {
        if !opts.has("q") {
            ctx.tell(format!("no {name} found; none killed\n"));
        }
        return Ok(if opts.has("o") {
            Exit::OK
        } else {
            Exit::FAILED
        });
    }
    if !hit.is_empty() && !opts.has("q") {
        ctx.out
            .line(format!("stopped {name} (pid {})", hit.join(" ")));
    }
    Ok(ctx.status())
}
