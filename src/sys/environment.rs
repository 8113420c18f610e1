//! The environment of this process, which programs started from here inherit.

use std::ffi::OsStr;

/// Sets a variable. The name is not empty and holds neither `=` nor NUL, the value no NUL.
pub fn set(name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) {
    // SAFETY: the program has one thread, so nobody reads the environment meanwhile.
    unsafe { std::env::set_var(name, value) };
}

/// Removes a variable; the name as for [`set`].
pub fn unset(name: impl AsRef<OsStr>) {
    // SAFETY: the program has one thread, so nobody reads the environment meanwhile.
    unsafe { std::env::remove_var(name) };
}
