//! Processes of the shell's own: pipelines, subshells, background jobs.

use super::Shell;
use super::ast::{Command, Item, List};
use super::error::{Flow, Run};
use crate::error::reason;
use crate::sys::signal::numbers;
use crate::sys::{job, process, trap};
use rustix::fs::{Mode, OFlags};
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::rc::Rc;

/// How a child relates to the terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the group of the job that has the terminal.
    Foreground,
    /// In a group without it.
    Background,
    /// Wherever its parent is: command substitutions.
    Same,
}

impl Shell {
    /// Forks. In the child (None) the shell has become a subshell; `group` is the process
    /// group to join, 0 to found one.
    pub(super) fn fork(&mut self, place: Place, group: i32) -> Run<Option<i32>> {
        self.flush();
        let monitored = self.options.monitor && place != Place::Same;
        // What the shell ignores or has trapped must end a child: a signal that comes before the
        // child has its own dispositions waits until it has them.
        let minds_signals = monitored || self.options.interactive || self.traps.any();
        let mask = minds_signals.then(trap::block_all);
        let forked = process::fork();
        match &forked {
            Ok(process::Fork::Parent(pid)) if monitored => {
                let pid = pid.as_raw_nonzero().get();
                let group = if group == 0 { pid } else { group };
                // The child does the same; whoever comes first.
                let _ = job::set_group(pid, group);
                if place == Place::Foreground && !self.subshell {
                    self.jobs.give_terminal(group);
                }
            }
            Ok(process::Fork::Child) => self.become_child(place, group),
            _ => {}
        }
        if let Some(mask) = mask {
            trap::restore(&mask);
        }
        match forked {
            Ok(process::Fork::Parent(pid)) => Ok(Some(pid.as_raw_nonzero().get())),
            Ok(process::Fork::Child) => Ok(None),
            Err(error) => Err(self.fatal(format_args!("can't fork: {}", reason(&error)))),
        }
    }

    fn become_child(&mut self, place: Place, group: i32) {
        let monitored = self.options.monitor && place != Place::Same;
        if monitored {
            let own = std::process::id() as i32;
            let group = if group == 0 { own } else { group };
            // The parent does the same; whoever comes first.
            let _ = job::set_group(0, group);
            if place == Place::Foreground && !self.subshell {
                self.jobs.give_terminal(group);
            }
        }
        self.enter_subshell();
        if place == Place::Background && !monitored {
            self.detach();
        }
    }

    /// Without job control a background command ignores the keyboard.
    fn detach(&mut self) {
        for number in [numbers::INT, numbers::QUIT] {
            // These numbers exist.
            let _ = trap::set(number, trap::Disposition::Ignore);
        }
        if let Ok(null) = rustix::fs::open("/dev/null", OFlags::RDONLY, Mode::empty()) {
            // Where standard input was closed it stays as it is.
            let _ = job::duplicate(null.as_raw_fd(), 0);
        }
    }

    /// Makes this process a subshell of the one it was copied from.
    pub(super) fn enter_subshell(&mut self) {
        self.reset_traps();
        self.jobs.disown();
        self.options.monitor = false;
        self.options.interactive = false;
        self.subshell = true;
        self.trap_status = None;
        self.capturing = false;
        self.out.clear();
    }

    /// Runs something in this process, which is a child, and ends it.
    pub(super) fn finish(&mut self, run: impl FnOnce(&mut Shell) -> Run) -> ! {
        let result = run(self);
        if matches!(result, Err(Flow::Error)) && self.status == 0 {
            self.status = 2;
        }
        let status = self.exit_status();
        process::exit_now(status as u8)
    }

    /// Runs commands joined by pipes.
    pub(super) fn run_processes(
        &mut self,
        commands: &[Rc<Command>],
        text: Option<&Rc<[u8]>>,
    ) -> Run {
        let pids = self.start_pipeline(commands, Place::Foreground)?;
        self.status = self.wait_foreground(&pids, text.cloned());
        Ok(())
    }

    fn start_pipeline(&mut self, commands: &[Rc<Command>], place: Place) -> Run<Vec<i32>> {
        let mut pids: Vec<i32> = Vec::with_capacity(commands.len());
        let mut input: Option<OwnedFd> = None;
        for (index, command) in commands.iter().enumerate() {
            let is_last = index + 1 == commands.len();
            let pipe = if is_last { None } else { Some(self.pipe()?) };
            let group = pids.first().copied().unwrap_or(0);
            let ends = [input.as_ref(), pipe.as_ref().map(|(_, write)| write)];
            let ends = ends.map(|end| end.map(AsRawFd::as_raw_fd));
            let spawned = match place {
                Place::Foreground => self.spawn_stage(command, ends)?,
                _ => None,
            };
            let started = match spawned {
                Some(pid) => Some(pid),
                None => self.fork(place, group)?,
            };
            match started {
                Some(pid) => pids.push(pid),
                None => {
                    let mut output = None;
                    if let Some((read, write)) = pipe {
                        drop(read);
                        output = Some(write);
                    }
                    self.run_stage(command, input, output);
                }
            }
            input = pipe.map(|(read, _)| read);
        }
        Ok(pids)
    }

    /// One command of a pipeline, in its child.
    fn run_stage(
        &mut self,
        command: &Command,
        input: Option<OwnedFd>,
        output: Option<OwnedFd>,
    ) -> ! {
        move_onto(input, 0);
        move_onto(output, 1);
        self.finish(|shell| shell.run_command(command, true))
    }

    /// A pipe whose ends lie above the standard descriptors and are closed by exec.
    pub(super) fn pipe(&mut self) -> Run<(OwnedFd, OwnedFd)> {
        match rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC) {
            Ok(pipe) => Ok(pipe),
            Err(error) => {
                let error = std::io::Error::from(error);
                Err(self.fatal(format_args!("can't create pipe: {}", reason(&error))))
            }
        }
    }

    /// `( ... )`
    pub(super) fn run_subshell(&mut self, list: &List, tail: bool) -> Run {
        if tail && self.may_be_replaced() {
            self.enter_subshell();
            self.finish(|shell| shell.run_list(list, true));
        }
        match self.fork(Place::Foreground, 0)? {
            Some(pid) => {
                let text = self.jobs.text.take();
                self.status = self.wait_foreground(&[pid], text);
                Ok(())
            }
            None => self.finish(|shell| shell.run_list(list, true)),
        }
    }

    /// `... &`
    pub(super) fn run_background(&mut self, item: &Item, text: &Rc<[u8]>) -> Run {
        self.jobs.reap(self.options.monitor);
        let single = item.chain.rest.is_empty() && !item.chain.first.negated;
        let pids = if single {
            self.start_pipeline(&item.chain.first.commands, Place::Background)?
        } else {
            match self.fork(Place::Background, 0)? {
                Some(pid) => vec![pid],
                None => self.finish(|shell| shell.run_chain(&item.chain, true)),
            }
        };
        self.last_background = pids.last().copied();
        let number = self.jobs.add(&pids, Rc::clone(text), self.options.monitor);
        if self.options.interactive && self.options.monitor {
            self.jobs.announce_later(number);
        }
        self.status = 0;
        Ok(())
    }

    /// Whether this process may become the program it runs last: nothing waits for it.
    pub(super) fn may_be_replaced(&self) -> bool {
        !self.traps.any() && !self.options.interactive && self.processes.is_empty()
    }
}

/// Makes an end of a pipe a standard descriptor.
pub(super) fn move_onto(fd: Option<OwnedFd>, target: i32) {
    if let Some(fd) = fd {
        let number = fd.into_raw_fd();
        if number == target {
            // It must survive exec; a round trip clears the flag.
            if let Ok(copy) = job::copy_above(number, 10) {
                // The target is open, so this cannot fail.
                let _ = job::duplicate(copy, target);
                job::close(copy);
            }
            return;
        }
        // Both numbers are valid.
        let _ = job::duplicate(number, target);
        job::close(number);
    }
}
