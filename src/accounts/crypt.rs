//! crypt(3) hashes: `$1$` (MD5), `$5$` (SHA-256), `$6$` (SHA-512).
//!
//! An unknown kind, a locked account (`!`, `*`) and a malformed setting never match; an
//! empty hash is no hash: whoever asks has to decide what that means.

use crate::error::{Error, Result};
use md5::{Digest, Md5};
use sha_crypt::Params;

/// A longer password is refused: the work of `$5$` and `$6$` grows with its square.
pub const LONGEST: usize = 256;

/// A kind of hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `$1$`
    Md5,
    /// `$5$`
    Sha256,
    /// `$6$`
    Sha512,
}

impl Kind {
    /// The kind that `passwd -a` calls so.
    pub fn named(name: &[u8]) -> Option<Kind> {
        match name {
            b"md5" => Some(Kind::Md5),
            b"sha256" => Some(Kind::Sha256),
            b"sha512" => Some(Kind::Sha512),
            _ => None,
        }
    }

    /// The same for a word that somebody typed.
    ///
    /// # Errors
    /// There is no such kind, or none that is made any more; says which there are.
    pub fn asked(name: &[u8]) -> Result<Kind> {
        Kind::named(name).ok_or_else(|| {
            let why = match name {
                b"des" => "is too weak to be used",
                _ => "is not known",
            };
            let name = String::from_utf8_lossy(name);
            Error::message(format!(
                "algorithm '{name}' {why}: take sha256, sha512 or md5"
            ))
        })
    }

    fn prefix(self) -> &'static str {
        match self {
            Kind::Md5 => "$1$",
            Kind::Sha256 => "$5$",
            Kind::Sha512 => "$6$",
        }
    }

    /// Characters of the salt.
    pub fn salt_length(self) -> usize {
        match self {
            Kind::Md5 => 8,
            Kind::Sha256 | Kind::Sha512 => 16,
        }
    }
}

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Hashes a new password; `random` must hold at least [`Kind::salt_length`] random bytes.
pub fn make(password: &[u8], kind: Kind, random: &[u8]) -> Option<String> {
    let salt: Vec<u8> = random
        .get(..kind.salt_length())?
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte & 63)).copied())
        .collect();
    make_with(password, kind, &salt)
}

/// The same with a salt: letters, digits, dots and slashes, as many as count at most.
pub fn make_with(password: &[u8], kind: Kind, salt: &[u8]) -> Option<String> {
    let fits = (1..=kind.salt_length()).contains(&salt.len());
    if !fits || !salt.iter().all(|byte| ALPHABET.contains(byte)) {
        return None;
    }
    hash(password, &[kind.prefix().as_bytes(), salt].concat())
}

/// Whether the password belongs to the stored hash. Takes the same time wherever the two
/// begin to differ.
pub fn verify(password: &[u8], stored: &[u8]) -> bool {
    let Some(computed) = hash(password, stored) else {
        return false;
    };
    let difference = computed
        .bytes()
        .zip(stored)
        .fold(0, |difference, (a, b)| difference | (a ^ b));
    computed.len() == stored.len() && difference == 0
}

/// The hash of a password by the kind, rounds and salt of `setting`; what follows the salt
/// is ignored.
fn hash(password: &[u8], setting: &[u8]) -> Option<String> {
    if password.len() > LONGEST || password.contains(&0) {
        return None;
    }
    let rest = setting.get(3..)?;
    let kind = [Kind::Md5, Kind::Sha256, Kind::Sha512]
        .into_iter()
        .find(|kind| setting.starts_with(kind.prefix().as_bytes()))?;
    let (rounds, rest) = if kind == Kind::Md5 {
        (None, rest)
    } else {
        split_rounds(rest)?
    };
    let salt = rest.split(|&b| b == b'$').next()?;
    let salt = salt.get(..salt.len().min(kind.salt_length()))?;
    if salt.iter().any(|b| matches!(b, b':' | b'\n')) {
        return None;
    }
    let mut text = kind.prefix().to_owned();
    if let Some(rounds) = rounds {
        text.push_str(&format!("rounds={rounds}$"));
    }
    text.push_str(std::str::from_utf8(salt).ok()?);
    text.push('$');
    let params = Params::new(rounds.unwrap_or(Params::RECOMMENDED_ROUNDS)).ok()?;
    match kind {
        Kind::Md5 => encode(&md5_crypt(password, salt), &MD5_ORDER, &mut text),
        Kind::Sha256 => {
            let digest = sha_crypt::sha256_crypt(password, salt, params);
            encode(&digest, &SHA256_ORDER, &mut text);
        }
        Kind::Sha512 => {
            let digest = sha_crypt::sha512_crypt(password, salt, params);
            encode(&digest, &SHA512_ORDER, &mut text);
        }
    }
    Some(text)
}

/// `rounds=N$` at the start. Rounds beyond what a router does in a minute are refused.
fn split_rounds(rest: &[u8]) -> Option<(Option<u32>, &[u8])> {
    let Some(after) = rest.strip_prefix(b"rounds=") else {
        return Some((None, rest));
    };
    let end = after.iter().position(|&b| b == b'$')?;
    let number: u32 = std::str::from_utf8(after.get(..end)?).ok()?.parse().ok()?;
    if number > 1_000_000 {
        return None;
    }
    Some((Some(number.max(Params::ROUNDS_MIN)), after.get(end + 1..)?))
}

/// Which bytes of the digest make each group of characters; 99 stands for a zero.
type Order = [[u8; 3]];

const MD5_ORDER: [[u8; 3]; 6] = [
    [0, 6, 12],
    [1, 7, 13],
    [2, 8, 14],
    [3, 9, 15],
    [4, 10, 5],
    [99, 99, 11],
];

const SHA256_ORDER: [[u8; 3]; 11] = [
    [0, 10, 20],
    [21, 1, 11],
    [12, 22, 2],
    [3, 13, 23],
    [24, 4, 14],
    [15, 25, 5],
    [6, 16, 26],
    [27, 7, 17],
    [18, 28, 8],
    [9, 19, 29],
    [99, 31, 30],
];

const SHA512_ORDER: [[u8; 3]; 22] = [
    [0, 21, 42],
    [22, 43, 1],
    [44, 2, 23],
    [3, 24, 45],
    [25, 46, 4],
    [47, 5, 26],
    [6, 27, 48],
    [28, 49, 7],
    [50, 8, 29],
    [9, 30, 51],
    [31, 52, 10],
    [53, 11, 32],
    [12, 33, 54],
    [34, 55, 13],
    [56, 14, 35],
    [15, 36, 57],
    [37, 58, 16],
    [59, 17, 38],
    [18, 39, 60],
    [40, 61, 19],
    [62, 20, 41],
    [99, 99, 63],
];

/// Four characters for three bytes, the low six bits first; fewer for the last group.
fn encode(digest: &[u8], order: &Order, text: &mut String) {
    for group in order {
        let byte = |at: u8| u32::from(digest.get(usize::from(at)).copied().unwrap_or(0));
        let mut value = byte(group[0]) << 16 | byte(group[1]) << 8 | byte(group[2]);
        let missing = group.iter().filter(|at| **at == 99).count();
        for _ in missing..4 {
            let character = ALPHABET.get((value & 63) as usize).copied().unwrap_or(b'.');
            text.push(char::from(character));
            value >>= 6;
        }
    }
}

/// Poul-Henning Kamp's hash of 1994.
fn md5_crypt(password: &[u8], salt: &[u8]) -> [u8; 16] {
    let both = Md5::new()
        .chain_update(password)
        .chain_update(salt)
        .chain_update(password)
        .finalize();
    let mut first = Md5::new()
        .chain_update(password)
        .chain_update(b"$1$")
        .chain_update(salt);
    for piece in password.chunks(16) {
        first.update(both.get(..piece.len()).unwrap_or_default());
    }
    let mut length = password.len();
    while length > 0 {
        let byte = if length & 1 == 1 {
            Some(&0)
        } else {
            password.first()
        };
        first.update([byte.copied().unwrap_or(0)]);
        length >>= 1;
    }
    let mut digest: [u8; 16] = first.finalize().into();
    for round in 0..1000 {
        let mut next = Md5::new();
        let odd = round % 2 == 1;
        if odd {
            next.update(password);
        } else {
            next.update(digest);
        }
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        if odd {
            next.update(digest);
        } else {
            next.update(password);
        }
        digest = next.finalize().into();
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes_match_and_only_with_their_password() {
        let check = |password: &str, stored: &str| {
            assert!(verify(password.as_bytes(), stored.as_bytes()), "{stored}");
            let wrong = format!("{password}x");
            assert!(!verify(wrong.as_bytes(), stored.as_bytes()), "{stored}");
        };
        // Made by other implementations of crypt(3).
        let long = "a much longer password than sixteen bytes";
        check("Hello world!", "$1$saltstri$YMyguxXMBpd2TEZ.vS/3q1");
        check(long, "$1$abcdefgh$fW3178yKPY70TFejaM1Fv.");
        check(
            "Hello world!",
            "$5$saltstri$AcFF27v62S0zwgTU0yv0eKFexEp411.69eNIGyiG0L5",
        );
        check(
            "Hello world!",
            "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
        );
        check(
            "Hello world!",
            "$6$rounds=1400$saltstringsaltst$zz5JqBhp2B4ZpGvvqk84nD9t4Ucu8OiD7bXyQ/b31bD2INr4F90tTBwHA.7KRJoM4dzMDk2rdCzzNG1wXNOT51",
        );
    }

    #[test]
    fn what_is_no_hash_never_matches() {
        for stored in [
            "",
            "!",
            "*",
            "x",
            "$",
            "$5",
            "$5$",
            "$5$salt",
            "$5$salt$",
            "$5$rounds=$a$b",
            "$5$rounds=99999999999$a$b",
            "$5$rounds=5000000$a$b",
            "$9$salt$x",
            "$1$salt$short",
        ] {
            assert!(!verify(b"", stored.as_bytes()), "{stored}");
            assert!(!verify(b"password", stored.as_bytes()), "{stored}");
        }
    }

    #[test]
    fn a_new_hash_fits_its_password() {
        for kind in [Kind::Md5, Kind::Sha256, Kind::Sha512] {
            let random: Vec<u8> = (0..16).map(|n| n * 17).collect();
            let stored = make(b"p\xe4ssword", kind, &random).unwrap();
            assert!(verify(b"p\xe4ssword", stored.as_bytes()));
            assert!(!verify(b"password", stored.as_bytes()));
        }
        assert_eq!(make(b"x", Kind::Sha256, b"short"), None);
        assert_eq!(make(&[b'x'; 300], Kind::Md5, &[0; 16]), None);
    }
}
