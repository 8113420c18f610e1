//! The secure way in: keys, sessions, and the transfer of files (RFC 4251 to 4254).

pub mod authorized;
pub mod keys;
pub mod scp;
pub mod sftp;
pub mod wire;
