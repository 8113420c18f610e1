//! uniq - lines that repeat.
//!
//! Only neighbours are compared: sort first. The first line of a run is the one printed.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::opts::Opts;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};

pub static APPLET: Applet = Applet {
    names: &["uniq"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: uniq [-cdui] [-f N] [-s N] [-w N] [INPUT [OUTPUT]]

Print lines without repeating the same line.

  -c                with the number of times
  -d                only lines that repeat
  -u                only lines that do not
  -i                ignore case
  -f N              skip N fields when comparing
  -s N              then skip N bytes
  -w N              then compare at most N bytes

Example: sort /tmp/clients | uniq -c
";

/// What is compared and what is shown.
struct Manner {
    count: bool,
    repeated: bool,
    single: bool,
    ignore_case: bool,
    fields: usize,
    bytes: usize,
    most: usize,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let operands = opts.between(USAGE, 0, 2)?;
    let manner = Manner {
        count: opts.has("c"),
        repeated: opts.has("d"),
        single: opts.has("u"),
        ignore_case: opts.has("i"),
        fields: number(&opts, "f")?.unwrap_or(0),
        bytes: number(&opts, "s")?.unwrap_or(0),
        most: number(&opts, "w")?.unwrap_or(usize::MAX),
    };
    let input = operands.first().map_or(OsStr::new("-"), |file| file);
    let source = BufReader::new(ctx.open(input).at("open", input)?);
    match operands.get(1).filter(|output| *output != "-") {
        None => manner.filter(source, &mut ctx.out).at("", input)?,
        Some(output) => {
            let mut file = BufWriter::new(File::create(output).at("open", output)?);
            manner
                .filter(source, &mut file)
                .and_then(|()| file.flush())
                .at("write", output)?;
        }
    }
    Ok(Exit::OK)
}

fn number(opts: &Opts, key: &str) -> Result<Option<usize>> {
    let Some(text) = opts.value(key) else {
        return Ok(None);
    };
    match text.to_str().and_then(|text| text.parse().ok()) {
        Some(number) => Ok(Some(number)),
        None => Err(Error::message(format!(
            "invalid number '{}'",
            text.display()
        ))),
    }
}

impl Manner {
    fn filter(&self, mut source: impl BufRead, out: &mut dyn Write) -> std::io::Result<()> {
        let mut first = Vec::new();
        let mut line = Vec::new();
        let mut count = 0u64;
        loop {
            line.clear();
            let more = source.read_until(b'\n', &mut line)? > 0;
            if line.ends_with(b"\n") {
                line.pop();
            }
            if more && count > 0 && self.same(&first, &line) {
                count += 1;
                continue;
            }
            if count > 0 {
                self.show(&first, count, out)?;
            }
            if !more {
                return Ok(());
            }
            std::mem::swap(&mut first, &mut line);
            count = 1;
        }
    }

    fn show(&self, line: &[u8], count: u64, out: &mut dyn Write) -> std::io::Result<()> {
        if self.repeated && count == 1 || self.single && count > 1 {
            return Ok(());
        }
        if self.count {
            write!(out, "{count:7} ")?;
        }
        out.write_all(line)?;
        out.write_all(b"\n")
    }

    fn same(&self, a: &[u8], b: &[u8]) -> bool {
        let (a, b) = (self.compared(a), self.compared(b));
        match self.ignore_case {
            true => a.eq_ignore_ascii_case(b),
            false => a == b,
        }
    }

    /// The part of a line that counts. A field is blanks and what follows them.
    fn compared<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        let blank = |b: &u8| matches!(b, b' ' | b'\t');
        let mut rest = line;
        for _ in 0..self.fields {
            let word = rest.iter().position(|b| !blank(b)).unwrap_or(rest.len());
            let end = rest[word..].iter().position(blank);
            match end {
                Some(end) => rest = &rest[word + end..],
                None => return &[],
            }
        }
        let rest = rest.get(self.bytes..).unwrap_or_default();
        rest.get(..self.most).unwrap_or(rest)
    }
}
