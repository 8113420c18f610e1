//! The shell: a POSIX shell with the manners of ash, on bytes, in one thread.
//!
//! The way of a command: [`input`] gives lines, [`lexer`] and [`word`] make tokens of them,
//! [`parser`] makes a tree ([`ast`]), [`exec`] and [`simple`] walk it, [`expand`] turns words
//! into [`fields`], [`redirect`] changes descriptors, [`builtin`] or a process does the
//! work, [`jobs`] waits for it. Redirections act on the real descriptors, and everything
//! that runs uses 0, 1 and 2.

mod arith;
mod ast;
mod attempt;
mod braces;
pub mod builtin;
mod calculate;
mod error;
mod exec;
mod expand;
mod fields;
#[cfg(fuzzing)]
pub mod fuzz;
mod glob;
mod input;
mod jobs;
mod launch;
mod lexer;
mod operands;
mod operators;
mod options;
mod params;
mod parser;
pub mod pattern;
mod pipeline;
mod quick;
mod redirect;
mod session;
mod similar;
mod simple;
mod simple_grammar;
pub mod stack;
mod start;
mod substitution;
mod terminal;
mod test_command;
mod test_grammar;
mod trap;
mod typed;
mod vars;
mod word;

use crate::applet::Applets;
use ast::Command;
use error::{Flow, Run};
use fields::Expansion;
use input::Lines;
use jobs::Jobs;
use lexer::{Aliases, Parser};
use options::Options;
use params::Params;
use redirect::{Number, Saved};
use stack::StackGuard;
use std::cell::RefCell;
use std::rc::Rc;
use trap::Traps;
use typed::Conversation;
use vars::{NameMap, Vars};

pub use operands::{Operand, Table};
pub use start::main;

/// A shell with all its state.
pub struct Shell {
    applets: Applets,
    /// What Tab offers behind the names of applets.
    operands: Table,
    vars: Vars,
    functions: NameMap<Rc<Command>>,
    aliases: Aliases,
    params: Params,
    arg0: Vec<u8>,
    /// `$?`
    status: i32,
    options: Options,
    /// Expansion buffers that wait for their next use.
    pool: Vec<Expansion>,
    /// `$$`: the first shell's id, in subshells too.
    pid: i32,
    /// `$!`
    last_background: Option<i32>,
    jobs: Jobs,
    traps: Traps,
    located: NameMap<Rc<launch::Located>>,
    /// Output of the builtin that runs; sent when it is done.
    out: Vec<u8>,
    /// The output is a command substitution's and stays here.
    capturing: bool,
    /// Loops around the command that runs.
    loops: u32,
    /// Function calls and sourced files around it.
    calls: u32,
    sourced: u32,
    /// The status is looked at by `if`, `&&` and the like: `set -e` does not count.
    tested: bool,
    /// The status of the last command substitution of the command that is being expanded.
    substituted: Option<i32>,
    /// Assignments that `set -x` shows together with their command.
    traced: Vec<u8>,
    /// The status before the trap whose action runs: what `exit` there ends with.
    trap_status: Option<i32>,
    /// The sourced file whose commands run, for messages.
    source_name: Option<Rc<str>>,
    /// The builtin that runs, for messages.
    builtin: Option<&'static str>,
    /// A script file or a text with a name is being run: messages give the line.
    script: bool,
    /// A forked copy: not the one that talks to the user.
    subshell: bool,
    /// What is shared with the reader of typed lines.
    conversation: Rc<RefCell<Conversation>>,
    saved: Vec<Saved>,
    /// What `read` takes its line from instead of a descriptor.
    document: Option<Vec<u8>>,
    stack: StackGuard,
    /// Scripts being read and the terminal: they get out of the way of redirections.
    internal: Vec<Number>,
    /// Where `getopts` is in its word.
    option_offset: usize,
    /// Processes of `<(...)` and the descriptors they are read by.
    processes: Vec<i32>,
}

impl Shell {
    /// A shell with the variables of the process's environment.
    pub fn new(applets: Applets, arg0: &[u8]) -> Shell {
        let mut shell = Shell {
            applets,
            operands: &[],
            vars: Vars::new(),
            functions: NameMap::default(),
            aliases: Aliases::default(),
            params: Params::default(),
            arg0: arg0.to_vec(),
            status: 0,
            options: Options::default(),
            pool: Vec::new(),
            pid: std::process::id() as i32,
            last_background: None,
            jobs: Jobs::default(),
            traps: Traps::default(),
            located: NameMap::default(),
            out: Vec::new(),
            capturing: false,
            loops: 0,
            calls: 0,
            sourced: 0,
            tested: false,
            substituted: None,
            traced: Vec::new(),
            trap_status: None,
            source_name: None,
            builtin: None,
            script: false,
            subshell: false,
            conversation: Rc::default(),
            saved: Vec::new(),
            document: None,
            stack: StackGuard::of_main_thread(),
            internal: Vec::new(),
            option_offset: 0,
            processes: Vec::new(),
        };
        shell.import_environment();
        shell
    }

    /// Runs all that a source gives; what comes back is only what ends the shell.
    ///
    /// `last`: the process ends with this source, so its last command may replace it.
    /// The first command sees the status of what came before; without any it is 0.
    pub(crate) fn run_source(&mut self, parser: &mut Parser, last: bool) -> Run {
        let mut is_empty = true;
        loop {
            let list = match parser.next_command() {
                Ok(Some(list)) => list,
                Ok(None) => {
                    self.status = if is_empty { 0 } else { self.status };
                    return Ok(());
                }
                Err(error) => return Err(self.syntax_error(&error)),
            };
            if list.items.is_empty() {
                continue;
            }
            is_empty = false;
            let tail = last && parser.is_spent();
            self.run_list(&list, tail)?;
            if crate::sys::trap::any() {
                self.handle_signals()?;
            }
        }
    }

    /// A parser for a source, with this shell's aliases.
    pub(crate) fn parser(&self, source: Box<dyn Lines>) -> Parser {
        Parser::new(source, Some(Rc::clone(&self.aliases)), self.stack)
    }

    /// Runs a text: `eval`, a trap's action.
    pub(crate) fn run_text(&mut self, text: &[u8], line: u32) -> Run {
        if !self.stack.has_room() {
            return Err(self.fatal("nested too deeply"));
        }
        let source = Box::new(input::Text::new(text));
        let mut parser = self.parser(source).at_line(line);
        self.run_source(&mut parser, false)
    }

    /// Reports a syntax error, which ends a script.
    pub(crate) fn syntax_error(&mut self, error: &error::SyntaxError) -> Flow {
        if matches!(error.fault, error::Fault::Interrupted) {
            self.status = 130;
            return Flow::Interrupt;
        }
        self.vars.line = error.line;
        self.fatal(error)
    }

    /// Prints a message in the shell's name, or in that of the builtin that runs.
    pub(crate) fn complain(&mut self, text: impl std::fmt::Display) {
        let mut line = String::from_utf8_lossy(&self.arg0).into_owned();
        match (self.builtin, &self.source_name) {
            (Some(builtin), _) => line += &format!(": {builtin}"),
            (None, Some(file)) => line += &format!(": {file}"),
            (None, None) => {}
        }
        let sourced = self.source_name.is_some();
        let placed = self.script || sourced || self.builtin.is_some();
        if placed && (sourced || !self.options.interactive) {
            // The first line of a command line's text is line 0 in messages.
            let skipped = u32::from(self.options.command && !sourced);
            line += &format!(": line {}", self.vars.line.saturating_sub(skipped));
        }
        line += &format!(": {text}\n");
        self.tell(line.as_bytes());
    }

    /// Prints bytes on standard error, after what is pending.
    pub(crate) fn tell(&mut self, text: &[u8]) {
        self.flush();
        self.tell_on(2, text);
    }

    /// Prints bytes on what is standard error to the user.
    fn tell_on(&self, fd: i32, text: &[u8]) {
        // A standard error that is gone cannot be complained about.
        let _ = std::io::Write::write_all(&mut &*crate::sys::borrowed_file(fd), text);
    }

    /// Adds to the output of the builtin that runs.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        const FULL: usize = 16 * 1024;
        self.out.extend_from_slice(bytes);
        if self.out.len() > FULL && !self.capturing {
            self.flush();
        }
    }

    /// Sends what is pending; false: it is lost, which has been said.
    pub(crate) fn flush(&mut self) -> bool {
        if self.out.is_empty() || self.capturing {
            return true;
        }
        let pending = std::mem::take(&mut self.out);
        let result = std::io::Write::write_all(&mut &*crate::sys::borrowed_file(1), &pending);
        self.out = pending;
        self.out.clear();
        if let Err(error) = &result {
            let reason = crate::error::reason(error);
            self.complain(format_args!("write error: {reason}"));
        }
        result.is_ok()
    }

    /// Assigns, or reports why not.
    pub(crate) fn assign(&mut self, name: &[u8], value: &[u8]) -> Run {
        match self.vars.set(name, value) {
            Ok(()) => Ok(()),
            Err(_) => Err(self.read_only(name)),
        }
    }

    /// The error of an assignment to a read-only variable.
    pub(crate) fn read_only(&mut self, name: &[u8]) -> Flow {
        let name = String::from_utf8_lossy(name).into_owned();
        self.fatal(format_args!("{name}: is read only"))
    }
}
