//! Knocking: failsafe mode asked for by network, by whoever has a key.
//!
//! For a device on a mast, or without a button. While it waits it hears this on the port of
//! the announcements, all of it UDP:
//!
//! ```text
//! the PC       KNOCK, filled up with zeros to 64 bytes
//! the device   CHALLENGE, then 32 bytes that nobody can foresee
//! the PC       ANSWER, then a signature as usign writes it, of MESSAGE and those 32 bytes
//! ```
//!
//! What was recorded at one boot opens nothing at another. A knock is longer than what it is
//! answered with, so that the device is of no use against others, and a device without keys
//! says nothing at all. The keys are those of the image: at this time nothing else is mounted.

use crate::signature::Keys;
use crate::signature::ed25519;
use crate::signature::keys::Trust;
use crate::signature::usign::{KeyId, LONGEST, SecretKey, Signature};
use std::convert::Infallible;
use std::path::Path;

/// Public keys as `usign -G` makes them, each under its id.
pub const FOLDER: &str = "/etc/failsafe.keys";

const KNOCK: &[u8] = b"safebox knock 1\n";
const CHALLENGE: &[u8] = b"safebox challenge 1\n";
const ANSWER: &[u8] = b"safebox answer 1\n";
const MESSAGE: &[u8] = b"safebox failsafe 1\n";
const KNOCK_LENGTH: usize = 64;
const NONCE: usize = 32;

/// A packet with more is none of these.
pub const LONGEST_PACKET: usize = ANSWER.len() + LONGEST as usize;

/// The device's side.
pub struct Door {
    keys: Keys,
    nonce: [u8; NONCE],
}

/// What a packet comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing: not for us, or not from somebody with a key.
    Nothing,
    /// Send this back.
    Reply(Vec<u8>),
    /// This key asks for failsafe mode.
    Opened(KeyId),
}

impl Door {
    /// A door for the keys of a folder; None if there is not one. `nonce` are random bytes.
    pub fn new(folder: &Path, nonce: [u8; NONCE]) -> Option<Door> {
        let mut entries = std::fs::read_dir(folder).ok()?;
        entries.next()?.ok()?;
        Some(Door {
            keys: Keys::Folders(vec![folder.into()]),
            nonce,
        })
    }

    /// Takes a packet.
    pub fn hear(&self, packet: &[u8]) -> Heard {
        if packet.starts_with(KNOCK) && packet.len() == KNOCK_LENGTH {
            return Heard::Reply([CHALLENGE, &self.nonce].concat());
        }
        let Some(signature) = packet.strip_prefix(ANSWER) else {
            return Heard::Nothing;
        };
        let message = message(&self.nonce);
        match self.keys.judge(signature, 0, &mut &*message) {
            Ok(Trust::Good { key, .. }) => Heard::Opened(key),
            _ => Heard::Nothing,
        }
    }
}

/// The first packet of the PC.
pub fn knock() -> [u8; KNOCK_LENGTH] {
    let mut packet = [0; KNOCK_LENGTH];
    packet[..KNOCK.len()].copy_from_slice(KNOCK);
    packet
}

/// The PC's answer; None if the packet is no challenge.
pub fn answer(packet: &[u8], key: &SecretKey) -> Option<Vec<u8>> {
    let nonce: &[u8; NONCE] = packet.strip_prefix(CHALLENGE)?.try_into().ok()?;
    let message = message(nonce);
    let Ok(bytes) = ed25519::sign(&key.seed, |take| {
        take(&message);
        Ok::<(), Infallible>(())
    });
    let signature = Signature { id: key.id, bytes };
    Some([ANSWER, signature.text("failsafe").as_bytes()].concat())
}

fn message(nonce: &[u8; NONCE]) -> Vec<u8> {
    [MESSAGE, nonce].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(first: u8) -> SecretKey {
        SecretKey {
            id: KeyId([first, 2, 3, 4, 5, 6, 7, 8]),
            seed: [first; 32],
        }
    }

    /// A folder with the key of this one.
    fn folder(name: &str, key: &SecretKey) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("safebox-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(key.id.to_string()), key.public().text("mast")).unwrap();
        folder
    }

    #[test]
    fn who_has_the_key_gets_in_by_knocking_and_answering() {
        let owner = secret(1);
        let folder = folder("knock", &owner);
        let door = Door::new(&folder, [7; 32]).unwrap();
        let Heard::Reply(challenge) = door.hear(&knock()) else {
            panic!("no challenge");
        };
        assert!(challenge.len() < knock().len());
        let right = answer(&challenge, &owner).unwrap();
        assert!(right.len() <= LONGEST_PACKET);
        assert_eq!(door.hear(&right), Heard::Opened(owner.id));
        // Somebody else's key, the same name on another key, an answer of another boot.
        let stranger = answer(&challenge, &secret(9)).unwrap();
        let forged = SecretKey {
            seed: [9; 32],
            ..secret(1)
        };
        let forged = answer(&challenge, &forged).unwrap();
        let next_boot = Door::new(&folder, [8; 32]).unwrap();
        assert_eq!(door.hear(&stranger), Heard::Nothing);
        assert_eq!(door.hear(&forged), Heard::Nothing);
        assert_eq!(next_boot.hear(&right), Heard::Nothing);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn nothing_else_gets_an_answer() {
        let folder = folder("door", &secret(1));
        let door = Door::new(&folder, [7; 32]).unwrap();
        let long = [&knock()[..], b"x"].concat();
        for packet in [&b""[..], KNOCK, &long, ANSWER, CHALLENGE, &[0xff; 2000]] {
            assert_eq!(door.hear(packet), Heard::Nothing);
            assert_eq!(answer(packet, &secret(1)), None);
        }
        std::fs::remove_file(folder.join(secret(1).id.to_string())).unwrap();
        assert!(Door::new(&folder, [7; 32]).is_none());
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(Door::new(&folder, [7; 32]).is_none());
    }
}
