//! Accounts: `/etc/passwd`, `/etc/shadow`, `/etc/group`, and the hashes in them.

pub mod change;
pub mod crypt;
pub mod enter;
pub mod files;
pub mod update;
pub mod weak;
