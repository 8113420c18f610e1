//! Reads transcript files and runs their cases.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[path = "tempdir.rs"]
pub mod tempdir;

/// A case that runs longer has hung.
const LIMIT: Duration = Duration::from_secs(60);

/// The binary under test, installed with its links.
pub struct Subject {
    /// Directory with `bin`, `sbin`, `usr/bin`, `usr/sbin` full of links.
    tree: tempdir::TempDir,
    /// A program that runs the binary, when it is for another processor.
    runner: Option<PathBuf>,
    /// Names the peer in `# differs:` runs; None for our own binary.
    oracle: bool,
}

/// One case: a title, what is typed, what comes back.
pub struct Case {
    pub title: String,
    pub line: usize,
    pub command: String,
    pub output: String,
    pub status: i32,
    /// Why busybox answers otherwise, if it does.
    pub differs: Option<String>,
    /// What the machine must be or have: `root`, `linux`, a peer's name.
    pub needs: Vec<String>,
}

/// What a run of all files came to.
#[derive(Default)]
pub struct Report {
    pub run: usize,
    pub failed: usize,
    pub text: String,
}

impl Subject {
    /// The binary of `SAFEBOX` or the given default, with links in a fresh directory.
    pub fn from_environment(default: &str) -> Subject {
        let binary = std::env::var_os("SAFEBOX").map_or(PathBuf::from(default), PathBuf::from);
        let runner = std::env::var_os("SAFEBOX_RUNNER").map(PathBuf::from);
        let oracle = std::env::var_os("SAFEBOX_ORACLE").is_some();
        let tree = tempdir::TempDir::new();
        let name = if oracle { "busybox" } else { "safebox" };
        let target = tree.path().join("bin").join(name);
        fs::create_dir_all(tree.path().join("bin")).unwrap();
        fs::copy(&binary, &target)
            .unwrap_or_else(|error| panic!("no binary {}: {error}", binary.display()));
        let mut command = match &runner {
            Some(runner) => Command::new(runner),
            None => Command::new(&target),
        };
        if runner.is_some() {
            command.arg(&target);
        }
        if oracle {
            command
                .args(["--install", "-s"])
                .arg(tree.path().join("bin"));
        } else {
            command.arg("--install").arg(tree.path());
        }
        assert!(command.status().unwrap().success(), "--install failed");
        Subject {
            tree,
            runner,
            oracle,
        }
    }

    fn run(&self, case: &Case) -> (String, i32) {
        let dir = tempdir::TempDir::new();
        let tree = self.tree.path();
        let path: Vec<_> = ["bin", "sbin", "usr/bin", "usr/sbin"]
            .iter()
            .map(|dir| tree.join(dir))
            .collect();
        let mut command = match &self.runner {
            Some(runner) => {
                let mut command = Command::new(runner);
                command.arg("-0").arg("sh").arg(tree.join("bin/safebox"));
                command
            }
            None => {
                let mut command = Command::new(tree.join("bin/sh"));
                // Messages begin with the name, which must not depend on the directory.
                command.arg0("sh");
                command
            }
        };
        let mut child = command
            .args(["-c", &format!("exec 2>&1\n{}", case.command)])
            .current_dir(dir.path())
            .env_clear()
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("HOME", dir.path())
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stdout.read_to_end(&mut bytes).unwrap();
            bytes
        });
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > LIMIT {
                child.kill().unwrap();
                return ("(hung)\n".into(), -1);
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let bytes = reader.join().unwrap();
        let status = status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap());
        (printable(&bytes), status)
    }
}

/// Output as a transcript shows it: bytes that are no text as `\xHH`.
fn printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' | '\t' => text.push(c),
                c if c.is_control() => write!(text, "\\x{:02x}", u32::from(c)).unwrap(),
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").unwrap();
        }
    }
    text
}

/// Runs every file of a folder (or those that `SAFEBOX_CLI` names).
pub fn run_folder(subject: &Subject, folder: &str) -> Report {
    let only = std::env::var("SAFEBOX_CLI").unwrap_or_default();
    let wanted = |path: &Path| {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        path.extension().is_some_and(|e| e == "test")
            && (only.is_empty() || only.split(' ').any(|name| name == stem))
    };
    let mut files: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| wanted(path))
        .collect();
    files.sort();
    let mut report = Report::default();
    for file in files {
        run_file(subject, &file, &mut report);
    }
    report
}

fn run_file(subject: &Subject, file: &Path, report: &mut Report) {
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    for case in parse(&fs::read_to_string(file).unwrap(), &name) {
        if subject.oracle && case.differs.is_some() {
            continue;
        }
        if let Some(missing) = case.needs.iter().find(|need| !available(subject, need)) {
            writeln!(report.text, "skip {name}: {}: needs {missing}", case.title).unwrap();
            continue;
        }
        report.run += 1;
        let (output, status) = subject.run(&case);
        if output != case.output || status != case.status {
            report.failed += 1;
            writeln!(
                report.text,
                "FAILED {name}:{}: {}\n  $ {}\n  expected [{}]:\n{}  got [{status}]:\n{}",
                case.line,
                case.title,
                case.command.replace('\n', "\n  > "),
                case.status,
                indent(&case.output),
                indent(&output),
            )
            .unwrap();
        }
    }
}

fn available(subject: &Subject, need: &str) -> bool {
    match need {
        "root" => rustix::process::geteuid().is_root(),
        "exec" => subject.runner.is_none(),
        peer => ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
            .iter()
            .any(|dir| Path::new(dir).join(peer).exists()),
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

/// Takes a transcript file apart; anything out of form is a panic with its place.
pub fn parse(text: &str, name: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut title = String::new();
    let (mut differs, mut needs) = (None, Vec::new());
    // Before the first title it holds for the whole file.
    let mut all_differ = None;
    // Empty lines between an output and the next title belong to neither.
    let mut blank = 0;
    for (number, line) in text.lines().enumerate() {
        if let Some(reason) = line.strip_prefix("# differs: ") {
            differs = Some(reason.to_owned());
            if title.is_empty() {
                all_differ = differs.clone();
            }
        } else if let Some(what) = line.strip_prefix("# needs: ") {
            needs.extend(what.split_whitespace().map(str::to_owned));
        } else if let Some(text) = line.strip_prefix("# ") {
            title = text.to_owned();
            (differs, needs) = (all_differ.clone(), Vec::new());
            blank = 0;
        } else if let Some(command) = line.strip_prefix("$ ") {
            assert!(
                !title.is_empty(),
                "{name}:{}: a command without a title",
                number + 1
            );
            cases.push(Case {
                title: title.clone(),
                line: number + 1,
                command: command.to_owned(),
                output: String::new(),
                status: 0,
                differs: differs.clone(),
                needs: needs.clone(),
            });
            blank = 0;
        } else if let Some(case) = cases.last_mut() {
            let status = line
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'));
            if let Some(more) = line.strip_prefix("> ").or((line == ">").then_some(""))
                && case.output.is_empty()
                && blank == 0
            {
                case.command = format!("{}\n{more}", case.command);
            } else if let Some(status) = status.and_then(|text| text.parse().ok()) {
                case.status = status;
            } else if line.is_empty() {
                blank += 1;
            } else {
                case.output.push_str(&"\n".repeat(blank));
                blank = 0;
                case.output
                    .push_str(line.strip_prefix('\\').unwrap_or(line));
                case.output.push('\n');
            }
        } else {
            assert!(
                line.is_empty(),
                "{name}:{}: text before the first command",
                number + 1
            );
        }
    }
    // `\c` at the end of the output: the last line has no newline.
    for case in &mut cases {
        if let Some(cut) = case.output.strip_suffix("\\c\n") {
            case.output = cut.to_owned();
        }
    }
    cases
}
