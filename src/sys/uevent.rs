//! Events that the kernel multicasts about its devices (netlink, family KOBJECT_UEVENT).

use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The multicast group of the kernel's own events.
const KERNEL_GROUP: u32 = 1;

/// A socket that hears every event from now on.
pub struct Uevents(OwnedFd);

impl Uevents {
    /// Starts to listen. Reading never waits.
    pub fn listen() -> io::Result<Uevents> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let family = AddressFamily::NETLINK;
        let socket = socket_with(family, SocketType::DGRAM, flags, Some(KOBJECT_UEVENT))?;
        bind(&socket, &SocketAddrNetlink::new(0, KERNEL_GROUP))?;
        Ok(Uevents(socket))
    }

    /// The next event, if one has come; longer ones are cut to the buffer.
    pub fn read<'a>(&self, buf: &'a mut [u8]) -> Option<&'a [u8]> {
        let (count, _) = recv(&self.0, &mut *buf, RecvFlags::empty()).ok()?;
        buf.get(..count)
    }
}

impl AsFd for Uevents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
