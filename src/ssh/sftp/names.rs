//! What is done to names: attributes, removal, links, renaming.

use super::attributes::{self, Attributes};
use super::files::Handle;
use super::{Code, Outcome, Reader, Refusal, Server, handle, kind, name, reply, short};
use crate::fsops::status::Status;
use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, RenameFlags, Timespec, Timestamps, Uid};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

impl Server {
    pub(super) fn stat(
        &mut self,
        id: u32,
        reader: &mut Reader<'_>,
        out: &mut Vec<u8>,
        follow: bool,
    ) -> Outcome {
        let status = Status::of(&self.path(reader)?, follow)?;
        reply(out, kind::ATTRS, id, |out| attributes::put(out, &status));
        Ok(())
    }

    pub(super) fn fstat(&mut self, id: u32, reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Outcome {
        let status = match self.handles.get(handle(reader)?)? {
            Handle::Open(open) => Status::of_open(&open.file)?,
            Handle::Folder(folder) => Status::of(&folder.path, true)?,
        };
        reply(out, kind::ATTRS, id, |out| attributes::put(out, &status));
        Ok(())
    }

    /// Attributes of a name; of a link itself unless `follow`.
    pub(super) fn set_stat(&mut self, reader: &mut Reader<'_>, follow: bool) -> Outcome {
        self.may_change()?;
        let path = self.path(reader)?;
        let wanted = Attributes::read(reader).ok_or_else(short)?;
        set(&path, wanted, follow)
    }

    pub(super) fn set_open_stat(&mut self, reader: &mut Reader<'_>) -> Outcome {
        self.may_change()?;
        let number = handle(reader)?;
        let wanted = Attributes::read(reader).ok_or_else(short)?;
        match self.handles.get(number)? {
            Handle::Open(open) => set_open(&open.file, wanted),
            Handle::Folder(folder) => set(&folder.path, wanted, true),
        }
    }

    pub(super) fn remove(&mut self, reader: &mut Reader<'_>) -> Outcome {
        self.may_change()?;
        Ok(std::fs::remove_file(self.path(reader)?)?)
    }

    pub(super) fn make_folder(&mut self, reader: &mut Reader<'_>) -> Outcome {
        self.may_change()?;
        let path = self.path(reader)?;
        let attributes = Attributes::read(reader).ok_or_else(short)?;
        let mode = attributes.mode.unwrap_or(0o777) & 0o7777;
        Ok(rustix::fs::mkdir(&path, Mode::from_raw_mode(mode))?)
    }

    pub(super) fn remove_folder(&mut self, reader: &mut Reader<'_>) -> Outcome {
        self.may_change()?;
        Ok(std::fs::remove_dir(self.path(reader)?)?)
    }

    /// The last part of a path may be missing: clients ask before they create it.
    pub(super) fn real_path(
        &mut self,
        id: u32,
        reader: &mut Reader<'_>,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let path = self.path(reader)?;
        name(out, id, resolve(&path)?.as_os_str().as_bytes());
        Ok(())
    }

    /// As the draft has it: what is there already stays.
    pub(super) fn rename(&mut self, reader: &mut Reader<'_>) -> Outcome {
        self.may_change()?;
        let (old, new) = (self.path(reader)?, self.path(reader)?);
        match rustix::fs::renameat_with(CWD, &old, CWD, &new, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(()),
            // The file system cannot promise it.
            Err(Errno::INVAL | Errno::NOSYS) => match Status::of(&new, false) {
                Ok(_) => Err(Errno::EXIST.into()),
                Err(_) => Ok(std::fs::rename(old, new)?),
            },
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn read_link(
        &mut self,
        id: u32,
        reader: &mut Reader<'_>,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let target = std::fs::read_link(self.path(reader)?)?;
        name(out, id, target.as_os_str().as_bytes());
        Ok(())
    }

    /// The target comes first: the draft has it the other way round, but all clients follow
    /// OpenSSH's server.
    pub(super) fn link(&mut self, reader: &mut Reader<'_>) -> Outcome {
        self.may_change()?;
        let target = reader.string().ok_or_else(short)?;
        let path = self.path(reader)?;
        Ok(rustix::fs::symlink(target, &path)?)
    }
}

fn resolve(path: &Path) -> Outcome<PathBuf> {
    match std::fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let (Some(folder), Some(last)) = (path.parent(), path.file_name()) else {
                return Err(error.into());
            };
            // A link that leads nowhere is an error.
            if Status::of(path, false).is_ok() {
                return Err(error.into());
            }
            let folder = match folder.as_os_str().is_empty() {
                true => Path::new("."),
                false => folder,
            };
            Ok(std::fs::canonicalize(folder)?.join(last))
        }
        other => Ok(other?),
    }
}

fn times((read, changed): (u32, u32)) -> Timestamps {
    let moment = |seconds: u32| Timespec {
        tv_sec: seconds.into(),
        tv_nsec: 0,
    };
    Timestamps {
        last_access: moment(read),
        last_modification: moment(changed),
    }
}

/// The owner before the mode: a new owner takes set-id bits away.
fn set(path: &Path, wanted: Attributes, follow: bool) -> Outcome {
    let flags = match follow {
        true => AtFlags::empty(),
        false => AtFlags::SYMLINK_NOFOLLOW,
    };
    if let Some(size) = wanted.size {
        if !follow {
            return Err(Refusal::new(Code::Failure, "A link has no size"));
        }
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::empty())?;
        rustix::fs::ftruncate(file, size)?;
    }
    if let Some((uid, gid)) = wanted.owner {
        let (uid, gid) = owner(uid, gid);
        rustix::fs::chownat(CWD, path, uid, gid, flags)?;
    }
    if let Some(mode) = wanted.mode {
        let mode = Mode::from_raw_mode(mode & 0o7777);
        // Links have no mode of their own.
        if follow || !Status::of(path, false)?.is_link() {
            rustix::fs::chmod(path, mode)?;
        }
    }
    if let Some(pair) = wanted.times {
        rustix::fs::utimensat(CWD, path, &times(pair), flags)?;
    }
    Ok(())
}

fn set_open(file: &File, wanted: Attributes) -> Outcome {
    if let Some(size) = wanted.size {
        rustix::fs::ftruncate(file, size)?;
    }
    if let Some((uid, gid)) = wanted.owner {
        let (uid, gid) = owner(uid, gid);
        rustix::fs::fchown(file, uid, gid)?;
    }
    if let Some(mode) = wanted.mode {
        rustix::fs::fchmod(file, Mode::from_raw_mode(mode & 0o7777))?;
    }
    if let Some(pair) = wanted.times {
        rustix::fs::futimens(file, &times(pair))?;
    }
    Ok(())
}

/// All bits set: leave it as it is, as in chown(2).
fn owner(uid: u32, gid: u32) -> (Option<Uid>, Option<Gid>) {
    let given = |id: u32| (id != u32::MAX).then_some(id);
    (given(uid).map(Uid::from_raw), given(gid).map(Gid::from_raw))
}
