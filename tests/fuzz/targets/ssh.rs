//! What lies in files of ssh: keys (`k` and the file), lines of authorized_keys (`a`, the
//! address of whoever comes, and the file).

#![no_main]

use libfuzzer_sys::fuzz_target;
use russh::keys::{PublicKey, parse_public_key_base64};
use safebox::ssh::{authorized, keys};
use std::net::IpAddr;

/// The key of `seeds/ssh/plain`.
const LETTERS: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIP0NYFUUGOn7m+Ai14O+qZ92hvbHoZuXEJgZtj29M0LH";

fuzz_target!(|data: &[u8]| {
    match data {
        [b'k', file @ ..] => key(file),
        [b'a', rest @ ..] => lines(rest),
        _ => {}
    }
});

/// A key that is read is the same after both ways of writing it.
fn key(file: &[u8]) {
    let Ok(key) = keys::read(file) else {
        return;
    };
    let dropbear = keys::to_dropbear(&key).unwrap();
    let mut again = keys::read(&dropbear).unwrap();
    again.set_comment(key.comment().clone());
    assert!(again == key);
    let comment = String::from_utf8_lossy(key.comment().as_ref()).into_owned();
    let openssh = keys::to_openssh(&key, &comment).unwrap();
    assert!(keys::read(openssh.as_bytes()).unwrap() == key);
    keys::public_line(key.public_key(), &comment);
}

/// A line more never takes an allowance away, and one without options allows all.
fn lines(data: &[u8]) {
    let mut parts = data.splitn(2, |&byte| byte == b'\n');
    let address = std::str::from_utf8(parts.next().unwrap_or_default());
    let from: Option<IpAddr> = address.ok().and_then(|text| text.parse().ok());
    let (from, file) = (
        from.unwrap_or([10, 0, 0, 1].into()),
        parts.next().unwrap_or_default(),
    );
    let key: PublicKey = parse_public_key_base64(LETTERS).unwrap();
    let found = authorized::find(file, &key, from, 1_000_000_000);
    if let Some(allowed) = &found {
        allowed.may_open(b"localhost", 80);
        allowed.may_listen(b"", 80);
        assert!(
            file.windows(LETTERS.len())
                .any(|at| at == LETTERS.as_bytes())
        );
    }
    let line = format!("\nssh-ed25519 {LETTERS}");
    let longer = [file, line.as_bytes()].concat();
    let lines = file.iter().filter(|&&byte| byte == b'\n').count() + 2;
    let after = authorized::find(&longer, &key, from, 1_000_000_000);
    if lines <= authorized::LINES {
        assert_eq!(after, Some(found.unwrap_or_default()));
    }
}
