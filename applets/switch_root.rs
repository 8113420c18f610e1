//! switch_root - leave an initial RAM file system for the real root, as process 1.
//!
//! The old root's files are deleted to give the memory back, so everything is checked
//! first: that we are process 1, that the old root is in memory, that the new one is a
//! mount with an init. Deleting never crosses into another file system.

use rustix::fs::{AtFlags, fstat, statfs};
use rustix::fs::{CWD, Dir as Folder, FileType, Mode, OFlags, openat, unlinkat};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::sys::{process, tty};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

pub static APPLET: Applet = Applet {
    names: &["switch_root"],
    dir: Dir::Sbin,
    run,
};

const USAGE: &str = "\
Usage: switch_root [-c CONSOLE] NEW_ROOT INIT [ARGUMENT]...

Free all files of the initial RAM file system and start INIT in NEW_ROOT. Only for
process 1. /proc, /sys, /dev and /run are moved to the new root if it has the directories.

  -c CONSOLE        open this device for INIT's input and output

Example: exec switch_root /new_root /sbin/init
";

/// RAMFS_MAGIC and TMPFS_MAGIC of linux/magic.h.
const IN_MEMORY: [u64; 2] = [0x8584_58f6, 0x0102_1994];

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt_leading(USAGE)?;
    let [new_root, init, ..] = &opts.operands[..] else {
        return Err(Error::Usage {
            complaint: String::new(),
            usage: USAGE.into(),
            exit: Exit::FAILED,
        });
    };
    let old = check(Path::new(new_root), Path::new(init))?;
    for dir in ["/dev", "/proc", "/sys", "/run"] {
        let to = Path::new(new_root).join(dir.trim_start_matches('/'));
        let is_mount = ctx
            .sys
            .mounts()
            .table()
            .is_ok_and(|table| table.iter().any(|mount| mount.target == Path::new(dir)));
        if is_mount && to.is_dir() {
            let moved = ctx.sys.mounts().move_mount(Path::new(dir), &to);
            if let Err(error) = moved.at("move", dir) {
                ctx.complain(error);
            }
        }
    }
    std::env::set_current_dir(new_root).at("enter", new_root)?;
    delete_tree(&old, fstat(&old).at("", "/")?.st_dev);
    ctx.sys
        .mounts()
        .move_mount(Path::new("."), Path::new("/"))
        .at("move", new_root)?;
    rustix::process::chroot(".").at("enter", new_root)?;
    std::env::set_current_dir("/").at("enter", "/")?;
    if let Some(console) = opts.value("c")
        && let Ok(fd) = tty::open(Path::new(console))
    {
        tty::become_standard_streams(fd).at("open", console)?;
    }
    let env: Vec<_> = std::env::vars_os()
        .map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            name
        })
        .collect();
    let error = process::exec(Path::new(init), &opts.operands[1..], &env);
    Err(error).at("execute", init)
}

/// The old root, opened, if everything is as it must be.
fn check(new_root: &Path, init: &Path) -> Result<OwnedFd> {
    let refuse = |text: String| Err(Error::message(text));
    if process::own_id() != 1 {
        return refuse("only process 1 may do this: use exec".into());
    }
    let (old_dev, new_dev) = (dev(Path::new("/"))?, dev(new_root)?);
    if old_dev == new_dev {
        return refuse(format!("'{}' is not a mount point", new_root.display()));
    }
    let magic = statfs("/").at("", "/")?.f_type as u64 & 0xffff_ffff;
    if !IN_MEMORY.contains(&magic) {
        return refuse("the root is not in memory: its files stay".into());
    }
    let inside = new_root.join(init.strip_prefix("/").unwrap_or(init));
    if inside.symlink_metadata().is_err() {
        return refuse(format!("there is no '{}'", inside.display()));
    }
    openat(CWD, "/", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).at("open", "/")
}

fn dev(path: &Path) -> Result<u64> {
    Ok(path.metadata().at("", path)?.dev())
}

/// Deletes what lies on the device `dev`. Failures only cost memory.
fn delete_tree(dir: &OwnedFd, dev: u64) {
    let Ok(entries) = Folder::read_from(dir) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if entry.file_type() != FileType::Directory {
            // Costs memory, no more.
            let _ = unlinkat(dir, name, AtFlags::empty());
        } else if let Ok(inner) = openat(dir, name, flags, Mode::empty())
            && fstat(&inner).is_ok_and(|stat| stat.st_dev == dev)
        {
            delete_tree(&inner, dev);
            // Costs memory, no more.
            let _ = unlinkat(dir, name, AtFlags::REMOVEDIR);
        }
    }
}
