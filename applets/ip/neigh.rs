//! `ip neigh`: who answered on the wire.

use super::{Ip, Words, invalid, name_of, usage};
use safebox::error::Result;
use safebox::net::neighbour::{self, Neighbour, PERMANENT, STATES};
use safebox::net::netlink::flag;
use safebox::net::prefix::{mac_text, parse_mac};
use std::fmt::Write as _;

/// States that `show` leaves out: nothing is known (0), or nothing could be (NOARP).
const HIDDEN: u16 = 0x40;

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

fn device(ip: &mut Ip, words: &mut Words) -> Result<Option<u32>> {
    let mut device = None;
    while let Some(word) = words.next() {
        let name = match word.as_str() {
            "dev" => words.value("dev")?,
            _ => word,
        };
        device = Some(ip.link(&name)?.index);
    }
    Ok(device)
}

fn selected(ip: &mut Ip, device: Option<u32>) -> Result<Vec<Neighbour>> {
    let view = ip.view;
    let mut found = ip.kernel.neighbours(view.family).map_err(super::refused)?;
    found.retain(|entry| {
        device.is_none_or(|index| index == entry.index)
            && view.wants_v6(entry.address.is_ipv6())
            && entry.state & !HIDDEN != 0
    });
    Ok(found)
}

fn show(ip: &mut Ip, mut words: Words) -> Result<()> {
    let device = device(ip, &mut words)?;
    let links = ip.links()?;
    for entry in selected(ip, device)? {
        let mut text = entry.address.to_string();
        if device.is_none() {
            write!(text, " dev {}", name_of(&links, entry.index)).unwrap_or_default();
        }
        if let Some(hardware) = &entry.hardware {
            write!(text, " lladdr {}", mac_text(hardware)).unwrap_or_default();
        }
        if entry.flags & 0x80 != 0 {
            text.push_str(" router");
        }
        for (bit, name) in STATES {
            if entry.state & bit != 0 {
                write!(text, " {name}").unwrap_or_default();
            }
        }
        text.push(' ');
        ip.ctx.out.line(text);
    }
    Ok(())
}

fn change(ip: &mut Ip, mut words: Words, how: Option<u16>) -> Result<()> {
    let (mut address, mut hardware, mut index) = (None, None, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "dev" => {
                let device = words.value("dev")?;
                index = Some(ip.link(&device)?.index);
            }
            "lladdr" => {
                let word = words.value("lladdr")?;
                let mac = parse_mac(&word).ok_or_else(|| invalid("hardware address", &word))?;
                hardware = Some(mac.to_vec());
            }
            "nud" => {
                let state = words.value("nud")?;
                if state != "permanent" {
                    return Err(invalid("nud", &state));
                }
            }
            _ if address.is_none() => {
                address = Some(word.parse().map_err(|_| invalid("address", &word))?);
            }
            _ => return Err(usage(&format!("unknown word '{word}'"))),
        }
    }
    let entry = Neighbour {
        index: index.ok_or_else(|| usage("'dev DEV' is missing"))?,
        address: address.ok_or_else(|| usage("which address?"))?,
        hardware,
        state: PERMANENT,
        flags: 0,
    };
    match how {
        Some(how) => ip.change(&neighbour::add(&entry, how)),
        None => ip.change(&neighbour::delete(&entry)),
    }
}

fn flush(ip: &mut Ip, mut words: Words) -> Result<()> {
    let device = device(ip, &mut words)?.ok_or_else(|| usage("flush needs a device"))?;
    for entry in selected(ip, Some(device))? {
        if entry.state & PERMANENT == 0 {
            ip.change(&neighbour::delete(&entry))?;
        }
    }
    Ok(())
}
