//! SHA-1 (FIPS 180-4), which image trees carry. It tells damage, not forgery.

/// A digest in the making.
pub struct Sha1 {
    state: [u32; 5],
    block: [u8; 64],
    /// Bytes so far.
    length: u64,
}

impl Default for Sha1 {
    fn default() -> Sha1 {
        Sha1::new()
    }
}

impl Sha1 {
    /// Of nothing.
    pub fn new() -> Sha1 {
        Sha1 {
            state: [
                0x6745_2301,
                0xefcd_ab89,
                0x98ba_dcfe,
                0x1032_5476,
                0xc3d2_e1f0,
            ],
            block: [0; 64],
            length: 0,
        }
    }

    /// The next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let at = (self.length % 64) as usize;
            let count = bytes.len().min(64 - at);
            let (now, later) = bytes.split_at(count);
            self.block[at..at + count].copy_from_slice(now);
            self.length += count as u64;
            if at + count == 64 {
                self.mix();
            }
            bytes = later;
        }
    }

    /// The digest.
    pub fn finish(mut self) -> [u8; 20] {
        let bits = self.length.wrapping_mul(8);
        let filler = 64 - (self.length + 8) % 64;
        let mut end = [0; 72];
        end[0] = 0x80;
        end[filler as usize..][..8].copy_from_slice(&bits.to_be_bytes());
        self.update(&end[..filler as usize + 8]);
        let mut digest = [0; 20];
        for (to, word) in digest.chunks_exact_mut(4).zip(self.state) {
            to.copy_from_slice(&word.to_be_bytes());
        }
        digest
    }

    fn mix(&mut self) {
        let mut words = [0; 80];
        for (word, bytes) in words.iter_mut().zip(self.block.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        for at in 16..80 {
            let word: u32 = words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16];
            words[at] = word.rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = self.state;
        for (at, word) in words.iter().enumerate() {
            let (f, k) = match at / 20 {
                0 => (b & c | !b & d, 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => (b & c | b & d | c & d, 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e);
            let next = next.wrapping_add(k).wrapping_add(*word);
            (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
        }
        for (state, add) in self.state.iter_mut().zip([a, b, c, d, e]) {
            *state = state.wrapping_add(add);
        }
    }
}

#[test]
fn the_vectors_of_the_standard_hold_however_they_are_cut() {
    let check = |message: &[u8], expected: &str| {
        for cut in [1, 7, 64, 1000] {
            let mut hash = Sha1::new();
            message.chunks(cut).for_each(|piece| hash.update(piece));
            let hex: String = hash.finish().iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(hex, expected);
        }
    };
    check(b"", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    check(b"abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
    let long = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    check(long, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}
