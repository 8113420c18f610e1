//! insmod - load a module into the kernel.
//!
//! A name without a slash is looked for in the running kernel's module directory.
//! Compressed modules are left to the kernel, which knows the formats it was built for.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use std::ffi::{CString, OsStr};
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

/// MODULE_INIT_COMPRESSED_FILE of linux/module.h.
const COMPRESSED: i32 = 4;

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
    let file = File::open(&path).at("open", &path)?;
    let words: Vec<_> = parameters.iter().map(|p| p.as_bytes()).collect();
    let parameters = CString::new(words.join(&b' ')).map_err(std::io::Error::from);
    let extension = path.extension().unwrap_or_default();
    let flags = if extension == "ko" { 0 } else { COMPRESSED };
    rustix::system::finit_module(&file, &parameters.at("", &path)?, flags).at("insert", &path)?;
    Ok(Exit::OK)
}

/// The file that is meant; names may be written with `-` or `_`.
fn find(ctx: &Ctx, name: &OsStr) -> PathBuf {
    if Path::new(name).exists() || name.as_bytes().contains(&b'/') {
        return name.into();
    }
    let release = rustix::system::uname();
    let release = OsStr::from_bytes(release.release().to_bytes());
    let dir = ctx.path(Path::new("/lib/modules").join(release));
    let text = name.to_string_lossy();
    let bare = text.strip_suffix(".ko").unwrap_or(&text);
    let spellings = [
        bare.to_owned(),
        bare.replace('_', "-"),
        bare.replace('-', "_"),
    ];
    let files = spellings.iter().map(|name| dir.join(format!("{name}.ko")));
    files
        .into_iter()
        .find(|file| file.exists())
        .unwrap_or_else(|| name.into())
}
