//! Waiting for connections.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// The address that stands for all of a family.
pub fn any(v6: bool) -> IpAddr {
    match v6 {
        true => Ipv6Addr::UNSPECIFIED.into(),
        false => Ipv4Addr::UNSPECIFIED.into(),
    }
}

/// Listens on a port of every address; by IPv6, which takes IPv4 along, if the kernel has it.
pub fn everywhere(port: u16) -> io::Result<TcpListener> {
    let at = |v6| TcpListener::bind(SocketAddr::new(any(v6), port));
    at(true).or_else(|_| at(false))
}
