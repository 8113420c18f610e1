//! dropbearkey - make the keys of the ssh server, and show or convert them.
//!
//! Scripts read the list of types out of the text of -h: it is what stands between the line
//! of -t and the next line with a dash, a word each, so that shape is kept.

use russh::keys::PrivateKey;
use safebox::applet::{Applet, Ctx, Dir, called_name};
use safebox::error::{At, Error, Exit, Result};
use safebox::opts::Opts;
use safebox::ssh::keys::store;
use safebox::ssh::keys::{self, Kind};
use std::ffi::OsStr;
use std::path::Path;

pub static APPLET: Applet = Applet {
    names: &["dropbearkey", "dropbearconvert"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: dropbearkey [-t TYPE] -f FILE [-s BITS] [-C COMMENT] [-q]
       dropbearkey -y -f FILE [-C COMMENT]

Make a key for the ssh server or client, and FILE.pub beside it; or show one.

  -t TYPE           type of the key, one of:
        ed25519
        ecdsa
  -f FILE           where the secret key is
  -s BITS           length: 256 for both types
  -y                show the public key and the fingerprint of FILE
  -C COMMENT        comment of the public key; USER@HOST if not given
  -N PASSPHRASE     nothing but '': keys are stored without a passphrase
  -q                print nothing but errors
  -h                show this text

OpenSSH's key files are understood, too; dropbearconvert converts them.
Example: dropbearkey -t ed25519 -f /etc/dropbear/dropbear_ed25519_host_key
";

const USAGE_CONVERT: &str = "\
Usage: dropbearconvert INTYPE OUTTYPE INFILE OUTFILE

Convert a key file without a passphrase. Types: openssh, dropbear.

Example: dropbearconvert openssh dropbear id_ed25519 id_dropbear
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    if called_name(&ctx.argv0) == "dropbearconvert" {
        return convert(ctx);
    }
    let opts = ctx.getopt(USAGE)?;
    if opts.has("h") {
        // The dashes of the options at the start of their lines: see above.
        ctx.tell(USAGE.replace("\n  -", "\n-"));
        return Ok(Exit::OK);
    }
    opts.between(USAGE, 0, 0)?;
    let Some(file) = opts.value("f") else {
        return Err(usage("-f is needed"));
    };
    let file = Path::new(file);
    if opts.has("y") {
        let key = store::load(file)?;
        show(ctx, &opts, &key);
        return Ok(Exit::OK);
    }
    make(ctx, &opts, file)
}

fn usage(complaint: &str) -> Error {
    Error::Usage {
        complaint: complaint.into(),
        usage: USAGE.into(),
        exit: Exit::FAILED,
    }
}

fn make(ctx: &mut Ctx, opts: &Opts, file: &Path) -> Result<Exit> {
    let kind = match opts.value("t") {
        None => Kind::Ed25519,
        Some(word) => {
            let found = Kind::ALL.iter().find(|(_, name)| word == *name);
            found
                .ok_or_else(|| usage("no such type of keys: make one of type ed25519 or ecdsa"))?
                .0
        }
    };
    if opts.value("s").is_some_and(|bits| bits != "256") {
        return Err(usage("keys of both types have 256 bits"));
    }
    if opts.value("N").is_some_and(|phrase| !phrase.is_empty()) {
        return Err(usage("keys are stored without a passphrase"));
    }
    let quiet = opts.has("q");
    if !quiet {
        let name = Kind::ALL.iter().find(|(own, _)| *own == kind);
        let name = name.map_or("", |(_, name)| name);
        ctx.tell(format!("Generating 256 bit {name} key\n"));
    }
    let key = keys::generate(kind, ctx.sys.machine()).at("make", file)?;
    store::save(file, 0o600, &keys::to_dropbear(&key).unwrap_or_default())?;
    let line = keys::public_line(key.public_key(), &comment(opts, &key)) + "\n";
    store::replace(&store::with_suffix(file, ".pub"), 0o644, line.as_bytes())?;
    if !quiet {
        show(ctx, opts, &key);
    }
    Ok(Exit::OK)
}

/// What -C says, what the key says, or who and where we are.
fn comment(opts: &Opts, key: &PrivateKey) -> String {
    match opts.value("C") {
        Some(text) => text.to_string_lossy().into_owned(),
        None if !key.comment().is_empty() => {
            String::from_utf8_lossy(key.comment().as_ref()).into_owned()
        }
        None => {
            let user = std::env::var("USER").unwrap_or_else(|_| "root".into());
            let system = rustix::system::uname();
            format!("{user}@{}", system.nodename().to_string_lossy())
        }
    }
}

fn show(ctx: &mut Ctx, opts: &Opts, key: &PrivateKey) {
    let public = key.public_key();
    ctx.out.line("Public key portion is:");
    ctx.out.line(keys::public_line(public, &comment(opts, key)));
    ctx.out.put(b"Fingerprint: ");
    ctx.out.line(keys::fingerprint(public));
}

/// `dropbearconvert`: the input's type is seen from the file, so its word is only checked.
fn convert(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE_CONVERT)?;
    let [from, to, input, output] = opts.between(USAGE_CONVERT, 4, 4)? else {
        return Ok(Exit::FAILED);
    };
    let is_type = |word: &OsStr| word == "openssh" || word == "dropbear";
    if !is_type(from) || !is_type(to) {
        return Err(Error::Usage {
            complaint: "types are openssh and dropbear".into(),
            usage: USAGE_CONVERT.into(),
            exit: Exit::FAILED,
        });
    }
    let key = store::load(Path::new(input))?;
    let content = if to == "openssh" {
        let comment = String::from_utf8_lossy(key.comment().as_ref()).into_owned();
        keys::to_openssh(&key, &comment).map(String::into_bytes)
    } else {
        keys::to_dropbear(&key)
    };
    store::save(Path::new(output), 0o600, &content.unwrap_or_default())?;
    ctx.say(format_args!("wrote a key of type {}", key.algorithm()));
    Ok(Exit::OK)
}
