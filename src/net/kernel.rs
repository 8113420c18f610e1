//! The netlink socket: requests in, answers out.

use super::netlink::{DONE, ERROR, Message, Request, error_code, flag, messages};
use super::{interface, link, neighbour, route};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A connection to the kernel's routing tables.
pub struct Kernel {
    socket: OwnedFd,
    sequence: u32,
    packet: Vec<u8>,
}

impl Kernel {
    /// Opens the socket; any user may read the tables.
    pub fn open() -> io::Result<Kernel> {
        let socket = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            // NETLINK_ROUTE is protocol 0, which is what None asks for.
            None,
        )?;
        rustix::net::bind(&socket, &netlink::SocketAddrNetlink::new(0, 0))?;
        Ok(Kernel {
            socket,
            sequence: 0,
            // What the kernel puts into one packet of a dump at most.
            packet: vec![0; 32 * 1024],
        })
    }

    /// Makes a change and waits until the kernel has said yes or why not.
    pub fn change(&mut self, request: &Request) -> io::Result<()> {
        self.exchange(request, |_| {})
    }

    /// Asks for a table; `each` gets the payload of every entry.
    pub fn dump(&mut self, request: &Request, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        self.exchange(request, |message| each(message.payload))
    }

    /// Every interface.
    pub fn links(&mut self) -> io::Result<Vec<link::Link>> {
        let mut found = Vec::new();
        self.dump(&link::dump(), |payload| found.extend(link::parse(payload)))?;
        Ok(found)
    }

    /// Every address of every interface; `family` 0 is both kinds.
    pub fn addresses(&mut self, family: u8) -> io::Result<Vec<interface::Address>> {
        let mut found = Vec::new();
        self.dump(&interface::dump(family), |payload| {
            found.extend(interface::parse(payload));
        })?;
        Ok(found)
    }

    /// Every route of every table.
    pub fn routes(&mut self, family: u8) -> io::Result<Vec<route::Route>> {
        let mut found = Vec::new();
        self.dump(&route::dump(family), |payload| {
            found.extend(route::parse(payload))
        })?;
        Ok(found)
    }

    /// Every known neighbour.
    pub fn neighbours(&mut self, family: u8) -> io::Result<Vec<neighbour::Neighbour>> {
        let mut found = Vec::new();
        self.dump(&neighbour::dump(family), |payload| {
            found.extend(neighbour::parse(payload));
        })?;
        Ok(found)
    }

    fn exchange(&mut self, request: &Request, mut each: impl FnMut(Message<'_>)) -> io::Result<()> {
        self.sequence += 1;
        let bytes = request.finish(self.sequence);
        let to_kernel = netlink::SocketAddrNetlink::new(0, 0);
        rustix::net::sendto(&self.socket, &bytes, SendFlags::empty(), &to_kernel)?;
        loop {
            let (count, _) =
                match rustix::net::recv(&self.socket, &mut self.packet[..], RecvFlags::empty()) {
                    Ok(received) => received,
                    Err(rustix::io::Errno::INTR) => continue,
                    Err(error) => return Err(error.into()),
                };
            let packet = self.packet.get(..count).unwrap_or_default();
            for message in messages(packet).filter(|m| m.sequence == self.sequence) {
                match message.kind {
                    DONE => return Ok(()),
                    ERROR => match error_code(message.payload) {
                        Some(0) => return Ok(()),
                        Some(code) => return Err(io::Error::from_raw_os_error(code)),
                        None => return Err(io::ErrorKind::InvalidData.into()),
                    },
                    _ => each(message),
                }
            }
        }
    }
}

/// Tells when something about interfaces has changed; not what.
pub struct LinkEvents(OwnedFd);

impl LinkEvents {
    /// Hears of every change from now on. Reading never waits.
    pub fn listen() -> io::Result<LinkEvents> {
        /// RTMGRP_LINK of linux/rtnetlink.h.
        const LINKS: u32 = 1;
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        // See `Kernel::open` for the protocol.
        let family = AddressFamily::NETLINK;
        let socket = rustix::net::socket_with(family, SocketType::RAW, flags, None)?;
        rustix::net::bind(&socket, &netlink::SocketAddrNetlink::new(0, LINKS))?;
        Ok(LinkEvents(socket))
    }

    /// Takes all that has come; whether there was anything.
    pub fn drain(&self) -> bool {
        let mut any = false;
        let mut packet = [0; 64];
        loop {
            match rustix::net::recv(&self.0, &mut packet[..], RecvFlags::empty()) {
                // More than fits has been lost (ENOBUFS): that is an event too.
                Ok(_) | Err(rustix::io::Errno::NOBUFS) => any = true,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return any,
            }
        }
    }
}

impl AsFd for LinkEvents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Flags of a request that adds something: `create` and how it treats what exists.
pub fn adding(how: u16) -> u16 {
    flag::ACK | flag::CREATE | how
}
