//! Base64 (RFC 4648, section 4), as keys and signatures are written.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The letters for some bytes, without line ends.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut value = [0; 4];
        value[1..=group.len()].copy_from_slice(group);
        let value = u32::from_be_bytes(value);
        for at in 0..4 {
            let letter = LETTERS[(value >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= group.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

/// The bytes behind the letters; None where anything else stands among them, or where the
/// filler at the end is not what it must be.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for (at, group) in text.chunks_exact(4).enumerate() {
        let filler = group.iter().rev().take_while(|&&b| b == b'=').count();
        // Filler stands at the very end alone.
        if filler > 2 || (filler > 0 && (at + 1) * 4 != text.len()) {
            return None;
        }
        let mut value = 0_u32;
        for &letter in &group[..4 - filler] {
            let digit = LETTERS.iter().position(|&l| l == letter)?;
            value = value << 6 | digit as u32;
        }
        value <<= 6 * filler + 8;
        bytes.extend_from_slice(&value.to_be_bytes()[..3 - filler]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_survives() {
        let bytes: Vec<u8> = (0..=255).rev().collect();
        for length in 0..bytes.len() {
            let text = encode(&bytes[..length]);
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(&bytes[..length]));
        }
        assert_eq!(encode(b"\xff\xfe\xfd"), "//79");
        assert_eq!(encode(b"\xff"), "/w==");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "a", "ab=", "ab=c", "ab==cdef", "a===", "====", "ab c", "abcd\n",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
        assert_eq!(decode(b""), Some(Vec::new()));
    }
}
