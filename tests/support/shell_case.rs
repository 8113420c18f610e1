//! Reads files of shell cases; `tests/README.md` has their form.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One case: a script, what it prints on standard output, how it ends.
pub struct Case {
    pub place: String,
    pub script: String,
    pub output: String,
    pub status: i32,
    /// busybox answers otherwise, for a reason that the file gives.
    pub differs: bool,
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

/// The cases of all files of a folder, in order.
pub fn read_folder(folder: &Path) -> Vec<Case> {
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().flat_map(|file| parse(file)).collect()
}

/// What a shell printed on standard output, with a last newline, and how it ended.
pub fn result(command: &mut Command) -> (String, i32) {
    let output = command.output().unwrap();
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

impl Case {
    /// How a result differs from the expected one, for a person.
    pub fn difference(&self, (output, status): (String, i32)) -> Option<String> {
        let same = output == self.output && status == self.status;
        (!same).then(|| {
            format!(
                "{}\n{}expected [{}]:\n{}got [{status}]:\n{output}",
                self.place, self.script, self.status, self.output
            )
        })
    }
}

/// Fails with every difference at once.
pub fn expect_none(differences: Vec<String>) {
    assert!(
        differences.is_empty(),
        "{} cases differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
}
