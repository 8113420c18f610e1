//! The lines of `authorized_keys`: which keys may enter, and what each of them may do.
//!
//! A line is `[options] type letters [comment]`. Whoever wrote an option meant a limit, so a
//! line with one that is not understood lets nobody in. The first line that fits counts.

use crate::fsops::when;
use crate::net::prefix::Prefix;
use crate::text::base64;
use russh::keys::{PublicKey, PublicKeyBase64};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Lines of a file that are looked at.
pub const LINES: usize = 300;
/// A line has at least so many bytes, and shorter ones are skipped.
pub const SHORTEST: usize = 10;
/// Longer lines are skipped.
pub const LONGEST: usize = 3000;
/// Bytes of a file that can matter.
const SIZE: u64 = (LINES * (LONGEST + 1)) as u64;

/// What somebody with this key may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Runs in place of whatever is asked for.
    pub command: Option<Vec<u8>>,
    /// May have a terminal.
    pub pty: bool,
    /// May forward ports and sockets.
    pub port_forwarding: bool,
    /// May forward the agent.
    pub agent_forwarding: bool,
    /// May forward X11.
    pub x11_forwarding: bool,
    /// Where forwarded connections may go; empty: anywhere.
    pub open: Vec<Place>,
    /// Where connections may be listened for; empty: anywhere.
    pub listen: Vec<Place>,
}

impl Default for Allowance {
    /// All that a line without options allows.
    fn default() -> Allowance {
        Allowance {
            command: None,
            pty: true,
            port_forwarding: true,
            agent_forwarding: true,
            x11_forwarding: true,
            open: Vec::new(),
            listen: Vec::new(),
        }
    }
}

impl Allowance {
    /// Whether a connection to this place may be forwarded.
    pub fn may_open(&self, host: &[u8], port: u16) -> bool {
        self.port_forwarding && fits(&self.open, host, port)
    }

    /// Whether connections to this place may be listened for and forwarded.
    pub fn may_listen(&self, host: &[u8], port: u16) -> bool {
        self.port_forwarding && fits(&self.listen, host, port)
    }
}

fn fits(places: &[Place], host: &[u8], port: u16) -> bool {
    let fits = |place: &Place| {
        (place.host == b"*" || place.host.eq_ignore_ascii_case(host))
            && place.port.is_none_or(|own| own == port)
    };
    places.is_empty() || places.iter().any(fits)
}

/// A host and a port of `permitopen` and `permitlisten`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A name or address, compared as it is written; `*`: any.
    pub host: Vec<u8>,
    /// None: any.
    pub port: Option<u16>,
}

impl Place {
    /// `HOST:PORT`, the host in brackets where it has colons; where `bare`, also `PORT`.
    fn parse(text: &[u8], bare: bool) -> Option<Place> {
        let colon = text.iter().rposition(|&b| b == b':');
        let (host, port) = match colon {
            Some(at) => (&text[..at], &text[at + 1..]),
            None if bare => (&b"*"[..], text),
            None => return None,
        };
        let host = match host {
            [b'[', inner @ .., b']'] => inner,
            host if host.contains(&b':') => return None,
            host => host,
        };
        let port = match port {
            b"*" => None,
            port => Some(std::str::from_utf8(port).ok()?.parse().ok()?),
        };
        (!host.is_empty() && port != Some(0)).then(|| Place {
            host: host.to_vec(),
            port,
        })
    }
}

/// What the file allows to this key when it comes from this address; `now` in seconds since
/// 1970, for lines that expire. None: no line fits.
pub fn find(file: &[u8], key: &PublicKey, from: IpAddr, now: i64) -> Option<Allowance> {
    let algorithm = key.algorithm();
    let (name, blob) = (algorithm.as_str().as_bytes(), key.public_key_bytes());
    file.split(|&b| b == b'\n')
        .take(LINES)
        .find_map(|line| check(line, name, &blob, from, now))
}

/// What one line allows.
fn check(line: &[u8], name: &[u8], blob: &[u8], from: IpAddr, now: i64) -> Option<Allowance> {
    let line = line.trim_ascii();
    if !(SHORTEST..=LONGEST).contains(&line.len()) || line.starts_with(b"#") {
        return None;
    }
    let (options, rest) = match after_name(line, name) {
        Some(rest) => (&b""[..], rest),
        None => {
            let (options, rest) = line.split_at(end_of_options(line)?);
            (options, after_name(rest.trim_ascii_start(), name)?)
        }
    };
    let letters = rest.split(u8::is_ascii_whitespace).next()?;
    // Keys are no secret: nothing is learnt from the time this takes.
    if base64::decode(letters).as_deref() != Some(blob) {
        return None;
    }
    allowance(options, from, now)
}

/// What follows the type of the key, if it is this one.
fn after_name<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = text.strip_prefix(name)?;
    let first = rest.first()?;
    (*first == b' ' || *first == b'\t').then(|| rest.trim_ascii_start())
}

/// Where the first blank outside of quotes stands.
fn end_of_options(line: &[u8]) -> Option<usize> {
    let mut quoted = false;
    let mut at = 0;
    while let Some(byte) = line.get(at) {
        match byte {
            b' ' | b'\t' if !quoted => return Some(at),
            b'\\' if line.get(at + 1) == Some(&b'"') => at += 1,
            b'"' => quoted = !quoted,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Reads options; None where one is unknown, malformed or not met.
fn allowance(options: &[u8], from: IpAddr, now: i64) -> Option<Allowance> {
    let mut allowed = Allowance::default();
    let mut rest = options;
    while !rest.is_empty() {
        let end = rest.iter().position(|b| matches!(b, b',' | b'='));
        let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        let value = match rest {
            [b'=', b'"', quoted @ ..] => {
                let (value, after) = unquote(quoted)?;
                rest = after;
                Some(value)
            }
            [b'=', ..] => return None,
            _ => None,
        };
        // A comma, and another option behind it.
        rest = match rest {
            [] => rest,
            [b',', after @ ..] if !after.is_empty() => after,
            _ => return None,
        };
        let name = name.to_ascii_lowercase();
        match value {
            None => flag(&mut allowed, &name)?,
            Some(value) => valued(&mut allowed, &name, value, from, now)?,
        }
    }
    Some(allowed)
}

/// The text up to the closing quote, and what follows it. `\"` stands for a quote.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut value = Vec::new();
    let mut rest = text;
    loop {
        rest = match rest {
            [b'"', after @ ..] => return Some((value, after)),
            [b'\\', b'"', after @ ..] => {
                value.push(b'"');
                after
            }
            [byte, after @ ..] => {
                value.push(*byte);
                after
            }
            [] => return None,
        };
    }
}

fn flag(allowed: &mut Allowance, name: &[u8]) -> Option<()> {
    let (name, on) = match name.strip_prefix(b"no-") {
        Some(name) => (name, false),
        None => (name, true),
    };
    match name {
        b"pty" => allowed.pty = on,
        b"port-forwarding" => allowed.port_forwarding = on,
        b"agent-forwarding" => allowed.agent_forwarding = on,
        b"x11-forwarding" => allowed.x11_forwarding = on,
        // No file of the user is run at the start of a session in any case.
        b"user-rc" => {}
        b"restrict" if on => {
            allowed.pty = false;
            allowed.port_forwarding = false;
            allowed.agent_forwarding = false;
            allowed.x11_forwarding = false;
        }
        _ => return None,
    }
    Some(())
}

fn valued(
    allowed: &mut Allowance,
    name: &[u8],
    value: Vec<u8>,
    from: IpAddr,
    now: i64,
) -> Option<()> {
    let mut parts = value.split(|&b| b == b',');
    match name {
        // Which of two would be meant?
        b"command" if allowed.command.is_none() => allowed.command = Some(value),
        b"from" => return comes_from(&value, from).then_some(()),
        b"permitopen" => parts.try_for_each(|part| {
            allowed.open.push(Place::parse(part, false)?);
            Some(())
        })?,
        b"permitlisten" => parts.try_for_each(|part| {
            allowed.listen.push(Place::parse(part, true)?);
            Some(())
        })?,
        b"expiry-time" => return (now < moment(&value)?).then_some(()),
        _ => return None,
    }
    Some(())
}

/// Whether the address is among the patterns and not among those with `!`. Names are not
/// looked up, so a pattern of letters matches no address; a network written wrongly refuses.
fn comes_from(patterns: &[u8], from: IpAddr) -> bool {
    let from = from.to_canonical();
    let text = from.to_string();
    let mut found = false;
    for pattern in patterns.split(|&b| b == b',') {
        let pattern = pattern.trim_ascii();
        let (pattern, negated) = match pattern.strip_prefix(b"!") {
            Some(pattern) => (pattern, true),
            None => (pattern, false),
        };
        let matches = if pattern.contains(&b'/') {
            let network = std::str::from_utf8(pattern).ok().and_then(Prefix::parse);
            let Some(network) = network else {
                return false;
            };
            let own = Prefix {
                address: from,
                length: network.length,
            };
            network.address.is_ipv4() == from.is_ipv4() && own.network() == network.network()
        } else {
            let same = |address: IpAddr| address.to_canonical() == from;
            let address = std::str::from_utf8(pattern).ok().map(str::parse);
            address.is_some_and(|address| address.is_ok_and(same))
                || like(&pattern.to_ascii_lowercase(), text.as_bytes())
        };
        if matches && negated {
            return false;
        }
        found |= matches;
    }
    found
}

/// Patterns of `*` and `?`.
fn like(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, from));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[from] => {
                at += 1;
                from += 1;
            }
            _ => match &mut star {
                // The last star takes one more.
                Some((after, taken)) => {
                    *taken += 1;
                    (at, from) = (*after, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

/// `YYYYMMDD[HHMM[SS]]` in local time, or in UTC with a `Z`.
fn moment(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let (digits, zone) = match text.strip_suffix('Z') {
        Some(digits) => (digits, "Z"),
        None => (text, ""),
    };
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let full = format!("{digits:0<14}");
    let part = |at: usize| full.get(at..at + 2).unwrap_or_default();
    let [century, year, month, day, hour, minute, second] = [0, 2, 4, 6, 8, 10, 12].map(part);
    let text = format!("{century}{year}-{month}-{day} {hour}:{minute}:{second}{zone}");
    Some(when::parse(text.as_bytes(), 0)?.seconds)
}

/// Whether nobody but root and this user can have written it.
pub fn is_safe(meta: &Metadata, uid: u32) -> bool {
    (meta.uid() == 0 || meta.uid() == uid) && meta.mode() & 0o022 == 0
}

/// Reads a user's file of keys if it, its folder and all folders up to `top` are safe.
///
/// # Errors
/// `PermissionDenied` where one of them is not; what the system says otherwise.
pub fn load(path: &Path, top: &Path, uid: u32) -> io::Result<Vec<u8>> {
    let unsafe_place = || io::Error::from(io::ErrorKind::PermissionDenied);
    for folder in path.ancestors().skip(1) {
        if !is_safe(&folder.metadata()?, uid) {
            return Err(unsafe_place());
        }
        if folder == top {
            break;
        }
    }
    // A named pipe must not keep everybody out.
    let file = File::options()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32)
        .open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() || !is_safe(&meta, uid) {
        return Err(unsafe_place());
    }
    let mut content = Vec::new();
    file.take(SIZE).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests;
