//! mktemp - make a file or directory with a new name, for its owner alone.

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::join;
use safebox::opts::Opts;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

pub static APPLET: Applet = Applet {
    names: &["mktemp"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: mktemp [-dqtu] [-p DIR] [TEMPLATE]

Make a new file, readable for its owner alone, and print its name. The Xs at the end of
TEMPLATE, at least six, are replaced. Without TEMPLATE it is tmp.XXXXXX in the directory
for temporary files: DIR of -p, else $TMPDIR, else /tmp.

  -d                a directory instead
  -p DIR            in DIR
  -q                no messages
  -t                TEMPLATE is in the directory for temporary files
  -u                only print a name that is free; make nothing

Example: work=$(mktemp -d)
";

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// So many taken names are no chance any more.
const TRIES: u32 = 1000;

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let template = template(opts.between(USAGE, 0, 1)?.first(), &opts);
    match make(ctx, &template, &opts) {
        Ok(name) => {
            ctx.out.line(name.as_bytes());
            Ok(Exit::OK)
        }
        Err(_) if opts.has("q") => Ok(Exit::FAILED),
        Err(error) => Err(error),
    }
}

fn template(operand: Option<&OsString>, opts: &Opts) -> OsString {
    let base = || match (opts.value("p"), std::env::var_os("TMPDIR")) {
        (Some(dir), _) => dir.to_owned(),
        (None, Some(dir)) if !dir.is_empty() => dir,
        _ => "/tmp".into(),
    };
    match operand {
        None => join(&base(), OsStr::new("tmp.XXXXXX")),
        Some(name) if opts.has("t") || opts.has("p") => join(&base(), name),
        Some(name) => name.clone(),
    }
}

fn make(ctx: &mut Ctx, template: &OsStr, opts: &Opts) -> Result<OsString> {
    let bytes = template.as_bytes();
    let count = bytes.iter().rev().take_while(|&&b| b == b'X').count();
    if count < 6 {
        let shown = template.to_string_lossy();
        return Err(Error::message(format!("{shown}: needs six Xs at its end")));
    }
    let mut name = bytes.to_vec();
    let start = name.len() - count;
    for _ in 0..TRIES {
        for place in &mut name[start..] {
            *place = letter(ctx)?;
        }
        let path = OsStr::from_bytes(&name);
        let made = if opts.has("u") {
            match rustix::fs::lstat(path) {
                Err(Errno::NOENT) => Ok(()),
                Err(error) => Err(error),
                Ok(_) => Err(Errno::EXIST),
            }
        } else if opts.has("d") {
            rustix::fs::mkdir(path, Mode::RWXU)
        } else {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR).map(drop)
        };
        match made {
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error).at("create", template),
            Ok(()) => return Ok(OsString::from_vec(name)),
        }
    }
    Err(Errno::EXIST).at("create", template)
}

/// A random letter, each as likely as the others.
fn letter(ctx: &mut Ctx) -> Result<u8> {
    loop {
        let mut byte = [0];
        ctx.sys
            .machine()
            .random(&mut byte)
            .at("get", "random bytes")?;
        if let Some(letter) = LETTERS.get(usize::from(byte[0] & 63)) {
            return Ok(*letter);
        }
    }
}
