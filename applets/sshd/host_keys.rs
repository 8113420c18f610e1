//! The keys by which clients know this device again.
//!
//! In failsafe mode `/etc` is read-only and perhaps damaged, so the keys are new ones in
//! `/tmp`: whoever looks at the console or comes by telnet can compare their fingerprints.

use super::Options;
use safebox::applet::Ctx;
use safebox::boot::{FAILSAFE_MARK, tell};
use safebox::error::{At, Error, Result};
use safebox::ssh::keys::{self, Kind, store};
use safebox::ssh::{FINGERPRINTS, keys::fingerprint};
use safebox::sys::process::{self, Fork};
use std::path::PathBuf;
use std::time::Duration;

/// Reads the host keys, or makes what is missing where that is wished.
pub fn load(ctx: &mut Ctx, options: &Options) -> Result<Vec<russh::keys::PrivateKey>> {
    let failsafe = in_failsafe(ctx);
    let make = options.make_keys || failsafe;
    let mut found = Vec::new();
    for (path, kind) in files(ctx, options) {
        let exists = path.metadata().is_ok_and(|meta| meta.len() > 0);
        let key = match kind {
            Some(kind) if make && !exists => made(ctx, &path, kind),
            None if !exists && make => made(ctx, &path, by_name(&path)),
            // A default that is not there is no fault.
            Some(_) if !exists => continue,
            _ => store::load(&path),
        };
        match key {
            Ok(key) => found.push(key),
            Err(error) => ctx.complain(error),
        }
    }
    if found.is_empty() {
        return Err(Error::message(
            "no host key: give -R, or make one with dropbearkey",
        ));
    }
    Ok(found)
}

/// A console is given so much time to show the banner first.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes the fingerprints known: to telnetd by a file, and in failsafe on the consoles.
pub fn announce(ctx: &Ctx, found: &[russh::keys::PrivateKey]) {
    let mut lines = Vec::new();
    for key in found {
        let key = key.public_key();
        lines.push(format!(
            "ssh host key {} ({})",
            fingerprint(key),
            kind_word(key)
        ));
    }
    let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
    // Without it the banner of telnet says less.
    let _ = store::replace(&ctx.path(FINGERPRINTS), 0o644, text.as_bytes());
    // In a process of its own: whoever comes by ssh does not wait for a serial line.
    if in_failsafe(ctx)
        && let Ok(Fork::Child) = process::fork()
    {
        process::end_with_parent();
        tell::within(&ctx.root, &lines.join("\r\n"), PATIENCE);
        process::exit_now(0);
    }
}

fn kind_word(key: &russh::keys::PublicKey) -> &'static str {
    match keys::kind(key) {
        Some(Kind::Ed25519) => "ED25519",
        Some(Kind::Ecdsa) => "ECDSA",
        None => "?",
    }
}

fn in_failsafe(ctx: &Ctx) -> bool {
    ctx.path(FAILSAFE_MARK).exists()
}

/// Where the keys are; a default has the kind that it would be of.
fn files(ctx: &Ctx, options: &Options) -> Vec<(PathBuf, Option<Kind>)> {
    if !options.host_keys.is_empty() {
        let given = options.host_keys.iter();
        return given.map(|file| (PathBuf::from(&file.0), None)).collect();
    }
    let failsafe = in_failsafe(ctx);
    let path = |word: &str| match failsafe {
        true => format!("/tmp/dropbear_failsafe_{word}_host_key"),
        false => format!("/etc/dropbear/dropbear_{word}_host_key"),
    };
    let all = Kind::ALL.iter();
    all.map(|(kind, word)| (ctx.path(path(word)), Some(*kind)))
        .collect()
}

/// What a file that does not exist would hold.
fn by_name(path: &std::path::Path) -> Kind {
    let name = path.to_string_lossy();
    let named = Kind::ALL.iter().find(|(_, word)| name.contains(word));
    named.map_or(Kind::Ed25519, |(kind, _)| *kind)
}

fn made(ctx: &mut Ctx, path: &std::path::Path, kind: Kind) -> Result<russh::keys::PrivateKey> {
    let key = keys::generate(kind, ctx.sys.machine()).at("make", path)?;
    if let Some(folder) = path.parent() {
        // What is wrong with it shows when the key is written.
        let _ = std::fs::create_dir_all(folder);
    }
    let content = keys::to_dropbear(&key).unwrap_or_default();
    store::save(path, 0o600, &content)?;
    Ok(key)
}
