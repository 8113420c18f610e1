//! A file without the chunks at its end, read once.
//!
//! What the chunks are is known only at the end, so the last bytes are always held back: no
//! more than a window, which is larger than any metadata and signature together.

use super::fwtool::{self, Chunk, Kind};
use super::look::{Info, Sum};
use super::metadata::Metadata;
use super::stream::read_more;
use flate2::Crc;
use sha2::{Digest, Sha256};
use std::io::{self, Cursor, Read};

/// Bytes that are held back.
const WINDOW: usize = 64 * 1024;

/// Reads a file up to its chunks.
pub(super) struct Tail<'a> {
    input: &'a mut dyn Read,
    buf: Vec<u8>,
    /// Where in `buf` the bytes begin that were not handed out.
    start: usize,
    /// Offset in the file of the first of them.
    at: u64,
    /// How many of them precede the chunks; known at the end of the file.
    left: Option<usize>,
    chunks: Vec<Chunk>,
    /// Of the bytes that were handed out.
    crc: Crc,
    /// Of all that was read.
    sha256: Option<Sha256>,
}

/// What was held back, and what it says.
pub(super) struct End {
    /// Bytes of the file.
    pub length: u64,
    pub info: Info,
    /// The last signature, and how many bytes it covers.
    pub signature: Option<(Vec<u8>, u64)>,
    /// Zeros if nobody wanted it.
    pub sha256: [u8; 32],
}

impl<'a> Tail<'a> {
    /// `hash`: the SHA-256 of the file is wanted.
    pub fn new(input: &'a mut dyn Read, hash: bool) -> Tail<'a> {
        Tail {
            input,
            buf: Vec::new(),
            start: 0,
            at: 0,
            left: None,
            chunks: Vec::new(),
            crc: Crc::new(),
            sha256: hash.then(Sha256::new),
        }
    }

    /// Reads a piece, or notices the end.
    fn fill(&mut self) -> io::Result<()> {
        self.buf.drain(..self.start);
        self.start = 0;
        let had = self.buf.len();
        let count = read_more(self.input, &mut self.buf);
        if let Some(hash) = &mut self.sha256 {
            hash.update(&self.buf[had..]);
        }
        if count? == 0 {
            // No further back than the window, however the bytes came.
            let length = self.buf.len();
            let base = length.saturating_sub(WINDOW);
            let mut window = Cursor::new(&self.buf[base..]);
            let found = fwtool::find(&mut window, (length - base) as u64)?;
            let moved = |chunk: Chunk| Chunk {
                start: chunk.start + base as u64,
                trailer: chunk.trailer + base as u64,
                ..chunk
            };
            self.chunks = found.into_iter().map(moved).collect();
            let start = self.chunks.last().map(|chunk| chunk.start as usize);
            self.left = Some(start.unwrap_or(length));
        }
        Ok(())
    }

    /// Reads what nobody has read, and tells about the end.
    pub fn finish(mut self) -> io::Result<End> {
        let mut rest = [0; 4096];
        while self.read(&mut rest)? > 0 {}
        let held = &self.buf[self.start..];
        let sum = |chunk: &Chunk| {
            let mut crc = Crc::new();
            crc.combine(&self.crc);
            let covered = chunk.trailer as usize - self.start;
            crc.update(held.get(..covered).unwrap_or_default());
            Sum {
                claimed: chunk.crc,
                real: Some(fwtool::trailer_crc(&crc)),
            }
        };
        let find = |kind| self.chunks.iter().find(|chunk| chunk.kind == Some(kind));
        let mut bytes = Cursor::new(&self.buf);
        let info = match find(Kind::Info) {
            None => Info::Missing,
            Some(chunk) if !sum(chunk).is_right() => Info::Damaged(sum(chunk)),
            Some(chunk) => match fwtool::payload(&mut bytes, chunk)? {
                Some(json) => match Metadata::parse(&json) {
                    Ok(metadata) => Info::Metadata(metadata),
                    Err(fault) => Info::Invalid(fault.0),
                },
                None => Info::Invalid(0),
            },
        };
        let base = self.at - self.start as u64;
        let signature = match find(Kind::Signature) {
            Some(chunk) => {
                // One that is too long is none that anybody could verify.
                let text = fwtool::payload(&mut bytes, chunk)?.unwrap_or_default();
                Some((text, base + chunk.start))
            }
            None => None,
        };
        Ok(End {
            length: self.at + held.len() as u64,
            info,
            signature,
            sha256: self.sha256.map_or([0; 32], |hash| hash.finalize().into()),
        })
    }
}

impl Read for Tail<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let free = loop {
            match self.left {
                Some(left) => break left,
                None => match (self.buf.len() - self.start).saturating_sub(WINDOW) {
                    0 => self.fill()?,
                    free => break free,
                },
            }
        };
        let count = free.min(out.len());
        let from = &self.buf[self.start..self.start + count];
        out[..count].copy_from_slice(from);
        self.crc.update(from);
        self.start += count;
        self.at += count as u64;
        if let Some(left) = &mut self.left {
            *left -= count;
        }
        Ok(count)
    }
}
