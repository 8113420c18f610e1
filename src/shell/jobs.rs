//! Jobs: processes that were started together, and what has become of them.

use super::Shell;
use super::redirect::Number;
use crate::sys::job::{self, Change};
use crate::sys::signal::{self, numbers};
use crate::sys::trap;
use rustix::termios::Termios;
use std::io;
use std::rc::Rc;

/// Finished jobs that a script has not asked about are forgotten beyond this.
const REMEMBERED: usize = 64;

/// A job.
pub struct Job {
    /// Its process group, if it has one of its own.
    pub group: Option<i32>,
    /// Its processes; the change is the last one seen.
    pub processes: Vec<(i32, Option<Change>)>,
    /// What was typed.
    pub text: Rc<[u8]>,
    /// The state has changed and the user has not been told.
    pub news: bool,
    /// The terminal's modes when it was stopped.
    pub modes: Option<Termios>,
}

/// What a job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    Stopped,
    /// With the status of its last process.
    Done(Change),
}

impl Job {
    /// What it is doing.
    pub fn state(&self) -> State {
        let running = |change: &Option<Change>| matches!(change, None | Some(Change::Continued));
        if self.processes.iter().any(|(_, change)| running(change)) {
            return State::Running;
        }
        let stopped = |change: &Option<Change>| matches!(change, Some(Change::Stopped(_)));
        if self.processes.iter().any(|(_, change)| stopped(change)) {
            return State::Stopped;
        }
        match self.processes.last() {
            Some((_, Some(change))) => State::Done(*change),
            _ => State::Done(Change::Exited(0)),
        }
    }

    /// What was stopped runs again.
    pub fn let_go_on(&mut self) {
        for (_, change) in &mut self.processes {
            if matches!(change, Some(Change::Stopped(_))) {
                *change = None;
            }
        }
    }

    fn reason_to_stop(&self) -> &'static str {
        let mut changes = self.processes.iter().map(|(_, change)| *change);
        let stop = changes.find_map(|change| match change {
            Some(Change::Stopped(number)) => Some(number),
            _ => None,
        });
        match stop {
            Some(numbers::TTIN) => "Stopped (tty input)",
            Some(numbers::TTOU) => "Stopped (tty output)",
            Some(numbers::STOP) => "Stopped (signal)",
            _ => "Stopped",
        }
    }

    /// The state in words, as `jobs` shows it.
    pub fn description(&self) -> String {
        match self.state() {
            State::Running => "Running".into(),
            State::Stopped => self.reason_to_stop().into(),
            State::Done(Change::Exited(0)) => "Done".into(),
            State::Done(Change::Exited(status)) => format!("Done({status})"),
            State::Done(Change::Killed(number, core)) => {
                let core = if core { " (core dumped)" } else { "" };
                trap::description(number) + core
            }
            State::Done(_) => "Done".into(),
        }
    }
}

/// The status that a change means.
pub fn status_of(change: Change) -> i32 {
    match change {
        Change::Exited(status) => i32::from(status),
        Change::Killed(number, _) | Change::Stopped(number) => 128 + number,
        Change::Continued => 0,
    }
}

/// The job table.
#[derive(Default)]
pub struct Jobs {
    /// By number less one.
    slots: Vec<Option<Job>>,
    /// Numbers, the current job last.
    recent: Vec<usize>,
    /// They are the jobs of the shell that this one was copied from.
    are_parents: bool,
    /// The terminal, while job control is on.
    pub terminal: Option<Number>,
    /// The terminal's modes, as the user likes them.
    pub modes: Option<Termios>,
    /// Jobs have been told that the terminal is gone.
    pub hung_up: bool,
    /// The shell's own group.
    pub group: i32,
    /// The text of the pipeline that is about to run.
    pub text: Option<Rc<[u8]>>,
}

impl Jobs {
    /// Adds a job of these processes and makes it the current one; gives its number.
    pub fn add(&mut self, pids: &[i32], text: Rc<[u8]>, own_group: bool) -> usize {
        self.forget_parents();
        self.forget_old();
        let job = Job {
            group: pids.first().copied().filter(|_| own_group),
            processes: pids.iter().map(|pid| (*pid, None)).collect(),
            text,
            news: false,
            modes: None,
        };
        let free = self.slots.iter().position(Option::is_none);
        let index = match free {
            Some(index) => {
                self.slots[index] = Some(job);
                index
            }
            None => {
                self.slots.push(Some(job));
                self.slots.len() - 1
            }
        };
        self.make_current(index + 1);
        index + 1
    }

    /// Makes a job the one that `fg` means.
    pub fn make_current(&mut self, number: usize) {
        self.recent.retain(|known| *known != number);
        self.recent.push(number);
    }

    /// Removes a job.
    pub fn remove(&mut self, number: usize) {
        if let Some(slot) = number.checked_sub(1).and_then(|i| self.slots.get_mut(i)) {
            *slot = None;
        }
        self.recent.retain(|known| *known != number);
        while matches!(self.slots.last(), Some(None)) {
            self.slots.pop();
        }
    }

    /// A job by its number.
    pub fn get(&mut self, number: usize) -> Option<&mut Job> {
        let index = number.checked_sub(1)?;
        self.slots.get_mut(index)?.as_mut()
    }

    /// The numbers of all jobs.
    pub fn numbers(&self) -> Vec<usize> {
        let taken = self
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.is_some());
        taken.map(|(index, _)| index + 1).collect()
    }

    /// The job with this process.
    pub fn by_process(&self, pid: i32) -> Option<usize> {
        let has = |job: &Job| job.processes.iter().any(|(known, _)| *known == pid);
        let found = self
            .slots
            .iter()
            .position(|slot| slot.as_ref().is_some_and(has));
        found.map(|index| index + 1)
    }

    /// The current job and the one before it: `%+` and `%-`. Those that are stopped come
    /// first (POSIX, XCU 3.203).
    pub fn current(&self) -> (Option<usize>, Option<usize>) {
        let is_stopped = |number: &usize| {
            let slot = self.slots.get(number - 1).and_then(Option::as_ref);
            slot.is_some_and(|job| job.state() == State::Stopped)
        };
        let recent = self.recent.iter().rev().copied();
        let (stopped, others): (Vec<_>, Vec<_>) = recent.partition(is_stopped);
        let mut order = stopped.into_iter().chain(others);
        (order.next(), order.next())
    }

    /// Whether a job is stopped.
    pub fn any_stopped(&self) -> bool {
        let mut jobs = self.slots.iter().flatten();
        jobs.any(|job| job.state() == State::Stopped)
    }

    /// The job that `%1`, `%+`, `%name` or a process id means.
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        let exists = |number: &usize| matches!(self.slots.get(*number - 1), Some(Some(_)));
        let text_matches = |fits: &dyn Fn(&[u8]) -> bool| {
            let numbers = self.recent.iter().rev().copied();
            let mut found = numbers.filter(|number| {
                let slot = self.slots.get(number - 1).and_then(Option::as_ref);
                slot.is_some_and(|job| fits(&job.text))
            });
            found.next()
        };
        match name {
            b"%" | b"%%" | b"%+" => self.current().0,
            b"%-" => self.current().1.or(self.current().0),
            [b'%', b'?', part @ ..] => {
                text_matches(&|text| memchr::memmem::find(text, part).is_some())
            }
            [b'%', rest @ ..] => match std::str::from_utf8(rest).ok()?.parse::<usize>() {
                Ok(number) => Some(number).filter(|n| *n > 0).filter(exists),
                Err(_) => text_matches(&|text| text.starts_with(rest)),
            },
            pid => self.by_process(std::str::from_utf8(pid).ok()?.parse().ok()?),
        }
    }

    /// Notes what has become of a process.
    pub fn note(&mut self, pid: i32, change: Change) {
        for job in self.slots.iter_mut().flatten() {
            for (known, state) in &mut job.processes {
                if *known == pid {
                    let ended = matches!(state, Some(Change::Exited(_) | Change::Killed(..)));
                    if !ended {
                        *state = Some(change);
                        job.news |= change != Change::Continued;
                    }
                    return;
                }
            }
        }
    }

    /// Notes all changes that need no waiting; `stops`: those of jobs that go on as well.
    pub fn reap(&mut self, stops: bool) {
        while let Ok(Some((pid, change))) = job::wait(-1, false, stops) {
            self.note(pid, change);
        }
    }

    /// A process, or a group with its number negated, has been told to go on.
    pub fn let_go_on(&mut self, target: i32) {
        let is_meant = |job: &&mut Job| {
            let mut pids = job.processes.iter().map(|(pid, _)| *pid);
            job.group.is_some_and(|group| group == -target) || pids.any(|pid| pid == target)
        };
        let jobs = self.slots.iter_mut().flatten();
        jobs.filter(is_meant).for_each(Job::let_go_on);
    }

    /// In a subshell: the jobs are its parent's now. They can be shown, for `$(jobs -p)`,
    /// until it has jobs of its own.
    pub fn disown(&mut self) {
        self.are_parents = true;
        self.terminal = None;
        self.text = None;
    }

    /// Forgets the jobs of a subshell's parent, which nobody can wait for.
    pub fn forget_parents(&mut self) {
        if std::mem::take(&mut self.are_parents) {
            self.slots.clear();
            self.recent.clear();
        }
    }

    /// A job whose start is not worth a word now.
    pub fn announce_later(&mut self, number: usize) {
        if let Some(job) = self.get(number) {
            job.news = false;
        }
    }

    fn forget_old(&mut self) {
        let done = |jobs: &mut Jobs, number: usize| {
            let state = jobs.get(number).map(|job| job.state());
            matches!(state, Some(State::Done(_)))
        };
        let mut old: Vec<_> = self.recent.clone();
        old.retain(|number| done(self, *number));
        let surplus = old.len().saturating_sub(REMEMBERED);
        for number in old.into_iter().take(surplus) {
            self.remove(number);
        }
    }

    /// Tells the jobs that the terminal is gone; those that are stopped could not hear it.
    pub fn hang_up(&mut self) {
        self.hung_up = true;
        let alive = |job: &&Job| !matches!(job.state(), State::Done(_));
        for job in self.slots.iter().flatten().filter(alive) {
            let targets = match job.group {
                Some(group) => vec![-group],
                None => job.processes.iter().map(|(pid, _)| *pid).collect(),
            };
            for target in targets {
                // Those that have ended meanwhile need not be told.
                let _ = signal::send(target, numbers::HUP);
                let _ = signal::send(target, numbers::CONT);
            }
        }
    }

    /// Gives the terminal to a process group.
    pub fn give_terminal(&self, group: i32) {
        if let Some(terminal) = &self.terminal {
            // The terminal may have hung up; then nobody reads from it either.
            let _ = job::give_terminal(terminal.get(), group);
        }
    }
}

/// What waiting for children came to.
pub(super) enum News {
    /// A child has ended, stopped or gone on; the job table knows.
    Change,
    /// This signal has come; it is no longer noted.
    Signal(i32),
    /// There is no child to wait for.
    NoChildren,
}

impl Shell {
    /// Waits until a child changes or a signal comes; `stops`: those that stop or go on count
    /// as well. Signals are blocked between looking and waiting, so that none gets lost in
    /// between.
    pub(super) fn wait_for_news(&mut self, stops: bool) -> News {
        // Without a handler SIGCHLD would not end the waiting.
        let _ = trap::set(numbers::CHLD, trap::Disposition::Note);
        let mask = trap::block_all();
        let news = loop {
            match job::wait(-1, false, stops) {
                Ok(Some((pid, change))) => {
                    self.jobs.note(pid, change);
                    break News::Change;
                }
                Ok(None) => {}
                Err(_) => break News::NoChildren,
            }
            if let Some(number) = trap::take_other_than(numbers::CHLD) {
                break News::Signal(number);
            }
            trap::wait_with(&mask);
        };
        trap::restore(&mask);
        if !self.traps.has(numbers::CHLD) {
            // It could be set, so it can be reset.
            let _ = trap::set(numbers::CHLD, trap::Disposition::Default);
            trap::take_only(numbers::CHLD);
        } else if matches!(news, News::Change) {
            // Its trap runs when the waiting is over.
            trap::put_back(numbers::CHLD);
        }
        news
    }

    /// Waits for one child of ours that is in no job.
    pub(super) fn wait_for_one(&mut self, pid: i32) -> i32 {
        loop {
            match job::wait(pid, true, false) {
                Ok(Some((_, change))) => return status_of(change),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Somebody else has taken the status (SIGCHLD ignored by our parent).
                Err(_) => return 127,
            }
        }
    }

    /// Waits for the processes of a foreground command; its status.
    pub(super) fn wait_foreground(&mut self, pids: &[i32], text: Option<Rc<[u8]>>) -> i32 {
        if self.options.monitor {
            let text = text.unwrap_or_else(|| Rc::from(&b""[..]));
            let number = self.jobs.add(pids, text, true);
            return self.wait_for_job(number);
        }
        let mut changes = Vec::with_capacity(pids.len());
        for pid in pids {
            changes.push(self.wait_for_change(*pid));
        }
        self.report_death(changes.last().copied());
        self.status_of_all(changes.iter().copied())
    }

    fn wait_for_change(&mut self, pid: i32) -> Change {
        loop {
            match job::wait(pid, true, false) {
                Ok(Some((_, change))) => return change,
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Change::Exited(127),
            }
        }
    }

    /// The status of a pipeline by that of its processes.
    fn status_of_all(&self, changes: impl DoubleEndedIterator<Item = Change>) -> i32 {
        let mut statuses = changes.rev().map(status_of);
        if self.options.pipefail {
            return statuses.find(|status| *status != 0).unwrap_or(0);
        }
        statuses.next().unwrap_or(0)
    }

    /// Says what killed a foreground command, unless that is no news.
    fn report_death(&mut self, change: Option<Change>) {
        let Some(Change::Killed(number, core)) = change else {
            return;
        };
        if matches!(number, numbers::INT | numbers::PIPE) {
            if number == numbers::INT && self.options.interactive {
                // Ctrl-C was meant for the whole command line.
                trap::put_back(number);
            }
            return;
        }
        let core = if core { " (core dumped)" } else { "" };
        let text = format!("{}{core}\n", trap::description(number));
        self.tell(text.as_bytes());
    }

    /// Waits until a job is done or stopped, with job control; the terminal comes back.
    pub(super) fn wait_for_job(&mut self, number: usize) -> i32 {
        // Traps run when the job is done.
        let mut noted = Vec::new();
        while self.jobs.get(number).map(|job| job.state()) == Some(State::Running) {
            match self.wait_for_news(true) {
                News::Change => {}
                News::NoChildren => break,
                News::Signal(signal) if self.traps.has(signal) => noted.push(signal),
                News::Signal(numbers::INT) => self.pass_interrupt_on(number),
                News::Signal(signal) => {
                    noted.push(signal);
                    if signal == numbers::HUP {
                        break;
                    }
                }
            }
        }
        let hung_up = noted.contains(&numbers::HUP) && !self.traps.has(numbers::HUP);
        noted.into_iter().for_each(trap::put_back);
        if hung_up {
            return 128 + numbers::HUP;
        }
        if !self.subshell {
            self.take_terminal_back(number);
        }
        let Some(job) = self.jobs.get(number) else {
            return 127;
        };
        job.news = false;
        let changes: Vec<_> = job.processes.iter().filter_map(|(_, c)| *c).collect();
        let state = job.state();
        let status = self.status_of_all(changes.iter().copied());
        match state {
            State::Stopped => {
                self.tell(b"\n");
                self.jobs.make_current(number);
                let line = self.job_line(number, false);
                self.tell(&line);
                let stop = changes.iter().find(|c| matches!(c, Change::Stopped(_)));
                stop.map_or(status, |change| status_of(*change))
            }
            _ => {
                self.jobs.remove(number);
                self.report_death(changes.last().copied());
                status
            }
        }
    }

    /// A Ctrl-C that came when the terminal was still ours was meant for the job.
    fn pass_interrupt_on(&mut self, number: usize) {
        let group = self.jobs.get(number).and_then(|job| job.group);
        if let Some(group) = group {
            // It may have ended meanwhile.
            let _ = signal::send(-group, numbers::INT);
        }
    }

    /// One line of `jobs`.
    pub(super) fn job_line(&mut self, number: usize, with_ids: bool) -> Vec<u8> {
        let mark = match self.jobs.current() {
            (Some(current), _) if current == number => '+',
            (_, Some(previous)) if previous == number => '-',
            _ => ' ',
        };
        let Some(job) = self.jobs.get(number) else {
            return Vec::new();
        };
        let id = match (with_ids, job.processes.first()) {
            (true, Some((pid, _))) => format!("{pid} "),
            _ => String::new(),
        };
        let room = 26_usize.saturating_sub(id.len());
        let head = format!("[{number}]{mark}  {id}{:<room$} ", job.description());
        let mut line = head.into_bytes();
        line.extend_from_slice(&job.text);
        line.push(b'\n');
        line
    }

    /// Before a prompt: jobs that are done are reported and forgotten.
    pub(super) fn report_jobs(&mut self) {
        self.jobs.reap(self.options.monitor);
        for number in self.jobs.numbers() {
            let Some(job) = self.jobs.get(number) else {
                continue;
            };
            if !std::mem::take(&mut job.news) {
                continue;
            }
            let done = matches!(job.state(), State::Done(_));
            let line = self.job_line(number, false);
            self.tell(&line);
            if done {
                self.jobs.remove(number);
            }
        }
    }
}
