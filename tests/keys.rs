//! dropbearkey and dropbearconvert against the programs of dropbear and OpenSSH.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

#[path = "support/peer.rs"]
mod peer;
#[path = "support/tempdir.rs"]
mod tempdir;

use peer::{peer, success};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use tempdir::TempDir;

const TYPES: [&str; 2] = ["ed25519", "ecdsa"];

fn ours(name: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_safebox"));
    command.arg0(name);
    command
}

fn theirs(name: &str) -> Command {
    Command::new(peer(name))
}

/// The line of the public key without its comment, and the fingerprint, as shown.
fn shown(text: &str) -> (String, String) {
    let line = text.lines().find(|line| line.contains(" AAAA")).unwrap();
    let words: Vec<&str> = line.split(' ').take(2).collect();
    let print = text.split_whitespace().find(|w| w.starts_with("SHA256:"));
    (words.join(" "), print.unwrap().to_owned())
}

fn show_ours(file: &Path) -> (String, String) {
    shown(&success(ours("dropbearkey").arg("-y").arg("-f").arg(file)))
}

#[test]
fn dropbear_and_openssh_read_the_keys_that_are_made() {
    let dir = TempDir::new();
    for kind in TYPES {
        let key = dir.path().join(kind);
        success(ours("dropbearkey").args(["-t", kind, "-f"]).arg(&key));
        let own = show_ours(&key);
        let dropbear = success(theirs("dropbearkey").arg("-y").arg("-f").arg(&key));
        assert_eq!(shown(&dropbear), own, "{kind}");
        let converted = dir.path().join(format!("{kind}.openssh"));
        let words = ["dropbear", "openssh"];
        success(
            ours("dropbearconvert")
                .args(words)
                .arg(&key)
                .arg(&converted),
        );
        let line = success(theirs("ssh-keygen").arg("-y").arg("-f").arg(&converted));
        let print = success(theirs("ssh-keygen").arg("-lf").arg(&converted));
        assert_eq!(shown(&(line + &print)), own, "{kind}");
        // The file beside it is one that ssh-copy-id and others take.
        let beside = store(&key, ".pub");
        let print = success(theirs("ssh-keygen").arg("-lf").arg(beside));
        assert!(print.contains(&own.1), "{kind}: {print}");
    }
}

fn store(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[test]
fn keys_of_dropbear_and_openssh_are_read() {
    let dir = TempDir::new();
    for kind in TYPES {
        let key = dir.path().join(kind);
        let made = success(theirs("dropbearkey").args(["-t", kind, "-f"]).arg(&key));
        assert_eq!(show_ours(&key), shown(&made), "{kind}");
        let converted = dir.path().join(format!("{kind}.converted"));
        let words = ["dropbear", "openssh"];
        success(
            theirs("dropbearconvert")
                .args(words)
                .arg(&key)
                .arg(&converted),
        );
        assert_eq!(show_ours(&converted), shown(&made), "{kind}");

        let key = dir.path().join(format!("{kind}.openssh"));
        let words = ["-q", "-t", kind, "-N", "", "-C", "a b", "-f"];
        success(theirs("ssh-keygen").args(words).arg(&key));
        let own = show_ours(&key);
        let line = fs::read_to_string(store(&key, ".pub")).unwrap();
        assert!(line.starts_with(&own.0), "{line}");
        let converted = dir.path().join(format!("{kind}.dropbear"));
        let words = ["openssh", "dropbear"];
        success(
            ours("dropbearconvert")
                .args(words)
                .arg(&key)
                .arg(&converted),
        );
        let dropbear = success(theirs("dropbearkey").arg("-y").arg("-f").arg(&converted));
        assert_eq!(shown(&dropbear), own, "{kind}");
    }
}

#[test]
fn there_and_back_the_files_of_others_are_the_same() {
    let dir = TempDir::new();
    let path = |name: &str| dir.path().join(name);
    for kind in TYPES {
        let (first, middle, last) = (path(kind), path("middle"), path("last"));
        success(theirs("dropbearkey").args(["-t", kind, "-f"]).arg(&first));
        for (words, from, to) in [
            (["dropbear", "openssh"], &first, &middle),
            (["openssh", "dropbear"], &middle, &last),
        ] {
            success(ours("dropbearconvert").args(words).arg(from).arg(to));
        }
        assert_eq!(
            fs::read(&first).unwrap(),
            fs::read(&last).unwrap(),
            "{kind}"
        );
        fs::remove_file(middle).unwrap();
        fs::remove_file(last).unwrap();
    }
}

#[test]
fn keys_that_are_no_use_are_named_and_the_status_says_so() {
    let dir = TempDir::new();
    let key = dir.path().join("key");
    for (words, reason) in [
        (
            &["-t", "rsa", "-b", "2048", "-N", ""][..],
            "a key of type ssh-rsa: only ed25519 and ecdsa (256) serve",
        ),
        (
            &["-t", "ed25519", "-N", "secret"],
            "locked with a passphrase: unlock it with ssh-keygen -p first",
        ),
        (
            &["-t", "ecdsa", "-m", "PEM", "-N", ""],
            "a key in PEM format: ssh-keygen -p converts it",
        ),
        (
            &["-t", "ecdsa", "-b", "384", "-N", ""],
            "a key of type ecdsa-sha2-nistp384: only ed25519 and ecdsa (256) serve",
        ),
    ] {
        success(
            theirs("ssh-keygen")
                .arg("-q")
                .args(words)
                .arg("-f")
                .arg(&key),
        );
        let output = ours("dropbearkey").arg("-y").arg("-f").arg(&key).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(said, format!("dropbearkey: {}: {reason}\n", key.display()));
        assert!(!output.status.success() && output.stdout.is_empty());
        fs::remove_file(&key).unwrap();
        fs::remove_file(store(&key, ".pub")).unwrap();
    }
    success(
        theirs("dropbearkey")
            .args(["-t", "rsa", "-s", "1024", "-f"])
            .arg(&key),
    );
    let output = ours("dropbearkey").arg("-y").arg("-f").arg(&key).output();
    let said = String::from_utf8_lossy(&output.unwrap().stderr).into_owned();
    assert!(said.contains("a key of type ssh-rsa"), "{said}");
}
