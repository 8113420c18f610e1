//! safebox - the multi-call binary under its own name.
//!
//! `safebox NAME ...` runs an applet; `--list` and `--install` serve whoever builds an image.
//! Links are relative, so that an image tree can be made anywhere.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub static APPLET: Applet = Applet {
    names: &["safebox", "busybox"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: safebox NAME [ARGUMENT]...
       safebox --list[-full]
       safebox --install [-h] [-n] DIR

One binary under many names: the rescue userland of a router.

  --list            print the name of every applet
  --list-full       the same with the directory of each
  --install         make the links of all applets below DIR; the binary itself must
                    lie at DIR/bin/safebox (or is copied there)
  -h                hard links instead of relative symbolic ones
  -n                say what would be done and do nothing
  --version         print the version

NAME --help explains an applet. Example: safebox --install /tmp/image
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let Some(first) = ctx.args.first() else {
        ctx.out.put(USAGE.as_bytes());
        list_in_columns(ctx);
        return Ok(Exit::OK);
    };
    if !first.as_encoded_bytes().starts_with(b"-") {
        return run_named(ctx);
    }
    let opts = ctx.getopt(USAGE)?;
    if opts.has("version") {
        ctx.out.line(concat!("safebox ", env!("CARGO_PKG_VERSION")));
    } else if opts.has("list") || opts.has("list-full") {
        for (dir, name) in links(ctx) {
            let prefix = if opts.has("list-full") {
                format!("{}/", dir.path())
            } else {
                String::new()
            };
            ctx.out.line(format!("{prefix}{name}"));
        }
    } else if opts.has("install") {
        let [dir] = &opts.operands[..] else {
            return Err(usage("--install needs one directory"));
        };
        install(ctx, Path::new(dir), opts.has("h"), opts.has("n"))?;
    } else {
        return Err(usage("nothing to do"));
    }
    Ok(ctx.status())
}

fn usage(complaint: &str) -> Error {
    Error::Usage {
        complaint: complaint.into(),
        usage: USAGE.into(),
        exit: Exit::FAILED,
    }
}

/// `safebox NAME ...`: the applet sees its own name as `argv[0]`.
fn run_named(ctx: &mut Ctx) -> Result<Exit> {
    let argv: Vec<OsString> = ctx.args.clone();
    Ok(safebox::applet::dispatch(ctx.applets, &argv, ctx.sys))
}

/// Every link of an image, sorted by name.
fn links(ctx: &Ctx) -> Vec<(Dir, &'static str)> {
    let mut links: Vec<_> = ctx
        .applets
        .table
        .iter()
        .flat_map(|applet| applet.names.iter().map(|name| (applet.dir, *name)))
        .collect();
    links.sort_by_key(|(_, name)| *name);
    links
}

fn list_in_columns(ctx: &mut Ctx) {
    ctx.out.put(b"\nApplets:\n");
    let mut column = 0;
    for (_, name) in links(ctx) {
        if column + name.len() + 2 > 78 {
            ctx.out.put(b"\n");
            column = 0;
        }
        ctx.out.put(if column == 0 { b"  " } else { b" " });
        ctx.out.put(name.as_bytes());
        column += name.len() + 1;
    }
    ctx.out.put(b"\n");
}

/// Makes every link below `dir`; the binary is copied to `dir/bin/safebox` if missing.
fn install(ctx: &mut Ctx, dir: &Path, hard: bool, dry_run: bool) -> Result<()> {
    let binary = dir.join("bin/safebox");
    for name in ["bin", "sbin", "usr/bin", "usr/sbin", "usr/libexec"] {
        let path = dir.join(name);
        if !dry_run {
            std::fs::create_dir_all(&path).at("create directory", &path)?;
        }
    }
    if !binary.exists() {
        let from = Path::new("/proc/self/exe");
        ctx.out.line(format!("copy {}", binary.display()));
        if !dry_run {
            std::fs::copy(from, &binary).at("copy", &binary)?;
        }
    }
    for (place, name) in links(ctx) {
        if name == "safebox" {
            continue;
        }
        let link = dir.join(place.path()).join(name);
        let target = match place {
            Dir::Bin => "safebox",
            Dir::Sbin => "../bin/safebox",
            Dir::UsrBin | Dir::UsrSbin | Dir::UsrLibexec => "../../bin/safebox",
        };
        if dry_run {
            ctx.out.line(format!("link {}", link.display()));
            continue;
        }
        if let Err(error) = make_link(&link, target, hard.then_some(&binary)) {
            ctx.complain(error);
        }
    }
    Ok(())
}

/// Replaces a link to a binary of many names, never anything else of somebody else's.
fn make_link(link: &Path, target: &str, hard_to: Option<&PathBuf>) -> Result<()> {
    if leads_to_multicall(link) || hard_to.is_some_and(|binary| same_file(link, binary)) {
        std::fs::remove_file(link).at("replace", link)?;
    }
    match hard_to {
        Some(binary) => std::fs::hard_link(binary, link),
        None => std::os::unix::fs::symlink(target, link),
    }
    .at("link", link)
}

/// A symbolic link to safebox, or to the busybox that an image had before.
fn leads_to_multicall(link: &Path) -> bool {
    let is_one = |target: PathBuf| {
        let name = target.file_name();
        name.is_some_and(|name| APPLET.names.iter().any(|ours| name == *ours))
    };
    link.read_link().is_ok_and(is_one)
}

fn same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (a.symlink_metadata(), b.symlink_metadata()) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}
