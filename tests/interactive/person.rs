//! Somebody at a terminal with the shell on it, who reads before going on.

use crate::glass::Glass;
use crate::tempdir::TempDir;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, Termios, tcgetattr, tcgetpgrp};
use safebox::sys::pty;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// Names in the person's `PATH`, all of them ours.
const APPLETS: &[&str] = &[
    "cat", "env", "kill", "less", "ls", "mkfifo", "mtd", "passwd", "rescue", "rm", "safebox",
    "setsid", "sh", "sleep", "touch", "uci", "umount",
];

/// A terminal and a shell on it; both go away with the value.
pub struct Person {
    master: Option<OwnedFd>,
    child: Child,
    pub glass: Glass,
    /// What came from the shell.
    pub received: Vec<u8>,
    pub home: TempDir,
}

/// How a session is to begin.
pub struct Session {
    pub columns: u16,
    pub rows: u16,
    pub command: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub home: TempDir,
    /// Whether the terminal controls the session.
    pub controls: bool,
}

impl Session {
    pub fn new() -> Session {
        let home = TempDir::new();
        let bin = home.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        for name in APPLETS {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_safebox"), bin.join(name)).unwrap();
        }
        Session {
            columns: 80,
            rows: 24,
            command: vec!["sh".into()],
            environment: Vec::new(),
            home,
            controls: true,
        }
    }

    pub fn size(mut self, columns: u16, rows: u16) -> Session {
        (self.columns, self.rows) = (columns, rows);
        self
    }

    pub fn set(mut self, name: &str, value: impl Into<String>) -> Session {
        self.environment.push((name.into(), value.into()));
        self
    }

    pub fn command(mut self, words: &[&str]) -> Session {
        self.command = words.iter().map(|&word| word.into()).collect();
        self
    }

    /// A file in the person's home.
    pub fn file(self, name: &str, content: &str) -> Session {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    pub fn start(self) -> Person {
        let pty = pty::open().unwrap();
        pty::set_size(&pty.master, self.columns, self.rows).unwrap();
        let home = self.home.path();
        let stream = || pty.slave.try_clone().unwrap();
        let mut command = Command::new(home.join("bin/setsid"));
        if self.controls {
            command.arg("-c");
        }
        command
            .args(&self.command)
            .env_clear()
            .env("PATH", home.join("bin"))
            .env("HOME", home)
            .env("PS1", "$ ")
            .env("TERM", "vt102")
            .envs(self.environment)
            .current_dir(home)
            .stdin(stream())
            .stdout(stream())
            .stderr(stream());
        let child = command.spawn().unwrap();
        let columns = if self.columns == 0 { 80 } else { self.columns };
        let rows = if self.rows == 0 { 24 } else { self.rows };
        Person {
            master: Some(pty.master),
            child,
            glass: Glass::new(columns.into(), rows.into()),
            received: Vec::new(),
            home: self.home,
        }
    }
}

impl Person {
    /// At a shell's first prompt.
    pub fn new() -> Person {
        Person::with(Session::new())
    }

    pub fn with(session: Session) -> Person {
        let mut person = session.start();
        person.sees(&["$"]);
        person
    }

    /// A path in the person's home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn master(&self) -> &OwnedFd {
        self.master.as_ref().unwrap()
    }

    /// Types; reads meanwhile, since the line holds only so much.
    pub fn types(&mut self, keys: impl AsRef<[u8]>) {
        let mut rest = keys.as_ref();
        while !rest.is_empty() {
            let ready = self.wait(PollFlags::IN | PollFlags::OUT);
            if ready.contains(PollFlags::IN) {
                assert!(self.read(), "the terminal is gone:\n{}", self.screen());
            } else if ready.contains(PollFlags::OUT) {
                let piece = &rest[..rest.len().min(512)];
                let written = rustix::io::write(self.master(), piece).unwrap();
                rest = &rest[written..];
            }
        }
    }

    /// Types a line and Enter.
    pub fn enters(&mut self, line: &str) {
        self.types([line.as_bytes(), b"\r"].concat());
    }

    /// Types a line that prints nothing, and waits for the prompt behind it.
    pub fn tells(&mut self, line: &str) {
        self.enters(line);
        self.sees(&[&format!("$ {line}"), "$"]);
    }

    /// Waits until the screen ends with these rows.
    pub fn sees(&mut self, rows: &[&str]) {
        self.reads_until(&format!("{rows:#?}"), |glass| {
            let text = glass.text();
            let end = text.len().checked_sub(rows.len());
            end.is_some_and(|end| text[end..] == *rows)
        });
    }

    /// Waits until a row of the screen holds a word.
    pub fn sees_word(&mut self, word: &str) {
        self.reads_until(word, |glass| {
            glass.text().iter().any(|row| row.contains(word))
        });
    }

    /// The same, and the cursor in this column of the last row but `up`.
    pub fn sees_cursor(&mut self, rows: &[&str], up: usize, column: usize) {
        self.reads_until(&format!("{rows:#?} {up} {column}"), |glass| {
            let text = glass.text();
            let end = text.len().checked_sub(rows.len());
            end.is_some_and(|end| text[end..] == *rows) && glass.cursor() == (up, column)
        });
    }

    pub fn reads_until(&mut self, what: &str, is_there: impl Fn(&Glass) -> bool) {
        while !is_there(&self.glass) {
            let ready = self.wait(PollFlags::IN);
            assert!(!ready.is_empty(), "{what} did not come:\n{}", self.screen());
            assert!(
                self.read(),
                "the end came before {what}:\n{}",
                self.screen()
            );
        }
    }

    /// The terminal's modes.
    pub fn modes(&self) -> Termios {
        tcgetattr(self.master()).unwrap()
    }

    /// Whether keys come one by one, as for an editor, or in lines.
    pub fn sees_editing(&self, wanted: bool) -> bool {
        self.modes().local_modes.contains(LocalModes::ICANON) != wanted
    }

    /// Waits until a command has the terminal: keys are for it.
    pub fn waits_for_a_command(&self) {
        until("a command", || {
            self.sees_editing(false) && self.foreground() != self.child.id()
        });
    }

    /// Waits until lines are not edited: the shell runs something, maybe within itself.
    pub fn waits_for_plain_lines(&self) {
        until("plain lines", || self.sees_editing(false));
    }

    fn foreground(&self) -> u32 {
        let group = tcgetpgrp(self.master()).unwrap();
        group.as_raw_nonzero().get() as u32
    }

    pub fn resizes(&mut self, columns: u16, rows: u16) {
        self.glass.resize(columns.into(), rows.into());
        pty::set_size(self.master(), columns, rows).unwrap();
    }

    /// The line is cut.
    pub fn hangs_up(&mut self) {
        self.master = None;
    }

    /// Reads to the end; how the shell ended.
    pub fn is_left(&mut self) -> ExitStatus {
        while self.master.is_some() {
            let ready = self.wait(PollFlags::IN);
            assert!(!ready.is_empty(), "the shell stays:\n{}", self.screen());
            if !self.read() {
                break;
            }
        }
        self.child.wait().unwrap()
    }

    pub fn screen(&self) -> String {
        self.glass.text().join("\n")
    }

    pub fn shell(&self) -> u32 {
        self.child.id()
    }

    /// What can be done on the line; empty after twenty seconds, which bounds a test that hangs.
    fn wait(&self, events: PollFlags) -> PollFlags {
        let limit = Timespec {
            tv_sec: 20,
            tv_nsec: 0,
        };
        let mut fds = [PollFd::from_borrowed_fd(self.master().as_fd(), events)];
        poll(&mut fds, Some(&limit)).unwrap();
        fds[0].revents()
    }

    fn read(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match rustix::io::read(self.master(), &mut buffer) {
            Ok(0) | Err(Errno::IO) => false,
            Ok(count) => {
                self.received.extend_from_slice(&buffer[..count]);
                self.glass.feed(&buffer[..count]);
                true
            }
            Err(error) => panic!("{error}"),
        }
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        // A shell that is hung up takes its jobs with it.
        self.master = None;
        let limit = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < limit {
            std::thread::yield_now();
        }
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again at what nobody announces; twenty seconds bounds a test that hangs.
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < limit, "{what} did not come");
        std::thread::yield_now();
    }
}

/// Whether a process is gone, or a zombie whose parent does not care.
pub fn is_gone(pid: i32) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    stat.map_or(true, |stat| {
        stat.rsplit(')').next().unwrap().starts_with(" Z")
    })
}
