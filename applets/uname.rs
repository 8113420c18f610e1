//! uname - what kernel runs here.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Exit, Result};

pub static APPLET: Applet = Applet {
    names: &["uname"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: uname [-asnrvmpio]

Show what the kernel says of itself; without options its name.

  -a                everything
  -s                name of the kernel
  -n                name of the host
  -r                release of the kernel
  -v                version of the kernel
  -m                kind of machine
  -p                kind of processor
  -i                kind of hardware
  -o                name of the operating system

Example: uname -r
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let names = rustix::system::uname();
    let fields = [
        ("s", names.sysname().to_bytes()),
        ("n", names.nodename().to_bytes()),
        ("r", names.release().to_bytes()),
        ("v", names.version().to_bytes()),
        ("m", names.machine().to_bytes()),
        ("p", b"unknown"),
        ("i", b"unknown"),
        ("o", b"GNU/Linux"),
    ];
    let asked = opts.in_order().next().is_some();
    let is_meant = |key: &str| {
        let all = opts.has("a") && !matches!(key, "p" | "i");
        all || opts.has(key) || (!asked && key == "s")
    };
    let shown: Vec<&[u8]> = fields
        .iter()
        .filter(|(key, _)| is_meant(key))
        .map(|(_, text)| *text)
        .collect();
    ctx.out.line(shown.join(&b' '));
    Ok(Exit::OK)
}
