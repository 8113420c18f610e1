//! The announcement: UDP broadcasts that tell a PC on the cable what the device is doing.
//!
//! Always 1001 bytes to port 4919 (0x1337): the magic DE AD, the text, zeros. The texts
//! that end in `\n` do so in two characters, a backslash and an n; listeners of twenty years
//! expect all of this.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

/// Where listeners listen.
pub const PORT: u16 = 4919;

/// Bytes of a packet.
pub const LENGTH: usize = 1001;

/// While failsafe mode can be asked for, once per second.
pub const PRESS_NOW: &[u8] = b"Please press button now to enter failsafe";

/// When failsafe mode has been entered.
pub const ENTERING: &[u8] = b"Entering Failsafe!\\n";

/// How [`ENTERING`] begins; its end differs between systems.
pub const ENTERING_START: &[u8] = b"Entering Failsafe";

/// Whether a router says that it waits for its button. The second form is that of the years
/// before 2010.
pub fn asks_to_press(text: &[u8]) -> bool {
    text.starts_with(PRESS_NOW) || text.starts_with(b"Press reset now")
}

const MAGIC: [u8; 2] = [0xde, 0xad];

/// The longest text of a packet: one zero byte always follows.
const LONGEST_TEXT: usize = 998;

/// The packet for a text; what is too long is cut.
pub fn packet(text: &[u8]) -> [u8; LENGTH] {
    let mut packet = [0; LENGTH];
    let text = &text[..text.len().min(LONGEST_TEXT)];
    let bytes = MAGIC.iter().chain(text);
    packet
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    packet
}

/// The text of a packet; None if it is not an announcement.
pub fn text(packet: &[u8]) -> Option<&[u8]> {
    let text = packet.strip_prefix(&MAGIC)?;
    text.split(|&b| b == 0).next()
}

/// Sends one announcement to a broadcast address.
pub fn send(broadcast: Ipv4Addr, text: &[u8]) -> io::Result<()> {
    send_to(SocketAddrV4::new(broadcast, PORT), text)
}

fn send_to(to: SocketAddrV4, text: &[u8]) -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.set_broadcast(true)?;
    socket.send_to(&packet(text), to)?;
    Ok(())
}

#[test]
fn a_broadcast_on_the_loopback_is_heard() {
    let listener = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let everybody = Ipv4Addr::new(127, 255, 255, 255);
    send_to(SocketAddrV4::new(everybody, port), PRESS_NOW).unwrap();
    let mut buf = [0; 2048];
    let count = listener.recv(&mut buf).unwrap();
    assert_eq!(text(&buf[..count]), Some(PRESS_NOW));
    assert_eq!(count, LENGTH);
}

#[test]
fn a_packet_is_magic_text_and_zeros() {
    let bytes = packet(ENTERING);
    assert_eq!(bytes.len(), 1001);
    assert_eq!(&bytes[..23], b"\xde\xadEntering Failsafe!\\n\0");
    assert!(bytes[22..].iter().all(|&b| b == 0));
    assert_eq!(text(&bytes), Some(&b"Entering Failsafe!\\n"[..]));
}

#[test]
fn a_text_that_is_too_long_leaves_a_zero() {
    let bytes = packet(&[b'x'; 2000]);
    assert_eq!(bytes.iter().filter(|&&b| b == b'x').count(), 998);
    assert_eq!(bytes[1000], 0);
    assert_eq!(text(b"hello"), None);
    assert_eq!(text(b"\xde\xad"), Some(&b""[..]));
}
