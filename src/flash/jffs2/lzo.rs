//! LZO1X as kernels pack with it (`Documentation/staging/lzo.rst` describes the stream).
//!
//! An instruction copies a block from what came before and then up to three literals; how
//! many literals the last one ended with decides what small numbers mean.

use super::unpack::repeat_from;

/// Unpacks to exactly the length of `out`.
pub fn unpack(packed: &[u8], out: &mut [u8]) -> Option<()> {
    let mut stream = Stream {
        packed,
        out,
        done: 0,
    };
    let mut literals = 0;
    if let Some(count @ 1..) = packed.first()?.checked_sub(17) {
        stream.byte()?;
        literals = usize::from(count);
        stream.literals(literals)?;
    }
    loop {
        let code = usize::from(stream.byte()?);
        let (length, distance, tail) = match code {
            0..16 if literals == 0 => {
                literals = stream.long(code, 15)? + 3;
                stream.literals(literals)?;
                continue;
            }
            0..16 => {
                let high = usize::from(stream.byte()?) << 2 | code >> 2;
                let (length, nearest) = if literals < 4 { (2, 1) } else { (3, 2049) };
                (length, high + nearest, code)
            }
            16..32 => {
                let length = stream.long(code & 7, 7)? + 2;
                let word = stream.word()?;
                let distance = (code & 8) << 11 | word >> 2;
                if distance == 0 {
                    // The end of the stream.
                    return (stream.done == stream.out.len()).then_some(());
                }
                (length, distance + 16384, word)
            }
            32..64 => {
                let length = stream.long(code & 31, 31)? + 2;
                let word = stream.word()?;
                (length, (word >> 2) + 1, word)
            }
            _ => {
                let length = if code < 128 {
                    3 + (code >> 5 & 1)
                } else {
                    5 + (code >> 5 & 3)
                };
                let high = usize::from(stream.byte()?) << 3 | code >> 2 & 7;
                (length, high + 1, code)
            }
        };
        let from = stream.done.checked_sub(distance)?;
        stream.done = repeat_from(stream.out, stream.done, from, length)?;
        literals = tail & 3;
        stream.literals(literals)?;
    }
}

struct Stream<'a> {
    packed: &'a [u8],
    out: &'a mut [u8],
    done: usize,
}

impl Stream<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.packed.split_first()?;
        self.packed = rest;
        Some(first)
    }

    fn word(&mut self) -> Option<usize> {
        Some(usize::from(self.byte()?) | usize::from(self.byte()?) << 8)
    }

    /// A length: what the instruction holds, or `most` and what follows where that is 0.
    fn long(&mut self, short: usize, most: usize) -> Option<usize> {
        if short != 0 {
            return Some(short);
        }
        let mut length = most;
        loop {
            match self.byte()? {
                0 => length += 255,
                last => return Some(length + usize::from(last)),
            }
        }
    }

    fn literals(&mut self, count: usize) -> Option<()> {
        let bytes = self.packed.get(..count)?;
        self.out
            .get_mut(self.done..self.done + count)?
            .copy_from_slice(bytes);
        self.packed = &self.packed[count..];
        self.done += count;
        Some(())
    }
}
