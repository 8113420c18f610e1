//! netlink answers of the kernel, and addresses as people type them.

#![no_main]

use libfuzzer_sys::fuzz_target;
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
