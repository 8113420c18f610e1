//! New keys from the kernel's random numbers.

use super::Kind;
use crate::sys::Machine;
use russh::keys::PrivateKey;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use russh::keys::ssh_key::rand_core::{Infallible, TryCryptoRng, TryRng};
use russh::keys::{Algorithm, EcdsaCurve};
use std::io;

/// A new key. Waits for the kernel to have gathered enough chance, once after a boot.
///
/// # Errors
/// The kernel gave no random bytes.
pub fn generate(kind: Kind, machine: &mut dyn Machine) -> io::Result<PrivateKey> {
    let mut source = Source {
        machine,
        failure: None,
    };
    let key = match kind {
        Kind::Ed25519 => {
            let mut seed = [0; 32];
            source.fill(&mut seed);
            let pair = KeypairData::Ed25519(Ed25519Keypair::from_seed(&seed));
            PrivateKey::new(pair, "")
        }
        Kind::Ecdsa => {
            let curve = EcdsaCurve::NistP256;
            PrivateKey::random(&mut source, Algorithm::Ecdsa { curve })
        }
    };
    match source.failure {
        Some(error) => Err(error),
        None => key.map_err(io::Error::other),
    }
}

/// The machine as the source that the arithmetic asks for: it cannot fail there, so a
/// failure is kept and what was made of the bytes is thrown away.
struct Source<'a> {
    machine: &'a mut dyn Machine,
    failure: Option<io::Error>,
}

impl Source<'_> {
    fn fill(&mut self, bytes: &mut [u8]) {
        if let Err(error) = self.machine.random(bytes) {
            // Any number that a curve accepts: with zeros it would ask for ever.
            bytes.fill(1);
            self.failure = Some(error);
        }
    }
}

impl TryRng for Source<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Source<'_> {}
