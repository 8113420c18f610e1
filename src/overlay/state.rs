//! What the data file system remembers about itself, at its top.
//!
//! `.fs_state` is OpenWrt's: a symbolic link whose target is a number. `.fs_reset` is ours,
//! a link too: a reset has begun and must be finished; its target says of what. So is
//! `.failsafe_once`: the next boot goes to failsafe mode. Links, because making one is a single
//! change that a power cut cannot tear.

use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

/// OpenWrt's state link.
pub const STATE: &str = ".fs_state";
/// Our link for a reset under way.
pub const RESET: &str = ".fs_reset";

/// Our link for a boot that goes to failsafe mode.
pub const FAILSAFE_ONCE: &str = ".failsafe_once";

/// Asks the next boot to go to failsafe mode.
pub fn ask_for_failsafe(dir: &Path) -> io::Result<()> {
    let link = dir.join(FAILSAFE_ONCE);
    remove(&link)?;
    symlink("1", link)
}

/// Whether failsafe mode was asked for; asked is only once.
///
/// # Errors
/// It was, and the next boot would find it again.
pub fn take_failsafe(dir: &Path) -> io::Result<bool> {
    let link = dir.join(FAILSAFE_ONCE);
    let asked = link.symlink_metadata().is_ok();
    remove(&link).map(|()| asked)
}

/// How far the data file system has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// No note: fresh.
    Unknown,
    /// Its first boot has begun.
    Pending,
    /// Its first boot was completed.
    Ready,
}

/// Reads the note; whatever makes no sense is [`Progress::Unknown`].
pub fn progress(dir: &Path) -> Progress {
    let target = std::fs::read_link(dir.join(STATE)).unwrap_or_default();
    match target.to_str() {
        Some("1") => Progress::Pending,
        Some("2") => Progress::Ready,
        _ => Progress::Unknown,
    }
}

/// Writes the note; the old one stays until the new one is in its place.
pub fn note(dir: &Path, progress: Progress) -> io::Result<()> {
    let number = match progress {
        Progress::Unknown => return remove(&dir.join(STATE)),
        Progress::Pending => "1",
        Progress::Ready => "2",
    };
    if std::fs::read_link(dir.join(STATE)).is_ok_and(|old| old.as_os_str() == number) {
        return Ok(());
    }
    let new = dir.join(".fs_state.new");
    remove(&new)?;
    symlink(number, &new)?;
    std::fs::rename(&new, dir.join(STATE))
}

/// What a reset takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All files.
    All,
    /// All but settings archives.
    ButArchives,
    /// What was installed.
    Packages,
}

/// Notes that a reset has begun.
pub fn flag_reset(dir: &Path, extent: Extent) -> io::Result<()> {
    let flag = dir.join(RESET);
    remove(&flag)?;
    let target = match extent {
        Extent::All => "all",
        Extent::ButArchives => "keep",
        Extent::Packages => "packages",
    };
    symlink(target, flag)
}

/// A reset that has begun.
pub fn reset_flag(dir: &Path) -> Option<Extent> {
    let target = std::fs::read_link(dir.join(RESET)).ok()?;
    Some(match target.to_str() {
        Some("keep") => Extent::ButArchives,
        Some("packages") => Extent::Packages,
        _ => Extent::All,
    })
}

/// Takes the flag away.
pub fn unflag_reset(dir: &Path) -> io::Result<()> {
    remove(&dir.join(RESET))
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
