//! Ports, their links, and the addresses of this router.

use super::Finding;
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

pub(super) fn look() -> Finding {
    match Tables::read() {
        Ok(tables) => judge(&tables),
        Err(error) => Finding::attention(TOPIC, crate::error::reason(&error)),
    }
}

fn judge(tables: &Tables) -> Finding {
    let has_link = |link: &&Link| link.flags & iff::LOWER_UP != 0;
    let (linked, silent): (Vec<&Link>, Vec<&Link>) = tables.ports().partition(has_link);
    let names = |links: &[&Link]| {
        let names: Vec<&str> = links.iter().map(|link| link.name.as_str()).collect();
        names.join(" ")
    };
    let Some(first) = linked.first().or(silent.first()) else {
        return Finding::attention(TOPIC, "no port: its driver is not there").then("dmesg");
    };
    let mut parts: Vec<String> = tables
        .addresses()
        .map(|(device, prefix)| format!("{prefix} on {device}"))
        .collect();
    let has_address = !parts.is_empty();
    if !has_address {
        parts.push("no address".into());
    }
    if !linked.is_empty() {
        parts.push(format!("link on {}", names(&linked)));
    }
    if !silent.is_empty() {
        parts.push(format!("no link on {}", names(&silent)));
    }
    let text = parts.join(", ");
    if !has_address {
        let next = format!("ip address add 192.168.1.1/24 dev {}", first.name);
        return Finding::attention(TOPIC, text).then(next);
    }
    match linked.is_empty() {
        true => Finding::attention(TOPIC, format!("{text}: is the cable in?")).then("ip link"),
        false => Finding::good(TOPIC, text),
    }
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
        let found = judge(&tables);
        assert_eq!((found.level, &*found.text), (level, text));
        assert_eq!(found.next.unwrap_or_default(), next);
    }

    #[test]
    fn ports_links_and_addresses_are_told_in_a_line() {
        use Level::{Attention, Good};
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
