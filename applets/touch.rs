//! touch - set the times of files, and make files that are missing.

use rustix::fs::{AtFlags, CWD, Mode, OFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::copy::times;
use safebox::fsops::status::{Moment, Status};
use safebox::fsops::when;
use safebox::opts::Opts;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["touch"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: touch [-acfhm] [-d DATE|-t DATE|-r FILE] FILE...

Set the times of FILEs to now; make those that are missing.

  -a                the time of access only
  -c, --no-create   make nothing
  -d, --date DATE   this time: @SECONDS, 'YYYY-MM-DD hh:mm:ss', hh:mm ...
  -f                ignored
  -h, --no-dereference  symbolic links themselves
  -m                the time of modification only
  -r, --reference FILE  the times of FILE
  -t DATE           this time: [[[[CC]YY]MM]DD]hhmm[.ss]

Example: touch -d '2024-05-01 12:00' /etc/config/network
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let files = opts.needed(USAGE, 1)?;
    let mut times = wanted(ctx, &opts)?;
    if opts.has("a") && !opts.has("m") {
        times.last_modification = special(UTIME_OMIT);
    }
    if opts.has("m") && !opts.has("a") {
        times.last_access = special(UTIME_OMIT);
    }
    for file in files {
        if let Err(error) = touch(file, &times, &opts) {
            ctx.complain(error);
        }
    }
    Ok(ctx.status())
}

fn wanted(ctx: &mut Ctx, opts: &Opts) -> Result<Timestamps> {
    if let Some(file) = opts.value("r") {
        return Ok(times(&Status::of(file, !opts.has("h")).at("", file)?));
    }
    let Some(text) = opts.value("d").or(opts.value("t")) else {
        return Ok(Timestamps {
            last_access: special(UTIME_NOW),
            last_modification: special(UTIME_NOW),
        });
    };
    let now = ctx.sys.machine().now();
    let Some(Moment { seconds, nanos }) = when::parse(text.as_bytes(), now) else {
        let text = text.to_string_lossy();
        return Err(Error::message(format!("invalid date '{text}'")));
    };
    let moment = Timespec {
        tv_sec: seconds as _,
        tv_nsec: nanos as _,
    };
    Ok(Timestamps {
        last_access: moment,
        last_modification: moment,
    })
}

fn special(nanos: rustix::fs::Nsecs) -> Timespec {
    Timespec {
        tv_sec: 0,
        tv_nsec: nanos,
    }
}

fn touch(file: &OsStr, times: &Timestamps, opts: &Opts) -> Result<()> {
    let flags = if opts.has("h") {
        AtFlags::SYMLINK_NOFOLLOW
    } else {
        AtFlags::empty()
    };
    match rustix::fs::utimensat(CWD, file, times, flags) {
        Err(rustix::io::Errno::NOENT) if opts.has("c") || opts.has("h") => Ok(()),
        Err(rustix::io::Errno::NOENT) => {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NONBLOCK;
            let made = rustix::fs::open(file, flags, Mode::from_raw_mode(0o666));
            rustix::fs::futimens(made.at("", file)?, times).at("", file)
        }
        set => set.at("", file),
    }
}
