//! Networking: the kernel's tables by rtnetlink, addresses and names.

pub mod arp;
pub mod board;
pub mod dhcp;
pub mod interface;
pub mod kernel;
pub mod link;
pub mod listen;
pub mod neighbour;
pub mod netlink;
pub mod ports;
pub mod prefix;
pub mod rescue;
pub mod resolve;
pub mod route;
pub mod tally;
