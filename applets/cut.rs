//! cut - parts of lines: bytes or fields.
//!
//! The parts come out in the order of the line, whatever the order of the list. A line
//! without the delimiter passes whole unless `-s` is given.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::opts::Opts;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["cut"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: cut -b LIST|-c LIST|-f LIST [-d SEP] [-s] [-O SEP] [FILE]...

Print parts of each line of FILEs, or of standard input.

  -b LIST           these bytes
  -c LIST           the same
  -f LIST           these fields
  -d SEP            what separates fields (tab)
  -s                only lines with a separator
  -O, --output-delimiter SEP  what to print between fields (as -d)
  -n                ignored

LIST is N, N-M, N-, -M or several of them with commas; the first is 1.

Example: cut -d: -f1,7 /etc/passwd
";

/// What is cut from every line.
struct Cut {
    /// Positions from 0: first and one past the last, in order and apart.
    ranges: Vec<(usize, usize)>,
    /// None: bytes are cut, not fields.
    separator: Option<u8>,
    between: Vec<u8>,
    only_separated: bool,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let cut = Cut::new(&opts)?;
    let files = match &opts.operands[..] {
        [] => vec![OsString::from("-")],
        files => files.to_vec(),
    };
    for file in &files {
        if let Err(error) = cut.file(ctx, file) {
            ctx.complain(error);
        }
    }
    Ok(ctx.status())
}

impl Cut {
    fn new(opts: &Opts) -> Result<Cut> {
        let usage = |complaint: &str| Error::Usage {
            complaint: complaint.into(),
            usage: USAGE.into(),
            exit: Exit::FAILED,
        };
        let mut lists = ["b", "c", "f"]
            .iter()
            .flat_map(|letter| opts.values(letter));
        let list = match (lists.next(), lists.next()) {
            (Some(list), None) => list,
            (None, _) => {
                return Err(Error::message(
                    "expected a list of bytes, characters, or fields",
                ));
            }
            _ => return Err(usage("only one list may be given")),
        };
        let fields = opts.has("f");
        if !fields && (opts.has("d") || opts.has("s")) {
            let option = if opts.has("d") { "a delimiter" } else { "-s" };
            return Err(Error::message(format!(
                "{option} may be specified only when operating on fields"
            )));
        }
        let separator = match opts.value("d").map(OsStr::as_bytes) {
            None => b'\t',
            Some([]) => 0,
            Some([one]) => *one,
            Some(_) => return Err(Error::message("the delimiter must be a single byte")),
        };
        Ok(Cut {
            ranges: ranges(list)?,
            separator: fields.then_some(separator),
            between: match opts.value("O") {
                Some(text) => text.as_bytes().to_vec(),
                None if fields => vec![separator],
                None => Vec::new(),
            },
            only_separated: opts.has("s"),
        })
    }

    fn file(&self, ctx: &mut Ctx, file: &OsStr) -> Result<()> {
        let mut source = BufReader::new(ctx.open(file).at("", file)?);
        let mut line = Vec::new();
        let mut cut = Vec::new();
        while !ctx.out.failed() {
            line.clear();
            if source.read_until(b'\n', &mut line).at("", file)? == 0 {
                break;
            }
            cut.clear();
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let printed = match self.separator {
                Some(separator) => self.fields(line, separator, &mut cut),
                None => {
                    self.bytes(line, &mut cut);
                    true
                }
            };
            if printed {
                ctx.out.line(&cut);
            }
        }
        Ok(())
    }

    fn bytes(&self, line: &[u8], cut: &mut Vec<u8>) {
        for (nth, &(first, end)) in self.ranges.iter().enumerate() {
            let Some(part) = line.get(first..end.min(line.len())) else {
                break;
            };
            if nth > 0 && !part.is_empty() {
                cut.extend_from_slice(&self.between);
            }
            cut.extend_from_slice(part);
        }
    }

    /// False: the line is not printed at all.
    fn fields(&self, line: &[u8], separator: u8, cut: &mut Vec<u8>) -> bool {
        if memchr::memchr(separator, line).is_none() {
            cut.extend_from_slice(line);
            return !self.only_separated;
        }
        let mut ranges = self.ranges.iter().peekable();
        let mut first = true;
        for (at, field) in line.split(|&b| b == separator).enumerate() {
            while ranges.next_if(|range| range.1 <= at).is_some() {}
            match ranges.peek() {
                None => break,
                Some(range) if range.0 > at => continue,
                Some(_) => {}
            }
            if !std::mem::take(&mut first) {
                cut.extend_from_slice(&self.between);
            }
            cut.extend_from_slice(field);
        }
        true
    }
}

/// Reads a list into ranges, joined where they touch.
fn ranges(list: &OsStr) -> Result<Vec<(usize, usize)>> {
    let mut ranges = Vec::new();
    for item in list.as_bytes().split(|&b| b == b',') {
        let invalid = || {
            let item = String::from_utf8_lossy(item);
            Error::message(format!("invalid range '{item}'"))
        };
        let position = |digits: &[u8]| -> Result<usize> {
            let digits = digits.iter().all(u8::is_ascii_digit).then_some(digits);
            let number = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
            number.filter(|&number| number > 0).ok_or_else(invalid)
        };
        let range = match item.iter().position(|&b| b == b'-') {
            None => (position(item)? - 1, position(item)?),
            Some(dash) => match (&item[..dash], &item[dash + 1..]) {
                ([], []) => return Err(invalid()),
                ([], last) => (0, position(last)?),
                (first, []) => (position(first)? - 1, usize::MAX),
                (first, last) => (position(first)? - 1, position(last)?),
            },
        };
        if range.0 >= range.1 {
            return Err(invalid());
        }
        ranges.push(range);
    }
    ranges.sort_unstable();
    let mut joined: Vec<(usize, usize)> = Vec::new();
    for (first, end) in ranges {
        match joined.last_mut() {
            Some(last) if first <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((first, end)),
        }
    }
    Ok(joined)
}
