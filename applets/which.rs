//! which - the program that a command name means.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Exit, Result};
use safebox::proc::launch;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["which"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: which [-a] COMMAND...

Print the path of the program that COMMAND starts.

  -a, --all         all programs of that name in PATH

Example: which sysupgrade
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/sbin:/usr/bin:/sbin:/bin".into());
    let mut status = Exit::OK;
    for word in opts.needed(USAGE, 1)? {
        let mut found = false;
        if word.as_bytes().contains(&b'/') {
            found = is_program(word);
            if found {
                ctx.out.line(word.as_bytes());
            }
        } else {
            // One directory at a time, so that -a sees what comes after the first.
            for dir in path.as_bytes().split(|&b| b == b':') {
                let file = launch::search(word, OsStr::from_bytes(dir));
                let Some(file) = file.filter(|file| is_program(file.as_os_str())) else {
                    continue;
                };
                ctx.out.line(file.as_os_str().as_bytes());
                found = true;
                if !opts.has("a") {
                    break;
                }
            }
        }
        if !found {
            status = Exit::FAILED;
        }
    }
    Ok(status)
}

fn is_program(file: &OsStr) -> bool {
    std::fs::metadata(file).is_ok_and(|meta| meta.is_file())
        && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}
