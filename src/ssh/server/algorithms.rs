//! What is offered to clients, and the limits of a connection.
//!
//! Enough for everything since OpenSSH 6.5, PuTTY 0.68 and dropbear 2013.61. Nothing with
//! SHA-1, nothing with CBC; compression is not built in at all.

use russh::keys::{Algorithm, EcdsaCurve, PrivateKey};
use russh::server::Config;
use russh::{Limits, MethodKind, MethodSet, Preferred, SshId, cipher, compression, kex, mac};
use std::borrow::Cow;
use std::time::Duration;

const KEX: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::DH_G14_SHA256,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];

/// Kinds of keys: those that the server may have and those that a client may prove.
const KEYS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP256,
    },
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP384,
    },
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP521,
    },
];

const CIPHERS: &[cipher::Name] = &[
    cipher::CHACHA20_POLY1305,
    cipher::AES_128_GCM,
    cipher::AES_256_GCM,
    cipher::AES_128_CTR,
    cipher::AES_256_CTR,
];

const MACS: &[mac::Name] = &[
    mac::HMAC_SHA256_ETM,
    mac::HMAC_SHA512_ETM,
    mac::HMAC_SHA256,
    mac::HMAC_SHA512,
];

/// Bytes that a client may send to a channel before it is told to go on.
pub const WINDOW: u32 = 256 * 1024;
/// The largest window that somebody may ask for (`-W`).
pub const LARGEST_WINDOW: u32 = 10 * 1024 * 1024;
/// Bytes of data in a packet to us; every implementation must manage this much.
const PACKET: u32 = 32 * 1024;
/// A key serves for so many bytes each way, and so long.
const REKEY_BYTES: usize = 1 << 30;
const REKEY_TIME: Duration = Duration::from_secs(8 * 3600);
/// Messages that may lie before a channel; far more than [`super::flow`] lets come.
const MESSAGES: usize = 1 << 17;
/// Pieces of output on their way to the socket.
const PIECES: usize = 8;

/// What differs between servers.
pub struct Wishes {
    /// The host keys.
    pub keys: Vec<PrivateKey>,
    /// Whether a password is one of the ways in.
    pub passwords: bool,
    /// Window of a channel in bytes (`-W`).
    pub window: u32,
    /// How long a refused login takes, whatever the reason.
    pub refusal: Duration,
    /// A client that says nothing for so long is asked whether it is there (`-K`).
    pub keepalive: Option<Duration>,
    /// Bytes after which keys change; None: the usual number.
    pub rekey_bytes: Option<usize>,
}

/// The ways in that clients are told of.
pub fn methods(key: bool, password: bool) -> MethodSet {
    let mut methods = MethodSet::empty();
    if key {
        methods.push(MethodKind::PublicKey);
    }
    if password {
        methods.push(MethodKind::Password);
    }
    methods
}

/// The library's settings for a connection.
pub fn config(wishes: Wishes) -> Config {
    let rekey = wishes.rekey_bytes.unwrap_or(REKEY_BYTES).min(REKEY_BYTES);
    Config {
        // No version: nobody but an attacker has a use for it.
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-dropbear")),
        methods: methods(true, wishes.passwords),
        auth_rejection_time: wishes.refusal,
        // The first question is only which ways in there are.
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: wishes.keys,
        certificates: Vec::new(),
        limits: Limits::new(rekey, rekey, REKEY_TIME),
        window_size: wishes.window.clamp(4096, LARGEST_WINDOW),
        maximum_packet_size: PACKET,
        channel_buffer_size: MESSAGES,
        event_buffer_size: PIECES,
        preferred: preferred(),
        // Tries are counted where it is known what a try is.
        max_auth_attempts: 0,
        // Time is measured where it is known whether we let the client wait.
        inactivity_timeout: None,
        keepalive_interval: wishes.keepalive,
        keepalive_max: 0,
        nodelay: true,
    }
}

fn preferred() -> Preferred {
    Preferred {
        kex: Cow::Borrowed(KEX),
        host_key_certificates: Cow::Borrowed(&[]),
        key: Cow::Borrowed(KEYS),
        cipher: Cow::Borrowed(CIPHERS),
        mac: Cow::Borrowed(MACS),
        compression: Cow::Borrowed(&[compression::NONE]),
    }
}

/// Whether a client can prove that it has a key of this kind.
pub fn can_prove(kind: &Algorithm) -> bool {
    KEYS.contains(kind)
}

/// The names of one kind of algorithm, as `-Q` asks for them; None: no such kind.
pub fn names(kind: &str) -> Option<Vec<String>> {
    fn all<T: AsRef<str>>(list: &[T]) -> Vec<String> {
        list.iter().map(|name| name.as_ref().to_owned()).collect()
    }
    let keys = || KEYS.iter().map(ToString::to_string).collect();
    Some(match kind {
        // The last two are marks, not algorithms.
        "kex" => all(KEX.get(..KEX.len() - 2)?),
        "cipher" => all(CIPHERS),
        "mac" => all(MACS),
        "key" | "HostKeyAlgorithms" => keys(),
        "compression" => vec!["none".into()],
        _ => return None,
    })
}

#[test]
fn nothing_old_is_offered() {
    for kind in ["kex", "cipher", "mac", "key", "compression"] {
        for name in names(kind).unwrap() {
            assert!(!name.contains("sha1") && !name.contains("cbc"), "{name}");
            assert!(
                !name.contains("zlib") && !name.contains("ssh-rsa"),
                "{name}"
            );
        }
    }
    assert_eq!(names("nosuch"), None);
}
