//! Programs: finding them, and becoming one in a child.

use super::Shell;
use super::ast::{Argument, Command, Redirect, Simple};
use super::error::{CRLF, Flow, Run};
use super::fields::{Aim, Expansion, Fields};
use super::pipeline::Place;
use super::substitution::{changes_nothing, runs_commands};
use crate::error::reason;
use crate::proc::launch::{self, Program};
use crate::sys::{job, process, spawn::spawn};
use std::ffi::{OsStr, OsString};
use std::os::fd::RawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::rc::Rc;

/// The value of `PATH` that finds the standard utilities: `command -p`.
pub const STANDARD_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Where a name led.
pub struct Located {
    /// What it means.
    pub program: Program,
}

impl Located {
    /// The file, where it is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.program {
            Program::File(path) => Some(path),
            Program::Own(_) => None,
        }
    }
}

impl Shell {
    /// Runs a program and waits for it; assignments before it have been made.
    pub(super) fn run_program(&mut self, simple: &Simple, args: &Expansion, tail: bool) -> Run {
        let name = args.fields.get(0).unwrap_or_default();
        if let Some(applet) = self.quick_applet(simple, &args.fields) {
            return self.run_quick(applet, simple, &args.fields);
        }
        let Some(located) = self.locate(name) else {
            return self.not_found(simple, name);
        };
        if tail && self.may_be_replaced() {
            self.become_program(simple, &args.fields, &located);
        }
        let path = located.path();
        let pid = match path.filter(|_| self.may_spawn(simple)) {
            Some(path) => match self.spawn(path, simple, &args.fields, [None; 2])? {
                Some(pid) => pid,
                None => {
                    self.status = 1;
                    return Ok(());
                }
            },
            None => match self.fork(Place::Foreground, 0)? {
                Some(pid) => pid,
                None => self.become_program(simple, &args.fields, &located),
            },
        };
        let text = self
            .jobs
            .text
            .take()
            .or_else(|| self.command_text(&args.fields));
        self.status = self.wait_foreground(&[pid], text);
        self.close_processes();
        Ok(())
    }

    /// Whether a program may be started without a copy of the shell: nothing has to be done
    /// in the child, and what is done here instead leaves no trace.
    pub(super) fn may_spawn(&self, simple: &Simple) -> bool {
        let options = &self.options;
        !options.monitor
            && !options.interactive
            && !options.nounset
            && simple.assigns.is_empty()
            && simple.redirects.iter().all(|redirect| {
                let word = redirect.kind.word();
                word.is_none_or(changes_nothing)
            })
    }

    /// Starts a command of a pipeline without a copy of the shell, with its ends of the pipes
    /// as `standard` input and output; None: it needs one.
    pub(super) fn spawn_stage(
        &mut self,
        command: &Command,
        standard: [Option<RawFd>; 2],
    ) -> Run<Option<i32>> {
        let Command::Simple(simple) = command else {
            return Ok(None);
        };
        let [Argument::Word(first), ..] = &*simple.words else {
            return Ok(None);
        };
        let Some(name) = first.constant() else {
            return Ok(None);
        };
        let is_program = simple.builtin.is_none() && !self.functions.contains_key(name);
        let taken = |fd: i32| standard.get(fd as usize).is_some_and(Option::is_some);
        let apart = |redirect: &Redirect| redirect.null_end().is_some_and(|fd| !taken(fd));
        let above = standard.iter().flatten().all(|fd| *fd > 2);
        if !(is_program && above && self.may_spawn(simple))
            || self.options.xtrace
            || !simple.redirects.iter().all(apart)
            || simple.words.iter().any(runs_commands)
        {
            return Ok(None);
        }
        self.vars.line = simple.line;
        let Some(located) = self.locate(name) else {
            return Ok(None);
        };
        let Some(path) = located.path() else {
            return Ok(None);
        };
        let mut args = self.expansion(Aim::Fields);
        self.expand_arguments(&simple.words, &mut args)?;
        let started = self.spawn(path, simple, &args.fields, standard);
        self.recycle(args);
        match started? {
            Some(pid) => Ok(Some(pid)),
            None => match self.fork(Place::Foreground, 0)? {
                Some(pid) => Ok(Some(pid)),
                None => process::exit_now(1),
            },
        }
    }

    /// Starts a program in a process that is no copy of this one; None: a redirection failed.
    fn spawn(
        &mut self,
        path: &Path,
        simple: &Simple,
        args: &Fields,
        standard: [Option<RawFd>; 2],
    ) -> Run<Option<i32>> {
        let Some(frame) = self.redirect(&simple.redirects)? else {
            return Ok(None);
        };
        self.flush();
        let argv = argument_vector(args);
        let caught = self.caught_signals();
        let started = match spawn(path, &argv, &self.environment(), &caught, standard) {
            Ok(pid) => Ok(Some(pid)),
            // A fork can say why not, and run a script that the kernel does not know.
            Err(_) => self.fork(Place::Foreground, 0),
        };
        if matches!(started, Ok(None)) {
            for (target, fd) in standard.iter().enumerate() {
                if let Some(fd) = *fd {
                    // Both are open.
                    let _ = job::duplicate(fd, target as i32);
                }
            }
            let status = self.exec_file(path, &argv);
            process::exit_now(status);
        }
        self.undo_redirects(frame);
        started
    }

    /// The exported variables as a program gets them.
    fn environment(&self) -> Vec<OsString> {
        self.vars
            .exported()
            .map(|(name, value)| OsString::from_vec([name, b"=", value].concat()))
            .collect()
    }

    /// Runs words as a program, whatever functions are called the same; the status.
    pub(super) fn run_words_as_program(&mut self, words: &Fields, standard: bool) -> Run<i32> {
        let name = words.get(0).unwrap_or_default();
        let located = if standard {
            self.search(name, STANDARD_PATH.as_bytes()).map(Rc::new)
        } else {
            self.locate(name)
        };
        let Some(located) = located else {
            let name = String::from_utf8_lossy(name).into_owned();
            self.complain(format_args!("{name}: not found"));
            return Ok(127);
        };
        let Some(pid) = self.fork(Place::Foreground, 0)? else {
            let status = self.exec(&located.program, words);
            process::exit_now(status);
        };
        let text = self.jobs.text.take().or_else(|| self.command_text(words));
        let status = self.wait_foreground(&[pid], text);
        self.close_processes();
        Ok(status)
    }

    /// What the job table shows of a command that came without its text.
    fn command_text(&self, fields: &Fields) -> Option<Rc<[u8]>> {
        self.options.monitor.then(|| {
            let words: Vec<&[u8]> = fields.iter().collect();
            Rc::from(words.join(&b' '))
        })
    }

    /// Says that there is no such program where the redirections send it.
    fn not_found(&mut self, simple: &Simple, word: &[u8]) -> Run {
        let name = String::from_utf8_lossy(word).into_owned();
        let Some(frame) = self.redirect(&simple.redirects)? else {
            self.status = 1;
            return Ok(());
        };
        match name.strip_suffix('\r') {
            Some(name) => self.complain(format_args!("{name}: not found ({CRLF})")),
            None => self.complain(format_args!("{name}: not found")),
        }
        self.hint(word);
        self.undo_redirects(frame);
        self.status = 127;
        Ok(())
    }

    /// Finds a program by its name and remembers it.
    pub(super) fn locate(&mut self, name: &[u8]) -> Option<Rc<Located>> {
        if self.vars.path_changed {
            self.vars.path_changed = false;
            self.located.clear();
        }
        if let Some(known) = self.located.get(name) {
            return Some(Rc::clone(known));
        }
        let path = self.vars.get(b"PATH").unwrap_or_default().to_vec();
        let located = Rc::new(self.search(name, &path)?);
        if !name.contains(&b'/') {
            self.located.insert(Rc::from(name), Rc::clone(&located));
        }
        Some(located)
    }

    /// Finds a program in the directories of `path`.
    pub(super) fn search(&self, name: &[u8], path: &[u8]) -> Option<Located> {
        if name.is_empty() {
            return None;
        }
        let program = launch::find(
            self.applets,
            OsStr::from_bytes(name),
            OsStr::from_bytes(path),
        )?;
        Some(Located { program })
    }

    /// In a child: redirections, then the program. Does not come back.
    fn become_program(&mut self, simple: &Simple, args: &Fields, located: &Located) -> ! {
        match self.redirect_for_good(&simple.redirects) {
            Ok(true) => {}
            Ok(false) => process::exit_now(1),
            Err(_) => process::exit_now(self.status as u8),
        }
        let status = self.exec(&located.program, args);
        process::exit_now(status)
    }

    /// Becomes a program; comes back with a status when that is not possible.
    pub(super) fn exec(&mut self, program: &Program, args: &Fields) -> u8 {
        let argv = argument_vector(args);
        self.flush();
        match program {
            Program::Own(applet) => {
                self.close_internal();
                self.leave_signals();
                let exported = self.vars.exported();
                job::replace_environment(
                    exported.map(|(n, v)| (OsStr::from_bytes(n), OsStr::from_bytes(v))),
                );
                if let Some(name) = argv.first() {
                    process::set_name(crate::applet::called_name(name));
                }
                let mut system = crate::sys::Linux::default();
                let exit = self.applets.run(applet, &argv, &mut system);
                process::exit_now(exit.0)
            }
            Program::File(path) => self.exec_file(path, &argv),
        }
    }

    fn exec_file(&mut self, path: &Path, argv: &[OsString]) -> u8 {
        let env = self.environment();
        self.leave_signals();
        let error = process::exec(path, argv, &env);
        let name = path.to_string_lossy().into_owned();
        let shown = argv
            .first()
            .map_or(name, |arg| arg.to_string_lossy().into_owned());
        match error.kind() {
            std::io::ErrorKind::NotFound => {
                self.complain(format_args!("{shown}: not found"));
                127
            }
            _ if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
                self.exec_script(path, argv)
            }
            _ => {
                self.complain(format_args!("{shown}: {}", reason(&error)));
                126
            }
        }
    }

    /// A file that the kernel does not know how to execute is a script for us.
    fn exec_script(&mut self, path: &Path, argv: &[OsString]) -> u8 {
        self.close_internal();
        let exported = self.vars.exported();
        job::replace_environment(
            exported.map(|(n, v)| (OsStr::from_bytes(n), OsStr::from_bytes(v))),
        );
        let mut shell = Shell::new(self.applets, path.as_os_str().as_bytes());
        let args: Fields = argv.iter().skip(1).map(|arg| arg.as_bytes()).collect();
        shell.run_file(path, args) as u8
    }

    /// `exec` of a program by name, which sees itself `called` something else; comes back
    /// only when it fails.
    pub(super) fn exec_by_name(&mut self, args: &Fields, called: Option<&[u8]>) -> Flow {
        let name = args.get(0).unwrap_or_default();
        self.status = match self.locate(name) {
            Some(located) => {
                let argv = called.into_iter().chain(args.from(called.map_or(0, |_| 1)));
                let argv: Fields = argv.collect();
                i32::from(self.exec(&located.program, &argv))
            }
            None => {
                let name = String::from_utf8_lossy(name).into_owned();
                self.complain(format_args!("{name}: not found"));
                127
            }
        };
        if self.options.interactive {
            return Flow::Error;
        }
        Flow::Exit
    }
}

/// The words of a command as a program gets them.
pub(super) fn argument_vector(args: &Fields) -> Vec<OsString> {
    args.iter()
        .map(|arg| OsString::from_vec(arg.to_vec()))
        .collect()
}
