//! A file that is read once, from its beginning to its end.
//!
//! Parsers look ahead a little, step over what they do not want to see, and ask in advance for
//! digests of ranges. Nothing is held but the look ahead.

use super::sha1::Sha1;
use flate2::Crc;
use md5::Md5;
use sha2::{Digest as _, Sha256, Sha512};
use std::io::{self, Read};

/// Bytes that are read at a time.
const PIECE: usize = 64 * 1024;
/// No parser looks further ahead.
const AHEAD: usize = 32 * 1024;
/// Digests beyond this number are not computed: their work would not be bounded.
const MOST_WATCHES: usize = 96;

/// A digest of a range.
pub enum Digest {
    /// CRC-32 as in gzip and uImage, 4 bytes big-endian.
    Crc32(Crc),
    /// 16 bytes.
    Md5(Md5),
    /// 20 bytes.
    Sha1(Sha1),
    /// 32 bytes.
    Sha256(Sha256),
    /// 64 bytes.
    Sha512(Box<Sha512>),
}

impl Digest {
    /// CRC-32.
    pub fn crc32() -> Digest {
        Digest::Crc32(Crc::new())
    }

    /// By the name that image trees give it.
    pub fn named(name: &[u8]) -> Option<Digest> {
        Some(match name {
            b"crc32" => Digest::crc32(),
            b"md5" => Digest::Md5(Md5::new()),
            b"sha1" => Digest::Sha1(Sha1::new()),
            b"sha256" => Digest::Sha256(Sha256::new()),
            b"sha512" => Digest::Sha512(Box::new(Sha512::new())),
            _ => return None,
        })
    }

    /// The next bytes of the range.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Digest::Crc32(crc) => crc.update(bytes),
            Digest::Md5(hash) => hash.update(bytes),
            Digest::Sha1(hash) => hash.update(bytes),
            Digest::Sha256(hash) => hash.update(bytes),
            Digest::Sha512(hash) => hash.update(bytes),
        }
    }

    /// The digest of all of them.
    pub fn finish(self) -> Vec<u8> {
        match self {
            Digest::Crc32(crc) => crc.sum().to_be_bytes().to_vec(),
            Digest::Md5(hash) => hash.finalize().to_vec(),
            Digest::Sha1(hash) => hash.finish().to_vec(),
            Digest::Sha256(hash) => hash.finalize().to_vec(),
            Digest::Sha512(hash) => hash.finalize().to_vec(),
        }
    }
}

/// A digest that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch(usize);

struct Running {
    from: u64,
    to: u64,
    digest: Option<Digest>,
    done: Option<Vec<u8>>,
}

/// The file, and how far it was read.
pub struct Stream<'a> {
    input: &'a mut dyn Read,
    buf: Vec<u8>,
    start: usize,
    at: u64,
    crc: Crc,
    watches: Vec<Running>,
}

impl<'a> Stream<'a> {
    /// From the beginning on.
    pub fn new(input: &'a mut dyn Read) -> Stream<'a> {
        Stream {
            input,
            buf: Vec::new(),
            start: 0,
            at: 0,
            crc: Crc::new(),
            watches: Vec::new(),
        }
    }

    /// The offset of the next byte.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The CRC-32 of all before that.
    pub fn crc(&self) -> u32 {
        self.crc.sum()
    }

    /// The next bytes, without stepping over them; fewer than `count` at the end.
    pub fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        let count = count.min(AHEAD);
        while self.buf.len() - self.start < count {
            if self.fill()? == 0 {
                break;
            }
        }
        let there = &self.buf[self.start..];
        Ok(&there[..count.min(there.len())])
    }

    /// The next bytes as an array; None at the end.
    pub fn chunk<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        Ok(self.peek(N)?.first_chunk().copied())
    }

    fn fill(&mut self) -> io::Result<usize> {
        self.buf.drain(..self.start);
        self.start = 0;
        read_more(self.input, &mut self.buf)
    }

    /// Steps over bytes that have been looked at.
    fn consume(&mut self, count: usize) {
        let bytes = &self.buf[self.start..self.start + count];
        let end = self.at + count as u64;
        self.crc.update(bytes);
        for watch in &mut self.watches {
            let Some(digest) = &mut watch.digest else {
                continue;
            };
            let clamp = |offset: u64| offset.saturating_sub(self.at).min(count as u64) as usize;
            digest.update(&bytes[clamp(watch.from)..clamp(watch.to).max(clamp(watch.from))]);
            if watch.to <= end {
                watch.done = watch.digest.take().map(Digest::finish);
            }
        }
        self.start += count;
        self.at = end;
    }

    /// Goes on to `offset`; false: the end comes first, or it lies behind already.
    pub fn skip_to(&mut self, offset: u64) -> io::Result<bool> {
        self.each(offset, &mut |_| {})
    }

    /// The bytes from here to `offset` in pieces.
    pub fn each(&mut self, offset: u64, take: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
        while self.at < offset {
            if self.peek(1)?.is_empty() {
                return Ok(false);
            }
            let there = (self.buf.len() - self.start) as u64;
            let wanted = (offset - self.at).min(there);
            take(&self.buf[self.start..self.start + wanted as usize]);
            self.consume(wanted as usize);
        }
        Ok(self.at == offset)
    }

    /// Asks for the digest of a range that begins here or later.
    pub fn watch(&mut self, from: u64, to: u64, digest: Digest) -> Watch {
        let possible = self.at <= from && from <= to && self.watches.len() < MOST_WATCHES;
        let mut running = Running {
            from,
            to,
            digest: possible.then_some(digest),
            done: None,
        };
        if from == to {
            running.done = running.digest.take().map(Digest::finish);
        }
        self.watches.push(running);
        Watch(self.watches.len() - 1)
    }

    /// The digest; None: the file ended before the range, or the range lay behind.
    pub fn digest(&self, watch: Watch) -> Option<&[u8]> {
        self.watches.get(watch.0)?.done.as_deref()
    }

    /// The same as a number, for a CRC.
    pub fn sum(&self, watch: Watch) -> Option<u32> {
        let bytes = self.digest(watch)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        self.peek(1)?;
        let count = (self.buf.len() - self.start).min(out.len());
        out[..count].copy_from_slice(&self.buf[self.start..self.start + count]);
        self.consume(count);
        Ok(count)
    }
}

/// Appends the next piece of `input` to `buf`; how many bytes came, 0 at the end.
pub(super) fn read_more(input: &mut dyn Read, buf: &mut Vec<u8>) -> io::Result<usize> {
    let had = buf.len();
    buf.resize(had + PIECE, 0);
    let count = loop {
        match input.read(&mut buf[had..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => break other,
        }
    };
    buf.truncate(had + *count.as_ref().unwrap_or(&0));
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_ranges_are_ready_once_they_were_passed() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n * 7 % 251) as u8).collect();
        let mut input = &bytes[..];
        let mut stream = Stream::new(&mut input);
        let ranges = [(0, 10), (5, 150_000), (70_000, 70_000), (199_999, 200_000)];
        let watches = ranges.map(|(from, to)| stream.watch(from, to, Digest::crc32()));
        let beyond = stream.watch(100, 200_001, Digest::crc32());
        assert_eq!(stream.peek(3).unwrap(), &bytes[..3]);
        assert!(stream.skip_to(123).unwrap());
        let behind = stream.watch(122, 130, Digest::crc32());
        assert_eq!(stream.chunk().unwrap(), Some([bytes[123], bytes[124]]));
        assert!(stream.skip_to(200_000).unwrap());
        assert!(!stream.skip_to(200_001).unwrap());
        assert!(!stream.skip_to(5).unwrap());
        for (watch, (from, to)) in watches.into_iter().zip(ranges) {
            let mut crc = Crc::new();
            crc.update(&bytes[from as usize..to as usize]);
            assert_eq!(stream.sum(watch), Some(crc.sum()));
        }
        assert_eq!((stream.sum(beyond), stream.sum(behind)), (None, None));
    }
}
