//! ARP (RFC 826): telling the neighbours which hardware address an IPv4 address has now.
//!
//! A PC that knew the router under another hardware address (a boot loader's, a port's) would
//! go on sending there for minutes.

use std::net::Ipv4Addr;

/// Bytes of an Ethernet frame with an ARP packet.
pub const LENGTH: usize = 42;

/// The frame that says to everybody: `address` is at `mac` (RFC 5227, section 3: an ARP
/// request for one's own address).
pub fn announcement(mac: [u8; 6], address: Ipv4Addr) -> [u8; LENGTH] {
    let mut frame = [0; LENGTH];
    frame[..6].fill(0xff);
    frame[6..12].copy_from_slice(&mac);
    // ARP; Ethernet, IPv4, 6 and 4 bytes, request.
    frame[12..22].copy_from_slice(&[8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    frame[22..28].copy_from_slice(&mac);
    frame[28..32].copy_from_slice(&address.octets());
    frame[38..].copy_from_slice(&address.octets());
    frame
}

#[test]
fn an_announcement_asks_for_its_own_address() {
    let frame = announcement([2, 0, 0, 0, 0, 1], Ipv4Addr::new(192, 168, 1, 1));
    assert_eq!(
        frame[..14],
        *b"\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x01\x08\x06"
    );
    assert_eq!(frame[14..22], [0, 1, 8, 0, 6, 4, 0, 1]);
    assert_eq!(frame[22..32], [2, 0, 0, 0, 0, 1, 192, 168, 1, 1]);
    assert_eq!(frame[32..], [0, 0, 0, 0, 0, 0, 192, 168, 1, 1]);
}
