//! false - do nothing, unsuccessfully.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Exit, Result};

pub static APPLET: Applet = Applet {
    names: &["false"],
    dir: Dir::Bin,
    run,
};

fn run(_ctx: &mut Ctx) -> Result<Exit> {
    Ok(Exit::FAILED)
}
