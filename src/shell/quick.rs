//! Applets that run within the shell: they end at once and leave nothing behind, so a
//! process of their own would only cost time.

use super::Shell;
use super::ast::Simple;
use super::error::Run;
use super::fields::{Aim, Fields};
use super::launch::argument_vector;
use super::redirect::copy_high;
use super::substitution::runs_commands;
use crate::applet::{Applet, Quickness};
use crate::proc::launch::Program;
use crate::sys::{borrowed_file, job, memory};
use rustix::fs::FileType;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;

impl Shell {
    /// The applet of these words, where `PATH` leads to it and nobody can tell whether it
    /// has a process of its own.
    pub(super) fn quick_applet(
        &mut self,
        simple: &Simple,
        args: &Fields,
    ) -> Option<&'static Applet> {
        let name = args.get(0)?;
        let harmless = match self.quickness(simple, name) {
            Quickness::Always => true,
            Quickness::OnFiles => !leads_to_a_process(1) && reads_small_files(args),
            Quickness::Never => false,
        };
        if harmless {
            self.own_applet(name)
        } else {
            None
        }
    }

    /// The applet that `PATH` leads to.
    fn own_applet(&mut self, name: &[u8]) -> Option<&'static Applet> {
        match self.locate(name)?.program {
            Program::Own(applet) => Some(applet),
            Program::File(_) => None,
        }
    }

    fn quickness(&self, simple: &Simple, name: &[u8]) -> Quickness {
        if self.traps.any() || !self.may_spawn(simple) {
            return Quickness::Never;
        }
        self.applets.quickness(name)
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
        match self.quickness(simple, name) {
            Quickness::Never => return None,
            // Whether the files are small shows when the words are expanded. If they are not,
            // the process expands them again.
            Quickness::OnFiles if simple.words.iter().any(runs_commands) => return None,
            _ => self.own_applet(name)?,
        };
        let mut file = memory::file().ok()?;
        let mut args = self.expansion(Aim::Fields);
        let printed = match self.expand_arguments(&simple.words, &mut args) {
            Ok(()) => self.print_into(&file, simple, &args.fields),
            Err(_) => Some(()),
        };
        self.recycle(args);
        printed?;
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

    /// Runs the words with standard output in a file; None: they need a process after all.
    fn print_into(&mut self, file: &File, simple: &Simple, args: &Fields) -> Option<()> {
        let hidden = copy_high(1).ok()?;
        self.flush();
        // Both are open.
        let _ = job::duplicate(file.as_raw_fd(), 1);
        let applet = self.quick_applet(simple, args);
        if let Some(applet) = applet {
            self.status = self.run_here(applet, args);
        }
        let _ = job::duplicate(hidden, 1);
        job::close(hidden);
        applet.map(|_| ())
    }

    fn run_here(&mut self, applet: &'static Applet, args: &Fields) -> i32 {
        let mut system = crate::sys::Linux::default();
        let exit = self
            .applets
            .run(applet, &argument_vector(args), &mut system);
        i32::from(exit.0)
    }
}

/// Whether what is written to a descriptor may meet somebody who has stopped reading: that
/// kills the writer, and must not be the shell.
fn leads_to_a_process(fd: i32) -> bool {
    let status = rustix::fs::fstat(&*borrowed_file(fd));
    let kind = status.map(|status| FileType::from_raw_mode(status.st_mode));
    !matches!(kind, Ok(FileType::RegularFile | FileType::CharacterDevice))
}

/// Whether the last word is a small file, and no other one anything that might keep the
/// reader waiting or busy, or that tells who reads it.
fn reads_small_files(args: &Fields) -> bool {
    const SMALL: u64 = 64 * 1024;
    let small = |word: &[u8]| {
        let status = std::fs::metadata(OsStr::from_bytes(word));
        status.ok().map(|s| s.is_file() && s.len() <= SMALL)
    };
    let mut words = args.from(1);
    let last = args.len().checked_sub(1).and_then(|last| args.get(last));
    last.and_then(small) == Some(true)
        && words.all(|word| {
            word != b"-" && !word.starts_with(b"/proc/self") && small(word) != Some(false)
        })
}
