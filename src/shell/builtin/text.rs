//! `echo`, `printf`, `test` as builtins; the engines are shared with the applets.

use super::{Args, test};
use crate::shell::Shell;
use crate::shell::error::Run;
use crate::text::{echo, printf};

pub fn echo(shell: &mut Shell, args: &Args) -> Run<i32> {
    let mut out = std::mem::take(&mut shell.out);
    echo::append(args.from(1), &mut out);
    shell.out = out;
    shell.put(b"");
    Ok(0)
}

pub fn printf(shell: &mut Shell, args: &Args) -> Run<i32> {
    let first = if args.get(1) == Some(b"--") { 2 } else { 1 };
    let Some(format) = args.get(first) else {
        shell.complain("usage: printf FORMAT [ARG]...");
        return Ok(2);
    };
    let words: Vec<&[u8]> = args.from(first + 1).collect();
    let mut out = std::mem::take(&mut shell.out);
    let faults = printf::format(format, &words, &mut out);
    shell.out = out;
    for fault in &faults {
        shell.complain(fault);
    }
    Ok(i32::from(!faults.is_empty()))
}

pub fn test(shell: &mut Shell, args: &Args) -> Run<i32> {
    let words: Vec<&[u8]> = args.from(1).collect();
    Ok(answer(shell, &words))
}

pub fn bracket(shell: &mut Shell, args: &Args) -> Run<i32> {
    let words: Vec<&[u8]> = args.from(1).collect();
    match words.split_last() {
        Some((&b"]", words)) => Ok(answer(shell, words)),
        _ => {
            shell.complain("missing ]");
            Ok(2)
        }
    }
}

fn answer(shell: &mut Shell, words: &[&[u8]]) -> i32 {
    match test::evaluate(words) {
        Ok(holds) => i32::from(!holds),
        Err(error) => {
            shell.complain(error);
            2
        }
    }
}
