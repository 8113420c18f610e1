//! chpasswd - change passwords by lines of name and password.
//!
//! All lines are looked at before anything is changed: a mistake in one of them changes
//! nobody's password.

use safebox::accounts::change::{Account, Files};
use safebox::accounts::crypt::{self, Kind};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::sys::process;
use std::io::Read;
use std::path::PathBuf;

pub static APPLET: Applet = Applet {
    names: &["chpasswd"],
    dir: Dir::UsrSbin,
    run,
};

const USAGE: &str = "\
Usage: chpasswd [-em] [-c ALG] [-R DIR]

Change the passwords in lines of USER:PASSWORD on standard input.

  -e, --encrypted   they are hashes already
  -m, --md5         hash by md5
  -c, --crypt-method ALG  hash by sha256 (as usual), sha512 or md5
  -R, --root DIR    change the files below DIR/etc

In failsafe mode run mount_root first. Example: echo root:Tr0ub4dor+3 | chpasswd
";

/// Bytes of lines that are taken.
const LONGEST: u64 = 1 << 20;

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    opts.between(USAGE, 0, 0)?;
    let kind = match opts.value("c") {
        Some(name) => Kind::asked(name.as_encoded_bytes())?,
        None if opts.has("m") => Kind::Md5,
        None => Kind::Sha256,
    };
    if let Some(root) = opts.value("R") {
        ctx.root = PathBuf::from(root);
    }
    process::must_be_root()?;
    let files = Files {
        passwd: ctx.path("/etc/passwd"),
        shadow: ctx.path("/etc/shadow"),
    };
    let mut lines = Vec::new();
    (&*ctx.stdin())
        .take(LONGEST)
        .read_to_end(&mut lines)
        .at("read", "standard input")?;
    let mut changes: Vec<(Account, Vec<u8>)> = Vec::new();
    for line in lines.split(|&b| b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let Some(colon) = line.iter().position(|&b| b == b':') else {
            return Err(Error::message("a line is not USER:PASSWORD"));
        };
        let (name, secret) = (&line[..colon], &line[colon + 1..]);
        let shown = String::from_utf8_lossy(name);
        let unknown = || Error::message(format!("unknown user {shown}"));
        let account = files.account(name).ok_or_else(unknown)?;
        let hash = if opts.has("e") {
            secret.to_vec()
        } else {
            let mut random = [0; 16];
            let source = ctx.sys.machine();
            source.random(&mut random).at("read", "random bytes")?;
            let hash = crypt::make(secret, kind, &random);
            let bad = || Error::message(format!("the password of {shown} cannot be hashed"));
            hash.ok_or_else(bad)?.into_bytes()
        };
        if hash.contains(&b':') {
            return Err(Error::message(format!(
                "what is given for {shown} is no hash"
            )));
        }
        changes.push((account, hash));
    }
    if changes.is_empty() {
        return Ok(Exit::OK);
    }
    let wanted: Vec<_> = changes
        .iter()
        .map(|(account, hash)| (account, &hash[..]))
        .collect();
    files.store(&wanted, ctx.sys.machine().now())?;
    for (account, _) in &changes {
        ctx.out.put(b"Password for '");
        ctx.out.put(&account.user.name);
        ctx.out.line("' changed");
    }
    Ok(Exit::OK)
}
