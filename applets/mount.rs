//! mount - attach a file system to the tree, or show what is attached.
//!
//! Without a type every block file system of the kernel is tried, because a person in
//! failsafe mode rarely knows what is on the stick. The listing is read by scripts.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::mount_options::Options;
use safebox::error::{At, Error, Exit, Result, reason};
use safebox::sys::{Mount, MountFlags};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub static APPLET: Applet = Applet {
    names: &["mount"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: mount [-rw] [-t TYPE] [-o OPTIONS] [DEVICE] DIR
       mount -a [-t TYPE]
       mount

Attach the file system on DEVICE to DIR; without arguments list what is attached.

  -t TYPE           kind of file system (default: try all that the kernel knows)
  -o OPTIONS        separated by commas: ro, rw, noatime, nosuid, nodev, noexec, sync,
                    remount, bind, move, or words for the file system
  -r                same as -o ro
  -w                same as -o rw
  -a                everything in /etc/fstab
  -n                ignored: there is no mtab
  -i                ignored: there are no helpers

Example: mount -t vfat /dev/sda1 /mnt
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let mut options = Options::default();
    for (key, value) in opts.in_order() {
        match key {
            "o" => options.add(&value.to_string_lossy()),
            "r" => options.add("ro"),
            "w" => options.add("rw"),
            _ => {}
        }
    }
    let fstype = opts.value("t").map(|t| t.to_string_lossy().into_owned());
    match &opts.operands[..] {
        [] if opts.has("a") => mount_all(ctx, fstype.as_deref())?,
        [] => list(ctx, fstype.as_deref())?,
        [one] if options.remount => {
            let target = canonical(one);
            ctx.sys
                .mounts()
                .remount(&target, options.flags.0, &options.data)
                .at("remount", one)?;
        }
        [one] => mount_from_fstab(ctx, Path::new(one))?,
        [source, target] => attach(ctx, source, Path::new(target), fstype.as_deref(), &options)?,
        _ => {
            return Err(Error::Usage {
                complaint: String::new(),
                usage: USAGE.into(),
                exit: Exit::FAILED,
            });
        }
    }
    Ok(ctx.status())
}

/// The lines `DEV on DIR type T (opts)`.
fn list(ctx: &mut Ctx, fstype: Option<&str>) -> Result<()> {
    let table = ctx.sys.mounts().table().at("read", "/proc/self/mounts")?;
    for entry in &table {
        if fstype.is_some_and(|fstype| fstype != entry.fstype) || entry.fstype == "rootfs" {
            continue;
        }
        ctx.out.put(entry.source.as_os_str().as_bytes());
        ctx.out.put(b" on ");
        ctx.out.put(entry.target.as_os_str().as_bytes());
        ctx.out
            .line(format!(" type {} ({})", entry.fstype, entry.options));
    }
    Ok(())
}

fn attach(
    ctx: &mut Ctx,
    source: &OsStr,
    target: &Path,
    fstype: Option<&str>,
    options: &Options,
) -> Result<()> {
    let mounts = ctx.sys.mounts();
    let failed = |error: &io::Error| {
        let (source, target) = (source.to_string_lossy(), target.display());
        Error::message(format!(
            "mounting {source} on {target} failed: {}",
            reason(error)
        ))
    };
    let from = Path::new(source);
    if options.loop_device {
        let text = "loop devices are not supported: write the image to a device instead";
        return Err(Error::message(text));
    }
    if options.move_mount || options.bind {
        let result = match options.move_mount {
            true => mounts.move_mount(from, target),
            false => mounts.bind(from, target),
        };
        result.map_err(|error| failed(&error))?;
        // The kernel takes flags of a bind only afterwards.
        if options.bind && !options.flags.0.is_empty() {
            let flags = options.flags.0 | MountFlags::BIND;
            return mounts
                .remount(target, flags, "")
                .map_err(|error| failed(&error));
        }
        return Ok(());
    }
    if options.remount {
        return mounts
            .remount(target, options.flags.0, &options.data)
            .map_err(|error| failed(&error));
    }
    let types = match fstype {
        Some("auto") | None => mounts.filesystems().unwrap_or_default(),
        Some(fstype) => vec![fstype.to_owned()],
    };
    let mut last = io::Error::from_raw_os_error(22);
    for fstype in &types {
        match mounts.mount(from, target, fstype, options.flags.0, &options.data) {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
        // EINVAL: not this file system; everything else is about the device.
        if last.kind() != io::ErrorKind::InvalidInput {
            break;
        }
    }
    Err(failed(&last))
}

/// The line of `/etc/fstab` for a directory or a device.
fn mount_from_fstab(ctx: &mut Ctx, one: &Path) -> Result<()> {
    let entry = fstab(ctx)?
        .into_iter()
        .find(|entry| entry.target == one || entry.source == one);
    match entry {
        Some(entry) => attach_entry(ctx, &entry),
        None => Err(Error::message(format!(
            "can't find {} in /etc/fstab",
            one.display()
        ))),
    }
}

fn mount_all(ctx: &mut Ctx, fstype: Option<&str>) -> Result<()> {
    let mounted = ctx.sys.mounts().table().unwrap_or_default();
    for entry in fstab(ctx)? {
        let is_wanted = fstype.is_none_or(|fstype| fstype == entry.fstype)
            && !entry.options.split(',').any(|word| word == "noauto")
            && entry.fstype != "swap"
            && !mounted.iter().any(|m| m.target == entry.target);
        if is_wanted && let Err(error) = attach_entry(ctx, &entry) {
            ctx.complain(error);
        }
    }
    Ok(())
}

fn attach_entry(ctx: &mut Ctx, entry: &Mount) -> Result<()> {
    let mut options = Options::default();
    options.add(&entry.options);
    let source = entry.source.as_os_str();
    attach(ctx, source, &entry.target, Some(&entry.fstype), &options)
}

fn fstab(ctx: &Ctx) -> Result<Vec<Mount>> {
    let text = std::fs::read(ctx.path("/etc/fstab")).at("read", "/etc/fstab")?;
    let lines = text.split(|&b| b == b'\n').filter(|l| !l.starts_with(b"#"));
    // The same form as the kernel's table, but with any blanks.
    let plain = |line: &[u8]| {
        let words = line.split(|b| b.is_ascii_whitespace());
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        words.join(&b' ')
    };
    let text: Vec<_> = lines.map(plain).collect();
    Ok(safebox::sys::mount::parse_table(&text.join(&b'\n')))
}

fn canonical(path: &OsStr) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.into())
}
