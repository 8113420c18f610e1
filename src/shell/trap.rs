//! Traps: what a script wants to happen at a signal, at an error, at its end.

use super::Shell;
use super::error::{Flow, Run};
use crate::sys::signal::numbers;
use crate::sys::trap::{self, Disposition};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The condition EXIT.
pub const EXIT: i32 = 0;
/// The condition ERR, which is no signal.
pub const ERR: i32 = trap::COUNT;

/// The table of traps; an empty action ignores the signal.
#[derive(Default)]
pub struct Traps {
    actions: BTreeMap<i32, Rc<[u8]>>,
    /// The parent's, which a subshell may still show.
    pub inherited: BTreeMap<i32, Rc<[u8]>>,
    /// Conditions whose actions run, innermost last.
    running: Vec<i32>,
}

impl Traps {
    /// Whether anything is trapped that a process replaced by a program would miss.
    pub fn any(&self) -> bool {
        self.actions.values().any(|action| !action.is_empty())
    }

    /// The actions to show: our own, or in a fresh subshell those of the parent.
    pub fn shown(&self) -> &BTreeMap<i32, Rc<[u8]>> {
        if self.inherited.is_empty() {
            &self.actions
        } else {
            &self.inherited
        }
    }

    /// Whether this condition has an action.
    pub fn has(&self, condition: i32) -> bool {
        self.actions.contains_key(&condition)
    }

    fn get(&self, condition: i32) -> Option<Rc<[u8]>> {
        self.actions.get(&condition).cloned()
    }
}

impl Shell {
    /// `trap ACTION CONDITION`; None resets.
    pub(super) fn set_trap(&mut self, condition: i32, action: Option<&[u8]>) {
        self.traps.inherited.clear();
        if (1..trap::COUNT).contains(&condition) {
            let known = self.traps.actions.contains_key(&condition);
            // What was ignored when the shell began stays so (a hang-up under nohup).
            if !known && !self.options.interactive && trap::is_ignored(condition) {
                return;
            }
            let disposition = match action {
                None => self.usual_disposition(condition),
                Some(b"") => Disposition::Ignore,
                Some(_) => Disposition::Note,
            };
            // KILL and STOP cannot be trapped; asking is no error.
            let _ = trap::set(condition, disposition);
        }
        match action {
            Some(action) => {
                self.traps.actions.insert(condition, Rc::from(action));
            }
            None => {
                self.traps.actions.remove(&condition);
            }
        }
    }

    /// What the shell itself does with a signal that nobody has trapped.
    pub(super) fn usual_disposition(&self, number: i32) -> Disposition {
        if !self.options.interactive {
            return Disposition::Default;
        }
        match number {
            numbers::INT | numbers::HUP => Disposition::Note,
            numbers::QUIT | numbers::TERM => Disposition::Ignore,
            numbers::TSTP | numbers::TTIN | numbers::TTOU if self.options.monitor => {
                Disposition::Ignore
            }
            _ => Disposition::Default,
        }
    }

    /// The signals whose disposition an interactive shell changes.
    pub(super) fn set_usual_signals(&mut self) {
        let numbers = [
            numbers::INT,
            numbers::HUP,
            numbers::QUIT,
            numbers::TERM,
            numbers::TSTP,
            numbers::TTIN,
            numbers::TTOU,
        ];
        for number in numbers {
            if self.traps.get(number).is_none() {
                // These numbers exist.
                let _ = trap::set(number, self.usual_disposition(number));
            }
        }
    }

    /// In a subshell: trapped signals have their default again, ignored ones stay ignored.
    pub(super) fn reset_traps(&mut self) {
        // A Ctrl-C just before the fork was meant for what is about to run.
        let is_interrupted = self.options.interactive
            && trap::is_noted(numbers::INT)
            && !self.traps.has(numbers::INT);
        if self.options.interactive {
            self.options.interactive = false;
            self.options.monitor = false;
            self.set_usual_signals();
        }
        let actions = std::mem::take(&mut self.traps.actions);
        for (condition, action) in &actions {
            if action.is_empty() {
                self.traps.actions.insert(*condition, Rc::clone(action));
            } else if (1..trap::COUNT).contains(condition) {
                // It could be set, so it can be reset.
                let _ = trap::set(*condition, Disposition::Default);
            }
        }
        self.traps.inherited = actions;
        trap::forget();
        if is_interrupted {
            // We are a process, and may signal ourselves.
            let _ = crate::sys::signal::send(std::process::id() as i32, numbers::INT);
        }
    }

    /// Before a program takes over this process: no handler of ours may be called.
    pub(super) fn leave_signals(&mut self) {
        for number in self.caught_signals() {
            // It could be set, so it can be reset.
            let _ = trap::set(number, Disposition::Default);
        }
        if self.options.interactive {
            self.options.interactive = false;
            self.options.monitor = false;
            self.set_usual_signals();
        }
    }

    /// The signals for which there is an action.
    pub(super) fn caught_signals(&self) -> Vec<i32> {
        let signals = self.traps.actions.iter();
        signals
            .filter(|(number, action)| (1..trap::COUNT).contains(*number) && !action.is_empty())
            .map(|(number, _)| *number)
            .collect()
    }

    /// Runs the actions of the signals that have come; Ctrl-C ends what an interactive
    /// shell is doing.
    pub(super) fn handle_signals(&mut self) -> Run {
        while let Some(number) = trap::take() {
            match self.traps.get(number) {
                Some(action) => self.run_trap(number, &action)?,
                None if number == numbers::INT && self.options.interactive => {
                    self.status = 130;
                    return Err(Flow::Interrupt);
                }
                None if number == numbers::HUP && self.options.interactive => {
                    return Err(self.hang_up());
                }
                None => {}
            }
        }
        Ok(())
    }

    fn run_trap(&mut self, condition: i32, action: &[u8]) -> Run {
        // Signals nest, as in other shells: one that comes in the middle is not lost. What the
        // action's own commands cause must not start it again.
        let causes_itself = matches!(condition, ERR | EXIT | numbers::CHLD);
        if causes_itself && self.traps.running.contains(&condition) {
            return Ok(());
        }
        let status = self.status;
        let outer = self.trap_status.replace(status);
        let tested = std::mem::replace(&mut self.tested, false);
        let line = self.vars.line;
        self.traps.running.push(condition);
        let result = self.run_text(action, line.max(1));
        self.traps.running.pop();
        self.trap_status = outer;
        self.tested = tested;
        self.vars.line = line;
        if result.is_ok() {
            self.status = status;
        }
        result
    }

    /// The ERR trap, outside functions unless `set -E`.
    pub(super) fn run_error_trap(&mut self) -> Run {
        if self.calls > 0 && !self.options.errtrace {
            return Ok(());
        }
        match self.traps.get(ERR) {
            Some(action) => self.run_trap(ERR, &action),
            None => Ok(()),
        }
    }

    /// The EXIT trap, if there is one; the status to end with.
    pub(super) fn exit_status(&mut self) -> i32 {
        if let Some(action) = self.traps.actions.remove(&EXIT) {
            let status = self.status;
            self.loops = 0;
            let result = self.run_trap(EXIT, &action);
            if result.is_ok() {
                self.status = status;
            }
        }
        self.flush();
        self.status
    }
}
