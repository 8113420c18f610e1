//! Where the data of `mtd write` comes from, and how much of it there is.
//!
//! The size must be known before the first erase. A file tells it; a pipe is read to its end
//! first where memory allows, which also means that a connection that breaks harms nothing.

use safebox::applet::Ctx;
use safebox::error::{At, Error, Result};
use safebox::opts::declared::Raw;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::mem::ManuallyDrop;

/// Memory that stays free when a pipe is read to its end.
const RESERVE: u64 = 8 << 20;

/// The data.
pub enum Data {
    /// A file, from where it stands.
    File(File, u64),
    /// Standard input that is a file.
    Standard(ManuallyDrop<File>, u64),
    /// What a pipe gave, to its end.
    Memory(Cursor<Vec<u8>>),
    /// A pipe that is larger than memory, perhaps.
    Stream(ManuallyDrop<File>),
}

/// How the source is called in messages.
pub fn shown(path: &Raw) -> String {
    match path.0.to_string_lossy() {
        name if name == "-" => "<stdin>".into(),
        name => name.into_owned(),
    }
}

impl Data {
    /// Opens the source; `room` is what the partition can take at most.
    pub fn open(ctx: &mut Ctx, path: &Raw, room: u64) -> Result<Data> {
        if path.0 != "-" {
            let file = File::open(path).at("open", path)?;
            let meta = file.metadata().at("", path)?;
            if meta.is_dir() {
                return Err(io::Error::from(io::ErrorKind::IsADirectory)).at("", path);
            }
            if meta.is_file() {
                return Ok(Data::File(file, meta.len()));
            }
            return gather(ctx, &file, room)?
                .ok_or_else(|| Error::message("not enough memory to read it first"));
        }
        let mut stdin = ctx.stdin();
        let meta = stdin.metadata().at("", "standard input")?;
        if meta.is_file() {
            let position = stdin.stream_position().at("seek", "standard input")?;
            return Ok(Data::Standard(stdin, meta.len().saturating_sub(position)));
        }
        match gather(ctx, &stdin, room)? {
            Some(data) => Ok(data),
            None => {
                ctx.say("not enough memory to read all of it first: do not break the connection");
                Ok(Data::Stream(stdin))
            }
        }
    }

    /// Bytes to come, where known.
    pub fn length(&self) -> Option<u64> {
        match self {
            Data::File(_, length) | Data::Standard(_, length) => Some(*length),
            Data::Memory(bytes) => Some(bytes.get_ref().len() as u64 - bytes.position()),
            Data::Stream(_) => None,
        }
    }

    /// Runs `look` on the data and puts it back to where it was; None for a stream.
    pub fn peek<T>(
        &mut self,
        look: &mut dyn FnMut(&mut dyn Read) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        match self {
            Data::File(file, _) => peek(file, look),
            Data::Standard(file, _) => peek(&mut **file, look),
            Data::Memory(bytes) => peek(bytes, look),
            Data::Stream(_) => Ok(None),
        }
    }

    /// The reader.
    pub fn reader(&mut self) -> &mut dyn Read {
        match self {
            Data::File(file, _) => file,
            Data::Standard(file, _) | Data::Stream(file) => &mut **file,
            Data::Memory(bytes) => bytes,
        }
    }
}

fn peek<T, F: Read + Seek>(
    file: &mut F,
    look: &mut dyn FnMut(&mut dyn Read) -> io::Result<T>,
) -> io::Result<Option<T>> {
    let position = file.stream_position()?;
    let result = look(file)?;
    file.seek(SeekFrom::Start(position))?;
    Ok(Some(result))
}

/// Reads a pipe to its end; None, with nothing read, where memory may not hold it.
fn gather(ctx: &mut Ctx, mut pipe: &File, room: u64) -> Result<Option<Data>> {
    let available = ctx.sys.machine().memory_available().unwrap_or(0);
    if available < room + RESERVE {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    // One byte more than fits is enough to see that it is too much.
    let limit = room.saturating_add(1);
    let mut limited = Read::by_ref(&mut pipe).take(limit);
    limited
        .read_to_end(&mut bytes)
        .at("read", "standard input")?;
    Ok(Some(Data::Memory(Cursor::new(bytes))))
}
