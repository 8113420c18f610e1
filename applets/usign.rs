//! usign - sign files and check signatures, as OpenBSD's signify does.
//!
//! A file is read in pieces, so an image of any size can be checked on a small device; a
//! signature is never made with a key that is locked with a password.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::opts::Opts;
use safebox::signature::keys::FOLDER;
use safebox::signature::usign::{self, KeyId, LONGEST, PublicKey, SecretKey, Signature};
use safebox::signature::{Keys, ed25519};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

pub static APPLET: Applet = Applet {
    names: &["usign"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: usign -V -m FILE [-x SIG] [-p PUB | -P DIR] [-q]
       usign -S -m FILE [-x SIG] -s SEC
       usign -G -p PUB -s SEC [-c TEXT]
       usign -F -p PUB | -s SEC | -x SIG

Check or make the signature of a file, make a pair of keys, or show the id of a key.

  -V                check
  -S                sign
  -G                make a pair of keys
  -F                show the id of the key
  -m FILE           the file (-: standard input)
  -x SIG            its signature; FILE.sig if not given
  -p PUB            file of the public key
  -P DIR            folder of public keys, each under its id; /etc/opkg/keys if not given
  -s SEC            file of the secret key
  -c TEXT           comment for the keys
  -q                say nothing, the status tells

Example: usign -V -m sha256sums && sha256sum -c sha256sums
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    if !opts.operands.is_empty() {
        return Err(usage("no operands are taken"));
    }
    let modes = ["V", "S", "G", "F"];
    let mut given = modes.iter().filter(|mode| opts.has(mode));
    match (given.next(), given.next()) {
        (Some(&"V"), None) => check(ctx, &opts),
        (Some(&"S"), None) => sign(&opts),
        (Some(&"G"), None) => generate(ctx, &opts),
        (Some(_), None) => fingerprint(ctx, &opts),
        _ => Err(usage("one of -V, -S, -G and -F is needed")),
    }
}

fn usage(complaint: &'static str) -> Error {
    Error::Usage {
        complaint: complaint.into(),
        usage: USAGE.into(),
        exit: Exit::FAILED,
    }
}

fn needed<'a>(opts: &'a Opts, key: &str, complaint: &'static str) -> Result<&'a OsStr> {
    opts.value(key).ok_or_else(|| usage(complaint))
}

/// The file to sign or check, and where its signature lies.
fn message(opts: &Opts) -> Result<(&OsStr, OsString)> {
    let file = needed(opts, "m", "-m is needed")?;
    let beside = || {
        let mut name = file.to_owned();
        name.push(".sig");
        name
    };
    if file == "-" && !opts.has("x") {
        return Err(usage("-x is needed for standard input"));
    }
    Ok((file, opts.value("x").map_or_else(beside, OsStr::to_owned)))
}

fn text(path: &OsStr) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let file = File::open(path).at("open", path)?;
    file.take(LONGEST).read_to_end(&mut text).at("read", path)?;
    Ok(text)
}

fn unreadable(path: &OsStr, what: &str) -> Error {
    Error::message(format!("{}: {what}", path.display()))
}

fn check(ctx: &mut Ctx, opts: &Opts) -> Result<Exit> {
    let (file, signature) = message(opts)?;
    let keys = match (opts.value("p"), opts.value("P")) {
        (Some(_), Some(_)) => return Err(usage("either -p or -P")),
        (Some(path), None) => {
            let key = PublicKey::parse(&text(path)?);
            Keys::One(key.ok_or_else(|| unreadable(path, "not a public key"))?)
        }
        (None, folder) => Keys::Folders(vec![folder.map_or_else(|| ctx.path(FOLDER), Into::into)]),
    };
    let signature = text(&signature)?;
    let now = ctx.sys.machine().now();
    let mut source = ctx.open(file).at("open", file)?;
    let trust = keys.judge(&signature, now, &mut source);
    let trust = trust.at("read", file)?;
    let good = trust.is_good();
    if !opts.has("q") {
        match good {
            true => ctx.out.line("OK"),
            false => ctx.say(format_args!(
                "{}: verification failed: signature {trust}",
                file.display()
            )),
        }
    }
    Ok(if good { Exit::OK } else { Exit::FAILED })
}

fn sign(opts: &Opts) -> Result<Exit> {
    let (file, signature) = message(opts)?;
    let path = needed(opts, "s", "-s is needed")?;
    let key = SecretKey::parse(&text(path)?);
    let key = key.ok_or_else(|| unreadable(path, "not a secret key, or one with a password"))?;
    if file == "-" {
        return Err(usage("standard input cannot be read twice: name a file"));
    }
    let mut source = File::open(file).at("open", file)?;
    let mut buf = vec![0; 32 * 1024];
    let bytes = ed25519::sign(&key.seed, |take| {
        source.seek(SeekFrom::Start(0))?;
        loop {
            match source.read(&mut buf) {
                Ok(0) => return Ok(()),
                Ok(count) => take(&buf[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    });
    let bytes = bytes.at("read", file)?;
    let made = Signature { id: key.id, bytes };
    put(
        &signature,
        &made.text(&format!("signed by key {}", key.id)),
        0o644,
    )?;
    Ok(Exit::OK)
}

fn generate(ctx: &mut Ctx, opts: &Opts) -> Result<Exit> {
    let public = needed(opts, "p", "-p is needed")?;
    let secret = needed(opts, "s", "-s is needed")?;
    let comment = opts.value("c").map(OsStr::to_string_lossy);
    if comment.as_ref().is_some_and(|text| text.contains('\n')) {
        return Err(usage("a comment is one line"));
    }
    let (mut id, mut seed) = ([0; 8], [0; 32]);
    let machine = ctx.sys.machine();
    machine.random(&mut id).at("make", secret)?;
    machine.random(&mut seed).at("make", secret)?;
    let key = SecretKey {
        id: KeyId(id),
        seed,
    };
    let comment = |what| match &comment {
        Some(comment) => comment.to_string(),
        None => format!("{what} key {}", key.id),
    };
    put(secret, &key.text(&comment("private")), 0o600)?;
    put(public, &key.public().text(&comment("public")), 0o644)?;
    Ok(Exit::OK)
}

/// Never over a key that is there: it may be the only one.
fn put(path: &OsStr, text: &str, mode: u32) -> Result<()> {
    let path = Path::new(path);
    let mut options = File::options();
    options.write(true).mode(mode);
    match mode {
        0o600 => options.create_new(true),
        _ => options.create(true).truncate(true),
    };
    let mut file = options.open(path).at("create", path)?;
    file.write_all(text.as_bytes()).at("write", path)
}

fn fingerprint(ctx: &mut Ctx, opts: &Opts) -> Result<Exit> {
    let given = ["p", "s", "x"].iter().find_map(|key| opts.value(key));
    let path = given.ok_or_else(|| usage("one of -p, -s and -x is needed"))?;
    let id = usign::id(&text(path)?);
    let id = id.ok_or_else(|| unreadable(path, "neither a key nor a signature"))?;
    ctx.out.line(id.to_string());
    Ok(Exit::OK)
}
