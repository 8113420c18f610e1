//! Moves what rename(2) cannot: from one file system to another.
//!
//! The copy grows under a name of its own beside the target and takes the target's place
//! only when it is complete; the source goes last. So a full disk costs neither.

use super::copy::{Copier, Options};
use super::status::{Identity, Status};
use super::walk::Follow;
use super::{Listener, Refusal, base_name, dir_name, join, remove, trail};
use crate::error::{At, Error, Result};
use rustix::fs::CWD;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Moves `source` to the very name `target`; `root` is never removed.
///
/// # Errors
/// Those that concern the whole; what fails inside the tree is told to the listener and
/// ends in `Ok(false)`, with the source untouched.
pub fn transfer(
    source: &OsStr,
    target: &Path,
    root: Identity,
    listener: &mut dyn Listener,
) -> Result<bool> {
    let status = Status::of(source, false).at("stat", source)?;
    if status.identity() == root {
        return Err(Refusal::Root(source.into()).into());
    }
    check_target(&status, target).at("rename", source)?;
    let beside = name_beside(target)?;
    let options = Options {
        recursive: true,
        preserve: true,
        keep_links: true,
        follow: Follow::Never,
        fresh: true,
        ..Options::default()
    };
    let discard = remove::Options {
        recursive: true,
        force: true,
        ..remove::Options::default()
    };
    if !Copier::new(options, 0, listener).copy(source, &beside) {
        remove::remove(beside.as_os_str(), discard, root, listener);
        return Ok(false);
    }
    if let Err(error) = rustix::fs::rename(&beside, target).at("rename", source) {
        remove::remove(beside.as_os_str(), discard, root, listener);
        return Err(error);
    }
    let mut watch = Watch {
        listener,
        failed: false,
    };
    remove::remove(source, discard, root, &mut watch);
    Ok(!watch.failed)
}

/// Notes whether anything was told.
struct Watch<'a> {
    listener: &'a mut dyn Listener,
    failed: bool,
}

impl Listener for Watch<'_> {
    fn confirm(&mut self, question: &str) -> bool {
        self.listener.confirm(question)
    }

    fn failed(&mut self, error: Error) {
        self.failed = true;
        self.listener.failed(error);
    }
}

/// The answers that rename(2) would give, before the long copy and not after it.
fn check_target(source: &Status, target: &Path) -> std::result::Result<(), Errno> {
    let Ok(found) = Status::of(target, false) else {
        return Ok(());
    };
    match (source.is_dir(), found.is_dir()) {
        (false, true) => Err(Errno::ISDIR),
        (true, false) => Err(Errno::NOTDIR),
        (false, false) => Ok(()),
        (true, true) => {
            let mut dir = trail::Trail::default();
            let names = dir
                .enter(target, false)
                .and_then(|()| trail::names(dir.last()));
            match names {
                Ok(names) if names.is_empty() => Ok(()),
                _ => Err(Errno::NOTEMPTY),
            }
        }
    }
}

/// A name beside the target that nothing has yet.
fn name_beside(target: &Path) -> Result<PathBuf> {
    for number in 0..100 {
        let mut name = b".".to_vec();
        // A name may have 255 bytes.
        name.extend(base_name(target.as_os_str()).as_bytes().iter().take(200));
        name.extend(format!(".{}-{number}", std::process::id()).bytes());
        let name = join(dir_name(target.as_os_str()), OsStr::from_bytes(&name));
        match rustix::fs::statat(CWD, &name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(name.into()),
            Err(error) => return Err(error).at("create", target),
            Ok(_) => {}
        }
    }
    Err(Errno::EXIST).at("create", target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsops::scratch::Scratch;
    use std::os::unix::fs::MetadataExt;

    #[derive(Default)]
    struct Messages(Vec<String>);

    impl Listener for Messages {
        fn confirm(&mut self, _: &str) -> bool {
            false
        }

        fn failed(&mut self, error: Error) {
            self.0.push(error.to_string());
        }
    }

    fn run(from: &Path, to: &Path) -> (Option<bool>, Vec<String>) {
        let mut messages = Messages::default();
        let done = transfer(from.as_os_str(), to, (0, 0), &mut messages);
        let done = match done {
            Ok(done) => Some(done),
            Err(error) => {
                messages.0.push(error.to_string());
                None
            }
        };
        (done, messages.0)
    }

    #[test]
    fn a_tree_moves_with_links_modes_and_times() {
        let dir = Scratch::new();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        std::fs::create_dir(&from).unwrap();
        std::fs::write(from.join("a"), "text").unwrap();
        std::fs::hard_link(from.join("a"), from.join("b")).unwrap();
        std::os::unix::fs::symlink("a", from.join("link")).unwrap();
        rustix::fs::chmod(&from, 0o2750.into()).unwrap();
        let before = std::fs::metadata(from.join("a")).unwrap();
        assert_eq!(run(&from, &to), (Some(true), vec![]));
        assert!(!from.exists());
        let after = std::fs::metadata(to.join("a")).unwrap();
        assert_eq!(before.mtime_nsec(), after.mtime_nsec());
        assert_eq!(after.nlink(), 2);
        assert_eq!(std::fs::read_link(to.join("link")).unwrap(), Path::new("a"));
        assert_eq!(std::fs::metadata(&to).unwrap().mode() & 0o7777, 0o2750);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_leaves_source_and_target_as_they_were() {
        let dir = Scratch::new();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        std::fs::write(&from, "new").unwrap();
        std::fs::create_dir_all(to.join("full")).unwrap();
        let (done, messages) = run(&from, &to);
        assert_eq!(done, None);
        assert!(messages[0].ends_with("Is a directory"), "{messages:?}");
        assert_eq!(std::fs::read(&from).unwrap(), b"new");
        assert!(to.join("full").exists());
    }
}
