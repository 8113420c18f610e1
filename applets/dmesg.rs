//! dmesg - what the kernel has said.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::sys::kernel_log;
use std::ffi::OsStr;

pub static APPLET: Applet = Applet {
    names: &["dmesg"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: dmesg [-cr] [-n LEVEL] [-s SIZE]

Print the kernel's messages.

  -c                forget them afterwards
  -r                with the level of each in front
  -n LEVEL          print nothing; from now on the console shows messages below LEVEL (1-8)
  -s SIZE           only the last SIZE bytes

Example: dmesg | tail
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    if let Some(level) = opts.value("n") {
        let level = i32::try_from(number(level)?).unwrap_or(8);
        kernel_log::set_console_level(level).at("", "klogctl")?;
        return Ok(Exit::OK);
    }
    let limit = opts.value("s").map(number).transpose()?;
    let text = kernel_log::read(limit, opts.has("c")).at("", "klogctl")?;
    for line in text.split_inclusive(|&b| b == b'\n') {
        ctx.out.put(if opts.has("r") {
            line
        } else {
            without_level(line)
        });
    }
    if text.last().is_some_and(|&b| b != b'\n') {
        ctx.out.put(b"\n");
    }
    Ok(Exit::OK)
}

fn number(text: &OsStr) -> Result<usize> {
    let text = text.to_string_lossy();
    text.parse()
        .map_err(|_| Error::message(format!("invalid number '{text}'")))
}

/// A line without its `<6>`.
fn without_level(line: &[u8]) -> &[u8] {
    let end = line
        .iter()
        .position(|&b| b == b'>')
        .filter(|_| line.starts_with(b"<"));
    match end {
        Some(end) if line[1..end].iter().all(u8::is_ascii_digit) => &line[end + 1..],
        _ => line,
    }
}

#[test]
fn levels_are_taken_off() {
    assert_eq!(without_level(b"<6>[ 1.0] a <b>\n"), b"[ 1.0] a <b>\n");
    assert_eq!(without_level(b"a <6>\n"), b"a <6>\n");
    assert_eq!(without_level(b"<x>\n"), b"<x>\n");
}
