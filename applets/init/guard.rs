//! The loop of process 1: reap, feed the watchdog, hear signals, and nothing else.

use safebox::boot::respawn::Pace;
use safebox::sys::process::{self, Fork, Pid};
use safebox::sys::signal::{self, Signals, numbers};
use safebox::sys::watchdog::Watchdog;
use safebox::sys::{Reboot, console_log};
use std::time::{Duration, Instant};

/// The longest turn of the loop; a third of the watchdog's time where that is shorter.
const TURN_MS: u64 = 5000;

/// What somebody wants of process 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// The end of the system.
    End(Reboot),
    /// Ctrl-Alt-Del was pressed.
    ThreeKeys,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The child has ended (or there are no children left).
    Ended,
    /// Somebody asked for something.
    Asked(Request),
    /// The time is over.
    TimedOut,
}

/// A child that runs as long as the system.
struct Kept {
    name: &'static str,
    work: Box<dyn Fn() -> u8>,
    child: Option<Pid>,
    pace: Pace,
    not_before_ms: u64,
}

/// What process 1 holds.
pub struct Guard {
    start: Instant,
    signals: Option<Signals>,
    watchdog: Option<Watchdog>,
    /// Seconds until an unfed watchdog resets the device; 0: it is left alone.
    watchdog_s: u8,
    asked: Option<Request>,
    kept: Vec<Kept>,
    /// 0 to 4: how much is told.
    pub level: u8,
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
            start: Instant::now(),
            // Without them there is still a console, only no orderly end.
            signals: Signals::take(&heard).ok(),
            watchdog: None,
            watchdog_s: 0,
            asked: None,
            kept: Vec::new(),
            level: 0,
        }
    }

    /// Tells `text` if messages of this level (1 to 4) are wanted.
    pub fn tell(&self, level: u8, text: &str) {
        if self.level >= level {
            console_log(&format!("init: {text}"));
        }
    }

    /// Sets the watchdog's time, for all that follows. An earlier program of this process
    /// may have armed it: the number of its descriptor.
    pub fn set_watchdog(&mut self, timeout_s: u8, inherited: Option<i32>) {
        self.watchdog_s = timeout_s;
        if let Some(fd) = inherited {
            // What is no watchdog is nobody's loss.
            self.watchdog = Watchdog::adopt(fd, timeout_s.max(1).into()).ok();
            if self.watchdog.is_some() {
                self.tell(1, "- watchdog taken over -");
            }
        }
        self.arm_watchdog();
    }

    /// Arms the watchdog if there is one that is not armed yet.
    pub fn arm_watchdog(&mut self) {
        if self.watchdog.is_none() && self.watchdog_s > 0 {
            self.watchdog = Watchdog::arm(self.watchdog_s.into()).ok();
            if self.watchdog.is_some() {
                self.tell(1, "- watchdog -");
            }
        }
    }

    /// For `halt` and `poweroff`: nobody will feed it any more.
    pub fn disarm_watchdog(&mut self) {
        if let Some(watchdog) = self.watchdog.take() {
            watchdog.disarm();
        }
    }

    /// The number of the watchdog's descriptor, which survives the next exec.
    pub fn hand_over_watchdog(&mut self) -> Option<i32> {
        let watchdog = self.watchdog.as_mut()?;
        watchdog.feed();
        watchdog.hand_over().ok()
    }

    /// Keeps `work` running in a child, started again when it ends.
    pub fn keep(&mut self, name: &'static str, work: impl Fn() -> u8 + 'static) {
        self.kept.push(Kept {
            name,
            work: Box::new(work),
            child: None,
            pace: Pace::default(),
            not_before_ms: 0,
        });
        self.start_kept();
    }

    /// Starts none of them again.
    pub fn forget_kept(&mut self) {
        self.kept.clear();
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
    /// Its status; None: it has not ended (and goes on), or could not be started.
    pub fn run(&mut self, limit_ms: u64, work: impl FnOnce() -> u8) -> Option<u8> {
        let child = self.fork(work)?;
        let end = Instant::now() + Duration::from_millis(limit_ms);
        while Instant::now() < end {
            let ended = self.turn(left(end));
            if let Some((_, status)) = ended.into_iter().find(|(pid, _)| *pid == child) {
                return Some(status);
            }
        }
        None
    }

    /// Waits until `child` ends or something is asked for.
    pub fn wait_for(&mut self, child: Pid) -> Waited {
        loop {
            if let Some(request) = self.asked.take() {
                return Waited::Asked(request);
            }
            // It may have ended while something else was waited for.
            if !process::is_child(child) {
                return Waited::Ended;
            }
            self.turn(TURN_MS);
        }
    }

    /// Waits this long, or until something is asked for.
    pub fn pause(&mut self, limit_ms: u64) -> Waited {
        let end = Instant::now() + Duration::from_millis(limit_ms);
        loop {
            if let Some(request) = self.asked.take() {
                return Waited::Asked(request);
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
    fn turn(&mut self, limit_ms: u64) -> Vec<process::Ended> {
        let limit_ms = limit_ms.min(self.longest_turn_ms());
        match &self.signals {
            Some(signals) => {
                signals.wait(limit_ms);
                while let Some(number) = signals.next() {
                    self.asked = asked_by(number).or(self.asked);
                }
            }
            None => std::thread::sleep(Duration::from_millis(limit_ms.min(500))),
        }
        if let Some(watchdog) = &mut self.watchdog {
            watchdog.feed();
        }
        let ended: Vec<_> = std::iter::from_fn(process::reap).collect();
        for (pid, status) in &ended {
            self.tell(3, &format!("process {pid} ended with {status}"));
            self.note_end(*pid);
        }
        self.start_kept();
        ended
    }

    fn longest_turn_ms(&self) -> u64 {
        let is_waiting = self.kept.iter().any(|kept| kept.child.is_none());
        let feeding = match self.watchdog {
            Some(_) => u64::from(self.watchdog_s.max(1)) * 1000 / 3,
            None => TURN_MS,
        };
        feeding.min(if is_waiting { 500 } else { TURN_MS })
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn note_end(&mut self, ended: Pid) {
        let now_ms = self.now_ms();
        for kept in &mut self.kept {
            if kept.child == Some(ended) {
                let pause = kept.pace.ended(now_ms);
                kept.child = None;
                kept.not_before_ms = now_ms + pause.ms;
                let text = format!("init: {} has ended and starts again", kept.name);
                console_log(&text);
            }
        }
    }

    fn start_kept(&mut self) {
        let now_ms = self.now_ms();
        let mut all = std::mem::take(&mut self.kept);
        for kept in &mut all {
            if kept.child.is_none() && kept.not_before_ms <= now_ms {
                kept.child = self.fork(|| (kept.work)());
                kept.pace.started(now_ms);
                // Without memory for a process there may be some later.
                kept.not_before_ms = now_ms + 1000;
            }
        }
        self.kept = all;
    }
}

fn left(end: Instant) -> u64 {
    let left = end.saturating_duration_since(Instant::now());
    u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// What a signal to process 1 asks for, as procd and busybox have it.
fn asked_by(number: i32) -> Option<Request> {
    Some(match number {
        numbers::TERM => Request::End(Reboot::Restart),
        numbers::INT => Request::ThreeKeys,
        numbers::USR1 => Request::End(Reboot::Halt),
        numbers::USR2 | numbers::PWR => Request::End(Reboot::PowerOff),
        _ => return None,
    })
}
