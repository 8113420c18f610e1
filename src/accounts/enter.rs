//! Becoming somebody: rights, environment, shell.

use super::files::{self, User};
use crate::error::{At, Result};
use crate::sys::{environment, process};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// What of the environment is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// A fresh one: nothing stays but what a terminal is.
    Fresh,
    /// The one that is there, with their name and home in it.
    Theirs,
    /// The one that is there.
    Kept,
}

/// Their shell, or the one that everybody has.
pub fn shell(user: &User) -> OsString {
    match &user.shell[..] {
        b"" => OsString::from("/bin/sh"),
        shell => OsString::from_vec(shell.to_vec()),
    }
}

/// The name that makes a shell one for a login: a dash before its own.
pub fn login_name(shell: &OsStr) -> OsString {
    let base = shell.as_bytes().rsplit(|&b| b == b'/').next();
    let mut name = OsString::from("-");
    name.push(OsStr::from_bytes(base.unwrap_or(b"sh")));
    name
}

/// Takes on the rights of a user, for good; `group` is the file of groups.
///
/// # Errors
/// The kernel refuses.
pub fn take_rights(user: &User, group: &Path) -> Result<()> {
    if user.uid == 0 && user.gid == 0 && rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let group = std::fs::read(group).unwrap_or_default();
    let mut groups = files::groups_of(&group, &user.name);
    groups.push(user.gid);
    process::become_user(user.uid, user.gid, &groups).at("become", OsStr::from_bytes(&user.name))
}

/// Sets the environment of a user with this shell.
pub fn set_environment(user: &User, shell: &OsStr, how: Environment) {
    if how == Environment::Kept {
        return;
    }
    if how == Environment::Fresh {
        let kept = ["TERM", "IPKG_INSTROOT"];
        for (name, _) in std::env::vars_os() {
            if !kept.iter().any(|keep| name == OsStr::new(keep)) {
                environment::unset(&name);
            }
        }
        let path = if user.uid == 0 {
            "/usr/sbin:/usr/bin:/sbin:/bin"
        } else {
            "/usr/bin:/bin"
        };
        environment::set("PATH", path);
    }
    let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    environment::set("USER", text(&user.name));
    environment::set("LOGNAME", text(&user.name));
    environment::set("HOME", text(&user.home));
    environment::set("SHELL", shell);
}

/// Goes to their home, or to the root directory where that is gone.
pub fn go_home(user: &User) {
    if std::env::set_current_dir(OsStr::from_bytes(&user.home)).is_err() {
        // The root directory always exists.
        let _ = std::env::set_current_dir("/");
    }
}
