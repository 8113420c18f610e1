//! The loop of process 1: reap, feed the watchdog, hear signals, and nothing else.

use safebox::sys::Reboot;
use safebox::sys::process::{self, Fork, Pid};
use safebox::sys::signal::{self, Signals, numbers};
use safebox::sys::watchdog::Watchdog;
use std::time::{Duration, Instant};

/// Seconds until an unfed watchdog resets the device.
const WATCHDOG_S: i32 = 30;
/// How often it is fed, in milliseconds.
const FEED_MS: u64 = 5000;

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The child has ended (or there are no children left).
    Ended,
    /// Somebody asked for the end of the system.
    Asked(Reboot),
    /// The time is over.
    TimedOut,
}

/// What process 1 holds.
pub struct Guard {
    signals: Option<Signals>,
    watchdog: Option<Watchdog>,
    asked: Option<Reboot>,
}

impl Guard {
    /// Blocks the signals that count, before anybody can send one.
    pub fn new() -> Guard {
        let heard = [
            numbers::TERM,
            numbers::INT,
            numbers::USR1,
            numbers::USR2,
            numbers::PWR,
            numbers::CHLD,
        ];
        Guard {
            // Without them there is still a console, only no orderly end.
            signals: Signals::take(&heard).ok(),
            watchdog: None,
            asked: None,
        }
    }

    /// Arms the watchdog if there is one that is not armed yet.
    pub fn arm_watchdog(&mut self) {
        if self.watchdog.is_none() {
            self.watchdog = Watchdog::arm(WATCHDOG_S).ok();
        }
    }

    /// For `halt` and `poweroff`: nobody will feed it any more.
    pub fn disarm_watchdog(&mut self) {
        if let Some(watchdog) = self.watchdog.take() {
            watchdog.disarm();
        }
    }

    /// Runs `work` in a child whose panic or exit is nobody else's. None: no memory.
    pub fn fork(&self, work: impl FnOnce() -> u8) -> Option<Pid> {
        match process::fork() {
            Ok(Fork::Child) => {
                signal::set_defaults();
                process::exit_now(work())
            }
            Ok(Fork::Parent(child)) => Some(child),
            Err(_) => None,
        }
    }

    /// Runs `work` in a child and waits for it up to `limit_ms`, whatever is asked meanwhile.
    pub fn run(&mut self, limit_ms: u64, work: impl FnOnce() -> u8) {
        let Some(child) = self.fork(work) else { return };
        let end = Instant::now() + Duration::from_millis(limit_ms);
        while Instant::now() < end {
            if self.turn(left(end)).contains(&child) {
                return;
            }
        }
    }

    /// Waits until `child` ends or the end of the system is asked for.
    pub fn wait_for(&mut self, child: Pid) -> Waited {
        loop {
            if let Some(how) = self.asked.take() {
                return Waited::Asked(how);
            }
            if self.turn(FEED_MS).contains(&child) {
                return Waited::Ended;
            }
        }
    }

    /// Waits this long, or until the end of the system is asked for.
    pub fn pause(&mut self, limit_ms: u64) -> Waited {
        let end = Instant::now() + Duration::from_millis(limit_ms);
        loop {
            if let Some(how) = self.asked.take() {
                return Waited::Asked(how);
            }
            if Instant::now() >= end {
                return Waited::TimedOut;
            }
            self.turn(left(end));
        }
    }

    /// Waits until no child is left, but not longer than this.
    pub fn wait_for_all(&mut self, limit_ms: u64) -> Waited {
        let end = Instant::now() + Duration::from_millis(limit_ms);
        loop {
            if !process::has_children() {
                return Waited::Ended;
            }
            if Instant::now() >= end {
                return Waited::TimedOut;
            }
            self.turn(left(end).min(100));
        }
    }

    /// One turn of the loop; gives the children that ended.
    fn turn(&mut self, limit_ms: u64) -> Vec<Pid> {
        match &self.signals {
            Some(signals) => {
                signals.wait(limit_ms.min(FEED_MS));
                while let Some(number) = signals.next() {
                    self.asked = asked_by(number).or(self.asked);
                }
            }
            None => std::thread::sleep(Duration::from_millis(limit_ms.min(500))),
        }
        if let Some(watchdog) = &mut self.watchdog {
            watchdog.feed();
        }
        std::iter::from_fn(process::reap).collect()
    }
}

fn left(end: Instant) -> u64 {
    let left = end.saturating_duration_since(Instant::now());
    u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// What a signal to process 1 asks for, as procd and busybox have it; SIGINT is Ctrl-Alt-Del.
fn asked_by(number: i32) -> Option<Reboot> {
    match number {
        numbers::TERM | numbers::INT => Some(Reboot::Restart),
        numbers::USR1 => Some(Reboot::Halt),
        numbers::USR2 | numbers::PWR => Some(Reboot::PowerOff),
        _ => None,
    }
}
