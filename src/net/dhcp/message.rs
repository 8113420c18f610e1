//! One packet: the fixed part of RFC 951, the cookie, options (RFC 2131 section 2).

use std::net::Ipv4Addr;

/// Bytes of the fixed part.
const FIXED: usize = 236;
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// What is shorter is thrown away by old clients (RFC 951).
const SHORTEST: usize = 300;

/// The field `op`.
const REQUEST: u8 = 1;
const REPLY: u8 = 2;
const ETHERNET: u8 = 1;
/// Of the field `flags`: answers must be broadcast.
const BROADCAST: u16 = 0x8000;

/// Numbers of options (RFC 2132).
pub mod option {
    /// Netmask.
    pub const NETMASK: u8 = 1;
    /// Broadcast address.
    pub const BROADCAST: u8 = 28;
    /// Address that the client would like.
    pub const WANTED: u8 = 50;
    /// Seconds that it may keep it.
    pub const LEASE: u8 = 51;
    /// Kind of the message.
    pub const KIND: u8 = 53;
    /// Address of the server.
    pub const SERVER: u8 = 54;
    /// Words for people.
    pub const MESSAGE: u8 = 56;
    /// Name of the client.
    pub const CLIENT: u8 = 61;
    /// No option, no length.
    pub(super) const PAD: u8 = 0;
    /// The last one.
    pub(super) const END: u8 = 255;
}

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Is there anybody?
    Discover,
    /// This one is free.
    Offer,
    /// I take, or keep, this one.
    Request,
    /// Somebody else has it.
    Decline,
    /// You have it.
    Ack,
    /// You have it no more.
    Nak,
    /// I do not need it any more.
    Release,
    /// I have one; what else is there to know?
    Inform,
}

const KINDS: [Kind; 8] = [
    Kind::Discover,
    Kind::Offer,
    Kind::Request,
    Kind::Decline,
    Kind::Ack,
    Kind::Nak,
    Kind::Release,
    Kind::Inform,
];

/// A packet of Ethernet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is about.
    pub kind: Kind,
    /// Number that the client chose for this exchange.
    pub exchange: u32,
    /// The answer must be broadcast.
    pub broadcast: bool,
    /// Address that the client uses already.
    pub current: Ipv4Addr,
    /// Address that it gets.
    pub yours: Ipv4Addr,
    /// Who passed it on from another network.
    pub relay: Ipv4Addr,
    /// Hardware address of the client.
    pub mac: [u8; 6],
    /// All other options, in order.
    pub options: Vec<(u8, Vec<u8>)>,
}

impl Message {
    /// A message of a client.
    pub fn ask(kind: Kind, exchange: u32, mac: [u8; 6]) -> Message {
        Message {
            kind,
            exchange,
            broadcast: false,
            current: Ipv4Addr::UNSPECIFIED,
            yours: Ipv4Addr::UNSPECIFIED,
            relay: Ipv4Addr::UNSPECIFIED,
            mac,
            options: Vec::new(),
        }
    }

    /// Reads a packet; None if it is none of DHCP over Ethernet.
    pub fn parse(packet: &[u8]) -> Option<Message> {
        let fixed: &[u8; FIXED] = packet.first_chunk()?;
        let rest = packet.get(FIXED..)?.strip_prefix(&COOKIE)?;
        let is_ethernet = fixed[1] == ETHERNET && fixed[2] == 6;
        if !matches!(fixed[0], REQUEST | REPLY) || !is_ethernet {
            return None;
        }
        let word = |at: usize| fixed[at..].first_chunk().copied().map(u32::from_be_bytes);
        let mut options = Vec::new();
        read_options(rest, &mut options);
        let kind = options
            .iter()
            .position(|(number, _)| *number == option::KIND)?;
        let (_, kind) = options.remove(kind);
        let &[kind] = &*kind else {
            return None;
        };
        Some(Message {
            kind: *KINDS.get(usize::from(kind).checked_sub(1)?)?,
            exchange: word(4)?,
            broadcast: u16::from_be_bytes([fixed[10], fixed[11]]) & BROADCAST != 0,
            current: Ipv4Addr::from_bits(word(12)?),
            yours: Ipv4Addr::from_bits(word(16)?),
            relay: Ipv4Addr::from_bits(word(24)?),
            mac: *fixed[28..].first_chunk()?,
            options,
        })
    }

    /// The packet.
    pub fn bytes(&self) -> Vec<u8> {
        let is_reply = matches!(self.kind, Kind::Offer | Kind::Ack | Kind::Nak);
        let flags = if self.broadcast { BROADCAST } else { 0 };
        let mut packet = vec![0; FIXED];
        packet[..4].copy_from_slice(&[if is_reply { REPLY } else { REQUEST }, ETHERNET, 6, 0]);
        packet[4..8].copy_from_slice(&self.exchange.to_be_bytes());
        packet[10..12].copy_from_slice(&flags.to_be_bytes());
        packet[12..16].copy_from_slice(&self.current.octets());
        packet[16..20].copy_from_slice(&self.yours.octets());
        packet[24..28].copy_from_slice(&self.relay.octets());
        packet[28..34].copy_from_slice(&self.mac);
        packet.extend(COOKIE);
        let kind = KINDS.iter().position(|kind| *kind == self.kind);
        packet.extend([option::KIND, 1, kind.unwrap_or_default() as u8 + 1]);
        for (number, value) in &self.options {
            for part in value.chunks(255) {
                packet.extend([*number, part.len() as u8]);
                packet.extend(part);
            }
        }
        packet.push(option::END);
        packet.resize(packet.len().max(SHORTEST), option::PAD);
        packet
    }

    /// The bytes of an option.
    pub fn option(&self, number: u8) -> Option<&[u8]> {
        let found = self.options.iter().find(|(other, _)| *other == number);
        found.map(|(_, value)| &**value)
    }

    /// An option that is an address.
    pub fn address(&self, number: u8) -> Option<Ipv4Addr> {
        let bytes: [u8; 4] = self.option(number)?.try_into().ok()?;
        Some(bytes.into())
    }

    /// Adds an option.
    pub fn put(&mut self, number: u8, value: &[u8]) {
        self.options.push((number, value.to_vec()));
    }
}

/// Options that come several times are one that is long (RFC 3396). What is cut off ends them.
fn read_options(mut bytes: &[u8], options: &mut Vec<(u8, Vec<u8>)>) {
    loop {
        bytes = match bytes {
            [option::PAD, rest @ ..] => rest,
            [] | [option::END, ..] | [_] => return,
            [number, length, rest @ ..] => {
                let Some((value, rest)) = rest.split_at_checked((*length).into()) else {
                    return;
                };
                match options.iter_mut().find(|(other, _)| other == number) {
                    Some((_, before)) => before.extend(value),
                    None => options.push((*number, value.to_vec())),
                }
                rest
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_comes_back_as_it_was_written() {
        let mut message = Message::ask(Kind::Request, 0x0102_0304, [2, 0, 0, 0, 0, 9]);
        message.broadcast = true;
        message.current = Ipv4Addr::new(192, 168, 1, 100);
        message.put(option::WANTED, &[192, 168, 1, 7]);
        message.put(option::MESSAGE, &[b'x'; 600]);
        let packet = message.bytes();
        assert_eq!(Message::parse(&packet), Some(message.clone()));
        assert_eq!(packet[..12], [1, 1, 6, 0, 1, 2, 3, 4, 0, 0, 0x80, 0]);
        assert_eq!(packet[236..243], [99, 130, 83, 99, 53, 1, 3]);
        let wanted = Some(Ipv4Addr::new(192, 168, 1, 7));
        assert_eq!(message.address(option::WANTED), wanted);
        assert_eq!(message.address(option::MESSAGE), None);
    }

    #[test]
    fn what_is_cut_off_or_foreign_is_no_message_or_one_with_fewer_options() {
        let mut message = Message::ask(Kind::Discover, 1, [2, 0, 0, 0, 0, 9]);
        message.put(option::CLIENT, b"a name");
        let packet = message.bytes();
        assert_eq!(packet.len(), 300);
        for length in 0..packet.len() {
            let parsed = Message::parse(&packet[..length]);
            assert_eq!(parsed.is_some(), length >= 243, "{length}");
        }
        for (at, wrong) in [(0, 3), (1, 6), (2, 16), (236, 0), (242, 0), (242, 9)] {
            let mut packet = packet.clone();
            packet[at] = wrong;
            assert_eq!(Message::parse(&packet), None, "byte {at}");
        }
    }
}
