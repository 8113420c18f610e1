//! rm - remove files and, with -r, trees.
//!
//! Refused are `.`, `..` and the root directory by whatever name, also deep inside a tree
//! (a bind mount). The work is in `fsops::remove`.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Exit, Result};
use safebox::fsops::remove::{self, Options};
use safebox::fsops::status::Status;

pub static APPLET: Applet = Applet {
    names: &["rm"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: rm [-irRf] FILE...

Remove FILEs.

  -r, -R, --recursive   directories and all that is in them
  -f, --force       never ask; what is missing is no error
  -i                ask before each removal

Example: rm -r /tmp/old
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let last = opts.last_of(&["f", "i"]);
    let options = Options {
        recursive: opts.has("r"),
        force: last == Some("f"),
        ask: last == Some("i"),
        terminal: rustix::termios::isatty(rustix::stdio::stdin()),
    };
    if !opts.has("f") {
        opts.needed(USAGE, 1)?;
    }
    let root = Status::of(&ctx.root, true).at("stat", &ctx.root)?;
    for operand in &opts.operands {
        remove::remove(operand, options, root.identity(), ctx);
    }
    Ok(ctx.status())
}
