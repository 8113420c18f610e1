//! telnetd - a login by telnet: the way into a router that has no password yet.
//!
//! The listener only accepts and counts; each connection is served by a process of its
//! own, so a fault ends one session. The login program starts when the client has told its
//! terminal type, or has shown that it never will.

mod session;

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::opts::declared::Raw;
use safebox::proc::background;
use safebox::proc::log::Log;
use safebox::sys::process::{self, Fork};
use safebox::sys::signal::{Signals, numbers};
use session::Program;
use std::ffi::OsString;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

pub static APPLET: Applet = Applet {
    names: &["telnetd"],
    dir: Dir::UsrSbin,
    run,
};

/// Sessions at a time; each costs a process, a terminal and a shell.
const SESSIONS: usize = 16;

/// Serve logins by telnet. Without -F it goes to the background once it listens.
#[derive(FromArgs, ArgsInfo)]
#[argh(
    example = "telnetd -l /bin/login.sh",
    note = "PROG may carry arguments, separated by blanks: -l '/bin/login -f root'"
)]
struct Options {
    /// run PROG for each connection (default /bin/login)
    #[argh(option, short = 'l', arg_name = "PROG")]
    login: Option<Raw>,
    /// show FILE before PROG starts (default /etc/issue.net)
    #[argh(option, short = 'f', arg_name = "FILE")]
    issue: Option<Raw>,
    /// close the connection when PROG ends, even if others still use its terminal
    #[argh(switch, short = 'K')]
    kill: bool,
    /// listen on PORT (default 23)
    #[argh(option, short = 'p', arg_name = "PORT")]
    port: Option<u16>,
    /// listen on this address only: ADDR or ADDR:PORT or [ADDR6]:PORT
    #[argh(option, short = 'b', arg_name = "ADDR")]
    bind: Option<String>,
    /// stay in the foreground
    #[argh(switch, short = 'F')]
    foreground: bool,
    /// serve the one connection on standard input (inetd)
    #[argh(switch, short = 'i')]
    inetd: bool,
    /// take connections from the socket on standard input and end after SEC idle seconds
    #[argh(option, short = 'w', arg_name = "SEC")]
    wait: Option<u64>,
    /// report to syslog instead of standard error
    #[argh(switch, short = 'S')]
    syslog: bool,
    /// arguments of PROG
    #[argh(positional, arg_name = "ARG")]
    arguments: Vec<Raw>,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    let program = program(ctx, &options);
    if options.inetd {
        if options.wait.is_some() {
            return Err(Error::message("-i and -w exclude each other"));
        }
        let socket = ctx.stdin().try_clone().at("use", "standard input")?;
        return Ok(session::serve(
            ctx,
            TcpStream::from(std::os::fd::OwnedFd::from(socket)),
            &program,
        ));
    }
    let (listener, idle) = match options.wait {
        Some(seconds) => {
            let socket = ctx.stdin().try_clone().at("use", "standard input")?;
            let listener = TcpListener::from(std::os::fd::OwnedFd::from(socket));
            (listener, Some(Duration::from_secs(seconds)))
        }
        None => (listen(&options)?, None),
    };
    if !options.foreground && idle.is_none() {
        match process::fork().at("start", "a process")? {
            Fork::Parent(_) => return Ok(Exit::OK),
            Fork::Child => background::detach().at("leave", "the terminal")?,
        }
    }
    let log = Log {
        name: ctx.name(),
        syslog: options.syslog || !options.foreground,
    };
    serve_all(ctx, listener, idle, &program, &log)
}

fn program(ctx: &Ctx, options: &Options) -> Program {
    let given = options.login.as_ref().map(|login| login.0.as_bytes());
    let words = given
        .unwrap_or(b"/bin/login")
        .split(|b| *b == b' ' || *b == b'\t');
    let mut argv: Vec<OsString> = words
        .filter(|word| !word.is_empty())
        .map(|word| OsString::from_vec(word.to_vec()))
        .collect();
    argv.extend(options.arguments.iter().map(|argument| argument.0.clone()));
    let issue = match &options.issue {
        Some(file) => PathBuf::from(&file.0),
        None => ctx.path("/etc/issue.net"),
    };
    Program {
        argv,
        issue,
        ends_with_program: options.kill,
    }
}

/// Binds as asked; without an address to every one, IPv6 included where the kernel has it.
fn listen(options: &Options) -> Result<TcpListener> {
    let port = options.port.unwrap_or(23);
    let address = match options.bind.as_deref() {
        None => {
            let all = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
            if let Ok(listener) = TcpListener::bind(all) {
                return Ok(listener);
            }
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))
        }
        Some(text) => {
            address(text, port).ok_or_else(|| Error::message(format!("bad address '{text}'")))?
        }
    };
    TcpListener::bind(address).at("listen on", address.to_string())
}

fn address(text: &str, port: u16) -> Option<SocketAddr> {
    if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Some(SocketAddr::new(ip, port));
    }
    text.parse().ok()
}

/// Accepts for ever, or until nobody has come for the time of `-w`.
fn serve_all(
    ctx: &mut Ctx,
    listener: TcpListener,
    idle: Option<Duration>,
    program: &Program,
    log: &Log,
) -> Result<Exit> {
    let signals = Signals::take(&[numbers::CHLD]).at("watch", "children")?;
    let mut sessions = 0;
    loop {
        if !session::wait_readable(&[&listener, &signals], idle).at("wait for", "connections")? {
            if sessions == 0 {
                return Ok(Exit::OK);
            }
            continue;
        }
        while signals.next().is_some() {}
        sessions -= reap().min(sessions);
        if !session::is_readable(&listener) {
            continue;
        }
        let (socket, peer) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) => {
                log.write(format_args!("accept: {}", safebox::error::reason(&error)));
                // Out of descriptors or memory: a session may end meanwhile.
                std::thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        if sessions >= SESSIONS {
            log.write(format_args!("{peer}: too many sessions"));
            // The peer reads it or is gone; both are fine.
            let _ = (&socket).write_all(b"Too many sessions.\r\n");
            continue;
        }
        match process::fork() {
            Ok(Fork::Parent(_)) => sessions += 1,
            Ok(Fork::Child) => {
                drop(listener);
                drop(signals);
                return Ok(session::serve(ctx, socket, program));
            }
            Err(error) => log.write(format_args!("fork: {}", safebox::error::reason(&error))),
        }
    }
}

/// Collects ended sessions; how many there were.
fn reap() -> usize {
    use rustix::process::{WaitOptions, wait};
    std::iter::from_fn(|| wait(WaitOptions::NOHANG).ok().flatten()).count()
}

#[test]
fn addresses_come_with_and_without_port() {
    let check = |text: &str, expected: Option<&str>| {
        assert_eq!(
            address(text, 23).map(|a| a.to_string()).as_deref(),
            expected
        );
    };
    check("192.168.1.1", Some("192.168.1.1:23"));
    check("192.168.1.1:2323", Some("192.168.1.1:2323"));
    check("::1", Some("[::1]:23"));
    check("[::1]:2323", Some("[::1]:2323"));
    check("router", None);
}
