//! Builtins that change where execution goes on.

use super::{Args, letters, number, quote};
use crate::shell::Shell;
use crate::shell::error::{Flow, Run};
use crate::shell::trap::{ERR, EXIT};
use crate::sys::signal;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub fn colon(_shell: &mut Shell, _args: &Args) -> Run<i32> {
    Ok(0)
}

pub fn no(_shell: &mut Shell, _args: &Args) -> Run<i32> {
    Ok(1)
}

pub fn break_loop(shell: &mut Shell, args: &Args) -> Run<i32> {
    match levels(shell, args)? {
        Some(more) => Err(Flow::Break(more)),
        None => Ok(0),
    }
}

pub fn continue_loop(shell: &mut Shell, args: &Args) -> Run<i32> {
    match levels(shell, args)? {
        Some(more) => Err(Flow::Continue(more)),
        None => Ok(0),
    }
}

/// How many loops are left beyond the innermost; None outside of loops.
fn levels(shell: &mut Shell, args: &Args) -> Run<Option<u32>> {
    let count = match args.get(1) {
        Some(text) => match number(shell, text) {
            Some(count @ 1..) => count as u32,
            Some(_) => {
                return Err(shell.fatal("Illegal number: 0"));
            }
            None => {
                shell.status = 2;
                return Err(Flow::Error);
            }
        },
        None => 1,
    };
    shell.status = 0;
    Ok(shell.loops.checked_sub(1).map(|outer| outer.min(count - 1)))
}

pub fn return_(shell: &mut Shell, args: &Args) -> Run<i32> {
    shell.status = status_argument(shell, args)?;
    if shell.calls == 0 && shell.sourced == 0 && shell.options.interactive {
        return Ok(shell.status);
    }
    if shell.calls == 0 && shell.sourced == 0 {
        return Err(Flow::Exit);
    }
    Err(Flow::Return)
}

pub fn exit(shell: &mut Shell, args: &Args) -> Run<i32> {
    shell.status = match (shell.trap_status, args.get(1)) {
        (Some(before), None) => before,
        _ => status_argument(shell, args)?,
    };
    Err(Flow::Exit)
}

fn status_argument(shell: &mut Shell, args: &Args) -> Run<i32> {
    match args.get(1) {
        Some(text) => match number(shell, text) {
            Some(status) => Ok(status & 255),
            None => {
                shell.status = 2;
                Err(Flow::Error)
            }
        },
        None => Ok(shell.status),
    }
}

pub fn eval(shell: &mut Shell, args: &Args) -> Run<i32> {
    let words: Vec<&[u8]> = args.from(1).collect();
    if words.is_empty() {
        return Ok(0);
    }
    let line = shell.vars.line;
    let outer = shell.builtin.take();
    let result = shell.run_text(&words.join(&b' '), line);
    shell.builtin = outer;
    result.map(|()| shell.status)
}

pub fn dot(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some(name) = args.get(1) else {
        shell.complain("filename argument required");
        return Ok(2);
    };
    let Some(path) = find_sourced(shell, name) else {
        let name = String::from_utf8_lossy(name).into_owned();
        return Err(shell.fatal(format_args!("{name}: not found")));
    };
    if args.len() > 2 {
        let params = args.from(2).collect();
        let params = crate::shell::params::Params::new(params, 0);
        let outer = std::mem::replace(&mut shell.params, params);
        let result = shell.source(&path);
        shell.params = outer;
        return result.map(|()| shell.status);
    }
    shell.source(&path).map(|()| shell.status)
}

/// The file of `. name`: along `PATH`, which may name the current directory or not.
fn find_sourced(shell: &mut Shell, name: &[u8]) -> Option<PathBuf> {
    let plain = Path::new(OsStr::from_bytes(name));
    if name.contains(&b'/') {
        return Some(plain.to_owned());
    }
    let path = shell.vars.get(b"PATH").unwrap_or_default().to_vec();
    let mut candidates = path.split(|&b| b == b':').map(|dir| {
        let dir: &[u8] = if dir.is_empty() { b"." } else { dir };
        Path::new(OsStr::from_bytes(dir)).join(plain)
    });
    candidates.find(|file| file.is_file())
}

pub fn exec(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some(options) = letters(shell, args, b"a:") else {
        shell.status = 2;
        return Err(Flow::Error);
    };
    if options.first >= args.len() {
        return Ok(0);
    }
    let words: Args = args.from(options.first).collect();
    shell.close_processes();
    Err(shell.exec_by_name(&words, options.value(b'a')))
}

pub fn trap(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some(options) = letters(shell, args, b"lp") else {
        return Ok(2);
    };
    if options.has(b'l') {
        return super::job_control::list_signals(shell);
    }
    let first = options.first;
    if options.has(b'p') && first < args.len() {
        return show_conditions(shell, args, first);
    }
    let Some(action) = args.get(first) else {
        show_traps(shell);
        return Ok(0);
    };
    // A number alone, or a single word, names a condition to reset.
    let number = !action.is_empty() && action.iter().all(u8::is_ascii_digit);
    let (action, names) = if number || args.len() == first + 1 {
        (None, first)
    } else if action == b"-" {
        (None, first + 1)
    } else {
        (Some(action), first + 1)
    };
    let mut status = 0;
    for name in args.from(names) {
        match condition(shell, name) {
            Some(condition) => shell.set_trap(condition, action),
            None => status = 1,
        }
    }
    Ok(status)
}

/// The condition of a name, or a complaint.
fn condition(shell: &mut Shell, name: &[u8]) -> Option<i32> {
    let found = match name {
        _ if name.eq_ignore_ascii_case(b"EXIT") => Some(EXIT),
        _ if name.eq_ignore_ascii_case(b"ERR") => Some(ERR),
        _ => std::str::from_utf8(name).ok().and_then(signal::number),
    };
    if found.is_none() {
        let name = String::from_utf8_lossy(name).into_owned();
        shell.complain(format_args!("{name}: invalid signal specification"));
    }
    found
}

fn show_traps(shell: &mut Shell) {
    let mut text = Vec::new();
    for (condition, action) in shell.traps.shown() {
        show_trap(*condition, Some(action), &mut text);
    }
    shell.put(&text);
}

/// `trap -p CONDITION...`: as they are, the default action too.
fn show_conditions(shell: &mut Shell, args: &Args, first: usize) -> Run<i32> {
    let (mut text, mut status) = (Vec::new(), 0);
    for name in args.from(first) {
        match condition(shell, name) {
            Some(condition) => {
                let action = shell.traps.shown().get(&condition);
                show_trap(condition, action.map(|action| &**action), &mut text);
            }
            None => status = 1,
        }
    }
    shell.put(&text);
    Ok(status)
}

fn show_trap(condition: i32, action: Option<&[u8]>, text: &mut Vec<u8>) {
    text.extend_from_slice(b"trap -- ");
    match action {
        Some(action) => quote(action, text),
        None => text.push(b'-'),
    }
    let name = match condition {
        EXIT => "EXIT".to_owned(),
        ERR => "ERR".to_owned(),
        number => signal::name(number).map_or(number.to_string(), str::to_owned),
    };
    text.extend_from_slice(format!(" {name}\n").as_bytes());
}
