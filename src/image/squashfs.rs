//! The superblock of a squashfs: where the root file system ends.
//!
//! Four letters are found by chance in any kernel, so everything that must be in a certain
//! range is looked at before the length is believed.

/// Bytes of the superblock that are looked at.
pub const SUPERBLOCK: usize = 96;

/// The file system that a superblock describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Squashfs {
    /// Bytes of the file system, superblock included.
    pub length: u64,
    /// Bytes of a data block.
    pub block_size: u32,
    /// Compression by its number: 1 gzip, 2 lzma, 3 lzo, 4 xz, 5 lz4, 6 zstd.
    pub compression: u16,
}

impl Squashfs {
    /// Reads a superblock (version 4, little-endian).
    pub fn parse(bytes: &[u8; SUPERBLOCK]) -> Option<Squashfs> {
        let half = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let long = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let found = Squashfs {
            length: long(40)?,
            block_size: word(12)?,
            compression: half(20)?,
        };
        let log = u32::from(half(22)?);
        let plausible = bytes.starts_with(b"hsqs")
            && (half(28)?, half(30)?) == (4, 0)
            && (12..=20).contains(&log)
            && found.block_size == 1 << log
            && (1..=6).contains(&found.compression)
            && found.length >= SUPERBLOCK as u64
            // The inode table lies inside.
            && long(64)? < found.length;
        plausible.then_some(found)
    }

    /// The name of the compression.
    pub fn compression_name(self) -> &'static str {
        match self.compression {
            1 => "gzip",
            2 => "lzma",
            3 => "lzo",
            4 => "xz",
            5 => "lz4",
            _ => "zstd",
        }
    }
}

#[test]
fn four_letters_alone_are_no_file_system() {
    let mut bytes = [0; SUPERBLOCK];
    bytes[..4].copy_from_slice(b"hsqs");
    assert_eq!(Squashfs::parse(&bytes), None);
}
