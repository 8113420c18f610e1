//! sftp-server against OpenSSH's sftp, without a network.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

#[path = "support/peer.rs"]
mod peer;
#[path = "support/tempdir.rs"]
mod tempdir;
#[path = "support/tree.rs"]
mod tree;

use peer::peer;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempdir::TempDir;

/// A folder with the server's link in it, where client and server both begin.
struct Place {
    dir: TempDir,
    server: PathBuf,
}

impl Place {
    fn new() -> Place {
        let dir = TempDir::new();
        let server = dir.path().join("sftp-server");
        symlink(env!("CARGO_BIN_EXE_safebox"), &server).unwrap();
        Place { dir, server }
    }

    /// A server that a shell starts: words before its name, and behind it.
    fn through(words: &str, options: &str) -> Place {
        let mut place = Place::new();
        let script = place.path("server");
        let text = format!("#!/bin/sh\n{words} {} {options}\n", place.server.display());
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        place.server = script;
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs lines of commands; a line that fails ends them, and the status tells.
    fn sftp(&self, lines: impl AsRef<[u8]>) -> Output {
        let mut client = Command::new(peer("sftp"))
            .args(["-q", "-b", "-", "-D"])
            .arg(&self.server)
            .current_dir(self.dir.path())
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = client.stdin.take().unwrap();
        input.write_all(lines.as_ref()).unwrap();
        drop(input);
        client.wait_with_output().unwrap()
    }

    /// The same where nothing may fail; what was printed.
    fn well(&self, lines: impl AsRef<[u8]>) -> String {
        let output = self.sftp(lines);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The same where the last line fails; what was complained.
    fn badly(&self, lines: impl AsRef<[u8]>) -> String {
        let output = self.sftp(lines);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{said}");
        said
    }
}

#[test]
fn large_files_come_and_go_whole() {
    let place = Place::new();
    let content = tree::noise(64 << 20);
    fs::write(place.path("a"), &content).unwrap();
    place.well("put a b\nget b c\n");
    let expected = tree::digest(&content);
    for name in ["b", "c"] {
        let got = fs::read(place.path(name)).unwrap();
        assert_eq!(tree::digest(&got), expected, "{name}");
    }
}

#[test]
fn trees_come_and_go_with_modes_and_times() {
    let place = Place::new();
    tree::plant(&place.path("tree"));
    place.well("mkdir there\nput -rp tree there\nget -rp there/tree back\n");
    let expected = tree::describe(&place.path("tree"));
    assert!(expected.len() > 10);
    assert_eq!(tree::describe(&place.path("there/tree")), expected);
    assert_eq!(tree::describe(&place.path("back")), expected);
}

#[test]
fn names_are_bytes() {
    let place = Place::new();
    let name = OsStr::from_bytes(b"caf\xe9 \xff.txt");
    fs::write(place.dir.path().join(name), "x").unwrap();
    place
        .well(b"put \"caf\xe9 \xff.txt\" \"up\xfe\"\nrename \"up\xfe\" \"\xe9t\xe9\"\n".as_slice());
    let renamed = place.dir.path().join(OsStr::from_bytes(b"\xe9t\xe9"));
    assert_eq!(fs::read(renamed).unwrap(), b"x");
}

#[test]
fn names_are_moved_linked_and_removed() {
    let place = Place::new();
    fs::write(place.path("a"), "a").unwrap();
    fs::write(place.path("old"), "old").unwrap();
    place.well(
        "mkdir d\nrename a d/b\nsymlink b d/soft\nln d/b d/hard\nrename old d/hard\n\
         chmod 640 d/b\nmkdir e\nrmdir e\n",
    );
    assert_eq!(fs::read(place.path("d/b")).unwrap(), b"a");
    assert_eq!(
        fs::read_link(place.path("d/soft")).unwrap().as_os_str(),
        "b"
    );
    // A rename of OpenSSH's replaces what is there.
    assert_eq!(fs::read(place.path("d/hard")).unwrap(), b"old");
    let meta = place.path("d/b").metadata().unwrap();
    assert_eq!(meta.permissions().mode() & 0o7777, 0o640);
    assert!(!place.path("e").exists());
    place.well("rm d/*\nrmdir d\n");
    assert!(!place.path("d").exists());
    for line in ["rm nosuch", "rmdir nosuch", "rename nosuch x", "get nosuch"] {
        let said = place.badly(format!("{line}\n"));
        let (known, missing) = (said.contains("No such file"), said.contains("not found"));
        assert!(known || missing, "{line}: {said}");
    }
}

#[test]
fn files_are_listed_as_ls_does() {
    let place = Place::new();
    fs::create_dir(place.path("d")).unwrap();
    fs::write(place.path("d/file"), "12345").unwrap();
    fs::set_permissions(place.path("d/file"), fs::Permissions::from_mode(0o4755)).unwrap();
    symlink("file", place.path("d/link")).unwrap();
    let list = place.well("ls -l d\n");
    let line = |name: &str| list.lines().find(|line| line.contains(name)).unwrap();
    assert!(line("file").starts_with("-rwsr-xr-x "), "{list}");
    assert!(line("file").contains(" 5 "), "{list}");
    assert!(line("link").starts_with("lrwxrwxrwx "), "{list}");
    // Of a single file the client asks for the owner's name by its number.
    let list = place.well("pwd\nls -l d/file\n");
    let here = fs::canonicalize(place.dir.path()).unwrap();
    assert!(list.contains(&format!("working directory: {}", here.display())));
    let mut stat = Command::new("stat");
    let stat = stat.args(["-c", "%U"]).arg(place.path("d/file")).output();
    let names = String::from_utf8(stat.unwrap().stdout).unwrap();
    assert!(list.contains(&format!(" {} ", names.trim())), "{list}");
}

#[test]
fn a_folder_of_three_thousand_files_is_listed_and_fetched() {
    let place = Place::new();
    fs::create_dir(place.path("many")).unwrap();
    for number in 0..3000 {
        fs::write(
            place.path(&format!("many/file{number}")),
            number.to_string(),
        )
        .unwrap();
    }
    let list = place.well("ls -1 many\n");
    assert_eq!(
        list.lines().filter(|line| line.contains("many/")).count(),
        3000
    );
    place.well("get -r many copy\n");
    for number in [0, 1, 1234, 2999] {
        let got = fs::read_to_string(place.path(&format!("copy/file{number}"))).unwrap();
        assert_eq!(got, number.to_string());
    }
    assert_eq!(fs::read_dir(place.path("copy")).unwrap().count(), 3000);
}

#[test]
fn half_a_transfer_is_taken_up_again() {
    let place = Place::new();
    let content = tree::noise(3 << 20);
    fs::write(place.path("whole"), &content).unwrap();
    for name in ["up", "down"] {
        fs::write(place.path(name), &content[..1_234_567]).unwrap();
    }
    place.well("reput whole up\nreget whole down\n");
    for name in ["up", "down"] {
        assert!(fs::read(place.path(name)).unwrap() == content, "{name}");
    }
}

#[test]
fn the_space_on_a_file_system_is_shown() {
    let place = Place::new();
    let shown = place.well("df .\n");
    let df = Command::new("df")
        .args(["-Pk"])
        .arg(place.dir.path())
        .output();
    let df = String::from_utf8(df.unwrap().stdout).unwrap();
    let size = |text: &str| -> u64 {
        let line = text.lines().last().unwrap();
        let mut numbers = line.split_whitespace().filter_map(|word| word.parse().ok());
        numbers.next().unwrap()
    };
    assert_eq!(size(&shown), size(&df), "{shown}{df}");
    place.well("df -i .\n");
}

#[test]
fn owners_and_times_are_set() {
    let place = Place::new();
    fs::write(place.path("f"), "").unwrap();
    let meta = place.path("f").metadata().unwrap();
    place.well(format!("chown {} f\nchgrp {} f\n", meta.uid(), meta.gid()));
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root gives files away");
        return;
    }
    place.well("chown 12 f\nchgrp 34 f\n");
    let meta = place.path("f").metadata().unwrap();
    assert_eq!((meta.uid(), meta.gid()), (12, 34));
}

#[test]
fn a_file_that_does_not_fit_is_an_error_at_the_client() {
    // 512 blocks of 512 bytes (of 1024 in some shells).
    let place = Place::through("ulimit -f 512; exec", "");
    fs::write(place.path("big"), tree::noise(2 << 20)).unwrap();
    fs::write(place.path("small"), "x").unwrap();
    let said = place.badly("put big there\n");
    assert!(
        said.contains("write remote") || said.contains("Failure"),
        "{said}"
    );
    // The session is none the worse for it.
    place.well("put small there\n");
    assert_eq!(fs::read(place.path("there")).unwrap(), b"x");
}

#[test]
fn a_full_disk_is_an_error_at_the_client() {
    if !tree::may_mount() {
        return;
    }
    // The server has a disk of its own, in a namespace of its own.
    let full = "mkdir r; mount -t tmpfs -o size=1m none r || exit 9; exec";
    let place = Place::through(&format!("exec unshare -m sh -c '{full} \"$0\"'"), "");
    fs::write(place.path("big"), tree::noise(2 << 20)).unwrap();
    let said = place.badly("put big r/there\n");
    assert!(
        said.contains("write remote") || said.contains("Failure"),
        "{said}"
    );
}

#[test]
fn a_read_only_session_says_so() {
    let place = Place::through("exec", "-R");
    fs::write(place.path("f"), "x").unwrap();
    place.well("get f g\nls -l\n");
    for line in [
        "put f h",
        "rm f",
        "mkdir d",
        "rename f g",
        "chmod 600 f",
        "symlink f s",
    ] {
        let said = place.badly(format!("{line}\n"));
        assert!(
            said.to_lowercase().contains("permission denied"),
            "{line}: {said}"
        );
    }
    assert_eq!(fs::read(place.path("f")).unwrap(), b"x");
}
