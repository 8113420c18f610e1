//! The binary under test as `uci`, in a directory of the test's own.

use super::transcript::tempdir::TempDir;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The binary under a link named `uci`.
pub struct Subject {
    pub links: TempDir,
    pub binary: PathBuf,
    pub runner: Option<PathBuf>,
}

impl Subject {
    pub fn new() -> Subject {
        let binary = std::env::var_os("SAFEBOX").unwrap_or(env!("CARGO_BIN_EXE_safebox").into());
        let binary = fs::canonicalize(binary).unwrap();
        let links = TempDir::new();
        std::os::unix::fs::symlink(&binary, links.path().join("uci")).unwrap();
        Subject {
            links,
            binary,
            runner: std::env::var_os("SAFEBOX_RUNNER").map(PathBuf::from),
        }
    }

    pub fn command(&self, dir: &Path) -> Command {
        use std::os::unix::process::CommandExt;
        let mut command = match &self.runner {
            Some(runner) => {
                let mut command = Command::new(runner);
                command.args(["-0", "uci"]).arg(&self.binary);
                command
            }
            None => {
                let mut command = Command::new(self.links.path().join("uci"));
                command.arg0("uci");
                command
            }
        };
        command.current_dir(dir).env_clear();
        command
    }

    pub fn run(&self, dir: &Path, args: &[&str], input: &[u8]) -> Output {
        let mut child = self
            .command(dir)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || {
            // Commands that read nothing close it early.
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        output
    }

    /// `uci -c conf -t save ARGS...`: status and both outputs, one behind the other.
    pub fn uci(&self, dir: &Path, args: &[&str], input: &str) -> (i32, String) {
        let args = [&["-c", "conf", "-t", "save"], args].concat();
        let output = self.run(dir, &args, input.as_bytes());
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(text).unwrap(),
        )
    }
}

/// Names in a directory that begin with a dot.
pub fn hidden(dir: &Path) -> String {
    let names = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let names: Vec<_> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names
        .into_iter()
        .filter(|name| name.starts_with('.'))
        .collect()
}

/// A directory with `conf/p`.
pub fn with_package(content: &str) -> TempDir {
    let dir = TempDir::new();
    fs::create_dir(dir.path().join("conf")).unwrap();
    fs::write(dir.path().join("conf/p"), content).unwrap();
    dir
}
