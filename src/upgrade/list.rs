//! Which files are settings.
//!
//! The lists are those of OpenWrt: `/lib/upgrade/keep.d/*` and `/etc/sysupgrade.conf`, one
//! path or pattern on each line, directories with all that is in them; and the
//! configuration files of packages that differ from what the package brought.
//!
//! Links in the directories of a listed path are followed as the device would: the tree may be
//! mounted at another place, and an absolute link must not lead to the running image.

use super::Error;
use super::settings::Source;
use crate::archive::safe_name;
use crate::shell::pattern;
use md5::Md5;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::ffi::OsString;
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
    /// The archive also names the packages.
    pub packages: bool,
}

/// What is never kept with `all` and `all_etc`: it is made anew, or belongs to packages.
const NEVER: [&str; 9] = [
    "etc/board.json",
    "etc/urandom.seed",
    "etc/opkg",
    "etc/apk",
    "usr/lib/opkg",
    "lib/apk",
    "run",
    "sysupgrade.tgz",
    "sysupgrade.tgz.failed",
];

/// Where package managers describe what is installed: the directory, what the description of
/// a package ends in, and that of the list of its files.
const PACKAGES: [(&str, &str, &str); 2] = [
    ("usr/lib/opkg/info", ".control", ".list"),
    ("lib/apk/packages", ".list", ".list"),
];

/// The files to keep, as paths below the root, in the order of their bytes.
///
/// # Errors
/// A list cannot be read; [`Error::NoUpper`].
pub fn files(source: &Source, which: Which) -> Result<Vec<PathBuf>, Error> {
    let mut found = BTreeSet::new();
    for line in lines(&source.root)? {
        for path in expand(&source.root, &line) {
            add_tree(&source.root, &path, &mut found);
        }
    }
    found.extend(changed_conffiles(&source.root));
    if which.all || which.all_etc {
        let upper = source.upper.as_ref().ok_or(Error::NoUpper)?;
        let start = if which.all { "" } else { "etc" };
        let mut changed = BTreeSet::new();
        add_tree(upper, Path::new(start), &mut changed);
        if which.all {
            of_packages(&source.root, |path| {
                changed.remove(path);
            });
        }
        found.extend(changed.into_iter().filter(|path| !is_never_kept(path)));
    }
    // Whiteouts in the upper directory are files that the tree does not have.
    found.retain(|path| source.root.join(path).symlink_metadata().is_ok());
    if let (true, Some(rom)) = (which.changed_only, &source.rom) {
        found.retain(|path| !same(&source.root.join(path), &rom.join(path)));
    }
    let mut files: Vec<PathBuf> = found.into_iter().collect();
    files.sort_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    Ok(files)
}

fn is_never_kept(path: &Path) -> bool {
    let package = path.as_os_str().as_bytes();
    let suffix = |suffix: &[u8]| package.ends_with(suffix);
    NEVER.iter().any(|start| path.starts_with(start)) || suffix(b"-opkg") || suffix(b".apk-new")
}

/// The lines of the lists that name something.
fn lines(root: &Path) -> Result<Vec<Vec<u8>>, Error> {
    let mut lists = vec![root.join("etc/sysupgrade.conf")];
    let keep = root.join("lib/upgrade/keep.d");
    lists.extend(names(&keep).map(|name| keep.join(name)));
    lists.sort();
    let mut lines = Vec::new();
    for list in lists.iter().filter(|list| list.is_file()) {
        let bytes = fs::read(list).map_err(Error::io("read", list))?;
        let all = bytes.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
        lines.extend(all.filter(|line| line.starts_with(b"/")).map(Vec::from));
    }
    Ok(lines)
}

/// The paths below `root` that a line means, which may be a pattern.
fn expand(root: &Path, line: &[u8]) -> Vec<PathBuf> {
    let Ok(Some(pattern)) = safe_name(line) else {
        return Vec::new();
    };
    let mut found = vec![PathBuf::new()];
    for part in &pattern {
        let step = |path: PathBuf| -> Vec<PathBuf> {
            let Some(dir) = real(root, &path) else {
                return Vec::new();
            };
            if pattern::is_literal(part.as_bytes()) {
                return vec![dir.join(part)];
            }
            let names = names(&root.join(&dir));
            let matching = names.filter(|name| matches(part.as_bytes(), name.as_bytes()));
            matching.map(|name| dir.join(name)).collect()
        };
        found = found.into_iter().flat_map(step).collect();
    }
    if line.ends_with(b"/") {
        found = found.iter().filter_map(|path| real(root, path)).collect();
    }
    found
}

/// Where a path below `root` leads, links followed as if `root` were the root; None: in
/// circles.
fn real(root: &Path, path: &Path) -> Option<PathBuf> {
    // What the kernel follows at most (MAXSYMLINKS).
    let mut links_left = 40;
    let mut waiting: Vec<OsString> = path.iter().rev().map(OsString::from).collect();
    let mut real = PathBuf::new();
    while let Some(part) = waiting.pop() {
        match part.as_bytes() {
            b"/" => real = PathBuf::new(),
            b"." => {}
            b".." => drop(real.pop()),
            _ => match fs::read_link(root.join(&real).join(&part)) {
                Ok(target) => {
                    links_left -= 1;
                    if links_left == 0 {
                        return None;
                    }
                    waiting.extend(target.iter().rev().map(OsString::from));
                }
                Err(_) => real.push(part),
            },
        }
    }
    Some(real)
}

fn names(dir: &Path) -> impl Iterator<Item = OsString> + use<> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name())
}

fn names_with(dir: &Path, suffix: &'static str) -> impl Iterator<Item = OsString> + use<> {
    names(dir).filter(move |name| name.as_bytes().ends_with(suffix.as_bytes()))
}

/// Whether a name matches a pattern; a leading dot must be meant.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    (pattern.starts_with(b".") || !name.starts_with(b".")) && pattern::matches(pattern, name)
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
    for name in names_with(&apk, ".conffiles_static") {
        claims.extend(fs::read(apk.join(name)).unwrap_or_default());
    }
    let changed = claims.split(|&b| b == b'\n').filter_map(|line| {
        let mut words = line.trim_ascii().split(|&b| b == b' ');
        let (path, sum) = (words.next()?, words.next()?);
        let path = safe_name(path).ok()??;
        let path = real(root, path.parent()?)?.join(path.file_name()?);
        // Older package databases have MD5.
        let digest = match sum.len() {
            32 => digest::<Md5>,
            _ => digest::<Sha256>,
        };
        let real = digest(&root.join(&path))?;
        (real.as_bytes() != sum).then_some(path)
    });
    changed.collect()
}

/// Calls `each` with the files that packages have brought.
fn of_packages(root: &Path, mut each: impl FnMut(&Path)) {
    for (dir, _, suffix) in PACKAGES {
        for name in names_with(&root.join(dir), suffix) {
            let list = fs::read(root.join(dir).join(name)).unwrap_or_default();
            for line in list.split(|&b| b == b'\n') {
                if let Ok(Some(path)) = safe_name(line) {
                    each(&path);
                }
            }
        }
    }
}

/// The installed packages, a line for each: whether the image has it or it came later.
pub fn packages(source: &Source) -> Vec<u8> {
    let mut lines = BTreeSet::new();
    for (dir, suffix, _) in PACKAGES {
        for file in names_with(&source.root.join(dir), suffix) {
            let has = |tree: &Option<PathBuf>| {
                let tree = tree.as_ref();
                tree.is_some_and(|tree| tree.join(dir).join(&file).exists())
            };
            let name = file.as_bytes().strip_suffix(suffix.as_bytes());
            let origin: &[u8] = match (has(&source.rom), has(&source.upper)) {
                (true, _) => b"\trom\n",
                (_, true) => b"\toverlay\n",
                _ => b"\tunknown\n",
            };
            lines.insert([name.unwrap_or_default(), origin].concat());
        }
    }
    lines.into_iter().collect::<Vec<_>>().concat()
}

/// A script that switches off, once, the services that are switched off here: the next image
/// may start them by itself. None: there are none.
pub fn disabled_services(root: &Path) -> Option<Vec<u8>> {
    let links: Vec<OsString> = names(&root.join("etc/rc.d")).collect();
    let is_enabled = |name: &OsString| {
        links.iter().any(|link| {
            let rest = link.as_bytes().strip_prefix(b"S");
            let number = rest.and_then(|rest| rest.strip_suffix(name.as_bytes()));
            number.is_some_and(|n| !n.is_empty() && n.iter().all(u8::is_ascii_digit))
        })
    };
    // Others (rcS) know no `disable`.
    let dir = root.join("etc/init.d");
    let is_service = |name: &OsString| {
        let text = fs::read(dir.join(name)).unwrap_or_default();
        let first = text.split(|&b| b == b'\n').next();
        first.is_some_and(|line| line.trim_ascii_end().ends_with(b"/etc/rc.common"))
    };
    let mut scripts: Vec<OsString> = names(&dir).filter(is_service).collect();
    scripts.sort();
    let mut script = Vec::new();
    for name in scripts.iter().filter(|name| !is_enabled(name)) {
        // A name that the shell would read otherwise is nobody's service.
        let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"._-+".contains(b);
        if name.as_bytes().iter().all(is_plain) {
            script.extend([b"/etc/init.d/", name.as_bytes(), b" disable\n"].concat());
        }
    }
    (!script.is_empty()).then(|| [&script[..], b"exit 0\n"].concat())
}

/// The digest of a file in hexadecimal; None if it cannot be read.
fn digest<D: Digest>(path: &Path) -> Option<String> {
    if !path.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mut file = fs::File::open(path).ok()?;
    let mut hash = D::new();
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
    matches!((digest::<Sha256>(a), digest::<Sha256>(b)), (Some(a), Some(b)) if a == b)
}

/// A path below the root as it is printed: with its slash.
pub fn shown(path: &Path) -> OsString {
    let mut bytes = b"/".to_vec();
    bytes.extend_from_slice(path.as_os_str().as_bytes());
    OsString::from_vec(bytes)
}
