//! Command substitution and process substitution.

use super::Shell;
use super::ast::{Argument, Command, List, Op, Part, Simple, Word};
use super::error::Run;
use super::fields::Aim;
use super::pipeline::{Place, move_onto};
use crate::sys::job;
use std::io::Read;
use std::os::fd::IntoRawFd;

impl Shell {
    /// The output of a list, without NULs and without newlines at the end.
    pub(super) fn substitute(&mut self, list: &List) -> Run<Vec<u8>> {
        let mut output = Vec::new();
        if list.items.is_empty() {
            self.substituted = Some(0);
            return Ok(output);
        }
        if let Some(simple) = harmless_command(list) {
            let printed = match simple.builtin {
                Some(builtin) if builtin.pure => self.substitute_builtin(simple),
                Some(_) => None,
                None => self.substitute_quick(simple),
            };
            if let Some(mut output) = printed {
                trim_output(&mut output);
                return Ok(output);
            }
        }
        let (read, write) = self.pipe()?;
        let Some(pid) = self.fork(Place::Same, 0)? else {
            drop(read);
            move_onto(Some(write), 1);
            self.finish(|shell| shell.run_list(list, true));
        };
        drop(write);
        let mut file = std::fs::File::from(read);
        if let Err(error) = file.read_to_end(&mut output) {
            let reason = crate::error::reason(&error);
            self.complain(format_args!("can't read the output of a command: {reason}"));
        }
        let status = self.wait_for_one(pid);
        self.substituted = Some(status);
        self.status = status;
        trim_output(&mut output);
        Ok(output)
    }

    /// The output of a builtin that only prints, without a process; None: it is shadowed by
    /// a function, or its output is watched.
    fn substitute_builtin(&mut self, simple: &Simple) -> Option<Vec<u8>> {
        let builtin = simple.builtin?;
        let shadowed = self.functions.contains_key(builtin.name.as_bytes());
        if shadowed || self.options.xtrace || self.capturing {
            return None;
        }
        let mut args = self.expansion(Aim::Fields);
        let status = self.status;
        let expanded = self.expand_arguments(&simple.words, &mut args);
        let mut output = Vec::new();
        if expanded.is_ok() {
            let before = std::mem::take(&mut self.out);
            self.capturing = true;
            // Builtins that only print neither leave nor end anything.
            let _ = self.invoke(builtin, &args);
            self.capturing = false;
            output = std::mem::replace(&mut self.out, before);
        } else if self.status == status {
            self.status = 2;
        }
        self.recycle(args);
        self.substituted = Some(self.status);
        Some(output)
    }

    /// `<(...)`: the path by which the process's output can be read.
    pub(super) fn process_substitution(&mut self, list: &List, reads: bool) -> Run<Vec<u8>> {
        let (read, write) = self.pipe()?;
        let (ours, theirs, target) = if reads {
            (read, write, 1)
        } else {
            (write, read, 0)
        };
        if self.fork(Place::Same, 0)?.is_none() {
            drop(ours);
            move_onto(Some(theirs), target);
            self.finish(|shell| shell.run_list(list, true));
        }
        drop(theirs);
        let low = ours.into_raw_fd();
        // The program opens it by its number, so it must survive exec.
        let fd = match job::copy_inherited(low) {
            Ok(fd) => {
                job::close(low);
                fd
            }
            Err(_) => low,
        };
        self.processes.push(fd);
        Ok(format!("/dev/fd/{fd}").into_bytes())
    }

    /// Closes our ends of process substitutions: their command is done.
    pub(super) fn close_processes(&mut self) {
        for fd in self.processes.drain(..) {
            job::close(fd);
        }
    }
}

/// The command of a list that is nothing but one, and whose words change nothing: if all it
/// does is to print, running it here is the same as in a process of its own.
fn harmless_command(list: &List) -> Option<&Simple> {
    let [item] = &*list.items else {
        return None;
    };
    let chain = &item.chain;
    if item.background.is_some() || !chain.rest.is_empty() || chain.first.negated {
        return None;
    }
    let [command] = &*chain.first.commands else {
        return None;
    };
    let Command::Simple(simple) = &**command else {
        return None;
    };
    let bare = simple.assigns.is_empty() && simple.redirects.is_empty();
    let harmless = |argument: &Argument| match argument {
        Argument::Word(word) => changes_nothing(word),
        Argument::Assign(_) => false,
    };
    (bare && simple.words.iter().all(harmless)).then_some(simple)
}

/// Whether expanding a word has no effect but its result.
pub(super) fn changes_nothing(word: &Word) -> bool {
    word.parts.iter().all(|part| match part {
        Part::Text(_) | Part::Quoted(_) | Part::Tilde(_) | Part::Command { .. } => true,
        Part::Arith(_) | Part::Process { .. } => false,
        Part::Param(param) => match &param.op {
            Op::Value | Op::Length => true,
            Op::Default { word, .. } | Op::Instead { word, .. } => changes_nothing(word),
            Op::Trim { pattern, .. } => changes_nothing(pattern),
            Op::Replace { pattern, with, .. } => changes_nothing(pattern) && changes_nothing(with),
            Op::Assign { .. } | Op::Error { .. } | Op::Slice { .. } => false,
        },
    })
}

/// Whether expanding an argument runs commands.
pub(super) fn runs_commands(argument: &Argument) -> bool {
    fn within(word: &Word) -> bool {
        word.parts.iter().any(|part| match part {
            Part::Command { .. } | Part::Process { .. } | Part::Arith(_) => true,
            Part::Text(_) | Part::Quoted(_) | Part::Tilde(_) => false,
            Part::Param(param) => match &param.op {
                Op::Value | Op::Length => false,
                Op::Default { word, .. } | Op::Instead { word, .. } => within(word),
                Op::Trim { pattern, .. } => within(pattern),
                Op::Replace { pattern, with, .. } => within(pattern) || within(with),
                Op::Assign { .. } | Op::Error { .. } | Op::Slice { .. } => true,
            },
        })
    }
    match argument {
        Argument::Word(word) => within(word),
        Argument::Assign(_) => true,
    }
}

/// Drops NULs, which no word can hold, and the newlines at the end.
fn trim_output(output: &mut Vec<u8>) {
    if memchr::memchr(0, output).is_some() {
        output.retain(|&b| b != 0);
    }
    while output.last() == Some(&b'\n') {
        output.pop();
    }
}
