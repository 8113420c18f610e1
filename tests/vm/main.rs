//! Boots the lab's router and does to it what its owner would do.
//!
//! Every test here is ignored by a plain `cargo test`: it needs root, an emulator and the
//! images, and takes minutes. `make vm` provides all that and runs them. See README.md.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(clippy::print_stderr, reason = "the log of a failed test")]

mod bench;
mod boot;
mod buttons;
mod crash;
mod cuts;
mod damage;
mod disks;
mod extroot;
mod failsafe_net;
mod guided;
mod hotplug;
mod init;
mod jffs2;
mod lab;
mod mtd;
mod nand;
mod nand_upgrade;
mod newcomer;
mod overlay;
mod rescue;
mod scripts;
mod settings;
mod slots;
mod ssh;
mod stream;
#[path = "../support/tempdir.rs"]
mod tempdir;
mod tour;
mod triggers;
mod ubi;
mod upgrade;
mod volumes;
