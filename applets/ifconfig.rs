//! ifconfig - the old way to look at interfaces and to give them an address.
//!
//! It speaks netlink like `ip` does: one way to the kernel for both.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Error, Exit, Result, reason};
use safebox::net::interface::{self, Address, Details};
use safebox::net::kernel::Kernel;
use safebox::net::link::{self, Changes, Link, iff};
use safebox::net::netlink::{Request, family, flag};
use safebox::net::prefix::{Prefix, mac_text, netmask, netmask_length, parse_mac};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

pub static APPLET: Applet = Applet {
    names: &["ifconfig"],
    dir: Dir::Sbin,
    run,
};

const USAGE: &str = "\
Usage: ifconfig [-a] [INTERFACE]
       ifconfig INTERFACE [ADDRESS[/LENGTH]] [netmask MASK] [broadcast A] [hw ether MAC]
                [mtu N] [txqueuelen N] [add|del ADDRESS6/LENGTH] [up|down] [[-]arp]
                [[-]promisc] [[-]allmulti] [[-]multicast]

Show interfaces, or change one.

  -a                show those that are down, too

Example: ifconfig eth0 192.168.1.1 netmask 255.255.255.0 up
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let all = ctx.args.first().is_some_and(|arg| arg == "-a");
    let first = ctx
        .args
        .first()
        .map(|arg| arg.to_string_lossy().into_owned());
    if first.as_deref() == Some("--help")
        || first.as_deref().is_some_and(|a| a.starts_with('-') && !all)
    {
        ctx.getopt(USAGE)?;
    }
    let text = |arg: &std::ffi::OsString| arg.to_string_lossy().into_owned();
    let words: Vec<String> = ctx.args.iter().skip(usize::from(all)).map(text).collect();
    let mut kernel = Kernel::open().map_err(|error| Error::message(reason(&error)))?;
    match words.split_first() {
        None => show(ctx, &mut kernel, None, all)?,
        Some((name, [])) => show(ctx, &mut kernel, Some(name), true)?,
        Some((name, words)) => change(&mut kernel, name, words)?,
    }
    Ok(Exit::OK)
}

fn failed(name: &str) -> impl Fn(std::io::Error) -> Error {
    move |error| Error::message(format!("{name}: {}", reason(&error)))
}

fn show(ctx: &mut Ctx, kernel: &mut Kernel, name: Option<&String>, all: bool) -> Result<()> {
    let links = kernel.links().map_err(failed("interfaces"))?;
    let addresses = kernel
        .addresses(family::UNSPEC)
        .map_err(failed("addresses"))?;
    let mut found = false;
    for link in &links {
        let wanted = match name {
            Some(name) => *name == link.name,
            None => all || link.flags & iff::UP != 0,
        };
        if wanted {
            found = true;
            let own: Vec<_> = addresses.iter().filter(|a| a.index == link.index).collect();
            ctx.out.line(describe(link, &own));
        }
    }
    match name {
        Some(name) if !found => Err(Error::message(format!(
            "{name}: error fetching interface information: Device not found"
        ))),
        _ => Ok(()),
    }
}

/// The paragraph about an interface; scripts look for its words.
fn describe(link: &Link, addresses: &[&Address]) -> String {
    let mut text = format!("{:<9} Link encap:", link.name);
    match link.hardware {
        1 => {
            let mac = mac_text(&link.address).to_ascii_uppercase();
            write!(text, "Ethernet  HWaddr {mac}  ").unwrap_or_default();
        }
        772 => text.push_str("Local Loopback  "),
        512 => text.push_str("Point-to-Point Protocol  "),
        _ => text.push_str("UNSPEC  "),
    }
    for address in addresses {
        text.push_str("\n          ");
        match address.local.address {
            IpAddr::V4(own) => {
                write!(text, "inet addr:{own}  ").unwrap_or_default();
                if let Some(peer) = address.peer {
                    write!(text, "P-t-P:{peer}  ").unwrap_or_default();
                }
                if let Some(broadcast) = address.broadcast {
                    write!(text, "Bcast:{broadcast}  ").unwrap_or_default();
                }
                write!(text, "Mask:{}", netmask(address.local.length)).unwrap_or_default();
            }
            IpAddr::V6(_) => {
                let scope = match address.scope {
                    0 => "Global",
                    253 => "Link",
                    254 => "Host",
                    _ => "Site",
                };
                write!(text, "inet6 addr: {} Scope:{scope}", address.local).unwrap_or_default();
            }
        }
    }
    text.push_str("\n          ");
    const NAMES: [(u32, &str); 8] = [
        (iff::UP, "UP "),
        (iff::BROADCAST, "BROADCAST "),
        (iff::LOOPBACK, "LOOPBACK "),
        (iff::POINTOPOINT, "POINTOPOINT "),
        (iff::RUNNING, "RUNNING "),
        (iff::NOARP, "NOARP "),
        (iff::PROMISC, "PROMISC "),
        (iff::MULTICAST, "MULTICAST "),
    ];
    for (flag, name) in NAMES {
        if link.flags & flag != 0 {
            text.push_str(name);
        }
    }
    let [packets_in, bytes_in, errors_in, dropped_in] = link.counters.received;
    let [packets_out, bytes_out, errors_out, dropped_out] = link.counters.sent;
    let blanks = "          ";
    write!(
        text,
        " MTU:{}  Metric:1\n\
         {blanks}RX packets:{packets_in} errors:{errors_in} dropped:{dropped_in} overruns:0 frame:0\n\
         {blanks}TX packets:{packets_out} errors:{errors_out} dropped:{dropped_out} overruns:0 carrier:0\n\
         {blanks}collisions:{} txqueuelen:{} \n\
         {blanks}RX bytes:{bytes_in} ({})  TX bytes:{bytes_out} ({})\n",
        link.mtu,
        link.counters.collisions,
        link.queue_length,
        human(bytes_in),
        human(bytes_out),
    )
    .unwrap_or_default();
    text
}

/// `1.5 KiB`: one digit behind the point.
fn human(bytes: u64) -> String {
    let (mut tenths, mut unit) = (u128::from(bytes) * 10, 0);
    while tenths >= 10_240 && unit < 4 {
        tenths /= 1024;
        unit += 1;
    }
    let names = ["B", "KiB", "MiB", "GiB", "TiB"];
    let name = names.get(unit).unwrap_or(&"");
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

/// What the command line asks for.
#[derive(Default)]
struct Plan {
    changes: Changes,
    address: Option<Prefix>,
    /// Without one the class of the address decides, as it did in 1985.
    length: Option<u8>,
    broadcast: Option<Ipv4Addr>,
    add: Vec<Prefix>,
    delete: Vec<Prefix>,
}

fn change(kernel: &mut Kernel, name: &str, words: &[String]) -> Result<()> {
    let plan = read(words)?;
    let links = kernel.links().map_err(failed(name))?;
    let link = links
        .iter()
        .find(|link| link.name == name)
        .ok_or_else(|| Error::message(format!("{name}: No such device")))?;
    let mut send = |request: &Request| kernel.change(request).map_err(failed(name));
    // A hardware address can be changed only while the interface is down.
    send(&link::change(link.index, &plan.changes))?;
    for prefix in &plan.delete {
        send(&interface::delete(link.index, *prefix))?;
    }
    for prefix in &plan.add {
        send(&interface::add(
            link.index,
            *prefix,
            &Details::default(),
            flag::REPLACE,
        ))?;
    }
    set_address(kernel, link, &plan)
}

/// ifconfig knows one IPv4 address for each interface: the new one replaces the old.
fn set_address(kernel: &mut Kernel, link: &Link, plan: &Plan) -> Result<()> {
    if plan.address.is_none() && plan.length.is_none() && plan.broadcast.is_none() {
        return Ok(());
    }
    let name = link.name.as_str();
    let old = kernel.addresses(family::INET).map_err(failed(name))?;
    let old = old
        .iter()
        .find(|a| a.index == link.index && a.label == link.name);
    let base = match (plan.address, old) {
        (Some(address), _) => address,
        (None, Some(old)) => old.local,
        (None, None) => {
            return Err(Error::message(format!(
                "{name}: Cannot assign requested address"
            )));
        }
    };
    let local = Prefix {
        length: plan.length.unwrap_or(base.length),
        ..base
    };
    if let Some(old) = old {
        kernel
            .change(&interface::delete(link.index, old.local))
            .map_err(failed(name))?;
    }
    if local.address.is_unspecified() {
        return Ok(());
    }
    let computed = local
        .broadcast()
        .filter(|_| local.length < 31 && link.flags & iff::BROADCAST != 0);
    let details = Details {
        broadcast: plan.broadcast.or(computed),
        label: Some(name.as_bytes().to_vec()),
        scope: if local.address.is_loopback() { 254 } else { 0 },
        ..Details::default()
    };
    let request = interface::add(link.index, local, &details, flag::REPLACE);
    kernel.change(&request).map_err(failed(name))?;
    let up = Changes {
        flags: iff::UP,
        mask: iff::UP,
        ..Changes::default()
    };
    // An address brings the interface up, unless it was told to go down.
    if plan.changes.mask & iff::UP == 0 && plan.address.is_some() {
        kernel
            .change(&link::change(link.index, &up))
            .map_err(failed(name))?;
    }
    Ok(())
}

fn read(words: &[String]) -> Result<Plan> {
    let mut plan = Plan::default();
    let mut words = words.iter().map(String::as_str);
    let bad = |word: &str| Error::message(format!("bad value '{word}'"));
    while let Some(word) = words.next() {
        let mut value = || {
            let missing = || Error::message(format!("'{word}' needs a value"));
            words.next().ok_or_else(missing)
        };
        let (on, bare) = match word.strip_prefix('-') {
            Some(bare) => (false, bare),
            None => (true, word),
        };
        match bare {
            "up" => set(&mut plan.changes, iff::UP, true),
            "down" => set(&mut plan.changes, iff::UP, false),
            "arp" => set(&mut plan.changes, iff::NOARP, !on),
            "promisc" => set(&mut plan.changes, iff::PROMISC, on),
            "allmulti" => set(&mut plan.changes, iff::ALLMULTI, on),
            "multicast" => set(&mut plan.changes, iff::MULTICAST, on),
            "netmask" => {
                let word = value()?;
                let mask = word.parse().ok().and_then(netmask_length);
                plan.length = Some(mask.ok_or_else(|| bad(word))?);
            }
            "broadcast" => {
                let word = value()?;
                plan.broadcast = Some(word.parse().map_err(|_| bad(word))?);
            }
            "mtu" => {
                let word = value()?;
                plan.changes.mtu = Some(word.parse().map_err(|_| bad(word))?);
            }
            "txqueuelen" => {
                let word = value()?;
                plan.changes.queue_length = Some(word.parse().map_err(|_| bad(word))?);
            }
            "hw" => {
                let class = value()?;
                if class != "ether" {
                    return Err(bad(class));
                }
                let word = words.next().ok_or_else(|| bad("hw ether"))?;
                let mac = parse_mac(word).ok_or_else(|| bad(word))?;
                plan.changes.address = Some(mac.to_vec());
            }
            "add" | "del" => {
                let word = value()?;
                let prefix = Prefix::parse(word).ok_or_else(|| bad(word))?;
                let list = if bare == "add" {
                    &mut plan.add
                } else {
                    &mut plan.delete
                };
                list.push(prefix);
            }
            _ => {
                let prefix = Prefix::parse(word).filter(|p| p.address.is_ipv4());
                let mut prefix = prefix.ok_or_else(|| bad(word))?;
                if !word.contains('/') {
                    prefix.length = class_length(prefix.address);
                }
                plan.address = Some(prefix);
            }
        }
    }
    Ok(plan)
}

fn set(changes: &mut Changes, flag: u32, on: bool) {
    changes.mask |= flag;
    if on {
        changes.flags |= flag;
    } else {
        changes.flags &= !flag;
    }
}

/// The network of an address before there were netmasks: classes A, B and C.
fn class_length(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(address) => match address.octets()[0] {
            0..128 => 8,
            128..192 => 16,
            _ => 24,
        },
        IpAddr::V6(_) => 128,
    }
}

#[test]
fn bytes_are_shown_as_people_read_them() {
    let check = |bytes, expected| assert_eq!(human(bytes), expected);
    check(0, "0.0 B");
    check(1023, "1023.0 B");
    check(1536, "1.5 KiB");
    // Tenths are cut, not rounded.
    check(u64::MAX, "16777215.9 TiB");
}
