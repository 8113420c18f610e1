//! The compressions of jffs2 (`linux/jffs2.h`): what a node holds becomes what it stands for.

use super::{lzma, lzo};
use flate2::{Decompress, FlushDecompress};

/// JFFS2_COMPR_ZERO: a hole.
pub const ZERO: u8 = 1;

/// Unpacks `packed` to exactly the length of `out`.
///
/// # Errors
/// What is wrong, to go behind the offset of the node.
pub fn unpack(way: u8, packed: &[u8], out: &mut [u8]) -> Result<(), &'static str> {
    let done = match way {
        0 | 4 if packed.len() == out.len() => {
            out.copy_from_slice(packed);
            Some(())
        }
        0 | 4 => None,
        2 => rtime(packed, out),
        6 => zlib(packed, out),
        7 => lzo::unpack(packed, out),
        8 => lzma::unpack(packed, out),
        _ => return Err("data packed in a way that is not known"),
    };
    done.ok_or("data that do not unpack")
}

/// Each byte is followed by how many more to copy from behind its last occurrence.
fn rtime(packed: &[u8], out: &mut [u8]) -> Option<()> {
    let mut behind = [0_usize; 256];
    let mut pairs = packed.chunks_exact(2);
    let mut done = 0;
    while done < out.len() {
        let &[byte, repeat] = pairs.next()? else {
            return None;
        };
        *out.get_mut(done)? = byte;
        done += 1;
        let from = std::mem::replace(&mut behind[usize::from(byte)], done);
        done = repeat_from(out, done, from, repeat.into())?;
    }
    Some(())
}

/// Appends `count` bytes that begin at `from`, byte by byte, since the two may overlap; the new
/// end.
pub fn repeat_from(out: &mut [u8], done: usize, from: usize, count: usize) -> Option<usize> {
    let end = done.checked_add(count).filter(|&end| end <= out.len())?;
    for step in 0..count {
        let byte = *out.get(from + step)?;
        *out.get_mut(done + step)? = byte;
    }
    Some(end)
}

fn zlib(packed: &[u8], out: &mut [u8]) -> Option<()> {
    let mut inflate = Decompress::new(true);
    // A complaint about what comes after the last byte wanted is no failure: the node has a
    // checksum of its own.
    let _ = inflate.decompress(packed, out, FlushDecompress::Finish);
    (inflate.total_out() == out.len() as u64).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rtime_repeats_what_followed_the_same_byte() {
        let check = |packed: &[u8], expected: Option<&[u8]>| {
            let mut out = vec![0; expected.map_or(4, <[u8]>::len)];
            let done = unpack(2, packed, &mut out);
            assert_eq!(done.ok().map(|()| &out[..]), expected);
        };
        check(&[b'a', 0, b'b', 0, b'a', 0], Some(b"aba"));
        check(&[b'a', 0, b'b', 0, b'c', 0, b'a', 2], Some(b"abcabc"));
        // Of its own tail.
        check(&[b'x', 0, b'x', 5], Some(b"xxxxxxx"));
        check(&[b'x', 4], None);
        check(&[b'x', 0], None);
    }

    #[test]
    fn what_is_not_known_is_told_from_what_is_broken() {
        assert!(
            unpack(5, &[0; 9], &mut [0; 9])
                .unwrap_err()
                .contains("not known")
        );
        for way in [0, 2, 6, 7, 8] {
            let broken = unpack(way, &[0x55; 9], &mut [0; 300]);
            assert_eq!(broken, Err("data that do not unpack"), "{way}");
        }
    }
}
