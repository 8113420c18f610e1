//! mknod, mkfifo - make device nodes and named pipes.

use rustix::fs::{CWD, FileType, Mode};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::mode::{Change, umask};
use safebox::opts::Opts;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["mknod", "mkfifo"],
    dir: Dir::Bin,
    run,
};

const MKNOD: &str = "\
Usage: mknod [-m MODE] NAME TYPE [MAJOR MINOR]

Make a device node or a named pipe. TYPE is b (block), c or u (character), p (pipe; no numbers).

  -m, --mode MODE   permissions, as for chmod

Example: mknod /dev/mtdblock3 b 31 3
";

const MKFIFO: &str = "\
Usage: mkfifo [-m MODE] NAME...

Make named pipes.

  -m, --mode MODE   permissions, as for chmod

Example: mkfifo /tmp/pipe
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    if ctx.name() == "mkfifo" {
        let opts = ctx.getopt(MKFIFO)?;
        for name in opts.needed(MKFIFO, 1)? {
            if let Err(error) = make(name, FileType::Fifo, 0, &opts) {
                ctx.complain(error);
            }
        }
        return Ok(ctx.status());
    }
    let opts = ctx.getopt(MKNOD)?;
    let (name, kind, device) = match opts.between(MKNOD, 2, 4)? {
        [name, kind] if kind == "p" => (name, FileType::Fifo, 0),
        [name, kind, major, minor] if kind == "b" => {
            (name, FileType::BlockDevice, device(major, minor)?)
        }
        [name, kind, major, minor] if kind == "c" || kind == "u" => {
            (name, FileType::CharacterDevice, device(major, minor)?)
        }
        _ => {
            opts.between(MKNOD, 1, 0)?;
            return Ok(Exit::FAILED);
        }
    };
    make(name, kind, device, &opts)?;
    Ok(Exit::OK)
}

fn device(major: &OsStr, minor: &OsStr) -> Result<u64> {
    let number = |text: &OsStr| {
        let parsed = text.to_str().and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| Error::message(format!("invalid number '{}'", text.to_string_lossy())))
    };
    Ok(rustix::fs::makedev(number(major)?, number(minor)?))
}

fn make(name: &OsStr, kind: FileType, device: u64, opts: &Opts) -> Result<()> {
    let mode = match opts.value("m") {
        None => None,
        Some(text) => match Change::parse(text.as_bytes()) {
            Some(change) => Some(change.apply(0o666, false, umask())),
            None => {
                let text = text.to_string_lossy();
                return Err(Error::message(format!("invalid mode '{text}'")));
            }
        },
    };
    let bits = |mode: u32| Mode::from_raw_mode(mode as _);
    rustix::fs::mknodat(CWD, name, kind, bits(mode.unwrap_or(0o666)), device).at("", name)?;
    match mode {
        Some(mode) => rustix::fs::chmod(name, bits(mode)).at("", name),
        None => Ok(()),
    }
}
