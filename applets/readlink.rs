//! readlink, realpath - where symbolic links lead.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Exit, Result};
use safebox::fsops::{base_name, dir_name};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub static APPLET: Applet = Applet {
    names: &["readlink", "realpath"],
    dir: Dir::UsrBin,
    run,
};

const READLINK: &str = "\
Usage: readlink [-fenv] FILE...

Print what the symbolic link FILE holds.

  -f, --canonicalize    print the full path without any link instead; its last part may be missing
  -e, --canonicalize-existing  the same, and nothing may be missing
  -n, --no-newline  no newline at the end
  -v, --verbose     say why, if it fails

Example: readlink -f /etc/rc.d/S50telnet
";

const REALPATH: &str = "\
Usage: realpath [-e] FILE...

Print the full path of FILE, without any link in it; its last part may be missing.

  -e                nothing may be missing

Example: realpath /etc/resolv.conf
";

/// More links than this lead in a circle, as for the kernel.
const LINKS: u32 = 40;

fn run(ctx: &mut Ctx) -> Result<Exit> {
    if ctx.name() == "realpath" {
        let opts = ctx.getopt(REALPATH)?;
        for file in opts.needed(REALPATH, 1)? {
            match canonical(file, opts.has("e")).at("", file) {
                Ok(path) => ctx.out.line(path.as_os_str().as_bytes()),
                Err(error) => ctx.complain(error),
            }
        }
        return Ok(ctx.status());
    }
    let opts = ctx.getopt(READLINK)?;
    let files = opts.needed(READLINK, 1)?;
    let mut status = Exit::OK;
    for file in files {
        let result = if opts.has("e") || opts.has("f") {
            canonical(file, opts.has("e"))
        } else {
            std::fs::read_link(file)
        };
        match result.at("read link", file) {
            Ok(path) => {
                ctx.out.put(path.as_os_str().as_bytes());
                if !(opts.has("n") && files.len() == 1) {
                    ctx.out.put(b"\n");
                }
            }
            Err(error) => {
                status = Exit::FAILED;
                if opts.has("v") {
                    ctx.say(error);
                }
            }
        }
    }
    Ok(status)
}

/// The path without links, dots and double slashes.
fn canonical(file: &OsStr, existing: bool) -> io::Result<PathBuf> {
    let mut file = file.to_owned();
    for _ in 0..LINKS {
        let missing = match std::fs::canonicalize(&file) {
            Err(error) if !existing && error.kind() == io::ErrorKind::NotFound => error,
            found => return found,
        };
        if file.is_empty() {
            return Err(missing);
        }
        let above = std::fs::canonicalize(dir_name(&file))?;
        let path = above.join(base_name(&file));
        // A link to nowhere: what it leads to may be missing, but not the directory of that.
        match std::fs::read_link(&path) {
            Ok(target) => file = above.join(target).into_os_string(),
            Err(_) => return Ok(Path::new(&path).to_owned()),
        }
    }
    Err(rustix::io::Errno::LOOP.into())
}
