//! What `/etc/inittab` says, in a child of process 1.
//!
//! When this process dies, process 1 starts it again, and its programs, hung up by the
//! kernel, with it; only what runs once at the start is not repeated.

use super::execute;
use safebox::applet::Ctx;
use safebox::boot::console;
use safebox::boot::inittab::{self, Action, Entry, Place};
use safebox::boot::respawn::Pace;
use safebox::sys::process::{self, Fork, Pid};
use safebox::sys::signal::{self, Signals, numbers};
use safebox::sys::{console_alert, console_log, tty};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::time::Instant;

/// The longest time between two looks at who may start again.
const TURN_MS: u64 = 1000;

/// What a system without a readable inittab does.
const DEFAULT: &[u8] = b"::sysinit:/etc/init.d/rcS S boot\n::askconsole:/bin/ash --login\n";

/// A program that runs again and again.
struct Keeper {
    entry: Entry,
    terminal: Option<String>,
    child: Option<Pid>,
    pace: Pace,
    not_before_ms: u64,
}

/// Never ends by itself. `again`: the system has been started already; `level`: how much is
/// told, see [`super::guard::Guard::tell`].
pub fn run(ctx: &mut Ctx, again: bool, level: u8) -> u8 {
    let clock = Instant::now();
    let now_ms = || u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
    process::end_with_parent();
    let Ok(signals) = Signals::take(&[numbers::CHLD]) else {
        return 1;
    };
    let text = std::fs::read(ctx.path("/etc/inittab"));
    let entries = inittab::parse(text.as_deref().unwrap_or(DEFAULT));
    let at_start = |action: Action| entries.iter().filter(move |e| e.action == action).cloned();
    let mut queue: VecDeque<Entry> = VecDeque::new();
    if !again {
        queue.extend(at_start(Action::Sysinit).chain(at_start(Action::Wait)));
        at_start(Action::Once).for_each(|entry| {
            start(&entry, None);
        });
    }
    let mut running = keepers(&entries, [Action::Respawn, Action::Ask]);
    let mut late = keepers(&entries, [Action::RespawnLate, Action::AskLate]);
    let mut first_in_queue = None;
    loop {
        if first_in_queue.is_none() {
            match queue.pop_front() {
                Some(entry) => first_in_queue = start(&entry, None),
                None => running.append(&mut late),
            }
        }
        for keeper in &mut running {
            keeper.start_if_due(now_ms(), level);
        }
        signals.wait(TURN_MS);
        while signals.next().is_some() {}
        for (ended, status) in std::iter::from_fn(process::reap) {
            if first_in_queue == Some(ended) {
                first_in_queue = None;
            }
            if level >= 2 {
                console_log(&format!("init: process {ended} ended with {status}"));
            }
            for keeper in &mut running {
                keeper.note_end(ended, now_ms());
            }
        }
    }
}

/// Runs the lines with this action, one after the other; 1 if there were any, else 0.
pub fn run_lines(ctx: &mut Ctx, action: Action) -> u8 {
    let text = std::fs::read(ctx.path("/etc/inittab")).unwrap_or_default();
    let mut any = 0;
    for entry in inittab::parse(&text) {
        if entry.action == action
            && let Some(child) = start(&entry, None)
        {
            any = 1;
            // How it ended changes nothing any more.
            let _ = process::wait_for(child);
        }
    }
    any
}

/// One keeper for each line with one of the actions, and each console that it means.
fn keepers(entries: &[Entry], actions: [Action; 2]) -> Vec<Keeper> {
    let root = std::path::Path::new("/");
    let mut keepers = Vec::new();
    for entry in entries.iter().filter(|e| actions.contains(&e.action)) {
        let terminals = match &entry.place {
            Place::None => vec![None],
            Place::Terminal(name) => vec![Some(name.clone())],
            Place::Consoles => console::active(root).into_iter().map(Some).collect(),
        };
        keepers.extend(terminals.into_iter().map(|terminal| Keeper {
            entry: entry.clone(),
            terminal,
            child: None,
            pace: Pace::default(),
            not_before_ms: 0,
        }));
    }
    keepers
}

impl Keeper {
    fn start_if_due(&mut self, now_ms: u64, level: u8) {
        if self.child.is_none() && now_ms >= self.not_before_ms {
            self.child = start(&self.entry, self.terminal.as_deref());
            self.pace.started(now_ms);
            // Without memory for a process there may be some later.
            self.not_before_ms = now_ms + TURN_MS;
            if let Some(child) = self.child.filter(|_| level >= 2) {
                let words = self.entry.words.join(" ");
                console_log(&format!("init: process {child}: {words}"));
            }
        }
    }

    fn note_end(&mut self, ended: Pid, now_ms: u64) {
        if self.child != Some(ended) {
            return;
        }
        self.child = None;
        let pause = self.pace.ended(now_ms);
        self.not_before_ms = now_ms + pause.ms;
        if pause.has_grown {
            let name = self.entry.words.first().map_or("", String::as_str);
            let seconds = pause.ms / 1000;
            console_alert(&format!(
                "init: {name} ends again and again; the next start is in {seconds} s"
            ));
        }
    }
}

/// Starts a line's program, on its terminal if it has one.
fn start(entry: &Entry, terminal: Option<&str>) -> Option<Pid> {
    match process::fork() {
        Ok(Fork::Parent(child)) => Some(child),
        Ok(Fork::Child) => {
            signal::set_defaults();
            process::end_with_parent();
            let asks = matches!(entry.action, Action::Ask | Action::AskLate);
            process::exit_now(become_entry(entry, terminal, asks))
        }
        Err(error) => {
            let reason = safebox::error::reason(&error);
            console_log(&format!("init: fork: {reason}"));
            None
        }
    }
}

fn become_entry(entry: &Entry, terminal: Option<&str>, asks: bool) -> u8 {
    match terminal {
        // The device may come back: the keeper tries again.
        Some(name) if console::enter_session(name).is_err() => return 1,
        // Fails only for a process that leads a session already.
        None => drop(tty::new_session()),
        Some(_) => {}
    }
    if asks && !ask() {
        return 1;
    }
    let words: Vec<OsString> = entry.words.iter().map(OsString::from).collect();
    let env = console::environment(terminal.unwrap_or("console"))
        .map(|(name, value)| OsString::from(format!("{name}={value}")));
    execute(&words, &env)
}

/// Waits for a line on the terminal; false when the terminal is gone.
fn ask() -> bool {
    let prompt = b"\nPlease press Enter to activate this console.\n";
    let mut byte = [0];
    rustix::io::write(rustix::stdio::stdout(), prompt).is_ok()
        && loop {
            match rustix::io::read(rustix::stdio::stdin(), &mut byte) {
                Ok(1) if byte == *b"\n" => break true,
                Ok(1) | Err(rustix::io::Errno::INTR) => {}
                _ => break false,
            }
        }
}
