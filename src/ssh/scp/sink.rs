//! The end that receives.

use super::{End, LONGEST, Options, Report, put_failure};
use crate::error::reason;
use crate::fsops::mode;
use crate::shell::pattern;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Timespec, Timestamps};
use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The receiving end of one transfer.
pub struct Sink {
    target: PathBuf,
    options: Options,
    /// Names outside of folders must match it.
    expected: Option<Vec<u8>>,
    folders: Vec<Folder>,
    state: State,
    line: Vec<u8>,
    /// Last change and last read, for what comes next.
    times: Option<(i64, i64)>,
    received: bool,
    report: Report,
}

/// A folder that is being filled.
struct Folder {
    path: PathBuf,
    mode: Option<u32>,
    times: Option<(i64, i64)>,
}

/// A file that is being received.
struct Incoming {
    path: PathBuf,
    /// None: it could not be opened or written; the rest is thrown away.
    file: Option<File>,
    mode: u32,
    is_new: bool,
    left: u64,
    failure: Option<String>,
    times: Option<(i64, i64)>,
}

enum State {
    Start,
    Line,
    Data(Incoming),
    /// The bytes are here; the other end says whether they are right.
    Verdict(Incoming),
    Over,
}

impl Sink {
    /// Receives into `target`. `expected`: the name or pattern that was asked for; whatever
    /// else comes is refused.
    pub fn new(target: PathBuf, options: Options, expected: Option<Vec<u8>>) -> Sink {
        Sink {
            target,
            options,
            expected,
            folders: Vec::new(),
            state: State::Start,
            line: Vec::new(),
            times: None,
            received: false,
            report: Report::default(),
        }
    }

    /// Whether anything was ever announced.
    pub fn has_received(&self) -> bool {
        self.received
    }

    fn start(&mut self, output: &mut Vec<u8>) {
        if self.options.to_folder && !self.target.is_dir() {
            self.stop(output, &self.target.clone(), "Not a directory");
            return;
        }
        self.state = State::Line;
        output.push(0);
    }

    /// Ends the transfer for a reason that is ours.
    fn stop(&mut self, output: &mut Vec<u8>, path: &Path, why: &str) {
        let text = self.report.fail(path, why);
        put_failure(output, &text);
        self.state = State::Over;
    }

    /// Takes bytes up to the end of a line; what is left, and whether the line is whole.
    fn take_line<'a>(&mut self, input: &'a [u8]) -> (&'a [u8], bool) {
        let end = input.iter().position(|&b| b == b'\n');
        let taken = end.unwrap_or(input.len());
        self.line.extend_from_slice(&input[..taken]);
        match end {
            Some(end) => (&input[end + 1..], true),
            None => (&[], false),
        }
    }

    fn line(&mut self, output: &mut Vec<u8>) {
        let line = std::mem::take(&mut self.line);
        match line.split_first() {
            Some((1, text)) => self.report.hear(text),
            Some((2, text)) => {
                self.report.hear(text);
                self.state = State::Over;
            }
            Some((b'T', text)) => match times(text) {
                Some(times) => {
                    self.times = Some(times);
                    output.push(0);
                }
                None => self.violated(output, "times that are none"),
            },
            Some((b'E', b"")) => self.leave(output),
            Some((kind @ (b'C' | b'D'), text)) => match header(text) {
                Some((mode, length, name)) => self.incoming(output, *kind, mode, length, name),
                None => self.violated(output, "a line that is none"),
            },
            _ => self.violated(output, "a line that is none"),
        }
    }

    fn violated(&mut self, output: &mut Vec<u8>, what: &str) {
        let text = format!("protocol error: {what}");
        self.stop(output, &self.target.clone(), &text);
    }

    /// A file or a folder is announced.
    fn incoming(&mut self, output: &mut Vec<u8>, kind: u8, mode: u32, length: u64, name: &[u8]) {
        let bad = name.is_empty() || name == b"." || name == b".." || name.contains(&b'/');
        let expected = self.expected.as_deref().filter(|_| self.folders.is_empty());
        let asked = expected.is_none_or(|pattern| pattern::matches(pattern, name));
        if bad || name.contains(&0) || !asked {
            let name = format!(
                "a file of the name '{}' was not asked for",
                name.escape_ascii()
            );
            return self.violated(output, &name);
        }
        let is_second = std::mem::replace(&mut self.received, true);
        if is_second && self.folders.is_empty() && !self.target.is_dir() {
            return self.violated(output, "several files for one name");
        }
        let times = self.times.take();
        let path = match self.folders.last() {
            Some(folder) => folder.path.join(OsStr::from_bytes(name)),
            None if self.target.is_dir() => self.target.join(OsStr::from_bytes(name)),
            None => self.target.clone(),
        };
        if kind == b'D' {
            self.enter(output, path, mode, times);
        } else {
            self.receive(output, path, mode, length, times);
        }
    }

    fn enter(&mut self, output: &mut Vec<u8>, path: PathBuf, mode: u32, times: Option<(i64, i64)>) {
        if !self.options.recursive {
            return self.violated(output, "a folder without -r");
        }
        // It must be possible to fill it, whatever its mode is in the end.
        let made = rustix::fs::mkdir(&path, Mode::from_raw_mode(mode & 0o777 | 0o700));
        let is_new = made.is_ok();
        if let Err(error) = made
            && !path.is_dir()
        {
            return self.refuse(output, &path, &io::Error::from(error));
        }
        let kept = match (self.options.preserve, is_new) {
            (true, _) => Some(mode & 0o7777),
            (false, true) if mode & 0o700 != 0o700 => Some(mode & 0o777 & !mode::umask()),
            _ => None,
        };
        self.folders.push(Folder {
            path,
            mode: kept,
            times,
        });
        output.push(0);
    }

    fn leave(&mut self, output: &mut Vec<u8>) {
        let Some(folder) = self.folders.pop() else {
            return self.violated(output, "the end of no folder");
        };
        let done = settle(&folder.path, folder.mode, folder.times);
        match done {
            Ok(()) => output.push(0),
            Err(error) => self.refuse(output, &folder.path, &error),
        }
    }

    /// One file or folder fails; the transfer goes on.
    fn refuse(&mut self, output: &mut Vec<u8>, path: &Path, error: &io::Error) {
        let text = self.report.fail(path, &reason(error));
        put_failure(output, &text);
    }

    fn receive(
        &mut self,
        output: &mut Vec<u8>,
        path: PathBuf,
        mode: u32,
        length: u64,
        times: Option<(i64, i64)>,
    ) {
        let is_new = path.symlink_metadata().is_err();
        let flags = OFlags::WRONLY
            | OFlags::CREATE
            | OFlags::TRUNC
            | OFlags::CLOEXEC
            | OFlags::NOCTTY
            // A named pipe without a reader must not stop us.
            | OFlags::NONBLOCK;
        let opened = rustix::fs::open(&path, flags, Mode::from_raw_mode(mode & 0o777 | 0o200));
        let file = match opened {
            Ok(fd) => File::from(fd),
            Err(error) => return self.refuse(output, &path, &io::Error::from(error)),
        };
        self.report.current = Some((path.display().to_string(), 0, length));
        let incoming = Incoming {
            path,
            file: Some(file),
            mode,
            is_new,
            left: length,
            failure: None,
            times,
        };
        self.state = if length == 0 {
            State::Verdict(incoming)
        } else {
            State::Data(incoming)
        };
        output.push(0);
    }

    fn data<'a>(&mut self, mut incoming: Incoming, input: &'a [u8]) -> &'a [u8] {
        let count = usize::try_from(incoming.left).unwrap_or(usize::MAX);
        let (piece, rest) = input.split_at(count.min(input.len()));
        if let Some(file) = &mut incoming.file
            && let Err(error) = file.write_all(piece)
        {
            incoming.failure = Some(reason(&error));
            // Room on the disk is better than half a file.
            let _ = file.set_len(0);
            incoming.file = None;
        }
        incoming.left -= piece.len() as u64;
        if let Some((_, done, _)) = &mut self.report.current {
            *done += piece.len() as u64;
        }
        self.state = if incoming.left == 0 {
            State::Verdict(incoming)
        } else {
            State::Data(incoming)
        };
        rest
    }

    /// The other end has said how it went there.
    fn finish(&mut self, mut incoming: Incoming, output: &mut Vec<u8>) {
        let verdict = std::mem::take(&mut self.line);
        self.report.current = None;
        self.state = match verdict.split_first() {
            None => State::Line,
            Some((1, text)) => {
                self.report.hear(text);
                State::Line
            }
            Some((_, text)) => {
                self.report.hear(text);
                State::Over
            }
        };
        if incoming.failure.is_none() {
            let mode = match (self.options.preserve, incoming.is_new) {
                (true, _) => Some(incoming.mode & 0o7777),
                (false, true) if incoming.mode & 0o200 == 0 => {
                    Some(incoming.mode & 0o777 & !mode::umask())
                }
                _ => None,
            };
            let done = settle(&incoming.path, mode, incoming.times);
            incoming.failure = done.err().map(|error| reason(&error));
        }
        match incoming.failure {
            None => output.push(0),
            Some(why) => {
                let text = self.report.fail(&incoming.path, &why);
                put_failure(output, &text);
            }
        }
    }
}

impl End for Sink {
    fn feed(&mut self, mut input: &[u8], output: &mut Vec<u8>) {
        if matches!(self.state, State::Start) {
            self.start(output);
        }
        while !input.is_empty() {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Start => return,
                State::Over => return,
                State::Line => {
                    let (rest, whole) = self.take_line(input);
                    self.state = State::Line;
                    if whole {
                        self.line(output);
                    } else if self.line.len() > LONGEST {
                        self.violated(output, "a line without an end");
                    }
                    input = rest;
                }
                State::Data(incoming) => input = self.data(incoming, input),
                State::Verdict(incoming) => {
                    if self.line.is_empty() && input.first() == Some(&0) {
                        input = &input[1..];
                        self.finish(incoming, output);
                        continue;
                    }
                    let (rest, whole) = self.take_line(input);
                    input = rest;
                    if whole {
                        self.finish(incoming, output);
                    } else if self.line.len() > LONGEST {
                        self.violated(output, "a line without an end");
                    } else {
                        self.state = State::Verdict(incoming);
                    }
                }
            }
        }
    }

    fn ended(&mut self) {
        let torn = match &self.state {
            State::Data(incoming) | State::Verdict(incoming) => Some(incoming.path.clone()),
            State::Line if !self.line.is_empty() || !self.folders.is_empty() => {
                Some(self.target.clone())
            }
            _ => None,
        };
        if let Some(path) = torn {
            self.report
                .fail(&path, "the connection ended in the middle");
        }
        self.state = State::Over;
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn report(&mut self) -> &mut Report {
        &mut self.report
    }
}

/// Mode and times that something has in the end.
fn settle(path: &Path, mode: Option<u32>, times: Option<(i64, i64)>) -> io::Result<()> {
    if let Some(mode) = mode {
        std::fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    if let Some((changed, read)) = times {
        let moment = |tv_sec| Timespec { tv_sec, tv_nsec: 0 };
        let times = Timestamps {
            last_access: moment(read),
            last_modification: moment(changed),
        };
        rustix::fs::utimensat(CWD, path, &times, AtFlags::empty())?;
    }
    Ok(())
}

/// `<mode> <length> <name>`.
fn header(text: &[u8]) -> Option<(u32, u64, &[u8])> {
    let mut parts = text.splitn(3, |&b| b == b' ');
    let mode = parts.next().filter(|mode| mode.len() == 4)?;
    let mode = mode::octal(mode)?;
    let length = number(parts.next()?)?;
    // As far as a file can be long.
    let length = u64::try_from(length).ok()?;
    Some((mode, length, parts.next()?))
}

/// `<seconds> <microseconds> <seconds> <microseconds>`.
fn times(text: &[u8]) -> Option<(i64, i64)> {
    let mut parts = text.split(|&b| b == b' ').map(number);
    let (changed, _, read, _) = (
        parts.next()??,
        parts.next()??,
        parts.next()??,
        parts.next()??,
    );
    parts.next().is_none().then_some((changed, read))
}

fn number(digits: &[u8]) -> Option<i64> {
    let plain = digits.first().is_some_and(u8::is_ascii_digit);
    let text = std::str::from_utf8(digits).ok().filter(|_| plain)?;
    text.parse().ok()
}
