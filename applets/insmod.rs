//! insmod - load a module into the kernel.
//!
//! A name without a slash is looked for in the running kernel's module directory.
//! Compressed modules are left to the kernel, which knows the formats it was built for.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::modules::{self, tree::Tree};
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub static APPLET: Applet = Applet {
    names: &["insmod"],
    dir: Dir::Sbin,
    run,
};

const USAGE: &str = "\
Usage: insmod FILE|NAME [PARAMETER=VALUE]...

Load a kernel module, with its parameters.

Example: insmod ledtrig-timer
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt_leading(USAGE)?;
    let Some((name, parameters)) = opts.operands.split_first() else {
        return Err(Error::Usage {
            complaint: String::new(),
            usage: USAGE.into(),
            exit: Exit::FAILED,
        });
    };
    let path = find(ctx, name);
    // Tells a file that is missing from one that the kernel does not like.
    File::open(&path).at("open", &path)?;
    let words: Vec<_> = parameters.iter().map(|p| p.as_bytes()).collect();
    modules::insert(&path, &words.join(&b' ')).at("insert", &path)?;
    Ok(Exit::OK)
}

/// The file that is meant; names may be written with `-` or `_`.
fn find(ctx: &Ctx, name: &OsStr) -> PathBuf {
    if Path::new(name).exists() || name.as_bytes().contains(&b'/') {
        return name.into();
    }
    let tree = Tree::of_running_kernel(&ctx.root);
    let file = tree.file(&name.to_string_lossy());
    file.unwrap_or(Path::new(name)).into()
}
