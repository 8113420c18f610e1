//! df - how full the file systems are.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::format::human;
use safebox::fsops::number;
use safebox::fsops::status::Status;
use safebox::opts::Opts;
use safebox::sys::Mount;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["df"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: df [-PkmhTai] [-B SIZE] [-t TYPE] [FILE]...

Show how full the file systems are, or those that hold FILEs.

  -P                one line for each, as POSIX wants it
  -k                kilobytes (the default)
  -m                megabytes
  -h                sizes as 1.5K, 20.0M
  -B SIZE           blocks of SIZE
  -T                types, too
  -a                file systems without blocks, too
  -i                inodes instead of blocks
  -t TYPE           only file systems of this type

Example: df -h /overlay
";

/// How numbers are shown.
struct Form {
    /// None: as 1.5K.
    unit: Option<u64>,
    title: String,
    types: bool,
    posix: bool,
    inodes: bool,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let form = form(&opts)?;
    let table = ctx.sys.mounts().table().at("read", "/proc/self/mounts")?;
    let mut lines = Vec::new();
    if opts.operands.is_empty() {
        for (at, mount) in table.iter().enumerate() {
            // What was mounted over it later hides a mount.
            let hidden = table[at + 1..].iter().any(|m| m.target == mount.target);
            if !hidden && wanted(mount, &opts) {
                lines.extend(line(ctx, mount, &form, opts.has("a")));
            }
        }
    }
    for operand in &opts.operands {
        match holder(&table, operand) {
            Ok(mount) if wanted(mount, &opts) => lines.extend(line(ctx, mount, &form, true)),
            Ok(_) => {}
            Err(error) => ctx.complain(error),
        }
    }
    put_title(ctx, &form);
    for line in lines {
        ctx.out.line(line);
    }
    Ok(ctx.status())
}

fn form(opts: &Opts) -> Result<Form> {
    let posix = opts.has("P");
    let (unit, title) = match opts.last_of(&["k", "m", "h", "B"]) {
        Some("h") => (None, "Size".into()),
        Some("m") => (Some(1 << 20), "1M-blocks".into()),
        Some("B") => {
            let text = opts.value("B").unwrap_or_default();
            match number::bytes(text.as_bytes()) {
                Some(unit) if unit > 0 => (Some(unit), format!("{}-blocks", human_unit(unit))),
                _ => {
                    let text = text.to_string_lossy();
                    return Err(Error::message(format!("invalid number '{text}'")));
                }
            }
        }
        _ if posix => (Some(1024), "1024-blocks".into()),
        _ => (Some(1024), "1K-blocks".into()),
    };
    Ok(Form {
        unit,
        title,
        types: opts.has("T"),
        posix,
        inodes: opts.has("i"),
    })
}

/// `2K` for 2048, `1000` for 1000.
fn human_unit(unit: u64) -> String {
    match unit {
        unit if unit % (1 << 20) == 0 => format!("{}M", unit >> 20),
        unit if unit % 1024 == 0 => format!("{}K", unit >> 10),
        unit => unit.to_string(),
    }
}

fn wanted(mount: &Mount, opts: &Opts) -> bool {
    opts.value("t").is_none_or(|kind| *kind == *mount.fstype) && mount.fstype != "rootfs"
}

/// The mount that holds a file, or that a device is mounted by.
fn holder<'t>(table: &'t [Mount], file: &OsStr) -> Result<&'t Mount> {
    let device = table.iter().rev().find(|mount| mount.source == file);
    if let Some(mount) = device.filter(|mount| mount.source.is_absolute()) {
        return Ok(mount);
    }
    let path = std::fs::canonicalize(file).at("", file)?;
    let dev = Status::of(&path, true).at("", file)?.dev;
    let holds = |mount: &&Mount| {
        path.starts_with(&mount.target)
            && Status::of(&mount.target, true).is_ok_and(|status| status.dev == dev)
    };
    let found = table.iter().filter(holds);
    let found = found.max_by_key(|mount| mount.target.as_os_str().len());
    found.ok_or_else(|| {
        let file = file.to_string_lossy();
        Error::message(format!("{file}: can't find mount point"))
    })
}

fn put_title(ctx: &mut Ctx, form: &Form) {
    let kind = if form.types { " Type      " } else { "" };
    let title = if form.inodes { "Inodes" } else { &form.title };
    let text = if form.posix && !form.inodes {
        format!(
            "{:20}{kind} {title:>9}    Used Available Capacity Mounted on",
            "Filesystem"
        )
    } else {
        format!(
            "{:20}{kind} {title:>9}      Used Available Use% Mounted on",
            "Filesystem"
        )
    };
    ctx.out.line(text);
}

fn line(ctx: &mut Ctx, mount: &Mount, form: &Form, all: bool) -> Option<Vec<u8>> {
    let info = match rustix::fs::statvfs(&mount.target).at("", &mount.target) {
        Ok(info) => info,
        Err(error) => {
            ctx.complain(error);
            return None;
        }
    };
    if info.f_blocks == 0 && !all {
        return None;
    }
    let (total, used, free) = if form.inodes {
        let used = info.f_files.saturating_sub(info.f_ffree);
        (info.f_files, used, info.f_ffree)
    } else {
        let used = info.f_blocks.saturating_sub(info.f_bfree);
        (info.f_blocks, used, info.f_bavail)
    };
    let show = |number: u64| match form.unit {
        _ if form.inodes => number.to_string(),
        None => human(number.saturating_mul(info.f_frsize)),
        Some(unit) => {
            let bytes = u128::from(number) * u128::from(info.f_frsize);
            ((bytes + u128::from(unit) / 2) / u128::from(unit)).to_string()
        }
    };
    let mut text = mount.source.as_os_str().as_bytes().to_vec();
    // A long name has a line of its own, so that the columns stay.
    if text.len() > 20 && !form.posix {
        text.extend(b"\n");
        text.extend([b' '; 20]);
    } else {
        text.resize(text.len().max(20), b' ');
    }
    if form.types {
        text.extend(format!(" {:10}", mount.fstype).bytes());
    }
    let (total, shown_used, shown_free) = (show(total), show(used), show(free));
    let percent = percent(used, free);
    let numbers = format!(" {total:>9} {shown_used:>9} {shown_free:>9} {percent:>3}% ");
    text.extend(numbers.bytes());
    text.extend(mount.target.as_os_str().as_bytes());
    Some(text)
}

/// What users have used of what they could have, rounded.
fn percent(used: u64, free: u64) -> u64 {
    let (used, all) = (u128::from(used), u128::from(used) + u128::from(free));
    match all {
        0 => 0,
        all => ((used * 100 + all / 2) / all) as u64,
    }
}
