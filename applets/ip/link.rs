//! `ip link`: interfaces themselves.

use super::{Ip, Words, invalid, name_of, usage};
use safebox::error::{Error, Result};
use safebox::net::link::{self, Changes, Link, iff};
use safebox::net::prefix::{mac_text, parse_mac};
use std::fmt::Write as _;

pub fn run(ip: &mut Ip, mut words: Words) -> Result<()> {
    match words.command(&["show", "list", "lst", "set", "add", "delete"])? {
        "set" => set(ip, words),
        "add" => add(ip, words),
        "delete" => delete(ip, words),
        _ => show(ip, words),
    }
}

fn show(ip: &mut Ip, mut words: Words) -> Result<()> {
    let (mut device, mut up) = (None, false);
    while let Some(word) = words.next() {
        match word.as_str() {
            "up" => up = true,
            "dev" => device = Some(words.value("dev")?),
            _ => device = Some(word),
        }
    }
    if let Some(device) = &device {
        ip.link(device)?;
    }
    let links = ip.links()?;
    let wanted = |link: &&Link| {
        device.as_ref().is_none_or(|name| *name == link.name) && (!up || link.flags & iff::UP != 0)
    };
    for link in links.iter().filter(wanted) {
        let text = head(link, &links, true) + ip.view.line_break() + &hardware(link);
        ip.ctx.out.line(text);
    }
    Ok(())
}

/// The first line about an interface; the mode is shown by `ip link` alone.
pub fn head(link: &Link, links: &[Link], with_mode: bool) -> String {
    let mut text = format!("{}: {}", link.index, link.name);
    match link.lower {
        None => {}
        Some(0) => text.push_str("@NONE"),
        Some(lower) => write!(text, "@{}", name_of(links, lower)).unwrap_or_default(),
    }
    let is_down = |index| {
        links
            .iter()
            .any(|l| l.index == index && l.flags & iff::UP == 0)
    };
    let below = if link.lower.is_some_and(is_down) {
        ",M-DOWN"
    } else {
        ""
    };
    let flags = flag_names(link.flags);
    write!(text, ": <{flags}{below}> mtu {}", link.mtu).unwrap_or_default();
    if !link.qdisc.is_empty() {
        write!(text, " qdisc {}", link.qdisc).unwrap_or_default();
    }
    if link.master != 0 {
        write!(text, " master {}", name_of(links, link.master)).unwrap_or_default();
    }
    write!(text, " state {}", state(link.state)).unwrap_or_default();
    if with_mode {
        text.push_str(if link.mode == 1 {
            " mode DORMANT"
        } else {
            " mode DEFAULT"
        });
    }
    match link.group {
        0 => text.push_str(" group default"),
        number => write!(text, " group {number}").unwrap_or_default(),
    }
    if link.queue_length != 0 {
        write!(text, " qlen {}", link.queue_length).unwrap_or_default();
    }
    text
}

/// The second line: what kind of wire, and the addresses on it.
pub fn hardware(link: &Link) -> String {
    let kind = match link.hardware {
        1 => "ether".into(),
        512 => "ppp".into(),
        768 => "ipip".into(),
        769 => "tunnel6".into(),
        772 => "loopback".into(),
        776 => "sit".into(),
        778 => "gre".into(),
        801 => "ieee802.11".into(),
        803 => "ieee802.11/radiotap".into(),
        65534 => "none".into(),
        number => format!("[{number}]"),
    };
    let mut text = format!("    link/{kind} {}", mac_text(&link.address));
    if !link.broadcast.is_empty() {
        write!(text, " brd {}", mac_text(&link.broadcast)).unwrap_or_default();
    }
    text
}

fn flag_names(flags: u32) -> String {
    const NAMES: [(u32, &str); 9] = [
        (iff::LOOPBACK, "LOOPBACK"),
        (iff::BROADCAST, "BROADCAST"),
        (iff::POINTOPOINT, "POINTOPOINT"),
        (iff::MULTICAST, "MULTICAST"),
        (iff::NOARP, "NOARP"),
        (iff::ALLMULTI, "ALLMULTI"),
        (iff::PROMISC, "PROMISC"),
        (iff::UP, "UP"),
        (iff::LOWER_UP, "LOWER_UP"),
    ];
    let mut names = Vec::new();
    if flags & iff::UP != 0 && flags & iff::RUNNING == 0 {
        names.push("NO-CARRIER");
    }
    let set = NAMES.iter().filter(|(flag, _)| flags & flag != 0);
    names.extend(set.map(|(_, name)| name));
    names.join(",")
}

fn state(number: u8) -> String {
    let names = [
        "UNKNOWN",
        "NOTPRESENT",
        "DOWN",
        "LOWERLAYERDOWN",
        "TESTING",
        "DORMANT",
        "UP",
    ];
    match names.get(usize::from(number)) {
        Some(name) => (*name).to_owned(),
        None => format!("{number:#x}"),
    }
}

fn set(ip: &mut Ip, mut words: Words) -> Result<()> {
    let mut device = None;
    let mut changes = Changes::default();
    while let Some(word) = words.next() {
        match word.as_str() {
            "up" => switch(&mut changes, iff::UP, true),
            "down" => switch(&mut changes, iff::UP, false),
            "dev" => device = Some(words.value("dev")?),
            "name" => changes.name = Some(link_name(words.value("name")?)?),
            "address" | "lladdr" => changes.address = Some(hardware_address(&mut words)?),
            "broadcast" | "brd" => changes.broadcast = Some(hardware_address(&mut words)?),
            "mtu" => changes.mtu = Some(words.number("mtu")?),
            "txqueuelen" | "qlen" | "txqlen" => {
                changes.queue_length = Some(words.number("txqueuelen")?);
            }
            "master" => {
                let master = words.value("master")?;
                changes.master = Some(ip.link(&master)?.index);
            }
            "nomaster" => changes.master = Some(0),
            "arp" => {
                let on = on_or_off(&mut words, "arp")?;
                switch(&mut changes, iff::NOARP, !on);
            }
            "multicast" => {
                let on = on_or_off(&mut words, "multicast")?;
                switch(&mut changes, iff::MULTICAST, on);
            }
            "promisc" => {
                let on = on_or_off(&mut words, "promisc")?;
                switch(&mut changes, iff::PROMISC, on);
            }
            "allmulticast" | "allmulti" => {
                let on = on_or_off(&mut words, "allmulticast")?;
                switch(&mut changes, iff::ALLMULTI, on);
            }
            _ if device.is_none() => device = Some(word),
            _ => return Err(usage(&format!("unknown word '{word}'"))),
        }
    }
    let device = device.ok_or_else(|| usage("which device?"))?;
    let index = ip.link(&device)?.index;
    ip.change(&link::change(index, &changes))
}

fn switch(changes: &mut Changes, flag: u32, on: bool) {
    changes.mask |= flag;
    if on {
        changes.flags |= flag;
    } else {
        changes.flags &= !flag;
    }
}

fn on_or_off(words: &mut Words, after: &str) -> Result<bool> {
    match words.value(after)?.as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(invalid(after, other)),
    }
}

fn hardware_address(words: &mut Words) -> Result<Vec<u8>> {
    let word = words.value("address")?;
    let mac = parse_mac(&word).ok_or_else(|| invalid("hardware address", &word))?;
    Ok(mac.to_vec())
}

/// A name that the kernel takes: 1 to 15 bytes, no slash, no blank.
fn link_name(name: String) -> Result<Vec<u8>> {
    let fits = (1..16).contains(&name.len())
        && name != "."
        && name != ".."
        && !name.bytes().any(|b| b == b'/' || b.is_ascii_whitespace());
    if fits {
        Ok(name.into_bytes())
    } else {
        Err(invalid("name", &name))
    }
}

fn add(ip: &mut Ip, mut words: Words) -> Result<()> {
    let (mut name, mut kind, mut lower, mut vlan) = (None, None, None, None);
    let mut details = Changes::default();
    while let Some(word) = words.next() {
        match word.as_str() {
            "link" => {
                let device = words.value("link")?;
                lower = Some(ip.link(&device)?.index);
            }
            "name" | "dev" => name = Some(words.value("name")?),
            "type" => kind = Some(words.value("type")?),
            "address" => details.address = Some(hardware_address(&mut words)?),
            "mtu" => details.mtu = Some(words.number("mtu")?),
            "up" => switch(&mut details, iff::UP, true),
            "id" => vlan = Some(words.number::<u16>("id")?),
            _ if name.is_none() => name = Some(word),
            _ => return Err(usage(&format!("unknown word '{word}'"))),
        }
    }
    let kind = kind.ok_or_else(|| usage("which type?"))?;
    let name = link_name(name.ok_or_else(|| usage("which name?"))?)?;
    if kind == "vlan" {
        if lower.is_none() {
            return Err(Error::message("a vlan needs 'link DEV'"));
        }
        match vlan {
            Some(0..4096) => {}
            Some(id) => return Err(invalid("id", &id.to_string())),
            None => return Err(Error::message("a vlan needs 'id N'")),
        }
    }
    details.name = Some(name);
    ip.change(&link::create(kind.as_bytes(), lower, vlan, &details))
}

fn delete(ip: &mut Ip, mut words: Words) -> Result<()> {
    let mut device = None;
    while let Some(word) = words.next() {
        match word.as_str() {
            "dev" => device = Some(words.value("dev")?),
            // iproute2 allows the type to be repeated.
            "type" => drop(words.value("type")?),
            _ => device = Some(word),
        }
    }
    let device = device.ok_or_else(|| usage("which device?"))?;
    let index = ip.link(&device)?.index;
    ip.change(&link::delete(index))
}
