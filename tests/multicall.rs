//! The names that one binary answers to, as the kernel hands them over.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

#[path = "support/tempdir.rs"]
mod tempdir;

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_safebox");

/// What comes out when the file runs under this name.
fn output(file: &Path, name: &str, args: &[&str]) -> String {
    let output = Command::new(file).arg0(name).args(args).output().unwrap();
    assert!(output.status.success(), "{name}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_applet_is_found_by_the_name_without_directories_and_dash() {
    for name in ["sh", "-sh", "ash", "-ash", "/bin/sh", "../x/sh"] {
        let said = output(Path::new(BINARY), name, &["-c", "echo $0"]);
        assert_eq!(said, format!("{name}\n"));
    }
}

#[test]
fn a_login_shell_reads_its_profile() {
    let dir = tempdir::TempDir::new();
    std::fs::write(dir.path().join(".profile"), "echo profile of $0\n").unwrap();
    let said = |name: &str| {
        let mut shell = Command::new(BINARY);
        shell
            .arg0(name)
            .env("HOME", dir.path())
            .stdin(Stdio::null());
        String::from_utf8(shell.output().unwrap().stdout).unwrap()
    };
    // The machine's own /etc/profile may speak first.
    assert!(said("-sh").ends_with("profile of -sh\n"));
    assert_eq!(said("sh"), "");
}

#[test]
fn hard_links_and_symbolic_links_lead_to_their_applet() {
    let dir = tempdir::TempDir::new();
    let copy = dir.path().join("safebox");
    std::fs::copy(BINARY, &copy).unwrap();
    let (hard, soft) = (dir.path().join("basename"), dir.path().join("dirname"));
    std::fs::hard_link(&copy, &hard).unwrap();
    std::os::unix::fs::symlink("safebox", &soft).unwrap();
    let name = |path: &PathBuf| path.to_str().unwrap().to_owned();
    assert_eq!(output(&hard, &name(&hard), &["/a/b"]), "b\n");
    assert_eq!(output(&soft, &name(&soft), &["/a/b"]), "/a\n");
}

#[test]
fn a_process_has_the_name_of_its_applet_as_killall_needs_it() {
    // By a link, by the binary's own name, and as a child that the shell starts without exec.
    let dir = tempdir::TempDir::new();
    let links = Command::new(BINARY)
        .args([OsString::from("--install"), dir.path().into()])
        .stdout(Stdio::null())
        .status();
    assert!(links.unwrap().success());
    let path = ["bin", "sbin", "usr/bin", "usr/sbin"]
        .map(|name| dir.path().join(name))
        .map(|dir| dir.to_str().unwrap().to_owned())
        .join(":");
    let said = Command::new(dir.path().join("bin/sh"))
        .args([
            "-c",
            "cat /proc/$$/comm; safebox cat /proc/self/comm; sleep 1000 & echo $!; wait $!",
        ])
        .env("PATH", path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (comm, status) = while_it_sleeps(said);
    assert_eq!(comm, ["sh", "cat", "sleep"]);
    assert_eq!(status, Some(128 + 15));
}

/// The names that the shell's lines and its sleeping child tell; the child is then ended.
fn while_it_sleeps(mut shell: std::process::Child) -> (Vec<String>, Option<i32>) {
    use std::io::BufRead;
    let mut lines = std::io::BufReader::new(shell.stdout.take().unwrap()).lines();
    let mut names: Vec<_> = lines.by_ref().take(2).map(Result::unwrap).collect();
    let child: i32 = lines.next().unwrap().unwrap().parse().unwrap();
    let comm = format!("/proc/{child}/comm");
    // The child names itself a moment after its start.
    let start = std::time::Instant::now();
    let named = std::iter::repeat_with(|| std::fs::read_to_string(&comm).unwrap())
        .take_while(|_| start.elapsed().as_secs() < 60)
        .map(|name| name.trim().to_owned())
        .find(|name| name != "sh");
    names.extend(named);
    let pid = rustix::process::Pid::from_raw(child).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    (names, shell.wait().unwrap().code())
}
