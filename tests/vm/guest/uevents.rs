//! Multicasts messages to those who listen for kernel events.
//!
//! usage: uevents flood COUNT
//!        uevents NAME=VALUE...
//!
//! The second form sends one event with these fields, the first COUNT broken ones.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, sendto, socket_with};
use std::os::fd::OwnedFd;

/// The group of the kernel's own events.
const KERNEL_GROUP: u32 = 1;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let flags = SocketFlags::CLOEXEC;
    let family = AddressFamily::NETLINK;
    let socket = socket_with(family, SocketType::DGRAM, flags, Some(KOBJECT_UEVENT)).unwrap();
    match words.split_first() {
        Some((word, count)) if word == "flood" => flood(&socket, count[0].parse().unwrap()),
        _ => send(&socket, format!("test@\0{}\0", words.join("\0")).as_bytes()),
    }
}

fn send(socket: &OwnedFd, message: &[u8]) {
    let everybody = SocketAddrNetlink::new(0, KERNEL_GROUP);
    // A listener whose buffer is full misses it (ENOBUFS), as with the kernel.
    let _ = sendto(socket, message, SendFlags::empty(), &everybody);
}

/// An event of each kind that init acts upon, bent and cut at random, and plain noise.
fn flood(socket: &OwnedFd, count: u32) {
    let good: [&[u8]; 4] = [
        b"pressed@\0SUBSYSTEM=button\0ACTION=pressed\0BUTTON=reset\0TYPE=switch\0SEEN=1\0",
        b"add@/devices/x\0ACTION=add\0SUBSYSTEM=block\0MAJOR=8\0MINOR=0\0DEVNAME=../../x\0",
        b"add@/devices/x\0ACTION=add\0SUBSYSTEM=usb\0MODALIAS=usb:v1p1d*\0DEVPATH=/x\0",
        b"add@/devices/x\0ACTION=add\0SUBSYSTEM=../net\0INTERFACE=$(reboot)\0",
    ];
    let mut seed = 1_u32;
    let mut random = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize
    };
    for round in 0..count {
        let mut bytes = good[random() % good.len()].to_vec();
        for _ in 0..random() % 6 {
            let at = random() % bytes.len();
            match random() % 4 {
                0 => bytes[at] = random() as u8,
                1 => bytes.truncate(at.max(1)),
                2 => bytes.insert(at, 0),
                _ => bytes.insert(at, b'='),
            }
        }
        if round % 100 == 0 {
            bytes = (0..16_000).map(|_| random() as u8).collect();
        }
        send(socket, &bytes);
    }
}
