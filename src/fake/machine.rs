//! A machine that remembers what was asked of it; its clock and its chance are fixed.

use super::power::Power;
use crate::sys::{Machine, Reboot};
use std::io;

/// The machine as a whole.
pub struct FakeMachine {
    /// Every reboot asked for; the real one would not have come back.
    pub reboots: Vec<Reboot>,
    /// Number of syncs.
    pub syncs: u32,
    /// `/proc/cmdline`.
    pub command_line: String,
    /// What [`Machine::memory_available`] answers.
    pub memory: u64,
    power: Power,
}

impl FakeMachine {
    /// A machine with 64 MiB free.
    pub fn new(power: &Power) -> FakeMachine {
        FakeMachine {
            reboots: Vec::new(),
            syncs: 0,
            command_line: "console=ttyS0".into(),
            memory: 64 << 20,
            power: power.clone(),
        }
    }
}

impl Machine for FakeMachine {
    fn reboot(&mut self, how: Reboot) -> io::Result<()> {
        self.power.whole_step()?;
        self.reboots.push(how);
        Ok(())
    }

    fn sync(&mut self) {
        self.syncs += 1;
    }

    fn command_line(&mut self) -> io::Result<String> {
        Ok(self.command_line.clone())
    }

    fn uptime_ms(&mut self) -> u64 {
        1_000
    }

    fn now(&mut self) -> i64 {
        1_700_000_000
    }

    fn random(&mut self, buf: &mut [u8]) -> io::Result<()> {
        for (byte, value) in buf.iter_mut().zip((0..=255).cycle()) {
            *byte = value;
        }
        Ok(())
    }

    fn memory_available(&mut self) -> io::Result<u64> {
        Ok(self.memory)
    }
}
