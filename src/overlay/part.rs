//! Resets of a part: one file, the configuration, or what was installed.
//!
//! What goes is renamed first and deleted then, so that a power cut leaves a file as it was or
//! as the firmware has it, never half a directory. The trap: a file that the firmware has and
//! the user deleted is a file here, too, and comes back when that goes.

use super::{Error, Step, state};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// What is to be as in the firmware again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// Everything.
    #[default]
    All,
    /// One file or directory, as a path below `/`.
    File(PathBuf),
    /// `/etc/config`; the old one is kept beside it as `config.old`.
    Config,
    /// Everything but `/etc`, `/root` and `/home`.
    Packages,
}

/// What a reset of packages leaves: settings and files of the user.
const SETTINGS: [&str; 3] = ["etc", "root", "home"];
/// Where things lie while they are deleted, at the top of the data file system.
const TRASH: &str = ".fs_trash";
const CONFIG: &str = "etc/config";
const OLD_CONFIG: &str = "etc/config.old";

impl Part {
    /// Reads `config`, `packages` or an absolute path without `..`.
    pub fn parse(word: &Path) -> Option<Part> {
        match word.to_str() {
            Some("config") => return Some(Part::Config),
            Some("packages") => return Some(Part::Packages),
            _ => {}
        }
        let upper = Path::new("/overlay/upper");
        let below = word.strip_prefix(upper).or_else(|_| word.strip_prefix("/"));
        let path: PathBuf = below.ok()?.components().collect();
        let plain = |part| matches!(part, Component::Normal(_));
        let is_some = path.components().next().is_some();
        (is_some && path.components().all(plain)).then_some(Part::File(path))
    }
}

/// Discards a part in the data file system at `dir`.
pub(super) fn discard(dir: &Path, part: &Part) -> Result<(), Error> {
    let failed = |source| Error::Step {
        step: Step::Discard {
            dir: dir.into(),
            part: part.clone(),
        }
        .to_string(),
        source,
    };
    let upper = dir.join("upper");
    match part {
        Part::All => Ok(()),
        Part::File(path) => {
            if is_missing(&upper.join(path)) {
                return Err(Error::AsInFirmware(Path::new("/").join(path)));
            }
            take(dir, &upper.join(path)).map_err(failed)
        }
        Part::Config => {
            if is_missing(&upper.join(CONFIG)) {
                return Err(Error::AsInFirmware(Path::new("/").join(CONFIG)));
            }
            let old = upper.join(OLD_CONFIG);
            take(dir, &old)
                .and_then(|()| fs::rename(upper.join(CONFIG), old))
                .map_err(failed)
        }
        Part::Packages => packages(dir, &upper).map_err(failed),
    }
}

fn packages(dir: &Path, upper: &Path) -> io::Result<()> {
    for entry in fs::read_dir(upper)? {
        let entry = entry?;
        let stays = SETTINGS.iter().any(|name| entry.file_name() == *name);
        if !stays {
            take(dir, &entry.path())?;
        }
    }
    state::unflag_reset(dir)
}

/// Deletes what an earlier run has only renamed.
pub(super) fn empty_trash(dir: &Path) -> io::Result<()> {
    delete(&dir.join(TRASH))
}

/// Makes one thing go at once, and looks whether it is gone.
fn take(dir: &Path, path: &Path) -> io::Result<()> {
    let trash = dir.join(TRASH);
    delete(&trash)?;
    match fs::rename(path, &trash) {
        // Not even a name fits in, and deleting is the cure.
        Err(error) if error.kind() == io::ErrorKind::StorageFull => delete(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => other?,
    }
    delete(&trash)?;
    match is_missing(path) {
        true => Ok(()),
        false => Err(io::ErrorKind::AlreadyExists.into()),
    }
}

fn is_missing(path: &Path) -> bool {
    path.symlink_metadata().is_err()
}

/// Deletes a file or a directory with all that is in it, if it is there.
fn delete(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    }
}

#[test]
fn a_part_is_a_word_or_an_absolute_path() {
    let check = |word: &str, expected| assert_eq!(Part::parse(Path::new(word)), expected, "{word}");
    check("config", Some(Part::Config));
    check("packages", Some(Part::Packages));
    let file = Some(Part::File("etc/config/network".into()));
    check("/etc/config/network", file.clone());
    check("/overlay/upper/etc//config/./network", file);
    for word in ["", "/", "network", "../etc", "/etc/../..", "/overlay/upper"] {
        check(word, None);
    }
}
