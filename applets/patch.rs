//! patch - put unified differences into files.
//!
//! A file is changed only when every hunk for it fits, and then its new contents take the
//! place of the old ones at once. Names that lead out of the directory are refused.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::diff::patch::{self, FilePatch};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::replace::Replacement;
use safebox::fsops::status::Status;
use safebox::fsops::{dir_name, join};
use safebox::opts::{self, Opts, Order};
use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path};

pub static APPLET: Applet = Applet {
    names: &["patch"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: patch [-RNE] [-p N] [-d DIR] [-i PATCH] [--dry-run] [FILE [PATCH]]

Change files as a unified difference says, from PATCH or standard input.

  -p, --strip N     drop N directories from names, not all
  -i, --input PATCH  read the differences from PATCH
  -d, --directory DIR  names are below DIR
  -R, --reverse     undo the differences
  -N, --forward     leave alone what is patched already
  -E                remove files that become empty
      --dry-run     change nothing, only say whether it could be done

Example: patch -p1 -i /tmp/fix.patch
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = opts::parse(USAGE, &ctx.args, Order::Anywhere, Exit::USAGE)?;
    let operands = opts.between(USAGE, 0, 2)?;
    let source = operands.get(1).map(OsString::as_os_str).or(opts.value("i"));
    let source = source.unwrap_or(OsStr::new("-"));
    let strip = match opts
        .value("p")
        .map(|text| text.to_str().and_then(|text| text.parse().ok()))
    {
        None => usize::MAX,
        Some(Some(strip)) => strip,
        Some(None) => return Err(Error::Message("-p wants a number".into(), Exit::USAGE)),
    };
    let mut text = Vec::new();
    ctx.open(source)
        .and_then(|mut file| file.read_to_end(&mut text))
        .at("open", source)?;
    let patches = patch::parse(&text)?;
    if patches.is_empty() {
        return Err(Error::message("no unified difference found"));
    }
    for patch in patches {
        let patch = if opts.has("R") {
            patch.reversed()
        } else {
            patch
        };
        if let Err(error) = file(ctx, &opts, operands.first(), &patch, strip) {
            ctx.complain(error);
        }
    }
    Ok(ctx.status())
}

/// A name without its first directories; `usize::MAX`: without all.
fn stripped(name: &[u8], strip: usize) -> &[u8] {
    let mut rest = name;
    for _ in 0..strip {
        let Some(at) = memchr::memchr(b'/', rest) else {
            break;
        };
        rest = &rest[at + 1..];
        while let Some(after) = rest.strip_prefix(b"/") {
            rest = after;
        }
    }
    rest
}

/// The file that a patch is about.
fn target(opts: &Opts, patch: &FilePatch, strip: usize) -> Result<OsString> {
    let below = |name: &[u8]| {
        let name = OsStr::from_bytes(name);
        match opts.value("d") {
            Some(dir) => join(dir, name),
            None => name.to_owned(),
        }
    };
    let names = [&patch.new, &patch.old].map(|name| match &name[..] {
        b"/dev/null" => None,
        name => Some(stripped(name, strip)),
    });
    let mut names = names.into_iter().flatten().filter(|name| !name.is_empty());
    let first = names
        .next()
        .ok_or_else(|| Error::message("a difference without a name"))?;
    let missing = |name: &[u8]| Status::of(below(name), true).is_err();
    // Where only one of the two is there, that one is meant.
    let name = match names.next() {
        Some(second) if missing(first) && !missing(second) => second,
        _ => first,
    };
    let plain = |part: Component| matches!(part, Component::Normal(_) | Component::CurDir);
    if !Path::new(OsStr::from_bytes(name)).components().all(plain) {
        let name = String::from_utf8_lossy(name);
        return Err(Error::message(format!(
            "{name}: leads out of the directory, refused"
        )));
    }
    Ok(below(name))
}

/// Patches one file, wholly or not at all.
fn file(
    ctx: &mut Ctx,
    opts: &Opts,
    named: Option<&OsString>,
    patch: &FilePatch,
    strip: usize,
) -> Result<()> {
    let name = match named {
        Some(name) => name.clone(),
        None => target(opts, patch, strip)?,
    };
    let (before, status) = match std::fs::File::open(&name) {
        Ok(mut file) => {
            let status = Status::of_open(&file).at("stat", &name)?;
            if !status.is_file() {
                return Err(Error::message(format!(
                    "{}: not a regular file",
                    name.display()
                )));
            }
            let mut text = Vec::new();
            file.read_to_end(&mut text).at("read", &name)?;
            (text, Some(status))
        }
        Err(error) if error.kind() == ErrorKind::NotFound && patch.old == b"/dev/null" => {
            (Vec::new(), None)
        }
        Err(error) => return Err(error).at("open", &name),
    };
    ctx.out.line([b"patching file ", name.as_bytes()].concat());
    let patched = match patch.apply(&before) {
        Ok(patched) => patched,
        Err(error) => {
            let is_done = patch.clone().reversed().apply(&before).is_ok();
            let name = name.display();
            let text = match (is_done, opts.has("N")) {
                (true, true) => format!("{name}: patched already, left alone"),
                (true, false) => format!("{name}: {error}; it seems to be patched already"),
                _ => format!("{name}: {error}; the file was left as it is"),
            };
            return Err(Error::message(text));
        }
    };
    for (number, (line, offset, fuzz)) in patched.places.iter().enumerate() {
        let number = number + 1;
        if *offset != 0 || *fuzz != 0 {
            let fuzz = if *fuzz > 0 {
                format!(" with fuzz {fuzz}")
            } else {
                String::new()
            };
            let text = format!("Hunk #{number} succeeded at {line}{fuzz} (offset {offset} lines).");
            ctx.out.line(text);
        }
    }
    if opts.has("dry-run") {
        return Ok(());
    }
    if patched.text.is_empty() && (patch.new == b"/dev/null" || opts.has("E")) {
        return std::fs::remove_file(&name).at("remove", &name);
    }
    let dir = dir_name(&name);
    if status.is_none() {
        std::fs::create_dir_all(dir).at("create directory", dir)?;
    }
    let mut new = Replacement::begin(Path::new(&name), status.as_ref()).at("change", &name)?;
    new.put(&patched.text);
    new.finish(None)
        .at("change", OsString::from_vec(name.into_vec()))
}
