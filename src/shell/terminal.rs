//! The terminal's modes: what a program that was stopped or killed has left behind.
//!
//! A program that ends by itself may have been asked to change them (`stty`); one that a
//! signal has ended had no time to put them back.

use super::Shell;
use super::jobs::State;
use crate::sys::borrowed_file;
use crate::sys::job::Change;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// The modes of the terminal on a descriptor.
pub(super) fn modes(terminal: i32) -> Option<Termios> {
    tcgetattr(&*borrowed_file(terminal)).ok()
}

/// Gives a terminal these modes.
pub(super) fn set_modes(terminal: i32, modes: &Termios) {
    // A terminal that is gone has none.
    let _ = tcsetattr(&*borrowed_file(terminal), OptionalActions::Drain, modes);
}

/// What matters of the modes; speeds are nobody's accident.
fn differ(one: &Termios, other: &Termios) -> bool {
    (one.input_modes, one.output_modes, one.local_modes)
        != (other.input_modes, other.output_modes, other.local_modes)
}

/// Ordinary screen, cursor shown, ordinary letters: what a full-screen program changes.
const ORDINARY: &[u8] = b"\x1b[?1049l\x1b[?25h\x1b[m\r\n";

impl Shell {
    /// After a foreground job: the terminal is the shell's again.
    pub(super) fn take_terminal_back(&mut self, number: usize) {
        self.jobs.give_terminal(self.jobs.group);
        let Some(terminal) = self.jobs.terminal.as_ref().map(|number| number.get()) else {
            return;
        };
        let (Some(now), Some(job)) = (modes(terminal), self.jobs.get(number)) else {
            return;
        };
        let state = job.state();
        if state == State::Stopped {
            job.modes = Some(now.clone());
        }
        if matches!(state, State::Done(Change::Exited(_))) {
            self.jobs.modes = Some(now);
            return;
        }
        let Some(usual) = &self.jobs.modes else {
            return;
        };
        if differ(&now, usual) {
            set_modes(terminal, usual);
            if matches!(state, State::Done(_)) && self.vars.get(b"TERM") != Some(b"dumb") {
                self.tell(ORDINARY);
            }
        }
    }

    /// Before a job goes on in the foreground: the terminal as the job left it.
    pub(super) fn hand_terminal_over(&mut self, number: usize, group: i32) {
        self.jobs.give_terminal(group);
        let terminal = self.jobs.terminal.as_ref().map(|number| number.get());
        let left = self.jobs.get(number).and_then(|job| job.modes.take());
        if let (Some(terminal), Some(left)) = (terminal, left) {
            set_modes(terminal, &left);
        }
    }
}
