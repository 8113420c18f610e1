//! login - ask who is there, and start their shell.
//!
//! Three tries, a minute each. An account without a password gets in without being asked,
//! which is how a router without one is reached; `-f` trusts whoever calls.

use safebox::accounts::crypt;
use safebox::accounts::enter::{self, Environment};
use safebox::accounts::files::{self, User};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::proc::launch;
use safebox::sys::hidden::{self, Answer};
use safebox::sys::process;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

pub static APPLET: Applet = Applet {
    names: &["login"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: login [-p] [-h HOST] [[-f] USER]

Begin a session.

  -f                USER is known already: ask for no password (root only)
  -h HOST           where the session comes from; only noted
  -p                keep the environment

Example: login -f root
";

const TRIES: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(60);
const AFTER_FAILURE: Duration = Duration::from_secs(3);

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let trusted = opts.has("f");
    // -h may be of use to a log one day; nobody reads one in failsafe.
    opts.value("h");
    let mut given = opts.operands.first().map(|name| name.as_bytes().to_vec());
    process::must_be_root()?;
    if trusted {
        let name = given.ok_or_else(|| Error::message("-f needs a user"))?;
        let user = find(ctx, &name).ok_or_else(|| {
            Error::message(format!("unknown user {}", String::from_utf8_lossy(&name)))
        })?;
        return begin(ctx, &user, opts.has("p"));
    }
    if !rustix::termios::isatty(rustix::stdio::stdin()) {
        return Err(Error::message("standard input is no terminal"));
    }
    for _ in 0..TRIES {
        let name = match given.take() {
            Some(name) => name,
            None => match ask_name(ctx)? {
                Some(name) => name,
                None => return Ok(Exit::FAILED),
            },
        };
        let user = find(ctx, &name);
        if let Some(user) = check(ctx, &name, user)? {
            return begin(ctx, &user, opts.has("p"));
        }
        std::thread::sleep(AFTER_FAILURE);
        ctx.out.line("Login incorrect");
        // Shown before the next question at the latest.
        let _ = ctx.out.flush();
    }
    Ok(Exit::FAILED)
}

fn find(ctx: &Ctx, name: &[u8]) -> Option<User> {
    files::user(&std::fs::read(ctx.path("/etc/passwd")).ok()?, name)
}

/// `HOST login: `; None when nobody answers.
fn ask_name(ctx: &mut Ctx) -> Result<Option<Vec<u8>>> {
    let system = rustix::system::uname();
    loop {
        ctx.out.put(system.nodename().to_bytes());
        ctx.out.put(b" login: ");
        // A prompt that cannot be shown is reported at the end, like all lost output.
        let _ = ctx.out.flush();
        let mut name = Vec::new();
        loop {
            let wait = [ctx.stdin()];
            let mut fds = [rustix::event::PollFd::new(
                &*wait[0],
                rustix::event::PollFlags::IN,
            )];
            let limit = safebox::sys::signal::timespec(60_000);
            if rustix::event::poll(&mut fds, Some(&limit)) == Ok(0) {
                return Ok(None);
            }
            let mut byte = [0];
            let count = ctx.stdin().read(&mut byte).at("read", "standard input")?;
            match byte {
                _ if count == 0 => return Ok(None),
                [b'\n' | b'\r'] => break,
                [byte] if name.len() < 64 => name.push(byte),
                _ => {}
            }
        }
        // A name that looks like an option was a slip of the finger.
        if !name.is_empty() && !name.starts_with(b"-") {
            return Ok(Some(name));
        }
    }
}

/// Asks for the password and gives the user back if it fits.
fn check(ctx: &mut Ctx, name: &[u8], user: Option<User>) -> Result<Option<User>> {
    let shadow = std::fs::read(ctx.path("/etc/shadow")).unwrap_or_default();
    let hash = match (files::field(&shadow, name, 1), &user) {
        (Some(hash), Some(_)) => hash.to_vec(),
        (None, Some(user)) => user.password.clone(),
        // Asked all the same: nobody learns which names exist.
        (_, None) => b"*".to_vec(),
    };
    if hash.is_empty() {
        return Ok(user);
    }
    let stdin = ctx.stdin();
    let answer = hidden::read_line(&*stdin, Some(PATIENCE), || {
        ctx.out.put(b"Password: ");
        // A prompt that cannot be shown is reported at the end, like all lost output.
        let _ = ctx.out.flush();
    })
    .at("read", "standard input")?;
    ctx.out.put(b"\n");
    match answer {
        Answer::Line(line) if crypt::verify(&line, &hash) => Ok(user),
        Answer::Line(_) => Ok(None),
        Answer::Cancelled | Answer::TimedOut => Err(Error::message("timed out or cancelled")),
    }
}

/// Becomes the user and their shell.
fn begin(ctx: &mut Ctx, user: &User, keep_environment: bool) -> Result<Exit> {
    // Sent before the shell takes the terminal over; a failure will show there too.
    let _ = ctx.out.flush();
    enter::take_rights(user, &ctx.path("/etc/group"))?;
    let shell = enter::shell(user);
    let how = match keep_environment {
        true => Environment::Theirs,
        false => Environment::Fresh,
    };
    enter::set_environment(user, &shell, how);
    enter::go_home(user);
    let argv0 = enter::login_name(&shell);
    Err(launch::become_program_as(
        ctx.applets,
        &shell,
        &[argv0],
        ctx.sys,
    ))
}
