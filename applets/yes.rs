//! yes - the same line for ever.
//!
//! It has no options: `yes -n` answers `-n`. It ends when nobody reads any more.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Error, Exit, Result};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["yes"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: yes [WORD]...

Print WORDs, or y, on a line, again and again.

Example: yes | rm -i *.old
";

/// Lines gather to about this much before they are written.
const FULL: usize = 16 * 1024;

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let words: Vec<&[u8]> = match &ctx.args[..] {
        [] => vec![b"y"],
        [only] if only == "--help" => return Err(Error::Help(USAGE.into())),
        words => words.iter().map(|word| OsStr::as_bytes(word)).collect(),
    };
    let mut line = words.join(&b' ');
    line.push(b'\n');
    let lines = line.repeat(FULL.div_ceil(line.len()));
    while !ctx.out.failed() {
        ctx.out.put(&lines);
    }
    Ok(Exit::FAILED)
}
