//! press - an imitated event of a router's button, as OpenWrt's kernel multicasts it.
//!
//! usage: press BUTTON pressed|released [switch]
//!
//! The lab's kernel has no such buttons; a netlink broadcast of root looks the same to whoever
//! listens. Built by `vm.sh` alone, with nothing but the standard library.

use std::ffi::{c_int, c_void};
use std::io::Error;

#[repr(C)]
struct Address {
    family: u16,
    pad: u16,
    port: u32,
    groups: u32,
}

unsafe extern "C" {
    fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    fn sendto(
        socket: c_int,
        bytes: *const c_void,
        length: usize,
        flags: c_int,
        to: *const Address,
        size: u32,
    ) -> isize;
}

fn main() -> Result<(), Error> {
    const NETLINK: c_int = 16;
    const RAW: c_int = 3;
    const KOBJECT_UEVENT: c_int = 15;
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word = |at: usize| words.get(at).map(String::as_str).unwrap_or_default();
    let (button, action, kind) = (word(0), word(1), word(2));
    let mut message = format!(
        "{action}@\0HOME=/\0PATH=/sbin:/bin:/usr/sbin:/usr/bin\0SUBSYSTEM=button\0\
         ACTION={action}\0BUTTON={button}\0"
    );
    if !kind.is_empty() {
        message += &format!("TYPE={kind}\0");
    }
    message += "SEEN=0\0SEQNUM=999\0";
    let to = Address {
        family: NETLINK as u16,
        pad: 0,
        port: 0,
        groups: 1,
    };
    // SAFETY: numbers only.
    let socket = unsafe { socket(NETLINK, RAW, KOBJECT_UEVENT) };
    if socket < 0 {
        return Err(Error::last_os_error());
    }
    let size = size_of::<Address>() as u32;
    // SAFETY: message and address are readable for the lengths given with them.
    let sent = unsafe { sendto(socket, message.as_ptr().cast(), message.len(), 0, &to, size) };
    let refused = Error::last_os_error();
    match sent {
        // Nobody listens: that is no failure of the button.
        -1 if refused.kind() == std::io::ErrorKind::ConnectionRefused => Ok(()),
        -1 => Err(refused),
        _ => Ok(()),
    }
}
