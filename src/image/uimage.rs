//! uImage: the header that U-Boot checks before it starts a kernel.
//!
//! 64 bytes, big-endian, with two CRC32: one of the header itself (its own field counted as
//! zero), one of the data. A boot loader refuses what fails either, so we do too.

/// Bytes of the header.
pub const HEADER: usize = 64;
/// The first four bytes.
pub const MAGIC: [u8; 4] = [0x27, 0x05, 0x19, 0x56];

/// A header whose own CRC is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes of data behind the header.
    pub size: u32,
    /// CRC32 of the data.
    pub data_crc: u32,
    /// Time of creation, seconds since 1970.
    pub time: u32,
    /// Where the data is loaded to.
    pub load: u32,
    /// Where it is entered.
    pub entry: u32,
    /// Operating system, processor, kind of image, compression, as numbered in U-Boot's
    /// `image.h`.
    pub codes: [u8; 4],
    /// Name, at most 32 bytes.
    pub name: Vec<u8>,
}

impl Header {
    /// Reads a header; None if its CRC is wrong.
    pub fn parse(bytes: &[u8; HEADER]) -> Option<Header> {
        let word = |at: usize| {
            let word = bytes.get(at..at + 4)?;
            Some(u32::from_be_bytes(word.try_into().ok()?))
        };
        if bytes[..4] != MAGIC || word(4)? != header_crc(bytes) {
            return None;
        }
        let name = bytes[32..].split(|&b| b == 0).next().unwrap_or_default();
        Some(Header {
            size: word(12)?,
            data_crc: word(24)?,
            time: word(8)?,
            load: word(16)?,
            entry: word(20)?,
            codes: [bytes[28], bytes[29], bytes[30], bytes[31]],
            name: name.to_vec(),
        })
    }

    /// The header as bytes, with its CRC.
    pub fn build(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let words = [
            0,
            self.time,
            self.size,
            self.load,
            self.entry,
            self.data_crc,
        ];
        bytes[..4].copy_from_slice(&MAGIC);
        for (to, word) in bytes[4..28].chunks_exact_mut(4).zip(words) {
            to.copy_from_slice(&word.to_be_bytes());
        }
        bytes[28..32].copy_from_slice(&self.codes);
        for (to, from) in bytes[32..].iter_mut().zip(&self.name) {
            *to = *from;
        }
        let crc = header_crc(&bytes);
        bytes[4..8].copy_from_slice(&crc.to_be_bytes());
        bytes
    }
}

fn header_crc(bytes: &[u8; HEADER]) -> u32 {
    let mut bytes = *bytes;
    bytes[4..8].fill(0);
    let mut crc = flate2::Crc::new();
    crc.update(&bytes);
    crc.sum()
}

#[test]
fn a_header_survives_and_a_changed_bit_does_not() {
    let header = Header {
        size: 1000,
        data_crc: 0x1234_5678,
        time: 1_700_000_000,
        load: 0x8006_0000,
        entry: 0x8006_0000,
        codes: [5, 5, 2, 3],
        name: b"Linux-6.6".to_vec(),
    };
    let bytes = header.build();
    assert_eq!(Header::parse(&bytes), Some(header));
    for at in 0..HEADER {
        let mut bytes = bytes;
        bytes[at] ^= 0x10;
        assert_eq!(Header::parse(&bytes), None, "{at}");
    }
}
