//! tee - standard input to standard output and to files as well.
//!
//! A file that fails is given up with a message; the others go on.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Exit, Result};
use safebox::sys::signal;
use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};

pub static APPLET: Applet = Applet {
    names: &["tee"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: tee [-ai] [FILE]...

Copy standard input to standard output and to each FILE.

  -a, --append      add to FILEs, do not overwrite them
  -i                go on at ^C

Example: dmesg | tee /tmp/boot.log
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    if opts.has("i") {
        signal::ignore(rustix::process::Signal::INT.as_raw());
    }
    let mut files: Vec<(OsString, File)> = Vec::new();
    for name in &opts.operands {
        let mut options = File::options();
        let options = options.create(true).write(true).append(opts.has("a"));
        match options.truncate(!opts.has("a")).open(name).at("", name) {
            Ok(file) => files.push((name.clone(), file)),
            Err(error) => ctx.complain(error),
        }
    }
    let mut buf = vec![0; 64 * 1024];
    loop {
        let count = match ctx.stdin().read(&mut buf) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).at("read", "standard input"),
        };
        ctx.out.put(&buf[..count]);
        // What comes through a pipe is passed on at once; `out` remembers a failure.
        let _ = ctx.out.flush();
        files.retain_mut(|(name, file)| match file.write_all(&buf[..count]) {
            Ok(()) => true,
            Err(error) => {
                if let Err(error) = Err::<(), _>(error).at("", name) {
                    ctx.complain(error);
                }
                false
            }
        });
        if files.is_empty() && ctx.out.failed() {
            break;
        }
    }
    Ok(ctx.status())
}
