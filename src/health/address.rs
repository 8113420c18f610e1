//! The LAN address in the settings: shown, planned, set.
//!
//! Two forms are in use: `ipaddr` with `netmask`, and `ipaddr` with its length behind a
//! slash, alone or first of a list. Whichever is there is kept.

use crate::error::EngineError;
use crate::net::prefix::{self, Prefix};
use crate::uci::{self, Change, Config, Delta, Package, Section, Value, text};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// The package and the section of the LAN.
const PACKAGE: &[u8] = b"network";
const LAN: &[u8] = b"lan";
/// The usual length.
const USUAL: u8 = 24;

/// Why an address cannot be set.
#[derive(Debug)]
pub enum Error {
    /// What was typed, and what is wrong with it.
    Bad(String, &'static str),
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
            Error::Bad(text, why) => write!(f, "{text}: {why}"),
            Error::NoLan => f.write_str(
                "/etc/config/network has no section 'lan' (rescue restore network brings one)",
            ),
            Error::Uci(error @ uci::Error::Parse(_)) => write!(
                f,
                "/etc/config/network: {error} (rescue restore network brings the default)"
            ),
            Error::Uci(error) => write!(f, "/etc/config/network: {error}"),
        }
    }
}

/// An address that a router can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        let bad = |why| Error::Bad(super::printable(text.as_bytes(), 50), why);
        let (address, length) = match Prefix::parse(text) {
            Some(Prefix {
                address: IpAddr::V4(address),
                length,
            }) => (address, length),
            _ => return Err(bad("no IPv4 address (like 192.168.1.1 or 192.168.1.1/24)")),
        };
        if matches!(address.octets()[0], 0 | 127 | 224..) {
            return Err(bad("no address that a router can have"));
        }
        let length = text.contains('/').then_some(length);
        let wanted = Wanted { address, length };
        length.map_or(Ok(()), |length| wanted.fits(length))?;
        Ok(wanted)
    }

    /// Whether a network of so many bits has room for this router and a PC.
    fn fits(self, length: u8) -> Result<(), Error> {
        let mask = prefix::netmask(length).to_bits();
        let host = self.address.to_bits() & !mask;
        let bad = |why| Err(Error::Bad(format!("{}/{length}", self.address), why));
        match length {
            0..8 | 31.. => bad("the network needs 8 to 30 bits"),
            _ if host == 0 => bad("this is the network itself"),
            _ if host == !mask => bad("this is the broadcast address of the network"),
            _ => Ok(()),
        }
    }
}

fn lan(package: &Package) -> Result<&Section, Error> {
    package.section(LAN).ok_or(Error::NoLan)
}

fn plain(section: &Section, option: &[u8]) -> String {
    let mut shown = Vec::new();
    if let Some(value) = section.value(option) {
        text::plain(&mut shown, value, b" ");
    }
    super::printable(&shown, 100)
}

/// The length that goes with an address in the settings.
fn length_of(section: &Section, address: &str) -> u8 {
    let of_netmask = || prefix::netmask_length(plain(section, b"netmask").parse().ok()?);
    match Prefix::parse(address) {
        Some(prefix) if address.contains('/') => prefix.length,
        _ => of_netmask().unwrap_or(USUAL),
    }
}

/// The LAN as it will be after the next normal boot: `192.168.1.1/24 on eth0, static`.
///
/// # Errors
/// [`Error::NoLan`], or the settings cannot be read.
pub fn shown(config: &mut Config) -> Result<String, Error> {
    let section = lan(config.package(PACKAGE)?)?;
    let address = plain(section, b"ipaddr");
    let mut line = match &*address {
        "" => "no address".to_owned(),
        one if one.contains(['/', ' ']) => one.to_owned(),
        one => format!("{one}/{}", length_of(section, one)),
    };
    // The newer word for it, then the older one.
    let devices = [b"device".as_slice(), b"ifname"].map(|option| plain(section, option));
    if let Some(device) = devices.iter().find(|device| !device.is_empty()) {
        line = format!("{line} on {device}");
    }
    Ok(match &*plain(section, b"proto") {
        "" => line,
        proto => format!("{line}, {proto}"),
    })
}

/// The changes that give the LAN this address; none if it has it.
///
/// # Errors
/// [`Error::NoLan`]; [`Error::Bad`] where the length of now does not fit the address.
pub fn plan(package: &Package, wanted: Wanted) -> Result<Vec<Delta>, Error> {
    let section = lan(package)?;
    let old = section.value(b"ipaddr");
    let items = old.map_or(&[][..], Value::items);
    let first = super::printable(items.first().map_or(b"", |item| item), 100);
    let length = wanted.length.unwrap_or_else(|| length_of(section, &first));
    wanted.fits(length)?;
    // A netmask that holds for other addresses, too, must stay as it is.
    let with_length = first.contains('/') || items.len() > 1;
    let value = match with_length {
        true => format!("{}/{length}", wanted.address),
        false => wanted.address.to_string(),
    };
    let change = |change, option: &[u8], value: &[u8]| Delta::new(change, LAN, Some(option), value);
    let mut changes = Vec::new();
    if first != value {
        match old {
            Some(Value::List(items)) => {
                changes.push(change(Change::Delete, b"ipaddr", b""));
                let kept = items.iter().skip(1).map(Vec::as_slice);
                let all = [value.as_bytes()].into_iter().chain(kept);
                changes.extend(all.map(|item| change(Change::AddItem, b"ipaddr", item)));
            }
            _ => changes.push(change(Change::Set, b"ipaddr", value.as_bytes())),
        }
    }
    let mask = prefix::netmask(length).to_string();
    if !with_length && plain(section, b"netmask") != mask {
        changes.push(change(Change::Set, b"netmask", mask.as_bytes()));
    }
    // With another protocol the address would have no effect.
    if plain(section, b"proto") != "static" {
        changes.push(change(Change::Set, b"proto", b"static"));
    }
    Ok(changes)
}

/// What [`set`] would do, or did, a line for each change.
///
/// # Errors
/// As [`plan`], or the settings cannot be read.
pub fn changes(config: &mut Config, wanted: Wanted) -> Result<Vec<u8>, Error> {
    let changes = plan(config.package(PACKAGE)?, wanted)?;
    let mut shown = Vec::new();
    for change in &changes {
        text::change(&mut shown, PACKAGE, change);
    }
    Ok(shown)
}

/// Gives the LAN this address, whole or not at all.
///
/// # Errors
/// As [`plan`], or the file cannot be written: then the old one is as it was.
pub fn set(config: &mut Config, wanted: Wanted) -> Result<(), Error> {
    let changes = plan(config.package(PACKAGE)?, wanted)?;
    let mut package = config.package(PACKAGE)?.clone();
    for change in &changes {
        change.apply(&mut package);
    }
    Ok(config.store.write(PACKAGE, &package)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uci::{Reading, parse_package};

    fn planned(file: &str, wanted: &str) -> String {
        let (package, _) = parse_package(PACKAGE, file.as_bytes(), Reading::Strict).unwrap();
        let planned = Wanted::parse(wanted).and_then(|wanted| plan(&package, wanted));
        match planned {
            Ok(changes) => {
                let mut shown = Vec::new();
                for change in &changes {
                    text::change(&mut shown, PACKAGE, change);
                }
                String::from_utf8(shown)
                    .unwrap()
                    .replace("network.lan.", "")
            }
            Err(error) => error.to_string(),
        }
    }

    const OLD: &str = "config interface lan\n\toption proto static\n\
        \toption ipaddr 192.168.1.1\n\toption netmask 255.255.255.0\n";
    const NEW: &str = "config interface lan\n\toption proto static\n\
        \tlist ipaddr 192.168.1.1/24\n\tlist ipaddr 10.0.0.1/8\n";

    #[test]
    fn each_form_keeps_its_form() {
        let check = |file: &str, wanted: &str, expected: &str| {
            assert_eq!(planned(file, wanted), expected, "{wanted}");
        };
        check(OLD, "10.1.2.3", "ipaddr='10.1.2.3'\n");
        check(
            OLD,
            "10.1.2.3/16",
            "ipaddr='10.1.2.3'\nnetmask='255.255.0.0'\n",
        );
        check(
            OLD,
            "10.1.2.3/255.255.0.0",
            "ipaddr='10.1.2.3'\nnetmask='255.255.0.0'\n",
        );
        check(OLD, "192.168.1.1/24", "");
        let list = "-ipaddr\nipaddr+='10.1.2.3/24'\nipaddr+='10.0.0.1/8'\n";
        check(NEW, "10.1.2.3", list);
        check(NEW, "192.168.1.1", "");
        let single =
            "config interface lan\n\toption ipaddr 192.168.1.1/25\n\toption proto static\n";
        check(single, "10.1.2.3", "ipaddr='10.1.2.3/25'\n");
        let dynamic = "config interface lan\n\toption proto dhcp\n";
        let all = "ipaddr='10.1.2.3'\nnetmask='255.255.255.0'\nproto='static'\n";
        check(dynamic, "10.1.2.3", all);
        let none = "/etc/config/network has no section 'lan' (rescue restore network brings one)";
        check("config interface wan\n", "10.1.2.3", none);
    }

    #[test]
    fn what_no_router_can_have_is_refused_with_the_reason() {
        let check = |wanted: &str, why: &str| {
            let told = planned(OLD, wanted);
            assert!(told.ends_with(why), "{wanted}: {told}");
        };
        let form = "no IPv4 address (like 192.168.1.1 or 192.168.1.1/24)";
        for text in [
            "",
            "x",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.4/33",
            "1.2.3.4/",
            "fe80::1",
            "1.2.3.4/255.0.255.0",
        ] {
            check(text, form);
        }
        for text in ["0.0.0.1", "127.0.0.1", "224.0.0.1", "255.255.255.255"] {
            check(text, "no address that a router can have");
        }
        check("10.0.0.1/31", "the network needs 8 to 30 bits");
        check("10.0.0.1/0", "the network needs 8 to 30 bits");
        check("192.168.1.0", "this is the network itself");
        check(
            "192.168.1.255/24",
            "this is the broadcast address of the network",
        );
        check(
            "192.168.0.255/23",
            "ipaddr='192.168.0.255'\nnetmask='255.255.254.0'\n",
        );
    }
}
