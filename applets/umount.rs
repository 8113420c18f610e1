//! umount - detach a file system.
//!
//! A directory may be named by any path, a device by its name. `-a` goes backwards through
//! the table, so that what lies on top goes first.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Error, Exit, Result, reason};
use safebox::sys::{Mount, MountFlags, UnmountFlags};
use std::path::{Path, PathBuf};

pub static APPLET: Applet = Applet {
    names: &["umount"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: umount [-flrn] [-t TYPE] DEVICE|DIR...
       umount -a [-flr] [-t TYPE]

Detach file systems.

  -a                all of them (of TYPE)
  -f                even if its server does not answer
  -l                now from the tree, and for good when it is no longer used
  -r                make it read-only if it cannot be detached
  -t TYPE           only this kind, with -a
  -d                ignored: loop devices free themselves
  -n                ignored: there is no mtab

Example: umount /mnt
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let mut flags = UnmountFlags::empty();
    flags.set(UnmountFlags::FORCE, opts.has("f"));
    flags.set(UnmountFlags::DETACH, opts.has("l"));
    let table = ctx.sys.mounts().table().unwrap_or_default();
    let targets: Vec<PathBuf> = if opts.has("a") {
        let fstype = opts.value("t").map(|t| t.to_string_lossy());
        let is_wanted = |m: &&Mount| match &fstype {
            Some(fstype) => m.fstype == *fstype,
            None => m.fstype != "proc" && m.target != Path::new("/"),
        };
        let wanted = table.iter().rev().filter(is_wanted);
        wanted.map(|m| m.target.clone()).collect()
    } else {
        let target = |operand| find(&table, Path::new(operand));
        opts.operands.iter().map(target).collect()
    };
    if targets.is_empty() && !opts.has("a") {
        return Err(Error::Usage {
            complaint: String::new(),
            usage: USAGE.into(),
            exit: Exit::FAILED,
        });
    }
    for target in targets {
        let mounts = ctx.sys.mounts();
        let mut result = mounts.unmount(&target, flags);
        if result.is_err() && opts.has("r") {
            result = mounts.remount(&target, MountFlags::RDONLY, "");
        }
        if let Err(error) = result {
            let text = format!("can't unmount {}: {}", target.display(), reason(&error));
            ctx.complain(Error::message(text));
        }
    }
    Ok(ctx.status())
}

/// The mount point that is meant: the newest mount of a device, else the path itself.
fn find(table: &[Mount], operand: &Path) -> PathBuf {
    let path = std::fs::canonicalize(operand).unwrap_or_else(|_| operand.to_owned());
    let names_it = |m: &&Mount| m.source == operand || m.source == path;
    if table.iter().any(|m| m.target == path) {
        return path;
    }
    match table.iter().rev().find(names_it) {
        Some(mount) => mount.target.clone(),
        None => operand.to_owned(),
    }
}
