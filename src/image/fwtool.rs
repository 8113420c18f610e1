//! Chunks at the end of a firmware file: metadata and signature.
//!
//! Each ends in a trailer of 16 bytes (big-endian): "FWx0", CRC32, kind, three zeros, size
//! with the trailer. They are found backwards from the end of the file. The CRC starts with
//! all ones, is not inverted at the end and covers every byte of the file before the
//! trailer, so metadata double as a checksum of the whole image.

use flate2::Crc;
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes of a trailer.
pub const TRAILER: u64 = 16;
const MAGIC: [u8; 4] = *b"FWx0";
/// In front of the JSON of a metadata chunk: version and flags, both 0.
const INFO_HEADER: usize = 8;
/// More chunks than this are not looked for.
const MOST: usize = 8;

/// What a chunk holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A signature of all that is in front of it.
    Signature,
    /// Metadata as JSON.
    Info,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Kind::Signature => 0,
            Kind::Info => 1,
        }
    }

    fn from_code(code: u8) -> Option<Kind> {
        [Kind::Signature, Kind::Info]
            .into_iter()
            .find(|kind| kind.code() == code)
    }

    /// Longest payload in bytes, header of the metadata included.
    pub fn longest(self) -> usize {
        match self {
            Kind::Signature => 1024,
            Kind::Info => 30 * 1024 + INFO_HEADER,
        }
    }
}

/// A chunk as its trailer describes it. Offsets are bytes from the start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// What it holds; None: a kind that we do not know.
    pub kind: Option<Kind>,
    /// Where the payload begins.
    pub start: u64,
    /// Where the trailer begins; the CRC covers all before it.
    pub trailer: u64,
    /// The CRC that the trailer claims.
    pub crc: u32,
}

/// Finds the chunks of a file of `length` bytes, the last one first.
pub fn find(file: &mut (impl Read + Seek), length: u64) -> io::Result<Vec<Chunk>> {
    let mut chunks = Vec::new();
    let mut end = length;
    while chunks.len() < MOST && end >= TRAILER {
        let mut trailer = [0; TRAILER as usize];
        file.seek(SeekFrom::Start(end - TRAILER))?;
        file.read_exact(&mut trailer)?;
        let Some(chunk) = parse(&trailer, end) else {
            break;
        };
        end = chunk.start;
        chunks.push(chunk);
    }
    Ok(chunks)
}

/// Reads a trailer that ends at `end`.
fn parse(trailer: &[u8; TRAILER as usize], end: u64) -> Option<Chunk> {
    let [
        m0,
        m1,
        m2,
        m3,
        c0,
        c1,
        c2,
        c3,
        kind,
        _,
        _,
        _,
        s0,
        s1,
        s2,
        s3,
    ] = *trailer;
    let size = u64::from(u32::from_be_bytes([s0, s1, s2, s3]));
    if [m0, m1, m2, m3] != MAGIC || size < TRAILER {
        return None;
    }
    Some(Chunk {
        kind: Kind::from_code(kind),
        start: end.checked_sub(size)?,
        trailer: end - TRAILER,
        crc: u32::from_be_bytes([c0, c1, c2, c3]),
    })
}

/// The content of a chunk: the JSON of metadata, the signature. None: it is longer than any
/// real one or too short.
pub fn payload(file: &mut (impl Read + Seek), chunk: &Chunk) -> io::Result<Option<Vec<u8>>> {
    let longest = chunk.kind.map_or(0, Kind::longest);
    let size = match usize::try_from(chunk.trailer - chunk.start) {
        Ok(size) if size <= longest => size,
        _ => return Ok(None),
    };
    let mut payload = vec![0; size];
    file.seek(SeekFrom::Start(chunk.start))?;
    file.read_exact(&mut payload)?;
    Ok(match chunk.kind {
        Some(Kind::Info) => payload.get(INFO_HEADER..).map(<[u8]>::to_vec),
        _ => Some(payload),
    })
}

/// A CRC as these trailers have it, of everything that `crc` has seen.
pub fn trailer_crc(crc: &Crc) -> u32 {
    !crc.sum()
}

/// Builds a chunk to append to a file, all of whose bytes `crc` has seen.
///
/// # Errors
/// The longest payload allowed, when this one is longer.
pub fn build(kind: Kind, content: &[u8], mut crc: Crc) -> Result<Vec<u8>, usize> {
    let mut chunk = match kind {
        Kind::Info => vec![0; INFO_HEADER],
        Kind::Signature => Vec::new(),
    };
    let longest = kind.longest() - chunk.len();
    if content.len() > longest {
        return Err(longest);
    }
    chunk.extend_from_slice(content);
    crc.update(&chunk);
    let size = chunk.len() as u32 + TRAILER as u32;
    chunk.extend(MAGIC);
    chunk.extend(trailer_crc(&crc).to_be_bytes());
    chunk.extend([kind.code(), 0, 0, 0]);
    chunk.extend(size.to_be_bytes());
    Ok(chunk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn with(file: &[u8], kind: Kind, content: &[u8]) -> Vec<u8> {
        let mut crc = Crc::new();
        crc.update(file);
        [file, &build(kind, content, crc).unwrap()].concat()
    }

    #[test]
    fn a_chunk_is_built_as_the_originals_tool_builds_it() {
        let expected = b"abc\0\0\0\0\0\0\0\0{}FWx0\xcc\xce\x15\xb4\x01\0\0\0\0\0\0\x1a";
        assert_eq!(with(b"abc", Kind::Info, b"{}"), expected);
        assert_eq!(build(Kind::Signature, &[0; 1025], Crc::new()), Err(1024));
    }

    #[test]
    fn chunks_are_found_backwards_with_their_content() {
        let signed = with(&with(b"image", Kind::Info, b"{}"), Kind::Signature, b"sig");
        let mut file = Cursor::new(&signed);
        let chunks = find(&mut file, signed.len() as u64).unwrap();
        let kinds: Vec<_> = chunks.iter().map(|chunk| chunk.kind).collect();
        assert_eq!(kinds, [Some(Kind::Signature), Some(Kind::Info)]);
        let contents: Vec<_> = chunks
            .iter()
            .map(|chunk| payload(&mut file, chunk).unwrap().unwrap())
            .collect();
        assert_eq!(contents, [b"sig".to_vec(), b"{}".to_vec()]);
        assert_eq!(chunks[1].start, 5);
        for chunk in chunks {
            let mut crc = Crc::new();
            crc.update(&signed[..chunk.trailer as usize]);
            assert_eq!(trailer_crc(&crc), chunk.crc);
        }
    }

    #[test]
    fn a_chunk_larger_than_the_file_is_none() {
        let mut file = with(b"abc", Kind::Info, b"{}");
        let end = file.len();
        file[end - 4..].copy_from_slice(&30_u32.to_be_bytes());
        assert_eq!(find(&mut Cursor::new(&file), end as u64).unwrap(), []);
    }
}
