//! Keys, signatures and chains of certificates. What is read is written the same, and nothing
//! that comes from outside is believed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::signature::Keys;
use safebox::signature::ucert::Chain;
use safebox::signature::usign::{PublicKey, SecretKey, Signature, id};

fuzz_target!(|data: &[u8]| {
    if let Some(key) = PublicKey::parse(data) {
        assert_eq!(PublicKey::parse(key.text("x").as_bytes()), Some(key));
        assert_eq!(id(data), Some(key.id));
    }
    if let Some(signature) = Signature::parse(data) {
        let text = signature.text("x");
        assert_eq!(Signature::parse(text.as_bytes()), Some(signature));
    }
    if let Some(key) = SecretKey::parse(data) {
        assert!(SecretKey::parse(key.text("x").as_bytes()).is_some());
    }
    if let Some(chain) = Chain::parse(data) {
        assert!(
            chain
                .certificates
                .iter()
                .all(|c| c.payload.len() < data.len())
        );
    }
    let key = PublicKey {
        id: safebox::signature::usign::KeyId(*b"\xf7\xb1\xb4\xde\x09\x7b\xa8\x37"),
        key: [7; 32],
    };
    let mut message = &b"message"[..];
    let trust = Keys::One(key).judge(data, 1 << 40, &mut message);
    assert!(!trust.expect("a message in memory can be read").is_good());
});
