//! Networking: the kernel's tables by rtnetlink, addresses and names.

pub mod interface;
pub mod kernel;
pub mod link;
pub mod neighbour;
pub mod netlink;
pub mod prefix;
pub mod resolve;
pub mod route;
