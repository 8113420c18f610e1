//! Several partitions as one: what does not fit into the first goes on in the next (`A:B`).

use super::Error;
use crate::sys::{Flash, Geometry};
use std::io;
use std::ops::Range;

/// Partitions of one shape, one behind the other.
struct Joined {
    parts: Vec<Box<dyn Flash>>,
    geometry: Geometry,
}

/// Joins them; a single one stays as it is.
///
/// # Errors
/// [`Error::Unlike`] where they differ in their blocks or pages, or one that is not the last
/// does not end on a block.
pub fn join(mut parts: Vec<Box<dyn Flash>>) -> Result<Box<dyn Flash>, Error> {
    if parts.len() == 1
        && let Some(only) = parts.pop()
    {
        return Ok(only);
    }
    let last = parts.len().saturating_sub(1);
    let mut joined: Option<Geometry> = None;
    for (number, part) in parts.iter().enumerate() {
        let next = part.geometry();
        let whole = next.size.is_multiple_of(u64::from(next.erase_size.max(1)));
        let size = joined.map_or(0, |joined| joined.size) + next.size;
        let like = Geometry { size, ..next };
        if joined.is_some_and(|joined| Geometry { size, ..joined } != like)
            || (number < last && !whole)
        {
            return Err(Error::Unlike);
        }
        joined = Some(like);
    }
    let geometry = joined.ok_or(Error::Unlike)?;
    Ok(Box::new(Joined { parts, geometry }))
}

/// Given a partition, an offset in it, and which of the bytes these are.
type Work<'a> = dyn FnMut(&mut dyn Flash, u64, Range<usize>) -> io::Result<()> + 'a;

impl Joined {
    /// The partition that an offset lies in, and where it begins.
    fn at(&mut self, offset: u64) -> io::Result<(&mut dyn Flash, u64)> {
        let mut start = 0;
        for part in &mut self.parts {
            let size = part.geometry().size;
            if offset - start < size {
                return Ok((&mut **part, start));
            }
            start += size;
        }
        Err(io::ErrorKind::InvalidInput.into())
    }

    /// Calls `work` for each partition that so many bytes from an offset on lie in.
    fn each(&mut self, offset: u64, length: usize, work: &mut Work<'_>) -> io::Result<()> {
        let mut done = 0;
        while done < length {
            let at = offset + done as u64;
            let (part, start) = self.at(at)?;
            let left = part.geometry().size - (at - start);
            let end = usize::try_from(left).map_or(length, |left| length.min(done + left));
            work(part, at - start, done..end)?;
            done = end;
        }
        Ok(())
    }
}

impl Flash for Joined {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn is_bad(&mut self, offset: u64) -> io::Result<bool> {
        let (part, start) = self.at(offset)?;
        part.is_bad(offset - start)
    }

    fn mark_bad(&mut self, offset: u64) -> io::Result<()> {
        let (part, start) = self.at(offset)?;
        part.mark_bad(offset - start)
    }

    fn unlock(&mut self, _offset: u64, _length: u64) -> io::Result<()> {
        let unlock = |part: &mut Box<dyn Flash>| part.unlock(0, part.geometry().size);
        // Each for itself: most know no locks.
        let answers: Vec<_> = self.parts.iter_mut().map(unlock).collect();
        answers.into_iter().collect()
    }

    fn erase(&mut self, offset: u64) -> io::Result<()> {
        let (part, start) = self.at(offset)?;
        part.erase(offset - start)
    }

    fn read(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.each(offset, buf.len(), &mut |part, at, range| {
            part.read(at, &mut buf[range])
        })
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.each(offset, data.len(), &mut |part, at, range| {
            part.write(at, &data[range])
        })
    }

    fn read_oob(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let (part, start) = self.at(offset)?;
        part.read_oob(offset - start, buf)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{erase, verify::verify, write};
    use super::*;
    use crate::fake::flash::FakeFlash;

    const BLOCK: usize = 4096;

    fn two() -> (FakeFlash, FakeFlash, Box<dyn Flash>) {
        let first = FakeFlash::nand(2 * BLOCK, BLOCK as u32, 512);
        let second = FakeFlash::nand(3 * BLOCK, BLOCK as u32, 512);
        let parts: Vec<Box<dyn Flash>> = vec![Box::new(first.clone()), Box::new(second.clone())];
        (first, second, join(parts).unwrap())
    }

    #[test]
    fn an_image_goes_on_in_the_next_partition_around_bad_blocks() {
        let (first, mut second, mut both) = two();
        second.mark_bad(0).unwrap();
        let data: Vec<u8> = (0..4 * BLOCK as u32).map(|n| (n % 251) as u8).collect();
        let options = write::Options {
            length: Some(data.len() as u64),
            ..write::Options::default()
        };
        write::write(&mut *both, &mut &data[..], &options, &mut |_| {}).unwrap();
        assert_eq!(first.bytes()[..], data[..2 * BLOCK]);
        assert_eq!(second.bytes()[BLOCK..], data[2 * BLOCK..]);
        let compared = verify(&mut *both, &mut &data[..], 0).unwrap();
        assert_eq!(compared, data.len() as u64);
        let long = vec![0; 4 * BLOCK + 1];
        let options = write::Options {
            length: Some(long.len() as u64),
            ..options
        };
        let error = write::write(&mut *both, &mut &long[..], &options, &mut |_| {}).unwrap_err();
        let expected = "Insufficient space: 16385 bytes do not fit into 16384";
        assert_eq!(error.to_string(), expected);
        assert_eq!(second.bytes()[BLOCK..], data[2 * BLOCK..]);
        erase::everything(&mut *both, &mut |_| {}).unwrap();
        assert!(first.bytes().iter().all(|&byte| byte == 0xff));
        assert!(second.bytes().iter().all(|&byte| byte == 0xff));
    }

    #[test]
    fn a_failure_is_told_with_the_offset_in_all_of_it() {
        let (_, mut second, mut both) = two();
        second.spoil_byte(10);
        let error = verify(&mut *both, &mut &[0xff; 4 * BLOCK][..], 0).unwrap_err();
        assert_eq!(error.to_string(), "read at 0x2000: Input/output error");
        assert!(both.read(5 * BLOCK as u64, &mut [0]).is_err());
        // Across the border.
        assert!(both.read(2 * BLOCK as u64 - 4, &mut [0; 8]).is_ok());
    }

    #[test]
    fn partitions_of_different_shape_are_not_joined() {
        let nand = || Box::new(FakeFlash::nand(2 * BLOCK, BLOCK as u32, 512)) as Box<dyn Flash>;
        let nor = || Box::new(FakeFlash::nor(2 * BLOCK, BLOCK as u32)) as Box<dyn Flash>;
        let odd = || Box::new(FakeFlash::nor(2 * BLOCK + 100, BLOCK as u32)) as Box<dyn Flash>;
        assert!(join(vec![nand(), nor()]).is_err());
        assert!(join(vec![odd(), nor()]).is_err());
        assert!(join(vec![nor(), odd()]).is_ok());
        assert!(join(vec![nor()]).is_ok());
        assert!(join(Vec::new()).is_err());
    }
}
