//! ip - interfaces, addresses, routes and neighbours.
//!
//! The grammar is iproute2's: an object, a command, pairs of words; every word may be cut
//! short as long as it is clear (`ip a`, `ip r add`). Output has iproute2's form, because
//! scripts take it apart.

mod address;
mod link;
mod neigh;
mod route;

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Error, Exit, Result, reason};
use safebox::net::kernel::Kernel;
use safebox::net::link::Link;
use safebox::net::netlink::{Request, family};
use std::ffi::OsString;

pub static APPLET: Applet = Applet {
    names: &["ip"],
    dir: Dir::Sbin,
    run,
};

const USAGE: &str = "\
Usage: ip [-4|-6] [-o] link|address|route|neigh [COMMAND]

  -4                IPv4 only
  -6                IPv6 only
  -o                one line for each entry
  -f FAMILY         inet or inet6

  ip link [show [DEV] [up]]
  ip link set DEV [up|down] [name NAME] [address MAC] [mtu N] [master DEV|nomaster]
          [txqueuelen N] [arp|multicast|promisc|allmulticast on|off]
  ip link add [link DEV] [name] NAME [address MAC] [mtu N] [up] type KIND [id VLAN]
  ip link delete DEV
  ip address [show [dev] [DEV]]
  ip address add|replace|delete A/LENGTH [broadcast B|+] [peer P] [label L] [scope S] dev DEV
  ip address flush dev DEV [scope S]
  ip route [show [table T] [dev DEV]]
  ip route add|replace|append|delete default|A/LENGTH [via A] [dev DEV] [src A]
          [metric N] [table T]
  ip route flush dev DEV
  ip route get A
  ip neigh [show [dev DEV]]
  ip neigh add|replace|delete A [lladdr MAC] dev DEV
  ip neigh flush dev DEV

Example: ip address add 192.168.1.1/24 broadcast + dev eth0
";

/// What the options before the object ask for.
#[derive(Clone, Copy)]
struct View {
    /// AF_ number; 0: both.
    family: u8,
    one_line: bool,
}

impl View {
    /// Whether an entry of this family is wanted.
    fn wants_v6(self, v6: bool) -> bool {
        self.family == family::UNSPEC || (self.family == family::INET6) == v6
    }

    /// What stands between the lines of one entry.
    fn line_break(self) -> &'static str {
        if self.one_line { "\\" } else { "\n" }
    }
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt_leading(USAGE)?;
    let mut view = View {
        family: family::UNSPEC,
        one_line: opts.has("o"),
    };
    for (key, value) in opts.in_order() {
        view.family = match (key, value.as_encoded_bytes()) {
            ("4", _) | ("f", b"inet") => family::INET,
            ("6", _) | ("f", b"inet6") => family::INET6,
            ("f", _) => return Err(Error::message("a family is inet or inet6")),
            _ => view.family,
        };
    }
    let mut words = Words::new(opts.operands)?;
    let Some(object) = words.next() else {
        return Err(usage(""));
    };
    let kernel = Kernel::open().map_err(|error| Error::message(reason(&error)))?;
    let mut ip = Ip { ctx, view, kernel };
    match choose(
        &object,
        &["link", "address", "addr", "route", "neighbour", "neighbor"],
    )? {
        "link" => link::run(&mut ip, words)?,
        "address" | "addr" => address::run(&mut ip, words)?,
        "route" => route::run(&mut ip, words)?,
        _ => neigh::run(&mut ip, words)?,
    }
    Ok(Exit::OK)
}

/// What every command works with.
struct Ip<'a, 'b> {
    ctx: &'a mut Ctx<'b>,
    view: View,
    kernel: Kernel,
}

impl Ip<'_, '_> {
    /// The interface of this name.
    fn link(&mut self, name: &str) -> Result<Link> {
        let mut links = self.links()?.into_iter();
        links
            .find(|link| link.name == name)
            .ok_or_else(|| Error::message(format!("can't find device '{name}'")))
    }

    fn links(&mut self) -> Result<Vec<Link>> {
        self.kernel.links().map_err(refused)
    }

    fn change(&mut self, request: &Request) -> Result<()> {
        self.kernel.change(request).map_err(refused)
    }
}

/// The name of an interface by its number.
fn name_of(links: &[Link], index: u32) -> String {
    let found = links.iter().find(|link| link.index == index);
    found.map_or_else(|| format!("if{index}"), |link| link.name.clone())
}

/// The kernel's answer in the form that users of `ip` know.
fn refused(error: std::io::Error) -> Error {
    Error::Message(format!("RTNETLINK answers: {}", reason(&error)), Exit(2))
}

fn usage(complaint: &str) -> Error {
    Error::Usage {
        complaint: complaint.into(),
        usage: USAGE.into(),
        exit: Exit::FAILED,
    }
}

/// The first of the words that begins with what was typed.
fn choose(typed: &str, words: &[&'static str]) -> Result<&'static str> {
    words
        .iter()
        .copied()
        .find(|word| !typed.is_empty() && word.starts_with(typed))
        .ok_or_else(|| usage(&format!("unknown command '{typed}'")))
}

/// The words of a command line, from left to right.
struct Words(std::vec::IntoIter<String>);

impl Words {
    fn new(words: Vec<OsString>) -> Result<Words> {
        let text = |word: OsString| {
            word.into_string()
                .map_err(|word| Error::message(format!("bad word '{}'", word.to_string_lossy())))
        };
        let words: Result<Vec<String>> = words.into_iter().map(text).collect();
        Ok(Words(words?.into_iter()))
    }

    fn next(&mut self) -> Option<String> {
        self.0.next()
    }

    /// The word that must follow `after`.
    fn value(&mut self, after: &str) -> Result<String> {
        self.next()
            .ok_or_else(|| usage(&format!("'{after}' needs a value")))
    }

    /// The number that must follow `after`.
    fn number<N: std::str::FromStr>(&mut self, after: &str) -> Result<N> {
        let word = self.value(after)?;
        word.parse().map_err(|_| invalid(after, &word))
    }

    /// The command, `show` if there is none.
    fn command(&mut self, words: &[&'static str]) -> Result<&'static str> {
        match self.next() {
            Some(word) => choose(&word, words),
            None => Ok("show"),
        }
    }
}

fn invalid(what: &str, word: &str) -> Error {
    Error::message(format!("invalid {what} '{word}'"))
}

/// `global`, `link`, `host` or a number.
fn scope_number(word: &str) -> Result<u8> {
    Ok(match word {
        "global" => 0,
        "site" => 200,
        "link" => 253,
        "host" => 254,
        number => number.parse().map_err(|_| invalid("scope", word))?,
    })
}

fn scope_name(scope: u8) -> String {
    match scope {
        0 => "global".into(),
        200 => "site".into(),
        253 => "link".into(),
        254 => "host".into(),
        number => number.to_string(),
    }
}
