//! The keys that this device trusts, and what they say about a signature.
//!
//! A key lies in a folder under its id in hexadecimal, in old systems without leading zeros. A
//! link to something with `.revoked.` in its name takes a key back.

use super::ed25519::Verifier;
use super::ucert::Chain;
use super::usign::{KeyId, LONGEST, PublicKey, Signature};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Where a device keeps them.
pub const FOLDER: &str = "/etc/opkg/keys";
/// A clock that is before this (2024) was never set.
const CLOCK_SET: i64 = 1_704_067_200;

/// Where keys are looked up.
#[derive(Clone, Debug)]
pub enum Keys {
    /// One key alone.
    One(PublicKey),
    /// Folders of them; who is revoked in one is revoked.
    Folders(Vec<PathBuf>),
}

/// What a signature is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// There is none.
    Unsigned,
    /// Nobody has looked at it.
    Unchecked,
    /// It is right, by this key.
    Good {
        /// The key of the device that vouches for it.
        key: KeyId,
        /// The dates of the certificates were compared with the clock, or there are none.
        dated: bool,
    },
    /// The device does not know this key.
    NoKey(KeyId),
    /// The key was taken back.
    Revoked(KeyId),
    /// It is not that of this file, by this key.
    Wrong(KeyId),
    /// A certificate is not valid now: from, until, and the clock, in seconds since 1970.
    Expired(u64, u64, i64),
    /// It is no signature at all.
    Malformed,
}

impl Trust {
    /// Whether somebody whom the device trusts has signed the file.
    pub fn is_good(&self) -> bool {
        matches!(self, Trust::Good { .. })
    }

    /// What there is to say about a certificate whose dates nobody could compare.
    pub fn note(&self) -> Option<&'static str> {
        let undated = matches!(self, Trust::Good { dated: false, .. });
        undated.then_some(
            "the clock is not set: the dates of the signature's certificates were not checked",
        )
    }
}

impl std::fmt::Display for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Trust::Unsigned => f.write_str("not present"),
            Trust::Unchecked => f.write_str("not checked"),
            Trust::Good { key, .. } => write!(f, "good, by key {key}"),
            Trust::NoKey(key) => write!(f, "by key {key}, which is not known here"),
            Trust::Revoked(key) => write!(f, "by key {key}, which was taken back"),
            Trust::Wrong(key) => write!(f, "by key {key}, but not of this file"),
            Trust::Expired(from, until, now) => write!(
                f,
                "a certificate is valid from {from} to {until}, and the clock shows {now} (seconds since 1970)"
            ),
            Trust::Malformed => f.write_str("unreadable"),
        }
    }
}

impl Keys {
    /// The key with this id; else why there is none.
    fn find(&self, id: KeyId) -> Result<PublicKey, Trust> {
        let folders = match self {
            Keys::One(key) if key.id == id => return Ok(*key),
            Keys::One(_) => return Err(Trust::NoKey(id)),
            Keys::Folders(folders) => folders,
        };
        let name = id.to_string();
        let names = [&*name, name.trim_start_matches('0')];
        let paths = || {
            folders
                .iter()
                .flat_map(|dir| names.map(|name| dir.join(name)))
        };
        let is_revoked = |path: PathBuf| {
            let target = fs::read_link(path).unwrap_or_default();
            let mut words = target.as_os_str().as_bytes().windows(9);
            words.any(|word| word == b".revoked.")
        };
        if paths().any(is_revoked) {
            return Err(Trust::Revoked(id));
        }
        let key = |path: PathBuf| {
            let mut text = Vec::new();
            // A key that cannot be read is none.
            let file = File::open(path).ok()?;
            file.take(LONGEST).read_to_end(&mut text).ok()?;
            PublicKey::parse(&text).filter(|key| key.id == id)
        };
        paths().find_map(key).ok_or(Trust::NoKey(id))
    }

    /// What the signature `text`, a plain one or the end of a chain, is worth for a message;
    /// `now` in seconds since 1970. The message is read once, to its end, if at all.
    ///
    /// # Errors
    /// Those of the message.
    pub fn judge(&self, text: &[u8], now: i64, message: &mut dyn Read) -> io::Result<Trust> {
        let plain = Signature::parse(text).map(|signature| Chain {
            certificates: Vec::new(),
            signature,
        });
        let Some(chain) = plain.or_else(|| Chain::parse(text)) else {
            return Ok(Trust::Malformed);
        };
        match self.follow(&chain, now) {
            Err(trust) => Ok(trust),
            Ok((key, trust)) => {
                let right = verify(&key, &chain.signature, message)?;
                Ok(if right { trust } else { Trust::Wrong(key.id) })
            }
        }
    }

    /// The key that must have signed the file, and what the signature is worth if it has.
    fn follow(&self, chain: &Chain<'_>, now: i64) -> Result<(PublicKey, Trust), Trust> {
        let first = chain.certificates.first();
        let first = first.map_or(chain.signature, |certificate| certificate.signature);
        let anchor = self.find(first.id)?;
        let (mut key, mut dated) = (anchor, true);
        for certificate in &chain.certificates {
            let signature = &certificate.signature;
            let right = verify(&key, signature, &mut &*certificate.payload);
            if signature.id != key.id || !right.unwrap_or(false) {
                return Err(Trust::Wrong(signature.id));
            }
            let (from, until) = certificate.valid;
            dated = now >= CLOCK_SET;
            if dated && !(from..=until).contains(&now.unsigned_abs()) {
                return Err(Trust::Expired(from, until, now));
            }
            key = certificate.key.ok_or(Trust::Revoked(signature.id))?;
            // A key that this device has taken back is not vouched for by anybody.
            if let Err(revoked @ Trust::Revoked(_)) = self.find(key.id) {
                return Err(revoked);
            }
        }
        match chain.signature.id == key.id {
            true => Ok((
                key,
                Trust::Good {
                    key: anchor.id,
                    dated,
                },
            )),
            false => Err(Trust::Wrong(chain.signature.id)),
        }
    }
}

/// Whether a signature is that of a message, which is read to its end.
fn verify(key: &PublicKey, signature: &Signature, message: &mut dyn Read) -> io::Result<bool> {
    let mut verifier = Verifier::new(&key.key, &signature.bytes);
    let mut buf = vec![0; 32 * 1024];
    loop {
        match message.read(&mut buf) {
            Ok(0) => return Ok(verifier.finish()),
            Ok(count) => verifier.update(&buf[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ucert::sample;
    use super::*;

    const NOW: i64 = CLOCK_SET + 1000;

    /// A folder with the first key, removed in the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, file: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("safebox-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            let key = sample::key(1).public();
            fs::write(path.join(file), key.text("public key")).unwrap();
            Folder(path)
        }

        fn judge(&self, text: &[u8], now: i64) -> Trust {
            let keys = Keys::Folders(vec![self.0.clone()]);
            keys.judge(text, now, &mut &b"image"[..]).unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            // A leftover under the directory for temporary files harms nobody.
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn good(dated: bool) -> Trust {
        let key = sample::key(1).id;
        Trust::Good { key, dated }
    }

    #[test]
    fn a_key_is_found_under_its_id_with_and_without_leading_zeros() {
        let text = sample::sign(&sample::key(1), b"image");
        for file in ["0001030405060708", "1030405060708"] {
            let folder = Folder::new(file, file);
            assert_eq!(folder.judge(text.as_bytes(), NOW), good(true), "{file}");
            let wrong = sample::sign(&sample::key(1), b"other");
            let id = sample::key(1).id;
            assert_eq!(folder.judge(wrong.as_bytes(), NOW), Trust::Wrong(id));
            let other = sample::key(2);
            let unknown = sample::sign(&other, b"image");
            assert_eq!(
                folder.judge(unknown.as_bytes(), NOW),
                Trust::NoKey(other.id)
            );
            assert_eq!(folder.judge(b"junk", NOW), Trust::Malformed);
        }
    }

    #[test]
    fn a_revoked_key_vouches_for_nothing() {
        let folder = Folder::new("revoked", "other");
        let file = folder.0.join("0001030405060708");
        std::os::unix::fs::symlink(".revoked.0001030405060708", file).unwrap();
        let text = sample::sign(&sample::key(1), b"image");
        let revoked = Trust::Revoked(sample::key(1).id);
        assert_eq!(folder.judge(text.as_bytes(), NOW), revoked);
    }

    #[test]
    fn a_key_may_lie_in_any_folder_and_one_that_takes_it_back_is_enough() {
        let (image, overlay) = (Folder::new("rom", "other"), Folder::new("upper", "other"));
        let judge = || {
            let keys = Keys::Folders(vec![image.0.clone(), overlay.0.clone()]);
            let text = sample::sign(&sample::key(1), b"image");
            keys.judge(text.as_bytes(), NOW, &mut &b"image"[..])
                .unwrap()
        };
        let id = sample::key(1).id;
        assert_eq!(judge(), Trust::NoKey(id));
        let name = "0001030405060708";
        fs::rename(overlay.0.join("other"), overlay.0.join(name)).unwrap();
        assert_eq!(judge(), good(true));
        let link = image.0.join("1030405060708");
        std::os::unix::fs::symlink(".revoked.x", link).unwrap();
        assert_eq!(judge(), Trust::Revoked(id));
    }

    fn chain(kind: u32, valid: (u64, u64)) -> Vec<u8> {
        let [a, b, c] = [1, 2, 3].map(sample::key);
        [
            sample::certificate(&a, &b, 1, (0, u64::MAX)),
            sample::certificate(&b, &c, kind, valid),
            sample::last(&c, b"image"),
        ]
        .concat()
    }

    #[test]
    fn a_chain_leads_from_the_devices_key_to_the_file() {
        let folder = Folder::new("chain", "0001030405060708");
        let whole = chain(1, (0, u64::MAX));
        assert_eq!(folder.judge(&whole, NOW), good(true));
        let changed = |at: usize| {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            folder.judge(&changed, NOW)
        };
        for at in (0..whole.len()).step_by(131) {
            assert_ne!(changed(at), good(false), "{at}");
        }
        let [a, b, c] = [1, 2, 3].map(sample::key);
        // A chain with a gap, and a signature by another key than the last.
        let gap = [
            sample::certificate(&a, &b, 1, (0, u64::MAX)),
            sample::last(&c, b"image"),
        ];
        assert_eq!(folder.judge(&gap.concat(), NOW), Trust::Wrong(c.id));
        assert_eq!(
            folder.judge(&chain(2, (0, u64::MAX)), NOW),
            Trust::Revoked(b.id)
        );
    }

    #[test]
    fn certificates_have_dates_and_a_clock_that_is_not_set_is_said() {
        let folder = Folder::new("dates", "0001030405060708");
        let now = NOW.unsigned_abs();
        assert_eq!(folder.judge(&chain(1, (now, now)), NOW), good(true));
        let expired = Trust::Expired(1, now - 1, NOW);
        assert_eq!(folder.judge(&chain(1, (1, now - 1)), NOW), expired);
        let early = folder.judge(&chain(1, (now + 1, now + 2)), NOW);
        assert_eq!(early, Trust::Expired(now + 1, now + 2, NOW));
        let unset = folder.judge(&chain(1, (now, now)), 100);
        assert_eq!(unset, good(false));
        assert!(unset.note().unwrap().contains("clock is not set"));
        assert_eq!(folder.judge(&chain(1, (now, now)), NOW).note(), None);
        // What has no dates needs no clock.
        let plain = sample::sign(&sample::key(1), b"image");
        assert_eq!(folder.judge(plain.as_bytes(), 100), good(true));
    }
}
