//! safebox: the rescue userland of a router, as a library of engines.
//!
//! The binary in `applets/` reads arguments, calls the engines here and prints.
//! Dependencies point one way only:
//!
//! ```text
//! applets/*            arguments in, messages out; no unsafe, no formats, no protocols
//!   |
//! shell uci image overlay flash telnet ssh accounts boot ...  engines
//!   |
//! applet opts error    what every applet is made of
//!   |
//! sys                  the kernel: the only unsafe code, and the traits that tests fake
//! fake                 the same traits in memory
//! ```
//!
//! What is absent on purpose: this library **knows no applet** (the table is handed in by
//! the binary), **engines of protocols do no I/O**, **nothing destructive decides while it
//! acts** (look, plan, perform), and **no engine prints**.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")
)]

pub mod accounts;
pub mod applet;
pub mod archive;
pub mod awk;
pub mod boot;
pub mod diff;
pub mod disk;
pub mod error;
pub mod fake;
pub mod flash;
pub mod fsops;
pub mod health;
pub mod image;
pub mod lineedit;
pub mod meter;
pub mod modules;
pub mod net;
pub mod opts;
pub mod output;
pub mod overlay;
pub mod pager;
pub mod proc;
pub mod sed;
pub mod shell;
pub mod signature;
pub mod ssh;
pub mod sys;
pub mod telnet;
pub mod text;
pub mod uci;
pub mod upgrade;
