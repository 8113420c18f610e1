//! The LAN address in the settings: shown and set.
//!
//! Two forms are in use: `ipaddr` with `netmask`, and `ipaddr` with its length behind a
//! slash, alone or first of a list. Whichever is there is kept.

use crate::error::EngineError;
use crate::net::prefix::{self, Prefix};
use crate::uci::{self, Package, Section, Value, text};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// The package of the network.
pub const PACKAGE: &[u8] = b"network";
/// The section of the LAN.
const LAN: &[u8] = b"lan";
/// The usual length.
const USUAL: u8 = 24;

/// Why an address cannot be set.
#[derive(Debug)]
pub enum Error {
    /// What is wrong with it.
    Bad(&'static str),
    /// The settings have no LAN.
    NoLan,
    /// The settings cannot be read or written.
    Uci(uci::Error),
}

impl EngineError for Error {}

impl From<uci::Error> for Error {
    fn from(error: uci::Error) -> Error {
        Error::Uci(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Bad(why) => return f.write_str(why),
            Error::NoLan => f.write_str("/etc/config/network has no section 'lan'")?,
            Error::Uci(error) => {
                write!(f, "/etc/config/network: {error}")?;
                if !matches!(error, uci::Error::Parse(_) | uci::Error::NotFound) {
                    return Ok(());
                }
            }
        }
        f.write_str("; the default: rescue restore network")
    }
}

/// An address that a router can have.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    address: Ipv4Addr,
    /// Bits of the network; none: as many as now.
    length: Option<u8>,
}

impl Wanted {
    /// `A`, `A/BITS` or `A/NETMASK`.
    ///
    /// # Errors
    /// [`Error::Bad`] for what is no address, or none that a PC could talk to.
    pub fn parse(text: &str) -> Result<Wanted, Error> {
        let Some(Prefix {
            address: IpAddr::V4(address),
            length,
        }) = Prefix::parse(text)
        else {
            let why = "this is no IPv4 address (like 192.168.1.1 or 192.168.1.1/24)";
            return Err(Error::Bad(why));
        };
        if matches!(address.octets()[0], 0 | 127 | 224..) {
            return Err(Error::Bad("no router can have this address"));
        }
        let length = text.contains('/').then_some(length);
        let wanted = Wanted { address, length };
        wanted.fits(length)?;
        Ok(wanted)
    }

    /// Whether a network of so many bits has room for this router and a PC.
    fn fits(self, length: Option<u8>) -> Result<(), Error> {
        let Some(length) = length else { return Ok(()) };
        let mask = prefix::netmask(length).to_bits();
        let host = self.address.to_bits() & !mask;
        Err(Error::Bad(match length {
            0..8 | 31.. => "the network needs 8 to 30 bits",
            _ if host == 0 => "this is the network itself",
            _ if host == !mask => "this is the broadcast address of its network",
            _ => return Ok(()),
        }))
    }
}

/// The value of an option on one line; empty where there is none.
fn plain(section: &Section, option: &[u8]) -> String {
    let mut shown = Vec::new();
    if let Some(value) = section.value(option) {
        text::plain(&mut shown, value, b" ");
    }
    super::printable(&shown, 100)
}

/// The length that goes with an address in the settings.
fn length_of(section: &Section, address: &str) -> u8 {
    let netmask = plain(section, b"netmask").parse().ok();
    match Prefix::parse(address) {
        Some(prefix) if address.contains('/') => prefix.length,
        _ => netmask.and_then(prefix::netmask_length).unwrap_or(USUAL),
    }
}

/// The LAN as a normal boot has it: `192.168.1.1/24 on eth0, static`.
///
/// # Errors
/// [`Error::NoLan`].
pub fn shown(package: &Package) -> Result<String, Error> {
    let section = package.section(LAN).ok_or(Error::NoLan)?;
    let mut line = plain(section, b"ipaddr");
    if line.is_empty() {
        line.push_str("no address");
    } else if !line.contains(['/', ' ']) {
        line = format!("{line}/{}", length_of(section, &line));
    }
    // The newer word for it, then the older one.
    for (before, option) in [
        (" on ", &b"device"[..]),
        (" on ", b"ifname"),
        (", ", b"proto"),
    ] {
        let value = plain(section, option);
        if !value.is_empty() {
            line.push_str(before);
            line.push_str(&value);
        }
    }
    Ok(line)
}

/// Gives the LAN of a package this address.
///
/// # Errors
/// [`Error::NoLan`]; [`Error::Bad`] where the length of now does not fit the address.
pub fn set(package: &mut Package, wanted: Wanted) -> Result<(), Error> {
    let section = package.section_mut(LAN).ok_or(Error::NoLan)?;
    let mut items = match section.value(b"ipaddr") {
        Some(value) => value.items().to_vec(),
        None => Vec::new(),
    };
    let first = super::printable(items.first().map_or(b"", |item| item), 100);
    let length = wanted.length.unwrap_or_else(|| length_of(section, &first));
    wanted.fits(Some(length))?;
    let Wanted { address, .. } = wanted;
    // A netmask that holds for other addresses, too, must stay as it is.
    let value = if first.contains('/') || items.len() > 1 {
        format!("{address}/{length}")
    } else {
        let mask = prefix::netmask(length).to_string();
        section.set(b"netmask", Value::Text(mask.into_bytes()));
        address.to_string()
    };
    let is_list = matches!(section.value(b"ipaddr"), Some(Value::List(_)));
    let value = match items.first_mut() {
        Some(first) if is_list => {
            *first = value.into_bytes();
            Value::List(items)
        }
        _ => Value::Text(value.into_bytes()),
    };
    section.set(b"ipaddr", value);
    // With another protocol the address would have no effect.
    section.set(b"proto", Value::Text(b"static".to_vec()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uci::{Reading, parse_package};

    /// The section after the change, its lines without the keyword.
    fn changed(file: &str, wanted: &str) -> String {
        let (mut package, _) = parse_package(PACKAGE, file.as_bytes(), Reading::Strict).unwrap();
        let changed = Wanted::parse(wanted).and_then(|wanted| set(&mut package, wanted));
        if let Err(error) = changed {
            return error.to_string();
        }
        let mut shown = Vec::new();
        text::body(&mut shown, &package, false);
        let shown = String::from_utf8(shown).unwrap();
        let lines = shown.lines().filter(|line| line.starts_with('\t'));
        let lines: Vec<_> = lines
            .map(|line| line.trim().replace("option ", ""))
            .collect();
        lines.join(", ")
    }

    const OLD: &str = "config interface lan\n\toption proto static\n\
        \toption ipaddr 192.168.1.1\n\toption netmask 255.255.255.0\n";
    const NEW: &str = "config interface lan\n\toption proto static\n\
        \tlist ipaddr 192.168.1.1/24\n\tlist ipaddr 10.0.0.1/8\n";

    #[test]
    fn each_form_keeps_its_form() {
        let check = |file: &str, wanted: &str, expected: &str| {
            assert_eq!(changed(file, wanted), expected, "{wanted}");
        };
        let long = "proto 'static', ipaddr '10.1.2.3', netmask '255.255.255.0'";
        let short = "proto 'static', ipaddr '10.1.2.3', netmask '255.255.0.0'";
        check(OLD, "10.1.2.3", long);
        check(OLD, "10.1.2.3/16", short);
        check(OLD, "10.1.2.3/255.255.0.0", short);
        let list = "proto 'static', list ipaddr '10.1.2.3/24', list ipaddr '10.0.0.1/8'";
        check(NEW, "10.1.2.3", list);
        let single = "config interface lan\n\toption ipaddr 192.168.1.1/25\n";
        check(single, "10.1.2.3", "ipaddr '10.1.2.3/25', proto 'static'");
        let dynamic = "config interface lan\n\toption proto dhcp\n";
        let all = "proto 'static', netmask '255.255.255.0', ipaddr '10.1.2.3'";
        check(dynamic, "10.1.2.3", all);
        let none = "/etc/config/network has no section 'lan'; the default: rescue restore network";
        check("config interface wan\n", "10.1.2.3", none);
    }

    #[test]
    fn what_no_router_can_have_is_refused_with_the_reason() {
        let check = |wanted: &str, why: &str| assert_eq!(changed(OLD, wanted), why, "{wanted}");
        let form = "this is no IPv4 address (like 192.168.1.1 or 192.168.1.1/24)";
        let typed = "x 1.2.3 1.2.3.4.5 1.2.3.4/33 1.2.3.4/ fe80::1 1.2.3.4/255.0.255.0";
        for text in typed.split(' ').chain([""]) {
            check(text, form);
        }
        for text in ["0.0.0.1", "127.0.0.1", "224.0.0.1", "255.255.255.255"] {
            check(text, "no router can have this address");
        }
        check("10.0.0.1/31", "the network needs 8 to 30 bits");
        check("10.0.0.1/0", "the network needs 8 to 30 bits");
        check("192.168.1.0", "this is the network itself");
        let broadcast = "this is the broadcast address of its network";
        check("192.168.1.255/24", broadcast);
        check("192.168.1.255/23", broadcast);
        let inside = "proto 'static', ipaddr '192.168.0.255', netmask '255.255.254.0'";
        check("192.168.0.255/23", inside);
    }
}
