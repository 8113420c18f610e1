//! echo - its arguments, on one line.
//!
//! There are no usage errors: what is no option is text, `--help` included.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Exit, Result};
use safebox::text::echo;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["echo"],
    dir: Dir::Bin,
    run,
};

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let mut line = Vec::new();
    echo::append(ctx.args.iter().map(|arg| arg.as_bytes()), &mut line);
    ctx.out.put(&line);
    Ok(Exit::OK)
}
