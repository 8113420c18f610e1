//! lsmod - the modules that are loaded into the kernel.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Exit, Result};

pub static APPLET: Applet = Applet {
    names: &["lsmod"],
    dir: Dir::Sbin,
    run,
};

const USAGE: &str = "\
Usage: lsmod

List the kernel's modules: name, size in bytes, and who uses them.

Example: lsmod | grep jffs2
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    ctx.getopt(USAGE)?;
    let path = ctx.path("/proc/modules");
    let text = std::fs::read_to_string(&path).at("open", &path)?;
    ctx.out.line("Module                  Size  Used by");
    for line in text.lines() {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap_or_default();
        let (name, size, count, users) = (word(), word(), word(), word());
        let users = users.trim_end_matches(',').trim_start_matches('-');
        let row = format!("{name:<19} {size:>8}  {count} {users}");
        ctx.out.line(row.trim_end());
    }
    Ok(Exit::OK)
}
