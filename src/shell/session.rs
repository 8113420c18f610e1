//! The interactive shell: prompts, start files, the loop of reading and running.
//!
//! Lines come from [`Typed`]. A command that fails, is interrupted or makes no sense takes
//! the user back to the prompt, with redirections and loops undone.

use super::Shell;
use super::error::{Fault, Flow, Run, SyntaxError};
use super::input::{self, Descriptor};
use super::jobs::State;
use super::typed::Typed;
use crate::sys::{clock, job, signal, trap};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;

/// How many ends of input in a row `ignoreeof` ignores: nobody types that many.
const MOST_ENDS: u32 = 50;

/// How often a shell in the background asks to be brought to the front.
const TRIES: u32 = 16;

impl Shell {
    /// Signals, job control, the terminal.
    pub(super) fn become_interactive(&mut self) {
        self.options.monitor = true;
        if !self.start_job_control() {
            self.options.monitor = false;
            self.complain("can't access tty; job control turned off");
        }
        self.set_usual_signals();
    }

    /// Takes the terminal; false where there is none to control jobs with.
    pub(super) fn start_job_control(&mut self) -> bool {
        let Some(terminal) = controlling_terminal() else {
            return false;
        };
        // A shell in the background waits until it is brought to the front. In a group that
        // nobody could bring there the signal does not stop us, and we do without.
        for tries in 0.. {
            let Ok(front) = job::terminal_group(terminal) else {
                job::close(terminal);
                return false;
            };
            if front == job::own_group() {
                break;
            }
            if tries == TRIES || signal::send(0, signal::numbers::TTIN).is_err() {
                job::close(terminal);
                return false;
            }
        }
        self.jobs.modes = super::terminal::modes(terminal);
        self.jobs.terminal = Some(self.keep_internal(terminal));
        let own = std::process::id() as i32;
        // A session leader cannot change its group and need not.
        let _ = job::set_group(0, own);
        self.jobs.group = job::own_group();
        self.jobs.give_terminal(self.jobs.group);
        true
    }

    /// Gives job control up: `set +m`.
    pub(super) fn stop_job_control(&mut self) {
        if let Some(terminal) = self.jobs.terminal.take() {
            self.close_own(&terminal);
        }
    }

    /// `/etc/profile` and `~/.profile`.
    pub(super) fn read_profile(&mut self) {
        self.read_start_file(Path::new("/etc/profile"));
        if let Some(home) = self.vars.get(b"HOME") {
            let home = std::ffi::OsStr::from_bytes(home).to_owned();
            self.read_start_file(&Path::new(&home).join(".profile"));
        }
    }

    /// The file that `ENV` names.
    pub(super) fn read_env_file(&mut self) {
        let Some(name) = self.vars.get(b"ENV").map(<[u8]>::to_vec) else {
            return;
        };
        let name = self.expand_prompt(&name);
        if !name.is_empty() {
            self.read_start_file(Path::new(std::ffi::OsStr::from_bytes(&name)));
        }
    }

    /// Runs a file in this shell if it exists; its errors do not end the shell.
    fn read_start_file(&mut self, path: &Path) {
        if path.exists() {
            // What went wrong has been said; a shell with half a profile beats none.
            let result = self.source(path);
            if result == Err(Flow::Exit) {
                let status = self.exit_status();
                crate::sys::process::exit_now(status as u8);
            }
        }
    }

    /// Reads and runs commands until the user has had enough; the exit status.
    pub(super) fn interact(&mut self) -> i32 {
        self.load_history();
        let editing = self.can_edit();
        let typed = Typed::new(Rc::clone(&self.conversation), editing);
        let mut parser = self.parser(Box::new(typed));
        parser.keep_text = true;
        let mut warned = false;
        let mut ends = 0;
        loop {
            if self.options.notify && !self.traps.has(signal::numbers::CHLD) {
                // Whatever ends from here on ends the editing; this number exists.
                let _ = trap::set(signal::numbers::CHLD, trap::Disposition::Note);
                trap::take_only(signal::numbers::CHLD);
            }
            self.report_jobs();
            self.prepare_conversation(editing);
            parser.reopen();
            let list = match parser.next_command() {
                Ok(Some(list)) => {
                    ends = 0;
                    list
                }
                Ok(None) if self.options.ignoreeof && ends < MOST_ENDS => {
                    ends += 1;
                    self.tell(b"Use \"exit\" to leave shell.\n");
                    continue;
                }
                Ok(None) if self.stopped_jobs_hold(&mut warned) => continue,
                Ok(None) => return self.leave(),
                Err(error) => {
                    if self.reading_failed(&error) == Err(Flow::Exit) {
                        return self.leave();
                    }
                    parser.discard_line();
                    self.clean_up();
                    continue;
                }
            };
            let result = self.run_list(&list, false);
            let result = result.and_then(|()| self.handle_signals());
            match result {
                Err(Flow::Exit) if self.stopped_jobs_hold(&mut warned) => parser.discard_line(),
                Err(Flow::Exit) => return self.leave(),
                Err(Flow::Interrupt) => {
                    parser.discard_line();
                    self.after_interrupt();
                }
                Err(Flow::Error) => parser.discard_line(),
                _ => {
                    if !list.items.is_empty() {
                        warned = false;
                    }
                }
            }
            self.clean_up();
        }
    }

    /// No command came: Ctrl-C, a signal, a terminal that is gone, or it made no sense.
    fn reading_failed(&mut self, error: &SyntaxError) -> Run {
        if !matches!(error.fault, Fault::Interrupted) {
            self.syntax_error(error);
            return Ok(());
        }
        let result = self.handle_signals();
        if self.conversation.borrow().has_hung_up {
            return Err(self.hang_up());
        }
        if result.is_err() {
            self.conversation.borrow_mut().unfinished = None;
        }
        result
    }

    /// The terminal or the connection is gone, and with it the jobs.
    pub(super) fn hang_up(&mut self) -> Flow {
        self.jobs.hang_up();
        self.status = 128 + signal::numbers::HUP;
        Flow::Exit
    }

    /// The end of the session.
    fn leave(&mut self) -> i32 {
        self.save_history();
        self.exit_status()
    }

    /// After a command that was left in the middle.
    fn clean_up(&mut self) {
        self.loops = 0;
        self.calls = 0;
        self.tested = false;
        self.builtin = None;
        self.source_name = None;
        self.trap_status = None;
        self.undo_redirects(super::redirect::Frame::BOTTOM);
        self.close_processes();
    }

    fn after_interrupt(&mut self) {
        trap::forget();
        self.status = 130;
        self.tell(b"\n");
    }

    /// Whether stopped jobs keep the shell from ending this time.
    fn stopped_jobs_hold(&mut self, warned: &mut bool) -> bool {
        let hold = self.jobs.any_stopped() && !*warned && !self.jobs.hung_up;
        if hold {
            self.tell(b"You have stopped jobs.\n");
            *warned = true;
        }
        hold
    }

    /// What a session begins with.
    pub(super) fn greet(&mut self) {
        let version = env!("CARGO_PKG_VERSION");
        let text = format!(
            "\n\nsafebox v{version} built-in shell (ash)\n\
             Enter 'help' for a list of built-in commands.\n\n"
        );
        self.put(text.as_bytes());
        self.flush();
    }

    /// A prompt with its escapes and expansions done; with marks around what takes no room
    /// if a line editor needs to know.
    pub(super) fn prompt(&mut self, name: &[u8], editing: bool) -> Vec<u8> {
        let text = self.vars.get(name).unwrap_or_default().to_vec();
        let status = self.status;
        let text = self.prompt_escapes(&text, editing);
        let text = self.expand_prompt(&text);
        self.status = status;
        text
    }

    /// Expands `$` in a prompt; on an error the text as it is.
    pub(super) fn expand_prompt(&mut self, text: &[u8]) -> Vec<u8> {
        if !text.iter().any(|b| matches!(b, b'$' | b'`' | b'\\')) {
            return text.to_vec();
        }
        let mut parser = self.parser(Box::new(input::Text::new(text)));
        let Ok(word) = parser.prompt_word() else {
            return text.to_vec();
        };
        match self.expand_single(&word) {
            Ok(expanded) => expanded.bytes().to_vec(),
            Err(_) => text.to_vec(),
        }
    }

    /// The backslash escapes of `PS1`.
    fn prompt_escapes(&mut self, text: &[u8], editing: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = text;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            if byte != b'\\' {
                out.push(byte);
                continue;
            }
            let Some((&letter, after)) = rest.split_first() else {
                out.push(b'\\');
                break;
            };
            rest = after;
            match letter {
                b'u' => put_name(&user_name(), &mut out),
                b'h' | b'H' => {
                    let name = rustix::system::uname();
                    let name = name.nodename().to_bytes();
                    let end = name.iter().position(|&b| b == b'.' && letter == b'h');
                    put_name(&name[..end.unwrap_or(name.len())], &mut out);
                }
                b'w' | b'W' => {
                    put_name(&self.directory_for_prompt(letter == b'W'), &mut out);
                }
                // A dollar that the expansion after this one leaves alone.
                b'$' if rustix::process::geteuid().is_root() => out.push(b'#'),
                b'$' => out.extend_from_slice(b"\\$"),
                b't' | b'T' | b'A' | b'@' => out.extend_from_slice(&time_of_day(letter)),
                // What is between them takes no room.
                b'[' | b']' if editing => out.push(if letter == b'[' { 1 } else { 2 }),
                b'[' | b']' => {}
                _ => {
                    let from = &text[text.len() - rest.len() - 1..];
                    match crate::text::escape::read(from, crate::text::escape::Octal::Bare) {
                        (crate::text::escape::Escape::Byte(byte), used) => {
                            out.push(byte);
                            rest = &from[used..];
                        }
                        _ => out.extend_from_slice(&[b'\\', letter]),
                    }
                }
            }
        }
        out
    }

    fn directory_for_prompt(&mut self, last_only: bool) -> Vec<u8> {
        let directory = self.vars.get(b"PWD").unwrap_or_default().to_vec();
        let home = self.vars.get(b"HOME").unwrap_or_default();
        let below = match directory.strip_prefix(home) {
            Some(below) if home.len() > 1 && matches!(below.first(), None | Some(b'/')) => below,
            _ => {
                let slash = directory.iter().rposition(|&b| b == b'/');
                return match slash {
                    Some(slash) if last_only && directory.len() > 1 => {
                        directory[slash + 1..].to_vec()
                    }
                    _ => directory,
                };
            }
        };
        match below.iter().rposition(|&b| b == b'/') {
            Some(slash) if last_only => below[slash + 1..].to_vec(),
            _ => [b"~", below].concat(),
        }
    }

    /// Runs a file in this shell: `.` and the start files.
    pub(super) fn source(&mut self, path: &Path) -> Run {
        let fd = loop {
            match super::start::open_script(path) {
                Ok(fd) => break fd,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                    self.handle_signals()?;
                }
                Err(error) => {
                    let reason = crate::error::reason(&error);
                    let shown = path.display();
                    return Err(self.fatal(format_args!("can't open '{shown}': {reason}")));
                }
            }
        };
        if !self.stack.has_room() {
            job::close(fd);
            return Err(self.fatal("nested too deeply"));
        }
        let fd = self.keep_internal(fd);
        let name = Rc::from(path.to_string_lossy());
        let outer = (
            std::mem::take(&mut self.builtin),
            self.source_name.replace(name),
            self.vars.line,
        );
        self.sourced += 1;
        let mut parser = self.parser(Box::new(Descriptor::own(Rc::clone(&fd))));
        let result = self.run_source(&mut parser, false);
        self.sourced -= 1;
        (self.builtin, self.source_name, self.vars.line) = outer;
        self.close_own(&fd);
        match result {
            Err(Flow::Return) => Ok(()),
            other => other,
        }
    }

    /// The state of a job by number, for `wait` and `jobs`.
    pub(super) fn job_state(&mut self, number: usize) -> Option<State> {
        self.jobs.get(number).map(|job| job.state())
    }
}

/// Adds a name to a prompt so that its expansion leaves it alone: a directory may be called
/// `$(reboot)`. Nor does the terminal get control characters that somebody has put there.
fn put_name(name: &[u8], prompt: &mut Vec<u8>) {
    for &byte in name {
        match byte {
            b'$' | b'`' | b'\\' => prompt.extend_from_slice(&[b'\\', byte]),
            0x00..0x20 | 0x7f => prompt.push(b'?'),
            _ => prompt.push(byte),
        }
    }
}

/// The terminal on a descriptor of our own: `/dev/tty`, or what standard error is.
fn controlling_terminal() -> Option<i32> {
    use std::os::fd::IntoRawFd;
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::CLOEXEC;
    let opened = rustix::fs::open("/dev/tty", flags, rustix::fs::Mode::empty());
    if let Ok(fd) = opened {
        let low = fd.into_raw_fd();
        return match super::redirect::copy_high(low) {
            Ok(high) => {
                job::close(low);
                Some(high)
            }
            Err(_) => Some(low),
        };
    }
    let tty = [2, 0].into_iter().find(|fd| {
        let file = crate::sys::borrowed_file(*fd);
        rustix::termios::isatty(&*file)
    })?;
    super::redirect::copy_high(tty).ok()
}

/// The name of the user who we are, by `/etc/passwd`; without one the number.
fn user_name() -> Vec<u8> {
    let number = rustix::process::geteuid().as_raw();
    let passwd = std::fs::read("/etc/passwd").unwrap_or_default();
    let user = crate::accounts::files::user_by_number(&passwd, number);
    user.map_or_else(|| number.to_string().into_bytes(), |user| user.name)
}

/// The time of day for a prompt: `t` 24 hours, `T` 12 hours, `A` and `@` without seconds.
fn time_of_day(form: u8) -> Vec<u8> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs() as i64);
    let now = clock::local(seconds).unwrap_or_default();
    let (hour, minute, second) = (now.hour, now.minute, now.second);
    let twelve = (hour + 11) % 12 + 1;
    let text = match form {
        b't' => format!("{hour:02}:{minute:02}:{second:02}"),
        b'T' => format!("{twelve:02}:{minute:02}:{second:02}"),
        b'A' => format!("{hour:02}:{minute:02}"),
        _ => {
            let half = if hour < 12 { "AM" } else { "PM" };
            format!("{twelve:02}:{minute:02} {half}")
        }
    };
    text.into_bytes()
}
