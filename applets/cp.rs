//! cp - copy files and, with -r, trees.
//!
//! The work is in `fsops::copy`. A copy that failed for want of space is removed again, if
//! it is new, and always ends in status 1.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Exit, Result};
use safebox::fsops::copy::{Copier, Existing, Making, Options};
use safebox::fsops::mode::umask;
use safebox::fsops::walk::Follow;
use safebox::fsops::whither::Whither;
use safebox::opts::Opts;

pub static APPLET: Applet = Applet {
    names: &["cp"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: cp [-arPLHpfinlsTux] SOURCE DEST
       cp [-arPLHpfinlsux] SOURCE... DIRECTORY
       cp [-arPLHpfinlsux] -t DIRECTORY SOURCE...

Copy SOURCE to DEST, or SOURCEs into DIRECTORY.

  -a, --archive     same as -dpR: as true a copy as possible
  -r, -R, --recursive   directories and all that is in them
  -d                symbolic links as links, hard links kept
  -P                symbolic links as links (the default with -r)
  -L                symbolic links as what they point to
  -H                the same, but only for SOURCEs themselves
  -p                keep owner, permissions and times
  -f, --force       remove a target that cannot be opened
  -i                ask before a file is overwritten
  -n                do not overwrite
  -u                overwrite older files only
  -l                hard links instead of copies
  -s                symbolic links instead of copies
  -T                DEST is never taken for a directory
  -t DIR            copy into DIR
  -x                do not go into other file systems

Example: cp -a /etc/config /tmp/config.old
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let whither = Whither::read(&opts, USAGE)?;
    let mut copier = Copier::new(options(&opts), umask(), ctx);
    let mut complete = true;
    for source in whither.sources {
        complete &= copier.copy(source, &whither.of(source));
    }
    Ok(if complete { Exit::OK } else { Exit::FAILED })
}

fn options(opts: &Opts) -> Options {
    let archive = opts.has("a");
    let recursive = archive || opts.has("r");
    let follow = match opts.last_of(&["L", "H", "P", "d", "a"]) {
        Some("L") => Follow::Always,
        Some("H") => Follow::Operands,
        Some(_) => Follow::Never,
        None if recursive => Follow::Never,
        None => Follow::Always,
    };
    Options {
        recursive,
        preserve: archive || opts.has("p"),
        keep_links: archive || opts.has("d"),
        follow,
        existing: match opts.last_of(&["f", "i", "n"]) {
            Some("i") => Existing::Ask,
            Some("n") => Existing::Keep,
            _ => Existing::Replace,
        },
        force: opts.has("f"),
        update: opts.has("u"),
        making: match opts.last_of(&["l", "s"]) {
            Some("l") => Making::HardLinks,
            Some(_) => Making::SymbolicLinks,
            None => Making::Copies,
        },
        one_device: opts.has("x"),
        fresh: false,
    }
}
