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

/// CRC-32 as in gzip.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Any image with metadata for [`BOARD`].
pub fn whole(image: &[u8]) -> Vec<u8> {
    with_metadata(image, &metadata(BOARD, "1.0"))
}

/// Filled up to a multiple of the erase block.
fn padded(mut image: Vec<u8>) -> Vec<u8> {
    image.resize(image.len().next_multiple_of(ERASE), 0xff);
    image
}

/// A TRX of a kernel and a root file system, whose checksum ends with the latter.
pub fn trx(root: usize) -> Vec<u8> {
    let mut image = vec![0; 28];
    image.extend((0..3000).map(|n| (n * 3 % 253) as u8));
    let mut image = padded(image);
    let at = image.len() as u32;
    image.extend(squashfs(root));
    image[..4].copy_from_slice(b"HDR0");
    image[16..20].copy_from_slice(&28_u32.to_le_bytes());
    image[20..24].copy_from_slice(&at.to_le_bytes());
    seal_trx(&mut image);
    let mut image = padded(image);
    image.extend([0xde, 0xad, 0xc0, 0xde]);
    image
}

/// Sets length and checksum of a TRX for all there is.
pub fn seal_trx(image: &mut [u8]) {
    let length = (image.len() as u32).to_le_bytes();
    image[4..8].copy_from_slice(&length);
    let sum = !crc32(&image[12..]);
    image[8..12].copy_from_slice(&sum.to_le_bytes());
}

/// A Seama with the header of a seal in front, and a root file system behind.
pub fn seama(root: usize) -> Vec<u8> {
    use md5::{Digest, Md5};
    let names = b"signature=x\0";
    let data: Vec<u8> = (0..3000).map(|n| (n * 5 % 251) as u8).collect();
    let header = |size: u32| {
        let mut header = super::container::SEAMA.to_vec();
        header.extend([0, 0, 0, names.len() as u8]);
        header.extend(size.to_be_bytes());
        header
    };
    let mut image = [&header(0)[..], names].concat();
    image.extend(header(3000));
    image.extend(Md5::digest(&data));
    image.extend(names);
    image.extend(&data);
    let mut image = padded(image);
    image.extend(squashfs(root));
    padded(image)
}

/// A FIT with a kernel of 2000 bytes in the tree, or behind it, and small data.
pub fn fit(external: bool) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let data: Vec<u8> = (0..2000).map(|n| (n * 11 % 251) as u8).collect();
    let mut sha1 = super::sha1::Sha1::new();
    sha1.update(b"small");
    let mut names: Vec<u8> = Vec::new();
    let mut tree: Vec<u8> = Vec::new();
    let begin = |tree: &mut Vec<u8>, name: &str| {
        tree.extend(1_u32.to_be_bytes());
        tree.extend(name.as_bytes());
        tree.push(0);
        tree.resize(tree.len().next_multiple_of(4), 0);
    };
    let mut property = |tree: &mut Vec<u8>, name: &str, value: &[u8]| {
        tree.extend(3_u32.to_be_bytes());
        tree.extend((value.len() as u32).to_be_bytes());
        tree.extend((names.len() as u32).to_be_bytes());
        tree.extend(value);
        tree.resize(tree.len().next_multiple_of(4), 0);
        names.extend(name.as_bytes());
        names.push(0);
    };
    let end = |tree: &mut Vec<u8>| tree.extend(2_u32.to_be_bytes());
    begin(&mut tree, "");
    property(&mut tree, "description", &[b'x'; 200]);
    begin(&mut tree, "images");
    begin(&mut tree, "kernel-1");
    property(&mut tree, "type", b"kernel\0");
    if external {
        property(&mut tree, "data-size", &2000_u32.to_be_bytes());
        property(&mut tree, "data-offset", &16_u32.to_be_bytes());
    } else {
        property(&mut tree, "data", &data);
    }
    begin(&mut tree, "hash-1");
    property(&mut tree, "value", &crc32(&data).to_be_bytes());
    property(&mut tree, "algo", b"crc32\0");
    end(&mut tree);
    begin(&mut tree, "hash-2");
    property(&mut tree, "value", &Sha256::digest(&data));
    property(&mut tree, "algo", b"sha256\0");
    end(&mut tree);
    end(&mut tree);
    begin(&mut tree, "fdt-1");
    property(&mut tree, "data", b"small");
    begin(&mut tree, "hash-1");
    property(&mut tree, "value", &sha1.finish());
    property(&mut tree, "algo", b"sha1\0");
    end(&mut tree);
    end(&mut tree);
    end(&mut tree);
    end(&mut tree);
    tree.extend(9_u32.to_be_bytes());
    let names_at = 56 + tree.len() as u32;
    let total = names_at + names.len() as u32;
    let words = [
        0xd00d_feed,
        total,
        56,
        names_at,
        40,
        17,
        16,
        0,
        names.len() as u32,
        tree.len() as u32,
    ];
    let mut image: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
    image.resize(56, 0);
    image.extend(tree);
    image.extend(names);
    if external {
        image.resize(image.len().next_multiple_of(4) + 16, 0);
        image.extend(&data);
    }
    image
}

/// A sysupgrade tar with these members of its folder.
pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    use crate::archive::{Header, Kind, Writer};
    let mut archive = Vec::new();
    let mut writer = Writer::new(&mut archive);
    let folder = Header::new(Kind::Directory, b"sysupgrade-safebox_lab");
    writer.entry(&folder).unwrap();
    for &(name, mut content) in members {
        let name = format!("sysupgrade-safebox_lab/{name}");
        let mut header = Header::new(Kind::File, name.as_bytes());
        header.size = content.len() as u64;
        writer.file(&header, &mut content).unwrap();
    }
    writer.finish().unwrap();
    archive
}

/// A disk of `length` bytes with these partitions: first sector and number of sectors.
pub fn mbr(partitions: &[(u32, u32)], length: usize) -> Vec<u8> {
    let mut image = vec![0; length];
    for (at, (start, count)) in partitions.iter().enumerate() {
        let entry = &mut image[446 + 16 * at..][..16];
        entry[4] = 0x83;
        entry[8..12].copy_from_slice(&start.to_le_bytes());
        entry[12..16].copy_from_slice(&count.to_le_bytes());
    }
    image[510..512].copy_from_slice(&[0x55, 0xaa]);
    image
}

/// The same with a GUID partition table of four entries.
pub fn gpt(partitions: &[(u32, u32)], length: usize) -> Vec<u8> {
    let mut image = mbr(&[(1, u32::MAX)], length);
    image[450] = 0xee;
    for (at, (start, count)) in partitions.iter().enumerate() {
        let entry = &mut image[1024 + 128 * at..][..128];
        entry[..32].fill(at as u8 + 1);
        entry[32..40].copy_from_slice(&u64::from(*start).to_le_bytes());
        entry[40..48].copy_from_slice(&u64::from(start + count - 1).to_le_bytes());
        for (to, from) in entry[56..].chunks_exact_mut(2).zip(*b"rootfs") {
            to[0] = from;
        }
    }
    let sum = crc32(&image[1024..1536]);
    let header = &mut image[512..604];
    header[..8].copy_from_slice(b"EFI PART");
    header[12] = 92;
    header[24] = 1;
    header[72] = 2;
    header[80] = 4;
    header[84] = 128;
    header[88..].copy_from_slice(&sum.to_le_bytes());
    let sum = crc32(header);
    header[16..20].copy_from_slice(&sum.to_le_bytes());
    image
}

/// UBI blocks of [`ERASE`] bytes.
pub fn ubi(blocks: usize) -> Vec<u8> {
    let mut image = Vec::new();
    for number in 0..blocks {
        let mut block = vec![0xff; ERASE];
        let header = |magic: &[u8; 4], words: &[(usize, u32)]| {
            let mut header = [0; 64];
            header[..4].copy_from_slice(magic);
            header[4] = 1;
            for (at, word) in words {
                header[*at..at + 4].copy_from_slice(&word.to_be_bytes());
            }
            let sum = !crc32(&header[..60]);
            header[60..].copy_from_slice(&sum.to_be_bytes());
            header
        };
        block[..64].copy_from_slice(&header(b"UBI#", &[(16, 512), (20, 1024)]));
        if number % 3 != 2 {
            block[512..576].copy_from_slice(&header(b"UBI!", &[(12, number as u32)]));
        }
        image.extend(block);
    }
    image
}

/// A UBIFS with blocks of 2048 bytes.
pub fn ubifs(blocks: usize) -> Vec<u8> {
    let mut image = vec![0; 4096.max(blocks * 2048)];
    image[..4].copy_from_slice(&[0x31, 0x18, 0x10, 0x06]);
    image[16..20].copy_from_slice(&4096_u32.to_le_bytes());
    image[20] = 6;
    image[36..40].copy_from_slice(&2048_u32.to_le_bytes());
    image[40..44].copy_from_slice(&(blocks as u32).to_le_bytes());
    let sum = !crc32(&image[8..4096]);
    image[4..8].copy_from_slice(&sum.to_le_bytes());
    image
}

/// An EROFS of so many blocks of 4096 bytes.
pub fn erofs(blocks: usize) -> Vec<u8> {
    let mut image = vec![0; blocks * 4096];
    image[1024..1028].copy_from_slice(&0xe0f5_e1e2_u32.to_le_bytes());
    image[1036] = 12;
    image[1060..1064].copy_from_slice(&(blocks as u32).to_le_bytes());
    image
}

/// Packed with gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut gzip = crate::archive::gzip::Gzip::new(Vec::new(), 6);
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}
