//! rmdir - remove empty directories.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Exit, Result};
use safebox::fsops::dir_name;
use std::ffi::OsStr;

pub static APPLET: Applet = Applet {
    names: &["rmdir"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: rmdir [-p] DIRECTORY...

Remove DIRECTORYs that are empty.

  -p, --parents     remove the directories above, too, as long as they are empty
      --ignore-fail-on-non-empty  a directory that is not empty is no error

Example: rmdir -p a/b/c
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let tolerant = opts.has("ignore-fail-on-non-empty");
    for operand in opts.needed(USAGE, 1)? {
        let mut dir: &OsStr = operand;
        loop {
            match rustix::fs::rmdir(dir) {
                Err(rustix::io::Errno::NOTEMPTY) if tolerant => break,
                Err(error) => {
                    let shown = format!("'{}'", dir.to_string_lossy());
                    if let Err(error) = Err::<(), _>(error).at("", shown) {
                        ctx.complain(error);
                    }
                    break;
                }
                Ok(()) => {}
            }
            let above = dir_name(dir);
            if !opts.has("p") || above == "." || above == "/" {
                break;
            }
            dir = above;
        }
    }
    Ok(ctx.status())
}
