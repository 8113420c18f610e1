//! How much went over a connection, and its digest.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// What went one way.
#[derive(Default)]
pub struct Tally {
    /// How many bytes.
    pub bytes: u64,
    digest: Option<Sha256>,
}

impl Tally {
    /// Nothing yet; a digest costs time.
    pub fn new(with_digest: bool) -> Tally {
        Tally {
            bytes: 0,
            digest: with_digest.then(Sha256::new),
        }
    }

    /// More went.
    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
    }

    /// More went, and nobody has looked at it.
    pub fn add_unseen(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// The SHA-256, lower case hexadecimal; ends the counting.
    pub fn hex(&mut self) -> String {
        let mut text = String::new();
        for byte in self.digest.take().unwrap_or_default().finalize() {
            write!(text, "{byte:02x}").unwrap_or_default();
        }
        text
    }
}
