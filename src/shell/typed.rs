//! Lines from the user: by the line editor, or by the terminal's own line discipline where
//! there is nothing to edit on (a dumb terminal, a pipe under `sh -i`).

use super::input::{Descriptor, Line, Lines, Prompt};
use super::{Shell, builtin};
use crate::lineedit::{self, Completer, History, Outcome};
use crate::sys::{borrowed_file, trap};
use std::cell::RefCell;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::rc::Rc;

/// What the shell tells the reader of the next line, and what the reader keeps.
#[derive(Default)]
pub(super) struct Conversation {
    /// `PS1`, expanded.
    pub first: Vec<u8>,
    /// `PS2`, expanded.
    pub more: Vec<u8>,
    /// Names to complete.
    pub names: Names,
    /// Lines entered before.
    pub history: History,
}

/// The names that Tab offers, as they were when the prompt was shown.
#[derive(Default)]
pub(super) struct Names {
    commands: Vec<Vec<u8>>,
    variables: Vec<Vec<u8>>,
    path: Vec<u8>,
    home: Option<PathBuf>,
}

impl Completer for Names {
    fn commands(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
        let mut found = starting(&self.commands, prefix);
        for dir in self.path.split(|&b| b == b':') {
            let Ok(entries) = std::fs::read_dir(std::ffi::OsStr::from_bytes(dir)) else {
                continue;
            };
            let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().into_vec()));
            found.extend(names.filter(|name| name.starts_with(prefix)));
        }
        found.sort();
        found.dedup();
        found
    }

    fn variables(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
        starting(&self.variables, prefix)
    }

    fn home(&self) -> Option<PathBuf> {
        self.home.clone()
    }
}

fn starting(names: &[Vec<u8>], prefix: &[u8]) -> Vec<Vec<u8>> {
    let matching = names.iter().filter(|name| name.starts_with(prefix));
    matching.cloned().collect()
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

    fn edit(&mut self, prompt: Prompt) -> io::Result<Outcome> {
        let conversation = self.conversation.borrow();
        let (input, output) = (borrowed_file(0), borrowed_file(2));
        lineedit::read_line(
            input.as_fd(),
            output.as_fd(),
            conversation.text(prompt),
            &conversation.history,
            &conversation.names,
            &mut trap::any,
        )
    }

    fn read_plain(&mut self, prompt: Prompt, buf: &mut Vec<u8>) -> io::Result<Line> {
        let text = self.conversation.borrow().text(prompt).to_vec();
        // A prompt that cannot be shown is not worth ending for.
        let _ = io::Write::write_all(&mut &*borrowed_file(2), &text);
        match self.plain.next(prompt, buf) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                // As above.
                let _ = io::Write::write_all(&mut &*borrowed_file(2), b"\n");
                Ok(Line::Interrupted)
            }
            other => other,
        }
    }
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
        match self.edit(prompt) {
            Ok(Outcome::Line(line)) => {
                self.conversation.borrow_mut().history.add(&line);
                buf.extend_from_slice(&line);
                buf.push(b'\n');
                Ok(Line::Read)
            }
            Ok(Outcome::EndOfInput) => Ok(Line::End),
            Ok(Outcome::Interrupted) => Ok(Line::Interrupted),
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

    /// The names that Tab may offer now.
    pub(super) fn names_to_complete(&mut self) -> Names {
        let mut commands: Vec<Vec<u8>> = builtin::names().map(|name| name.into()).collect();
        commands.extend(self.functions.keys().map(|name| name.to_vec()));
        commands.extend(self.aliases.borrow().keys().cloned());
        let variables = self.vars.sorted();
        let variables = variables.iter().map(|(name, _)| name.to_vec()).collect();
        let home = self.vars.get(b"HOME").map(<[u8]>::to_vec);
        Names {
            commands,
            variables,
            path: self.vars.get(b"PATH").unwrap_or_default().to_vec(),
            home: home.map(|home| PathBuf::from(OsString::from_vec(home))),
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
