//! Builtins about variables, options and positional parameters.

use super::{Args, letters, number, quote};
use crate::shell::Shell;
use crate::shell::arith;
use crate::shell::calculate;
use crate::shell::error::{Flow, Run};
use crate::shell::lexer::{is_name, split_assignment};
use crate::shell::params::Params;
use crate::shell::vars::Var;

pub fn export(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some(options) = letters(shell, args, b"np") else {
        shell.status = 2;
        return Err(Flow::Error);
    };
    if options.first >= args.len() {
        show(shell, "export", |var| var.exported);
        return Ok(0);
    }
    let exported = !options.has(b'n');
    declare(shell, args, options.first, |var| var.exported = exported)
}

pub fn readonly(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some(options) = letters(shell, args, b"p") else {
        shell.status = 2;
        return Err(Flow::Error);
    };
    if options.first >= args.len() {
        show(shell, "readonly", |var| var.readonly);
        return Ok(0);
    }
    declare(shell, args, options.first, |var| var.readonly = true)
}

fn declare(shell: &mut Shell, args: &Args, first: usize, mark: impl Fn(&mut Var)) -> Run<i32> {
    for arg in args.from(first) {
        let name = assign_argument(shell, arg)?;
        shell.vars.mark(name, &mark);
    }
    Ok(0)
}

/// Performs `name=value` and gives the name.
fn assign_argument<'a>(shell: &mut Shell, arg: &'a [u8]) -> Run<&'a [u8]> {
    if is_name(arg) {
        return Ok(arg);
    }
    let Some((name, append, value)) = split_assignment(arg) else {
        let name = arg.split(|&byte| byte == b'=').next().unwrap_or_default();
        let shown = String::from_utf8_lossy(name).into_owned();
        return Err(shell.fatal(format_args!("{shown}: bad variable name")));
    };
    let result = if append {
        shell.vars.append(name, value)
    } else {
        shell.vars.set(name, value)
    };
    match result {
        Ok(()) => Ok(name),
        Err(_) => Err(shell.read_only(name)),
    }
}

fn show(shell: &mut Shell, command: &str, wanted: impl Fn(&Var) -> bool) {
    let mut text = Vec::new();
    for (name, var) in shell.vars.sorted() {
        if !wanted(var) {
            continue;
        }
        text.extend_from_slice(command.as_bytes());
        text.push(b' ');
        text.extend_from_slice(name);
        if let Some(value) = var.value() {
            text.push(b'=');
            quote(value, &mut text);
        }
        text.push(b'\n');
    }
    shell.put(&text);
}

pub fn local(shell: &mut Shell, args: &Args) -> Run<i32> {
    if shell.calls == 0 {
        return Err(shell.fatal("not in a function"));
    }
    for arg in args.from(1) {
        if arg == b"-" {
            shell.complain("-: options are not local");
            return Ok(2);
        }
        let name = split_assignment(arg).map_or(arg, |(name, ..)| name);
        if is_name(name) && shell.vars.make_local(name).is_err() {
            return Err(shell.read_only(name));
        }
        assign_argument(shell, arg)?;
    }
    Ok(0)
}

pub fn unset(shell: &mut Shell, args: &Args) -> Run<i32> {
    let Some(options) = letters(shell, args, b"vf") else {
        shell.status = 2;
        return Err(Flow::Error);
    };
    for name in args.from(options.first) {
        if options.has(b'f') {
            shell.functions.remove(name);
            continue;
        }
        if !is_name(name) {
            let shown = String::from_utf8_lossy(name).into_owned();
            return Err(shell.fatal(format_args!("{shown}: bad variable name")));
        }
        if shell.vars.unset(name).is_err() {
            return Err(shell.read_only(name));
        }
    }
    Ok(0)
}

pub fn shift(shell: &mut Shell, args: &Args) -> Run<i32> {
    let count = match args.get(1) {
        Some(text) => match number(shell, text) {
            Some(count) => count as usize,
            None => {
                shell.status = 2;
                return Err(Flow::Error);
            }
        },
        None => 1,
    };
    Ok(i32::from(!shell.params.shift(count)))
}

pub fn set(shell: &mut Shell, args: &Args) -> Run<i32> {
    if args.len() == 1 {
        show_all(shell);
        return Ok(0);
    }
    let mut index = 1;
    while let Some(arg) = args.get(index) {
        let (on, letters) = match arg {
            b"--" => {
                shell.params = Params::new(args.from(index + 1).collect(), 0);
                return Ok(0);
            }
            b"-" => {
                index += 1;
                shell.options.xtrace = false;
                shell.options.verbose = false;
                break;
            }
            [b'-', letters @ ..] => (true, letters),
            [b'+', letters @ ..] if !letters.is_empty() => (false, letters),
            _ => break,
        };
        index += 1;
        for &letter in letters {
            let status = if letter == b'o' {
                let name = args.get(index);
                index += 1;
                set_by_name(shell, name, on)
            } else {
                set_by_letter(shell, letter, on)?
            };
            if status != 0 {
                return Ok(status);
            }
        }
    }
    if index < args.len() {
        shell.params = Params::new(args.from(index).collect(), 0);
    }
    Ok(0)
}

fn set_by_letter(shell: &mut Shell, letter: u8, on: bool) -> Run<i32> {
    let fixed = matches!(letter, b'c' | b'i' | b's');
    match shell.options.by_letter(letter) {
        Some(switch) if !fixed => *switch = on,
        _ => {
            let text = format!("illegal option -{}", char::from(letter));
            return Err(shell.fatal(text));
        }
    }
    after_change(shell, letter == b'm');
    Ok(0)
}

fn set_by_name(shell: &mut Shell, name: Option<&[u8]>, on: bool) -> i32 {
    let Some(name) = name else {
        show_options(shell, on);
        return 0;
    };
    match shell.options.by_name(name) {
        Some(switch) => *switch = on,
        None => {
            let name = String::from_utf8_lossy(name).into_owned();
            shell.complain(format_args!("illegal option -o {name}"));
            return 1;
        }
    }
    after_change(shell, name == b"monitor");
    0
}

/// What follows from a changed switch.
fn after_change(shell: &mut Shell, monitor: bool) {
    shell.vars.export_all = shell.options.allexport;
    if !monitor {
        return;
    }
    if shell.options.monitor && shell.jobs.terminal.is_none() {
        // Without a terminal there are still process groups to control.
        shell.start_job_control();
    } else if !shell.options.monitor {
        shell.stop_job_control();
    }
    if shell.options.interactive {
        shell.set_usual_signals();
    }
}

fn show_options(shell: &mut Shell, readable: bool) {
    for (name, on) in shell.options.named() {
        let line = match (readable, on) {
            (true, true) => format!("{name:<16}on\n"),
            (true, false) => format!("{name:<16}off\n"),
            (false, true) => format!("set -o {name}\n"),
            (false, false) => format!("set +o {name}\n"),
        };
        shell.put(line.as_bytes());
    }
}

fn show_all(shell: &mut Shell) {
    let mut text = Vec::new();
    for (name, var) in shell.vars.sorted() {
        if let Some(value) = var.value() {
            text.extend_from_slice(name);
            text.push(b'=');
            quote(value, &mut text);
            text.push(b'\n');
        }
    }
    shell.put(&text);
}

pub fn let_(shell: &mut Shell, args: &Args) -> Run<i32> {
    if args.len() < 2 {
        shell.complain("expression expected");
        return Ok(2);
    }
    let mut value = 0;
    for text in args.from(1) {
        let nounset = shell.options.nounset;
        let result = arith::parse(text).and_then(|e| calculate::eval(&e, &mut shell.vars, nounset));
        value = match result {
            Ok(value) => value,
            Err(error) => return Err(shell.fatal(error)),
        };
    }
    Ok(i32::from(value == 0))
}

pub fn getopts(shell: &mut Shell, args: &Args) -> Run<i32> {
    let (Some(letters), Some(name)) = (args.get(1), args.get(2)) else {
        return Err(shell.fatal("usage: getopts optstring var [arg...]"));
    };
    let own: Params = if args.len() > 3 {
        Params::new(args.from(3).collect(), 0)
    } else {
        shell.params.clone()
    };
    let index = shell.vars.get(b"OPTIND").and_then(|text| {
        let text = std::str::from_utf8(text).ok()?;
        text.parse::<usize>().ok()
    });
    let mut place = index.unwrap_or(1).max(1);
    if std::mem::take(&mut shell.vars.optind_changed) {
        shell.option_offset = 0;
    }
    let found = next_option(&own, letters, &mut place, &mut shell.option_offset);
    // Nobody makes OPTIND read-only and calls getopts.
    let _ = shell.vars.set_number(b"OPTIND", place as i64);
    shell.vars.optind_changed = false;
    let silent = letters.first() == Some(&b':');
    let (value, argument, complaint) = match found {
        Found::End => {
            shell.assign(name, b"?")?;
            return Ok(1);
        }
        Found::Option(letter, argument) => (letter, argument, None),
        Found::Unknown(letter) if silent => (b'?', Some(vec![letter]), None),
        Found::Unknown(letter) => (b'?', None, Some(("Illegal option -", letter, ""))),
        Found::NoArgument(letter) if silent => (b':', Some(vec![letter]), None),
        Found::NoArgument(letter) => (b'?', None, Some(("No arg for -", letter, " option"))),
    };
    if let Some((before, letter, after)) = complaint {
        let text = format!("{before}{}{after}\n", char::from(letter));
        shell.tell(text.as_bytes());
    }
    match argument {
        Some(argument) => shell.assign(b"OPTARG", &argument)?,
        None => {
            // A read-only OPTARG keeps its value.
            let _ = shell.vars.unset(b"OPTARG");
        }
    }
    shell.assign(name, &[value])?;
    Ok(0)
}

/// What `getopts` came upon.
enum Found {
    Option(u8, Option<Vec<u8>>),
    Unknown(u8),
    NoArgument(u8),
    End,
}

/// Takes the next option; `place` is OPTIND, `offset` where in that word we are.
fn next_option(args: &Params, letters: &[u8], place: &mut usize, offset: &mut usize) -> Found {
    let word = args.get(*place - 1);
    let letter = word.and_then(|word| word.get((*offset).max(1)).copied());
    let (Some(word), Some(letter)) = (word, letter) else {
        return Found::End;
    };
    if word.first() != Some(&b'-') {
        return Found::End;
    }
    if word == b"--" {
        *place += 1;
        return Found::End;
    }
    *offset = (*offset).max(1) + 1;
    let rest = word.get(*offset..).unwrap_or_default();
    if rest.is_empty() {
        *place += 1;
        *offset = 0;
    }
    let Some(at) = letters.iter().position(|&l| l == letter && l != b':') else {
        return Found::Unknown(letter);
    };
    if letters.get(at + 1) != Some(&b':') {
        return Found::Option(letter, None);
    }
    if !rest.is_empty() {
        *place += 1;
        *offset = 0;
        return Found::Option(letter, Some(rest.to_vec()));
    }
    match args.get(*place - 1) {
        Some(next) => {
            *place += 1;
            Found::Option(letter, Some(next.to_vec()))
        }
        None => Found::NoArgument(letter),
    }
}
