//! wc - count lines, words and bytes.
//!
//! One counter of one file stands without blanks in front, so that scripts may compare it;
//! several stand in columns of nine.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Exit, Result};
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["wc"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: wc [-lwcmL] [FILE]...

Count lines, words and bytes of FILEs, or of standard input.

  -l                lines
  -w                words
  -c                bytes
  -m                characters of UTF-8
  -L                length of the longest line

Example: wc -c /tmp/sysupgrade.bin
";

/// The columns, in the order in which they are printed.
const COLUMNS: [&str; 5] = ["l", "w", "m", "c", "L"];

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let mut shown = COLUMNS.map(|letter| opts.has(letter));
    if !shown.contains(&true) {
        shown = [true, true, false, true, false];
    }
    let bare = opts.operands.is_empty();
    let files = match &opts.operands[..] {
        [] => vec![OsString::from("-")],
        files => files.to_vec(),
    };
    let alone = files.len() == 1 && shown.iter().filter(|shown| **shown).count() == 1;
    let mut total = Counts::default();
    for file in &files {
        let counted = ctx
            .open(file)
            .and_then(|source| count(source, shown))
            .at("", file);
        match counted {
            Ok(counts) => {
                total.add(&counts);
                let name = if bare { None } else { Some(file.as_bytes()) };
                ctx.out.line(counts.row(shown, alone, name));
            }
            Err(error) => ctx.complain(error),
        }
    }
    if files.len() > 1 {
        ctx.out.line(total.row(shown, false, Some(b"total")));
    }
    Ok(ctx.status())
}

/// What was counted so far, and where in a line and a word we are.
#[derive(Default)]
struct Counts {
    lines: u64,
    words: u64,
    chars: u64,
    bytes: u64,
    longest: u64,
    width: u64,
    in_word: bool,
}

fn count(mut source: impl Read, shown: [bool; 5]) -> std::io::Result<Counts> {
    let [_, words, chars, _, longest] = shown;
    let mut counts = Counts::default();
    let mut buf = vec![0; 64 * 1024];
    loop {
        let bytes = match source.read(&mut buf) {
            Ok(0) => break,
            Ok(count) => &buf[..count],
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        counts.bytes += bytes.len() as u64;
        if words || chars || longest {
            bytes.iter().for_each(|&byte| counts.byte(byte));
        } else {
            counts.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        }
    }
    counts.longest = counts.longest.max(counts.width);
    Ok(counts)
}

impl Counts {
    fn byte(&mut self, byte: u8) {
        let blank = matches!(byte, b' ' | 9..=13);
        if !blank && !self.in_word {
            self.words += 1;
        }
        self.in_word = !blank;
        // A byte 10xxxxxx goes on with a character that was counted.
        let begins = byte & 0xc0 != 0x80;
        self.chars += u64::from(begins);
        match byte {
            b'\n' => {
                self.lines += 1;
                self.longest = self.longest.max(std::mem::take(&mut self.width));
            }
            b'\t' => self.width = (self.width | 7) + 1,
            _ if begins && byte >= b' ' => self.width += 1,
            _ => {}
        }
    }

    fn add(&mut self, other: &Counts) {
        self.lines += other.lines;
        self.words += other.words;
        self.chars += other.chars;
        self.bytes += other.bytes;
        self.longest = self.longest.max(other.longest);
    }

    fn row(&self, shown: [bool; 5], alone: bool, name: Option<&[u8]>) -> Vec<u8> {
        let values = [self.lines, self.words, self.chars, self.bytes, self.longest];
        let width = if alone { 0 } else { 9 };
        let columns: Vec<String> = values
            .into_iter()
            .zip(shown)
            .filter(|(_, shown)| *shown)
            .map(|(value, _)| format!("{value:width$}"))
            .collect();
        let mut row = columns.join(" ").into_bytes();
        if let Some(name) = name {
            row.push(b' ');
            row.extend_from_slice(name);
        }
        row
    }
}
