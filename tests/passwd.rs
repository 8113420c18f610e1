//! passwd where storage fails: the old files stay whole, and the failure is told.
//!
//! Everything happens below a temporary directory that is given as `-R`: the accounts of
//! the machine that runs the tests are never looked at.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(clippy::print_stderr, reason = "the report of a test")]

#[path = "support/tempdir.rs"]
mod tempdir;

use std::fs;
use std::process::Command;
use tempdir::TempDir;

/// The files before, and one account whose hash lies in each place.
const ACCOUNTS: &str = "
    printf 'root:x:0:0:root:/root:/bin/ash\\nold:$1$hash:5:5::/:\\n' >etc/passwd
    printf 'root:old hash:1:0:99999:7:::\\n' >etc/shadow
    cp -r etc before
    set_password() {
        printf 'Tr0ub4dor+3xx\\nTr0ub4dor+3xx\\n' | $BOX passwd -R . $1 >answers || echo status $?
    }
    compare() { diff -r before etc && echo unchanged; }
";

/// Runs a script as root in a directory and a mount namespace of its own, where `etc` is an
/// empty tmpfs; both outputs, with `.` for the directory. None where that is not allowed.
fn with_tmpfs(script: &str) -> Option<String> {
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["-m", "--propagation", "private"]);
        command
    };
    let probe = unshare().arg("true").output();
    if !rustix::process::geteuid().is_root() || !probe.is_ok_and(|out| out.status.success()) {
        eprintln!("skipped: needs root and unshare -m");
        return None;
    }
    let temporary = TempDir::new();
    let dir = fs::canonicalize(temporary.path()).unwrap();
    fs::create_dir(dir.join("etc")).unwrap();
    let mount = "mount -t tmpfs -o size=32k,mode=755 none etc";
    let script = format!("exec 2>&1; set -e; {mount}; {ACCOUNTS}{script}");
    let output = unshare()
        .args(["sh", "-c", &script])
        .current_dir(&dir)
        .env("BOX", env!("CARGO_BIN_EXE_safebox"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.replace(&dir.display().to_string(), "."))
}

fn check(script: &str, expected: &str) {
    if let Some(output) = with_tmpfs(script) {
        assert_eq!(output, expected);
    }
}

#[test]
fn a_full_file_system_keeps_the_old_password_and_tells_so() {
    check(
        "cat /dev/zero >etc/filler 2>/dev/null || echo full
        cp etc/filler before/filler
        set_password root; set_password old; compare
        rm etc/filler before/filler; set_password root
        cmp -s etc/shadow before/shadow || echo changed
        cmp before/shadow etc/shadow-; cmp before/passwd etc/passwd; ls etc",
        "full\n\
        passwd: can't write './etc/shadow+': No space left on device, nothing was changed\n\
        status 1\n\
        passwd: can't write './etc/passwd+': No space left on device, nothing was changed\n\
        status 1\n\
        unchanged\n\
        passwd: password for root changed by root\n\
        changed\npasswd\nshadow\nshadow-\n",
    );
}

#[test]
fn a_read_only_file_system_keeps_the_old_password_and_names_mount_root() {
    check(
        "mount -o remount,ro none etc
        set_password root; set_password old; compare
        $BOX passwd -R . -l root || echo status $?; compare
        mount -o remount,rw none etc; set_password root",
        "passwd: can't create './etc/shadow+': Read-only file system, run mount_root first\n\
        status 1\n\
        passwd: can't create './etc/passwd+': Read-only file system, run mount_root first\n\
        status 1\n\
        unchanged\n\
        passwd: can't create './etc/shadow+': Read-only file system, run mount_root first\n\
        status 1\n\
        unchanged\n\
        passwd: password for root changed by root\n",
    );
}
