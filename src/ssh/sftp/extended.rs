//! The extensions (OpenSSH's PROTOCOL file, section 4).

use super::files::Handle;
use super::{
    Code, HANDLES, LONGEST, Outcome, PIECE, Reader, Refusal, Server, handle, kind, name, reply,
    short,
};
use crate::accounts::files::{User, user, user_by_number};
use crate::fsops::owner::Names;
use crate::fsops::status::Status;
use crate::ssh::wire::{put_string, put_u64};
use rustix::fs::StatVfs;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// What is announced, with versions.
const LIST: [(&str, &str); 11] = [
    ("posix-rename@openssh.com", "1"),
    ("statvfs@openssh.com", "2"),
    ("fstatvfs@openssh.com", "2"),
    ("hardlink@openssh.com", "1"),
    ("fsync@openssh.com", "1"),
    ("lsetstat@openssh.com", "1"),
    ("limits@openssh.com", "1"),
    ("expand-path@openssh.com", "1"),
    ("copy-data", "1"),
    ("home-directory", "1"),
    ("users-groups-by-id@openssh.com", "1"),
];

/// Appends names and versions.
pub(super) fn put_list(out: &mut Vec<u8>) {
    for (name, version) in LIST {
        put_string(out, name.as_bytes());
        put_string(out, version.as_bytes());
    }
}

impl Server {
    pub(super) fn extended(
        &mut self,
        id: u32,
        reader: &mut Reader<'_>,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let request = reader.string().ok_or_else(short)?;
        match request {
            b"posix-rename@openssh.com" => {
                self.may_change()?;
                let (old, new) = (self.path(reader)?, self.path(reader)?);
                std::fs::rename(old, new)?;
            }
            b"statvfs@openssh.com" => {
                put_space(out, id, &rustix::fs::statvfs(&self.path(reader)?)?);
            }
            b"fstatvfs@openssh.com" => {
                let space = match self.handles.get(handle(reader)?)? {
                    Handle::Open(open) => rustix::fs::fstatvfs(&open.file)?,
                    Handle::Folder(folder) => rustix::fs::statvfs(&folder.path)?,
                };
                put_space(out, id, &space);
            }
            b"hardlink@openssh.com" => {
                self.may_change()?;
                let (old, new) = (self.path(reader)?, self.path(reader)?);
                std::fs::hard_link(old, new)?;
            }
            b"fsync@openssh.com" => self.handles.file(handle(reader)?)?.file.sync_all()?,
            b"lsetstat@openssh.com" => self.set_stat(reader, false)?,
            b"limits@openssh.com" => reply(out, kind::EXTENDED_REPLY, id, |out| {
                for limit in [LONGEST, PIECE, PIECE, HANDLES] {
                    put_u64(out, limit as u64);
                }
            }),
            b"expand-path@openssh.com" => self.expand(id, reader, out)?,
            b"home-directory" => {
                let asked = reader.string().ok_or_else(short)?;
                name(out, id, &home(asked)?);
            }
            b"copy-data" => self.copy(reader)?,
            b"users-groups-by-id@openssh.com" => self.names(id, reader, out)?,
            _ => return Err(Refusal::new(Code::Unsupported, "Operation unsupported")),
        }
        Ok(())
    }

    /// `~`, `~/path`, `~user/path`.
    fn expand(&mut self, id: u32, reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Outcome {
        let path = reader.string().ok_or_else(short)?;
        let expanded = match path.strip_prefix(b"~") {
            None => self.start.join(OsStr::from_bytes(path)).into_os_string(),
            Some(rest) => {
                let end = rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
                let (asked, rest) = rest.split_at(end);
                OsString::from_vec([&home(asked)?, rest].concat())
            }
        };
        name(out, id, expanded.as_bytes());
        Ok(())
    }

    /// From one open file into another. Only what has an end is copied, and no further than
    /// that end was at the beginning.
    fn copy(&mut self, reader: &mut Reader<'_>) -> Outcome {
        self.may_change()?;
        let from = handle(reader)?;
        let mut read_at = reader.u64().ok_or_else(short)?;
        let length = reader.u64().ok_or_else(short)?;
        let to = handle(reader)?;
        let mut write_at = reader.u64().ok_or_else(short)?;
        let source = Status::of_open(&self.handles.file(from)?.file)?;
        let target = Status::of_open(&self.handles.file(to)?.file)?;
        if !source.is_file() || source.identity() == target.identity() {
            return Err(Refusal::new(Code::Failure, "Cannot be copied"));
        }
        let mut left = match (length, source.size.saturating_sub(read_at)) {
            (0, rest) => rest,
            (length, _) => length,
        };
        let mut piece = vec![0; PIECE];
        while left > 0 {
            let wanted = left.min(PIECE as u64) as usize;
            let count = self
                .handles
                .file(from)?
                .read(&mut piece[..wanted], read_at)?;
            if count == 0 {
                // Of a length that was asked for, the rest is missing.
                return match length {
                    0 => Ok(()),
                    _ => Err(Refusal::new(Code::Failure, "Copy ends early")),
                };
            }
            self.handles.file(to)?.write(&piece[..count], write_at)?;
            read_at = read_at.saturating_add(count as u64);
            write_at = write_at.saturating_add(count as u64);
            left -= count as u64;
        }
        Ok(())
    }

    /// Names for numbers of users and groups; empty where there is none.
    fn names(&mut self, id: u32, reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Outcome {
        let users = reader.string().ok_or_else(short)?;
        let groups = reader.string().ok_or_else(short)?;
        let owners = self.owners();
        let list = |names: &Names, numbers: &[u8]| {
            let mut list = Vec::new();
            let mut numbers = Reader(numbers);
            while let Some(number) = numbers.u32() {
                let name = names.name(number).map(OsStr::as_bytes);
                put_string(&mut list, name.unwrap_or_default());
            }
            list
        };
        let (users, groups) = (list(&owners.users, users), list(&owners.groups, groups));
        // Long names for many numbers would not fit into a packet.
        if users.len() + groups.len() + 32 > LONGEST {
            return Err(Refusal::new(Code::Failure, "Too many names"));
        }
        reply(out, kind::EXTENDED_REPLY, id, |out| {
            put_string(out, &users);
            put_string(out, &groups);
        });
        Ok(())
    }
}

/// The home of a user; without a name of our own.
fn home(asked: &[u8]) -> Outcome<Vec<u8>> {
    let passwd = std::fs::read("/etc/passwd").unwrap_or_default();
    let found: Option<User> = match asked {
        b"" => {
            if let Some(home) = std::env::var_os("HOME") {
                return Ok(home.as_bytes().to_vec());
            }
            user_by_number(&passwd, rustix::process::geteuid().as_raw())
        }
        asked => user(&passwd, asked),
    };
    match found {
        Some(user) => Ok(user.home),
        None => Err(Refusal::new(Code::NoSuchFile, "No such user")),
    }
}

fn put_space(out: &mut Vec<u8>, id: u32, space: &StatVfs) {
    reply(out, kind::EXTENDED_REPLY, id, |out| {
        for number in [
            space.f_bsize,
            space.f_frsize,
            space.f_blocks,
            space.f_bfree,
            space.f_bavail,
            space.f_files,
            space.f_ffree,
            space.f_favail,
            space.f_fsid,
            // Read-only and without set-id bits are the two that the protocol knows.
            space.f_flag.bits() & 3,
            space.f_namemax,
        ] {
            put_u64(out, number);
        }
    });
}
