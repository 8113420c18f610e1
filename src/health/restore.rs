//! One file of the settings as the firmware has it, the one in use kept beside it.
//!
//! While the overlay is mounted, deleting its copy behind its back is not allowed; the
//! firmware's file is copied over it, whole or not at all, so that a power cut leaves one of
//! the two.

use super::config::fault;
use super::{below, difference, head, printable};
use crate::error::{At, EngineError, Result};
use crate::uci::{self, LARGEST, Store, replace};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
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
    Name,
    /// The firmware's files are not to be seen: `/` is the firmware itself.
    NotMounted,
    /// The firmware has no such file.
    NoDefault,
}

impl EngineError for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Name => "give the name of a file in /etc/config, or a whole path",
            Error::NotMounted => "the settings are not mounted, run mount_root first",
            Error::NoDefault => "the firmware has no such file; mv puts yours aside",
        })
    }
}

/// Which files of the settings are not as the firmware has them, a line for each, and what to
/// type next.
///
/// # Errors
/// One of the two directories is not there or cannot be read.
pub fn overview(root: &Path) -> Result<String> {
    let store = |dir: &str| Store::at(root.join(dir));
    let (own, firmware) = (store("etc/config"), store("rom/etc/config"));
    if !firmware.conf_dir.is_dir() {
        return Err(Error::NotMounted.into());
    }
    let mut names = BTreeSet::new();
    for store in [&own, &firmware] {
        match store.names() {
            Ok(found) => names.extend(found),
            // A directory without files, or none: what it should have is missing.
            Err(uci::Error::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mut lines = String::new();
    for name in names {
        let content = |store: &Store| head(&store.file(&name), LARGEST).ok();
        let (present, default) = (content(&own), content(&firmware));
        let broken = present.as_ref().and_then(|_| fault(&own, &name));
        let (state, why) = match (broken, present, default) {
            (Some(fault), ..) => ("does not parse: ", fault),
            (_, None, _) => ("missing", String::new()),
            (.., None) => ("added", String::new()),
            (_, own, firmware) if own != firmware => ("changed", String::new()),
            _ => continue,
        };
        let name = printable(&name, 60);
        lines.push_str(&format!("  {name:<16} {state}{why}\n"));
    }
    Ok(match lines.is_empty() {
        true => "All files in /etc/config are the firmware's.\n".into(),
        false => format!(
            "In /etc/config, other than in the firmware:\n{lines}\
             'rescue restore FILE' shows the difference and asks; mv moves what was added.\n"
        ),
    })
}

/// What a restore would do.
#[derive(Debug)]
pub struct Plan {
    /// The path as it is on the device.
    pub path: PathBuf,
    /// Where the present file is kept, the same way; none: there is nothing to keep.
    pub kept: Option<PathBuf>,
    /// `-` and `+` lines.
    pub difference: String,
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
pub fn plan(root: &Path, name: &OsStr) -> Result<Plan> {
    // An absolute name takes the place of the directory.
    let path = Path::new("/etc/config").join(name);
    let mut parts = path.components().skip(1);
    let is_inside = parts.all(|part| matches!(part, Component::Normal(_)));
    let is_plain = name.as_bytes().starts_with(b"/") || !name.as_bytes().contains(&b'/');
    if !is_inside || !is_plain || path.file_name().is_none() || name.is_empty() {
        return Err(Error::Name.into());
    }
    let source = below(&root.join("rom"), &path);
    let Ok(meta) = source.metadata() else {
        let is_there = root.join("rom/etc").is_dir();
        return Err(if is_there {
            Error::NoDefault
        } else {
            Error::NotMounted
        }
        .into());
    };
    let default = head(&source, LARGEST).at("read", &source)?;
    let target = below(root, &path);
    let present = head(&target, LARGEST).ok();
    let kept = target
        .symlink_metadata()
        .ok()
        .map(|_| free_name(root, &path));
    Ok(Plan {
        is_default: present.as_ref() == Some(&default),
        difference: difference::lines(&present.unwrap_or_default(), &default, LINES),
        kept,
        root: root.to_owned(),
        mode: meta.permissions(),
        path,
        default,
    })
}

/// `PATH.bad`, or with a number behind it if that is taken.
fn free_name(root: &Path, path: &Path) -> PathBuf {
    let mut number = 0;
    loop {
        let mut name = OsString::from(path);
        name.push(".bad");
        if number > 0 {
            name.push(number.to_string());
        }
        let name = PathBuf::from(name);
        if number == COPIES || below(root, &name).symlink_metadata().is_err() {
            return name;
        }
        number += 1;
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        f.write_str(&self.difference)?;
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
pub fn perform(plan: &Plan) -> Result<()> {
    let path = below(&plan.root, &plan.path);
    if let Some(kept) = &plan.kept {
        let kept = below(&plan.root, kept);
        // A second name takes no room, and the first is never without a file. A link or a
        // directory in its place has to make way.
        let done = match path.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
            true => fs::hard_link(&path, &kept),
            false => fs::rename(&path, &kept),
        };
        done.at("keep", &plan.path)?;
    }
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).at("create", dir)?;
    }
    replace(&path, &plan.default)?;
    fs::set_permissions(&path, plan.mode.clone()).at("set the mode of", &plan.path)
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

    fn restore(device: &Scratch, name: &str) -> std::result::Result<String, String> {
        let plan = plan(device.path(), OsStr::new(name)).map_err(|e| e.to_string())?;
        perform(&plan).map_err(|e| e.to_string())?;
        Ok(plan.to_string().replace(&plan.difference, ""))
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
            Ok(steps("/etc/config/network.bad1"))
        );
        assert_eq!(content(&device, "etc/config/network.bad"), "bad\n");
        assert_eq!(content(&device, "etc/config/network.bad1"), "worse\n");
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
        assert_eq!(content(&device, "etc/config/a.bad1"), "mine\n");
        assert_eq!(content(&device, "elsewhere"), "mine\n");
        // One that is missing is only brought.
        fs::remove_dir_all(root.join("etc")).unwrap();
        restore(&device, "a").unwrap();
        assert_eq!(content(&device, "etc/config/a"), "good\n");
    }

    #[test]
    fn files_that_differ_from_the_firmwares_are_listed_with_how_they_differ() {
        let device = device(&[
            ("rom/etc/config/network", "config a\n"),
            ("rom/etc/config/system", "config a\n"),
            ("rom/etc/config/dhcp", "config a\n"),
            ("rom/etc/config/same", "config a\n"),
            ("etc/config/network", "config 'a\n"),
            ("etc/config/system", "config b\n"),
            ("etc/config/mine", "config b\n"),
            ("etc/config/mine.bad", "config 'b\n"),
            ("etc/config/same", "config a\n"),
        ]);
        assert_eq!(
            overview(device.path()).unwrap(),
            "In /etc/config, other than in the firmware:\n\
             \x20 dhcp             missing\n\
             \x20 mine             added\n\
             \x20 network          does not parse: line 1, byte 8: EOF with unterminated '\n\
             \x20 system           changed\n\
             'rescue restore FILE' shows the difference and asks; mv moves what was added.\n"
        );
        for name in ["network", "system", "dhcp"] {
            restore(&device, name).unwrap();
        }
        fs::remove_file(device.path().join("etc/config/mine")).unwrap();
        let none = "All files in /etc/config are the firmware's.\n";
        assert_eq!(overview(device.path()).unwrap(), none);
        fs::remove_dir_all(device.path().join("rom")).unwrap();
        let told = overview(device.path()).unwrap_err().to_string();
        assert!(told.contains("run mount_root first"), "{told}");
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
        check("mine", "the firmware has no such file");
        check("/etc", "can't read");
        fs::remove_dir_all(device.path().join("rom")).unwrap();
        check("network", "run mount_root first");
    }
}
