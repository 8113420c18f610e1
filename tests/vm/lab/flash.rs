//! The flash chip as a file, seen from outside the router.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes of an erase block.
pub const BLOCK: u64 = 64 * 1024;
/// The whole chip.
pub const ALL: Range<u64> = 0..256 * BLOCK;
/// What sysupgrade writes.
pub const FIRMWARE: Range<u64> = 0..255 * BLOCK;
/// The kernel stand-in, with its header.
pub const KERNEL: Range<u64> = 0..32 * BLOCK;
/// Calibration data: no tool may ever change a byte of it.
pub const ART: Range<u64> = 255 * BLOCK..256 * BLOCK;

/// The file that plays the chip.
pub struct Chip(PathBuf);

impl Chip {
    /// A chip with the contents of `from`, kept at `path`.
    pub fn copy(from: &Path, path: PathBuf) -> Chip {
        std::fs::copy(from, &path).unwrap();
        Chip(path)
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where `rootfs_data` begins: the first block after the squashfs, whose length is at 40.
    pub fn data_start(&self) -> u64 {
        let length = self.read(KERNEL.end + 40..KERNEL.end + 44);
        let length = u32::from_le_bytes(length.try_into().unwrap());
        KERNEL.end + u64::from(length).next_multiple_of(BLOCK)
    }

    /// Bytes of `rootfs_data`.
    pub fn data_size(&self) -> usize {
        usize::try_from(FIRMWARE.end - self.data_start()).unwrap()
    }

    /// The bytes of a range; right also while the router runs, as far as it has written.
    pub fn read(&self, range: Range<u64>) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap()];
        let file = File::open(&self.0).unwrap();
        file.read_exact_at(&mut bytes, range.start).unwrap();
        bytes
    }

    /// Overwrites bytes at an offset, as nothing on the router could.
    pub fn damage(&self, offset: u64, bytes: &[u8]) {
        let file = File::options().write(true).open(&self.0).unwrap();
        file.write_all_at(bytes, offset).unwrap();
    }
}
