//! DHCP: how a PC gets an address by asking everybody.

pub mod message;
pub mod server;

/// Where servers listen (UDP).
pub const SERVER_PORT: u16 = 67;
/// Where clients listen (UDP).
pub const CLIENT_PORT: u16 = 68;
