//! Programs of others that tests talk to.

#![allow(dead_code, reason = "each test uses a part of this")]

use std::path::PathBuf;
use std::process::{Command, Output};

/// Where the program is. A test that needs one which is missing fails and says how to get it.
pub fn peer(name: &str) -> PathBuf {
    let found = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"]
        .iter()
        .map(|folder| PathBuf::from(folder).join(name))
        .find(|path| path.exists());
    found.unwrap_or_else(|| panic!("missing: {name}: tests/vm/setup.sh peers installs it"))
}

/// Its standard output, if it went well.
pub fn success(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program starts");
    let errors = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?}: {status}: {errors}");
    String::from_utf8_lossy(&stdout).into_owned()
}
