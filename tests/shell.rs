//! Runs the cases of `tests/shell`; see `tests/README.md` for their form.
//!
//! Those in `posix/` must pass in any POSIX shell and are run by dash too where it is
//! installed, so that they are known to be right; those in `ash/` are ash's own.
//! `make oracle` runs all of them by busybox.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

#[path = "support/shell_case.rs"]
mod shell_case;
#[path = "support/tempdir.rs"]
mod tempdir;

use shell_case::{Case, expect_none};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempdir::TempDir;

/// A shell.
struct Shell {
    program: PathBuf,
    /// It is busybox: cases where that is known to differ are left out.
    oracle: bool,
}

impl Shell {
    fn run(&self, case: &Case) -> (String, i32) {
        let dir = TempDir::new();
        let mut command = Command::new(&self.program);
        command.arg0("sh");
        command
            .arg("-c")
            .arg(case.script.trim_end_matches('\n'))
            .current_dir(dir.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", "/root")
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        shell_case::result(&mut command)
    }

    /// Runs every case of a folder; what differs.
    fn run_folder(&self, folder: &str) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/shell")
            .join(folder);
        let cases = shell_case::read_folder(&folder);
        assert!(cases.len() > 50, "cases were lost");
        let asked = |case: &&Case| !(self.oracle && case.differs);
        let differs = |case: &Case| case.difference(self.run(case));
        cases.iter().filter(asked).filter_map(differs).collect()
    }
}

/// Our shell, as the applet `sh` of the binary under test.
fn ours(link: &TempDir) -> Shell {
    let program = link.path().join("sh");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_safebox"), &program).unwrap();
    Shell {
        program,
        oracle: false,
    }
}

/// busybox, where `make oracle` names it.
fn oracle() -> Option<Shell> {
    std::env::var_os("SAFEBOX_ORACLE")?;
    Some(Shell {
        program: std::env::var_os("SAFEBOX")?.into(),
        oracle: true,
    })
}

#[test]
fn cases_of_posix_pass() {
    let link = TempDir::new();
    expect_none(ours(&link).run_folder("posix"));
}

#[test]
fn cases_of_ash_pass() {
    let link = TempDir::new();
    expect_none(ours(&link).run_folder("ash"));
}

#[test]
fn cases_of_posix_are_right_by_dash() {
    let program = PathBuf::from("/usr/bin/dash");
    if program.exists() {
        let dash = Shell {
            program,
            oracle: false,
        };
        expect_none(dash.run_folder("posix"));
    }
}

#[test]
fn cases_of_posix_are_right_by_busybox() {
    if let Some(busybox) = oracle() {
        expect_none(busybox.run_folder("posix"));
    }
}

#[test]
fn cases_of_ash_are_right_by_busybox() {
    if let Some(busybox) = oracle() {
        expect_none(busybox.run_folder("ash"));
    }
}
