//! cat - files, one after the other, on standard output.
//!
//! Without options the bytes go through one large buffer and are never looked at. A file
//! that cannot be read does not stop the others.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Exit, Result};
use std::ffi::OsStr;
use std::io::Read;

pub static APPLET: Applet = Applet {
    names: &["cat"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: cat [-nbvteAus] [FILE]...

Print FILEs, or standard input, one after the other.

  -n                number all lines
  -b                number lines that are not empty
  -s                squeeze repeated empty lines
  -v                show control characters as ^x, bytes over 127 as M-x
  -e                like -v, and $ at the end of lines
  -t                like -v, and tabs as ^I
  -A                like -vet
  -u                ignored: output is never held back

Example: cat -A /etc/config/network
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let all = opts.has("A");
    let mut form = Form {
        number: opts.has("n"),
        number_filled: opts.has("b"),
        squeeze: opts.has("s"),
        ends: all || opts.has("e"),
        tabs: all || opts.has("t"),
        visible: all || opts.has("v") || opts.has("e") || opts.has("t"),
        ..Form::default()
    };
    let operands = if opts.operands.is_empty() {
        vec!["-".into()]
    } else {
        opts.operands
    };
    for operand in &operands {
        if let Err(error) = copy(ctx, operand, &mut form) {
            ctx.complain(error);
        }
        if ctx.out.failed() {
            break;
        }
    }
    Ok(ctx.status())
}

fn copy(ctx: &mut Ctx, operand: &OsStr, form: &mut Form) -> Result<()> {
    let mut file = ctx.open(operand).at("open", operand)?;
    let mut buf = vec![0; 64 * 1024];
    loop {
        let count = match file.read(&mut buf) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).at("", operand),
        };
        if form.is_plain() {
            ctx.out.put(&buf[..count]);
            // What comes through a pipe is passed on at once; `out` remembers a failure.
            let _ = std::io::Write::flush(&mut ctx.out);
        } else {
            form.put(&buf[..count], &mut ctx.out);
        }
        if ctx.out.failed() {
            return Ok(());
        }
    }
}

/// How lines are dressed, and where in a line we are between two reads.
#[derive(Default)]
struct Form {
    number: bool,
    number_filled: bool,
    squeeze: bool,
    ends: bool,
    tabs: bool,
    visible: bool,
    in_line: bool,
    empty_lines: u32,
    count: u64,
}

impl Form {
    fn is_plain(&self) -> bool {
        !(self.number || self.number_filled || self.squeeze || self.visible)
    }

    fn put(&mut self, bytes: &[u8], out: &mut safebox::output::Output) {
        for &byte in bytes {
            if !self.in_line {
                self.empty_lines = if byte == b'\n' {
                    self.empty_lines + 1
                } else {
                    0
                };
                if self.squeeze && self.empty_lines > 1 {
                    continue;
                }
                if if self.number_filled {
                    byte != b'\n'
                } else {
                    self.number
                } {
                    self.count += 1;
                    out.put(format!("{:6}\t", self.count).as_bytes());
                }
            }
            self.in_line = byte != b'\n';
            match byte {
                b'\n' if self.ends => out.put(b"$\n"),
                b'\t' if self.tabs => out.put(b"^I"),
                b'\n' | b'\t' => out.put(&[byte]),
                _ if self.visible => put_visible(byte, out),
                _ => out.put(&[byte]),
            }
        }
    }
}

fn put_visible(byte: u8, out: &mut safebox::output::Output) {
    if byte >= 128 {
        out.put(b"M-");
    }
    match byte & 127 {
        127 => out.put(b"^?"),
        low @ 0..32 => out.put(&[b'^', low + 64]),
        plain => out.put(&[plain]),
    }
}
