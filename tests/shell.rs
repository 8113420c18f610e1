//! Runs the cases of `tests/shell`; see `tests/README.md` for their form.
//!
//! Those in `posix/` must pass in any POSIX shell and are run by dash too where it is
//! installed, so that they are known to be right; those in `ash/` are ash's own.
//! `make oracle` runs all of them by busybox.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

#[path = "support/transcript.rs"]
#[allow(dead_code, reason = "only its temporary directories are needed here")]
mod transcript;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use transcript::tempdir::TempDir;

/// One case: a script, what it prints on standard output, how it ends.
struct Case {
    place: String,
    script: String,
    output: String,
    status: i32,
    /// busybox answers otherwise, for a reason that the file gives.
    differs: bool,
}

/// Takes a file apart: cases are separated by empty lines.
fn parse(path: &Path) -> Vec<Case> {
    let text = fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let mut cases: Vec<Case> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate().skip(1) {
        if line.is_empty() {
            open = false;
            continue;
        }
        if !open {
            open = true;
            cases.push(Case {
                place: format!("{name}:{}", number + 1),
                script: String::new(),
                output: String::new(),
                status: 0,
                differs: false,
            });
        }
        let case = cases.last_mut().unwrap();
        if line == "#>" {
            case.output.push('\n');
        } else if let Some(output) = line.strip_prefix("#> ") {
            case.output.push_str(output);
            case.output.push('\n');
        } else if line.starts_with("#! ") {
            case.differs = true;
        } else if let Some(status) = line.strip_prefix("#= ") {
            case.status = status.parse().unwrap();
        } else {
            case.script.push_str(line);
            case.script.push('\n');
        }
    }
    cases
}

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
        let output = command
            .arg("-c")
            .arg(case.script.trim_end_matches('\n'))
            .current_dir(dir.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", "/root")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .unwrap();
        use std::os::unix::process::ExitStatusExt;
        let status = output.status;
        let status = status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap());
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        (text, status)
    }

    /// Runs every case of a folder; what differs.
    fn run_folder(&self, folder: &str) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/shell")
            .join(folder);
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|f| f.unwrap().path())
            .collect();
        files.sort();
        let cases: Vec<Case> = files.iter().flat_map(|file| parse(file)).collect();
        assert!(cases.len() > 50, "cases were lost");
        let differs = |case: &Case| {
            let (output, status) = self.run(case);
            let same = output == case.output && status == case.status;
            (!same).then(|| {
                format!(
                    "{}\n{}expected [{}]:\n{}got [{status}]:\n{output}",
                    case.place, case.script, case.status, case.output
                )
            })
        };
        let asked = |case: &&Case| !(self.oracle && case.differs);
        cases.iter().filter(asked).filter_map(differs).collect()
    }
}

fn expect_none(differences: Vec<String>) {
    assert!(
        differences.is_empty(),
        "{} cases differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
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
