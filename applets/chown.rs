//! chown, chgrp - give files another owner or group.
//!
//! With -R symbolic links are not followed, and a link met on the way is left as it is
//! unless -h is given: what it leads to may lie outside.

use rustix::fs::{AtFlags, Gid, Uid};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::owner::Names;
use safebox::fsops::status::Status;
use safebox::fsops::walk::{self, Follow, Walk};
use safebox::opts::Opts;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["chown", "chgrp"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: chown [-RhLHPcvf] USER[:[GROUP]]|:GROUP FILE...
       chgrp [-RhLHPcvf] GROUP FILE...

Give FILEs another owner and group. USER: with nothing behind it means the user's group.

  -R, --recursive   directories and all that is in them
  -h, --no-dereference  symbolic links themselves
  -L                with -R: follow all symbolic links
  -H                with -R: follow those of the command line
  -P                with -R: follow none (the default)
  -c, --changes     name what is changed
  -v, --verbose     name everything
  -f, --silent      no messages

Example: chown -R root:root /etc/dropbear
";

/// What stays as it is is None.
#[derive(Clone, Copy)]
struct Owner {
    uid: Option<u32>,
    gid: Option<u32>,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let [text, files @ ..] = opts.needed(USAGE, 2)? else {
        return Ok(Exit::FAILED);
    };
    let owner = if ctx.name() == "chgrp" {
        Owner {
            uid: None,
            gid: Some(group(ctx, text.as_bytes())?),
        }
    } else {
        owner(ctx, text.as_bytes())?
    };
    let recursive = opts.has("R");
    let follow = match opts.last_of(&["L", "H", "P"]) {
        Some("L") if recursive => Follow::Always,
        Some("H") if recursive => Follow::Operands,
        _ if recursive || opts.has("h") => Follow::Never,
        _ => Follow::Operands,
    };
    let mut complete = true;
    for file in files {
        complete &= walk::each(file, follow, recursive, |walk, found| {
            let done = found.and_then(|status| set(ctx, walk, &status, owner, &opts));
            done.map_err(|error| (!opts.has("f")).then(|| ctx.complain(error)))
        });
    }
    Ok(if complete { Exit::OK } else { Exit::FAILED })
}

/// Reads `USER`, `USER:GROUP`, `USER:`, `:GROUP`, and the same with a dot.
fn owner(ctx: &Ctx, text: &[u8]) -> Result<Owner> {
    let users = Names::read(&ctx.path("/etc/passwd"));
    if let Some(uid) = users.id(text) {
        let uid = Some(uid);
        return Ok(Owner { uid, gid: None });
    }
    let colon = text.iter().position(|&b| b == b':');
    let at = colon.or_else(|| text.iter().position(|&b| b == b'.'));
    let (user, group_text) = match at {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let uid = match user {
        b"" => None,
        user => match users.id(user) {
            Some(uid) => Some(uid),
            None => return Err(unknown("user", user)),
        },
    };
    let gid = match (group_text, uid) {
        (Some(b""), Some(uid)) => users.group_of(uid),
        (Some(b"") | None, _) => None,
        (Some(text), _) => Some(group(ctx, text)?),
    };
    Ok(Owner { uid, gid })
}

fn group(ctx: &Ctx, text: &[u8]) -> Result<u32> {
    let groups = Names::read(&ctx.path("/etc/group"));
    groups.id(text).ok_or_else(|| unknown("group", text))
}

fn unknown(what: &str, name: &[u8]) -> Error {
    Error::message(format!("unknown {what} {}", String::from_utf8_lossy(name)))
}

fn set(ctx: &mut Ctx, walk: &Walk, status: &Status, owner: Owner, opts: &Opts) -> Result<()> {
    let mut flags = AtFlags::SYMLINK_NOFOLLOW;
    if status.is_link() && !opts.has("h") {
        return match walk.depth() {
            0 if !opts.has("R") => Err(rustix::io::Errno::NOENT).at("", walk.path()),
            _ => Ok(()),
        };
    }
    if !status.is_link() {
        // The walk has followed a link to get here, or there is none.
        flags = AtFlags::empty();
    }
    let (uid, gid) = (owner.uid.map(Uid::from_raw), owner.gid.map(Gid::from_raw));
    rustix::fs::chownat(walk.dir(), walk.name(), uid, gid, flags).at("", walk.path())?;
    let (new_uid, new_gid) = (
        owner.uid.unwrap_or(status.uid),
        owner.gid.unwrap_or(status.gid),
    );
    let changed = (new_uid, new_gid) != (status.uid, status.gid);
    if opts.has("v") || (opts.has("c") && changed) {
        let path = walk.path().display();
        ctx.out.line(format!(
            "changed ownership of '{path}' to {new_uid}:{new_gid}"
        ));
    }
    Ok(())
}
