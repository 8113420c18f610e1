//! netlink answers of the kernel, addresses as people type them, DHCP.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::net::dhcp::message::{Kind, Message, option};
use safebox::net::dhcp::server::Server;
use safebox::net::prefix::{self, Prefix};
use safebox::net::{interface, link, neighbour, netlink, route};

fuzz_target!(|data: &[u8]| {
    let mut seen = 0;
    for message in netlink::messages(data) {
        seen += message.payload.len();
        read(message.payload);
    }
    assert!(seen <= data.len(), "messages do not overlap");
    read(data);
    if let Ok(text) = std::str::from_utf8(data) {
        addresses(text);
    }
    dhcp(data);
    let mut request = netlink::Request::new(16, 0, &[0; 16]);
    request.nest(18, |inner| inner.attribute(1, data));
    let sent = request.finish(7);
    let message = netlink::messages(&sent).next().expect("it is one of ours");
    let outer = netlink::attributes(&message.payload[16..]).next();
    let inner = netlink::attributes(outer.expect("it was nested").1).next();
    assert_eq!(inner, Some((1, data)));
});

fn read(payload: &[u8]) {
    let total: usize = netlink::attributes(payload).map(|(_, v)| v.len()).sum();
    assert!(total <= payload.len());
    netlink::error_code(payload);
    link::parse(payload);
    interface::parse(payload);
    neighbour::parse(payload);
    if let Some(route) = route::parse(payload) {
        route::add(&route, 0);
    }
}

fn addresses(text: &str) {
    if let Some(found) = Prefix::parse(text) {
        assert_eq!(Prefix::parse(&found.to_string()), Some(found));
        let network = found.network();
        assert_eq!(network.network(), network);
        found.broadcast();
    }
    if let Some(mac) = prefix::parse_mac(text) {
        assert_eq!(prefix::parse_mac(&prefix::mac_text(&mac)), Some(mac));
    }
}

/// The message, and others made from it, in the order of their bytes.
fn dhcp(data: &[u8]) {
    let Some(first) = Message::parse(data) else {
        return;
    };
    assert_eq!(Message::parse(&first.bytes()), Some(first.clone()));
    let local = Prefix::parse("10.0.0.2/28").expect("it is one");
    let mut server = Server::new(local).expect("it has room");
    let mut given = std::collections::HashMap::new();
    for (now, byte) in data.iter().enumerate() {
        let mut message = first.clone();
        message.mac[5] = byte & 15;
        if byte & 0x80 != 0 {
            message.kind = Kind::Request;
            message.options = vec![(option::WANTED, vec![10, 0, 0, byte >> 3 & 15])];
        }
        let Some(answer) = server.take(&message, now as u64) else {
            continue;
        };
        assert_eq!(Message::parse(&answer.bytes()).as_ref(), Some(&answer));
        if answer.kind == Kind::Ack && message.kind == Kind::Request {
            assert!((1..15).contains(&answer.yours.octets()[3]) && answer.yours.octets()[3] != 2);
            // Nobody else has it, unless that lease has run out or was given back.
            if let Some((mac, until)) = given.insert(answer.yours, (message.mac, now + 300))
                && first.kind != Kind::Release
                && first.kind != Kind::Decline
            {
                assert!(mac == message.mac || until <= now || mac_moved(&given, mac));
            }
        }
    }
}

/// Whether a client took another address meanwhile, which gives its old one back.
fn mac_moved(
    given: &std::collections::HashMap<std::net::Ipv4Addr, ([u8; 6], usize)>,
    mac: [u8; 6],
) -> bool {
    given.values().any(|(other, _)| *other == mac)
}
