//! sh - the shell.
//!
//! Everything is in `safebox::shell`; this file hands over the arguments. A leading dash in
//! `argv[0]` makes it a login shell.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Exit, Result};
use safebox::shell;

pub static APPLET: Applet = Applet {
    names: &["sh", "ash"],
    dir: Dir::Bin,
    run,
};

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let status = shell::main(ctx.applets, &ctx.argv0, &ctx.args);
    Ok(Exit(status as u8))
}
