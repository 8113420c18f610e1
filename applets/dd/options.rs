//! The operands of dd: `name=value`, with numbers that may have a unit.

use rustix::fs::OFlags;
use safebox::error::{Error, Exit, Result};
use safebox::fsops::number;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

pub const USAGE: &str = "\
Usage: dd [if=FILE] [of=FILE] [bs=N | ibs=N obs=N] [count=N] [skip=N] [seek=N]
          [conv=notrunc,noerror,sync,fsync,fdatasync,swab]
          [iflag=skip_bytes,count_bytes,fullblock] [oflag=seek_bytes,append,sync]
          [status=none|noxfer|progress]

Copy block by block.

  if=FILE       read from FILE instead of standard input
  of=FILE       write to FILE instead of standard output
  bs=N          read and write N bytes at a time (512); ibs=, obs= for one side
  count=N       copy N input blocks only
  skip=N        leave out N input blocks
  seek=N        leave the first N output blocks as they are
  conv=notrunc  do not cut the output file off first
  conv=noerror  go on after read errors, with zeros for what cannot be read
  conv=sync     fill short input blocks with zeros
  conv=fsync    end only when all is on the disk; fdatasync: the contents are
  conv=swab     swap every two bytes
  iflag=        skip_bytes, count_bytes: these numbers are bytes; fullblock: wait for whole
                blocks
  oflag=        seek_bytes: that number is bytes; append; sync: every write
  status=       none: no counts; progress: how far it is, every second

N may end in c (1), w (2), b (512), kB (1000), k (1024), MB, M, GB, G.

Example: dd if=/dev/mtdblock0 of=/tmp/boot.bin bs=64k
";

/// The largest block; more would not fit beside the system on a router.
const LARGEST: u64 = 1 << 30;

/// One side of the copy.
pub struct Side {
    /// None: standard input or output.
    pub name: Option<OsString>,
    /// The name for messages.
    pub shown: OsString,
    pub block: usize,
    /// Bytes left out.
    pub offset: u64,
    pub flags: OFlags,
}

impl Default for Side {
    fn default() -> Side {
        Side {
            name: None,
            shown: OsString::new(),
            block: 512,
            offset: 0,
            flags: OFlags::empty(),
        }
    }
}

#[derive(Default)]
pub struct Options {
    pub input: Side,
    pub output: Side,
    pub count: Option<u64>,
    pub count_bytes: bool,
    pub full_blocks: bool,
    pub no_truncate: bool,
    pub no_error: bool,
    pub pad: bool,
    pub swap: bool,
    pub fsync: bool,
    pub fdatasync: bool,
    /// `bs=`: each read is one write.
    pub same_blocks: bool,
    pub quiet: bool,
    pub progress: bool,
}

impl Options {
    pub fn parse(args: &[OsString]) -> Result<Options> {
        let mut options = Options::default();
        let (mut ibs, mut obs, mut bs) = (512, 512, None);
        let (mut skip, mut seek) = (0, 0);
        let (mut skip_bytes, mut seek_bytes) = (false, false);
        for arg in args.iter().filter(|arg| *arg != "--") {
            let bytes = arg.as_bytes();
            let Some(at) = bytes.iter().position(|&b| b == b'=') else {
                return Err(usage());
            };
            let (name, value) = (&bytes[..at], &bytes[at + 1..]);
            match name {
                b"if" => options.input.name = Some(OsStr::from_bytes(value).to_owned()),
                b"of" => options.output.name = Some(OsStr::from_bytes(value).to_owned()),
                b"bs" => bs = Some(block(value)?),
                b"ibs" => ibs = block(value)?,
                b"obs" => obs = block(value)?,
                b"count" => options.count = Some(count(value)?),
                b"skip" => skip = count(value)?,
                b"seek" => seek = count(value)?,
                b"conv" => words("conv", value, |word| options.convert(word))?,
                b"iflag" => words("iflag", value, |word| match word {
                    b"skip_bytes" => on(&mut skip_bytes),
                    b"count_bytes" => on(&mut options.count_bytes),
                    b"fullblock" => on(&mut options.full_blocks),
                    _ => false,
                })?,
                b"oflag" => words("oflag", value, |word| match word {
                    b"seek_bytes" => on(&mut seek_bytes),
                    b"append" => with(&mut options.output.flags, OFlags::APPEND),
                    b"sync" => with(&mut options.output.flags, OFlags::SYNC),
                    _ => false,
                })?,
                b"status" => words("status", value, |word| match word {
                    b"none" => on(&mut options.quiet),
                    b"noxfer" => true,
                    b"progress" => on(&mut options.progress),
                    _ => false,
                })?,
                _ => return Err(usage()),
            }
        }
        options.same_blocks = bs.is_some();
        let offset = |number: u64, in_bytes: bool, block: usize| {
            let unit = if in_bytes { 1 } else { block as u64 };
            let fits = number.checked_mul(unit);
            fits.ok_or_else(|| Error::message(format!("number {number} is too large")))
        };
        let Options { input, output, .. } = &mut options;
        input.block = bs.unwrap_or(ibs);
        output.block = bs.unwrap_or(obs);
        input.offset = offset(skip, skip_bytes, input.block)?;
        output.offset = offset(seek, seek_bytes, output.block)?;
        let shown = |side: &Side, standard: &str| {
            let name = side.name.clone();
            name.unwrap_or_else(|| standard.into())
        };
        input.shown = shown(input, "standard input");
        output.shown = shown(output, "standard output");
        Ok(options)
    }

    fn convert(&mut self, word: &[u8]) -> bool {
        match word {
            b"notrunc" => self.no_truncate = true,
            b"noerror" => self.no_error = true,
            b"sync" => self.pad = true,
            b"fsync" => self.fsync = true,
            b"fdatasync" => self.fdatasync = true,
            b"swab" => self.swap = true,
            _ => return false,
        }
        true
    }
}

fn usage() -> Error {
    Error::Usage {
        complaint: String::new(),
        usage: USAGE.into(),
        exit: Exit::FAILED,
    }
}

fn on(flag: &mut bool) -> bool {
    *flag = true;
    true
}

fn with(flags: &mut OFlags, more: OFlags) -> bool {
    *flags |= more;
    true
}

/// Hands on each word of a list; false from `accept` means that it knows none of that name.
fn words(name: &str, value: &[u8], mut accept: impl FnMut(&[u8]) -> bool) -> Result<()> {
    for word in value.split(|&b| b == b',') {
        if !accept(word) {
            let word = String::from_utf8_lossy(word);
            let text = format!("invalid argument '{word}' to '{name}'");
            return Err(Error::message(text));
        }
    }
    Ok(())
}

fn count(text: &[u8]) -> Result<u64> {
    number::bytes(text).ok_or_else(|| {
        let text = String::from_utf8_lossy(text);
        Error::message(format!("invalid number '{text}'"))
    })
}

fn block(text: &[u8]) -> Result<usize> {
    let size = count(text)?;
    if !(1..=LARGEST).contains(&size) {
        let text = format!("number {size} is not in 1..{LARGEST} range");
        return Err(Error::message(text));
    }
    usize::try_from(size).map_err(|_| Error::message(format!("number {size} is too large")))
}
