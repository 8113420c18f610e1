//! passwd, shadow and group: a name, a value, a password, then the file; divided by lines.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::accounts::crypt::{self, Kind};
use safebox::accounts::{files, weak};

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(4, |&byte| byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let (name, value, password, file) = (part(), part(), part(), part());
    for user in files::users(file) {
        assert!(!user.name.is_empty());
        assert!(files::user_by_number(file, user.uid).is_some());
        assert!(files::user(file, &user.name).is_some());
    }
    files::groups_of(file, name);
    let clean = |part: &[u8]| !part.contains(&b':');
    if clean(name) && clean(value) {
        change(file, name, value);
    }
    let owner = weak::Owner {
        name,
        gecos: value,
        host: file,
        old: b"",
    };
    weak::complaint(password, &owner);
    hash(password, value);
});

/// A changed field holds the new value, and every other line stays.
fn change(file: &[u8], name: &[u8], value: &[u8]) {
    let Some(changed) = files::with_fields(file, name, &[(1, value), (8, b"")]) else {
        return;
    };
    assert_eq!(files::field(&changed, name, 1), Some(value));
    let lines = |file: &[u8]| file.iter().filter(|&&byte| byte == b'\n').count();
    assert_eq!(lines(&changed), lines(file));
    let again = files::with_fields(&changed, name, &[(1, value), (8, b"")]);
    assert_eq!(again.as_deref(), Some(&changed[..]));
}

/// Strings from a shadow file. The costly kinds come seldom, and never with many rounds.
fn hash(password: &[u8], stored: &[u8]) {
    let costly = stored.starts_with(b"$5$") || stored.starts_with(b"$6$");
    let rounds = stored.windows(7).any(|word| word == b"rounds=");
    if !costly || (!rounds && password.len() < 4) {
        crypt::verify(password, stored);
    }
    if let Some(made) = crypt::make(password, Kind::Md5, stored) {
        assert!(crypt::verify(password, made.as_bytes()));
        assert!(!crypt::verify(&[password, b"x"].concat(), made.as_bytes()));
    }
}
