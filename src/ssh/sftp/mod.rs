//! An sftp server, version 3: packets in, packets out.
//!
//! Requests are answered in the order they come. Memory is bounded: a packet, what is
//! answered to it and [`HANDLES`] open files. Answers are held back while [`FULL`] bytes of
//! them wait to be sent; see [`Server::is_behind`].

mod attributes;
mod extended;
mod files;
mod names;

use super::wire::{Reader, put_string, put_u32};
use crate::fsops::owner::Names;
use attributes::Owners;
use files::Handles;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Bytes of a packet, its length not counted (OpenSSH's own limit).
pub const LONGEST: usize = 256 * 1024;
/// Bytes that one request reads or writes.
pub const PIECE: usize = 64 * 1024;
/// Files and folders that may be open at once.
pub const HANDLES: usize = 100;
/// No further request is answered while so many bytes wait to be sent.
pub const FULL: usize = 256 * 1024;
/// Bytes of requests that may wait.
const WAITING: usize = 4 * LONGEST;

const VERSION: u32 = 3;

/// Types of packets (section 3 of the draft).
mod kind {
    pub const INIT: u8 = 1;
    pub const VERSION: u8 = 2;
    pub const OPEN: u8 = 3;
    pub const CLOSE: u8 = 4;
    pub const READ: u8 = 5;
    pub const WRITE: u8 = 6;
    pub const LSTAT: u8 = 7;
    pub const FSTAT: u8 = 8;
    pub const SETSTAT: u8 = 9;
    pub const FSETSTAT: u8 = 10;
    pub const OPENDIR: u8 = 11;
    pub const READDIR: u8 = 12;
    pub const REMOVE: u8 = 13;
    pub const MKDIR: u8 = 14;
    pub const RMDIR: u8 = 15;
    pub const REALPATH: u8 = 16;
    pub const STAT: u8 = 17;
    pub const RENAME: u8 = 18;
    pub const READLINK: u8 = 19;
    pub const SYMLINK: u8 = 20;
    pub const STATUS: u8 = 101;
    pub const HANDLE: u8 = 102;
    pub const DATA: u8 = 103;
    pub const NAME: u8 = 104;
    pub const ATTRS: u8 = 105;
    pub const EXTENDED: u8 = 200;
    pub const EXTENDED_REPLY: u8 = 201;
}

/// Status codes (section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Code {
    Ok = 0,
    Eof = 1,
    NoSuchFile = 2,
    PermissionDenied = 3,
    Failure = 4,
    BadMessage = 5,
    Unsupported = 8,
}

/// Why a stream cannot go on.
#[derive(Debug, PartialEq, Eq)]
pub enum Fatal {
    /// A packet is longer than allowed, or empty.
    Length(u32),
    /// A packet before the first one that begins a session, or a second of that one.
    Order,
    /// A packet too short to have a number to answer to.
    Short,
    /// More was fed than answered.
    Flood,
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fatal::Length(length) => write!(f, "a packet of {length} bytes"),
            Fatal::Order => f.write_str("packets out of order"),
            Fatal::Short => f.write_str("a packet too short"),
            Fatal::Flood => f.write_str("too many requests at once"),
        }
    }
}

/// A request that is not carried out: the code, and words for those who read them.
struct Refusal(Code, String);

impl Refusal {
    fn new(code: Code, text: &str) -> Refusal {
        Refusal(code, text.to_owned())
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        let code = match Errno::from_io_error(&error) {
            Some(Errno::NOENT | Errno::NOTDIR | Errno::BADF | Errno::LOOP) => Code::NoSuchFile,
            Some(Errno::PERM | Errno::ACCESS | Errno::FAULT) => Code::PermissionDenied,
            Some(Errno::NAMETOOLONG | Errno::INVAL) => Code::BadMessage,
            Some(Errno::NOSYS | Errno::OPNOTSUPP) => Code::Unsupported,
            None if error.kind() == io::ErrorKind::InvalidInput => Code::BadMessage,
            _ => Code::Failure,
        };
        Refusal(code, crate::error::reason(&error))
    }
}

impl From<Errno> for Refusal {
    fn from(error: Errno) -> Refusal {
        io::Error::from(error).into()
    }
}

/// A packet that ends too early.
fn short() -> Refusal {
    Refusal::new(Code::BadMessage, "Packet too short")
}

type Outcome<T = ()> = Result<T, Refusal>;

/// One session.
pub struct Server {
    /// Where relative paths begin.
    start: PathBuf,
    read_only: bool,
    waiting: Vec<u8>,
    begun: bool,
    handles: Handles,
    owners: Option<Owners>,
}

impl Server {
    /// A session in which relative paths begin at `start`; with `read_only` nothing is
    /// changed. Whoever owns the process ignores SIGXFSZ, or a file that reaches a limit of
    /// the process ends it.
    pub fn new(start: impl Into<PathBuf>, read_only: bool) -> Server {
        Server {
            start: start.into(),
            read_only,
            waiting: Vec::new(),
            begun: false,
            handles: Handles::default(),
            owners: None,
        }
    }

    /// Takes bytes of the client and appends the answers to `output`.
    ///
    /// # Errors
    /// [`Fatal`]: the client cannot be understood any more; the session is over.
    pub fn feed(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<(), Fatal> {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.extend_from_slice(input);
        let mut done = 0;
        let result = loop {
            if output.len() >= FULL {
                break Ok(());
            }
            match next(&waiting[done..]) {
                Err(fatal) => break Err(fatal),
                Ok(None) => break Ok(()),
                Ok(Some(packet)) => {
                    done += 4 + packet.len();
                    if let Err(fatal) = self.packet(packet, output) {
                        break Err(fatal);
                    }
                }
            }
        };
        waiting.drain(..done);
        self.waiting = waiting;
        match result {
            Ok(()) if self.waiting.len() > WAITING => Err(Fatal::Flood),
            result => result,
        }
    }

    /// Whether a request waits for room in the output: send that, then feed no bytes.
    pub fn is_behind(&self) -> bool {
        matches!(next(&self.waiting), Ok(Some(_)))
    }

    fn packet(&mut self, packet: &[u8], out: &mut Vec<u8>) -> Result<(), Fatal> {
        let mut reader = Reader(packet);
        let kind = reader.byte().ok_or(Fatal::Short)?;
        let is_first = kind == kind::INIT;
        if is_first == self.begun {
            return Err(Fatal::Order);
        }
        if is_first {
            self.begun = true;
            reply(out, kind::VERSION, VERSION, extended::put_list);
            return Ok(());
        }
        let id = reader.u32().ok_or(Fatal::Short)?;
        let before = out.len();
        match self.request(kind, id, reader, out) {
            Ok(()) if out.len() == before => status(out, id, Code::Ok, "Success"),
            Ok(()) => {}
            Err(Refusal(code, text)) => {
                out.truncate(before);
                status(out, id, code, &text);
            }
        }
        Ok(())
    }

    /// Does what is asked. What it has not answered itself went well.
    fn request(&mut self, kind: u8, id: u32, mut reader: Reader<'_>, out: &mut Vec<u8>) -> Outcome {
        let reader = &mut reader;
        match kind {
            kind::OPEN => self.open(id, reader, out),
            kind::CLOSE => self.handles.close(handle(reader)?),
            kind::READ => self.read(id, reader, out),
            kind::WRITE => self.write(reader),
            kind::LSTAT => self.stat(id, reader, out, false),
            kind::STAT => self.stat(id, reader, out, true),
            kind::FSTAT => self.fstat(id, reader, out),
            kind::SETSTAT => self.set_stat(reader, true),
            kind::FSETSTAT => self.set_open_stat(reader),
            kind::OPENDIR => self.open_folder(id, reader, out),
            kind::READDIR => self.read_folder(id, reader, out),
            kind::REMOVE => self.remove(reader),
            kind::MKDIR => self.make_folder(reader),
            kind::RMDIR => self.remove_folder(reader),
            kind::REALPATH => self.real_path(id, reader, out),
            kind::RENAME => self.rename(reader),
            kind::READLINK => self.read_link(id, reader, out),
            kind::SYMLINK => self.link(reader),
            kind::EXTENDED => self.extended(id, reader, out),
            _ => Err(Refusal::new(Code::Unsupported, "Operation unsupported")),
        }
    }

    /// The next string as a path.
    fn path(&self, reader: &mut Reader<'_>) -> Outcome<PathBuf> {
        let path = reader.string().ok_or_else(short)?;
        Ok(self.start.join(OsStr::from_bytes(path)))
    }

    /// Refuses where nothing may be changed.
    fn may_change(&self) -> Outcome {
        match self.read_only {
            true => Err(Refusal::new(Code::PermissionDenied, "Read-only session")),
            false => Ok(()),
        }
    }

    fn owners(&mut self) -> &Owners {
        self.owners.get_or_insert_with(|| Owners {
            users: Names::read("/etc/passwd".as_ref()),
            groups: Names::read("/etc/group".as_ref()),
        })
    }
}

/// The first whole packet, without its length.
fn next(bytes: &[u8]) -> Result<Option<&[u8]>, Fatal> {
    let mut reader = Reader(bytes);
    match reader.u32() {
        None => Ok(None),
        Some(length) if length == 0 || length as usize > LONGEST => Err(Fatal::Length(length)),
        Some(length) => Ok(reader.bytes(length as usize)),
    }
}

/// The number of an open file.
fn handle(reader: &mut Reader<'_>) -> Outcome<u32> {
    let name = reader.string().ok_or_else(short)?;
    let number = <[u8; 4]>::try_from(name).map(u32::from_be_bytes);
    number.map_err(|_| Refusal::new(Code::Failure, "No such handle"))
}

/// Appends a packet: its type, the number of the request, and what `fill` adds.
fn reply(out: &mut Vec<u8>, kind: u8, id: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    let before = out.len();
    put_u32(out, 0);
    out.push(kind);
    put_u32(out, id);
    fill(out);
    let length = (out.len() - before - 4) as u32;
    if let Some(place) = out.get_mut(before..before + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

fn status(out: &mut Vec<u8>, id: u32, code: Code, text: &str) {
    reply(out, kind::STATUS, id, |out| {
        put_u32(out, code as u32);
        put_string(out, text.as_bytes());
        put_string(out, b"en");
    });
}

/// A single name, without attributes: `READLINK` and `REALPATH`.
fn name(out: &mut Vec<u8>, id: u32, name: &[u8]) {
    reply(out, kind::NAME, id, |out| {
        put_u32(out, 1);
        put_string(out, name);
        put_string(out, name);
        attributes::put_none(out);
    });
}

#[cfg(test)]
mod tests;
