//! basename, dirname - the parts of a path.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Exit, Result};
use safebox::fsops::{base_name, dir_name};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["basename", "dirname"],
    dir: Dir::UsrBin,
    run,
};

const BASENAME: &str = "\
Usage: basename PATH [SUFFIX]
       basename -a PATH... | -s SUFFIX PATH...

Print the last part of PATH, without SUFFIX.

  -a, --multiple    all operands are PATHs
  -s, --suffix SUFFIX  the same, and leave SUFFIX out

Example: basename /lib/preinit/80_mount_root
";

const DIRNAME: &str = "\
Usage: dirname PATH...

Print PATH without its last part.

Example: dirname /lib/preinit/80_mount_root
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    if ctx.name() == "dirname" {
        let opts = ctx.getopt(DIRNAME)?;
        for path in opts.needed(DIRNAME, 1)? {
            ctx.out.line(dir_name(path).as_bytes());
        }
        return Ok(Exit::OK);
    }
    let opts = ctx.getopt(BASENAME)?;
    let many = opts.has("a") || opts.has("s");
    let most = if many { usize::MAX } else { 2 };
    let (paths, suffix) = match opts.between(BASENAME, 1, most)? {
        [path, suffix] if !many => (std::slice::from_ref(path), suffix.as_os_str()),
        paths => (paths, opts.value("s").unwrap_or_default()),
    };
    for path in paths {
        ctx.out.line(without(base_name(path), suffix));
    }
    Ok(Exit::OK)
}

/// A name that is nothing but the suffix keeps it.
fn without<'n>(name: &'n OsStr, suffix: &OsStr) -> &'n [u8] {
    let name = name.as_bytes();
    match name.strip_suffix(suffix.as_bytes()) {
        Some(short) if !short.is_empty() => short,
        _ => name,
    }
}
