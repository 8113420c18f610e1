//! The plug that a test pulls: power that ends after so many operations.
//!
//! Flash, mounts and machine of a fake share one; each operation that changes something takes
//! a step. Once it is out, everything answers an error until the power is put on again.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

/// A power supply shared by the parts of a fake machine.
#[derive(Clone, Default)]
pub struct Power(Rc<State>);

#[derive(Default)]
struct State {
    steps: Cell<u64>,
    left: Cell<Option<u64>>,
    torn: Cell<bool>,
}

/// How far an operation gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To the end.
    Whole,
    /// The power goes in the middle: half of it is done.
    Half,
    /// Nothing happens.
    Nothing,
}

impl Power {
    /// Cuts the power after `steps` more operations; with `torn` the next one is half done.
    pub fn cut_after(&self, steps: u64, torn: bool) {
        self.0.left.set(Some(steps));
        self.0.torn.set(torn);
    }

    /// Puts the power on for good.
    pub fn on(&self) {
        self.0.left.set(None);
        self.0.torn.set(false);
    }

    /// Operations so far.
    pub fn steps(&self) -> u64 {
        self.0.steps.get()
    }

    /// Whether the cut has happened.
    pub fn is_out(&self) -> bool {
        self.0.left.get() == Some(0)
    }

    /// Takes a step.
    pub fn step(&self) -> Reach {
        self.0.steps.set(self.0.steps.get() + 1);
        match self.0.left.get() {
            None => Reach::Whole,
            Some(0) if self.0.torn.replace(false) => Reach::Half,
            Some(0) => Reach::Nothing,
            Some(left) => {
                self.0.left.set(Some(left - 1));
                Reach::Whole
            }
        }
    }

    /// Takes a step that cannot be done by halves.
    pub fn whole_step(&self) -> io::Result<()> {
        match self.step() {
            Reach::Whole => Ok(()),
            Reach::Half | Reach::Nothing => Err(lost()),
        }
    }
}

/// What everything answers without power.
pub fn lost() -> io::Error {
    io::Error::other("power lost")
}
