//! Addresses as people type them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address and how many of its bits name the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The address, host bits included.
    pub address: IpAddr,
    /// Bits of the network: 0 to 32 or 0 to 128.
    pub length: u8,
}

impl Prefix {
    /// `A`, `A/BITS` or `A/NETMASK`; without a slash all bits count.
    pub fn parse(text: &str) -> Option<Prefix> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let all = bits(address);
        let length = match length {
            None => all,
            Some(text) => match text.parse::<u8>() {
                Ok(length) if length <= all => length,
                Ok(_) => return None,
                Err(_) if address.is_ipv4() => netmask_length(text.parse().ok()?)?,
                Err(_) => return None,
            },
        };
        Some(Prefix { address, length })
    }

    /// Whether it is a whole address, not a network.
    pub fn is_host(&self) -> bool {
        self.length == bits(self.address)
    }

    /// The broadcast address of an IPv4 network.
    pub fn broadcast(&self) -> Option<Ipv4Addr> {
        match self.address {
            IpAddr::V4(address) => Some(Ipv4Addr::from_bits(
                address.to_bits() | !netmask(self.length).to_bits(),
            )),
            IpAddr::V6(_) => None,
        }
    }

    /// The same with all host bits 0.
    pub fn network(&self) -> Prefix {
        let address = match self.address {
            IpAddr::V4(a) => {
                Ipv4Addr::from_bits(a.to_bits() & netmask(self.length).to_bits()).into()
            }
            IpAddr::V6(a) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.length))
                    .unwrap_or(0);
                Ipv6Addr::from_bits(a.to_bits() & mask).into()
            }
        };
        Prefix { address, ..*self }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// Bits of an address: 32 or 128.
pub fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The netmask of so many bits.
pub fn netmask(length: u8) -> Ipv4Addr {
    Ipv4Addr::from_bits(
        u32::MAX
            .checked_shl(32 - u32::from(length.min(32)))
            .unwrap_or(0),
    )
}

/// The bits of a netmask; None if it has holes.
pub fn netmask_length(mask: Ipv4Addr) -> Option<u8> {
    let length = mask.to_bits().leading_ones() as u8;
    (netmask(length) == mask).then_some(length)
}

/// The bytes of an address as a message holds them.
pub fn address_bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(a) => a.octets().to_vec(),
        IpAddr::V6(a) => a.octets().to_vec(),
    }
}

/// The address in these bytes: 4 or 16 of them.
pub fn address_of(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(octets).into());
    }
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into())
}

/// Six bytes in hexadecimal, separated by colons or dashes.
pub fn parse_mac(text: &str) -> Option<[u8; 6]> {
    let mut mac = [0; 6];
    let mut parts = text.split([':', '-']);
    for byte in &mut mac {
        let part = parts.next().filter(|part| (1..=2).contains(&part.len()))?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(mac)
}

/// Bytes in hexadecimal, separated by colons.
pub fn mac_text(bytes: &[u8]) -> String {
    let parts: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    parts.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_read_in_every_usual_form() {
        let check = |text, expected: Option<&str>| {
            let shown = Prefix::parse(text).map(|prefix| prefix.to_string());
            assert_eq!(shown.as_deref(), expected, "{text}");
        };
        check("192.168.1.1/24", Some("192.168.1.1/24"));
        check("192.168.1.1/255.255.255.0", Some("192.168.1.1/24"));
        check("10.0.0.1", Some("10.0.0.1/32"));
        check("0.0.0.0/0", Some("0.0.0.0/0"));
        check("fe80::1/64", Some("fe80::1/64"));
        check("10.0.0.1/33", None);
        check("10.0.0.1/255.0.255.0", None);
        check("fe80::1/255.255.0.0", None);
        check("10.0.0/8", None);
        check("10.0.0.1/", None);
    }

    #[test]
    fn networks_and_broadcasts_are_computed() {
        let check = |text, network: &str, broadcast: Option<&str>| {
            let prefix = Prefix::parse(text).unwrap();
            assert_eq!(prefix.network().to_string(), network);
            let computed = prefix.broadcast().map(|address| address.to_string());
            assert_eq!(computed.as_deref(), broadcast);
        };
        check("192.168.1.77/24", "192.168.1.0/24", Some("192.168.1.255"));
        check("10.1.2.3/0", "0.0.0.0/0", Some("255.255.255.255"));
        check("fe80::1:2/64", "fe80::/64", None);
        check("fe80::1/0", "::/0", None);
    }

    #[test]
    fn hardware_addresses() {
        assert_eq!(parse_mac("02:00:00:00:0a:FF"), Some([2, 0, 0, 0, 10, 255]));
        for bad in [
            "02:00:00:00:0a",
            "02:00:00:00:0a:ff:00",
            "2:x:0:0:0:0",
            "020:0:0:0:0:0",
        ] {
            assert_eq!(parse_mac(bad), None, "{bad}");
        }
    }
}
