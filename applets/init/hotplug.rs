//! Buttons and devices that come and go, in a child of process 1.
//!
//! Hears the kernel's events and the input devices. Whatever follows from an event (a
//! button's script, a module, the scripts of `/etc/hotplug.d`) runs in a process of its own,
//! one at a time and in order. Nodes of devices are made here, where the kernel keeps none.

use super::execute;
use rustix::event::{PollFd, PollFlags, poll};
use safebox::boot::button::{self, Change};
use safebox::boot::inputs::{self, Inputs};
use safebox::boot::presses::{Buttons, Call, Mode};
use safebox::boot::uevent::Event;
use safebox::boot::{FAILSAFE_MARK, PATH, PREINIT_MARK, devices};
use safebox::sys::process::{self, Fork, Pid};
use safebox::sys::signal::{self, Signals, numbers};
use safebox::sys::uevent::Uevents;
use safebox::sys::{System, console_log, tty};
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where the scripts of buttons lie.
const BUTTON_SCRIPTS: &str = "/etc/rc.button";
/// Where the scripts of other subsystems lie, each in its folder.
const DEVICE_SCRIPTS: &str = "/etc/hotplug.d";
/// More events than this wait for their turn only when something is wrong.
const LONGEST_QUEUE: usize = 64;
/// Who takes longer does not keep the others any more.
const JOB_LIMIT_MS: u64 = 60_000;
/// Without events the input devices are looked for this often.
const TURN_MS: u64 = 5000;

/// Something to run.
struct Job {
    what: What,
    environment: Vec<OsString>,
}

enum What {
    Button(Call),
    Device {
        alias: Option<OsString>,
        scripts: Vec<PathBuf>,
        subsystem: OsString,
    },
}

struct Listener {
    start: Instant,
    uevents: Option<Uevents>,
    inputs: Inputs,
    buttons: Buttons,
    queue: VecDeque<Job>,
    running: Option<(Pid, u64, Job)>,
    has_aliases: bool,
    level: u8,
}

/// Never ends by itself. `level`: how much is told, see [`super::guard::Guard::tell`].
pub fn run(level: u8) -> u8 {
    process::set_name(OsStr::new("hotplug"));
    process::end_with_parent();
    let Ok(signals) = Signals::take(&[numbers::CHLD]) else {
        return 1;
    };
    let release = rustix::system::uname();
    let release = OsStr::from_bytes(release.release().to_bytes());
    let aliases = Path::new("/lib/modules")
        .join(release)
        .join("modules.alias");
    let mut listener = Listener {
        start: Instant::now(),
        // Before the devices are looked for, so that none is missed.
        uevents: Uevents::listen().ok(),
        inputs: Inputs::default(),
        buttons: Buttons::default(),
        queue: VecDeque::new(),
        running: None,
        has_aliases: aliases.exists(),
        level,
    };
    listener.look_for_devices();
    loop {
        listener.sleep(&signals);
        while signals.next().is_some() {}
        listener.hear_events();
        listener.hear_inputs();
        listener.note_ends();
        for call in listener.buttons.timeouts(listener.now_ms()) {
            listener.call(call);
        }
        listener.start_next();
    }
}

impl Listener {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn sleep(&self, signals: &Signals) {
        let now = self.now_ms();
        let mut wake = now + TURN_MS;
        if let Some(timer) = self.buttons.next_timer_ms() {
            wake = wake.min(timer);
        }
        let limit = signal::timespec(wake.saturating_sub(now) + 1);
        let fds = [signals.as_fd()].into_iter();
        let fds = fds.chain(self.uevents.iter().map(AsFd::as_fd));
        let mut fds: Vec<PollFd<'_>> = fds
            .chain(self.inputs.descriptors())
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        // Interrupted: the loop looks at everything anyway.
        let _ = poll(&mut fds, Some(&limit));
    }

    fn hear_events(&mut self) {
        let mut buf = [0; 8192];
        loop {
            let Some(uevents) = &self.uevents else {
                self.open_inputs();
                return;
            };
            let Some(message) = uevents.read(&mut buf) else {
                if uevents.has_lost() {
                    self.look_for_devices();
                }
                return;
            };
            let Some(event) = Event::parse(message) else {
                continue;
            };
            if self.level >= 4 {
                let lines = event.lines().replace('\n', " ");
                console_log(&format!("hotplug: {}", lines.trim_end()));
            }
            match button::change_of(&event) {
                Some((name, change)) => {
                    let seen = event.get("SEEN").parse().ok();
                    self.hear_button(&name, change, seen);
                }
                None => self.hear_device(&event),
            }
        }
    }

    /// Makes the nodes that no event has told of, where that is for us to do.
    fn look_for_devices(&mut self) {
        if !devices_are_kept() {
            for device in devices::all(Path::new("/sys")) {
                // Most are there already.
                let _ = devices::make(Path::new("/dev"), &device);
            }
        }
        self.open_inputs();
    }

    /// What is held down already was pressed before anybody could answer.
    fn open_inputs(&mut self) {
        self.inputs.open_new(|_| {});
    }

    /// A button did something; `seen_s` as the kernel says it.
    fn hear_button(&mut self, name: &str, change: Change, seen_s: Option<u64>) {
        let now = self.now_ms();
        if let Some(call) = self.buttons.change(name, change, seen_s, mode(), now) {
            self.call(call);
        }
    }

    fn hear_inputs(&mut self) {
        let mut changes = Vec::new();
        self.inputs.read(|key, change| changes.push((key, change)));
        for (key, change) in changes {
            if let Some(name) = button::button_name(key) {
                self.hear_button(name, change, None);
            }
        }
    }

    /// Queues the script of a button, if there is one.
    fn call(&mut self, call: Call) {
        if self.level >= 2 {
            let (button, action, seen) = (&call.button, call.action, call.seen_s);
            console_log(&format!("hotplug: button {button} {action} after {seen} s"));
        }
        if !script_of(&call).is_file() {
            return;
        }
        let mut environment: Vec<OsString> = [
            "SUBSYSTEM=button".to_owned(),
            format!("ACTION={}", call.action),
            format!("BUTTON={}", call.button),
            format!("SEEN={}", call.seen_s),
        ]
        .map(OsString::from)
        .to_vec();
        if call.is_switch {
            environment.push("TYPE=switch".into());
        }
        if call.in_failsafe {
            environment.push("FAILSAFE=true".into());
        }
        let what = What::Button(call);
        self.enqueue(Job { what, environment });
    }

    fn hear_device(&mut self, event: &Event) {
        let (action, subsystem) = (event.get("ACTION"), event.get("SUBSYSTEM"));
        if let Some(device) = devices::of_event(event)
            && !devices_are_kept()
        {
            let dev = Path::new("/dev");
            // A node that cannot be made is missed by who needs it, and there it is told.
            let _ = match action {
                "add" => devices::make(dev, &device),
                "remove" => devices::remove(dev, &device),
                _ => Ok(()),
            };
        }
        if inputs::are_told_by(event) {
            self.open_inputs();
        }
        let alias = Some(event.get("MODALIAS"))
            .filter(|alias| self.has_aliases && action == "add" && !alias.is_empty());
        let scripts = match mode() {
            Mode::Preinit => Vec::new(),
            _ => scripts_of(subsystem),
        };
        if alias.is_none() && scripts.is_empty() {
            return;
        }
        let name = event.get("DEVPATH").rsplit('/').next().unwrap_or_default();
        let mut environment = event.environment();
        environment.push(format!("DEVICENAME={name}").into());
        if matches!(mode(), Mode::Failsafe(_)) {
            environment.push("FAILSAFE=true".into());
        }
        let what = What::Device {
            alias: alias.map(OsString::from),
            scripts,
            subsystem: subsystem.into(),
        };
        self.enqueue(Job { what, environment });
    }

    fn enqueue(&mut self, job: Job) {
        if self.queue.len() < LONGEST_QUEUE {
            self.queue.push_back(job);
        } else if self.level >= 1 {
            console_log("hotplug: too many events, one is left out");
        }
    }

    fn note_ends(&mut self) {
        for (pid, status) in std::iter::from_fn(process::reap) {
            let Some((_, _, job)) = self.running.take_if(|(child, _, _)| *child == pid) else {
                continue;
            };
            if let What::Button(call) = job.what {
                let now = self.now_ms();
                self.buttons.arm(&call.button, call.serial, status, now);
            }
        }
        let now = self.now_ms();
        let is_late = |(_, since, _): &mut (Pid, u64, Job)| now - *since > JOB_LIMIT_MS;
        drop(self.running.take_if(is_late));
    }

    fn start_next(&mut self) {
        while self.running.is_none()
            && let Some(job) = self.queue.pop_front()
        {
            match process::fork() {
                Ok(Fork::Parent(child)) => self.running = Some((child, self.now_ms(), job)),
                Ok(Fork::Child) => process::exit_now(perform(job)),
                // No memory for a process: then there is none for what it would do.
                Err(_) => {}
            }
        }
    }
}

/// What the device is doing.
fn mode() -> Mode {
    if let Ok(mark) = std::fs::metadata(FAILSAFE_MARK) {
        let age = mark.modified().ok().and_then(|time| time.elapsed().ok());
        // A clock that was set back must not silence the buttons.
        let age = age.unwrap_or(Duration::MAX).as_millis();
        return Mode::Failsafe(u64::try_from(age).unwrap_or(u64::MAX));
    }
    match Path::new(PREINIT_MARK).exists() {
        true => Mode::Preinit,
        false => Mode::Normal,
    }
}

fn devices_are_kept() -> bool {
    let table = safebox::sys::Linux::default().mounts().table();
    // Without a table there is no /proc yet, and nothing to be made.
    table.map_or(true, |table| devices::are_kept_by_kernel(&table))
}

fn script_of(call: &Call) -> PathBuf {
    // The name has no slash; one that starts with a dot is no button.
    let name = call.script.trim_start_matches('.');
    Path::new(BUTTON_SCRIPTS).join(if name.is_empty() { "unnamed" } else { name })
}

/// The scripts for a subsystem in the order of their names.
fn scripts_of(subsystem: &str) -> Vec<PathBuf> {
    if subsystem.is_empty() || subsystem.contains(['/', '.']) {
        return Vec::new();
    }
    let entries = std::fs::read_dir(Path::new(DEVICE_SCRIPTS).join(subsystem));
    let mut files: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

/// Does a job, in a process of its own; the status is the script's.
fn perform(job: Job) -> u8 {
    signal::set_defaults();
    process::end_with_parent();
    // A session of its own, and nobody to talk to.
    let _ = tty::new_session();
    if let Ok(null) = tty::open(Path::new("/dev/null")) {
        // With the console it works as well.
        let _ = tty::become_standard_streams(null);
    }
    let mut environment = job.environment;
    environment.extend([format!("PATH={PATH}"), "HOME=/".into()].map(OsString::from));
    match job.what {
        What::Button(call) => {
            let script = script_of(&call).into_os_string();
            // Executable or not: it is a script where it stands.
            execute(&["/bin/sh".into(), script], &environment)
        }
        What::Device {
            alias,
            scripts,
            subsystem,
        } => {
            if let Some(alias) = alias {
                run_and_wait(
                    &["modprobe", "-q", "--"].map(OsString::from),
                    alias,
                    &environment,
                );
            }
            for script in scripts {
                let words = ["/bin/sh".into(), script.into_os_string()];
                run_and_wait(&words, subsystem.clone(), &environment);
            }
            0
        }
    }
}

/// Runs a program with one more word; how it ends changes nothing.
fn run_and_wait(words: &[OsString], last: OsString, environment: &[OsString]) {
    let words = [words, &[last]].concat();
    match process::fork() {
        Ok(Fork::Child) => process::exit_now(execute(&words, environment)),
        Ok(Fork::Parent(child)) => drop(process::wait_for(child)),
        Err(_) => {}
    }
}
