//! Signatures of files: who made them, and whether they are right.
//!
//! [`ed25519`] is the arithmetic, [`usign`] the text around it, [`ucert`] chains of keys,
//! [`Keys`] the folder with the keys that this device trusts.

pub mod ed25519;
pub mod keys;
pub mod ucert;
pub mod usign;

pub use keys::{Keys, Trust};
