//! Waiting for somebody to ask for failsafe mode: all consoles, buttons and the clock in
//! one loop, acted upon at once.
//!
//! Consoles are read byte by byte, so that a person who types `f` and forgets Enter is
//! heard when the time is over. What was typed before the prompt counts. A device that
//! cannot be opened is one way less to ask, never an error.

use super::trigger::{self, Trigger, Uevent};
use super::{announce, console};
use crate::sys::{tty, uevent::Uevents};
use rustix::event::{PollFd, PollFlags, poll};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What each console is asked; scripts and people know these lines.
pub const PROMPT: &str = "\
Press the [f] key and hit [enter] to enter failsafe mode\r
Press the [1], [2], [3] or [4] key and hit [enter] to select the debug level\r
";

/// A line that is longer asks for nothing.
const LONGEST_LINE: usize = 64;
/// Between two announcements.
const ANNOUNCE_EVERY: Duration = Duration::from_secs(1);

/// A console that is being read.
struct Asked {
    terminal: tty::Raw,
    line: Vec<u8>,
}

/// Everything that can ask.
pub struct Listener {
    consoles: Vec<Asked>,
    uevents: Option<Uevents>,
    inputs: BTreeMap<PathBuf, OwnedFd>,
}

impl Listener {
    /// Opens what there is and prompts on the consoles.
    pub fn start(consoles: &[String]) -> Listener {
        let mut listener = Listener {
            consoles: Vec::new(),
            // Before the input devices are looked for, so that none is missed.
            uevents: Uevents::listen().ok(),
            inputs: BTreeMap::new(),
        };
        // And those before the prompt: who reads it may press at once, and an input device
        // tells only what happens while it is open.
        listener.open_inputs();
        for name in consoles {
            let terminal = tty::open_nonblocking(&console::device(name)).and_then(tty::Raw::new);
            if let Ok(terminal) = terminal {
                // A console that takes nothing may still give something.
                let _ = rustix::io::write(&terminal, PROMPT.as_bytes());
                let line = Vec::new();
                listener.consoles.push(Asked { terminal, line });
            }
        }
        listener
    }

    /// Waits up to `limit` for a trigger, announcing itself to `broadcast` every second.
    pub fn wait(&mut self, limit: Duration, broadcast: Option<Ipv4Addr>) -> Option<Trigger> {
        let start = Instant::now();
        let (end, mut next_packet) = (start + limit, start);
        loop {
            let now = Instant::now();
            if let Some(broadcast) = broadcast
                && now >= next_packet
                && now < end
            {
                // The link may not be up yet; the next one comes in a second.
                let _ = announce::send(broadcast, announce::PRESS_NOW);
                next_packet += ANNOUNCE_EVERY;
            }
            let wake = match broadcast {
                Some(_) => next_packet.min(end),
                None => end,
            };
            self.sleep_until(wake);
            if let Some(trigger) = self.heard() {
                return Some(trigger);
            }
            if Instant::now() >= end {
                return self.unfinished_line();
            }
        }
    }

    /// Sleeps until something can be read, or until `wake`.
    fn sleep_until(&self, wake: Instant) {
        let left = wake.saturating_duration_since(Instant::now());
        let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        // Rounded up, or the last millisecond would be spent in a busy loop.
        let left = crate::sys::signal::timespec(left.saturating_add(1));
        let mut fds: Vec<PollFd<'_>> = self
            .descriptors()
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        // Interrupted: the caller looks at its clock.
        let _ = poll(&mut fds, Some(&left));
    }

    fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let consoles = self.consoles.iter().map(|asked| asked.terminal.as_fd());
        let inputs = self.inputs.values().map(AsFd::as_fd);
        let uevents = self.uevents.iter().map(AsFd::as_fd);
        consoles.chain(inputs).chain(uevents)
    }

    /// Reads whatever is there; gives the first trigger.
    fn heard(&mut self) -> Option<Trigger> {
        let mut buf = [0; 8192];
        if let Some(trigger) = self.heard_on_consoles() {
            return Some(trigger);
        }
        while let Some(message) = self.uevents.as_ref().and_then(|u| u.read(&mut buf)) {
            match trigger::uevent(message) {
                Uevent::Button(name) => return Some(Trigger::Button(name)),
                Uevent::NewInput => self.open_inputs(),
                Uevent::Other => {}
            }
        }
        let mut pressed = None;
        self.inputs
            .retain(|_, fd| match rustix::io::read(&*fd, &mut buf) {
                Ok(0) => false,
                Ok(count) => {
                    let events = buf.get(..count).unwrap_or_default();
                    pressed = pressed.take().or_else(|| trigger::input_events(events));
                    true
                }
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => true,
                // Unplugged: a descriptor that is always ready would keep the loop busy.
                Err(_) => false,
            });
        pressed.map(Trigger::Button)
    }

    fn heard_on_consoles(&mut self) -> Option<Trigger> {
        let mut found = None;
        self.consoles.retain_mut(|asked| {
            let mut byte = [0];
            // Not a byte more than the line that asks: what follows is for the shell.
            while found.is_none() {
                match rustix::io::read(&asked.terminal, &mut byte) {
                    Ok(1) => found = asked.take(byte[0]),
                    Err(rustix::io::Errno::INTR) => {}
                    Err(rustix::io::Errno::AGAIN) => return true,
                    _ => return false,
                }
            }
            true
        });
        found
    }

    /// An `f` without Enter is enough when the time is over.
    fn unfinished_line(&self) -> Option<Trigger> {
        let lines = self.consoles.iter();
        lines.filter_map(|asked| trigger::line(&asked.line)).next()
    }

    /// Opens the input devices that are not open yet.
    fn open_inputs(&mut self) {
        let folders = [Path::new("/dev/input"), Path::new("/dev")];
        for folder in folders {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            for entry in entries {
                let is_event = entry.file_name().as_encoded_bytes().starts_with(b"event");
                if !is_event || self.inputs.contains_key(&entry.path()) {
                    continue;
                }
                if let Ok(fd) = tty::open_nonblocking(&entry.path()) {
                    self.inputs.insert(entry.path(), fd);
                }
            }
        }
    }
}

impl Asked {
    /// Adds a byte; a trigger if it ends a line that asks.
    fn take(&mut self, byte: u8) -> Option<Trigger> {
        match byte {
            b'\n' | b'\r' => trigger::line(&std::mem::take(&mut self.line)),
            0x7f | 0x08 => {
                self.line.pop();
                None
            }
            _ => {
                if self.line.len() < LONGEST_LINE {
                    self.line.push(byte);
                }
                None
            }
        }
    }
}
