//! `ip address`: addresses of interfaces.

use super::{Ip, Words, invalid, link, scope_name, scope_number, usage};
use safebox::error::{Error, Result};
use safebox::net::interface::{self, Address, Details, FOREVER, address_flag};
use safebox::net::link::{Link, iff};
use safebox::net::netlink::flag;
use safebox::net::prefix::Prefix;
use std::fmt::Write as _;

pub fn run(ip: &mut Ip, mut words: Words) -> Result<()> {
    let commands = [
        "show", "list", "lst", "add", "replace", "change", "delete", "flush",
    ];
    match words.command(&commands)? {
        "add" => change(ip, words, Some(flag::EXCL)),
        "replace" | "change" => change(ip, words, Some(flag::REPLACE)),
        "delete" => change(ip, words, None),
        "flush" => flush(ip, words),
        _ => show(ip, words),
    }
}

/// Which entries `show` and `flush` mean.
#[derive(Default)]
struct Filter {
    device: Option<String>,
    scope: Option<u8>,
    up: bool,
}

impl Filter {
    fn read(words: &mut Words) -> Result<Filter> {
        let mut filter = Filter::default();
        while let Some(word) = words.next() {
            match word.as_str() {
                "dev" => filter.device = Some(words.value("dev")?),
                "scope" => filter.scope = Some(scope_number(&words.value("scope")?)?),
                "up" => filter.up = true,
                _ => filter.device = Some(word),
            }
        }
        Ok(filter)
    }

    fn wants(&self, address: &Address) -> bool {
        self.scope.is_none_or(|scope| scope == address.scope)
    }
}

fn show(ip: &mut Ip, mut words: Words) -> Result<()> {
    let filter = Filter::read(&mut words)?;
    if let Some(device) = &filter.device {
        ip.link(device)?;
    }
    let links = ip.links()?;
    let addresses = addresses(ip)?;
    for entry in &links {
        let named = filter
            .device
            .as_ref()
            .is_none_or(|name| *name == entry.name);
        if !named || (filter.up && entry.flags & iff::UP == 0) {
            continue;
        }
        let own: Vec<_> = addresses
            .iter()
            .filter(|a| a.index == entry.index && filter.wants(a))
            .collect();
        if own.is_empty() && (ip.view.family != 0 || filter.scope.is_some()) {
            continue;
        }
        if !ip.view.one_line {
            ip.ctx.out.line(link::head(entry, &links, false));
            if ip.view.family == 0 {
                ip.ctx.out.line(link::hardware(entry));
            }
        }
        for address in own {
            let text = line(ip, entry, address);
            ip.ctx.out.line(text);
        }
    }
    Ok(())
}

/// Every address of the wanted family.
fn addresses(ip: &mut Ip) -> Result<Vec<Address>> {
    let view = ip.view;
    let mut addresses = ip.kernel.addresses(view.family).map_err(super::refused)?;
    addresses.retain(|address| view.wants_v6(address.local.address.is_ipv6()));
    Ok(addresses)
}

fn line(ip: &Ip, entry: &Link, address: &Address) -> String {
    let mut text = String::new();
    if ip.view.one_line {
        write!(text, "{}: {}", entry.index, entry.name).unwrap_or_default();
    }
    let kind = if address.local.address.is_ipv6() {
        "inet6"
    } else {
        "inet"
    };
    match address.peer {
        Some(peer) => write!(
            text,
            "    {kind} {} peer {peer}/{}",
            address.local.address, address.local.length
        ),
        None => write!(text, "    {kind} {}", address.local),
    }
    .unwrap_or_default();
    if let Some(broadcast) = address.broadcast {
        write!(text, " brd {broadcast}").unwrap_or_default();
    }
    write!(text, " scope {} ", scope_name(address.scope)).unwrap_or_default();
    for (flag, name) in [
        (address_flag::SECONDARY, "secondary "),
        (address_flag::TENTATIVE, "tentative "),
    ] {
        if address.flags & flag != 0 {
            text.push_str(name);
        }
    }
    if address.flags & address_flag::PERMANENT == 0 {
        text.push_str("dynamic ");
    }
    // Without a label the blank stays: iproute2 has it too, and scripts compare lines.
    text.push_str(&address.label);
    let time = |seconds| match seconds {
        FOREVER => "forever".to_owned(),
        seconds => format!("{seconds}sec"),
    };
    let (valid, preferred) = (time(address.lifetime.0), time(address.lifetime.1));
    text.push_str(ip.view.line_break());
    write!(text, "       valid_lft {valid} preferred_lft {preferred}").unwrap_or_default();
    text
}

/// Adds (with the flag that says how) or deletes.
fn change(ip: &mut Ip, mut words: Words, how: Option<u16>) -> Result<()> {
    let (mut local, mut device) = (None, None);
    let mut details = Details::default();
    let (mut scope, mut default_broadcast) = (None, false);
    while let Some(word) = words.next() {
        match word.as_str() {
            "dev" => device = Some(words.value("dev")?),
            "local" => local = Some(prefix(&words.value("local")?)?),
            "peer" => {
                let peer = prefix(&words.value("peer")?)?;
                details.peer = Some(peer.address);
            }
            "broadcast" | "brd" => match words.value("broadcast")?.as_str() {
                "+" => default_broadcast = true,
                address => {
                    let broadcast = address.parse().map_err(|_| invalid("broadcast", address))?;
                    details.broadcast = Some(broadcast);
                }
            },
            "label" => details.label = Some(words.value("label")?.into_bytes()),
            "scope" => scope = Some(scope_number(&words.value("scope")?)?),
            _ if local.is_none() => local = Some(prefix(&word)?),
            _ => return Err(usage(&format!("unknown word '{word}'"))),
        }
    }
    let local = local.ok_or_else(|| usage("which address?"))?;
    let device = device.ok_or_else(|| usage("'dev DEV' is missing"))?;
    let index = ip.link(&device)?.index;
    let Some(how) = how else {
        return ip.change(&interface::delete(index, local));
    };
    if default_broadcast {
        details.broadcast = local.broadcast();
    }
    if let Some(label) = &details.label
        && !label.starts_with(device.as_bytes())
    {
        return Err(Error::message(format!(
            "the label must begin with '{device}'"
        )));
    }
    details.scope = scope.unwrap_or(if local.address.is_loopback() { 254 } else { 0 });
    if details.label.is_none() && local.address.is_ipv4() {
        details.label = Some(device.into_bytes());
    }
    ip.change(&interface::add(index, local, &details, how))
}

fn prefix(word: &str) -> Result<Prefix> {
    Prefix::parse(word).ok_or_else(|| invalid("address", word))
}

/// Removes every address of a device, the later ones of a network first: the kernel takes
/// secondary addresses away together with the first one.
fn flush(ip: &mut Ip, mut words: Words) -> Result<()> {
    let filter = Filter::read(&mut words)?;
    let Some(device) = &filter.device else {
        return Err(usage("flush needs a device"));
    };
    let index = ip.link(device)?.index;
    let mut addresses = addresses(ip)?;
    addresses.retain(|address| address.index == index && filter.wants(address));
    for address in addresses.iter().rev() {
        ip.change(&interface::delete(index, address.local))?;
    }
    Ok(())
}
