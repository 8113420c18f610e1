//! Builtins about jobs: `jobs`, `fg`, `bg`, `wait`, `kill`.

use super::{Args, letters, number};
use crate::error::reason;
use crate::shell::Shell;
use crate::shell::error::Run;
use crate::shell::jobs::{News, State, status_of};
use crate::sys::signal::numbers;
use crate::sys::{job, signal, trap};

pub fn jobs(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some(options) = letters(shell, args, b"lp") else {
        return Ok(2);
    };
    shell.jobs.reap(shell.options.monitor);
    let mut status = 0;
    let mut numbers = shell.jobs.numbers();
    if options.first < args.len() {
        numbers.clear();
        for name in args.from(options.first) {
            match find(shell, name) {
                Some(number) => numbers.push(number),
                None => status = 2,
            }
        }
    }
    for number in numbers {
        let Some(job) = shell.jobs.get(number) else {
            continue;
        };
        job.news = false;
        let done = matches!(job.state(), State::Done(_));
        if options.has(b'p') {
            let leader = job.processes.first().map_or(0, |(pid, _)| *pid);
            shell.put(format!("{leader}\n").as_bytes());
            continue;
        }
        let line = shell.job_line(number, options.has(b'l'));
        shell.put(&line);
        if done {
            shell.jobs.remove(number);
        }
    }
    Ok(status)
}

/// The job of a name, or a complaint.
fn find(shell: &mut Shell, name: &[u8]) -> Option<usize> {
    let found = shell.jobs.find(name);
    if found.is_none() {
        let name = String::from_utf8_lossy(name).into_owned();
        shell.complain(format_args!("{name}: no such job"));
    }
    found
}

/// The job that `fg` or `bg` is about.
fn chosen(shell: &mut Shell, args: &Args) -> Option<usize> {
    match args.get(1) {
        Some(name) => find(shell, name),
        None => {
            let current = shell.jobs.current().0;
            if current.is_none() {
                shell.complain("No current job");
            }
            current
        }
    }
}

pub fn fg(shell: &mut Shell, args: &Args) -> Run<i32> {
    shell.jobs.forget_parents();
    let Some(number) = chosen(shell, args) else {
        return Ok(2);
    };
    if !goes_on(shell, number, true) {
        return Ok(2);
    }
    let status = shell.wait_for_job(number);
    Ok(status)
}

pub fn bg(shell: &mut Shell, args: &Args) -> Run<i32> {
    shell.jobs.forget_parents();
    let Some(number) = chosen(shell, args) else {
        return Ok(2);
    };
    if !goes_on(shell, number, false) {
        return Ok(2);
    }
    Ok(0)
}

/// Lets a job go on, with the terminal or without; false: it has no group of its own.
fn goes_on(shell: &mut Shell, number: usize, foreground: bool) -> bool {
    let Some(job) = shell.jobs.get(number) else {
        return false;
    };
    let text = job.text.to_vec();
    let Some(group) = job.group else {
        shell.complain(format_args!("job {number} not created under job control"));
        return false;
    };
    job.let_go_on();
    job.news = false;
    let line = if foreground {
        [&text[..], b"\n"].concat()
    } else {
        [format!("[{number}] ").as_bytes(), &text, b"\n"].concat()
    };
    shell.put(&line);
    shell.flush();
    if foreground {
        shell.jobs.make_current(number);
        shell.hand_terminal_over(number, group);
    }
    // A group that has ended meanwhile is noticed by waiting.
    let _ = signal::send(-group, numbers::CONT);
    true
}

pub fn wait(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some(options) = letters(shell, args, b"n") else {
        return Ok(2);
    };
    shell.jobs.forget_parents();
    if options.has(b'n') {
        return wait_for_any(shell);
    }
    if options.first >= args.len() {
        return wait_for_all(shell);
    }
    let mut status = 0;
    for name in args.from(options.first) {
        let found = shell.jobs.find(name);
        status = match found {
            Some(number) => {
                let (status, interrupted) = wait_for(shell, number)?;
                if interrupted {
                    return Ok(status);
                }
                shell.jobs.remove(number);
                status
            }
            None if name.starts_with(b"%") => {
                let name = String::from_utf8_lossy(name).into_owned();
                shell.complain(format_args!("{name}: no such job"));
                2
            }
            None => match number(shell, name) {
                Some(_) => 127,
                None => 2,
            },
        };
    }
    Ok(status)
}

/// Waits for a job; its status, and whether a signal came in between.
fn wait_for(shell: &mut Shell, number: usize) -> Run<(i32, bool)> {
    // It may have been told to go on since it was last looked at.
    shell.jobs.reap(shell.options.monitor);
    loop {
        match shell.job_state(number) {
            None => return Ok((127, false)),
            Some(State::Done(change)) => return Ok((status_of(change), false)),
            Some(State::Stopped) => return Ok((128 + numbers::TSTP, false)),
            Some(State::Running) => {}
        }
        if let Some(status) = wait_for_change(shell)? {
            return Ok((status, true));
        }
    }
}

fn wait_for_all(shell: &mut Shell) -> Run<i32> {
    loop {
        let running = shell.jobs.numbers().into_iter().find(|number| {
            let job = shell.jobs.get(*number);
            job.is_some_and(|job| job.state() == State::Running)
        });
        if running.is_none() {
            break;
        }
        if let Some(status) = wait_for_change(shell)? {
            return Ok(status);
        }
    }
    for number in shell.jobs.numbers() {
        if matches!(shell.job_state(number), Some(State::Done(_))) {
            shell.jobs.remove(number);
        }
    }
    Ok(0)
}

fn wait_for_any(shell: &mut Shell) -> Run<i32> {
    loop {
        let numbers = shell.jobs.numbers();
        if numbers.is_empty() {
            return Ok(127);
        }
        for number in numbers {
            if let Some(State::Done(change)) = shell.job_state(number) {
                shell.jobs.remove(number);
                return Ok(status_of(change));
            }
        }
        if let Some(status) = wait_for_change(shell)? {
            return Ok(status);
        }
    }
}

/// Waits until a child changes or a trapped signal comes; then its status, trap run.
fn wait_for_change(shell: &mut Shell) -> Run<Option<i32>> {
    match shell.wait_for_news(shell.options.monitor) {
        News::Change => Ok(None),
        News::NoChildren => {
            mark_lost(shell);
            Ok(None)
        }
        News::Signal(number) => {
            trap::put_back(number);
            shell.handle_signals()?;
            Ok(Some(128 + number))
        }
    }
}

/// Processes whose end somebody else has seen are done.
fn mark_lost(shell: &mut Shell) {
    for number in shell.jobs.numbers() {
        let Some(job) = shell.jobs.get(number) else {
            continue;
        };
        for (_, change) in &mut job.processes {
            if matches!(change, None | Some(job::Change::Continued)) {
                *change = Some(job::Change::Exited(127));
            }
        }
    }
}

pub fn kill(shell: &mut Shell, args: &Args) -> Run<i32> {
    let mut number = numbers::TERM;
    let mut first = 1;
    match args.get(1) {
        Some(b"-l" | b"-L") => {
            return match args.get(2) {
                Some(_) => name_signals(shell, args),
                None => list_signals(shell),
            };
        }
        Some(b"-s" | b"-n") => {
            let name = args.get(2).unwrap_or_default();
            let Some(found) = by_name(name) else {
                return bad_signal(shell, name);
            };
            number = found;
            first = 3;
        }
        Some(b"--") => first = 2,
        Some([b'-', name @ ..]) if !name.is_empty() => {
            let Some(found) = by_name(name) else {
                return bad_signal(shell, name);
            };
            number = found;
            first = 2;
        }
        _ => {}
    }
    if args.get(first) == Some(b"--") {
        first += 1;
    }
    if first >= args.len() {
        shell.complain("you need to specify whom to kill");
        return Ok(1);
    }
    let mut status = 0;
    for name in args.from(first) {
        status |= i32::from(!kill_one(shell, name, number));
    }
    Ok(status)
}

fn kill_one(shell: &mut Shell, name: &[u8], number: i32) -> bool {
    let shown = String::from_utf8_lossy(name).into_owned();
    let targets = if name.starts_with(b"%") {
        let Some(found) = find(shell, name) else {
            return false;
        };
        match shell.jobs.get(found) {
            Some(job) => match job.group {
                Some(group) => vec![-group],
                None => job.processes.iter().map(|(pid, _)| *pid).collect(),
            },
            None => Vec::new(),
        }
    } else {
        match shown.parse::<i32>() {
            Ok(pid) => vec![pid],
            Err(_) => {
                shell.complain(format_args!("invalid number '{shown}'"));
                return false;
            }
        }
    };
    let mut sent = true;
    for target in targets {
        if let Err(error) = signal::send(target, number) {
            shell.complain(format_args!("can't kill pid {shown}: {}", reason(&error)));
            sent = false;
        } else if number == numbers::CONT {
            shell.jobs.let_go_on(target);
        } else if number != 0 && !stops(number) && name.starts_with(b"%") {
            // A stopped job could not act on it.
            if signal::send(target, numbers::CONT).is_ok() {
                shell.jobs.let_go_on(target);
            }
        }
    }
    sent
}

/// Whether a signal stops processes that do not care.
fn stops(number: i32) -> bool {
    use numbers::{STOP, TSTP, TTIN, TTOU};
    [STOP, TSTP, TTIN, TTOU].contains(&number)
}

/// The number of a signal by name or number.
fn by_name(name: &[u8]) -> Option<i32> {
    signal::number(std::str::from_utf8(name).ok()?)
}

fn bad_signal(shell: &mut Shell, name: &[u8]) -> Run<i32> {
    let name = String::from_utf8_lossy(name).into_owned();
    shell.complain(format_args!("bad signal name '{name}'"));
    Ok(1)
}

/// `kill -l` without operands.
pub fn list_signals(shell: &mut Shell) -> Run<i32> {
    for number in 1..32 {
        if let Some(name) = signal::name(number) {
            shell.put(format!("{number:2}) {name}\n").as_bytes());
        }
    }
    Ok(0)
}

/// `kill -l NUMBER...`: names for numbers (or statuses), numbers for names.
fn name_signals(shell: &mut Shell, args: &Args) -> Run<i32> {
    for arg in args.from(2) {
        let text = String::from_utf8_lossy(arg).into_owned();
        let line = match text.parse::<i32>() {
            Ok(0) => "EXIT".to_owned(),
            Ok(number) => {
                let number = if number > 128 { number - 128 } else { number };
                match signal::name(number) {
                    Some(name) => name.to_owned(),
                    // Those without a name, for real-time programs.
                    None if (1..=64).contains(&number) => number.to_string(),
                    None => return bad_signal(shell, arg),
                }
            }
            Err(_) => match by_name(arg) {
                Some(number) => number.to_string(),
                None => return bad_signal(shell, arg),
            },
        };
        shell.put((line + "\n").as_bytes());
    }
    Ok(0)
}
