//! LZMA as OpenWrt's jffs2 has it: a bare stream without header, lc = lp = pb = 0.
//!
//! A binary range decoder with adaptive probabilities chooses between literals, matches and
//! repetitions of one of the last four distances. What is unpacked so far is the dictionary.

use super::unpack::repeat_from;

/// One half, of [`ONE`].
const HALF: u16 = 1024;
const ONE_BITS: u32 = 11;

/// Unpacks to exactly the length of `out`; what follows is not looked at.
pub fn unpack(packed: &[u8], out: &mut [u8]) -> Option<()> {
    let (head, rest) = packed.split_first_chunk::<5>()?;
    let [_, code @ ..] = *head;
    let mut stream = Stream {
        packed: rest,
        range: u32::MAX,
        code: u32::from_be_bytes(code),
    };
    // Some 4 kB: not on the stack of a small machine.
    let mut model = Box::new(Model::new());
    let mut done = 0;
    let mut state = 0_usize;
    // Distances less one, the last first.
    let mut last = [0_usize; 4];
    while done < out.len() {
        if !stream.bit(&mut model.is_match[state])? {
            let beside = match state {
                7.. => Some(*out.get(done.checked_sub(last[0] + 1)?)?),
                _ => None,
            };
            *out.get_mut(done)? = stream.literal(&mut model.literal, beside)?;
            done += 1;
            state = match state {
                0..4 => 0,
                4..10 => state - 3,
                _ => state - 6,
            };
            continue;
        }
        let long_ago = usize::from(state < 7);
        let length = if !stream.bit(&mut model.is_repeated[state])? {
            let length = stream.length(&mut model.match_length)?;
            last.rotate_right(1);
            last[0] = stream.distance(&mut model, length)?;
            state = 10 - 3 * long_ago;
            length + 2
        } else if stream.which(&mut model, state, &mut last)? {
            state = 11 - 3 * long_ago;
            stream.length(&mut model.repeat_length)? + 2
        } else {
            state = 11 - 2 * long_ago;
            1
        };
        let from = done.checked_sub(last[0].checked_add(1)?)?;
        // The last match may be longer than what was packed.
        done = repeat_from(out, done, from, length.min(out.len() - done))?;
    }
    Some(())
}

/// The probabilities that a bit is 0, in 2048ths, for each place where one is decided.
struct Model {
    is_match: [u16; 12],
    is_repeated: [u16; 12],
    /// Not the last distance; not the one before; not the third.
    is_older: [[u16; 12]; 3],
    is_long: [u16; 12],
    literal: [u16; 0x300],
    match_length: Length,
    repeat_length: Length,
    slot: [[u16; 64]; 4],
    special: [u16; 115],
    align: [u16; 16],
}

struct Length {
    choice: [u16; 2],
    short: [[u16; 8]; 2],
    long: [u16; 256],
}

impl Model {
    fn new() -> Model {
        let length = || Length {
            choice: [HALF; 2],
            short: [[HALF; 8]; 2],
            long: [HALF; 256],
        };
        Model {
            is_match: [HALF; 12],
            is_repeated: [HALF; 12],
            is_older: [[HALF; 12]; 3],
            is_long: [HALF; 12],
            literal: [HALF; 0x300],
            match_length: length(),
            repeat_length: length(),
            slot: [[HALF; 64]; 4],
            special: [HALF; 115],
            align: [HALF; 16],
        }
    }
}

struct Stream<'a> {
    packed: &'a [u8],
    range: u32,
    code: u32,
}

impl Stream<'_> {
    fn normalise(&mut self) -> Option<()> {
        if self.range < 1 << 24 {
            let (&next, rest) = self.packed.split_first()?;
            self.packed = rest;
            self.range <<= 8;
            self.code = self.code << 8 | u32::from(next);
        }
        Some(())
    }

    fn bit(&mut self, probability: &mut u16) -> Option<bool> {
        self.normalise()?;
        let bound = (self.range >> ONE_BITS) * u32::from(*probability);
        let bit = self.code >= bound;
        if bit {
            self.range -= bound;
            self.code -= bound;
            *probability -= *probability >> 5;
        } else {
            self.range = bound;
            *probability += ((1 << ONE_BITS) - *probability) >> 5;
        }
        Some(bit)
    }

    /// A number of so many bits, the highest first.
    fn tree(&mut self, model: &mut [u16], bits: u32) -> Option<usize> {
        let mut path = 1;
        for _ in 0..bits {
            path = path << 1 | usize::from(self.bit(model.get_mut(path)?)?);
        }
        Some(path - (1 << bits))
    }

    /// A number of so many bits, the lowest first.
    fn reverse_tree(&mut self, model: &mut [u16], bits: usize) -> Option<usize> {
        let (mut path, mut number) = (1, 0);
        for place in 0..bits {
            let bit = usize::from(self.bit(model.get_mut(path)?)?);
            path = path << 1 | bit;
            number |= bit << place;
        }
        Some(number)
    }

    /// A byte; after a match the byte beside it predicts its bits until one differs.
    fn literal(&mut self, model: &mut [u16; 0x300], beside: Option<u8>) -> Option<u8> {
        let mut path = 1;
        let mut beside = beside.map(usize::from);
        while path < 0x100 {
            let expected = beside.map(|byte| byte >> 7 & 1);
            let table = expected.map_or(0, |bit| (bit + 1) << 8);
            let bit = usize::from(self.bit(model.get_mut(table + path)?)?);
            path = path << 1 | bit;
            beside = beside
                .map(|byte| byte << 1)
                .filter(|_| expected == Some(bit));
        }
        u8::try_from(path & 0xff).ok()
    }

    /// A length less two.
    fn length(&mut self, model: &mut Length) -> Option<usize> {
        for (row, short) in model.short.iter_mut().enumerate() {
            if !self.bit(&mut model.choice[row])? {
                return Some(self.tree(short, 3)? + 8 * row);
            }
        }
        Some(self.tree(&mut model.long, 8)? + 16)
    }

    /// A distance less one; `length` is that of the match, less two.
    fn distance(&mut self, model: &mut Model, length: usize) -> Option<usize> {
        let slot = self.tree(&mut model.slot[length.min(3)], 6)?;
        if slot < 4 {
            return Some(slot);
        }
        let bits = (slot >> 1) - 1;
        let high = (2 | slot & 1) << bits;
        if slot < 14 {
            let model = model.special.get_mut(high - slot..)?;
            return Some(high + self.reverse_tree(model, bits)?);
        }
        let mut middle = 0;
        for _ in 4..bits {
            self.normalise()?;
            self.range >>= 1;
            let bit = self.code >= self.range;
            if bit {
                self.code -= self.range;
            }
            middle = middle << 1 | usize::from(bit);
        }
        let low = self.reverse_tree(&mut model.align, 4)?;
        high.checked_add(middle << 4)?.checked_add(low)
    }

    /// Takes one of the last distances to the front; whether more than one byte is repeated.
    fn which(&mut self, model: &mut Model, state: usize, last: &mut [usize; 4]) -> Option<bool> {
        let mut age = 0;
        for older in &mut model.is_older {
            if !self.bit(&mut older[state])? {
                break;
            }
            age += 1;
        }
        last[..=age].rotate_right(1);
        Some(age > 0 || self.bit(&mut model.is_long[state])?)
    }
}
