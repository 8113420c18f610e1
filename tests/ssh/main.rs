//! sshd with the clients that people have: OpenSSH's, dropbear's, and raw sockets.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(clippy::print_stderr, reason = "the report of a test")]

mod abuse;
mod forwards;
mod login;
mod requests;
mod server;
mod sessions;
#[path = "../support/tempdir.rs"]
mod tempdir;
mod transfers;
