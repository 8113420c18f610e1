//! Removes files and trees; never the root directory, whatever it is called.

use super::status::{Identity, Status};
use super::walk::{Follow, Step, Walk};
use super::{Listener, Refusal, base_name};
use crate::error::{At, Error};
use rustix::fs::AtFlags;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

/// How to go about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Directories with all that is in them.
    pub recursive: bool,
    /// What is missing is no error, and nothing is asked.
    pub force: bool,
    /// Everything is asked.
    pub ask: bool,
    /// Someone sits there who can be asked about protected files.
    pub terminal: bool,
}

/// Removes one operand. `root` is the root directory, by device and inode.
///
/// Whatever fails is told to the listener, and the rest is removed.
pub fn remove(operand: &OsStr, options: Options, root: Identity, listener: &mut dyn Listener) {
    if let Err(refusal) = permit(operand, Status::of(operand, false).ok().as_ref(), root) {
        listener.failed(refusal.into());
        return;
    }
    let mut removal = Removal {
        options,
        root,
        listener,
        // Directories that keep something, innermost last.
        kept: Vec::new(),
    };
    let mut walk = Walk::new(operand, Follow::Never);
    while let Some(step) = walk.next() {
        removal.step(&mut walk, step);
    }
}

/// What is refused before anything is touched.
fn permit(operand: &OsStr, status: Option<&Status>, root: Identity) -> Result<(), Refusal> {
    if matches!(base_name(operand).as_bytes(), b"." | b"..") {
        return Err(Refusal::Dots);
    }
    if status.is_some_and(|status| status.is_dir() && status.identity() == root) {
        return Err(Refusal::Root(operand.into()));
    }
    Ok(())
}

struct Removal<'a> {
    options: Options,
    root: Identity,
    listener: &'a mut dyn Listener,
    /// For each directory above: whether something in it stays.
    kept: Vec<bool>,
}

impl Removal<'_> {
    fn step(&mut self, walk: &mut Walk, step: Step) {
        match step {
            Step::File(status) => {
                if self.agreed(walk, &status, "remove") {
                    self.unlink(walk, AtFlags::empty());
                }
            }
            Step::Before(status) => self.before(walk, &status),
            Step::After(status) => {
                // Its own "not empty" would only repeat why something stayed.
                if self.kept.pop() == Some(true) {
                    self.keep();
                } else if !self.options.ask || self.agreed(walk, &status, "remove directory") {
                    self.unlink(walk, AtFlags::REMOVEDIR);
                }
            }
            Step::Failed(error) => {
                let missing = error.kind() == io::ErrorKind::NotFound;
                if !(missing && self.options.force) {
                    self.failed(walk, error);
                }
            }
        }
    }

    fn before(&mut self, walk: &mut Walk, status: &Status) {
        let refusal = if !self.options.recursive {
            Refusal::IsDirectory(walk.path().into())
        } else if status.identity() == self.root {
            Refusal::Root(walk.path().into())
        } else if self.options.ask && !self.agreed(walk, status, "descend into directory") {
            walk.skip();
            return;
        } else {
            self.kept.push(false);
            return;
        };
        self.listener.failed(refusal.into());
        self.keep();
        walk.skip();
    }

    fn agreed(&mut self, walk: &Walk, status: &Status, verb: &str) -> bool {
        let is_protected = || {
            let access = rustix::fs::Access::WRITE_OK;
            rustix::fs::accessat(walk.dir(), walk.name(), access, AtFlags::empty()).is_err()
        };
        let asks = self.options.ask
            || (!self.options.force
                && self.options.terminal
                && !status.is_link()
                && is_protected());
        if !asks {
            return true;
        }
        let question = format!("{verb} '{}'?", walk.path().display());
        let agreed = self.listener.confirm(&question);
        if !agreed {
            self.keep();
        }
        agreed
    }

    fn unlink(&mut self, walk: &Walk, flags: AtFlags) {
        match rustix::fs::unlinkat(walk.dir(), walk.name(), flags) {
            Ok(()) => {}
            Err(Errno::NOENT) if self.options.force => {}
            Err(error) => self.failed(walk, error.into()),
        }
    }

    fn failed(&mut self, walk: &Walk, error: io::Error) {
        let placed: Result<(), Error> = Err(error).at("remove", walk.path());
        if let Err(error) = placed {
            self.listener.failed(error);
        }
        self.keep();
    }

    /// Something stays here, so the directory that holds it cannot go.
    fn keep(&mut self) {
        if let Some(kept) = self.kept.last_mut() {
            *kept = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsops::scratch::Scratch;
    use std::path::Path;

    /// Collects messages; never agrees.
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

    const ALL: Options = Options {
        recursive: true,
        force: true,
        ask: false,
        terminal: false,
    };

    fn tree() -> Scratch {
        let dir = Scratch::new();
        std::fs::create_dir_all(dir.path().join("top/root/inner")).unwrap();
        std::fs::write(dir.path().join("top/file"), "").unwrap();
        dir
    }

    fn run(path: &Path, options: Options, root: &Path) -> Vec<String> {
        let mut messages = Messages::default();
        let root = Status::of(root, true).unwrap().identity();
        remove(path.as_os_str(), options, root, &mut messages);
        messages.0
    }

    #[test]
    fn the_root_is_refused_by_identity_and_all_above_it_stays() {
        let dir = tree();
        let root = dir.path().join("top/root");
        for name in ["top/root", "top/root/", "top/root/../root", "top/root//"] {
            let messages = run(&dir.path().join(name), ALL, &root);
            assert_eq!(messages.len(), 1, "{name}: {messages:?}");
            assert!(messages[0].ends_with("it is the root directory"));
            assert!(root.join("inner").exists(), "{name}");
        }
        let messages = run(&dir.path().join("top"), ALL, &root);
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert!(root.join("inner").exists());
        assert!(!dir.path().join("top/file").exists());
    }

    #[test]
    fn a_link_to_the_root_is_only_a_link_unless_a_slash_follows() {
        let dir = tree();
        let root = dir.path().join("top/root");
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&root, &link).unwrap();
        assert_eq!(run(&link.join(""), ALL, &root).len(), 1);
        assert!(root.join("inner").exists());
        assert_eq!(run(&link, ALL, &root), [""; 0]);
        assert!(link.symlink_metadata().is_err());
        assert!(root.join("inner").exists());
    }

    #[test]
    fn a_declined_file_keeps_its_directory_without_a_complaint() {
        let dir = tree();
        let options = Options { ask: true, ..ALL };
        assert_eq!(
            run(&dir.path().join("top"), options, Path::new("/")),
            [""; 0]
        );
        assert!(dir.path().join("top/file").exists());
    }

    #[test]
    fn dots_are_refused() {
        let check = |name: &str| permit(OsStr::new(name), None, (0, 0));
        for name in [".", "..", "./", "a/.", "a/../", "/.."] {
            assert_eq!(check(name), Err(Refusal::Dots), "{name}");
        }
        assert_eq!(check("..."), Ok(()));
    }
}
