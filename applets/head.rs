//! head - the beginning of files.
//!
//! `-n -N` and `-c -N` print all but the end; only so much is held back as may belong to it.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::text::count;
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["head"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: head [-n [-]LINES] [-c [-]BYTES] [-qv] [FILE]...

Print the first 10 lines of FILEs, or of standard input.

  -n N              first N lines; -N: all but the last N
  -c N              first N bytes; -N: all but the last N (k, M: times 1024, 1024²)
  -q                never print file names
  -v                always print file names
  -NUM              same as -n NUM

Example: head -n 20 /etc/config/firewall
";

/// How much of a file is printed.
#[derive(Clone, Copy)]
enum Amount {
    Lines(u64),
    Bytes(u64),
    AllButLines(u64),
    AllButBytes(u64),
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let mut amount = Amount::Lines(10);
    for (key, value) in opts.in_order() {
        match key {
            "n" => amount = number(value, Amount::Lines, Amount::AllButLines)?,
            "c" => amount = number(value, Amount::Bytes, Amount::AllButBytes)?,
            "NUM" => amount = number(value, Amount::Lines, Amount::Lines)?,
            _ => {}
        }
    }
    let files = match &opts.operands[..] {
        [] => vec![OsString::from("-")],
        files => files.to_vec(),
    };
    let titles = match opts.last_of(&["q", "v"]) {
        Some(which) => which == "v",
        None => files.len() > 1,
    };
    let mut first = true;
    for file in &files {
        let source = match ctx.open(file).at("", file) {
            Ok(source) => source,
            Err(error) => {
                ctx.complain(error);
                continue;
            }
        };
        if titles {
            let gap: &[u8] = if first { b"" } else { b"\n" };
            let name: &[u8] = if file == "-" {
                b"standard input"
            } else {
                file.as_bytes()
            };
            ctx.out.put(&[gap, b"==> ", name, b" <==\n"].concat());
        }
        first = false;
        if let Err(error) = print(ctx, source, amount).at("", file) {
            ctx.complain(error);
        }
        if ctx.out.failed() {
            break;
        }
    }
    Ok(ctx.status())
}

fn number(text: &OsStr, plain: fn(u64) -> Amount, all_but: fn(u64) -> Amount) -> Result<Amount> {
    let bytes = text.as_bytes();
    let (digits, make) = match bytes.strip_prefix(b"-") {
        Some(digits) => (digits, all_but),
        None => (bytes, plain),
    };
    match count::parse(digits) {
        Some(number) => Ok(make(number)),
        None => Err(Error::message(format!(
            "invalid number '{}'",
            text.to_string_lossy()
        ))),
    }
}

fn print(ctx: &mut Ctx, source: impl Read, amount: Amount) -> std::io::Result<()> {
    match amount {
        Amount::Bytes(count) => {
            std::io::copy(&mut source.take(count), &mut ctx.out)?;
        }
        Amount::Lines(count) => lines(ctx, source, count)?,
        Amount::AllButBytes(count) => all_but_bytes(ctx, source, count)?,
        Amount::AllButLines(count) => all_but_lines(ctx, source, count)?,
    }
    Ok(())
}

fn lines(ctx: &mut Ctx, mut source: impl Read, mut count: u64) -> std::io::Result<()> {
    let mut buf = vec![0; 16 * 1024];
    while count > 0 && !ctx.out.failed() {
        let got = match source.read(&mut buf) {
            Ok(0) => break,
            Ok(got) => got,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let mut end = got;
        for newline in memchr::memchr_iter(b'\n', &buf[..got]) {
            count -= 1;
            if count == 0 {
                end = newline + 1;
                break;
            }
        }
        ctx.out.put(&buf[..end]);
    }
    Ok(())
}

fn all_but_bytes(ctx: &mut Ctx, mut source: impl Read, count: u64) -> std::io::Result<()> {
    let hold = usize::try_from(count).unwrap_or(usize::MAX);
    let mut held = VecDeque::new();
    let mut buf = vec![0; 16 * 1024];
    loop {
        match source.read(&mut buf) {
            Ok(0) => return Ok(()),
            Ok(got) => held.extend(&buf[..got]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        let ready = held.len().saturating_sub(hold);
        let bytes: Vec<u8> = held.drain(..ready).collect();
        ctx.out.put(&bytes);
    }
}

fn all_but_lines(ctx: &mut Ctx, source: impl Read, count: u64) -> std::io::Result<()> {
    let mut held: VecDeque<Vec<u8>> = VecDeque::new();
    let mut source = BufReader::new(source);
    loop {
        let mut line = Vec::new();
        if source.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        held.push_back(line);
        if held.len() as u64 > count
            && let Some(line) = held.pop_front()
        {
            ctx.out.put(&line);
        }
    }
}
