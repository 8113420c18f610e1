//! Firmware images: what a file is, and whether it may be flashed here.
//!
//! [`look()`](look::look) collects facts and judges nothing; [`check()`](check::check) judges
//! and does no I/O. What passes is a [`CheckedImage`], which nothing else can make and which
//! the writer insists on.

pub mod body;
pub mod check;
pub mod container;
pub mod disk;
mod fault;
pub mod fit;
pub mod fwtool;
pub mod json;
pub mod look;
pub mod metadata;
mod raw;
pub mod report;
pub mod sha1;
pub mod squashfs;
pub mod stream;
mod tail;
pub mod tar;
pub mod ubi;
pub mod uimage;

pub use check::{CheckedImage, Fault, Overrides, Target, check};
pub use look::{Facts, judge, look};

#[cfg(test)]
mod check_tests;
#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod mutation;
#[cfg(test)]
pub(crate) mod sample;
