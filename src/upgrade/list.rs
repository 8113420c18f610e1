//! Which files are settings.
//!
//! The lists are those of OpenWrt: `/lib/upgrade/keep.d/*` and `/etc/sysupgrade.conf`, one
//! path or pattern on each line, directories with all that is in them; and the
//! configuration files of packages that differ from what the package brought.

use super::Error;
use super::settings::Source;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What counts as a setting besides the lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// Everything changed below `/etc`.
    pub all_etc: bool,
    /// Everything changed.
    pub all: bool,
    /// Leave out what is the same in the image.
    pub changed_only: bool,
}

/// What is never kept with `all` and `all_etc`: it is made anew, or belongs to packages.
const NEVER: [&str; 8] = [
    "etc/board.json",
    "etc/urandom.seed",
    "etc/opkg",
    "etc/apk",
    "usr/lib/opkg",
    "lib/apk",
    "run",
    "sysupgrade.tgz",
];

/// The files to keep, as paths below the root, in order.
pub fn files(source: &Source, which: Which) -> Result<Vec<PathBuf>, Error> {
    let mut found = BTreeSet::new();
    for pattern in patterns(&source.root)? {
        for path in expand(&source.root, &pattern) {
            add_tree(&source.root, &path, &mut found);
        }
    }
    found.extend(changed_conffiles(&source.root));
    if let (true, Some(upper)) = (which.all || which.all_etc, &source.upper) {
        let start = if which.all { "" } else { "etc" };
        let mut changed = BTreeSet::new();
        add_tree(upper, Path::new(start), &mut changed);
        found.extend(changed.into_iter().filter(|path| !is_never_kept(path)));
    }
    // Whiteouts in the upper directory are files that the tree does not have.
    found.retain(|path| source.root.join(path).symlink_metadata().is_ok());
    if let (true, Some(rom)) = (which.changed_only, &source.rom) {
        found.retain(|path| !same(&source.root.join(path), &rom.join(path)));
    }
    Ok(found.into_iter().collect())
}

fn is_never_kept(path: &Path) -> bool {
    let package = path.as_os_str().as_bytes();
    let suffix = |suffix: &[u8]| package.ends_with(suffix);
    NEVER.iter().any(|start| path.starts_with(start)) || suffix(b"-opkg") || suffix(b".apk-new")
}

/// The lines of the lists, without the leading slash.
fn patterns(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut lists = vec![root.join("etc/sysupgrade.conf")];
    let keep = root.join("lib/upgrade/keep.d");
    if let Ok(entries) = fs::read_dir(&keep) {
        lists.extend(entries.flatten().map(|entry| entry.path()));
    }
    lists.sort();
    let mut patterns = Vec::new();
    for list in lists.iter().filter(|list| list.is_file()) {
        let bytes = fs::read(list).map_err(Error::io("read", list))?;
        for line in bytes.split(|&b| b == b'\n') {
            let line = line.trim_ascii();
            if line.starts_with(b"/") {
                let line = OsStr::from_bytes(line);
                patterns.extend(crate::archive::safe_name(line.as_bytes()).ok().flatten());
            }
        }
    }
    Ok(patterns)
}

/// The paths below `root` that match a pattern with `*` and `?`.
fn expand(root: &Path, pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in pattern {
        let is_pattern = part.as_bytes().iter().any(|b| matches!(b, b'*' | b'?'));
        let step = |path: PathBuf| -> Vec<PathBuf> {
            if !is_pattern {
                return vec![path.join(part)];
            }
            let names = names(&root.join(&path));
            let matching = names.filter(|name| matches(part.as_bytes(), name.as_bytes()));
            matching.map(|name| path.join(name)).collect()
        };
        found = found.into_iter().flat_map(step).collect();
    }
    found
}

fn names(dir: &Path) -> impl Iterator<Item = OsString> + use<> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name())
}

/// Whether a name matches a pattern with `*` and `?`; a leading dot must be meant.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.starts_with(b".") && !pattern.starts_with(b".") {
        return false;
    }
    let (mut p, mut n) = (0, 0);
    // Where the last star was, and how much of the name it takes.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&b) if b == b'?' || Some(&b) == name.get(n) => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, n) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|&b| b == b'*')
}

/// Adds a file or link, or all of them below a directory. Links are not followed.
fn add_tree(root: &Path, path: &Path, found: &mut BTreeSet<PathBuf>) {
    let mut waiting = vec![path.to_owned()];
    while let Some(path) = waiting.pop() {
        let Ok(meta) = root.join(&path).symlink_metadata() else {
            continue;
        };
        if meta.is_dir() {
            waiting.extend(names(&root.join(&path)).map(|name| path.join(name)));
        } else if meta.is_file() || meta.is_symlink() {
            found.insert(path);
        }
    }
}

/// Configuration files of packages that no longer are as they came.
fn changed_conffiles(root: &Path) -> Vec<PathBuf> {
    let mut claims: Vec<u8> = Vec::new();
    let opkg = fs::read(root.join("usr/lib/opkg/status")).unwrap_or_default();
    // The lines that follow `Conffiles:` begin with a blank.
    let mut inside = false;
    for line in opkg.split(|&b| b == b'\n') {
        inside = line == b"Conffiles:" || (inside && line.starts_with(b" "));
        if inside {
            claims.extend_from_slice(line);
            claims.push(b'\n');
        }
    }
    let apk = root.join("lib/apk/packages");
    for name in names(&apk).filter(|name| name.as_bytes().ends_with(b".conffiles_static")) {
        claims.extend(fs::read(apk.join(name)).unwrap_or_default());
    }
    let changed = claims.split(|&b| b == b'\n').filter_map(|line| {
        let mut words = line.trim_ascii().split(|&b| b == b' ');
        let (path, sum) = (words.next()?, words.next()?);
        let path = crate::archive::safe_name(path).ok()??;
        let real = sha256(&root.join(&path))?;
        (real.as_bytes() != sum).then_some(path)
    });
    changed.collect()
}

/// The SHA-256 of a file in hexadecimal; None if it cannot be read.
fn sha256(path: &Path) -> Option<String> {
    if !path.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mut file = fs::File::open(path).ok()?;
    let mut hash = Sha256::new();
    let mut buf = vec![0; 16 * 1024];
    loop {
        match file.read(&mut buf).ok()? {
            0 => break,
            count => hash.update(buf.get(..count)?),
        }
    }
    Some(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

/// Whether two files have the same kind, permissions and content.
fn same(a: &Path, b: &Path) -> bool {
    let (Ok(meta_a), Ok(meta_b)) = (a.symlink_metadata(), b.symlink_metadata()) else {
        return false;
    };
    if meta_a.mode() != meta_b.mode() || meta_a.len() != meta_b.len() {
        return false;
    }
    if meta_a.is_symlink() {
        return matches!((fs::read_link(a), fs::read_link(b)), (Ok(a), Ok(b)) if a == b);
    }
    matches!((sha256(a), sha256(b)), (Some(a), Some(b)) if a == b)
}

/// A path below the root as it is printed: with its slash.
pub fn shown(path: &Path) -> OsString {
    let mut bytes = b"/".to_vec();
    bytes.extend_from_slice(path.as_os_str().as_bytes());
    OsString::from_vec(bytes)
}

#[test]
fn patterns_match_as_in_a_shell() {
    let check = |pattern: &str, name: &str, expected| {
        assert_eq!(
            matches(pattern.as_bytes(), name.as_bytes()),
            expected,
            "{pattern} {name}"
        );
    };
    check("*", "network", true);
    check("*", ".hidden", false);
    check(".*", ".hidden", true);
    check("a*b*c", "axxbyyc", true);
    check("a*b*c", "axxbyy", false);
    check("dropbear_*_host_key", "dropbear_ed25519_host_key", true);
    check("ssh?", "ssh", false);
    check("*.conf", "a.conf.conf", true);
}
