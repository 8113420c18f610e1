//! Interfaces: RTM_NEWLINK and what `ip link` asks for.

use super::netlink::{Request, attributes, flag, text, u16_at, u32_at, u64_at};

const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;

/// Attributes of `linux/if_link.h`.
mod ifla {
    pub const ADDRESS: u16 = 1;
    pub const BROADCAST: u16 = 2;
    pub const IFNAME: u16 = 3;
    pub const MTU: u16 = 4;
    pub const LINK: u16 = 5;
    pub const QDISC: u16 = 6;
    pub const MASTER: u16 = 10;
    pub const TXQLEN: u16 = 13;
    pub const OPERSTATE: u16 = 16;
    pub const LINKMODE: u16 = 17;
    pub const LINKINFO: u16 = 18;
    pub const STATS64: u16 = 23;
    pub const GROUP: u16 = 27;
    pub const INFO_KIND: u16 = 1;
    pub const INFO_DATA: u16 = 2;
    pub const VLAN_ID: u16 = 1;
}

/// Flags of an interface (`linux/if.h`).
pub mod iff {
    /// Administratively up.
    pub const UP: u32 = 1;
    /// Has a broadcast address.
    pub const BROADCAST: u32 = 2;
    /// The loopback.
    pub const LOOPBACK: u32 = 8;
    /// Both ends of a cable.
    pub const POINTOPOINT: u32 = 0x10;
    /// The carrier is there.
    pub const RUNNING: u32 = 0x40;
    /// No neighbour discovery.
    pub const NOARP: u32 = 0x80;
    /// Takes every packet.
    pub const PROMISC: u32 = 0x100;
    /// Takes every multicast packet.
    pub const ALLMULTI: u32 = 0x200;
    /// Can do multicast.
    pub const MULTICAST: u32 = 0x1000;
    /// The physical layer is up.
    pub const LOWER_UP: u32 = 0x10000;
}

/// Counters of an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets, bytes, errors, dropped: received.
    pub received: [u64; 4],
    /// The same, sent.
    pub sent: [u64; 4],
    /// Collisions on the wire.
    pub collisions: u64,
}

/// One interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// ARPHRD_ number: 1 is Ethernet, 772 the loopback.
    pub hardware: u16,
    /// See [`iff`].
    pub flags: u32,
    /// Bytes of the largest packet.
    pub mtu: u32,
    /// Hardware address.
    pub address: Vec<u8>,
    /// Hardware address of everybody.
    pub broadcast: Vec<u8>,
    /// The interface below (of a VLAN) or at the other end; 0: there is none any more.
    pub lower: Option<u32>,
    /// The bridge it belongs to; 0: none.
    pub master: u32,
    /// Queueing discipline.
    pub qdisc: String,
    /// Packets of its send queue.
    pub queue_length: u32,
    /// RFC 2863 state: 0 unknown, 2 down, 6 up.
    pub state: u8,
    /// 1: comes up dormant, for an authenticator to wake.
    pub mode: u8,
    /// Group number.
    pub group: u32,
    /// `vlan`, `bridge`, ...; empty for hardware.
    pub kind: String,
    /// VLAN number, for kind `vlan`.
    pub vlan: Option<u16>,
    /// Traffic so far.
    pub counters: Counters,
}

/// `struct ifinfomsg`: family, type, index, flags, change mask.
fn body(index: u32, flags: u32, change: u32) -> [u8; 16] {
    let mut body = [0; 16];
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    body[8..12].copy_from_slice(&flags.to_ne_bytes());
    body[12..16].copy_from_slice(&change.to_ne_bytes());
    body
}

/// Asks for every interface.
pub fn dump() -> Request {
    Request::new(RTM_GETLINK, flag::DUMP, &body(0, 0, 0))
}

/// What `ip link set` can change at once.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// New values of the flags in the mask.
    pub flags: u32,
    /// Which flags to change.
    pub mask: u32,
    /// New name; the interface must be down.
    pub name: Option<Vec<u8>>,
    /// New hardware address.
    pub address: Option<Vec<u8>>,
    /// New hardware broadcast address.
    pub broadcast: Option<Vec<u8>>,
    /// New MTU.
    pub mtu: Option<u32>,
    /// New length of the send queue.
    pub queue_length: Option<u32>,
    /// The bridge to join; 0 leaves it.
    pub master: Option<u32>,
}

/// Changes an interface.
pub fn change(index: u32, changes: &Changes) -> Request {
    let body = body(index, changes.flags, changes.mask);
    let mut request = Request::new(RTM_NEWLINK, flag::ACK, &body);
    put(changes, &mut request);
    request
}

/// Adds the attributes of what changes.
fn put(changes: &Changes, request: &mut Request) {
    if let Some(name) = &changes.name {
        request.text(ifla::IFNAME, name);
    }
    if let Some(address) = &changes.address {
        request.attribute(ifla::ADDRESS, address);
    }
    if let Some(address) = &changes.broadcast {
        request.attribute(ifla::BROADCAST, address);
    }
    if let Some(mtu) = changes.mtu {
        request.number(ifla::MTU, mtu);
    }
    if let Some(length) = changes.queue_length {
        request.number(ifla::TXQLEN, length);
    }
    if let Some(master) = changes.master {
        request.number(ifla::MASTER, master);
    }
}

/// Makes a virtual interface of a kind (`vlan`, `bridge`, `dummy`, `veth`); `details`
/// hold its name.
pub fn create(kind: &[u8], lower: Option<u32>, vlan: Option<u16>, details: &Changes) -> Request {
    let flags = flag::ACK | flag::CREATE | flag::EXCL;
    let body = body(0, details.flags, details.mask);
    let mut request = Request::new(RTM_NEWLINK, flags, &body);
    put(details, &mut request);
    if let Some(lower) = lower {
        request.number(ifla::LINK, lower);
    }
    request.nest(ifla::LINKINFO, |info| {
        info.text(ifla::INFO_KIND, kind);
        if let Some(vlan) = vlan {
            info.nest(ifla::INFO_DATA, |data| {
                data.attribute(ifla::VLAN_ID, &vlan.to_ne_bytes());
            });
        }
    });
    request
}

/// Removes a virtual interface.
pub fn delete(index: u32) -> Request {
    Request::new(RTM_DELLINK, flag::ACK, &body(index, 0, 0))
}

/// Reads the payload of RTM_NEWLINK.
pub fn parse(payload: &[u8]) -> Option<Link> {
    let mut link = Link {
        hardware: u16_at(payload, 2)?,
        index: u32_at(payload, 4)?,
        flags: u32_at(payload, 8)?,
        ..Link::default()
    };
    for (kind, value) in attributes(payload.get(16..)?) {
        let number = || u32_at(value, 0).unwrap_or_default();
        match kind {
            ifla::IFNAME => link.name = text(value),
            ifla::ADDRESS => link.address = value.to_vec(),
            ifla::BROADCAST => link.broadcast = value.to_vec(),
            ifla::MTU => link.mtu = number(),
            ifla::LINK => link.lower = u32_at(value, 0),
            ifla::MASTER => link.master = number(),
            ifla::QDISC => link.qdisc = text(value),
            ifla::TXQLEN => link.queue_length = number(),
            ifla::GROUP => link.group = number(),
            ifla::OPERSTATE => link.state = value.first().copied().unwrap_or_default(),
            ifla::LINKMODE => link.mode = value.first().copied().unwrap_or_default(),
            ifla::LINKINFO => parse_info(value, &mut link),
            ifla::STATS64 => link.counters = parse_counters(value).unwrap_or_default(),
            _ => {}
        }
    }
    Some(link)
}

fn parse_info(value: &[u8], link: &mut Link) {
    for (kind, value) in attributes(value) {
        match kind {
            ifla::INFO_KIND => link.kind = text(value),
            // The kind comes before its data.
            ifla::INFO_DATA if link.kind == "vlan" => {
                let mut data = attributes(value);
                link.vlan = data
                    .find(|(kind, _)| *kind == ifla::VLAN_ID)
                    .and_then(|(_, value)| u16_at(value, 0));
            }
            _ => {}
        }
    }
}

/// `struct rtnl_link_stats64`: pairs of received and sent.
fn parse_counters(value: &[u8]) -> Option<Counters> {
    let field = |number: usize| u64_at(value, number * 8);
    Some(Counters {
        received: [field(0)?, field(2)?, field(4)?, field(6)?],
        sent: [field(1)?, field(3)?, field(5)?, field(7)?],
        collisions: field(9)?,
    })
}

#[test]
fn a_vlan_link_is_made_of_nested_attributes() {
    use super::netlink::messages;
    let details = Changes {
        name: Some(b"eth0.7".to_vec()),
        ..Changes::default()
    };
    let bytes = create(b"vlan", Some(3), Some(7), &details).finish(1);
    let message = messages(&bytes).next().unwrap();
    let link = parse(message.payload).unwrap();
    assert_eq!((link.name.as_str(), link.lower), ("eth0.7", Some(3)));
    assert_eq!((link.kind.as_str(), link.vlan), ("vlan", Some(7)));
}
