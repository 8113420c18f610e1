//! rtnetlink messages (netlink(7), rtnetlink(7)): building and taking apart, no socket.
//!
//! Lengths in a message come from outside: a message or attribute that is longer than what
//! was received ends the iteration, it never reads on. Everything is aligned to 4 bytes.

/// Length of `struct nlmsghdr`.
const HEADER: usize = 16;

/// Message types and flags of `linux/netlink.h`.
pub mod flag {
    /// A request.
    pub const REQUEST: u16 = 1;
    /// Answer with an acknowledgement.
    pub const ACK: u16 = 4;
    /// The whole table.
    pub const DUMP: u16 = 0x300;
    /// Replace what exists.
    pub const REPLACE: u16 = 0x100;
    /// Fail if it exists.
    pub const EXCL: u16 = 0x200;
    /// Create it.
    pub const CREATE: u16 = 0x400;
    /// Add at the end of the list.
    pub const APPEND: u16 = 0x800;
}

/// NLMSG_ERROR: an error or, with code 0, an acknowledgement.
pub const ERROR: u16 = 2;
/// NLMSG_DONE: the end of a dump.
pub const DONE: u16 = 3;

/// Address families as the kernel numbers them.
pub mod family {
    /// Any.
    pub const UNSPEC: u8 = 0;
    /// IPv4.
    pub const INET: u8 = 2;
    /// IPv6.
    pub const INET6: u8 = 10;
}

fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

/// A message under construction.
#[derive(Clone, Debug)]
pub struct Request(Vec<u8>);

impl Request {
    /// A message of this type; `body` is its fixed part (`struct ifinfomsg`, ...).
    pub fn new(kind: u16, flags: u16, body: &[u8]) -> Request {
        let mut bytes = vec![0; HEADER];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&(flags | flag::REQUEST).to_ne_bytes());
        bytes.extend_from_slice(body);
        bytes.resize(aligned(bytes.len()), 0);
        Request(bytes)
    }

    /// Adds an attribute.
    pub fn attribute(&mut self, kind: u16, value: &[u8]) {
        // No attribute of ours comes near 64 KiB; one that did would be cut.
        let value = &value[..value.len().min(0xfff0)];
        let length = (value.len() + 4) as u16;
        self.0.extend_from_slice(&length.to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(value);
        self.0.resize(aligned(self.0.len()), 0);
    }

    /// Adds a number.
    pub fn number(&mut self, kind: u16, value: u32) {
        self.attribute(kind, &value.to_ne_bytes());
    }

    /// Adds text with its NUL.
    pub fn text(&mut self, kind: u16, value: &[u8]) {
        self.attribute(kind, &[value, &[0]].concat());
    }

    /// Adds an attribute that holds those which `fill` adds.
    pub fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Request)) {
        let start = self.0.len();
        self.attribute(kind, &[]);
        fill(self);
        let length = (self.0.len() - start).min(0xffff) as u16;
        self.0[start..start + 2].copy_from_slice(&length.to_ne_bytes());
    }

    /// The message as it is sent; `sequence` comes back in the answers.
    pub fn finish(&self, sequence: u32) -> Vec<u8> {
        let mut bytes = self.0.clone();
        let length = bytes.len() as u32;
        bytes[..4].copy_from_slice(&length.to_ne_bytes());
        bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        bytes
    }
}

/// One message of a received packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// RTM_NEWLINK, [`ERROR`], [`DONE`], ...
    pub kind: u16,
    /// The request that it answers.
    pub sequence: u32,
    /// What follows the header.
    pub payload: &'a [u8],
}

/// The messages of a packet.
pub fn messages(mut packet: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let length = u32_at(packet, 0)? as usize;
        let payload = packet.get(HEADER..length)?;
        let message = Message {
            kind: u16_at(packet, 4)?,
            sequence: u32_at(packet, 8)?,
            payload,
        };
        packet = packet.get(aligned(length)..).unwrap_or_default();
        Some(message)
    })
}

/// One attribute: its type without the flag bits, and its value.
pub type Attribute<'a> = (u16, &'a [u8]);

/// The attributes in a stretch of bytes.
pub fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = Attribute<'_>> {
    /// NLA_F_NESTED and NLA_F_NET_BYTEORDER are no part of the type.
    const TYPE_MASK: u16 = 0x3fff;
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(bytes, 0)?);
        let kind = u16_at(bytes, 2)? & TYPE_MASK;
        let value = bytes.get(4..length)?;
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// The error number in an ERROR message; 0 is an acknowledgement.
pub fn error_code(payload: &[u8]) -> Option<i32> {
    Some((u32_at(payload, 0)? as i32).wrapping_neg())
}

/// A 16-bit number in the machine's order.
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_ne_bytes(bytes.try_into().ok()?))
}

/// A 32-bit number in the machine's order.
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

/// A 64-bit number in the machine's order.
pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + 8)?;
    Some(u64::from_ne_bytes(bytes.try_into().ok()?))
}

/// Text of an attribute, without its NUL.
pub fn text(value: &[u8]) -> String {
    let end = value.iter().position(|&b| b == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{interface, link, neighbour, route};

    #[test]
    fn what_is_built_can_be_taken_apart() {
        let mut request = Request::new(16, flag::ACK, &[1, 2, 3, 4]);
        request.text(3, b"eth0");
        request.nest(18, |inner| inner.number(1, 0x0102_0304));
        let bytes = request.finish(7);
        assert_eq!(bytes.len() % 4, 0);
        let message = messages(&bytes).next().unwrap();
        assert_eq!((message.kind, message.sequence), (16, 7));
        let found: Vec<_> = attributes(&message.payload[4..]).collect();
        assert_eq!(found[0], (3, &b"eth0\0"[..]));
        let inner: Vec<_> = attributes(found[1].1).collect();
        assert_eq!(inner, [(1, &0x0102_0304_u32.to_ne_bytes()[..])]);
    }

    #[test]
    fn lengths_that_lie_end_the_iteration() {
        assert_eq!(attributes(&[0, 0, 0, 0, 1, 2]).count(), 0);
        assert_eq!(attributes(&[255, 255, 255, 255]).count(), 0);
        assert_eq!(attributes(&[3, 0, 0, 3]).count(), 0);
        assert_eq!(messages(&[0; 64]).count(), 0);
        assert_eq!(messages(&[255; 64]).count(), 0);
    }

    #[test]
    fn no_packet_brings_the_parsers_down() {
        let mut seed = 0x9e37_79b9_u32;
        let mut random = move || {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            seed
        };
        let mut request = Request::new(16, 0, &[0; 16]);
        request.text(3, b"eth0.1");
        request.number(4, 1500);
        request.nest(18, |inner| {
            inner.text(1, b"vlan");
            inner.nest(2, |data| data.attribute(1, &[1, 0]));
        });
        let good = request.finish(1);
        for _ in 0..20_000 {
            let mut bytes = good.clone();
            for _ in 0..random() % 6 {
                let at = random() as usize % bytes.len();
                bytes[at] = random() as u8;
            }
            bytes.truncate(random() as usize % (bytes.len() + 1));
            for message in messages(&bytes) {
                // Whatever comes out, nothing may panic.
                let _ = link::parse(message.payload);
                let _ = interface::parse(message.payload);
                let _ = route::parse(message.payload);
                let _ = neighbour::parse(message.payload);
                let _ = error_code(message.payload);
            }
        }
    }
}
