//! sshd - logins by ssh, also under the name dropbear.
//!
//! The listener is a small process; each connection is served by one that executes this
//! binary anew. The options are dropbear's.

mod connection;
mod forward;
mod host_keys;
mod listener;
mod login;
mod program;
mod relay;
mod transfer;

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::opts::declared::Raw;
use safebox::proc::log::Log;
use safebox::ssh::server::algorithms;
use safebox::ssh::server::entry::Policy;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["sshd", "dropbear"],
    dir: Dir::UsrSbin,
    run,
};

/// Serve logins by ssh. Without -F it goes to the background once it listens.
#[derive(FromArgs, ArgsInfo)]
#[argh(
    example = "sshd -R",
    note = "In failsafe mode the host keys are made in /tmp, and root needs no password while \
            there is none."
)]
struct Options {
    /// a host key, of dropbear or of OpenSSH; may be given several times (default:
    /// /etc/dropbear/dropbear_ed25519_host_key and dropbear_ecdsa_host_key)
    #[argh(option, short = 'r', arg_name = "FILE")]
    host_keys: Vec<Raw>,
    /// make the host keys that are missing
    #[argh(switch, short = 'R')]
    make_keys: bool,
    /// show FILE before the login
    #[argh(option, short = 'b', arg_name = "FILE")]
    banner: Option<Raw>,
    /// the authorized_keys of everybody are in DIR; ~ is the home directory
    #[argh(option, short = 'D', arg_name = "DIR")]
    keys_dir: Option<Raw>,
    /// stay in the foreground
    #[argh(switch, short = 'F')]
    foreground: bool,
    /// report to standard error instead of syslog
    #[argh(switch, short = 'E')]
    stderr: bool,
    /// sessions get the environment of the server
    #[argh(switch, short = 'e')]
    environment: bool,
    /// for compatibility: no message of the day is shown in any case
    #[argh(switch, short = 'm')]
    #[allow(dead_code, reason = "there is no message to leave out")]
    no_motd: bool,
    /// root may not log in
    #[argh(switch, short = 'w')]
    no_root: bool,
    /// only members of GROUP may log in
    #[argh(option, short = 'G', arg_name = "GROUP")]
    group: Option<Raw>,
    /// nobody may log in by password
    #[argh(switch, short = 's')]
    no_passwords: bool,
    /// root may not log in by password, or without one
    #[argh(switch, short = 'g')]
    no_root_password: bool,
    /// every account without a password may log in without one, not just root
    #[argh(switch, short = 'B')]
    blank: bool,
    /// a key and a password are needed
    #[argh(switch, short = 't')]
    two_factors: bool,
    /// tries for a login (default 10)
    #[argh(option, short = 'T', arg_name = "N")]
    tries: Option<u32>,
    /// no forwarding from the client's side (-L)
    #[argh(switch, short = 'j')]
    no_local_forwards: bool,
    /// no forwarding from the server's side (-R)
    #[argh(switch, short = 'k')]
    no_remote_forwards: bool,
    /// others than this device may connect to ports forwarded from the server's side
    #[argh(switch, short = 'a')]
    open_forwards: bool,
    /// run CMD whatever is asked for
    #[argh(option, short = 'c', arg_name = "CMD")]
    command: Option<Raw>,
    /// listen on PORT, ADDR:PORT or [ADDR6]:PORT (default 22); up to 10 times
    #[argh(option, short = 'p', arg_name = "[ADDR:]PORT")]
    listen: Vec<String>,
    /// write the process number to FILE (default /var/run/dropbear.pid)
    #[argh(option, short = 'P', arg_name = "FILE")]
    pid_file: Option<Raw>,
    /// listen on the network device DEV only
    #[argh(option, short = 'l', arg_name = "DEV")]
    device: Option<String>,
    /// serve the one connection on standard input (inetd)
    #[argh(switch, short = 'i')]
    inetd: bool,
    /// receive so many bytes on a channel before it is told to go on (default 262144)
    #[argh(option, short = 'W', arg_name = "BYTES")]
    window: Option<u32>,
    /// ask a silent client every SEC seconds whether it is there; 0: never
    #[argh(option, short = 'K', arg_name = "SEC")]
    keepalive: Option<u64>,
    /// end a connection that carries nothing for SEC seconds; 0: never
    #[argh(option, short = 'I', arg_name = "SEC")]
    idle: Option<u64>,
    /// end every connection after SEC seconds; 0: never
    #[argh(option, short = 'M', arg_name = "SEC")]
    longest: Option<u64>,
    /// for compatibility: packets are not marked in any case
    #[argh(switch, short = 'z')]
    #[allow(dead_code, reason = "there are no marks to leave out")]
    no_marks: bool,
    /// list the algorithms of a kind: kex, cipher, mac, key, compression
    #[argh(option, short = 'Q', arg_name = "KIND")]
    query: Option<String>,
    /// show the version
    #[argh(switch, short = 'V')]
    version: bool,
    /// show this help
    #[argh(switch, short = 'h')]
    short_help: bool,
    /// change keys after so many bytes
    #[argh(option, hidden_help)]
    rekey: Option<usize>,
    /// how the listener calls for a connection
    #[argh(switch, hidden_help)]
    connection: bool,
}

impl Options {
    fn policy(&self) -> Policy {
        Policy {
            blank_for_all: self.blank,
            no_passwords: self.no_passwords,
            no_root_password: self.no_root_password,
            no_root: self.no_root,
            group: self.group.as_ref().map(|name| name.0.as_bytes().to_vec()),
        }
    }

    fn log(&self, ctx: &Ctx) -> Log {
        Log {
            name: ctx.name(),
            syslog: !self.stderr,
        }
    }
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    if options.short_help {
        ctx.args = vec!["--help".into()];
        return ctx.options::<Options>().map(|_| Exit::OK);
    }
    if options.version {
        ctx.out
            .line(concat!("safebox v", env!("CARGO_PKG_VERSION")));
        return Ok(Exit::OK);
    }
    if let Some(kind) = &options.query {
        return match algorithms::names(kind) {
            Some(names) => {
                names.iter().for_each(|name| ctx.out.line(name));
                Ok(Exit::OK)
            }
            None => Err(Error::message(
                "-Q takes kex, cipher, mac, key or compression",
            )),
        };
    }
    if options.blank && options.two_factors {
        return Err(Error::message("-B and -t exclude each other"));
    }
    if options.connection || options.inetd {
        return connection::serve(ctx, &options);
    }
    let keys = host_keys::load(ctx, &options)?;
    let addresses = addresses(&options.listen)?;
    listener::start(ctx, &options, &addresses, &keys)
}

/// Where to listen; None as address is all of them.
fn addresses(given: &[String]) -> Result<Vec<(Option<IpAddr>, u16)>> {
    if given.is_empty() {
        return Ok(vec![(None, 22)]);
    }
    if given.len() > 10 {
        return Err(Error::message("-p may be given 10 times"));
    }
    let bad = |text: &String| Error::message(format!("bad address '{text}'"));
    given
        .iter()
        .map(|text| address(text).ok_or_else(|| bad(text)))
        .collect()
}

fn address(text: &str) -> Option<(Option<IpAddr>, u16)> {
    if let Ok(port) = text.parse() {
        return Some((None, port));
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some((Some(address.ip()), address.port()));
    }
    // Also an IPv6 address without brackets, as dropbear takes it.
    let (address, port) = text.rsplit_once(':')?;
    let port = port.parse().ok()?;
    match address {
        "" | "*" => Some((None, port)),
        address => Some((Some(address.parse().ok()?), port)),
    }
}

/// Standard input, to be kept.
fn own_stdin(ctx: &Ctx) -> Result<std::os::fd::OwnedFd> {
    let file = ctx.stdin().try_clone().at("use", "standard input")?;
    Ok(file.into())
}

#[test]
fn addresses_come_in_every_spelling() {
    let check = |text: &str, expected: Option<&str>| {
        let found = address(text).map(|(address, port)| match address {
            Some(address) => SocketAddr::new(address, port).to_string(),
            None => port.to_string(),
        });
        assert_eq!(found.as_deref(), expected);
    };
    check("2222", Some("2222"));
    check("192.168.1.1:22", Some("192.168.1.1:22"));
    check("[fe80::1]:22", Some("[fe80::1]:22"));
    check("fe80::1:22", Some("[fe80::1]:22"));
    check(":22", Some("22"));
    check("192.168.1.1", None);
    check("router:22", None);
    check("70000", None);
}
