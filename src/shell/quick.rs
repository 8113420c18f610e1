//! Applets that run within the shell: they end at once and leave nothing behind, so a
//! process of their own would only cost time.

use super::Shell;
use super::ast::Simple;
use super::error::Run;
use super::fields::{Aim, Fields};
use super::launch::argument_vector;
use super::redirect::copy_high;
use crate::applet::Applet;
use crate::proc::launch::Program;
use crate::sys::{job, memory};
use std::io::{Read, Seek};
use std::os::fd::AsRawFd;

impl Shell {
    /// The applet of this name, where `PATH` leads to it and nobody can tell whether it
    /// has a process of its own.
    pub(super) fn quick_applet(&mut self, simple: &Simple, name: &[u8]) -> Option<&'static Applet> {
        let alone = !self.traps.any() && self.may_spawn(simple);
        if !alone || !self.applets.is_quick(name) {
            return None;
        }
        match self.locate(name)?.program {
            Program::Own(applet) => Some(applet),
            Program::File(_) => None,
        }
    }

    /// Runs it as a command.
    pub(super) fn run_quick(
        &mut self,
        applet: &'static Applet,
        simple: &Simple,
        args: &Fields,
    ) -> Run {
        let Some(frame) = self.redirect(&simple.redirects)? else {
            self.status = 1;
            return Ok(());
        };
        self.flush();
        self.status = self.run_here(applet, args);
        self.undo_redirects(frame);
        Ok(())
    }

    /// What it prints, for a command substitution; None: it needs a process after all.
    pub(super) fn substitute_quick(&mut self, simple: &Simple) -> Option<Vec<u8>> {
        let [super::ast::Argument::Word(first), ..] = &*simple.words else {
            return None;
        };
        let name = first.constant()?;
        if self.options.xtrace || self.capturing || self.functions.contains_key(name) {
            return None;
        }
        let applet = self.quick_applet(simple, name)?;
        let mut file = memory::file().ok()?;
        let hidden = copy_high(1).ok()?;
        let mut args = self.expansion(Aim::Fields);
        if self.expand_arguments(&simple.words, &mut args).is_ok() {
            self.flush();
            // Both are open.
            let _ = job::duplicate(file.as_raw_fd(), 1);
            self.status = self.run_here(applet, &args.fields);
            let _ = job::duplicate(hidden, 1);
        }
        job::close(hidden);
        self.recycle(args);
        self.substituted = Some(self.status);
        let mut output = Vec::new();
        if file
            .rewind()
            .and_then(|()| file.read_to_end(&mut output))
            .is_err()
        {
            // Memory that cannot be read back has no output in it.
            output.clear();
        }
        Some(output)
    }

    fn run_here(&mut self, applet: &'static Applet, args: &Fields) -> i32 {
        let mut system = crate::sys::Linux::default();
        let exit = self
            .applets
            .run(applet, &argument_vector(args), &mut system);
        i32::from(exit.0)
    }
}
