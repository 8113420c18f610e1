//! ln - give files further names, or make symbolic links to them.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::status::Status;
use safebox::fsops::{Refusal, destination};
use safebox::opts::Opts;
use std::ffi::OsStr;
use std::path::Path;

pub static APPLET: Applet = Applet {
    names: &["ln"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: ln [-sfnbTv] [-S SUFFIX] TARGET... LINK|DIRECTORY

Make LINK, or a link in DIRECTORY, that leads to TARGET.

  -s, --symbolic    symbolic links instead of further names
  -f, --force       replace what exists
  -n, --no-dereference  a LINK that leads to a directory is replaced, not entered
  -b                keep what is replaced, with ~ behind its name
  -S SUFFIX         the same with SUFFIX instead of ~
  -T                LINK is never taken for a directory
  -t DIR            make the links in DIR
  -v, --verbose     name each link made

Example: ln -sf ../init.d/telnet /etc/rc.d/S50telnet
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let mut targets = opts.needed(USAGE, 1)?;
    let dir = opts.value("t").map(OsStr::to_owned);
    let link = match (&dir, targets) {
        (Some(dir), _) => dir.clone(),
        // A lone target gets a link of its own name right here.
        (None, [_]) => ".".into(),
        (None, [rest @ .., last]) => {
            targets = rest;
            last.clone()
        }
        (None, []) => return Ok(Exit::FAILED),
    };
    let link = Path::new(&link);
    let into = dir.is_some() || is_directory(&opts, link);
    if into && opts.has("T") {
        return Err(Refusal::IsDirectory(link.into()).into());
    }
    if !into && targets.len() > 1 {
        return Err(Refusal::NotDirectory(link.into()).into());
    }
    for target in targets {
        let name = destination(target, link, into);
        match make(target, &name, &opts) {
            Ok(()) if opts.has("v") => {
                let line = format!("'{}' -> '{}'", name.display(), target.to_string_lossy());
                ctx.out.line(line);
            }
            Ok(()) => {}
            Err(error) => ctx.complain(error),
        }
    }
    Ok(ctx.status())
}

fn is_directory(opts: &Opts, link: &Path) -> bool {
    let follow = !opts.has("n");
    Status::of(link, follow).is_ok_and(|status| status.is_dir())
}

fn make(target: &OsStr, name: &Path, opts: &Opts) -> Result<()> {
    let symbolic = opts.has("s");
    if !symbolic {
        Status::of(target, false).at("", target)?;
    }
    if let Ok(found) = Status::of(name, false) {
        let same = !symbolic
            && Status::of(target, false).is_ok_and(|own| own.identity() == found.identity());
        if same && (opts.has("f") || opts.has("b")) {
            return Err(Refusal::SameFile(target.into(), name.into()).into());
        }
        if opts.has("b") || opts.has("S") {
            let mut old = name.as_os_str().to_owned();
            old.push(opts.value("S").unwrap_or(OsStr::new("~")));
            rustix::fs::rename(name, &old).at("rename", name)?;
        } else if opts.has("f") {
            if found.is_dir() {
                return Err(Refusal::IsDirectory(name.into()).into());
            }
            return replace(target, name, symbolic);
        }
    }
    place(target, name, symbolic)
}

fn place(target: &OsStr, name: &Path, symbolic: bool) -> Result<()> {
    let made = if symbolic {
        rustix::fs::symlink(target, name)
    } else {
        rustix::fs::link(target, name)
    };
    made.at("", name)
}

/// The new link takes the old name's place in one step: there is never none.
fn replace(target: &OsStr, name: &Path, symbolic: bool) -> Result<()> {
    let mut beside = name.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = Path::new(&beside);
    place(target, beside, symbolic).map_err(|error| match error {
        Error::Io { verb, source, .. } => Error::Io {
            verb,
            path: name.into(),
            source,
        },
        other => other,
    })?;
    let renamed = rustix::fs::rename(beside, name);
    if renamed.is_err() {
        // The failure itself is reported.
        let _ = rustix::fs::unlink(beside);
    }
    renamed.at("", name)
}
