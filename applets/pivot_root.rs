//! pivot_root - make another mount the root, and keep the old one below it.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use std::path::Path;

pub static APPLET: Applet = Applet {
    names: &["pivot_root"],
    dir: Dir::Sbin,
    run,
};

const USAGE: &str = "\
Usage: pivot_root NEW_ROOT PUT_OLD

Make the mount NEW_ROOT the root file system; the old one appears at PUT_OLD, which lies
below NEW_ROOT.

Example: pivot_root /mnt /mnt/rom
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let [new, old] = &opts.operands[..] else {
        return Err(Error::Usage {
            complaint: String::new(),
            usage: USAGE.into(),
            exit: Exit::FAILED,
        });
    };
    let mounts = ctx.sys.mounts();
    mounts
        .pivot_root(Path::new(new), Path::new(old))
        .at("", "pivot_root")?;
    Ok(Exit::OK)
}
