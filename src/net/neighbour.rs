//! Neighbours (ARP and NDP): RTM_NEWNEIGH and what `ip neigh` asks for.

use super::interface::family;
use super::netlink::{Request, attributes, flag, u16_at, u32_at};
use super::prefix::{address_bytes, address_of};
use std::net::IpAddr;

const RTM_NEWNEIGH: u16 = 28;
const RTM_DELNEIGH: u16 = 29;
const RTM_GETNEIGH: u16 = 30;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;

/// States of a neighbour by their bits, as `ip` names them.
pub const STATES: [(u16, &str); 8] = [
    (0x01, "INCOMPLETE"),
    (0x02, "REACHABLE"),
    (0x04, "STALE"),
    (0x08, "DELAY"),
    (0x10, "PROBE"),
    (0x20, "FAILED"),
    (0x40, "NOARP"),
    (0x80, "PERMANENT"),
];

/// Set by hand, stays.
pub const PERMANENT: u16 = 0x80;

/// One neighbour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The interface on whose wire it is.
    pub index: u32,
    /// Its address.
    pub address: IpAddr,
    /// Its hardware address, if known.
    pub hardware: Option<Vec<u8>>,
    /// Bits of [`STATES`].
    pub state: u16,
    /// NTF_: 0x80 is a router.
    pub flags: u8,
}

/// `struct ndmsg`: family, padding, index, state, flags, type.
fn body(family: u8, index: u32, state: u16) -> [u8; 12] {
    let mut body = [0; 12];
    body[0] = family;
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    body[8..10].copy_from_slice(&state.to_ne_bytes());
    body
}

/// Asks for every neighbour of a family; 0 is all.
pub fn dump(family: u8) -> Request {
    Request::new(RTM_GETNEIGH, flag::DUMP, &body(family, 0, 0))
}

/// Adds a neighbour; `how` is EXCL or REPLACE.
pub fn add(neighbour: &Neighbour, how: u16) -> Request {
    request(RTM_NEWNEIGH, super::kernel::adding(how), neighbour)
}

/// Removes a neighbour.
pub fn delete(neighbour: &Neighbour) -> Request {
    request(RTM_DELNEIGH, flag::ACK, neighbour)
}

fn request(message: u16, flags: u16, neighbour: &Neighbour) -> Request {
    let body = body(family(neighbour.address), neighbour.index, neighbour.state);
    let mut request = Request::new(message, flags, &body);
    request.attribute(NDA_DST, &address_bytes(neighbour.address));
    if let Some(hardware) = &neighbour.hardware {
        request.attribute(NDA_LLADDR, hardware);
    }
    request
}

/// Reads the payload of RTM_NEWNEIGH.
pub fn parse(payload: &[u8]) -> Option<Neighbour> {
    let (mut address, mut hardware) = (None, None);
    for (kind, value) in attributes(payload.get(12..)?) {
        match kind {
            NDA_DST => address = address_of(value),
            NDA_LLADDR => hardware = Some(value.to_vec()),
            _ => {}
        }
    }
    Some(Neighbour {
        index: u32_at(payload, 4)?,
        state: u16_at(payload, 8)?,
        flags: *payload.get(10)?,
        address: address?,
        hardware,
    })
}
