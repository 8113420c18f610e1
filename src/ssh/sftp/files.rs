//! Open files and folders.

use super::attributes::{self, Attributes};
use super::{
    Code, HANDLES, Outcome, PIECE, Reader, Refusal, Server, handle, kind, put_string, put_u32,
    reply, short,
};
use crate::fsops::status::Status;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fs::{File, ReadDir};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Bits of an open request (section 6.3).
mod flag {
    pub const READ: u32 = 1;
    pub const WRITE: u32 = 2;
    pub const APPEND: u32 = 4;
    pub const CREATE: u32 = 8;
    pub const TRUNCATE: u32 = 16;
    pub const EXCLUSIVE: u32 = 32;
}

/// A file that is open.
pub(super) struct Open {
    pub file: File,
    /// What a write failed of.
    failure: Option<(Code, String)>,
}

/// A folder that is open.
pub(super) struct Folder {
    pub path: PathBuf,
    entries: ReadDir,
}

pub(super) enum Handle {
    Open(Open),
    Folder(Folder),
}

/// What is open, by numbers that are not used twice.
#[derive(Default)]
pub(super) struct Handles {
    list: Vec<(u32, Handle)>,
    last: u32,
}

fn unknown() -> Refusal {
    Refusal::new(Code::Failure, "No such handle")
}

impl Handles {
    fn add(&mut self, handle: Handle) -> u32 {
        self.last = self.last.wrapping_add(1);
        self.list.push((self.last, handle));
        self.last
    }

    /// Refuses where no more may be open.
    fn has_room(&self) -> Outcome {
        match self.list.len() < HANDLES {
            true => Ok(()),
            false => Err(Refusal::new(Code::Failure, "Too many open files")),
        }
    }

    pub fn get(&mut self, number: u32) -> Outcome<&mut Handle> {
        let found = self.list.iter_mut().find(|(own, _)| *own == number);
        Ok(&mut found.ok_or_else(unknown)?.1)
    }

    pub fn file(&mut self, number: u32) -> Outcome<&mut Open> {
        match self.get(number)? {
            Handle::Open(open) => Ok(open),
            Handle::Folder(_) => Err(Refusal::new(Code::Failure, "Is a directory")),
        }
    }

    /// Closes; what a write failed of is said once more.
    pub fn close(&mut self, number: u32) -> Outcome {
        let at = self.list.iter().position(|(own, _)| *own == number);
        match self.list.swap_remove(at.ok_or_else(unknown)?).1 {
            Handle::Open(Open {
                failure: Some((code, text)),
                ..
            }) => Err(Refusal(code, text)),
            _ => Ok(()),
        }
    }
}

impl Open {
    /// Writes all of it, or remembers why not.
    pub fn write(&mut self, mut data: &[u8], mut offset: u64) -> Outcome {
        while !data.is_empty() {
            let failure = match rustix::io::pwrite(&self.file, data, offset) {
                Ok(0) => Errno::NOSPC,
                Ok(count) => {
                    data = &data[count.min(data.len())..];
                    offset = offset.saturating_add(count as u64);
                    continue;
                }
                Err(Errno::INTR) => continue,
                Err(error) => error,
            };
            let refusal = Refusal::from(failure);
            self.failure = Some((refusal.0, refusal.1.clone()));
            return Err(refusal);
        }
        Ok(())
    }

    /// Reads once at a place; 0 at the end.
    pub fn read(&self, piece: &mut [u8], offset: u64) -> Outcome<usize> {
        loop {
            match rustix::io::pread(&self.file, &mut *piece, offset) {
                Err(Errno::INTR) => {}
                other => return Ok(other?),
            }
        }
    }
}

impl Server {
    pub(super) fn open(&mut self, id: u32, reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Outcome {
        let path = self.path(reader)?;
        let wanted = reader.u32().ok_or_else(short)?;
        let attributes = Attributes::read(reader).ok_or_else(short)?;
        let has = |bit| wanted & bit != 0;
        if has(!flag::READ & 63) {
            self.may_change()?;
        }
        self.handles.has_room()?;
        let mut flags = match (has(flag::READ), has(flag::WRITE)) {
            (_, false) => OFlags::RDONLY,
            (false, true) => OFlags::WRONLY,
            (true, true) => OFlags::RDWR,
        };
        for (bit, own) in [
            (flag::APPEND, OFlags::APPEND),
            (flag::CREATE, OFlags::CREATE),
            (flag::TRUNCATE, OFlags::TRUNC),
            (flag::EXCLUSIVE, OFlags::EXCL),
        ] {
            if has(bit) {
                flags |= own;
            }
        }
        // A named pipe that nobody holds at its other end must not stop the session.
        flags |= OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let mode = attributes.mode.unwrap_or(0o666) & 0o7777;
        let file = File::from(rustix::fs::open(&path, flags, Mode::from_raw_mode(mode))?);
        if Status::of_open(&file)?.is_dir() {
            return Err(Refusal::new(Code::Failure, "Is a directory"));
        }
        let open = Open {
            file,
            failure: None,
        };
        let number = self.handles.add(Handle::Open(open));
        reply(out, kind::HANDLE, id, |out| {
            put_string(out, &number.to_be_bytes());
        });
        Ok(())
    }

    pub(super) fn read(&mut self, id: u32, reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Outcome {
        let open = self.handles.file(handle(reader)?)?;
        let offset = reader.u64().ok_or_else(short)?;
        let length = reader.u32().ok_or_else(short)?.min(PIECE as u32);
        let mut read = Ok(0);
        reply(out, kind::DATA, id, |out| {
            put_u32(out, 0);
            let start = out.len();
            out.resize(start + length as usize, 0);
            read = open.read(&mut out[start..], offset);
            let count = *read.as_ref().unwrap_or(&0);
            out.truncate(start + count);
            out[start - 4..start].copy_from_slice(&(count as u32).to_be_bytes());
        });
        match read {
            Ok(0) => Err(Refusal::new(Code::Eof, "End of file")),
            other => other.map(|_| ()),
        }
    }

    pub(super) fn write(&mut self, reader: &mut Reader<'_>) -> Outcome {
        self.may_change()?;
        let open = self.handles.file(handle(reader)?)?;
        let offset = reader.u64().ok_or_else(short)?;
        let data = reader.string().ok_or_else(short)?;
        open.write(data, offset)
    }

    pub(super) fn open_folder(
        &mut self,
        id: u32,
        reader: &mut Reader<'_>,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let path = self.path(reader)?;
        self.handles.has_room()?;
        let entries = std::fs::read_dir(&path)?;
        let number = self.handles.add(Handle::Folder(Folder { path, entries }));
        reply(out, kind::HANDLE, id, |out| {
            put_string(out, &number.to_be_bytes());
        });
        Ok(())
    }

    /// As many names as fit into a piece.
    pub(super) fn read_folder(
        &mut self,
        id: u32,
        reader: &mut Reader<'_>,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let number = handle(reader)?;
        self.owners();
        let Some(owners) = &self.owners else {
            return Ok(());
        };
        let Handle::Folder(folder) = self.handles.get(number)? else {
            return Err(Refusal::new(Code::Failure, "Not a directory"));
        };
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime).tv_sec;
        let before = out.len();
        let mut count = 0_u32;
        let mut place = 0;
        let mut failure = None;
        reply(out, kind::NAME, id, |out| {
            place = out.len();
            put_u32(out, 0);
            while out.len() - before < PIECE / 2 {
                let entry = match folder.entries.next() {
                    None => break,
                    Some(Ok(entry)) => entry,
                    Some(Err(error)) => {
                        failure = Some(error);
                        break;
                    }
                };
                let name = entry.file_name();
                let name = name.as_bytes();
                count += 1;
                put_string(out, name);
                // A file that has just gone is still named.
                match Status::of(entry.path(), false) {
                    Ok(status) => {
                        put_string(out, &attributes::line(name, &status, owners, now));
                        attributes::put(out, &status);
                    }
                    Err(_) => {
                        put_string(out, name);
                        attributes::put_none(out);
                    }
                }
            }
        });
        out[place..place + 4].copy_from_slice(&count.to_be_bytes());
        match failure {
            _ if count > 0 => Ok(()),
            Some(error) => Err(error.into()),
            None => Err(Refusal::new(Code::Eof, "End of directory")),
        }
    }
}
