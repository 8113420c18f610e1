//! sync, fsync - what is written reaches the disk now.

use rustix::fs::{Mode, OFlags};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Exit, Result};
use std::ffi::OsStr;

pub static APPLET: Applet = Applet {
    names: &["sync", "fsync"],
    dir: Dir::Bin,
    run,
};

const SYNC: &str = "\
Usage: sync [-df] [FILE]...

Write everything that waits in memory to the disks, or what belongs to FILEs.

  -d, --data        only contents, not times and the like
  -f, --file-system   the file systems that hold FILEs

Example: sync
";

const FSYNC: &str = "\
Usage: fsync [-d] FILE...

Write what of FILEs waits in memory to the disk.

  -d                only contents, not times and the like

Example: fsync /etc/config/network
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let is_fsync = ctx.name() == "fsync";
    let usage = if is_fsync { FSYNC } else { SYNC };
    let opts = ctx.getopt(usage)?;
    if !is_fsync && opts.operands.is_empty() {
        ctx.sys.machine().sync();
        return Ok(Exit::OK);
    }
    let whole = !is_fsync && opts.has("f");
    for file in opts.needed(usage, 1)? {
        if let Err(error) = sync(file, opts.has("d"), whole) {
            ctx.complain(error);
        }
    }
    Ok(ctx.status())
}

fn sync(file: &OsStr, data: bool, whole: bool) -> Result<()> {
    // NONBLOCK: a pipe without a writer must not hold us.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let open = rustix::fs::open(file, flags, Mode::empty()).at("open", file)?;
    let done = if whole {
        rustix::fs::syncfs(&open)
    } else if data {
        rustix::fs::fdatasync(&open)
    } else {
        rustix::fs::fsync(&open)
    };
    done.at("sync", file)
}
