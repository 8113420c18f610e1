//! New hashes in the files of accounts.

use super::files::{self, User};
use super::update::{self, Error};
use crate::sys::signal::{self, numbers};
use std::path::PathBuf;

/// Fields of both files.
const HASH: usize = 1;
const LAST_CHANGE: usize = 2;

/// The two files that hold hashes.
pub struct Files {
    /// `/etc/passwd`
    pub passwd: PathBuf,
    /// `/etc/shadow`
    pub shadow: PathBuf,
}

/// An account and its hash, wherever that lies.
pub struct Account {
    /// Its line in `passwd`.
    pub user: User,
    /// Its hash.
    pub hash: Vec<u8>,
    /// Whether the hash lies in `shadow`.
    pub has_shadow: bool,
}

impl Account {
    /// A user with the hash that counts.
    pub fn new(user: User, shadow: &[u8]) -> Account {
        let in_shadow = files::field(shadow, &user.name, HASH);
        Account {
            has_shadow: in_shadow.is_some(),
            hash: in_shadow.unwrap_or(&user.password).to_vec(),
            user,
        }
    }
}

impl Files {
    /// The account of this name.
    pub fn account(&self, name: &[u8]) -> Option<Account> {
        let passwd = std::fs::read(&self.passwd).ok()?;
        let shadow = std::fs::read(&self.shadow).unwrap_or_default();
        Some(Account::new(files::user(&passwd, name)?, &shadow))
    }

    /// Gives accounts other hashes, all of them or none of one file; `now` in seconds since
    /// 1970. Shadow first, so that there is never an `x` without a hash behind it. From now
    /// on no key of a terminal ends the process.
    ///
    /// # Errors
    /// A file could not be changed; it is then as it was.
    pub fn store(&self, changes: &[(&Account, &[u8])], now: i64) -> Result<(), Error> {
        for number in [numbers::HUP, numbers::INT, numbers::QUIT] {
            signal::ignore(number);
        }
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        // 0 would mean that the password must be changed at once.
        let today = (now / 86_400).max(1).to_string();
        let in_shadow = || changes.iter().filter(|(account, _)| account.has_shadow);
        if in_shadow().next().is_some() {
            update::replace(&self.shadow, |file| {
                in_shadow().try_fold(file.to_vec(), |file, (account, hash)| {
                    let fields = [(HASH, *hash), (LAST_CHANGE, today.as_bytes())];
                    files::with_fields(&file, &account.user.name, &fields)
                })
            })?;
        }
        let is_marked = |account: &Account| account.has_shadow && account.user.password == b"x";
        let in_passwd = || changes.iter().filter(|(account, _)| !is_marked(account));
        if in_passwd().next().is_some() {
            update::replace(&self.passwd, |file| {
                in_passwd().try_fold(file.to_vec(), |file, (account, hash)| {
                    let mark = if account.has_shadow { &b"x"[..] } else { *hash };
                    files::with_fields(&file, &account.user.name, &[(HASH, mark)])
                })
            })?;
        }
        Ok(())
    }
}
