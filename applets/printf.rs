//! printf - text by a format.
//!
//! A number that is none prints as what could be read of it, is complained about, and
//! makes the status 1; the rest is printed all the same.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Error, Exit, Result};
use safebox::text::printf;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["printf"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: printf FORMAT [ARGUMENT]...

Print ARGUMENTs as FORMAT says: %s %b %c %d %i %u %o %x %X %e %f %g, and \\n \\t \\NNN \\xHH.
The format is used again until there are no arguments left.

Example: printf '%s is %d\\n' one 1 two 2
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let args: Vec<&[u8]> = ctx.args.iter().map(|arg| arg.as_bytes()).collect();
    let args = match &args[..] {
        [b"--help"] => return Err(Error::Help(USAGE.into())),
        [b"--", rest @ ..] => rest,
        all => all,
    };
    let Some((format, args)) = args.split_first() else {
        return Err(Error::Usage {
            complaint: String::new(),
            usage: USAGE.into(),
            exit: Exit::FAILED,
        });
    };
    let mut text = Vec::new();
    let faults = printf::format(format, args, &mut text);
    ctx.out.put(&text);
    for fault in faults {
        ctx.complain(Error::message(fault.to_string()));
    }
    Ok(ctx.status())
}
