//! Keys and signatures as text: `untrusted comment: ...` and a line of base64.
//!
//! All three begin with `Ed`. A public key goes on with the key's id (8 bytes) and the key, a
//! signature with the id and the signature, a secret key with how it is locked up, a checksum,
//! the id and both halves of the key. OpenBSD's signify writes the same.

use super::ed25519;
use crate::text::base64;
use sha2::{Digest, Sha512};

const COMMENT: &[u8] = b"untrusted comment: ";
const ALGORITHM: [u8; 2] = *b"Ed";
/// How secret keys are locked up; rounds of 0: not at all.
const LOCK: [u8; 2] = *b"BK";
/// No such file is longer.
pub const LONGEST: u64 = 4096;

/// The name of a key, from inside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyId(pub [u8; 8]);

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

/// A key that verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Its name.
    pub id: KeyId,
    /// The key.
    pub key: [u8; 32],
}

impl PublicKey {
    /// Reads the text of a key.
    pub fn parse(text: &[u8]) -> Option<PublicKey> {
        let bytes: [u8; 42] = decode(text)?;
        Some(PublicKey {
            id: KeyId(part(&bytes, 2)?),
            key: part(&bytes, 10)?,
        })
    }

    /// The text of the key.
    pub fn text(&self, comment: &str) -> String {
        encode(comment, &[&ALGORITHM, &self.id.0, &self.key])
    }
}

/// A signature of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key that made it.
    pub id: KeyId,
    /// The signature.
    pub bytes: [u8; 64],
}

impl Signature {
    /// Reads the text of a signature.
    pub fn parse(text: &[u8]) -> Option<Signature> {
        let bytes: [u8; 74] = decode(text)?;
        Some(Signature {
            id: KeyId(part(&bytes, 2)?),
            bytes: part(&bytes, 10)?,
        })
    }

    /// The text of the signature.
    pub fn text(&self, comment: &str) -> String {
        encode(comment, &[&ALGORITHM, &self.id.0, &self.bytes])
    }
}

/// A key that signs. Never shown.
pub struct SecretKey {
    /// Its name.
    pub id: KeyId,
    /// What it is made from.
    pub seed: [u8; 32],
}

impl SecretKey {
    /// Reads the text of a key. None also for one that needs a password or was damaged.
    pub fn parse(text: &[u8]) -> Option<SecretKey> {
        let bytes: [u8; 104] = decode(text)?;
        let key: [u8; 64] = part(&bytes, 40)?;
        let sound = bytes[2..4] == LOCK
            && bytes[4..8] == [0; 4]
            && Sha512::digest(key)[..8] == bytes[24..32];
        sound.then_some(SecretKey {
            id: KeyId(part(&bytes, 32)?),
            seed: part(&key, 0)?,
        })
    }

    /// The text of the key.
    pub fn text(&self, comment: &str) -> String {
        let key = [self.seed, ed25519::public_key(&self.seed)].concat();
        let sum = Sha512::digest(&key);
        let head = [&ALGORITHM[..], &LOCK, &[0; 20], &sum[..8]].concat();
        encode(comment, &[&head, &self.id.0, &key])
    }

    /// Its other half.
    pub fn public(&self) -> PublicKey {
        PublicKey {
            id: self.id,
            key: ed25519::public_key(&self.seed),
        }
    }
}

/// The id in any of the three.
pub fn id(text: &[u8]) -> Option<KeyId> {
    let public = PublicKey::parse(text).map(|key| key.id);
    let signature = || Signature::parse(text).map(|signature| signature.id);
    public
        .or_else(signature)
        .or_else(|| SecretKey::parse(text).map(|key| key.id))
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// The bytes of the second line, where the first is a comment and nothing but blanks follow.
fn decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let rest = text.strip_prefix(COMMENT)?;
    let line = rest.iter().position(|&b| b == b'\n')? + 1;
    // Signatures at the end of a firmware file may end in a NUL.
    let data = rest[line..].trim_ascii_end();
    let data = data.strip_suffix(b"\0").unwrap_or(data).trim_ascii();
    let bytes: [u8; N] = base64::decode(data)?.try_into().ok()?;
    bytes.starts_with(&ALGORITHM).then_some(bytes)
}

fn encode(comment: &str, parts: &[&[u8]]) -> String {
    let head = String::from_utf8_lossy(COMMENT);
    format!("{head}{comment}\n{}\n", base64::encode(&parts.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_signatures_survive_as_text() {
        let secret = SecretKey {
            id: KeyId([0, 1, 2, 3, 4, 5, 6, 0xff]),
            seed: [7; 32],
        };
        let text = secret.text("private key");
        let again = SecretKey::parse(text.as_bytes()).unwrap();
        assert_eq!((again.id, again.seed), (secret.id, secret.seed));
        let public = secret.public();
        let text = public.text("x");
        assert_eq!(PublicKey::parse(text.as_bytes()), Some(public));
        assert_eq!(id(text.as_bytes()), Some(secret.id));
        assert_eq!(secret.id.to_string(), "00010203040506ff");
        let signature = Signature {
            id: secret.id,
            bytes: [9; 64],
        };
        let text = signature.text("x");
        assert_eq!(Signature::parse(text.as_bytes()), Some(signature));
        assert_eq!(Signature::parse((text + "\0").as_bytes()), Some(signature));
    }

    #[test]
    fn what_is_not_the_text_of_a_key_is_refused() {
        let secret = SecretKey {
            id: KeyId([1; 8]),
            seed: [7; 32],
        };
        let text = secret.public().text("x");
        for cut in 0..text.len() - 1 {
            assert_eq!(PublicKey::parse(&text.as_bytes()[..cut]), None, "{cut}");
        }
        assert_eq!(Signature::parse(text.as_bytes()), None);
        assert_eq!(PublicKey::parse(text.replace("RW", "rW").as_bytes()), None);
        assert_eq!(PublicKey::parse(text.replace('\n', "\n=").as_bytes()), None);
        // A secret key with a wrong checksum, or with rounds: locked with a password.
        let text = secret.text("x");
        let locked = text.replacen("RWRCSwAAAAA", "RWRCSwAAACo", 1);
        assert_ne!(locked, text);
        assert!(SecretKey::parse(locked.as_bytes()).is_none());
    }
}
