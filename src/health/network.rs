//! Ports, their links, and the addresses of this router.

use super::Level::{Attention, Good};
use super::Report;
use crate::net::interface::{Address, family};
use crate::net::kernel::Kernel;
use crate::net::link::{Link, iff};
use crate::net::prefix::Prefix;
use std::io;
use std::net::{IpAddr, Ipv4Addr};

const TOPIC: &str = "network";
/// ARPHRD_ETHER of `linux/if_arp.h`.
const ETHERNET: u16 = 1;

/// The kernel's tables.
pub struct Tables {
    links: Vec<Link>,
    addresses: Vec<Address>,
}

impl Tables {
    /// Asks the kernel.
    pub fn read() -> io::Result<Tables> {
        let mut kernel = Kernel::open()?;
        Ok(Tables {
            links: kernel.links()?,
            addresses: kernel.addresses(family(Ipv4Addr::UNSPECIFIED.into()))?,
        })
    }

    /// Addresses that a PC could use, with the device that has them.
    pub fn addresses(&self) -> impl Iterator<Item = (&str, Prefix)> {
        let seen = |link: &Link| link.flags & iff::LOOPBACK == 0;
        self.addresses.iter().filter_map(move |address| {
            let link = self.links.iter().find(|link| link.index == address.index)?;
            seen(link).then_some((link.name.as_str(), address.local))
        })
    }

    /// The address by which a PC reaches this router now.
    pub fn own(&self) -> Option<IpAddr> {
        self.addresses().map(|(_, prefix)| prefix.address).next()
    }

    /// What has a socket for a cable. A device below the ports of a switch has none.
    fn ports(&self) -> impl Iterator<Item = &Link> {
        let carries = |link: &Link| {
            let is_below = |other: &Link| other.kind == "dsa" && other.lower == Some(link.index);
            self.links.iter().any(is_below)
        };
        self.links.iter().filter(move |link| {
            let is_port = link.hardware == ETHERNET && matches!(&*link.kind, "" | "dsa");
            is_port && !carries(link)
        })
    }
}

pub(super) fn look(report: &mut Report) {
    match Tables::read() {
        Ok(tables) => judge(report, &tables),
        Err(error) => {
            let reason = crate::error::reason(&error);
            report.add(
                Attention,
                TOPIC,
                format_args!("{reason}"),
                format_args!("ip link"),
            );
        }
    }
}

fn judge(report: &mut Report, tables: &Tables) {
    let (mut linked, mut silent, mut first) = (String::new(), String::new(), None);
    for port in tables.ports() {
        let has_link = port.flags & iff::LOWER_UP != 0;
        let (names, word) = match has_link {
            true => (&mut linked, ", link on"),
            false => (&mut silent, ", no link on"),
        };
        if names.is_empty() {
            names.push_str(word);
        }
        names.push(' ');
        names.push_str(&port.name);
        first = first.or(Some(&port.name));
    }
    let mut addresses = String::new();
    for (device, prefix) in tables.addresses() {
        let comma = if addresses.is_empty() { "" } else { ", " };
        addresses.push_str(&format!("{comma}{prefix} on {device}"));
    }
    let mut next = String::new();
    if first.is_none() {
        addresses = "no port: its driver is not there".into();
        next.push_str("dmesg");
    } else if addresses.is_empty() {
        addresses = "no address".into();
        let port = first.map_or("eth0", String::as_str);
        next = format!("ip address add 192.168.1.1/24 dev {port}");
    } else if linked.is_empty() {
        silent.push_str(": is the cable in?");
        next.push_str("ip link");
    }
    let level = if next.is_empty() { Good } else { Attention };
    let text = format_args!("{addresses}{linked}{silent}");
    report.add(level, TOPIC, text, format_args!("{next}"));
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn link(index: u32, name: &str, kind: &str, up: bool) -> Link {
        Link {
            index,
            name: name.into(),
            hardware: ETHERNET,
            kind: kind.into(),
            flags: if up { iff::UP | iff::LOWER_UP } else { iff::UP },
            ..Link::default()
        }
    }

    fn address(index: u32, prefix: &str) -> Address {
        Address {
            index,
            local: Prefix::parse(prefix).unwrap(),
            peer: None,
            broadcast: None,
            label: String::new(),
            scope: 0,
            flags: 0,
            lifetime: (0, 0),
        }
    }

    fn check(links: &[Link], addresses: &[Address], level: Level, text: &str, next: &str) {
        let tables = Tables {
            links: links.to_vec(),
            addresses: addresses.to_vec(),
        };
        let mut report = Report::default();
        judge(&mut report, &tables);
        let found = report.0.pop().unwrap();
        assert_eq!(
            (found.level, &*found.text, &*found.next),
            (level, text, next)
        );
    }

    #[test]
    fn ports_links_and_addresses_are_told_in_a_line() {
        let loopback = Link {
            index: 1,
            name: "lo".into(),
            hardware: 772,
            flags: iff::LOOPBACK | iff::LOWER_UP,
            ..Link::default()
        };
        let local = address(1, "127.0.0.1/8");
        let lan = address(2, "192.168.1.1/24");
        check(
            std::slice::from_ref(&loopback),
            std::slice::from_ref(&local),
            Attention,
            "no port: its driver is not there",
            "dmesg",
        );
        let ports = [
            loopback,
            link(2, "br-lan", "bridge", true),
            link(3, "eth0", "", true),
            link(4, "eth1", "", false),
        ];
        let text = "192.168.1.1/24 on br-lan, link on eth0, no link on eth1";
        check(&ports, &[local.clone(), lan.clone()], Good, text, "");
        let text = "no address, link on eth0, no link on eth1";
        let next = "ip address add 192.168.1.1/24 dev eth0";
        check(&ports, &[local], Attention, text, next);
        let text = "192.168.1.1/24 on eth0, no link on eth0: is the cable in?";
        check(
            &[link(2, "eth0", "", false)],
            &[lan],
            Attention,
            text,
            "ip link",
        );
    }

    #[test]
    fn the_inner_side_of_a_switch_is_no_port() {
        let conduit = link(2, "eth0", "", true);
        let mut port = link(3, "lan1", "dsa", false);
        port.lower = Some(2);
        let text = "192.168.1.1/24 on lan1, no link on lan1: is the cable in?";
        let lan = address(3, "192.168.1.1/24");
        check(&[conduit, port], &[lan], Level::Attention, text, "ip link");
    }
}
