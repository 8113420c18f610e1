//! Everything there is to know about a firmware file, without judging it.
//!
//! Headers are read first, then the whole file once, in pieces, for the checksums. What a
//! header claims about lengths is never believed before it has been compared with the file.

use super::container::{Container, GLANCE};
use super::fwtool::{self, Chunk, Kind};
use super::metadata::Metadata;
use super::squashfs::{SUPERBLOCK, Squashfs};
use super::uimage;
use flate2::Crc;
use sha2::{Digest, Sha256};
use std::io::{self, Read, Seek, SeekFrom};

/// Where the data area of a written image begins: marks the end of the file systems.
pub const END_MARKER: [u8; 4] = [0xde, 0xad, 0xc0, 0xde];

/// A checksum that a file claims, and the one it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// As claimed.
    pub claimed: u32,
    /// As computed; None: the data are not all there.
    pub real: Option<u32>,
}

impl Sum {
    /// Whether both agree.
    pub fn is_right(self) -> bool {
        self.real == Some(self.claimed)
    }
}

/// The kernel's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// None: the header's own checksum is wrong.
    pub header: Option<uimage::Header>,
    /// Of the data behind the header.
    pub data: Option<Sum>,
}

/// The root file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Root {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// Its superblock.
    pub squashfs: Squashfs,
}

impl Root {
    /// Where it ends, by its own account.
    pub fn end(self) -> u64 {
        self.offset.saturating_add(self.squashfs.length)
    }
}

/// The metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Info {
    /// There are none.
    Missing,
    /// The checksum over the file does not match: the file is damaged.
    Damaged(Sum),
    /// They cannot be read: at which byte.
    Invalid(usize),
    /// What they say.
    Metadata(Metadata),
}

/// A file as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Bytes of the file.
    pub length: u64,
    /// Bytes in front of the metadata and signature.
    pub payload: u64,
    /// Format of the whole.
    pub container: Container,
    /// For a uImage.
    pub kernel: Option<Kernel>,
    /// For a uImage with one behind the kernel.
    pub root: Option<Root>,
    /// Metadata.
    pub info: Info,
    /// There is a signature.
    pub signed: bool,
    /// Bytes to be written: up to the end of the root file system, rounded up to the erase
    /// block; the whole payload where there is none.
    pub written: u64,
    /// Behind that comes only padding, as image builders make it.
    pub padded: bool,
    /// CRC32 of the first `written` bytes (or all, if the payload is shorter): the writer
    /// compares it, for the file may change after it was checked.
    pub crc: u32,
    /// SHA-256 of the whole file.
    pub sha256: [u8; 32],
}

/// Looks at a file; `erase_size` is that of the flash it may go to.
pub fn look(file: &mut (impl Read + Seek), erase_size: u32) -> io::Result<Facts> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut start = vec![0; GLANCE.min(usize::try_from(length).unwrap_or(GLANCE))];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut start)?;
    let container = Container::recognise(&start);
    let chunks = fwtool::find(file, length)?;
    let payload = chunks.last().map_or(length, |chunk| chunk.start);
    let step = u64::from(erase_size.max(1));
    let is_uimage = container == Container::UImage;
    let header = start.first_chunk().and_then(uimage::Header::parse);
    let kernel_end = header
        .as_ref()
        .map(|h| uimage::HEADER as u64 + u64::from(h.size));
    let root = match kernel_end {
        Some(end) if is_uimage => find_root(file, end, payload, step)?,
        _ => None,
    };
    let written = match root {
        Some(root) if root.end() <= payload => root.end().next_multiple_of(step),
        _ => payload,
    };
    let info = chunks.iter().find(|chunk| chunk.kind == Some(Kind::Info));
    let mut pass = Pass::new(payload, written);
    pass.wanted
        .extend(kernel_end.map(|end| (uimage::HEADER as u64, end)));
    pass.wanted.extend(info.map(|chunk| (0, chunk.trailer)));
    pass.run(file)?;
    let kernel = is_uimage.then(|| Kernel {
        data: header.as_ref().zip(kernel_end).map(|(header, end)| Sum {
            claimed: header.data_crc,
            real: pass.sum(uimage::HEADER as u64, end.min(payload + 1)),
        }),
        header,
    });
    Ok(Facts {
        length,
        payload,
        container,
        kernel,
        root,
        info: read_info(file, info, &pass)?,
        signed: chunks
            .iter()
            .any(|chunk| chunk.kind == Some(Kind::Signature)),
        written,
        padded: pass.padding.is_padding,
        crc: pass.sum(0, written.min(payload)).unwrap_or_default(),
        sha256: pass.sha256.finalize().into(),
    })
}

/// Finds the root file system as the kernel does: right behind `from`, else at the erase
/// blocks that follow.
fn find_root(
    file: &mut (impl Read + Seek),
    from: u64,
    end: u64,
    step: u64,
) -> io::Result<Option<Root>> {
    let blocks = (from / step + 1..=end / step).map(|block| block * step);
    for offset in std::iter::once(from).chain(blocks) {
        if offset.saturating_add(SUPERBLOCK as u64) > end {
            break;
        }
        let mut superblock = [0; SUPERBLOCK];
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut superblock)?;
        if let Some(squashfs) = Squashfs::parse(&superblock) {
            return Ok(Some(Root { offset, squashfs }));
        }
    }
    Ok(None)
}

fn read_info(
    file: &mut (impl Read + Seek),
    chunk: Option<&Chunk>,
    pass: &Pass,
) -> io::Result<Info> {
    let Some(chunk) = chunk else {
        return Ok(Info::Missing);
    };
    let sum = Sum {
        claimed: chunk.crc,
        // These checksums are not inverted at the end.
        real: pass.sum(0, chunk.trailer).map(|sum| !sum),
    };
    if !sum.is_right() {
        return Ok(Info::Damaged(sum));
    }
    let json = fwtool::payload(file, chunk)?;
    Ok(match json.map(|json| Metadata::parse(&json)) {
        Some(Ok(metadata)) => Info::Metadata(metadata),
        Some(Err(fault)) => Info::Invalid(fault.0),
        None => Info::Invalid(0),
    })
}

/// The one pass over the whole file.
struct Pass {
    /// Ranges whose CRC32 is wanted.
    wanted: Vec<(u64, u64)>,
    sums: Vec<((u64, u64), u32)>,
    sha256: Sha256,
    padding: Padding,
}

impl Pass {
    fn new(payload: u64, written: u64) -> Pass {
        Pass {
            wanted: vec![(0, written.min(payload))],
            sums: Vec::new(),
            sha256: Sha256::new(),
            padding: Padding {
                from: written.min(payload),
                to: payload,
                marker: 0,
                is_padding: true,
            },
        }
    }

    /// The CRC32 of a range; None if the file does not reach so far.
    fn sum(&self, from: u64, to: u64) -> Option<u32> {
        let found = self.sums.iter().find(|(range, _)| *range == (from, to));
        found.map(|(_, sum)| *sum)
    }

    fn run(&mut self, file: &mut (impl Read + Seek)) -> io::Result<()> {
        let mut running: Vec<_> = self
            .wanted
            .iter()
            .map(|range| (*range, Crc::new()))
            .collect();
        let mut buf = vec![0; 64 * 1024];
        let mut at = 0;
        file.seek(SeekFrom::Start(0))?;
        loop {
            let count = match file.read(&mut buf) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let piece = buf.get(..count).unwrap_or_default();
            let end = at + count as u64;
            for ((from, to), crc) in &mut running {
                crc.update(part(piece, at, *from, *to));
            }
            let (from, to) = (self.padding.from, self.padding.to);
            self.padding.update(part(piece, at, from, to));
            self.sha256.update(piece);
            if count == 0 {
                break;
            }
            at = end;
        }
        let whole = running.into_iter().filter(|((_, to), _)| *to <= at);
        self.sums = whole.map(|(range, crc)| (range, crc.sum())).collect();
        Ok(())
    }
}

/// The part of a piece at offset `at` that lies in `from..to`.
fn part(piece: &[u8], at: u64, from: u64, to: u64) -> &[u8] {
    let clamp = |offset: u64| offset.saturating_sub(at).min(piece.len() as u64) as usize;
    piece.get(clamp(from)..clamp(to)).unwrap_or_default()
}

/// Whether bytes are 0xff and end markers only.
struct Padding {
    from: u64,
    to: u64,
    /// Bytes of a marker that have come by.
    marker: usize,
    is_padding: bool,
}

impl Padding {
    fn update(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match (self.marker, byte) {
                (0, 0xff) => {}
                (n, byte) if END_MARKER.get(n) == Some(&byte) => self.marker = (n + 1) % 4,
                _ => self.is_padding = false,
            }
        }
    }
}
