//! Keys made by other programs, and ones that are none.

use super::*;
use crate::fake::FakeSystem;
use crate::sys::System;

/// By ssh-keygen -t ed25519.
const ED25519_FILE: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACD9DWBVFBjp+5vgIteDvqmfdob2x6GblxCYGbY9vTNCxwAAAIh0mmk2dJpp
NgAAAAtzc2gtZWQyNTUxOQAAACD9DWBVFBjp+5vgIteDvqmfdob2x6GblxCYGbY9vTNCxw
AAAEB/7NUzBmO0jETvn+mA4dC74HGd1kaFU5YqMixml+HGav0NYFUUGOn7m+Ai14O+qZ92
hvbHoZuXEJgZtj29M0LHAAAAA2EgYgEC
-----END OPENSSH PRIVATE KEY-----
";
const ED25519_LINE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP0NYFUUGOn7m+Ai14O+qZ92hvbHoZuXEJgZtj29M0LH a b";
const ED25519_PRINT: &str = "SHA256:w9ySChmf9kLEnkj2jZgnMwE7e83ZItFVyH+rGa8+9gA";

/// By ssh-keygen -t ecdsa.
const ECDSA_FILE: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS
1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQQwctiaoQG9Qm27AJGNpRnlmTbhfzyn
X75EakfgiTuD7/d60cj/L6+3TkqMeXHsPLmTlQJu9qx/HSRDpxWl02f0AAAAoFKpSP5SqU
j+AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBDBy2JqhAb1CbbsA
kY2lGeWZNuF/PKdfvkRqR+CJO4Pv93rRyP8vr7dOSox5cew8uZOVAm72rH8dJEOnFaXTZ/
QAAAAgIQ6FLDzOkJiot4fIJUgbBQjZvuP5Ny6fGvhJwYd5YfkAAAABYwECAwQFBgc=
-----END OPENSSH PRIVATE KEY-----
";
const ECDSA_PRINT: &str = "SHA256:nmVXbV3scPt0zUldbRu8lhwP1IU6wpfV/F5NwM64gUs";

/// By dropbearkey -t ecdsa, in letters.
const DROPBEAR_FILE: &str = "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBH94le6bAwuBJdlLtuc+tvzlkAgFMsQFDanMUeW5zfcldIfAhPYiAwPJcC1Fze3QkPO/gF3dVQWikDIfLRUC+0kAAAAhAMsWpP/qhNpHlDwJbGLTKwVAXkZesVFUvMJLeO6FkLrc";
const DROPBEAR_PRINT: &str = "SHA256:YIg3XNY9rWRUD3mSMYes2p0gz4bhD+33xuZcn6FrPsc";

#[test]
fn keys_of_openssh_are_read_and_written() {
    let key = read(ED25519_FILE.as_bytes()).unwrap();
    assert_eq!(public_line(key.public_key(), "a b"), ED25519_LINE);
    assert_eq!(fingerprint(key.public_key()), ED25519_PRINT);
    let ecdsa = read(ECDSA_FILE.as_bytes()).unwrap();
    assert_eq!(fingerprint(ecdsa.public_key()), ECDSA_PRINT);
    assert_eq!(kind(ecdsa.public_key()), Some(Kind::Ecdsa));
    // A number in the middle is made up anew.
    let again = to_openssh(&key, "a b").unwrap();
    assert_eq!(again.len(), ED25519_FILE.len());
    assert_eq!(read(again.as_bytes()), Ok(key));
}

#[test]
fn keys_of_dropbear_are_read_and_written_byte_by_byte() {
    let file = base64::decode(DROPBEAR_FILE.as_bytes()).unwrap();
    let key = read(&file).unwrap();
    assert_eq!(fingerprint(key.public_key()), DROPBEAR_PRINT);
    assert_eq!(to_dropbear(&key), Some(file));
    let other = read(ED25519_FILE.as_bytes()).unwrap();
    let mut again = read(&to_dropbear(&other).unwrap()).unwrap();
    again.set_comment("a b");
    assert_eq!(again, other);
}

#[test]
fn new_keys_survive_both_formats() {
    let mut sys = FakeSystem::router();
    for (kind, _) in Kind::ALL {
        let key = generate(kind, sys.machine()).unwrap();
        assert_eq!(super::kind(key.public_key()), Some(kind));
        assert_eq!(read(&to_dropbear(&key).unwrap()), Ok(key.clone()));
        assert_eq!(read(to_openssh(&key, "").unwrap().as_bytes()), Ok(key));
    }
}

#[test]
fn what_is_no_key_for_us_is_named() {
    let named = |file: &[u8], expected: &str| {
        let error = read(file).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some(expected));
    };
    let wire = |parts: &[&[u8]]| {
        let mut out = Vec::new();
        parts.iter().for_each(|part| put_string(&mut out, part));
        out
    };
    named(b"", "not a private key");
    named(b"root:x:0:0\n", "not a private key");
    named(ED25519_LINE.as_bytes(), "not a private key");
    named(
        &wire(&[b"ssh-rsa", b"\x01\0\x01", b"n"]),
        "a key of type ssh-rsa: only ed25519 and ecdsa (256) serve",
    );
    named(
        b"-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        "a key in PEM format: ssh-keygen -p converts it",
    );
    named(b"-----BEGIN CERTIFICATE-----\nMIIE", "not a private key");
    let mut locked = MAGIC.to_vec();
    locked.extend(wire(&[b"aes256-ctr", b"bcrypt", b"salt"]));
    put_u32(&mut locked, 1);
    locked.extend(wire(&[b"public", b"private"]));
    let (first, last) = (
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "-----END OPENSSH PRIVATE KEY-----",
    );
    named(
        format!("{first}\n{}\n{last}\n", base64::encode(&locked)).as_bytes(),
        "locked with a passphrase: unlock it with ssh-keygen -p first",
    );
    named(
        b"PuTTY-User-Key-File-3: ssh-ed25519\n",
        "a key in PuTTY's format: puttygen -O private-openssh-new converts it",
    );
}

#[test]
fn a_cut_or_changed_key_is_refused() {
    for file in [ED25519_FILE, ECDSA_FILE] {
        let key = read(file.as_bytes()).unwrap();
        let short = to_dropbear(&key).unwrap();
        for cut in 0..short.len() {
            assert!(read(&short[..cut]).is_err(), "{cut}");
        }
        assert_eq!(read(&[&short[..], b"x"].concat()), Err(Error::Damaged));
        // The last byte belongs to the half that is secret or to the one that is not.
        let mut changed = short.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(read(&changed), Err(Error::Mismatch));
        let long = to_openssh(&key, "").unwrap();
        for cut in 0..long.len() - 1 {
            assert!(read(&long.as_bytes()[..cut]).is_err(), "{cut}");
        }
    }
}
