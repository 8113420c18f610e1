//! Builtins about what a name means.

use super::{Args, Letters, letters, names, quote};
use crate::proc::launch::Program;
use crate::shell::Shell;
use crate::shell::error::Run;
use crate::shell::launch::STANDARD_PATH;
use crate::shell::parser::is_reserved;

pub fn alias(shell: &mut Shell, args: &Args) -> Run<i32> {
    if args.len() == 1 {
        let mut text = Vec::new();
        for (name, value) in shell.aliases.borrow().iter() {
            show_alias(name, value, &mut text);
        }
        shell.put(&text);
        return Ok(0);
    }
    let mut status = 0;
    for arg in args.from(1) {
        let equals = memchr::memchr(b'=', arg).filter(|at| *at > 0);
        if let Some(at) = equals {
            let mut aliases = shell.aliases.borrow_mut();
            aliases.insert(arg[..at].to_vec(), arg[at + 1..].to_vec());
            continue;
        }
        let mut text = Vec::new();
        if let Some(value) = shell.aliases.borrow().get(arg) {
            show_alias(arg, value, &mut text);
        } else {
            status = 1;
        }
        if text.is_empty() {
            let line = [b"alias: ", arg, b" not found\n"].concat();
            shell.tell(&line);
        }
        shell.put(&text);
    }
    Ok(status)
}

fn show_alias(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.push(b'=');
    quote(value, out);
    out.push(b'\n');
}

pub fn unalias(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some(options) = letters(shell, args, b"a") else {
        return Ok(2);
    };
    if options.has(b'a') {
        shell.aliases.borrow_mut().clear();
        return Ok(0);
    }
    let mut status = 0;
    for name in args.from(options.first) {
        let removed = shell.aliases.borrow_mut().remove(name);
        if removed.is_none() {
            let line = [b"unalias: ", name, b" not found\n"].concat();
            shell.tell(&line);
            status = 1;
        }
    }
    Ok(status)
}

pub fn command(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some(options) = letters(shell, args, b"pvV") else {
        return Ok(2);
    };
    let Some(name) = args.get(options.first) else {
        return Ok(0);
    };
    let standard = options.has(b'p');
    if options.has(b'v') || options.has(b'V') {
        let long = options.has(b'V');
        return Ok(describe(shell, name, long, standard));
    }
    run_command(shell, args, &options, standard)
}

/// `command NAME ...`: everything but functions, and errors do not end a script.
fn run_command(shell: &mut Shell, args: &Args, options: &Letters, standard: bool) -> Run<i32> {
    let words: Args = args.from(options.first).collect();
    let name = words.get(0).unwrap_or_default();
    if let Some(builtin) = super::find(name) {
        let result = shell.invoke_with(builtin, &words);
        return match result {
            // The error of a special builtin is only a status here.
            Err(crate::shell::error::Flow::Error) if !shell.options.interactive => Ok(shell.status),
            other => other.map(|()| shell.status),
        };
    }
    let outer = shell.builtin.take();
    let result = shell.run_words_as_program(&words, standard);
    shell.builtin = outer;
    result
}

pub fn type_(shell: &mut Shell, args: &Args) -> Run<i32> {
    let short = args.get(1) == Some(b"-t");
    let mut status = 0;
    for name in args.from(1 + usize::from(short)) {
        if short {
            status = status.max(match kind_of(shell, name, false) {
                Some(_) => {
                    shell.put(&[name, b"\n"].concat());
                    0
                }
                None => 127,
            });
            continue;
        }
        status = status.max(describe(shell, name, true, false));
    }
    Ok(status)
}

/// What a name is.
enum Kind {
    Keyword,
    Alias(Vec<u8>),
    Function,
    Special,
    Builtin,
    File(Vec<u8>),
}

fn kind_of(shell: &mut Shell, name: &[u8], standard: bool) -> Option<Kind> {
    if is_reserved(name) {
        return Some(Kind::Keyword);
    }
    if let Some(value) = shell.aliases.borrow().get(name) {
        return Some(Kind::Alias(value.clone()));
    }
    if shell.functions.contains_key(name) {
        return Some(Kind::Function);
    }
    match super::find(name) {
        Some(builtin) if builtin.special => return Some(Kind::Special),
        Some(_) => return Some(Kind::Builtin),
        None => {}
    }
    let path = match standard {
        true => STANDARD_PATH.as_bytes().to_vec(),
        false => shell.vars.get(b"PATH").unwrap_or_default().to_vec(),
    };
    file_of(shell, name, &path).map(Kind::File)
}

/// The path of the executable file that a name means.
fn file_of(shell: &Shell, name: &[u8], path: &[u8]) -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStrExt;
    let executable = |file: &std::path::Path| {
        rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok() && file.is_file()
    };
    let name = std::ffi::OsStr::from_bytes(name);
    let located = shell.search(name.as_bytes(), path)?;
    let file = match located.program {
        Program::File(file) => file,
        // The link of an applet: where it lies.
        Program::Own(_) if name.as_bytes().contains(&b'/') => {
            return Some(name.as_bytes().to_vec());
        }
        Program::Own(_) => crate::proc::launch::search(name, std::ffi::OsStr::from_bytes(path))?,
    };
    executable(&file).then(|| file.as_os_str().as_bytes().to_vec())
}

/// Says what a name is: in a sentence, or as `command -v` does. The status.
fn describe(shell: &mut Shell, name: &[u8], long: bool, standard: bool) -> i32 {
    let Some(kind) = kind_of(shell, name, standard) else {
        if long {
            shell.put(&[name, b": not found\n"].concat());
        }
        return 127;
    };
    let mut text = name.to_vec();
    match (kind, long) {
        (Kind::Alias(value), true) => {
            text.extend_from_slice(b" is an alias for ");
            text.extend_from_slice(&value);
        }
        (Kind::Alias(value), false) => {
            text = b"alias ".to_vec();
            show_alias(name, &value, &mut text);
            text.pop();
        }
        (Kind::File(path), true) => {
            text.extend_from_slice(b" is ");
            text.extend_from_slice(&path);
        }
        (Kind::File(path), false) => text = path,
        (Kind::Keyword, true) => text.extend_from_slice(b" is a shell keyword"),
        (Kind::Function, true) => text.extend_from_slice(b" is a function"),
        (Kind::Special, true) => text.extend_from_slice(b" is a special shell builtin"),
        (Kind::Builtin, true) => text.extend_from_slice(b" is a shell builtin"),
        _ => {}
    }
    text.push(b'\n');
    shell.put(&text);
    0
}

pub fn hash(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some(options) = letters(shell, args, b"r") else {
        return Ok(2);
    };
    if options.has(b'r') {
        shell.located.clear();
        return Ok(0);
    }
    if options.first >= args.len() {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        for (name, located) in &shell.located {
            use std::os::unix::ffi::OsStrExt;
            let line = match located.path() {
                Some(path) => path.as_os_str().as_bytes(),
                None => name,
            };
            lines.push([line, b"\n"].concat());
        }
        lines.sort();
        shell.put(&lines.concat());
        return Ok(0);
    }
    let mut status = 0;
    for name in args.from(options.first) {
        let known = super::find(name).is_some() || shell.functions.contains_key(name);
        if !known && shell.locate(name).is_none() {
            let name = String::from_utf8_lossy(name).into_owned();
            shell.complain(format_args!("{name}: not found"));
            status = 1;
        }
    }
    Ok(status)
}

pub fn help(shell: &mut Shell, _args: &Args) -> Run<i32> {
    let mut text = String::from("Built-in commands:\n------------------\n");
    let applets = shell.applets.table.iter().flat_map(|applet| applet.names);
    let mut applets: Vec<&str> = applets
        .copied()
        .filter(|name| !names().any(|n| n == *name))
        .collect();
    applets.sort_unstable();
    let mut column = 0;
    for name in names().chain(applets) {
        if column + name.len() + 1 > 70 {
            text.push('\n');
            column = 0;
        }
        text += if column == 0 { "\t" } else { " " };
        text += name;
        column += name.len() + 1;
    }
    text.push_str("\n\n");
    shell.put(text.as_bytes());
    Ok(0)
}

/// The lines typed so far.
pub fn history(shell: &mut Shell, _args: &Args) -> Run<i32> {
    let mut text = Vec::new();
    for (index, line) in shell.conversation.borrow().history.iter().enumerate() {
        text.extend_from_slice(format!("{index:4} ").as_bytes());
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    shell.put(&text);
    Ok(0)
}
