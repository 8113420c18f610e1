//! mv - rename files and directories, or move them into a directory.
//!
//! Across file systems a copy is made beside the target, put in its place when complete,
//! and only then the source removed (`fsops::transfer`).

use rustix::io::Errno;
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Exit, Result};
use safebox::fsops::status::{Identity, Status};
use safebox::fsops::whither::Whither;
use safebox::fsops::{Listener, Refusal, base_name, dir_name, transfer};
use safebox::opts::Opts;
use std::ffi::OsStr;
use std::path::Path;

pub static APPLET: Applet = Applet {
    names: &["mv"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: mv [-finT] SOURCE DEST
       mv [-fin] SOURCE... DIRECTORY
       mv [-fin] -t DIRECTORY SOURCE...

Rename SOURCE to DEST, or move SOURCEs into DIRECTORY.

  -f, --force       do not ask
  -i                ask before something is overwritten
  -n                do not overwrite
  -u                overwrite older files only
  -T                DEST is never taken for a directory to move into
  -t DIR            move into DIR

Example: mv /etc/config/network /etc/config/network.bad
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let whither = Whither::read(&opts, USAGE)?;
    let root = Status::of(&ctx.root, true).at("stat", &ctx.root)?;
    let mut complete = true;
    for source in whither.sources {
        match move_one(ctx, source, &whither.of(source), &opts, root.identity()) {
            Ok(moved) => complete &= moved,
            Err(error) => ctx.complain(error),
        }
    }
    Ok(if complete { ctx.status() } else { Exit::FAILED })
}

/// False: what failed has been told.
fn move_one(
    ctx: &mut Ctx,
    source: &OsStr,
    target: &Path,
    opts: &Opts,
    root: Identity,
) -> Result<bool> {
    let status = Status::of(source, false).at("rename", source)?;
    if let Ok(found) = Status::of(target, false) {
        if found.identity() == status.identity() {
            return same_file(source, target, &status).map(|()| true);
        }
        if opts.has("T") && found.is_dir() && !status.is_dir() {
            return Err(Refusal::IsDirectory(target.into()).into());
        }
        if !may_replace(ctx, target, &found, &status, opts) {
            return Ok(true);
        }
    }
    match rustix::fs::rename(source, target) {
        Err(Errno::XDEV) => transfer::transfer(source, target, root, ctx),
        renamed => renamed.at("rename", source).map(|()| true),
    }
}

fn may_replace(ctx: &mut Ctx, target: &Path, found: &Status, own: &Status, opts: &Opts) -> bool {
    if opts.has("u") && found.modified >= own.modified {
        return false;
    }
    let asks = match opts.last_of(&["f", "i", "n"]) {
        Some("n") => return false,
        Some("i") => true,
        Some(_) => false,
        None => {
            let writable = rustix::fs::access(target, rustix::fs::Access::WRITE_OK).is_ok();
            !writable && !found.is_link() && rustix::termios::isatty(rustix::stdio::stdin())
        }
    };
    !asks || ctx.confirm(&format!("overwrite '{}'?", target.display()))
}

/// rename(2) does nothing for two names of one file; the user wants the source gone.
fn same_file(source: &OsStr, target: &Path, status: &Status) -> Result<()> {
    let parent = |path: &OsStr| {
        Status::of(dir_name(path), true)
            .map(|dir| dir.identity())
            .ok()
    };
    let same_name = base_name(source) == base_name(target.as_os_str())
        && parent(source) == parent(target.as_os_str());
    if same_name || status.is_dir() {
        return Err(Refusal::SameFile(source.into(), target.into()).into());
    }
    rustix::fs::unlink(source).at("remove", source)
}
