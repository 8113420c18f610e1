//! Copies the contents of one open file to another, and keeps its holes.

use rustix::fs::SeekFrom;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;

/// Bytes copied at once: large enough that the system calls do not count.
const CHUNK: usize = 128 * 1024;

/// Which side failed: a full disk and a bad one are different news.
#[derive(Debug)]
pub enum Failure {
    /// The source could not be read.
    Read(io::Error),
    /// The target could not be written.
    Write(io::Error),
}

/// Copies everything from `source`, which is at its start, to `target`, which is empty.
///
/// With `sparse`, what the file system knows to be holes is skipped; for files with fewer
/// blocks than their size needs.
pub fn copy(source: &mut File, target: &mut File, sparse: bool) -> Result<u64, Failure> {
    let mut buf = vec![0; CHUNK];
    if !sparse {
        return copy_up_to(source, target, u64::MAX, &mut buf);
    }
    let size = source.metadata().map_err(Failure::Read)?.len();
    let mut at = 0;
    while at < size {
        let start = match seek(&*source, SeekFrom::Data(at)) {
            Ok(start) => start,
            // Nothing but a hole up to the end.
            Err(rustix::io::Errno::NXIO) => break,
            // A file system that knows no holes.
            Err(_) if at == 0 => return copy_up_to(source, target, u64::MAX, &mut buf),
            Err(error) => return Err(Failure::Read(error.into())),
        };
        let end = seek(&*source, SeekFrom::Hole(start)).unwrap_or(size);
        let rewind = |file: &File| seek(file, SeekFrom::Start(start));
        rewind(source).map_err(|error| Failure::Read(error.into()))?;
        rewind(target).map_err(|error| Failure::Write(error.into()))?;
        let copied = copy_up_to(source, target, end - start, &mut buf)?;
        at = start + copied;
        if copied < end - start {
            return Ok(at);
        }
    }
    target.set_len(size).map_err(Failure::Write)?;
    Ok(size)
}

fn seek(file: impl AsFd, to: SeekFrom) -> rustix::io::Result<u64> {
    rustix::fs::seek(file, to)
}

fn copy_up_to(
    source: &mut File,
    target: &mut File,
    limit: u64,
    buf: &mut [u8],
) -> Result<u64, Failure> {
    let mut copied = 0;
    while copied < limit {
        let wanted = usize::try_from(limit - copied).map_or(buf.len(), |n| n.min(buf.len()));
        let count = match source.read(&mut buf[..wanted]) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::Read(error)),
        };
        target.write_all(&buf[..count]).map_err(Failure::Write)?;
        copied += count as u64;
    }
    Ok(copied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsops::scratch::Scratch;
    use std::os::unix::fs::{FileExt, MetadataExt};

    #[test]
    fn holes_stay_holes_and_the_length_is_kept() {
        let dir = Scratch::new();
        let source = File::create(dir.path().join("a")).unwrap();
        source.write_all_at(b"begin", 0).unwrap();
        source.write_all_at(b"end", 5 << 20).unwrap();
        source.set_len(8 << 20).unwrap();
        let mut source = File::open(dir.path().join("a")).unwrap();
        let mut target = File::create(dir.path().join("b")).unwrap();
        copy(&mut source, &mut target, true).unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        assert!(std::fs::read(a).unwrap() == std::fs::read(&b).unwrap());
        assert!(std::fs::metadata(b).unwrap().blocks() * 512 < 1 << 20);
    }
}
