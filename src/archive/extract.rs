//! Entries onto the disk, never outside the directory given.
//!
//! Two ways lead out: `..` in a name, and a symbolic link made by an earlier member. Names
//! with `..` are refused. Links that could lead out are made last, after everything that
//! could be written through them; links that were there before are the user's own and are
//! followed. An existing file is never written into, since it may have another name
//! elsewhere: it is removed and made anew.

use super::{Error, Header, Kind};
use rustix::fs::{AtFlags, CWD, FileType, Gid, Mode, Timespec, Timestamps, Uid};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

/// How entries are put onto the disk.
#[derive(Clone, Debug, Default)]
pub struct Extract {
    /// Leave existing files alone.
    pub keep_existing: bool,
    /// The time of extraction instead of the member's.
    pub new_mtime: bool,
    /// Owner and group of the archive.
    pub same_owner: bool,
    /// Permissions as in the archive, without regard to the umask.
    pub same_mode: bool,
}

/// Links and directories that may wait for the end, in bytes of their names.
const MOST_DELAYED: usize = 8 * 1024 * 1024;

/// An extraction under way; [`Extraction::finish`] completes it.
pub struct Extraction {
    dir: PathBuf,
    how: Extract,
    links: Vec<(Header, PathBuf)>,
    directories: Vec<(PathBuf, i64)>,
    delayed: usize,
}

impl Extraction {
    /// Extracts below `dir`.
    pub fn new(dir: &Path, how: Extract) -> Extraction {
        Extraction {
            dir: dir.to_owned(),
            how,
            links: Vec::new(),
            directories: Vec::new(),
            delayed: 0,
        }
    }

    /// Puts one entry onto the disk; `content` gives that of a file.
    ///
    /// # Errors
    /// [`Error::Hostile`] and [`Error::File`] concern this entry alone, others the archive.
    pub fn entry(&mut self, header: &Header, content: &mut dyn Read) -> Result<(), Error> {
        let Some(name) = safe_name(&header.name)? else {
            return Ok(());
        };
        let path = self.dir.join(&name);
        let exists = path.symlink_metadata().is_ok();
        if exists && self.how.keep_existing {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::file("create directory", parent))?;
        }
        match header.kind {
            Kind::Directory => self.directory(header, path),
            Kind::Symlink if leads_out(&header.link) => self.delay(header, path),
            Kind::HardLink => {
                let target = safe_name(&header.link)?.unwrap_or_default();
                let target = self.dir.join(target);
                if self.links.iter().any(|(_, waiting)| *waiting == target) {
                    return self.delay(header, path);
                }
                self.link(header, &path)
            }
            Kind::Symlink => self.link(header, &path),
            Kind::File => {
                self.remove_old(&path)?;
                self.file(header, content, &path)
            }
            _ => {
                self.remove_old(&path)?;
                self.node(header, &path)
            }
        }
    }

    /// Makes what had to wait; gives what failed.
    pub fn finish(mut self) -> Vec<Error> {
        let mut troubles = Vec::new();
        for (header, path) in std::mem::take(&mut self.links) {
            troubles.extend(self.link(&header, &path).err());
        }
        // The last made first: times of the inner ones change those of the outer.
        for (path, mtime) in self.directories.iter().rev() {
            troubles.extend(set_mtime(path, *mtime).err());
        }
        troubles
    }

    fn delay(&mut self, header: &Header, path: PathBuf) -> Result<(), Error> {
        self.count(&path)?;
        // What is there must not be followed by later members either.
        self.remove_old(&path)?;
        self.links.push((header.clone(), path));
        Ok(())
    }

    /// Bounds what waits in memory.
    fn count(&mut self, path: &Path) -> Result<(), Error> {
        self.delayed += path.as_os_str().len() + size_of::<Header>();
        if self.delayed > MOST_DELAYED {
            return Err(Error::TooLong);
        }
        Ok(())
    }

    fn directory(&mut self, header: &Header, path: PathBuf) -> Result<(), Error> {
        if !path.is_dir() {
            self.remove_old(&path)?;
            let mut builder = fs::DirBuilder::new();
            builder.mode(header.mode & 0o777 | 0o700);
            builder
                .create(&path)
                .map_err(Error::file("create directory", &path))?;
        }
        self.attributes(header, &path)?;
        if !self.how.new_mtime {
            self.count(&path)?;
            self.directories.push((path, header.mtime));
        }
        Ok(())
    }

    fn file(&self, header: &Header, content: &mut dyn Read, path: &Path) -> Result<(), Error> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(header.mode & 0o777)
            .open(path)
            .map_err(Error::file("create", path))?;
        copy(content, &mut file, path)?;
        drop(file);
        self.attributes(header, path)?;
        if !self.how.new_mtime {
            set_mtime(path, header.mtime)?;
        }
        Ok(())
    }

    fn link(&self, header: &Header, path: &Path) -> Result<(), Error> {
        self.remove_old(path)?;
        if header.kind == Kind::HardLink {
            let target = self.dir.join(safe_name(&header.link)?.unwrap_or_default());
            return fs::hard_link(&target, path).map_err(Error::file("link", path));
        }
        std::os::unix::fs::symlink(OsStr::from_bytes(&header.link), path)
            .map_err(Error::file("create symlink", path))?;
        self.owner(header, path)
    }

    fn node(&self, header: &Header, path: &Path) -> Result<(), Error> {
        let kind = match header.kind {
            Kind::CharDevice => FileType::CharacterDevice,
            Kind::BlockDevice => FileType::BlockDevice,
            _ => FileType::Fifo,
        };
        let device = rustix::fs::makedev(header.device.0, header.device.1);
        rustix::fs::mknodat(
            CWD,
            path,
            kind,
            Mode::from_raw_mode(header.mode & 0o777),
            device,
        )
        .map_err(|error| Error::file("create node", path)(error.into()))?;
        self.attributes(header, path)
    }

    /// Owner first, since changing it clears the set-user-id bit.
    fn attributes(&self, header: &Header, path: &Path) -> Result<(), Error> {
        self.owner(header, path)?;
        if self.how.same_mode {
            fs::set_permissions(path, fs::Permissions::from_mode(header.mode))
                .map_err(Error::file("set permissions of", path))?;
        }
        Ok(())
    }

    fn owner(&self, header: &Header, path: &Path) -> Result<(), Error> {
        if !self.how.same_owner {
            return Ok(());
        }
        let (uid, gid) = (Uid::from_raw(header.uid), Gid::from_raw(header.gid));
        rustix::fs::chownat(CWD, path, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| Error::file("set owner of", path)(error.into()))
    }

    /// Removes a file that is in the way; a directory stays and the next step fails.
    fn remove_old(&self, path: &Path) -> Result<(), Error> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::file("remove", path)(error))
            }
            _ => Ok(()),
        }
    }
}

/// A member's name as a path below a directory: no leading slash, no `.`; None for the
/// directory itself.
///
/// # Errors
/// [`Error::Hostile`] for a name with `..`.
pub fn safe_name(name: &[u8]) -> Result<Option<PathBuf>, Error> {
    let mut path = PathBuf::new();
    for component in Path::new(OsStr::from_bytes(name)).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(Error::Hostile(name.to_vec()));
            }
        }
    }
    Ok((path != Path::new("")).then_some(path))
}

/// Whether a symbolic link could lead out of the directory that is extracted to.
fn leads_out(target: &[u8]) -> bool {
    target.starts_with(b"/") || target.split(|&b| b == b'/').any(|part| part == b"..")
}

/// The content of a member into a file.
pub(crate) fn copy(content: &mut dyn Read, file: &mut File, path: &Path) -> Result<(), Error> {
    let mut buf = vec![0; 32 * 1024];
    loop {
        match content.read(&mut buf) {
            Ok(0) => return Ok(()),
            Ok(count) => file
                .write_all(buf.get(..count).unwrap_or_default())
                .map_err(Error::file("write", path))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(Error::Truncated);
            }
            Err(error) => return Err(Error::Read(error)),
        }
    }
}

/// Seconds since 1970, of the file or link itself.
pub(crate) fn set_mtime(path: &Path, mtime: i64) -> Result<(), Error> {
    let time = Timespec {
        tv_sec: mtime,
        tv_nsec: 0,
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|error| Error::file("set time of", path)(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Extracts members into a fresh directory; shows failures and what lies there.
    fn extract(name: &str, members: &[(Kind, &str, &str)]) -> (PathBuf, Vec<String>) {
        let dir = std::env::temp_dir().join(format!("safebox-{}-{name}", std::process::id()));
        fs::create_dir_all(dir.join("in")).unwrap();
        let mut extraction = Extraction::new(&dir.join("in"), Extract::default());
        let mut troubles = Vec::new();
        for (kind, name, text) in members {
            let mut header = Header::new(*kind, name.as_bytes());
            header.link = text.as_bytes().to_vec();
            let result = extraction.entry(&header, &mut text.as_bytes());
            troubles.extend(result.err().map(|error| error.to_string()));
        }
        troubles.extend(extraction.finish().iter().map(Error::to_string));
        (dir, troubles)
    }

    #[test]
    fn nothing_is_written_through_a_link_of_the_archive() {
        let members = [
            (Kind::Symlink, "way", ".."),
            (Kind::File, "way/out", "x"),
            (Kind::File, "../out", "x"),
            (Kind::Symlink, "abs", "/tmp"),
            (Kind::HardLink, "hard", "abs"),
        ];
        let (dir, troubles) = extract("links", &members);
        assert!(!dir.join("out").exists());
        assert!(dir.join("in/way/out").exists());
        assert_eq!(
            fs::read_link(dir.join("in/abs")).unwrap(),
            Path::new("/tmp")
        );
        assert!(troubles.iter().any(|t| t.contains("'../out': leads out")));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_file_with_another_name_elsewhere_is_not_written_into() {
        let (dir, _) = extract("first", &[(Kind::File, "a", "old")]);
        fs::hard_link(dir.join("in/a"), dir.join("other")).unwrap();
        let mut again = Extraction::new(&dir.join("in"), Extract::default());
        let header = Header::new(Kind::File, b"/a");
        again.entry(&header, &mut &b"new"[..]).unwrap();
        assert_eq!(fs::read(dir.join("other")).unwrap(), b"old");
        assert_eq!(fs::read(dir.join("in/a")).unwrap(), b"new");
        fs::remove_dir_all(dir).unwrap();
    }
}
