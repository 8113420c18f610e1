//! su - be somebody else for the time of a shell.
//!
//! Root is believed. Others are asked for the password of whom they want to be, which works
//! only where the binary is one that runs as root for everybody.

use safebox::accounts::change::Files;
use safebox::accounts::crypt;
use safebox::accounts::enter::{self, Environment};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::proc::launch;
use safebox::sys::hidden::{self, Answer};
use safebox::sys::process;
use std::ffi::OsString;
use std::io::Write;
use std::time::Duration;

pub static APPLET: Applet = Applet {
    names: &["su"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: su [-lmp] [-c COMMAND] [-s SHELL] [-] [USER [ARG]...]

Run a shell as USER, or as root.

  -l                a login: fresh environment, in their home; as does a lone dash
  -m, -p            keep the environment
  -c COMMAND        run COMMAND, not a shell to type into
  -s SHELL          SHELL, not the one of USER

Example: su - nobody -s /bin/sh -c id
";

const AFTER_FAILURE: Duration = Duration::from_secs(3);

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let dash = opts.operands.first().is_some_and(|word| word == "-");
    let mut operands = opts.operands.iter().skip(usize::from(dash));
    let name = operands.next().cloned().unwrap_or_else(|| "root".into());
    let login = dash || opts.has("l");
    process::must_be_root()?;
    let files = Files {
        passwd: ctx.path("/etc/passwd"),
        shadow: ctx.path("/etc/shadow"),
    };
    let account = files.account(name.as_encoded_bytes());
    if !rustix::process::getuid().is_root() {
        // Asked all the same: nobody learns which names exist.
        let hash = account.as_ref().map_or(&b"*"[..], |account| &account.hash);
        if !knows_password(ctx, hash)? {
            std::thread::sleep(AFTER_FAILURE);
            return Err(Error::message("incorrect password"));
        }
    }
    let unknown = || Error::message(format!("unknown user {}", name.to_string_lossy()));
    let user = account.ok_or_else(unknown)?.user;
    let how = match (login, opts.has("m")) {
        (true, _) => Environment::Fresh,
        (false, true) => Environment::Kept,
        (false, false) => Environment::Theirs,
    };
    let kept = std::env::var_os("SHELL").filter(|_| how == Environment::Kept);
    let shell = match opts.value("s") {
        Some(shell) => shell.to_owned(),
        None => kept.unwrap_or_else(|| enter::shell(&user)),
    };
    // What is pending would be printed by somebody else.
    let _ = ctx.out.flush();
    enter::take_rights(&user, &ctx.path("/etc/group"))?;
    enter::set_environment(&user, &shell, how);
    if login {
        enter::go_home(&user);
    }
    let own = match login {
        true => enter::login_name(&shell),
        false => shell.clone(),
    };
    let mut argv: Vec<OsString> = vec![own];
    if let Some(command) = opts.value("c") {
        argv.push("-c".into());
        argv.push(command.to_owned());
    }
    argv.extend(operands.cloned());
    Err(launch::become_program_as(
        ctx.applets,
        &shell,
        &argv,
        ctx.sys,
    ))
}

fn knows_password(ctx: &mut Ctx, hash: &[u8]) -> Result<bool> {
    if hash.is_empty() {
        return Ok(true);
    }
    let stdin = ctx.stdin();
    let answer = hidden::read_line(&*stdin, None, || {
        ctx.out.put(b"Password: ");
        // A prompt that cannot be shown is reported at the end, like all lost output.
        let _ = ctx.out.flush();
    })
    .at("read", "standard input")?;
    ctx.out.put(b"\n");
    Ok(match answer {
        Answer::Line(line) => crypt::verify(&line, hash),
        Answer::Cancelled | Answer::TimedOut => false,
    })
}
