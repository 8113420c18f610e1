//! Images as the builder makes them, small, for tests.

use super::fwtool::{self, Kind};
use super::uimage;

/// The erase block of the flash that the samples are for.
pub const ERASE: usize = 4096;
/// The board that they are for.
pub const BOARD: &str = "safebox,lab";

/// A superblock and `length` bytes in all.
pub fn squashfs(length: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..length).map(|n| (n * 7 % 251) as u8).collect();
    bytes[..96].fill(0);
    bytes[..4].copy_from_slice(b"hsqs");
    bytes[12..16].copy_from_slice(&(1_u32 << 17).to_le_bytes());
    bytes[20..22].copy_from_slice(&4_u16.to_le_bytes());
    bytes[22..24].copy_from_slice(&17_u16.to_le_bytes());
    bytes[28..30].copy_from_slice(&4_u16.to_le_bytes());
    bytes[40..48].copy_from_slice(&(length as u64).to_le_bytes());
    bytes[64..72].copy_from_slice(&96_u64.to_le_bytes());
    bytes
}

/// A header and `length` bytes of kernel.
pub fn kernel(length: usize) -> Vec<u8> {
    let data: Vec<u8> = (0..length).map(|n| (n * 3 % 253) as u8).collect();
    let mut crc = flate2::Crc::new();
    crc.update(&data);
    let header = uimage::Header {
        size: length as u32,
        data_crc: crc.sum(),
        time: 0,
        load: 0x8006_0000,
        entry: 0x8006_0000,
        codes: [5, 5, 2, 0],
        name: b"sample".to_vec(),
    };
    [&header.build()[..], &data].concat()
}

/// `image` with metadata at its end.
pub fn with_metadata(image: &[u8], json: &str) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(image);
    let chunk = fwtool::build(Kind::Info, json.as_bytes(), crc).unwrap();
    [image, &chunk].concat()
}

/// Kernel, root file system of `root` bytes, padding and marker; no metadata.
pub fn bare(root: usize) -> Vec<u8> {
    let mut image = kernel(3000);
    image.resize(ERASE, 0xff);
    image.extend(squashfs(root));
    image.resize(image.len().next_multiple_of(ERASE), 0xff);
    image.extend([0xde, 0xad, 0xc0, 0xde]);
    image
}

/// Metadata for this board and compat_version.
pub fn metadata(board: &str, compat: &str) -> String {
    format!(
        r#"{{"metadata_version":"1.1","compat_version":"{compat}","supported_devices":["{board}"],"new_supported_devices":["{board}"],"version":{{"dist":"safebox","version":"1","revision":"r1"}}}}"#
    )
}

/// A whole image for [`BOARD`].
pub fn image(root: usize) -> Vec<u8> {
    with_metadata(&bare(root), &metadata(BOARD, "1.0"))
}
