//! mkdir - make directories.
//!
//! With -p the directories above are made searchable and writable for their owner, whatever
//! the umask says, or nothing could be made in them; -m is for the last one only.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::mode::{Change, umask};
use safebox::fsops::status::Status;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["mkdir"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: mkdir [-p] [-m MODE] DIRECTORY...

Make DIRECTORYs.

  -p, --parents     make the directories above, too; one that exists is no error
  -m, --mode MODE   permissions, as for chmod
  -v, --verbose     name each directory made

Example: mkdir -p -m 700 /root/.ssh
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let mask = umask();
    let mode = match opts.value("m") {
        None => None,
        Some(text) => match Change::parse(text.as_bytes()) {
            Some(change) => Some(change.apply(0o777, true, mask)),
            None => {
                let text = text.to_string_lossy();
                return Err(Error::message(format!("invalid mode '{text}'")));
            }
        },
    };
    for operand in opts.needed(USAGE, 1)? {
        let made = if opts.has("p") {
            make_with_parents(ctx, operand, mode, mask, opts.has("v"))
        } else {
            make(operand, mode).map(|()| announce(ctx, operand, opts.has("v")))
        };
        if let Err(error) = made.at("create directory", operand) {
            ctx.complain(error);
        }
    }
    Ok(ctx.status())
}

fn announce(ctx: &mut Ctx, dir: &OsStr, verbose: bool) {
    if verbose {
        let dir = dir.to_string_lossy();
        ctx.out.line(format!("created directory: '{dir}'"));
    }
}

/// Makes one directory; `mode` overrides the umask.
fn make(dir: &OsStr, mode: Option<u32>) -> rustix::io::Result<()> {
    let bits = |mode: u32| rustix::fs::Mode::from_raw_mode(mode as _);
    rustix::fs::mkdir(dir, bits(mode.unwrap_or(0o777) & 0o777))?;
    match mode {
        Some(mode) => rustix::fs::chmod(dir, bits(mode)),
        None => Ok(()),
    }
}

fn make_with_parents(
    ctx: &mut Ctx,
    path: &OsStr,
    mode: Option<u32>,
    mask: u32,
    verbose: bool,
) -> rustix::io::Result<()> {
    let bytes = path.as_bytes();
    let mut end = 0;
    while end < bytes.len() {
        let name_at = bytes[end..].iter().position(|&b| b != b'/');
        let Some(name_at) = name_at.map(|at| at + end) else {
            break;
        };
        let slash = bytes[name_at..].iter().position(|&b| b == b'/');
        end = slash.map_or(bytes.len(), |at| at + name_at);
        let is_last = bytes[end..].iter().all(|&b| b == b'/');
        let part = OsStr::from_bytes(&bytes[..end]);
        let part_mode = if is_last {
            mode
        } else {
            (mask & 0o300 != 0).then_some(0o777 & !mask | 0o300)
        };
        match make(part, part_mode) {
            Ok(()) => announce(ctx, part, verbose),
            Err(error) if Status::of(part, true).is_ok_and(|found| found.is_dir()) => {
                // There already, or a file system that refuses before it looks.
                let _ = error;
            }
            Err(rustix::io::Errno::EXIST) if !is_last => return Err(rustix::io::Errno::NOTDIR),
            Err(error) => return Err(error),
        }
    }
    if bytes.is_empty() {
        return Err(rustix::io::Errno::NOENT);
    }
    Ok(())
}
