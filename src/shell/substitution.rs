//! Command substitution and process substitution.

use super::Shell;
use super::ast::List;
use super::error::Run;
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

/// Drops NULs, which no word can hold, and the newlines at the end.
fn trim_output(output: &mut Vec<u8>) {
    if memchr::memchr(0, output).is_some() {
        output.retain(|&b| b != 0);
    }
    while output.last() == Some(&b'\n') {
        output.pop();
    }
}
