//! Images that go into flash as they are: a kernel with a header, a root file system behind it.

use super::body::{FileSystem, Kernel, Root, Seal, Sum};
use super::squashfs::{SUPERBLOCK, Squashfs};
use super::stream::{Digest, Stream, Watch};
use super::uimage;
use crate::disk::behind::{EROFS_AT, EROFS_LENGTH, erofs_length};
use md5::{Digest as _, Md5};
use std::io;

/// TRX: magic, length, checksum; the checksum covers what is behind itself.
const TRX_SUM_FROM: u64 = 12;
/// With flags, version and three offsets.
const TRX_HEADER: usize = 28;
/// Seama: magic, reserved, bytes of names, bytes of data; then, if there are data, their MD5.
const SEAMA_HEADER: u64 = 12;
const SEAMA_MD5: u64 = 16;

/// What was found, to be completed at the end of the stream.
#[derive(Default)]
pub(super) struct Found {
    pub kernel: Option<(Kernel, Option<Watch>)>,
    pub seal: Option<(Seal, Watch, Vec<u8>)>,
    pub root: Option<Root>,
}

impl Found {
    /// With the digests that have been asked for.
    pub fn complete(self, stream: &Stream<'_>) -> (Option<Kernel>, Option<Seal>, Option<Root>) {
        let kernel = self.kernel.map(|(mut kernel, watch)| {
            if let (Some(sum), Some(watch)) = (&mut kernel.data, watch) {
                sum.real = stream.sum(watch);
            }
            kernel
        });
        let seal = self.seal.map(|(mut seal, watch, claimed)| {
            seal.is_right = stream.digest(watch).map(|digest| digest == claimed);
            seal
        });
        (kernel, seal, self.root)
    }
}

pub(super) fn uimage(stream: &mut Stream<'_>, step: u64) -> io::Result<Found> {
    let header = stream.chunk()?.as_ref().and_then(uimage::Header::parse);
    let mut watch = None;
    let mut root = None;
    if let Some(header) = &header {
        let from = uimage::HEADER as u64;
        let end = from + u64::from(header.size);
        watch = Some(stream.watch(from, end, Digest::crc32()));
        root = find_root(stream, &[end], step)?;
    }
    let data = header.as_ref().map(|header| Sum {
        claimed: header.data_crc,
        real: None,
    });
    Ok(Found {
        kernel: Some((Kernel { header, data }, watch)),
        root,
        ..Found::default()
    })
}

pub(super) fn trx(stream: &mut Stream<'_>, step: u64) -> io::Result<Found> {
    let Some(header) = stream.chunk::<TRX_HEADER>()? else {
        return Ok(Found::default());
    };
    let [_, length, claimed, _, offsets @ ..] = words(&header);
    let mut parts: Vec<u64> = offsets
        .into_iter()
        .map(u64::from)
        .filter(|&offset| offset >= TRX_HEADER as u64)
        .collect();
    parts.sort_unstable();
    let end = u64::from(length);
    let watch = stream.watch(TRX_SUM_FROM, end, Digest::crc32());
    let root = find_root(stream, &parts, step)?;
    let seal = Seal {
        start: TRX_SUM_FROM,
        end,
        is_right: None,
        parts,
    };
    // These checksums are not inverted at the end.
    let claimed = (!claimed).to_be_bytes().to_vec();
    Ok(Found {
        seal: Some((seal, watch, claimed)),
        root,
        ..Found::default()
    })
}

fn words(header: &[u8; TRX_HEADER]) -> [u32; 7] {
    let (words, _) = header.as_chunks();
    std::array::from_fn(|at| u32::from_le_bytes(words[at]))
}

pub(super) fn seama(stream: &mut Stream<'_>, step: u64) -> io::Result<Found> {
    // A seal without data may stand in front of the header that has them.
    for _ in 0..2 {
        let base = stream.at();
        let Some(header) = stream.chunk::<28>()? else {
            break;
        };
        let names = u64::from(u16::from_be_bytes([header[6], header[7]]));
        let [.., s0, s1, s2, s3] = header[..12] else {
            break;
        };
        let size = u64::from(u32::from_be_bytes([s0, s1, s2, s3]));
        if header[..4] != *super::container::SEAMA {
            break;
        }
        if size == 0 {
            stream.skip_to(base + SEAMA_HEADER + names)?;
            continue;
        }
        let start = base + SEAMA_HEADER + SEAMA_MD5 + names;
        let end = start + size;
        let watch = stream.watch(start, end, Digest::Md5(Md5::new()));
        let root = find_root(stream, &[end], step)?;
        let seal = Seal {
            start,
            end,
            is_right: None,
            parts: vec![start],
        };
        return Ok(Found {
            seal: Some((seal, watch, header[12..].to_vec())),
            root,
            ..Found::default()
        });
    }
    Ok(Found::default())
}

/// Finds the root file system as the kernel does: where the header says (in order), else at
/// the erase blocks that follow. Stops where it begins.
pub(super) fn find_root(
    stream: &mut Stream<'_>,
    named: &[u64],
    step: u64,
) -> io::Result<Option<Root>> {
    let last = named.last().copied().unwrap_or(stream.at());
    let mut next = last.max(stream.at()) / step + 1;
    let mut named = named.iter().copied();
    loop {
        let offset = match named.next() {
            Some(offset) => offset,
            None => {
                next += 1;
                (next - 1).saturating_mul(step)
            }
        };
        if offset < stream.at() {
            continue;
        }
        if !stream.skip_to(offset)? {
            return Ok(None);
        }
        if let Some(system) = file_system(stream)? {
            return Ok(Some(Root { offset, system }));
        }
    }
}

/// The file system that begins here.
pub(super) fn file_system(stream: &mut Stream<'_>) -> io::Result<Option<FileSystem>> {
    if let Some(found) = stream
        .chunk::<SUPERBLOCK>()?
        .as_ref()
        .and_then(Squashfs::parse)
    {
        return Ok(Some(FileSystem::Squashfs(found)));
    }
    let head = stream.peek(EROFS_AT as usize + EROFS_LENGTH)?;
    let head = head.get(EROFS_AT as usize..).unwrap_or_default();
    let length = head.first_chunk().and_then(erofs_length);
    Ok(length.map(FileSystem::Erofs))
}
