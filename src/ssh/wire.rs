//! The data types of RFC 4251, section 5: numbers are big-endian, strings carry their length.

/// Takes values off the front of some bytes; None where too few are left.
#[derive(Clone, Copy)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A `byte`.
    pub fn byte(&mut self) -> Option<u8> {
        self.bytes(1)?.first().copied()
    }

    /// A `uint32`.
    pub fn u32(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    /// A `uint64`.
    pub fn u64(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*number))
    }

    /// A `string`: its length, then its bytes.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.bytes(usize::try_from(length).ok()?)
    }
}

/// Appends a `uint32`.
pub fn put_u32(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_be_bytes());
}

/// Appends a `uint64`.
pub fn put_u64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_be_bytes());
}

/// Appends a `string`.
pub fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u32(out, bytes.len() as u32);
    out.extend_from_slice(bytes);
}

#[test]
fn what_is_too_short_gives_nothing() {
    let mut out = Vec::new();
    put_string(&mut out, b"ab");
    put_u64(&mut out, 7);
    put_u32(&mut out, 9);
    for cut in 0..out.len() {
        let mut reader = Reader(&out[..cut]);
        let all = reader.string().is_some() && reader.u64() == Some(7) && reader.u32() == Some(9);
        assert!(!all, "{cut}");
    }
    let mut reader = Reader(&out);
    assert_eq!(reader.string(), Some(&b"ab"[..]));
    assert_eq!(reader.u64(), Some(7));
    assert_eq!(reader.u32(), Some(9));
    assert_eq!(reader.byte(), None);
    assert_eq!(Reader(b"\xff\xff\xff\xffab").string(), None);
}
