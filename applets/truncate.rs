//! truncate - set the size of files.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::number;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["truncate"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: truncate [-c] -s SIZE FILE...

Make FILEs exactly SIZE bytes long; what is added reads as zeros and takes no room.

  -c, --no-create   make nothing
  -s, --size SIZE   bytes, or with a unit: 4k, 16M; +SIZE and -SIZE change the size

Example: truncate -s 16M /tmp/flash.img
";

/// What is to become of the size.
enum Size {
    Set(u64),
    Grow(u64),
    Shrink(u64),
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let Some(text) = opts.value("s") else {
        opts.between(USAGE, 1, 0)?;
        return Ok(Exit::FAILED);
    };
    let size = match text.as_bytes() {
        [b'+', rest @ ..] => number::bytes(rest).map(Size::Grow),
        [b'-', rest @ ..] => number::bytes(rest).map(Size::Shrink),
        all => number::bytes(all).map(Size::Set),
    };
    let Some(size) = size else {
        let text = text.to_string_lossy();
        return Err(Error::message(format!("invalid number '{text}'")));
    };
    for name in opts.needed(USAGE, 1)? {
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create(!opts.has("c"))
            .truncate(false)
            .open(name);
        let file = match file {
            Err(error) if opts.has("c") && error.kind() == std::io::ErrorKind::NotFound => continue,
            file => file.at("open", name),
        };
        let done = file.and_then(|file| {
            let old = file.metadata().at("stat", name)?.len();
            let new = match size {
                Size::Set(size) => size,
                Size::Grow(by) => old.saturating_add(by),
                Size::Shrink(by) => old.saturating_sub(by),
            };
            file.set_len(new).at("truncate", name)
        });
        if let Err(error) = done {
            ctx.complain(error);
        }
    }
    Ok(ctx.status())
}
