//! chmod - change the permissions of files.
//!
//! With -R, symbolic links met on the way are left alone: what they lead to may lie outside.

use rustix::fs::{AtFlags, Mode};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::mode::{Change, letters, umask};
use safebox::fsops::status::Status;
use safebox::fsops::walk::{self, Follow, Walk};
use safebox::opts::{self, Opts, Order};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["chmod"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: chmod [-Rcvf] MODE[,MODE]... FILE...

Set the permissions of FILEs. MODE is an octal number or [ugoa][+-=][rwxXstugo].

  -R, --recursive   directories and all that is in them
  -c, --changes     name what is changed
  -v, --verbose     name everything
  -f, --silent      no messages

Example: chmod -R u+rwX,go-w /etc/dropbear
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = parse(ctx)?;
    let [text, files @ ..] = opts.needed(USAGE, 2)? else {
        return Ok(Exit::FAILED);
    };
    let Some(change) = Change::parse(text.as_bytes()) else {
        let text = text.to_string_lossy();
        return Err(Error::message(format!("invalid mode '{text}'")));
    };
    let mask = umask();
    let mut complete = true;
    for file in files {
        complete &= walk::each(file, Follow::Operands, opts.has("R"), |walk, found| {
            let done = found.and_then(|status| set(ctx, walk, &status, &change, mask, &opts));
            done.map_err(|error| (!opts.has("f")).then(|| ctx.complain(error)))
        });
    }
    Ok(if complete { Exit::OK } else { Exit::FAILED })
}

/// A mode such as `-x` looks like options; what cannot be one is the mode.
fn parse(ctx: &Ctx) -> Result<Opts> {
    let is_mode = |arg: &OsString| {
        let bytes = arg.as_bytes();
        bytes.len() > 1
            && bytes[0] == b'-'
            && bytes[1..].iter().all(|b| b"rwxXstugo,+-=".contains(b))
            && bytes != b"--"
    };
    let end = ctx.args.iter().position(|arg| arg == "--");
    let front = &ctx.args[..end.unwrap_or(ctx.args.len())];
    let Some(at) = front.iter().position(is_mode) else {
        return ctx.getopt(USAGE);
    };
    let mut rest = ctx.args.clone();
    let mode = rest.remove(at);
    let mut opts = opts::parse(USAGE, &rest, Order::Anywhere, Exit::FAILED)?;
    opts.operands.insert(0, mode);
    Ok(opts)
}

fn set(
    ctx: &mut Ctx,
    walk: &Walk,
    status: &Status,
    change: &Change,
    mask: u32,
    opts: &Opts,
) -> Result<()> {
    if status.is_link() {
        // Only as an operand does a link to nowhere come here.
        return match walk.depth() {
            0 => Err(rustix::io::Errno::NOENT).at("", walk.path()),
            _ => Ok(()),
        };
    }
    let new = change.apply(status.mode, status.is_dir(), mask);
    if new != status.permissions() {
        let mode = Mode::from_raw_mode(new as _);
        rustix::fs::chmodat(walk.dir(), walk.name(), mode, AtFlags::empty()).at("", walk.path())?;
    }
    if opts.has("v") || (opts.has("c") && new != status.permissions()) {
        let shown = letters(new);
        let shown = String::from_utf8_lossy(&shown[1..]).into_owned();
        let path = walk.path().display();
        ctx.out
            .line(format!("mode of '{path}' changed to {new:04o} ({shown})"));
    }
    Ok(())
}
