//! One file of the settings as the firmware has it, the one in use kept beside it.
//!
//! While the overlay is mounted, deleting its copy behind its back is not allowed; the
//! firmware's file is copied over it, whole or not at all, so that a power cut leaves one of
//! the two.

use super::{config, difference};
use crate::error::{EngineError, reason};
use crate::uci::{self, LARGEST, Store, replace};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// Copies of broken files that may lie beside a file.
const COPIES: u32 = 99;
/// Lines of a difference that are shown of each side.
const LINES: usize = 12;

/// Why a file cannot be restored.
#[derive(Debug)]
pub enum Error {
    /// No name of a settings file, no absolute path.
    Name(PathBuf),
    /// The firmware's files are not to be seen: `/` is the firmware itself.
    NotMounted,
    /// The firmware has no such file.
    NoDefault(PathBuf),
    /// There are too many copies already.
    TooMany(PathBuf),
    /// The system refused something.
    Io(&'static str, PathBuf, io::Error),
    /// The new file could not be written; the old one is as it was.
    Write(uci::Error),
}

impl EngineError for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Name(path) => write!(
                f,
                "{}: give the name of a file in /etc/config, or a whole path",
                path.display()
            ),
            Error::NotMounted => f.write_str("the settings are not mounted, run mount_root first"),
            Error::NoDefault(path) => write!(
                f,
                "{0}: the firmware has none ('mv {0} {0}.bad' puts it aside)",
                path.display()
            ),
            Error::TooMany(path) => write!(f, "{}: too many copies already", path.display()),
            Error::Io(verb, path, error) => {
                write!(f, "can't {verb} '{}': {}", path.display(), reason(error))
            }
            Error::Write(error) => error.fmt(f),
        }
    }
}

/// How a file is compared with the firmware's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It does not parse.
    Broken(String),
    /// It is another.
    Changed,
    /// It is the same.
    Default,
    /// The firmware has it, the settings do not.
    Missing,
    /// The firmware has none.
    Own,
}

/// The firmware's files, below `root`.
fn rom(root: &Path) -> Result<PathBuf, Error> {
    let rom = root.join("rom");
    match rom.join("etc").is_dir() {
        true => Ok(rom),
        false => Err(Error::NotMounted),
    }
}

/// Every settings file, compared with the firmware's.
///
/// # Errors
/// [`Error::NotMounted`].
pub fn list(root: &Path) -> Result<BTreeMap<Vec<u8>, State>, Error> {
    let (dir, defaults) = (root.join("etc/config"), rom(root)?.join("etc/config"));
    let names = |dir: &Path| Store::at(dir).names().unwrap_or_default();
    // A directory that cannot be read has nothing that parses.
    let (broken, _) = config::check(&dir).unwrap_or_default();
    let mut all: BTreeMap<Vec<u8>, State> = BTreeMap::new();
    for name in names(&defaults).into_iter().chain(names(&dir)) {
        let at = |dir: &Path| dir.join(OsStr::from_bytes(&name));
        let fault = broken.iter().find(|file| file.name == name);
        let state = match (read(&at(&dir)), read(&at(&defaults))) {
            _ if fault.is_some() => {
                State::Broken(fault.map_or_else(String::new, |f| f.text.clone()))
            }
            (None, _) => State::Missing,
            (_, None) => State::Own,
            (old, new) if old == new => State::Default,
            _ => State::Changed,
        };
        all.insert(name, state);
    }
    Ok(all)
}

/// What a restore would do.
#[derive(Debug)]
pub struct Plan {
    /// The path as it is on the device.
    pub path: PathBuf,
    /// Where the present file is kept, the same way; none: there is nothing to keep.
    pub kept: Option<PathBuf>,
    /// `-` and `+` lines.
    pub difference: Vec<String>,
    /// There is nothing to do.
    pub is_default: bool,
    root: PathBuf,
    default: Vec<u8>,
    mode: fs::Permissions,
}

/// Looks at a file of the settings (a plain name) or any other (its whole path) and plans.
///
/// # Errors
/// There is no way to restore it.
pub fn plan(root: &Path, name: &OsStr) -> Result<Plan, Error> {
    let path = whole_path(Path::new(name))?;
    let below = path.strip_prefix("/").unwrap_or(&path);
    let source = rom(root)?.join(below);
    let meta = source.metadata().ok().filter(fs::Metadata::is_file);
    let meta = meta.ok_or_else(|| Error::NoDefault(path.clone()))?;
    let failed = |error| Error::Io("read", source.clone(), error);
    let default = super::head(&source, LARGEST).map_err(failed)?;
    if default.len() as u64 == LARGEST {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    let present = read(&root.join(below));
    let is_default = present.as_ref() == Some(&default);
    let kept = match root.join(below).symlink_metadata() {
        Ok(_) => Some(free_name(root, &path)?),
        Err(_) => None,
    };
    Ok(Plan {
        difference: difference::lines(&present.unwrap_or_default(), &default, LINES),
        kept,
        is_default,
        root: root.to_owned(),
        mode: meta.permissions(),
        path,
        default,
    })
}

/// The content of a file, as far as it is looked at; none if there is no such file.
fn read(path: &Path) -> Option<Vec<u8>> {
    super::head(path, LARGEST).ok()
}

fn whole_path(name: &Path) -> Result<PathBuf, Error> {
    let is_plain = |part: Component| matches!(part, Component::Normal(_));
    let mut parts = name.components();
    let refused = || Err(Error::Name(name.to_owned()));
    let below = match name.has_root() {
        true => Path::new("/"),
        false if parts.clone().count() == 1 => Path::new("/etc/config"),
        false => return refused(),
    };
    if name.has_root() {
        parts.next();
    }
    // No way up and out of the device's tree, or to the tree itself.
    match parts.clone().all(is_plain) && parts.next().is_some() {
        true => Ok(below.join(name)),
        false => refused(),
    }
}

/// `PATH.bad`, or with a number behind it if that is taken.
fn free_name(root: &Path, path: &Path) -> Result<PathBuf, Error> {
    let name = |number: u32| {
        let mut name = OsString::from(path);
        name.push(".bad");
        if number > 0 {
            name.push(format!(".{number}"));
        }
        PathBuf::from(name)
    };
    let is_free = |path: &PathBuf| {
        let below = path.strip_prefix("/").unwrap_or(path);
        root.join(below).symlink_metadata().is_err()
    };
    let mut names = (0..=COPIES).map(name);
    names
        .find(is_free)
        .ok_or_else(|| Error::TooMany(path.to_owned()))
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        if let Some(kept) = &self.kept {
            writeln!(f, "keep {path} as {}", kept.display())?;
        }
        writeln!(f, "copy /rom{path} to {path}")
    }
}

/// Keeps the present file and puts the firmware's in its place.
///
/// # Errors
/// Something failed; the present file is then where it was, or where it is kept.
pub fn perform(plan: &Plan) -> Result<(), Error> {
    let below = |path: &Path| plan.root.join(path.strip_prefix("/").unwrap_or(path));
    let path = below(&plan.path);
    if let Some(kept) = &plan.kept {
        let kept = below(kept);
        let is_file = path.symlink_metadata().is_ok_and(|meta| meta.is_file());
        // A second name takes no room, and the first is never without a file. A link or a
        // directory in its place has to make way.
        let done = match is_file {
            true => fs::hard_link(&path, &kept),
            false => fs::rename(&path, &kept),
        };
        done.map_err(|error| Error::Io("keep", plan.path.clone(), error))?;
    }
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(|error| Error::Io("create", dir.to_owned(), error))?;
    }
    replace(&path, &plan.default).map_err(Error::Write)?;
    fs::set_permissions(&path, plan.mode.clone())
        .map_err(|error| Error::Io("set the mode of", plan.path.clone(), error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsops::scratch::Scratch;
    use std::os::unix::fs::PermissionsExt;

    fn device(files: &[(&str, &str)]) -> Scratch {
        let scratch = Scratch::new();
        for (path, content) in files {
            let path = scratch.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        scratch
    }

    fn restore(device: &Scratch, name: &str) -> Result<String, String> {
        let plan = plan(device.path(), OsStr::new(name)).map_err(|e| e.to_string())?;
        perform(&plan).map_err(|e| e.to_string())?;
        Ok(plan.to_string())
    }

    fn content(device: &Scratch, path: &str) -> String {
        fs::read_to_string(device.path().join(path)).unwrap()
    }

    #[test]
    fn the_default_takes_the_place_and_the_broken_one_is_kept() {
        let device = device(&[
            ("rom/etc/config/network", "good\n"),
            ("etc/config/network", "bad\n"),
        ]);
        let rom = device.path().join("rom/etc/config/network");
        fs::set_permissions(rom, fs::Permissions::from_mode(0o640)).unwrap();
        let path = "/etc/config/network";
        let steps = |kept: &str| format!("keep {path} as {kept}\ncopy /rom{path} to {path}\n");
        assert_eq!(
            restore(&device, "network"),
            Ok(steps("/etc/config/network.bad"))
        );
        assert_eq!(content(&device, "etc/config/network"), "good\n");
        assert_eq!(content(&device, "etc/config/network.bad"), "bad\n");
        let mode = device
            .path()
            .join("etc/config/network")
            .metadata()
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o640);
        // A second one does not destroy the first.
        fs::write(device.path().join("etc/config/network"), "worse\n").unwrap();
        assert_eq!(
            restore(&device, path),
            Ok(steps("/etc/config/network.bad.1"))
        );
        assert_eq!(content(&device, "etc/config/network.bad"), "bad\n");
        assert_eq!(content(&device, "etc/config/network.bad.1"), "worse\n");
        assert!(
            plan(device.path(), OsStr::new("network"))
                .unwrap()
                .is_default
        );
    }

    #[test]
    fn whatever_is_in_the_place_of_a_file_makes_way() {
        let device = device(&[("rom/etc/config/a", "good\n"), ("elsewhere", "mine\n")]);
        let root = device.path();
        fs::create_dir_all(root.join("etc/config/a")).unwrap();
        restore(&device, "a").unwrap();
        assert_eq!(content(&device, "etc/config/a"), "good\n");
        assert!(root.join("etc/config/a.bad").is_dir());
        fs::remove_file(root.join("etc/config/a")).unwrap();
        std::os::unix::fs::symlink(root.join("elsewhere"), root.join("etc/config/a")).unwrap();
        restore(&device, "a").unwrap();
        assert_eq!(content(&device, "etc/config/a.bad.1"), "mine\n");
        assert_eq!(content(&device, "elsewhere"), "mine\n");
        // One that is missing is only brought.
        fs::remove_dir_all(root.join("etc")).unwrap();
        restore(&device, "a").unwrap();
        assert_eq!(content(&device, "etc/config/a"), "good\n");
    }

    #[test]
    fn names_stay_inside_and_need_a_default() {
        let device = device(&[
            ("rom/etc/config/network", "good\n"),
            ("etc/config/mine", "x\n"),
        ]);
        let check = |name: &str, words: &str| {
            let told = plan(device.path(), OsStr::new(name))
                .map(|_| ())
                .unwrap_err();
            assert!(told.to_string().contains(words), "{name}: {told}");
        };
        for name in [
            "",
            "..",
            "/",
            "../etc",
            "/etc/../../x",
            "a/b",
            "./network/..",
        ] {
            check(name, "give the name of a file");
        }
        check(
            "mine",
            "the firmware has none ('mv /etc/config/mine /etc/config/mine.bad'",
        );
        check("/etc", "the firmware has none");
        fs::remove_dir_all(device.path().join("rom")).unwrap();
        check("network", "run mount_root first");
    }

    #[test]
    fn every_file_is_listed_with_its_state() {
        let device = device(&[
            ("rom/etc/config/changed", "config a\n"),
            ("rom/etc/config/same", "config a\n"),
            ("rom/etc/config/missing", "config a\n"),
            ("rom/etc/config/broken", "config a\n"),
            ("etc/config/changed", "config b\n"),
            ("etc/config/same", "config a\n"),
            ("etc/config/broken", "bogus\n"),
            ("etc/config/mine", "config c\n"),
        ]);
        let found = list(device.path()).unwrap();
        let state = |name: &str| found.get(name.as_bytes()).cloned().unwrap();
        let fault = "line 1, byte 1: invalid command";
        assert_eq!(state("broken"), State::Broken(fault.into()));
        assert_eq!(state("changed"), State::Changed);
        assert_eq!(state("same"), State::Default);
        assert_eq!(state("missing"), State::Missing);
        assert_eq!(state("mine"), State::Own);
    }
}
