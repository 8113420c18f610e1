//! hostname - show or set the name of this machine.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["hostname"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: hostname [-s] [NAME | -F FILE]

Show the name of this machine, or set it.

  -s                without what follows the first dot
  -F FILE           take the name from the first line of FILE that is no comment

Example: hostname myrouter
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let new = match (opts.value("F"), &opts.operands[..]) {
        (None, []) => None,
        (None, [name]) => Some(name.as_bytes().to_vec()),
        (Some(file), []) => {
            let text = std::fs::read(file).at("open", file)?;
            let mut lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
            let name = lines.find(|line| !line.is_empty() && !line.starts_with(b"#"));
            Some(name.unwrap_or_default().to_vec())
        }
        _ => {
            return Err(Error::Usage {
                complaint: String::new(),
                usage: USAGE.into(),
                exit: Exit::FAILED,
            });
        }
    };
    if let Some(name) = new {
        rustix::system::sethostname(&name).at("", "sethostname")?;
        return Ok(Exit::OK);
    }
    let names = rustix::system::uname();
    let name = names.nodename().to_bytes();
    let short = name.split(|&b| b == b'.').next().unwrap_or(name);
    ctx.out.line(if opts.has("s") { short } else { name });
    Ok(Exit::OK)
}
