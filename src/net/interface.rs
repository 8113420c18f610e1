//! Addresses of interfaces: RTM_NEWADDR and what `ip address` asks for.

use super::netlink::{Request, attributes, flag, text, u32_at};
use super::prefix::{Prefix, address_bytes, address_of};
use std::net::{IpAddr, Ipv4Addr};

const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_GETADDR: u16 = 22;

/// Attributes of `linux/if_addr.h`.
mod ifa {
    pub const ADDRESS: u16 = 1;
    pub const LOCAL: u16 = 2;
    pub const LABEL: u16 = 3;
    pub const BROADCAST: u16 = 4;
    pub const CACHEINFO: u16 = 6;
    pub const FLAGS: u16 = 8;
}

/// Flags of an address.
pub mod address_flag {
    /// Another address of the same network came first.
    pub const SECONDARY: u32 = 1;
    /// Duplicate address detection still runs.
    pub const TENTATIVE: u32 = 0x40;
    /// Set by hand, stays.
    pub const PERMANENT: u32 = 0x80;
}

/// A lifetime that never ends.
pub const FOREVER: u32 = u32::MAX;

/// One address of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The interface.
    pub index: u32,
    /// The address itself.
    pub local: Prefix,
    /// The other end of a point-to-point link, where it differs.
    pub peer: Option<IpAddr>,
    /// Broadcast address.
    pub broadcast: Option<IpAddr>,
    /// Name shown by `ifconfig`; empty for IPv6.
    pub label: String,
    /// 0 global, 253 link, 254 host.
    pub scope: u8,
    /// See [`address_flag`].
    pub flags: u32,
    /// Seconds that it is valid and preferred; [`FOREVER`].
    pub lifetime: (u32, u32),
}

/// `struct ifaddrmsg`: family, length, flags, scope, index.
fn body(family: u8, length: u8, scope: u8, index: u32) -> [u8; 8] {
    let [a, b, c, d] = index.to_ne_bytes();
    [family, length, 0, scope, a, b, c, d]
}

/// The kernel's number for the kind of an address.
pub fn family(address: IpAddr) -> u8 {
    use super::netlink::family;
    if address.is_ipv4() {
        family::INET
    } else {
        family::INET6
    }
}

/// Asks for every address of a family; 0 is all.
pub fn dump(family: u8) -> Request {
    Request::new(RTM_GETADDR, flag::DUMP, &body(family, 0, 0, 0))
}

/// What to say about an address that is added.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// The other end of a point-to-point link.
    pub peer: Option<IpAddr>,
    /// Broadcast address.
    pub broadcast: Option<Ipv4Addr>,
    /// Name shown by `ifconfig`.
    pub label: Option<Vec<u8>>,
    /// 0 global, 253 link, 254 host.
    pub scope: u8,
}

/// Adds an address; `how` is EXCL (`add`) or REPLACE (`replace`).
pub fn add(index: u32, local: Prefix, details: &Details, how: u16) -> Request {
    let flags = super::kernel::adding(how);
    let body = body(family(local.address), local.length, details.scope, index);
    let mut request = Request::new(RTM_NEWADDR, flags, &body);
    request.attribute(ifa::LOCAL, &address_bytes(local.address));
    let peer = details.peer.unwrap_or(local.address);
    request.attribute(ifa::ADDRESS, &address_bytes(peer));
    if let Some(broadcast) = details.broadcast {
        request.attribute(ifa::BROADCAST, &broadcast.octets());
    }
    if let Some(label) = &details.label {
        request.text(ifa::LABEL, label);
    }
    request
}

/// Removes an address.
pub fn delete(index: u32, local: Prefix) -> Request {
    let body = body(family(local.address), local.length, 0, index);
    let mut request = Request::new(RTM_DELADDR, flag::ACK, &body);
    request.attribute(ifa::LOCAL, &address_bytes(local.address));
    request
}

/// Reads the payload of RTM_NEWADDR.
pub fn parse(payload: &[u8]) -> Option<Address> {
    let &[_, length, flags, scope, ..] = payload else {
        return None;
    };
    let index = u32_at(payload, 4)?;
    let (mut address, mut local, mut broadcast) = (None, None, None);
    let mut flags = u32::from(flags);
    let (mut label, mut lifetime) = (String::new(), (FOREVER, FOREVER));
    for (kind, value) in attributes(payload.get(8..)?) {
        match kind {
            ifa::ADDRESS => address = address_of(value),
            ifa::LOCAL => local = address_of(value),
            ifa::BROADCAST => broadcast = address_of(value),
            ifa::LABEL => label = text(value),
            ifa::FLAGS => flags = u32_at(value, 0)?,
            // struct ifa_cacheinfo: preferred, valid, ...
            ifa::CACHEINFO => lifetime = (u32_at(value, 4)?, u32_at(value, 0)?),
            _ => {}
        }
    }
    let own = local.or(address)?;
    Some(Address {
        index,
        local: Prefix {
            address: own,
            length,
        },
        peer: address.filter(|peer| *peer != own),
        broadcast,
        label,
        scope,
        flags,
        lifetime,
    })
}

#[test]
fn an_address_comes_back_as_it_was_added() {
    let local = Prefix::parse("192.168.1.1/24").unwrap();
    let details = Details {
        broadcast: local.broadcast(),
        label: Some(b"eth0".to_vec()),
        ..Details::default()
    };
    let bytes = add(2, local, &details, flag::EXCL).finish(1);
    let parsed = parse(&bytes[16..]).unwrap();
    assert_eq!((parsed.index, parsed.local, parsed.peer), (2, local, None));
    assert_eq!(parsed.label, "eth0");
    assert_eq!(parsed.broadcast, "192.168.1.255".parse().ok());
}
