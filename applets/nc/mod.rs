//! nc - bytes from here to there: how firmware gets onto a router without a web server.
//!
//! A transfer that was cut short never ends with status 0: a broken connection, bytes that
//! could not be sent or written, a wrong length or digest are all failures, because the
//! next command will flash what came.

mod direct;
mod peer;
mod transfer;

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Error, Exit, Result, reason};
use safebox::proc::launch;
use safebox::sys::process::{self, Fork};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use peer::{Peer, Want};
use transfer::Rules;

pub static APPLET: Applet = Applet {
    names: &["nc", "netcat"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: nc [OPTION]... HOST PORT
       nc -l [OPTION]... [-p] PORT
       nc ... -e PROG [ARG]...

Connect to a port, or wait for a connection, and pass on standard input and output.
It ends when the other side has ended and all was sent.

  -l                listen
  -p PORT           local port
  -s ADDR           local address
  -w SEC            give up when nothing happens for SEC seconds
  -q SEC            end SEC seconds after the end of standard input
  -N                close the sending side at the end of standard input (as usual)
  -k                listen again after each connection
  -u                UDP
  -z                only see whether the port is open; PORT may be N-M
  -4                IPv4 only
  -6                IPv6 only
  -n                HOST is a number
  -i SEC            wait SEC seconds between lines, or between ports with -z
  -v                say what happens
  -e                run PROG with the connection as its input and output
      --progress    show on standard error how much has gone, and how fast
      --count       print lengths and SHA-256 digests on standard error
      --size, --length N  receive N bytes, no more and no less
      --sha256[=HEX]  print the digests, or check that of what was received

Examples: nc 192.168.1.2 3333 > /tmp/firmware.bin
          nc -l -p 3333 --progress --sha256=HEX > /tmp/firmware.bin
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let program = split_program(&mut ctx.args);
    join_digest(&mut ctx.args);
    let opts = ctx.getopt(USAGE)?;
    let want = want(ctx, &opts)?;
    let rules = rules(&opts)?;
    // Failing writes are reported, not died of.
    process::ignore_sigpipe();
    if opts.has("z") {
        return scan(ctx, &want, rules.interval);
    }
    if !want.listen {
        let peer = want.connect(ctx, want.ports.0)?;
        return serve(ctx, peer, &rules, &program);
    }
    let listener = want.listen(ctx)?;
    loop {
        let peer = listener.accept(ctx, &want)?;
        if !opts.has("k") {
            return serve(ctx, peer, &rules, &program);
        }
        if program.is_empty() {
            if let Err(error) = serve(ctx, peer, &rules, &program) {
                ctx.complain(error);
            }
            continue;
        }
        match process::fork().map_err(|error| Error::message(reason(&error)))? {
            Fork::Parent(_) => drop(peer),
            Fork::Child => return serve(ctx, peer, &rules, &program),
        }
        // Collects those that have ended meanwhile.
        while let Ok(Some(_)) = rustix::process::wait(rustix::process::WaitOptions::NOHANG) {}
    }
}

/// Takes `-e PROG ARG...` off the end of the command line; what follows PROG is its own.
fn split_program(args: &mut Vec<OsString>) -> Vec<OsString> {
    // The letters that may stand in one bundle before the e.
    let is_e = |arg: &OsString| matches!(arg.as_bytes(), [b'-', flags @ .., b'e'] if flags.iter().all(|b| b"lkuvnN46".contains(b)));
    let Some(at) = args.iter().position(is_e) else {
        return Vec::new();
    };
    let program = args.split_off(at + 1);
    if let Some(last) = args.pop() {
        let flags = last.as_bytes().strip_suffix(b"e").unwrap_or_default();
        if flags != b"-" {
            args.push(OsStr::from_bytes(flags).to_owned());
        }
    }
    program
}

/// The digest may also be the next word.
fn join_digest(args: &mut Vec<OsString>) {
    let Some(at) = args.iter().position(|arg| arg == "--sha256") else {
        return;
    };
    let next = args.get(at + 1).map_or(&b""[..], |next| next.as_bytes());
    if next.len() == 64 && next.iter().all(u8::is_ascii_hexdigit) {
        let hex = args.remove(at + 1);
        args[at].push("=");
        args[at].push(hex);
    }
}

fn bad(what: &str, word: &OsStr) -> Error {
    Error::message(format!("bad {what} '{}'", word.to_string_lossy()))
}

fn number(opts: &safebox::opts::Opts, key: &str) -> Result<Option<u64>> {
    let Some(word) = opts.value(key) else {
        return Ok(None);
    };
    let number = word.to_str().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| bad("number", word))
}

/// Reads who is to be talked to.
fn want(ctx: &Ctx, opts: &safebox::opts::Opts) -> Result<Want> {
    let usage = |complaint: &str| Error::Usage {
        complaint: complaint.into(),
        usage: USAGE.into(),
        exit: Exit::FAILED,
    };
    let listen = opts.has("l");
    let (host, port) = match (&opts.operands[..], opts.value("p")) {
        ([host, port], _) => (Some(host.as_os_str()), Some(port.as_os_str())),
        // `-l 3333` is the port, `-l -p 3333 192.168.1.1` the address to listen on.
        ([port], None) if listen => (None, Some(port.as_os_str())),
        ([host], Some(port)) if listen => (Some(host.as_os_str()), Some(port)),
        ([], Some(port)) if listen => (None, Some(port)),
        _ => return Err(usage("a host and a port are needed")),
    };
    let udp = opts.has("u");
    let port = port.unwrap_or_default();
    let ports = peer::ports(ctx, port, udp).ok_or_else(|| bad("port", port))?;
    if ports.0 != ports.1 && !opts.has("z") {
        return Err(bad("port", port));
    }
    let local_port = match opts.value("p") {
        Some(word) if !listen => {
            peer::ports(ctx, word, udp)
                .ok_or_else(|| bad("port", word))?
                .0
        }
        _ => 0,
    };
    Ok(Want {
        listen,
        host: host.map(|host| host.to_string_lossy().into_owned()),
        local: opts.value("s").map(|s| s.to_string_lossy().into_owned()),
        local_port,
        ports,
        udp,
        family: match opts.last_of(&["4", "6"]) {
            Some("4") => Some(false),
            Some(_) => Some(true),
            None => None,
        },
        numeric: opts.has("n"),
        verbose: opts.has("v"),
        limit: number(opts, "w")?.map(Duration::from_secs),
    })
}

fn rules(opts: &safebox::opts::Opts) -> Result<Rules> {
    let digest = match opts.value("sha256") {
        None => None,
        Some(word) if word.is_empty() => None,
        Some(word) => {
            let hex = word.to_string_lossy().to_ascii_lowercase();
            if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(bad("digest", word));
            }
            Some(hex)
        }
    };
    // -q -1 means for ever, as other programs of this name have it.
    let linger = match opts.value("q") {
        Some(word) if word == "-1" => None,
        _ => number(opts, "q")?.map(Duration::from_secs),
    };
    Ok(Rules {
        idle: number(opts, "w")?.map(Duration::from_secs),
        linger,
        close_at_once: opts.has("N"),
        interval: number(opts, "i")?.map(Duration::from_secs),
        progress: opts.has("progress"),
        count: opts.has("count") || (opts.has("sha256") && digest.is_none()),
        length: number(opts, "size")?,
        digest,
    })
}

/// Passes bytes on, or gives the connection to a program.
fn serve(ctx: &mut Ctx, peer: Peer, rules: &Rules, program: &[OsString]) -> Result<Exit> {
    if program.is_empty() {
        return transfer::run(ctx, peer, rules);
    }
    process::restore_sigpipe();
    peer.become_standard_streams()?;
    Err(launch::become_program(ctx.applets, program, ctx.sys))
}

/// `-z`: tries every port of the range; 0 if any is open.
fn scan(ctx: &mut Ctx, want: &Want, interval: Option<Duration>) -> Result<Exit> {
    let mut any = false;
    for port in want.ports.0..=want.ports.1 {
        if port > want.ports.0
            && let Some(interval) = interval
        {
            std::thread::sleep(interval);
        }
        match want.connect(ctx, port) {
            Ok(_) => any = true,
            Err(error) if want.verbose || want.ports.0 == want.ports.1 => ctx.say(error),
            Err(_) => {}
        }
    }
    Ok(if any { Exit::OK } else { Exit::FAILED })
}

#[test]
fn the_program_and_its_arguments_are_taken_off() {
    let check = |line: &str, left: &str, program: &str| {
        let words =
            |text: &str| -> Vec<OsString> { text.split_whitespace().map(OsString::from).collect() };
        let mut args = words(line);
        assert_eq!(split_program(&mut args), words(program), "{line}");
        assert_eq!(args, words(left), "{line}");
    };
    check("-l -p 1 -e sh -c x", "-l -p 1", "sh -c x");
    check("-lke cat -n", "-lk", "cat -n");
    check("host 1", "host 1", "");
    check("-s e 1 2", "-s e 1 2", "");
}
