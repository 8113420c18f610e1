//! TRX headers: magic, length, checksum of all behind these, little-endian.

use super::repair::{self, Repair};
use super::{Error, blocks, erase};
use crate::sys::Flash;
use flate2::Crc;
use std::io::{self, Read};

/// TRX fields end here, as far as the checksum leaves them out: magic, length, checksum.
pub const TRX_HEAD: usize = 12;
/// `HDR0`, as the number that a little-endian processor reads.
pub const TRX_MAGIC: u32 = 0x3052_4448;

/// The beginning of an image with settings in it, from byte `end` on: if it is a TRX whose checksum
/// covers that place, a header for what is before it.
///
/// # Errors
/// The image cannot be read.
pub fn head_before(
    image: &mut dyn Read,
    end: u64,
    magic: u32,
) -> io::Result<Option<[u8; TRX_HEAD]>> {
    let mut head = [0; TRX_HEAD];
    let is_short = |error: &io::Error| error.kind() == io::ErrorKind::UnexpectedEof;
    match image.read_exact(&mut head) {
        Err(error) if is_short(&error) => return Ok(None),
        other => other?,
    }
    let covered = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    let Ok(length) = u32::try_from(end) else {
        return Ok(None);
    };
    if head[..4] != magic.to_le_bytes() || covered <= length {
        return Ok(None);
    }
    let mut crc = Crc::new();
    let mut part = [0; 4096];
    let mut rest = image.take(end.saturating_sub(TRX_HEAD as u64));
    loop {
        match rest.read(&mut part) {
            Ok(0) => break,
            Ok(count) => crc.update(&part[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    head[4..8].copy_from_slice(&length.to_le_bytes());
    head[8..].copy_from_slice(&(!crc.sum()).to_le_bytes());
    Ok(Some(head))
}

/// Sets length and checksum of the TRX header at `offset` for `length` bytes of data behind the
/// checksum; None: the rest of the header's erase block. All numbers in it are little-endian.
///
/// # Errors
/// [`Error::NoHeader`] where there is no such magic; [`Error::TooBig`] where the data would
/// reach beyond the partition; those of the flash.
pub fn fix_trx(
    flash: &mut dyn Flash,
    offset: u64,
    length: Option<u64>,
    magic: u32,
) -> Result<Repair, Error> {
    let geometry = flash.geometry();
    let block_size = geometry.erase_size as usize;
    let place = (offset % u64::from(geometry.erase_size)) as usize;
    let start = offset - place as u64;
    let no_header = || Error::NoHeader { offset };
    let room = geometry.size.saturating_sub(offset + TRX_HEAD as u64);
    let rest = block_size.saturating_sub(place + TRX_HEAD);
    let length = length.unwrap_or(rest as u64);
    if length == 0 || length > room {
        return Err(Error::TooBig {
            length: Some(length),
            room,
        });
    }
    let mut block = vec![0; block_size];
    flash
        .read(start, &mut block)
        .map_err(Error::io("read", start))?;
    let head = block.get(place..place + TRX_HEAD).ok_or_else(no_header)?;
    if head[..4] != magic.to_le_bytes() {
        return Err(no_header());
    }
    let sum = trx_checksum(flash, offset + TRX_HEAD as u64, length)?;
    let total = u32::try_from(length + TRX_HEAD as u64).map_err(|_| no_header())?;
    let right = [magic.to_le_bytes(), total.to_le_bytes(), sum.to_le_bytes()].concat();
    if head == right {
        return Ok(Repair::Needless);
    }
    block[place..place + TRX_HEAD].copy_from_slice(&right);
    blocks::unlock(flash);
    erase::one(flash, start)?;
    flash
        .write(start, &block)
        .map_err(Error::io("write", start))?;
    repair::check(flash, start, &block)?;
    Ok(Repair::Done)
}

/// CRC-32 with the usual seed and no inversion at its end.
fn trx_checksum(flash: &mut dyn Flash, start: u64, length: u64) -> Result<u32, Error> {
    let mut crc = Crc::new();
    let mut buf = [0; 4096];
    let mut at = start;
    while at < start + length {
        let count = (start + length - at).min(buf.len() as u64) as usize;
        let part = &mut buf[..count];
        flash.read(at, part).map_err(Error::io("read", at))?;
        crc.update(part);
        at += count as u64;
    }
    Ok(!crc.sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::flash::FakeFlash;

    #[test]
    fn a_trx_header_gets_the_length_and_checksum_of_what_follows() {
        let mut flash = FakeFlash::nor(3 * 4096, 4096);
        flash.fill(0, b"HDR0");
        flash.fill(12, b"123456789");
        let magic = TRX_MAGIC;
        let done = fix_trx(&mut flash, 0, Some(9), magic).unwrap();
        assert_eq!(done, Repair::Done);
        // The check value of the polynomial, not inverted.
        let expected = [
            &b"HDR0"[..],
            &21_u32.to_le_bytes(),
            &(!0xcbf4_3926_u32).to_le_bytes(),
        ];
        assert_eq!(flash.bytes()[..12], expected.concat());
        assert_eq!(flash.bytes()[12..21], *b"123456789");
        flash.forget_journal();
        let again = fix_trx(&mut flash, 0, Some(9), magic).unwrap();
        assert_eq!((again, flash.journal().len()), (Repair::Needless, 0));
        // To the end of the block, or as far as the data go.
        fix_trx(&mut flash, 0, None, magic).unwrap();
        assert_eq!(flash.bytes()[4..8], 4096_u32.to_le_bytes());
        fix_trx(&mut flash, 0, Some(10_000), magic).unwrap();
        assert_eq!(flash.bytes()[4..8], 10_012_u32.to_le_bytes());
    }

    #[test]
    fn what_has_no_trx_header_is_left_alone() {
        let mut flash = FakeFlash::nor(2 * 4096, 4096);
        flash.fill(4096, b"HDR0");
        let check = |flash: &mut FakeFlash, offset, length, expected: &str| {
            let error = fix_trx(flash, offset, length, TRX_MAGIC).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check(&mut flash, 0, None, "there is no such header at 0x0");
        check(
            &mut flash,
            4096 + 4090,
            Some(1),
            "Insufficient space: 1 bytes do not fit into 0",
        );
        let far = "Insufficient space: 5000 bytes do not fit into 4084";
        check(&mut flash, 4096, Some(5000), far);
        assert!(flash.journal().is_empty());
    }

    #[test]
    fn a_trx_that_covers_the_settings_is_cut_before_them() {
        let mut image = [&b"HDR0"[..], &100_u32.to_le_bytes(), &[0; 4], b"123456789"].concat();
        image.resize(100, 0x55);
        let head = head_before(&mut &image[..], 21, TRX_MAGIC)
            .unwrap()
            .unwrap();
        let expected = [
            &b"HDR0"[..],
            &21_u32.to_le_bytes(),
            &(!0xcbf4_3926_u32).to_le_bytes(),
        ];
        assert_eq!(head[..], expected.concat());
        // One that ends before them stays as it is, and so does what is none.
        let none = |image: &[u8], end| head_before(&mut &image[..], end, TRX_MAGIC).unwrap();
        assert_eq!(none(&image, 100), None);
        assert_eq!(none(&image[..7], 5), None);
        image[0] = b'h';
        assert_eq!(none(&image, 21), None);
    }
}
