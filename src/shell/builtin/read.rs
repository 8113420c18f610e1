//! `read`: a line from a descriptor, split into variables.
//!
//! Bytes are taken one by one, since what follows the line belongs to the next command;
//! where the descriptor can seek, larger pieces are read and the rest is given back.

use super::{Args, letters};
use crate::shell::Shell;
use crate::shell::error::{Flow, Run};
use crate::shell::vars::Ifs;
use crate::sys::{borrowed_file, trap};
use rustix::termios::{LocalModes, OptionalActions, Termios};
use std::io::Read;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// What the options ask for.
struct Request {
    fd: i32,
    raw: bool,
    silent: bool,
    delimiter: u8,
    most: Option<usize>,
    deadline: Option<Instant>,
    only_asks: bool,
    /// A signal just before the reading must end it: nobody presses Ctrl-C twice.
    watches_signals: bool,
}

/// How the reading ended.
#[derive(PartialEq, Eq)]
enum End {
    Delimiter,
    Input,
    TimedOut,
    Signal,
}

pub fn read(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some(options) = letters(shell, args, b"p:rt:n:sd:u:") else {
        return Ok(2);
    };
    let Some(request) = request(shell, &options) else {
        return Ok(2);
    };
    for name in args.from(options.first) {
        if !crate::shell::lexer::is_name(name) {
            let name = String::from_utf8_lossy(name).into_owned();
            shell.complain(format_args!("{name}: bad variable name"));
            return Ok(2);
        }
    }
    if let Some(prompt) = options.value(b'p')
        && rustix::termios::isatty(&*borrowed_file(request.fd))
    {
        shell.tell(prompt);
    }
    let mut line = Line::default();
    let terminal = quiet_terminal(&request);
    let source = match shell.document.take() {
        Some(text) => Bytes::of(text),
        None => Bytes::new(
            request.fd,
            request.deadline.is_none() && request.most.is_none(),
        ),
    };
    let end = line.fill(&request, source);
    if let Some(before) = terminal {
        // The terminal may have hung up meanwhile.
        let _ =
            rustix::termios::tcsetattr(&*borrowed_file(request.fd), OptionalActions::Now, &before);
    }
    if end == End::Signal {
        shell.handle_signals()?;
    }
    let names: Vec<&[u8]> = args.from(options.first).collect();
    assign(shell, &line, &names)?;
    Ok(match end {
        End::Delimiter => 0,
        End::Input if request.most.is_some() && !line.bytes.is_empty() => {
            i32::from(Some(line.bytes.len()) != request.most)
        }
        End::Signal => 1,
        _ => 1,
    })
}

fn request(shell: &mut Shell, options: &super::Letters) -> Option<Request> {
    let mut request = Request {
        fd: 0,
        raw: options.has(b'r'),
        silent: options.has(b's'),
        delimiter: b'\n',
        most: None,
        deadline: None,
        only_asks: false,
        watches_signals: shell.options.interactive,
    };
    if let Some(text) = options.value(b'u') {
        request.fd = super::number(shell, text)?;
    }
    if let Some(text) = options.value(b'n') {
        request.most = Some(super::number(shell, text)? as usize);
    }
    if let Some(text) = options.value(b'd') {
        request.delimiter = text.first().copied().unwrap_or(0);
    }
    if let Some(text) = options.value(b't') {
        let seconds = std::str::from_utf8(text)
            .ok()
            .and_then(|t| t.parse::<f64>().ok());
        let seconds = seconds.filter(|s| (0.0..1e9).contains(s));
        let Some(seconds) = seconds else {
            let text = String::from_utf8_lossy(text).into_owned();
            shell.complain(format_args!("invalid timeout '{text}'"));
            return None;
        };
        request.only_asks = seconds == 0.0;
        request.deadline = Some(Instant::now() + Duration::from_secs_f64(seconds));
    }
    Some(request)
}

/// Switches echo off for `-s` and line editing off for `-n`; the old state comes back.
fn quiet_terminal(request: &Request) -> Option<Termios> {
    if !request.silent && request.most.is_none() {
        return None;
    }
    let file = borrowed_file(request.fd);
    let before = rustix::termios::tcgetattr(&*file).ok()?;
    let mut modes = before.clone();
    if request.silent {
        modes.local_modes.remove(LocalModes::ECHO);
    }
    if request.most.is_some() {
        modes.local_modes.remove(LocalModes::ICANON);
    }
    rustix::termios::tcsetattr(&*file, OptionalActions::Now, &modes).ok()?;
    Some(before)
}

/// The line and which of its bytes a backslash protects from splitting.
#[derive(Default)]
struct Line {
    bytes: Vec<u8>,
    escaped: Vec<usize>,
}

impl Line {
    fn fill(&mut self, request: &Request, mut source: Bytes) -> End {
        if request.most == Some(0) {
            return End::Delimiter;
        }
        if request.only_asks {
            // `-t 0`: is there anything to read?
            let now = Instant::now();
            return if wait_until(request.fd, now) {
                End::Delimiter
            } else {
                End::TimedOut
            };
        }
        source.watches_signals = request.watches_signals;
        let mut backslash = false;
        loop {
            let byte = match source.next(request.deadline) {
                Next::Byte(byte) => byte,
                Next::Ended(end) => return end,
            };
            if backslash {
                backslash = false;
                if byte != b'\n' {
                    self.escaped.push(self.bytes.len());
                    self.bytes.push(byte);
                }
            } else if byte == b'\\' && !request.raw {
                backslash = true;
                continue;
            } else if byte == request.delimiter {
                source.give_back();
                return End::Delimiter;
            } else if byte != 0 {
                self.bytes.push(byte);
            }
            if request.most.is_some_and(|most| self.bytes.len() >= most) {
                return End::Delimiter;
            }
        }
    }
}

/// What the descriptor gave.
enum Next {
    Byte(u8),
    Ended(End),
}

/// Bytes of a descriptor, read in pieces where the rest can be given back; or of a text.
struct Bytes {
    /// None: there is no more than what has been read.
    fd: Option<i32>,
    buf: Vec<u8>,
    at: usize,
    piece: usize,
    watches_signals: bool,
}

impl Bytes {
    fn new(fd: i32, may_read_ahead: bool) -> Bytes {
        let file = borrowed_file(fd);
        let seekable =
            may_read_ahead && rustix::fs::seek(&*file, rustix::fs::SeekFrom::Current(0)).is_ok();
        Bytes {
            fd: Some(fd),
            buf: Vec::new(),
            at: 0,
            piece: if seekable { 256 } else { 1 },
            watches_signals: false,
        }
    }

    fn of(text: Vec<u8>) -> Bytes {
        Bytes {
            fd: None,
            buf: text,
            at: 0,
            piece: 0,
            watches_signals: false,
        }
    }

    fn next(&mut self, deadline: Option<Instant>) -> Next {
        loop {
            if let Some(&byte) = self.buf.get(self.at) {
                self.at += 1;
                return Next::Byte(byte);
            }
            let Some(fd) = self.fd else {
                return Next::Ended(End::Input);
            };
            if let Some(deadline) = deadline
                && !wait_until(fd, deadline)
            {
                return Next::Ended(if trap::any() {
                    End::Signal
                } else {
                    End::TimedOut
                });
            }
            let file = borrowed_file(fd);
            if self.watches_signals && matches!(trap::wait_readable(file.as_fd()), Ok(false)) {
                if trap::peek().is_some() {
                    return Next::Ended(End::Signal);
                }
                continue;
            }
            self.at = 0;
            self.buf.resize(self.piece, 0);
            let got = borrowed_file(fd).read(&mut self.buf);
            self.buf.truncate(*got.as_ref().unwrap_or(&0));
            match got {
                Ok(1..) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                    if trap::any() {
                        return Next::Ended(End::Signal);
                    }
                }
                Ok(0) | Err(_) => return Next::Ended(End::Input),
            }
        }
    }

    /// Puts the position behind the last byte taken.
    fn give_back(&mut self) {
        let left = self.buf.len() - self.at;
        if left > 0
            && let Some(fd) = self.fd
        {
            let back = rustix::fs::SeekFrom::Current(-(left as i64));
            // It could seek when we began.
            let _ = rustix::fs::seek(&*borrowed_file(fd), back);
        }
    }
}

/// Waits for something to read; false when the time is over or a signal came.
fn wait_until(fd: i32, deadline: Instant) -> bool {
    let left = deadline.saturating_duration_since(Instant::now());
    let file = borrowed_file(fd);
    let mut polled = [rustix::event::PollFd::new(
        &*file,
        rustix::event::PollFlags::IN,
    )];
    let timeout = rustix::event::Timespec {
        tv_sec: left.as_secs() as i64,
        tv_nsec: left.subsec_nanos() as _,
    };
    matches!(rustix::event::poll(&mut polled, Some(&timeout)), Ok(1..))
}

/// Splits the line into the variables; the last one takes the rest.
fn assign(shell: &mut Shell, line: &Line, names: &[&[u8]]) -> Result<(), Flow> {
    let Some((last, others)) = names.split_last() else {
        return shell.assign(b"REPLY", &line.bytes);
    };
    let ifs = *shell.vars.ifs();
    let kind = |at: usize| match line.bytes.get(at) {
        Some(&byte) if line.escaped.binary_search(&at).is_err() => ifs[usize::from(byte)],
        _ => Ifs::No,
    };
    let skip_blanks = |mut at: usize| {
        while kind(at) == Ifs::Blank {
            at += 1;
        }
        at
    };
    let size = line.bytes.len();
    let mut at = skip_blanks(0);
    for name in others {
        let start = at;
        while at < size && kind(at) == Ifs::No {
            at += 1;
        }
        shell.assign(name, line.bytes.get(start..at).unwrap_or_default())?;
        at = skip_blanks(at);
        if kind(at) == Ifs::Mark {
            at = skip_blanks(at + 1);
        }
    }
    let mut end = size;
    while end > at && kind(end - 1) == Ifs::Blank {
        end -= 1;
    }
    // A single mark at the end of what would be one field belongs to no field.
    if end > at && kind(end - 1) == Ifs::Mark {
        let mut field_end = end - 1;
        while field_end > at && kind(field_end - 1) == Ifs::Blank {
            field_end -= 1;
        }
        if (at..field_end).all(|place| kind(place) == Ifs::No) {
            end = field_end;
        }
    }
    shell.assign(last, line.bytes.get(at..end).unwrap_or_default())
}
