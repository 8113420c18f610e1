//! Chains of certificates: a key of the device vouches for a key, which vouches for another,
//! and the last one has signed the file.
//!
//! A chain is a row of blobs; each holds the text of a signature and what it signs, a table
//! with kind, dates and the text of the next key. The last blob holds a signature alone, that
//! of the file. Numbers are big-endian: 32 bits of header (a flag, 7 bits of id, 24 of length
//! with the header), content, filler up to 4 bytes.

use super::usign::{PublicKey, Signature};

/// More certificates than this are no chain.
const MOST: usize = 8;
/// Ids inside a blob: the signature, and what it signs.
const SIGNATURE: u8 = 0;
const PAYLOAD: u8 = 1;
/// Types of values in a table.
const TABLE: u8 = 2;
const STRING: u8 = 3;
const LONG: u8 = 4;
const WORD: u8 = 5;

/// A row of certificates and the signature of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain<'a> {
    /// From the device's key on.
    pub certificates: Vec<Certificate<'a>>,
    /// By the key of the last certificate.
    pub signature: Signature,
}

/// One key that vouches for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// Of `payload`.
    pub signature: Signature,
    /// The bytes that are signed.
    pub payload: &'a [u8],
    /// The key it vouches for; None: the certificate takes a key back.
    pub key: Option<PublicKey>,
    /// Seconds since 1970: not before, not after.
    pub valid: (u64, u64),
}

impl Chain<'_> {
    /// Reads a chain that fills `bytes`.
    pub fn parse(bytes: &[u8]) -> Option<Chain<'_>> {
        let mut certificates = Vec::new();
        let mut rest = bytes;
        while let Some((blob, behind)) = split(rest) {
            rest = behind;
            let (mut signature, mut payload) = (None, None);
            let mut inside = blob.content;
            while let Some((part, behind)) = split(inside) {
                inside = behind;
                match part.id {
                    SIGNATURE => signature = Signature::parse(part.content),
                    PAYLOAD => payload = Some(part.content),
                    _ => {}
                }
            }
            let signature = signature?;
            match payload {
                Some(payload) if certificates.len() < MOST => {
                    certificates.push(certificate(signature, payload)?);
                }
                // Whatever is behind the last one would not have been looked at.
                None if rest.is_empty() => {
                    return Some(Chain {
                        certificates,
                        signature,
                    });
                }
                _ => return None,
            }
        }
        None
    }
}

fn certificate<'a>(signature: Signature, payload: &'a [u8]) -> Option<Certificate<'a>> {
    let table = value(payload, TABLE, b"ucert")?;
    let long = |name| {
        let bytes = value(table, LONG, name)?.try_into().ok()?;
        Some(u64::from_be_bytes(bytes))
    };
    let kind = value(table, WORD, b"certtype")?;
    let key = match kind {
        [0, 0, 0, 1] => Some(PublicKey::parse(value(table, STRING, b"pubkey")?)?),
        [0, 0, 0, 2] => None,
        _ => return None,
    };
    Some(Certificate {
        signature,
        payload,
        key,
        valid: (long(b"validfrom")?, long(b"expiresat")?),
    })
}

struct Blob<'a> {
    id: u8,
    /// A name precedes the content.
    named: bool,
    content: &'a [u8],
}

/// The first blob and what is behind it.
fn split(bytes: &[u8]) -> Option<(Blob<'_>, &[u8])> {
    let (header, _) = bytes.split_first_chunk::<4>()?;
    let word = u32::from_be_bytes(*header);
    let length = (word & 0x00ff_ffff) as usize;
    let blob = Blob {
        id: (word >> 24 & 0x7f) as u8,
        named: word >> 31 == 1,
        content: bytes.get(4..length)?,
    };
    let end = length.next_multiple_of(4).min(bytes.len());
    Some((blob, &bytes[end..]))
}

/// The value of this type and name in a table.
fn value<'a>(table: &'a [u8], kind: u8, name: &[u8]) -> Option<&'a [u8]> {
    let mut rest = table;
    while let Some((blob, behind)) = split(rest) {
        rest = behind;
        if !blob.named || blob.id != kind {
            continue;
        }
        let (length, text) = blob.content.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        if text.get(..length)? == name {
            // The name ends in a NUL, and everything begins at a multiple of 4.
            let value = blob.content.get((2 + length + 1).next_multiple_of(4)..)?;
            let is_text = kind == STRING;
            return Some(
                value
                    .strip_suffix(b"\0")
                    .filter(|_| is_text)
                    .unwrap_or(value),
            );
        }
    }
    None
}

/// Chains as the original's tool writes them.
#[cfg(test)]
pub mod sample {
    use super::super::ed25519;
    use super::super::usign::{KeyId, SecretKey, Signature};
    use super::*;

    /// The key with this number.
    pub fn key(number: u8) -> SecretKey {
        SecretKey {
            id: KeyId([0, number, 3, 4, 5, 6, 7, 8]),
            seed: [number; 32],
        }
    }

    /// The signature's text.
    pub fn sign(key: &SecretKey, message: &[u8]) -> String {
        let bytes = ed25519::sign::<()>(&key.seed, |take| {
            take(message);
            Ok(())
        });
        let signature = Signature {
            id: key.id,
            bytes: bytes.unwrap(),
        };
        signature.text("signed")
    }

    fn blob(head: u8, content: &[u8]) -> Vec<u8> {
        let word = u32::from(head) << 24 | (content.len() as u32 + 4);
        let mut blob = [&word.to_be_bytes()[..], content].concat();
        blob.resize(blob.len().next_multiple_of(4), 0);
        blob
    }

    fn named(kind: u8, name: &str, content: &[u8]) -> Vec<u8> {
        let mut head = (name.len() as u16).to_be_bytes().to_vec();
        head.extend(name.as_bytes());
        head.push(0);
        head.resize(head.len().next_multiple_of(4), 0);
        blob(0x80 | kind, &[&head, content].concat())
    }

    /// A certificate by `by` for `of`.
    pub fn certificate(by: &SecretKey, of: &SecretKey, kind: u32, valid: (u64, u64)) -> Vec<u8> {
        let key = of.public().text("public key") + "\0";
        let table = [
            named(WORD, "certtype", &kind.to_be_bytes()),
            named(LONG, "validfrom", &valid.0.to_be_bytes()),
            named(LONG, "expiresat", &valid.1.to_be_bytes()),
            named(STRING, "pubkey", key.as_bytes()),
        ];
        let payload = named(TABLE, "ucert", &table.concat());
        let signature = sign(by, &payload);
        let parts = [blob(0, signature.as_bytes()), blob(1, &payload)];
        blob(0, &parts.concat())
    }

    /// The end of a chain.
    pub fn last(by: &SecretKey, message: &[u8]) -> Vec<u8> {
        blob(0, &blob(0, sign(by, message).as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_read_and_no_part_of_it_passes() {
        let keys = [1, 2].map(sample::key);
        let mut bytes = sample::certificate(&keys[0], &keys[1], 1, (5, 9));
        bytes.extend(sample::last(&keys[1], b"image"));
        let chain = Chain::parse(&bytes).unwrap();
        let [certificate] = &chain.certificates[..] else {
            panic!("{chain:?}");
        };
        assert_eq!(certificate.key, Some(keys[1].public()));
        assert_eq!(certificate.valid, (5, 9));
        assert_eq!(certificate.signature.id, keys[0].id);
        assert_eq!(chain.signature.id, keys[1].id);
        for cut in 0..bytes.len() - 3 {
            assert_eq!(Chain::parse(&bytes[..cut]), None, "{cut}");
        }
        bytes.extend(sample::last(&keys[0], b"more"));
        assert_eq!(Chain::parse(&bytes), None);
    }
}
