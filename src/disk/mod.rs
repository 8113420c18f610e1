//! Block devices that hold an overlay: what an area of one contains, and marking it void.

pub mod area;
pub mod behind;
pub mod content;
pub mod kept;
pub mod named;

use crate::flash::Error;
use crate::sys::Disk;
use std::io::{self, Read};

/// Reads from an offset on; failures say where.
fn read(disk: &mut dyn Disk, offset: u64, buf: &mut [u8]) -> Result<(), Error> {
    disk.read(offset, buf).map_err(Error::io("read", offset))
}

/// The bytes of a disk from an offset to its end, in order.
struct Stream<'a> {
    disk: &'a mut dyn Disk,
    at: u64,
}

impl Read for Stream<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.disk.size().saturating_sub(self.at);
        let count = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        self.disk.read(self.at, &mut buf[..count])?;
        self.at += count as u64;
        Ok(count)
    }
}
