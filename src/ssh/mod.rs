//! The secure way in: keys, sessions, and the transfer of files (RFC 4251 to 4254).

pub mod authorized;
pub mod keys;
pub mod scp;
pub mod server;
pub mod sftp;
pub mod wire;

/// The fingerprints of the host keys of the running server, a line each: for those who come by
/// another way and want to compare.
pub const FINGERPRINTS: &str = "/tmp/ssh_fingerprints";
