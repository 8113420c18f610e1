//! Lines from the user: by the line editor, or by the terminal's own line discipline where
//! there is nothing to edit on (a dumb terminal, a pipe under `sh -i`).

use super::input::{Descriptor, Line, Lines, Prompt};
use super::operands::{Sources, Table};
use super::{Shell, builtin};
use crate::applet::Applets;
use crate::lineedit::complete::Operands;
use crate::lineedit::{Completer, History, Outcome, Terminal};
use crate::sys::borrowed_file;
use crate::sys::signal::numbers;
use crate::sys::trap::{self, Disposition};
use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What the shell tells the reader of the next line, and what the reader keeps.
#[derive(Default)]
pub(super) struct Conversation {
    /// `PS1`, expanded.
    pub first: Vec<u8>,
    /// `PS2`, expanded.
    pub more: Vec<u8>,
    /// Names to complete; only made where there is something to edit on.
    pub names: Option<Names>,
    /// Commands entered before.
    pub history: History,
    /// Signals that are noted only while a line is typed, and mean no trap.
    pub watched: Vec<i32>,
    /// What had been typed when a signal came, to go on with.
    pub unfinished: Option<Vec<u8>>,
    /// The terminal marks what is pasted.
    pub marks_paste: bool,
    /// The terminal is gone.
    pub has_hung_up: bool,
}

/// The names that Tab offers, as they were when the prompt was shown.
pub(super) struct Names {
    applets: Applets,
    table: Table,
    commands: Vec<Vec<u8>>,
    variables: Vec<(Vec<u8>, Vec<u8>)>,
    jobs: Vec<usize>,
}

impl Completer for Names {
    fn commands(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
        let matching = self.commands.iter().filter(|name| name.starts_with(prefix));
        let mut found: Vec<Vec<u8>> = matching.cloned().collect();
        let path = self.value(b"PATH").unwrap_or_default();
        for dir in path.split(|&b| b == b':') {
            let dir = Path::new(OsStr::from_bytes(dir));
            let Ok(entries) = std::fs::read_dir(dir) else {
                continue;
            };
            let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().into_vec()));
            found.extend(names.filter(|name| {
                let file = dir.join(OsStr::from_bytes(name));
                name.starts_with(prefix)
                    && rustix::fs::access(&file, rustix::fs::Access::EXEC_OK).is_ok()
                    && file.is_file()
            }));
        }
        found.sort();
        found.dedup();
        found
    }

    fn variables(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
        let names = self.variables.iter().map(|(name, _)| name);
        let matching = names.filter(|name| name.starts_with(prefix));
        matching.cloned().collect()
    }

    fn value(&self, name: &[u8]) -> Option<Vec<u8>> {
        let mut variables = self.variables.iter();
        let found = variables.find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }

    fn homes(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let passwd = std::fs::read("/etc/passwd").unwrap_or_default();
        let users = crate::accounts::files::users(&passwd);
        users.map(|user| (user.name, user.home)).collect()
    }

    fn operands(&self, words: &[Vec<u8>], word: &[u8]) -> Operands {
        let sources = Sources {
            applets: self.applets,
            table: self.table,
            jobs: &self.jobs,
            commands: &|prefix| self.commands(prefix),
            variables: &|prefix| self.variables(prefix),
        };
        sources.operands(words, word)
    }
}

/// Lines that somebody types.
pub(super) struct Typed {
    pub conversation: Rc<RefCell<Conversation>>,
    plain: Descriptor,
    editing: bool,
}

impl Typed {
    /// A reader on standard input; `editing` if the terminal is worth it.
    pub fn new(conversation: Rc<RefCell<Conversation>>, editing: bool) -> Typed {
        Typed {
            conversation,
            plain: Descriptor::typed(0),
            editing,
        }
    }

    fn edit(&mut self, prompt: Prompt, begun: Vec<u8>) -> io::Result<Outcome> {
        let conversation = self.conversation.borrow();
        let Some(names) = &conversation.names else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let watch = |disposition| {
            for number in &conversation.watched {
                // These numbers exist.
                let _ = trap::set(*number, disposition);
            }
        };
        let (input, output) = (borrowed_file(0), borrowed_file(2));
        let mut deferred = Vec::new();
        watch(Disposition::Note);
        let outcome = Terminal {
            input: input.as_fd(),
            output: output.as_fd(),
            marks_paste: conversation.marks_paste,
            signalled: &mut || {
                if conversation.watched.contains(&numbers::WINCH) {
                    trap::take_only(numbers::WINCH);
                }
                gives_up(prompt, &mut deferred)
            },
        }
        .read_line(
            conversation.text(prompt),
            begun,
            &conversation.history,
            names,
        );
        watch(Disposition::Default);
        deferred.into_iter().for_each(trap::put_back);
        outcome
    }

    fn read_plain(&mut self, prompt: Prompt, buf: &mut Vec<u8>) -> io::Result<Line> {
        let text = self.conversation.borrow().text(prompt).to_vec();
        // A prompt that cannot be shown is not worth ending for.
        let _ = io::Write::write_all(&mut &*borrowed_file(2), &text);
        let mut deferred = Vec::new();
        let line = loop {
            // A signal just before the reading would not end it.
            let ready = trap::wait_readable(borrowed_file(0).as_fd());
            let read = match ready {
                Ok(false) => Err(io::ErrorKind::Interrupted.into()),
                _ => self.plain.next(prompt, buf),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    if gives_up(prompt, &mut deferred) {
                        // As above.
                        let _ = io::Write::write_all(&mut &*borrowed_file(2), b"\n");
                        break Ok(Line::Interrupted);
                    }
                }
                Ok(Line::End) | Err(_) if has_hung_up() => break Ok(self.hang_up()),
                Ok(Line::End) => {
                    // As above: Ctrl-D shows nothing.
                    let _ = io::Write::write_all(&mut &*borrowed_file(2), b"\n");
                    break Ok(Line::End);
                }
                other => break other,
            }
        };
        deferred.into_iter().for_each(trap::put_back);
        line
    }

    /// The terminal is gone: as if the kernel had said so, which it may have.
    fn hang_up(&mut self) -> Line {
        self.conversation.borrow_mut().has_hung_up = true;
        trap::put_back(numbers::HUP);
        Line::Interrupted
    }
}

/// After a signal: whether the line is given up for it. In the middle of a command only
/// Ctrl-C and a hang-up are that urgent; others wait until it is complete.
fn gives_up(prompt: Prompt, deferred: &mut Vec<i32>) -> bool {
    if prompt == Prompt::First {
        return trap::peek().is_some();
    }
    while let Some(number) = trap::take() {
        if matches!(number, numbers::INT | numbers::HUP) {
            trap::put_back(number);
            return true;
        }
        deferred.push(number);
    }
    false
}

/// Whether standard input is a terminal with nobody behind it.
fn has_hung_up() -> bool {
    let modes = rustix::termios::tcgetattr(&*borrowed_file(0));
    modes.is_err_and(|error| error == rustix::io::Errno::IO)
}

impl Conversation {
    fn text(&self, prompt: Prompt) -> &[u8] {
        match prompt {
            Prompt::First => &self.first,
            Prompt::More => &self.more,
        }
    }
}

impl Lines for Typed {
    fn next(&mut self, prompt: Prompt, buf: &mut Vec<u8>) -> io::Result<Line> {
        if !self.editing {
            return self.read_plain(prompt, buf);
        }
        let begun = self.conversation.borrow_mut().unfinished.take();
        match self.edit(prompt, begun.unwrap_or_default()) {
            Ok(Outcome::Line(line)) => {
                let mut conversation = self.conversation.borrow_mut();
                match prompt {
                    Prompt::First => conversation.history.add(&line),
                    Prompt::More => conversation.history.extend(&line),
                }
                buf.extend_from_slice(&line);
                buf.push(b'\n');
                Ok(Line::Read)
            }
            Ok(Outcome::EndOfInput) => Ok(Line::End),
            Ok(Outcome::HungUp) => Ok(self.hang_up()),
            Ok(Outcome::Interrupted) => {
                trap::put_back(numbers::INT);
                Ok(Line::Interrupted)
            }
            Ok(Outcome::Signal(begun)) => {
                self.conversation.borrow_mut().unfinished = Some(begun);
                Ok(Line::Interrupted)
            }
            Err(_) if has_hung_up() => Ok(self.hang_up()),
            Err(_) => {
                // No terminal any more, or one that cannot do it: plain lines from now on.
                self.editing = false;
                self.read_plain(prompt, buf)
            }
        }
    }
}

impl Shell {
    /// Whether the line editor is of use on this terminal.
    pub(super) fn can_edit(&mut self) -> bool {
        let terminal = |fd| rustix::termios::isatty(&*borrowed_file(fd));
        self.vars.get(b"TERM") != Some(b"dumb") && terminal(0) && terminal(2)
    }

    /// Tells the reader of the next line its prompts and names.
    pub(super) fn prepare_conversation(&mut self, editing: bool) {
        let first = self.prompt(b"PS1", editing);
        let more = self.prompt(b"PS2", editing);
        let names = editing.then(|| self.names_to_complete());
        let marks_paste = editing && self.marks_paste();
        let mut watched = vec![numbers::WINCH];
        if self.options.notify {
            watched.push(numbers::CHLD);
        }
        watched.retain(|number| !self.traps.has(*number));
        let mut conversation = self.conversation.borrow_mut();
        conversation.first = first;
        conversation.more = more;
        conversation.names = names;
        conversation.watched = watched;
        conversation.marks_paste = marks_paste;
    }

    /// Whether the terminal is of a kind that marks what is pasted, if asked; the others
    /// would not know what they are asked, and a serial line need not carry it.
    fn marks_paste(&mut self) -> bool {
        let kind = self.vars.get(b"TERM").unwrap_or_default();
        let known: [&[u8]; 8] = [
            b"xterm",
            b"screen",
            b"tmux",
            b"rxvt",
            b"putty",
            b"alacritty",
            b"foot",
            b"kitty",
        ];
        known.iter().any(|name| kind.starts_with(name))
    }

    /// The names that Tab may offer now.
    fn names_to_complete(&mut self) -> Names {
        let mut commands: Vec<Vec<u8>> = builtin::names().map(|name| name.into()).collect();
        commands.extend(self.functions.keys().map(|name| name.to_vec()));
        commands.extend(self.aliases.borrow().keys().cloned());
        let mut variables = Vec::new();
        for (name, var) in self.vars.sorted() {
            variables.push((name.to_vec(), var.value().unwrap_or_default().to_vec()));
        }
        Names {
            applets: self.applets,
            table: self.operands,
            commands,
            variables,
            jobs: self.jobs.numbers(),
        }
    }

    /// The file that keeps the history: `HISTFILE`, else `~/.ash_history`.
    fn history_file(&mut self) -> Option<PathBuf> {
        if let Some(file) = self.vars.get(b"HISTFILE") {
            let file = file.to_vec();
            return (!file.is_empty()).then(|| PathBuf::from(OsString::from_vec(file)));
        }
        let home = self.vars.get(b"HOME")?.to_vec();
        Some(PathBuf::from(OsString::from_vec(home)).join(".ash_history"))
    }

    /// Reads the lines of earlier sessions.
    pub(super) fn load_history(&mut self) {
        if let Some(file) = self.history_file() {
            // A history that cannot be read is an empty one.
            let _ = self.conversation.borrow_mut().history.load(&file);
        }
    }

    /// Keeps the lines for the next session.
    pub(super) fn save_history(&mut self) {
        if self.subshell || self.conversation.borrow().history.is_empty() {
            return;
        }
        if let Some(file) = self.history_file() {
            // On a full or read-only disk the session ends all the same.
            let _ = self.conversation.borrow().history.save(&file);
        }
    }
}
