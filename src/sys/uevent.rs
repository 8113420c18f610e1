//! Events that the kernel multicasts about its devices (netlink, family KOBJECT_UEVENT).

use rustix::io::Errno;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The multicast group of the kernel's own events.
const KERNEL_GROUP: u32 = 1;

/// A socket that hears every event from now on.
pub struct Uevents {
    socket: OwnedFd,
    /// More came at once than the kernel keeps for a socket.
    has_lost: Cell<bool>,
}

impl Uevents {
    /// Starts to listen. Reading never waits.
    pub fn listen() -> io::Result<Uevents> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let family = AddressFamily::NETLINK;
        let socket = socket_with(family, SocketType::DGRAM, flags, Some(KOBJECT_UEVENT))?;
        bind(&socket, &SocketAddrNetlink::new(0, KERNEL_GROUP))?;
        let has_lost = Cell::new(false);
        Ok(Uevents { socket, has_lost })
    }

    /// The next event, if one has come; longer ones are cut to the buffer.
    pub fn read<'a>(&self, buf: &'a mut [u8]) -> Option<&'a [u8]> {
        loop {
            match recv(&self.socket, &mut *buf, RecvFlags::empty()) {
                Ok((count, _)) => return buf.get(..count),
                Err(Errno::NOBUFS) => self.has_lost.set(true),
                Err(_) => return None,
            }
        }
    }

    /// Whether events were lost since this was asked last.
    pub fn has_lost(&self) -> bool {
        self.has_lost.take()
    }
}

impl AsFd for Uevents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
