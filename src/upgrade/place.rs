//! One member of a settings archive onto the device: whoever looks, and whenever the power
//! goes, finds the old file or the new one, whole.
//!
//! The new file is made beside the old one, under the same name in every directory: what a
//! power cut leaves there is what the next attempt begins with.

use crate::archive::{Error, Header, Kind, copy, safe_name, set_mtime};
use rustix::fs::{AtFlags, CWD, Gid, Uid};
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What a file is called until it is whole.
const NEW: &str = ".sysupgrade.new";

/// What happens while settings are restored.
#[derive(Debug)]
pub enum Event<'a> {
    /// There is a new file beside the old one, and it is not whole.
    Made(&'a Path),
    /// It is whole and on the medium.
    Written(&'a Path),
    /// It has its name.
    Placed(&'a Path),
    /// This one could not be restored; the others can.
    Trouble(Error),
}

/// Told of everything that happens; an error ends the work where it is.
pub type Listener<'a> = dyn FnMut(Event<'_>) -> io::Result<()> + 'a;

/// Where the path of a member leads on this device, and that it is below `root`.
///
/// # Errors
/// [`Error::Hostile`]: a link of the device leads out of `root`.
pub fn is_inside(root: &Path, name: &Path) -> Result<(), Error> {
    let mut dir = root.to_owned();
    for part in name.parent().into_iter().flatten() {
        dir.push(part);
        match fs::canonicalize(&dir) {
            Ok(real) if real.starts_with(root) => dir = real,
            Ok(_) => return Err(Error::Hostile(name.as_os_str().as_bytes().to_vec())),
            // Nothing is there yet, or nothing that could be led through.
            Err(_) => break,
        }
    }
    Ok(())
}

/// Puts members below `root`, which is a canonical path.
pub struct Place<'a> {
    /// The root of the device.
    pub root: &'a Path,
    /// Owner and group of the archive.
    pub same_owner: bool,
    /// Who is told.
    pub listener: &'a mut Listener<'a>,
}

impl Place<'_> {
    /// Puts one member in place; `content` gives that of a file.
    ///
    /// # Errors
    /// [`Error::File`] and [`Error::Hostile`] concern this member alone. The old file is as it
    /// was then.
    pub fn member(&mut self, header: &Header, content: &mut dyn Read) -> Result<(), Error> {
        let Some(path) = self.path(&header.name)? else {
            return Ok(());
        };
        if header.kind == Kind::Directory {
            return self.directory(header, &path);
        }
        let new = path.with_file_name(NEW);
        let made = remove(&new).and_then(|()| self.make(header, content, &new));
        let placed = made.and_then(|()| {
            self.tell(Event::Written(&path))?;
            fs::rename(&new, &path).map_err(Error::file("replace", &path))
        });
        if let Err(Error::Write(_)) = placed {
            // Whoever listens wants it to end here, as a power cut would.
            return placed;
        }
        // Two names of one file are not renamed; and what failed is not left behind.
        let _ = fs::remove_file(&new);
        placed?;
        self.tell(Event::Placed(&path))
    }

    fn tell(&mut self, event: Event<'_>) -> Result<(), Error> {
        (self.listener)(event).map_err(Error::Write)
    }

    /// The path of a member, its directories made; None for the root itself.
    fn path(&self, name: &[u8]) -> Result<Option<PathBuf>, Error> {
        let Some(below) = safe_name(name)? else {
            return Ok(None);
        };
        is_inside(self.root, &below)?;
        let path = self.root.join(below);
        if let Some(parent) = path.parent().filter(|parent| !parent.is_dir()) {
            let mut builder = DirBuilder::new();
            builder.recursive(true).mode(0o755);
            builder
                .create(parent)
                .map_err(Error::file("create directory", parent))?;
        }
        Ok(Some(path))
    }

    fn directory(&self, header: &Header, path: &Path) -> Result<(), Error> {
        if path.is_dir() && path.is_symlink() {
            return Ok(());
        }
        if !path.is_dir() {
            remove(path)?;
            let mut builder = DirBuilder::new();
            builder.mode(0o700);
            builder
                .create(path)
                .map_err(Error::file("create directory", path))?;
        }
        self.owner(header, path)?;
        fs::set_permissions(path, Permissions::from_mode(header.mode))
            .map_err(Error::file("set permissions of", path))
    }

    /// Makes a file, or a link, that is whole before it gets its name.
    fn make(&mut self, header: &Header, content: &mut dyn Read, new: &Path) -> Result<(), Error> {
        match header.kind {
            Kind::HardLink => {
                let hostile = || Error::Hostile(header.link.clone());
                let first = self.path(&header.link)?.ok_or_else(hostile)?;
                if !first.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
                    return Err(hostile());
                }
                fs::hard_link(&first, new).map_err(Error::file("link", new))?;
                self.tell(Event::Made(new))
            }
            Kind::Symlink => {
                std::os::unix::fs::symlink(OsStr::from_bytes(&header.link), new)
                    .map_err(Error::file("create symlink", new))?;
                self.tell(Event::Made(new))?;
                self.owner(header, new)
            }
            _ => {
                let mut options = OpenOptions::new();
                options.write(true).create_new(true).mode(0o600);
                let mut file = options.open(new).map_err(Error::file("create", new))?;
                self.tell(Event::Made(new))?;
                self.fill(header, content, &mut file, new)
            }
        }
    }

    fn fill(
        &self,
        header: &Header,
        content: &mut dyn Read,
        file: &mut File,
        new: &Path,
    ) -> Result<(), Error> {
        copy(content, file, new)?;
        // The owner first, since changing it clears the set-user-id bit.
        self.owner(header, new)?;
        file.set_permissions(Permissions::from_mode(header.mode))
            .map_err(Error::file("set permissions of", new))?;
        set_mtime(new, header.mtime)?;
        file.sync_all().map_err(Error::file("write", new))
    }

    fn owner(&self, header: &Header, path: &Path) -> Result<(), Error> {
        if !self.same_owner {
            return Ok(());
        }
        let (uid, gid) = (Uid::from_raw(header.uid), Gid::from_raw(header.gid));
        rustix::fs::chownat(CWD, path, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| Error::file("set owner of", path)(error.into()))
    }
}

/// Removes what is in the way; a directory stays, and the next step fails.
fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::file("remove", path)(error))
        }
        _ => Ok(()),
    }
}
