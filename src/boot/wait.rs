//! Waiting for somebody to ask for failsafe mode: all consoles, buttons, the network and the
//! clock in one loop, acted upon at once.
//!
//! Consoles are read byte by byte, so that a person who types `f` and forgets Enter is
//! heard all the same. What was typed before the prompt counts, and so does a button that has
//! been held since the power came. A device that cannot be opened is one way less to ask,
//! never an error.

use super::button::Change;
use super::inputs::{self, Inputs};
use super::knock::{self, Door, Heard};
use super::trigger::{self, Trigger};
use super::uevent::Event;
use super::{announce, button, console};
use crate::net::kernel::LinkEvents;
use crate::sys::{tty, uevent::Uevents};
use rustix::event::{PollFd, PollFlags, poll};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// What each console is asked; scripts and people know these lines.
pub const PROMPT: &str = "\
Press the [f] key and hit [enter] to enter failsafe mode\r
Press the [1], [2], [3] or [4] key and hit [enter] to select the debug level\r
";

/// Packets of the network that are looked at in one go.
const MOST_PACKETS: usize = 16;
/// A line that is longer asks for nothing.
const LONGEST_LINE: usize = 64;
/// Between two announcements.
const ANNOUNCE_EVERY: Duration = Duration::from_secs(1);
/// Changes of a link come in bursts; they are announced to once.
const BURST: Duration = Duration::from_millis(200);
/// A line that goes on no further for so long is finished without Enter.
const FORGOTTEN_ENTER: Duration = Duration::from_secs(1);

/// A console that is being read.
struct Asked {
    terminal: tty::Raw,
    line: Vec<u8>,
    /// When the last byte came.
    touched: Instant,
}

/// Everything that can ask.
pub struct Listener {
    consoles: Vec<Asked>,
    uevents: Option<Uevents>,
    links: Option<LinkEvents>,
    door: Option<(UdpSocket, Door)>,
    inputs: Inputs,
    /// Buttons that do not count: lines that are no buttons, buttons that hang.
    denied: Vec<String>,
    /// A button that was down already when its device was opened.
    held: Option<String>,
}

impl Listener {
    /// Hears buttons, other than those with a name that is denied.
    pub fn buttons(denied: Vec<String>) -> Listener {
        let mut listener = Listener {
            consoles: Vec::new(),
            // Before the input devices are looked for, so that none is missed.
            uevents: Uevents::listen().ok(),
            links: None,
            door: None,
            inputs: Inputs::default(),
            denied,
            held: None,
        };
        listener.open_inputs();
        listener
    }

    /// Prompts on these consoles and hears them too. Buttons are heard before: who reads the
    /// prompt may press at once.
    pub fn prompt(&mut self, consoles: &[String]) {
        self.links = LinkEvents::listen().ok();
        for name in consoles {
            let terminal = tty::open_nonblocking(&console::device(name)).and_then(tty::Raw::new);
            if let Ok(terminal) = terminal {
                // A console that takes nothing may still give something.
                let _ = rustix::io::write(&terminal, PROMPT.as_bytes());
                self.consoles.push(Asked {
                    terminal,
                    line: Vec::new(),
                    touched: Instant::now(),
                });
            }
        }
    }

    /// Hears those who knock, too.
    ///
    /// # Errors
    /// Somebody else has the port.
    pub fn open(&mut self, door: Door) -> std::io::Result<()> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, announce::PORT))?;
        socket.set_nonblocking(true)?;
        self.door = Some((socket, door));
        Ok(())
    }

    /// Waits up to `limit` for a trigger, announcing itself to `broadcast` every second and
    /// whenever a cable gets its link: a PC that was not there yet hears it then.
    pub fn wait(&mut self, limit: Duration, broadcast: Option<Ipv4Addr>) -> Option<Trigger> {
        let start = Instant::now();
        let (end, mut next_packet) = (start + limit, start);
        let mut last_packet: Option<Instant> = None;
        loop {
            let now = Instant::now();
            if self.links.as_ref().is_some_and(LinkEvents::drain) {
                let after_burst = last_packet.map_or(now, |last| last + BURST);
                next_packet = next_packet.min(after_burst.max(now));
            }
            if let Some(broadcast) = broadcast
                && now >= next_packet
                && now < end
            {
                // The link may not be up yet; the next one comes in a second.
                let _ = announce::send(broadcast, announce::PRESS_NOW);
                last_packet = Some(now);
                next_packet = now + ANNOUNCE_EVERY;
            }
            let packet = broadcast.map_or(end, |_| next_packet.min(end));
            let forgotten = self.consoles.iter().filter_map(Asked::complete_at).min();
            self.sleep_until(forgotten.map_or(packet, |at| at.min(packet)));
            if let Some(trigger) = self.heard() {
                return Some(trigger);
            }
            let now = Instant::now();
            let complete = |asked: &&Asked| now >= end || asked.complete_at() <= Some(now);
            let lines = self.consoles.iter().filter(complete);
            if let Some(trigger) = lines.filter_map(|asked| trigger::line(&asked.line)).next() {
                return Some(trigger);
            }
            if now >= end {
                return None;
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
        let inputs = self.inputs.descriptors();
        let uevents = self.uevents.iter().map(AsFd::as_fd);
        let links = self.links.iter().map(AsFd::as_fd);
        let door = self.door.iter().map(|(socket, _)| socket.as_fd());
        consoles
            .chain(inputs)
            .chain(uevents)
            .chain(links)
            .chain(door)
    }

    /// Reads whatever is there; gives the first trigger.
    fn heard(&mut self) -> Option<Trigger> {
        let mut buf = [0; 8192];
        if let Some(trigger) = self.heard_on_consoles() {
            return Some(trigger);
        }
        if let Some(trigger) = self.heard_at_the_door() {
            return Some(trigger);
        }
        while let Some(message) = self.uevents.as_ref().and_then(|u| u.read(&mut buf)) {
            let Some(event) = Event::parse(message) else {
                continue;
            };
            match button::change_of(&event) {
                Some((_, Change::Switched(_))) => {}
                Some((name, _)) if self.counts(&name) => return Some(Trigger::Button(name)),
                Some(_) => {}
                None if inputs::are_told_by(&event) => self.open_inputs(),
                None => {}
            }
        }
        let mut pressed = self.held.take();
        let denied = &self.denied;
        self.inputs.read(|key, _| {
            if pressed.is_none() {
                pressed = name_of(key, denied);
            }
        });
        pressed.map(Trigger::Button)
    }

    fn counts(&self, name: &str) -> bool {
        counts(name, &self.denied)
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

    fn heard_at_the_door(&self) -> Option<Trigger> {
        let (socket, door) = self.door.as_ref()?;
        let mut packet = [0; knock::LONGEST_PACKET];
        // A flood must not keep us from everything else.
        for _ in 0..MOST_PACKETS {
            let (count, from) = socket.recv_from(&mut packet).ok()?;
            match door.hear(packet.get(..count)?) {
                Heard::Nothing => {}
                Heard::Opened(key) => return Some(Trigger::Knock(key)),
                Heard::Reply(packet) => {
                    // It may knock again.
                    let _ = socket.send_to(&packet, from);
                }
            }
        }
        None
    }

    fn open_inputs(&mut self) {
        let (held, denied) = (&mut self.held, &self.denied);
        self.inputs.open_new(|key| {
            if held.is_none() {
                *held = name_of(key, denied);
            }
        });
    }
}

fn counts(name: &str, denied: &[String]) -> bool {
    !denied.iter().any(|denied| denied == name)
}

/// The name of a key, if it counts.
fn name_of(key: u16, denied: &[String]) -> Option<String> {
    Some(button::name(key)).filter(|name| counts(name, denied))
}

impl Asked {
    /// When a line that asks counts without Enter; None if it does not ask.
    fn complete_at(&self) -> Option<Instant> {
        trigger::line(&self.line).map(|_| self.touched + FORGOTTEN_ENTER)
    }

    /// Adds a byte; a trigger if it ends a line that asks.
    fn take(&mut self, byte: u8) -> Option<Trigger> {
        self.touched = Instant::now();
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
