//! scp - copy files over ssh, by the old protocol of scp.
//!
//! As a client it starts an ssh client that runs `scp -t` or `scp -f` over there; as these two
//! it is what the other end has started. What could not be written is an error here and there.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::meter::Meter;
use safebox::opts::Opts;
use safebox::proc::launch;
use safebox::ssh::scp::{End, Options, Sink, Source};
use safebox::sys::process::{self, Fork};
use safebox::sys::signal::{self, numbers};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

pub static APPLET: Applet = Applet {
    names: &["scp"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: scp [-46BCOTpqrv] [-P PORT] [-i KEY] [-o OPTION] SOURCE... TARGET

Copy files here, there or back. A place over there is [USER@]HOST:[FILE].

  -r                folders with all that is in them
  -p                keep modes and times
  -P PORT           port over there
  -i KEY            file of the key to use
  -o OPTION         option for the ssh client, like the next three
  -c CIPHER
  -F FILE
  -J HOST
  -S PROGRAM        the ssh client: ssh, or dbclient, if not given
  -T                take whatever names the other end sends
  -q                no progress, no messages of the ssh client
  -v                let the ssh client tell what it does
  -4                only IPv4
  -6                only IPv6
  -B                ask for no password
  -C                compress
  -O                the old protocol: there is no other
  -t                over there: receive
  -f                over there: send
  -d                with -t: the target must be a folder

Example: scp -r root@192.168.1.1:/etc/config .
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt_leading(USAGE)?;
    let options = Options {
        recursive: opts.has("r"),
        preserve: opts.has("p"),
        to_folder: opts.has("d"),
    };
    // A file that reaches a limit of the process is an error, not the end.
    signal::ignore(numbers::XFSZ);
    let paths = || opts.operands.iter().map(PathBuf::from).collect();
    if opts.has("t") {
        let target = PathBuf::from(&opts.between(USAGE, 1, 1)?[0]);
        return Ok(serve(ctx, Sink::new(target, options, None)));
    }
    if opts.has("f") {
        opts.needed(USAGE, 1)?;
        return Ok(serve(ctx, Source::new(paths(), options)));
    }
    opts.needed(USAGE, 2)?;
    copy(ctx, &opts, options)
}

/// The end that was started by another one. It tells its failures to that one alone.
fn serve(ctx: &mut Ctx, mut end: impl End) -> Exit {
    let input = ctx.stdin();
    talk(&mut end, &mut &*input, &mut ctx.out, &mut |_| {});
    match end.report().failed {
        true => Exit::FAILED,
        false => Exit::OK,
    }
}

/// Lets an end talk until it is over; `shown` sees it after each step.
fn talk(
    end: &mut dyn End,
    from: &mut dyn Read,
    to: &mut dyn Write,
    shown: &mut dyn FnMut(&mut dyn End),
) {
    let mut input = vec![0; 64 * 1024];
    let mut output = Vec::new();
    let mut count = 0;
    loop {
        end.feed(&input[..count], &mut output);
        count = 0;
        shown(end);
        if !output.is_empty() {
            let sent = to.write_all(&output).and_then(|()| to.flush());
            output.clear();
            if sent.is_ok() {
                continue;
            }
            end.ended();
        }
        if end.is_over() {
            break;
        }
        match from.read(&mut input) {
            Ok(0) => end.ended(),
            Ok(read) => count = read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => end.ended(),
        }
    }
    shown(end);
}

/// `[USER@]HOST` and the file there.
struct Remote {
    host: OsString,
    file: Vec<u8>,
}

impl Remote {
    /// None for a file of this machine: without a colon, or with a slash before it.
    fn parse(word: &OsStr) -> Option<Remote> {
        let bytes = word.as_bytes();
        let user = bytes.iter().position(|&b| b == b'@').map_or(0, |at| at + 1);
        let address = bytes.get(user..)?;
        let colon = match address.strip_prefix(b"[") {
            Some(inner) => user + inner.windows(2).position(|at| at == b"]:")? + 2,
            None => bytes.iter().position(|&b| b == b':')?,
        };
        let (host, file) = (bytes.get(..colon)?, bytes.get(colon + 1..)?);
        if host.is_empty() || host.contains(&b'/') {
            return None;
        }
        // The brackets are ours: ssh takes the address without.
        let host = host.iter().copied().filter(|b| !b"[]".contains(b));
        Some(Remote {
            host: OsString::from_vec(host.collect()),
            file: if file.is_empty() { b"." } else { file }.to_vec(),
        })
    }

    /// The command that runs there. The shell there is to see patterns, so nothing is quoted.
    fn command(&self, mode: &str, options: Options) -> OsString {
        let mut command = b"scp ".to_vec();
        for (given, word) in [
            (options.recursive, &b"-r "[..]),
            (options.preserve, b"-p "),
            (options.to_folder, b"-d "),
        ] {
            if given {
                command.extend_from_slice(word);
            }
        }
        command.extend_from_slice(mode.as_bytes());
        command.extend_from_slice(match self.file.starts_with(b"-") {
            true => b" -- ",
            false => b" ",
        });
        command.extend_from_slice(&self.file);
        OsString::from_vec(command)
    }

    /// What may come: the last part of the path. None where that cannot be said.
    fn expected(&self) -> Option<Vec<u8>> {
        let last = self.file.rsplit(|&b| b == b'/').next()?;
        let unclear = |b: &u8| b"'\"`$~{}".contains(b);
        let folder = last.is_empty() || last == b"." || last == b"..";
        (!folder && !last.iter().any(unclear)).then(|| last.to_vec())
    }
}

/// Copies from everywhere to one place.
fn copy(ctx: &mut Ctx, opts: &Opts, options: Options) -> Result<Exit> {
    let Some((target, sources)) = opts.operands.split_last() else {
        return Ok(Exit::FAILED);
    };
    let options = Options {
        to_folder: sources.len() > 1,
        ..options
    };
    if let Some(there) = Remote::parse(target) {
        if sources.iter().any(|word| Remote::parse(word).is_some()) {
            let text = "from there to there is not done: copy to here first";
            return Err(Error::message(text));
        }
        let paths = sources.iter().map(PathBuf::from).collect();
        let command = there.command("-t", options);
        let mut end = Source::new(paths, options);
        return connect(ctx, opts, &there.host, command, &mut end);
    }
    let target = PathBuf::from(target);
    if options.to_folder && !target.is_dir() {
        let text = format!("{}: is no folder for several files", target.display());
        return Err(Error::message(text));
    }
    let mut exit = Exit::OK;
    let mut here = Vec::new();
    for word in sources {
        let Some(there) = Remote::parse(word) else {
            here.push(word.clone());
            continue;
        };
        let one = Options {
            to_folder: false,
            ..options
        };
        let expected = there.expected().filter(|_| !opts.has("T"));
        let mut end = Sink::new(target.clone(), one, expected);
        let command = there.command("-f", one);
        let done = connect(ctx, opts, &there.host, command, &mut end)?;
        if done != Exit::OK {
            exit = done;
        } else if !end.has_received() {
            let text = format!("{}: nothing came", word.to_string_lossy());
            ctx.complain(Error::message(text));
            exit = Exit::FAILED;
        }
    }
    if here.is_empty() {
        return Ok(exit);
    }
    // What lies here already is copied by the program for that.
    let mut argv: Vec<OsString> = vec!["cp".into()];
    argv.extend(options.recursive.then(|| "-r".into()));
    argv.extend(options.preserve.then(|| "-p".into()));
    argv.push("--".into());
    argv.append(&mut here);
    argv.push(target.into());
    let name = ctx.name();
    let child = launch::spawn(ctx.applets, &argv, ctx.sys, &name)?;
    match process::wait_for(child).at("wait for", "cp")? {
        0 => Ok(exit),
        status => Ok(Exit(status)),
    }
}

/// The words that start the ssh client.
fn client(ctx: &Ctx, opts: &Opts, host: &OsStr, command: OsString) -> Result<Vec<OsString>> {
    if host.as_bytes().starts_with(b"-") {
        return Err(Error::message("a host's name begins with a dash"));
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/sbin:/usr/bin:/sbin:/bin".into());
    let program = match opts.value("S") {
        Some(program) => program.to_owned(),
        None => {
            let there = |name: &&&str| launch::find(ctx.applets, OsStr::new(name), &path).is_some();
            let found = ["ssh", "dbclient"].iter().find(there);
            let missing = || Error::message("no ssh client here: neither ssh nor dbclient");
            (*found.ok_or_else(missing)?).into()
        }
    };
    let is_dropbear = program.as_bytes().ends_with(b"dbclient");
    let mut argv = vec![program];
    let mut add = |words: &[&OsStr]| argv.extend(words.iter().map(|word| (*word).to_owned()));
    for (key, value) in opts.in_order() {
        match key {
            "P" => add(&["-p".as_ref(), value]),
            "i" | "o" | "c" | "F" | "J" => add(&[format!("-{key}").as_ref(), value]),
            "B" => add(&["-o".as_ref(), "BatchMode=yes".as_ref()]),
            // dropbear's client is silent by itself, and has no such letters.
            "q" | "4" | "6" | "C" if is_dropbear => {}
            "q" | "v" | "4" | "6" | "C" => add(&[format!("-{key}").as_ref()]),
            _ => {}
        }
    }
    add(&[host, &command]);
    Ok(argv)
}

/// Starts the ssh client and lets the end talk through it.
fn connect(
    ctx: &mut Ctx,
    opts: &Opts,
    host: &OsStr,
    command: OsString,
    end: &mut dyn End,
) -> Result<Exit> {
    let argv = client(ctx, opts, host, command)?;
    let pipe = || rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).at("make", "a pipe");
    let ((child_in, to), (from, child_out)) = (pipe()?, pipe()?);
    let child = match process::fork().at("start", "a process")? {
        Fork::Child => {
            drop((to, from));
            let moved = rustix::stdio::dup2_stdin(&child_in)
                .and_then(|()| rustix::stdio::dup2_stdout(&child_out));
            drop((child_in, child_out));
            moved.at("move", "a pipe")?;
            return Err(launch::become_program(ctx.applets, &argv, ctx.sys));
        }
        Fork::Parent(child) => child,
    };
    drop((child_in, child_out));
    process::ignore_sigpipe();
    let mut meter = Meter::new(ctx);
    if opts.has("q") {
        meter.hide();
    }
    let (mut to, mut from) = (File::from(to), File::from(from));
    talk(end, &mut from, &mut to, &mut |end| {
        let report = end.report();
        for text in report.complaints.drain(..) {
            // Complaints of the other end say themselves whose they are.
            meter.say(text.strip_prefix("scp: ").unwrap_or(&text));
        }
        match &report.current {
            Some((name, done, all)) => meter.percent(name, *done, *all),
            None => meter.clear(),
        }
    });
    // Now the client sees that there is no more, and ends.
    drop((to, from));
    process::restore_sigpipe();
    let status = process::wait_for(child).at("wait for", &argv[0])?;
    Ok(match (end.report().failed, status) {
        (false, 0) => Exit::OK,
        (_, 0) => Exit::FAILED,
        (_, status) => Exit(status),
    })
}
