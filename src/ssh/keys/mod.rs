//! Host and client keys: Ed25519 and ECDSA on P-256, as files of dropbear and of OpenSSH.
//!
//! dropbear's file is the values of the key one after the other, as RFC 4251 writes them.
//! OpenSSH's is `openssh-key-v1` between two lines of dashes (its PROTOCOL.key). Whatever
//! else a file is gets named, so that its owner knows what to do.

mod generate;
pub mod store;

pub use generate::generate;

use super::wire::{Reader, put_string, put_u32};
use crate::error::EngineError;
use crate::text::base64;
use russh::keys::signature::{Signer, Verifier};
use russh::keys::ssh_key::private::{EcdsaKeypair, EcdsaPrivateKey, Ed25519Keypair, KeypairData};
use russh::keys::ssh_key::public::EcdsaPublicKey;
use russh::keys::{Algorithm, EcdsaCurve, PrivateKey, PublicKey, PublicKeyBase64};
use sha2::{Digest, Sha256};
use std::fmt;

/// No key file is longer: RSA of 16384 bits has some 13 kB.
pub const LONGEST: usize = 16 * 1024;

/// The kinds of keys that are made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `ssh-ed25519`
    Ed25519,
    /// `ecdsa-sha2-nistp256`
    Ecdsa,
}

impl Kind {
    /// Both, the better one first, with the words of `dropbearkey -t`.
    pub const ALL: [(Kind, &str); 2] = [(Kind::Ed25519, "ed25519"), (Kind::Ecdsa, "ecdsa")];
}

const ED25519: &[u8] = b"ssh-ed25519";
const ECDSA: &[u8] = b"ecdsa-sha2-nistp256";
const CURVE: &[u8] = b"nistp256";

/// Why a file is no key for us.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// It holds nothing that looks like a key.
    NoKey,
    /// It begins as a key and does not go on as one.
    Damaged,
    /// Its public half belongs to another key.
    Mismatch,
    /// It is locked with a passphrase.
    Encrypted,
    /// Another format: whose, and what converts it.
    Format(&'static str, &'static str),
    /// Another type of key: its name.
    Type(String),
}

impl EngineError for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::NoKey => "not a private key",
            Error::Damaged => "damaged key",
            Error::Mismatch => "damaged key: its halves do not belong together",
            Error::Encrypted => "locked with a passphrase: unlock it with ssh-keygen -p first",
            Error::Format(format, tool) => {
                return write!(f, "a key in {format} format: {tool} converts it");
            }
            Error::Type(name) => {
                return write!(
                    f,
                    "a key of type {name}: only ed25519 and ecdsa (256) serve"
                );
            }
        })
    }
}

/// Reads a key file of either format.
///
/// # Errors
/// [`Error`] says what it is otherwise.
pub fn read(file: &[u8]) -> Result<PrivateKey, Error> {
    if file.starts_with(b"-----BEGIN ") {
        return armoured(file);
    }
    if file.starts_with(b"PuTTY-User-Key-File") {
        return Err(Error::Format("PuTTY's", "puttygen -O private-openssh-new"));
    }
    let mut reader = Reader(file);
    let mut name = reader;
    if !name.string().is_some_and(is_name) {
        return Err(Error::NoKey);
    }
    let pair = keypair(&mut reader, false)?;
    if !reader.0.is_empty() {
        return Err(Error::Damaged);
    }
    private(pair, "")
}

/// Names of algorithms are words of visible ASCII (RFC 4251, section 6).
fn is_name(bytes: &[u8]) -> bool {
    (1..=64).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

const FIRST_LINE: &[u8] = b"-----BEGIN OPENSSH PRIVATE KEY-----";
const LAST_LINE: &[u8] = b"-----END OPENSSH PRIVATE KEY-----";
const MAGIC: &[u8] = b"openssh-key-v1\0";

/// The text between two lines of dashes.
fn armoured(file: &[u8]) -> Result<PrivateKey, Error> {
    let Some(rest) = file.strip_prefix(FIRST_LINE) else {
        let first = file.split(|&b| b == b'\n').next().unwrap_or_default();
        let is_private = first.windows(11).any(|word| word == b"PRIVATE KEY");
        return Err(if is_private {
            Error::Format("PEM", "ssh-keygen -p")
        } else {
            Error::NoKey
        });
    };
    let end = rest.windows(LAST_LINE.len()).position(|at| at == LAST_LINE);
    let letters: Vec<u8> = rest
        .get(..end.ok_or(Error::Damaged)?)
        .unwrap_or_default()
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let bytes = base64::decode(&letters).ok_or(Error::Damaged)?;
    let body = bytes.strip_prefix(MAGIC).ok_or(Error::Damaged)?;
    openssh(Reader(body)).unwrap_or(Err(Error::Damaged))
}

/// What lies behind the magic word. None where it is too short.
fn openssh(mut reader: Reader<'_>) -> Option<Result<PrivateKey, Error>> {
    let (cipher, derivation, _) = (reader.string()?, reader.string()?, reader.string()?);
    let keys = reader.u32()?;
    let public = reader.string()?;
    if cipher != b"none" || derivation != b"none" {
        return Some(Err(Error::Encrypted));
    }
    let mut reader = Reader(reader.string()?);
    if keys != 1 || reader.u32()? != reader.u32()? {
        return Some(Err(Error::Damaged));
    }
    let pair = match keypair(&mut reader, true) {
        Ok(pair) => pair,
        Err(error) => return Some(Err(error)),
    };
    let comment = String::from_utf8_lossy(reader.string()?);
    let is_filler = |(at, byte): (usize, &u8)| usize::from(*byte) == at + 1;
    if reader.0.len() > 16 || !reader.0.iter().enumerate().all(is_filler) {
        return Some(Err(Error::Damaged));
    }
    let key = private(pair, &comment);
    let matches = |key: &PrivateKey| key.public_key_bytes() == public;
    Some(match key {
        Ok(key) if !matches(&key) => Err(Error::Mismatch),
        key => key,
    })
}

/// The type and the values of a key; the two formats differ in one value.
fn keypair(reader: &mut Reader<'_>, openssh: bool) -> Result<KeypairData, Error> {
    let name = reader.string().ok_or(Error::Damaged)?;
    match name {
        ED25519 => ed25519(reader, openssh),
        ECDSA => ecdsa(reader),
        name if is_name(name) => Err(Error::Type(String::from_utf8_lossy(name).into_owned())),
        _ => Err(Error::Damaged),
    }
}

fn ed25519(reader: &mut Reader<'_>, openssh: bool) -> Result<KeypairData, Error> {
    let public = match openssh {
        true => Some(reader.string().ok_or(Error::Damaged)?),
        false => None,
    };
    let both = reader.string().and_then(|both| both.first_chunk::<64>());
    let both = both.ok_or(Error::Damaged)?;
    let pair = Ed25519Keypair::from_bytes(both).map_err(|_| Error::Mismatch)?;
    if public.is_some_and(|public| public != pair.public.0) {
        return Err(Error::Mismatch);
    }
    Ok(KeypairData::Ed25519(pair))
}

fn ecdsa(reader: &mut Reader<'_>) -> Result<KeypairData, Error> {
    let mut next = || reader.string().ok_or(Error::Damaged);
    let (curve, point, number) = (next()?, next()?, next()?);
    let number = match number {
        [0, rest @ ..] => rest,
        number => number,
    };
    let mut bytes = [0; 32];
    let start = bytes
        .len()
        .checked_sub(number.len())
        .ok_or(Error::Damaged)?;
    bytes[start..].copy_from_slice(number);
    let public = match EcdsaPublicKey::from_sec1_bytes(point) {
        Ok(EcdsaPublicKey::NistP256(public)) if curve == CURVE && point.len() == 65 => public,
        _ => return Err(Error::Damaged),
    };
    Ok(KeypairData::Ecdsa(EcdsaKeypair::NistP256 {
        public,
        private: EcdsaPrivateKey::from(bytes),
    }))
}

/// The key, if its halves belong together.
fn private(pair: KeypairData, comment: &str) -> Result<PrivateKey, Error> {
    let is_ecdsa = matches!(pair, KeypairData::Ecdsa(_));
    let key = PrivateKey::new(pair, comment).map_err(|_| Error::Damaged)?;
    // The reader of Ed25519 has computed the public half; here a signature tells.
    let fits = || {
        let signature = key.try_sign(MAGIC).ok()?;
        key.public_key().key_data().verify(MAGIC, &signature).ok()
    };
    if is_ecdsa && fits().is_none() {
        return Err(Error::Mismatch);
    }
    Ok(key)
}

/// What kind a key is.
pub fn kind(key: &PublicKey) -> Option<Kind> {
    match key.algorithm() {
        Algorithm::Ed25519 => Some(Kind::Ed25519),
        Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP256,
        } => Some(Kind::Ecdsa),
        _ => None,
    }
}

/// dropbear's file of a key; None for a kind that [`read`] does not give.
pub fn to_dropbear(key: &PrivateKey) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    put_keypair(&mut out, key.key_data(), false)?;
    Some(out)
}

/// OpenSSH's file of a key, without a passphrase; None as in [`to_dropbear`].
pub fn to_openssh(key: &PrivateKey, comment: &str) -> Option<String> {
    let mut inner = Vec::new();
    // Two equal numbers show that a passphrase was right; without one any will do.
    let check = key.public_key_bytes().last().copied().unwrap_or_default();
    put_u32(&mut inner, u32::from(check));
    put_u32(&mut inner, u32::from(check));
    put_keypair(&mut inner, key.key_data(), true)?;
    put_string(&mut inner, comment.as_bytes());
    let filler = inner.len().wrapping_neg() % 8;
    inner.extend((1..=filler).map(|number| number as u8));
    let mut out = MAGIC.to_vec();
    put_string(&mut out, b"none");
    put_string(&mut out, b"none");
    put_string(&mut out, b"");
    put_u32(&mut out, 1);
    put_string(&mut out, &key.public_key_bytes());
    put_string(&mut out, &inner);
    let mut text = String::from_utf8_lossy(FIRST_LINE).into_owned();
    for (at, letter) in base64::encode(&out).chars().enumerate() {
        // As long as OpenSSH's own lines: other readers insist.
        if at % 70 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push('\n');
    text.push_str(&String::from_utf8_lossy(LAST_LINE));
    text.push('\n');
    Some(text)
}

fn put_keypair(out: &mut Vec<u8>, pair: &KeypairData, openssh: bool) -> Option<()> {
    match pair {
        KeypairData::Ed25519(pair) => {
            put_string(out, ED25519);
            if openssh {
                put_string(out, &pair.public.0);
            }
            put_string(out, &pair.to_bytes());
        }
        KeypairData::Ecdsa(EcdsaKeypair::NistP256 { public, private }) => {
            put_string(out, ECDSA);
            put_string(out, CURVE);
            put_string(out, public.as_bytes());
            // An mpint has no needless zeros in front, and one where the first bit is set.
            let mut number = private.as_slice();
            while let [0, rest @ ..] = number {
                number = rest;
            }
            let sign = number.first().is_some_and(|first| *first >= 0x80);
            put_string(out, &[&[0][..usize::from(sign)], number].concat());
        }
        _ => return None,
    }
    Some(())
}

/// The line for `authorized_keys` and `.pub` files, without its newline.
pub fn public_line(key: &PublicKey, comment: &str) -> String {
    let letters = base64::encode(&key.public_key_bytes());
    let name = key.algorithm();
    let name = name.as_str();
    match comment {
        "" => format!("{name} {letters}"),
        comment => format!("{name} {letters} {comment}"),
    }
}

/// The fingerprint as OpenSSH shows it: `SHA256:` and letters without filler.
pub fn fingerprint(key: &PublicKey) -> String {
    let letters = base64::encode(&Sha256::digest(key.public_key_bytes()));
    format!("SHA256:{}", letters.trim_end_matches('='))
}

#[cfg(test)]
mod tests;
