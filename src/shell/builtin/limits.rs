//! `ulimit`, `umask`, `times`.

use super::{Args, letters};
use crate::shell::Shell;
use crate::shell::error::Run;
use crate::sys::job;
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit};

/// Letter, name with its unit, resource, bytes of a unit.
const LIMITS: &[(u8, &str, Resource, u64)] = &[
    (b'c', "core file size (blocks)", Resource::Core, 512),
    (b'd', "data seg size (kb)", Resource::Data, 1024),
    (b'e', "scheduling priority", Resource::Nice, 1),
    (b'f', "file size (blocks)", Resource::Fsize, 512),
    (b'i', "pending signals", Resource::Sigpending, 1),
    (b'l', "max locked memory (kb)", Resource::Memlock, 1024),
    (b'm', "max memory size (kb)", Resource::Rss, 1024),
    (b'n', "open files", Resource::Nofile, 1),
    (b'q', "POSIX message queues (bytes)", Resource::Msgqueue, 1),
    (b'r', "real-time priority", Resource::Rtprio, 1),
    (b's', "stack size (kb)", Resource::Stack, 1024),
    (b't', "cpu time (seconds)", Resource::Cpu, 1),
    (b'u', "max user processes", Resource::Nproc, 1),
    (b'v', "virtual memory (kb)", Resource::As, 1024),
    (b'x', "file locks", Resource::Locks, 1),
];

pub fn ulimit(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some(options) = letters(shell, args, b"HSacdefilmnqrstuvx") else {
        return Ok(2);
    };
    let (hard, soft) = (options.has(b'H'), options.has(b'S'));
    let wanted = |letter: u8| options.has(letter) || (letter == b'f' && !any_letter(&options));
    if options.has(b'a') {
        for (letter, name, resource, unit) in LIMITS {
            let value = shown(rustix::process::getrlimit(*resource), hard, *unit);
            let line = format!("{name:<32}(-{}) {value}\n", char::from(*letter));
            shell.put(line.as_bytes());
        }
        return Ok(0);
    }
    for (letter, _, resource, unit) in LIMITS {
        if !wanted(*letter) {
            continue;
        }
        let limit = rustix::process::getrlimit(*resource);
        match args.get(options.first) {
            None => {
                let line = shown(limit, hard, *unit) + "\n";
                shell.put(line.as_bytes());
            }
            Some(text) => {
                let Some(value) = parse(text, *unit) else {
                    shell.complain("bad number");
                    return Ok(2);
                };
                let new = Rlimit {
                    current: if soft || !hard { value } else { limit.current },
                    maximum: if hard || !soft { value } else { limit.maximum },
                };
                if let Err(error) = rustix::process::setrlimit(*resource, new) {
                    let error = std::io::Error::from(error);
                    shell.complain(format_args!(
                        "error setting limit: {}",
                        crate::error::reason(&error)
                    ));
                    return Ok(1);
                }
            }
        }
    }
    Ok(0)
}

fn any_letter(options: &super::Letters) -> bool {
    options
        .given
        .iter()
        .any(|(letter, _)| !b"HS".contains(letter))
}

fn shown(limit: Rlimit, hard: bool, unit: u64) -> String {
    let value = if hard { limit.maximum } else { limit.current };
    value.map_or("unlimited".into(), |value| (value / unit).to_string())
}

/// `Some(None)` is no limit at all.
#[expect(
    clippy::option_option,
    reason = "the inner one is what the kernel's interface takes"
)]
fn parse(text: &[u8], unit: u64) -> Option<Option<u64>> {
    if text == b"unlimited" {
        return Some(None);
    }
    let value: u64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    value.checked_mul(unit).map(Some)
}

pub fn umask(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some(options) = letters(shell, args, b"S") else {
        return Ok(2);
    };
    // The mask can only be read by setting one.
    let mask = rustix::process::umask(Mode::from_raw_mode(0o77));
    rustix::process::umask(mask);
    let mask = mask.bits() & 0o777;
    let Some(text) = args.get(options.first) else {
        let line = if options.has(b'S') {
            format!(
                "u={},g={},o={}\n",
                letters_for(!mask >> 6),
                letters_for(!mask >> 3),
                letters_for(!mask)
            )
        } else {
            format!("{mask:04o}\n")
        };
        shell.put(line.as_bytes());
        return Ok(0);
    };
    let new = match text.first() {
        Some(b'0'..=b'9') => octal(text),
        _ => symbolic(text, !mask & 0o777).map(|allowed| !allowed & 0o777),
    };
    match new {
        Some(new) => {
            rustix::process::umask(Mode::from_raw_mode(new));
            Ok(0)
        }
        None => {
            let text = String::from_utf8_lossy(text).into_owned();
            shell.complain(format_args!("illegal mode: {text}"));
            Ok(2)
        }
    }
}

fn letters_for(bits: u32) -> String {
    let letters = [(4, 'r'), (2, 'w'), (1, 'x')];
    let set = letters.iter().filter(|(bit, _)| bits & bit != 0);
    set.map(|(_, letter)| *letter).collect()
}

fn octal(text: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(text).ok()?;
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|mask| *mask <= 0o777)
}

/// `u=rwx,g+w,o-r` applied to what is allowed now.
fn symbolic(text: &[u8], allowed: u32) -> Option<u32> {
    let mut allowed = allowed;
    for clause in text.split(|&b| b == b',') {
        let split = clause.iter().position(|b| b"+-=".contains(b))?;
        let (who, rest) = clause.split_at(split);
        let mut mask = 0;
        for letter in who {
            mask |= match letter {
                b'u' => 0o700,
                b'g' => 0o070,
                b'o' => 0o007,
                b'a' => 0o777,
                _ => return None,
            };
        }
        if mask == 0 {
            mask = 0o777;
        }
        let mut actions = rest;
        while let Some((op, letters)) = actions.split_first() {
            let next = letters.iter().position(|b| b"+-=".contains(b));
            let (letters, after) = letters.split_at(next.unwrap_or(letters.len()));
            let bits = bits_of(letters, allowed)? & mask;
            match op {
                b'+' => allowed |= bits,
                b'-' => allowed &= !bits,
                _ => allowed = (allowed & !mask) | bits,
            }
            actions = after;
        }
    }
    Some(allowed)
}

/// What letters mean for all three classes.
fn bits_of(letters: &[u8], allowed: u32) -> Option<u32> {
    let mut bits = 0;
    for letter in letters {
        bits |= match letter {
            b'r' => 0o444,
            b'w' => 0o222,
            b'x' => 0o111,
            // As another class has it now.
            b'u' => (allowed >> 6 & 7) * 0o111,
            b'g' => (allowed >> 3 & 7) * 0o111,
            b'o' => (allowed & 7) * 0o111,
            _ => return None,
        };
    }
    Some(bits)
}

pub fn times(shell: &mut Shell, _args: &Args) -> Run<i32> {
    let per_second = job::ticks_per_second();
    let shown = |ticks: i64| {
        let millis = ticks * 1000 / per_second;
        format!(
            "{}m{}.{:03}s",
            millis / 60_000,
            millis / 1000 % 60,
            millis % 1000
        )
    };
    let [user, system, child_user, child_system] = job::times().map(shown);
    let text = format!("{user} {system}\n{child_user} {child_system}\n");
    shell.put(text.as_bytes());
    Ok(0)
}

#[test]
fn symbolic_masks_are_read() {
    assert_eq!(symbolic(b"u=rwx,g=,o=", 0o755), Some(0o700));
    assert_eq!(symbolic(b"g+w", 0o755), Some(0o775));
    assert_eq!(symbolic(b"a-x", 0o755), Some(0o644));
    assert_eq!(symbolic(b"o=u,g-r", 0o750), Some(0o717));
    assert_eq!(symbolic(b"u=r+w-r,g-rx+w", 0o755), Some(0o225));
    assert_eq!(symbolic(b"q=r", 0o755), None);
}
