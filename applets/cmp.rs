//! cmp - compare two files byte by byte.
//!
//! Status 0: the same, 1: different, 2: something went wrong; a file that ends early is
//! different.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::opts::{self, Order};
use safebox::text::count;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["cmp"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: cmp [-ls] [-n N] FILE1 [FILE2 [SKIP1 [SKIP2]]]

Compare FILE1 with FILE2, or with standard input.

  -l                all differences: the number of the byte, both values in octal
  -s                print nothing, the status tells
  -n N              compare at most N bytes (k, M: times 1024, 1024²)

Example: cmp /dev/mtd0 /tmp/backup.bin && echo same
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = opts::parse(USAGE, &ctx.args, Order::Anywhere, Exit::USAGE)?;
    let operands = &opts.operands;
    let (list, silent) = (opts.has("l"), opts.has("s"));
    if !(1..=4).contains(&operands.len()) || list && silent {
        return Err(Error::Usage {
            complaint: String::new(),
            usage: USAGE.into(),
            exit: Exit::USAGE,
        });
    }
    let most = opts.value("n").map(number).transpose()?;
    let skips = [operands.get(2), operands.get(3)];
    let names = [
        operands[0].clone(),
        operands.get(1).cloned().unwrap_or_else(|| "-".into()),
    ];
    if names[0] == "-" && names[1] == "-" {
        return Ok(Exit::OK);
    }
    let mut sides = Vec::new();
    for (name, skip) in names.iter().zip(skips) {
        let skip = skip.map(number).transpose()?.unwrap_or(0);
        match open(ctx, name, skip, most) {
            Ok(side) => sides.push(side),
            Err(_) if silent => return Ok(Exit::USAGE),
            Err(error) => return Err(worse(error)),
        }
    }
    let [a, b] = &mut sides[..] else {
        return Ok(Exit::USAGE);
    };
    let show = match (silent, list) {
        (true, _) => Show::Nothing,
        (_, true) => Show::All,
        _ => Show::First,
    };
    compare(ctx, [a, b], &names, show).map_err(worse)
}

/// The same failure with the status that means trouble.
fn worse(error: Error) -> Error {
    Error::Message(error.to_string(), Exit::USAGE)
}

fn number(text: impl AsRef<OsStr>) -> Result<u64> {
    let text = text.as_ref();
    count::parse(text.as_bytes())
        .ok_or_else(|| Error::Message(format!("invalid number '{}'", text.display()), Exit::USAGE))
}

fn open(ctx: &Ctx, name: &OsStr, skip: u64, most: Option<u64>) -> Result<impl BufRead + use<>> {
    let mut source = ctx.open(name).at("", name)?;
    if skip > 0 {
        std::io::copy(&mut (&mut source).take(skip), &mut std::io::sink()).at("", name)?;
    }
    Ok(BufReader::with_capacity(64 * 1024, source).take(most.unwrap_or(u64::MAX)))
}

#[derive(Clone, Copy, PartialEq)]
enum Show {
    Nothing,
    First,
    All,
}

fn compare(
    ctx: &mut Ctx,
    [a, b]: [&mut impl BufRead; 2],
    names: &[OsString; 2],
    show: Show,
) -> Result<Exit> {
    let (mut byte, mut line) = (0u64, 1u64);
    let mut exit = Exit::OK;
    loop {
        let left = a.fill_buf().at("", &names[0])?;
        let right = b.fill_buf().at("", &names[1])?;
        let common = left.len().min(right.len());
        if common == 0 {
            let ended = match (left.is_empty(), right.is_empty()) {
                (true, true) => return Ok(exit),
                (true, _) => &names[0],
                _ => &names[1],
            };
            if show != Show::Nothing {
                ctx.say(format_args!("EOF on {}", ended.display()));
            }
            return Ok(Exit::FAILED);
        }
        let (left, right) = (&left[..common], &right[..common]);
        // Whole buffers are compared at once; bytes are looked at only where they differ.
        if left != right {
            exit = Exit::FAILED;
            let pairs = left.iter().zip(right).enumerate();
            for (at, (x, y)) in pairs.filter(|(_, (x, y))| x != y) {
                let number = byte + at as u64 + 1;
                match show {
                    Show::Nothing => return Ok(exit),
                    Show::All => ctx.out.line(format!("{number} {x:3o} {y:3o}")),
                    Show::First => {
                        line += newlines(&left[..at]);
                        let files = [names[0].as_bytes(), names[1].as_bytes()].join(&b' ');
                        ctx.out.put(&files);
                        let place = format!(" differ: char {number}, line {line}");
                        ctx.out.line(place);
                        return Ok(exit);
                    }
                }
            }
        }
        byte += common as u64;
        line += newlines(left);
        a.consume(common);
        b.consume(common);
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
