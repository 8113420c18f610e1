//! env, printenv - show the environment, or run a program in another one.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Error, Exit, Result};
use safebox::opts::{self, Opts, Order};
use safebox::proc::launch;
use safebox::sys::environment;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["env", "printenv"],
    dir: Dir::UsrBin,
    run,
};

const ENV: &str = "\
Usage: env [-i0] [-u NAME]... [-] [NAME=VALUE]... [PROGRAM [ARG]...]

Run PROGRAM with a changed environment; without PROGRAM print that environment.

  -i, --ignore-environment  begin with an empty environment; so does a lone -
  -u, --unset NAME  without NAME
  -0, --null        a NUL instead of a newline behind each

Example: env -i PATH=/bin:/sbin sh
";

const PRINTENV: &str = "\
Usage: printenv [-0] [NAME]...

Print the values of environment variables; without NAME print all with their names.

  -0, --null        a NUL instead of a newline behind each

Example: printenv PATH
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    if ctx.name() == "printenv" {
        let opts = ctx.getopt(PRINTENV)?;
        return Ok(print_values(ctx, &opts));
    }
    let opts = opts::parse(ENV, &ctx.args, Order::Leading, Exit::FAILED)?;
    let mut words = opts.operands.as_slice();
    let mut empty = opts.has("i");
    while let [first, rest @ ..] = words
        && first == "-"
    {
        empty = true;
        words = rest;
    }
    if empty {
        for (name, _) in std::env::vars_os() {
            environment::unset(&name);
        }
    }
    for name in opts.values("u") {
        check(name.as_bytes())?;
        environment::unset(name);
    }
    while let [first, rest @ ..] = words
        && let Some(at) = first.as_bytes().iter().position(|&b| b == b'=')
    {
        let (name, value) = first.as_bytes().split_at(at);
        check(name)?;
        environment::set(OsStr::from_bytes(name), OsStr::from_bytes(&value[1..]));
        words = rest;
    }
    if words.is_empty() {
        print_all(ctx, end(&opts));
        return Ok(Exit::OK);
    }
    Err(launch::become_program(ctx.applets, words, ctx.sys))
}

/// The C library takes no such name.
fn check(name: &[u8]) -> Result<()> {
    if name.is_empty() || name.contains(&b'=') {
        let name = String::from_utf8_lossy(name);
        return Err(Error::message(format!("invalid name '{name}'")));
    }
    Ok(())
}

fn end(opts: &Opts) -> &'static [u8] {
    if opts.has("0") { b"\0" } else { b"\n" }
}

fn print_all(ctx: &mut Ctx, end: &[u8]) {
    for (name, value) in std::env::vars_os() {
        ctx.out.put(name.as_bytes());
        ctx.out.put(b"=");
        ctx.out.put(value.as_bytes());
        ctx.out.put(end);
    }
}

fn print_values(ctx: &mut Ctx, opts: &Opts) -> Exit {
    if opts.operands.is_empty() {
        print_all(ctx, end(opts));
        return Exit::OK;
    }
    let mut status = Exit::OK;
    let names: &[OsString] = &opts.operands;
    for name in names {
        let valid = check(name.as_bytes()).is_ok();
        match std::env::var_os(name).filter(|_| valid) {
            Some(value) => {
                ctx.out.put(value.as_bytes());
                ctx.out.put(end(opts));
            }
            None => status = Exit::FAILED,
        }
    }
    status
}
