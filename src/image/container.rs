//! Which of the many formats a firmware file has, by its first bytes.
//!
//! Only one of them can be flashed here so far. The others are known so that the refusal
//! can say what the file is and what it is for, instead of "invalid".

use std::fmt;

/// How many bytes [`Container::recognise`] wants to see.
pub const GLANCE: usize = 2048;

/// How a Seama header begins.
pub const SEAMA: &[u8; 4] = &[0x5e, 0xa3, 0xa4, 0x17];

/// The format of a file as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// A U-Boot header, then kernel and root file system.
    UImage,
    /// A root file system alone.
    Squashfs,
    /// Broadcom's header.
    Trx,
    /// A flattened image tree (or device tree).
    Fit,
    /// Header of some D-Link and others.
    Seama,
    /// Header of older D-Link and others.
    Wrg,
    /// TP-Link's header, version 1.
    TpLink,
    /// A tar archive: sysupgrade files for NAND and eMMC.
    Tar,
    /// An image for a whole UBI partition.
    Ubi,
    /// A UBIFS volume alone.
    Ubifs,
    /// Packed with gzip.
    Gzip,
    /// Packed with bzip2.
    Bzip2,
    /// Packed with xz.
    Xz,
    /// An image of a whole disk.
    Disk,
    /// An EROFS root file system alone.
    Erofs,
    /// A web page: a download that went wrong.
    Html,
    /// Only zeros or only 0xff.
    Blank,
    /// None of those.
    Unknown,
}

impl Container {
    /// Looks at the first bytes of a file, [`GLANCE`] or all there are.
    pub fn recognise(start: &[u8]) -> Container {
        let at = |offset: usize, magic: &[u8]| {
            start
                .get(offset..)
                .is_some_and(|rest| rest.starts_with(magic))
        };
        let magics: [(usize, &[u8], Container); 18] = [
            (0, &super::uimage::MAGIC, Container::UImage),
            (0, b"hsqs", Container::Squashfs),
            (0, b"sqsh", Container::Squashfs),
            (0, b"HDR0", Container::Trx),
            (0, &[0xd0, 0x0d, 0xfe, 0xed], Container::Fit),
            (0, SEAMA, Container::Seama),
            (0, &[0x20, 0x02, 0x04, 0x20], Container::Wrg),
            (32, &[0x20, 0x02, 0x04, 0x20], Container::Wrg),
            (32, &[0x21, 0x03, 0x08, 0x20], Container::Wrg),
            (257, b"ustar", Container::Tar),
            (0, b"UBI#", Container::Ubi),
            (0, &[0x31, 0x18, 0x10, 0x06], Container::Ubifs),
            (0, &[0x1f, 0x8b], Container::Gzip),
            (0, b"BZh", Container::Bzip2),
            (0, &[0xfd, b'7', b'z', b'X', b'Z', 0], Container::Xz),
            (510, &[0x55, 0xaa], Container::Disk),
            (512, b"EFI PART", Container::Disk),
            (1024, &[0xe2, 0xe1, 0xf5, 0xe0], Container::Erofs),
        ];
        let found = magics.iter().find(|(offset, magic, _)| at(*offset, magic));
        if let Some((_, _, container)) = found {
            return *container;
        }
        let tplink = start
            .get(4..12)
            .is_some_and(|v| v.iter().all(|b| b.is_ascii_graphic() || *b == b' '));
        let markup = start.trim_ascii_start().first_chunk::<5>();
        match () {
            () if at(0, &[1, 0, 0, 0]) && tplink => Container::TpLink,
            () if markup.is_some_and(|m| {
                m.eq_ignore_ascii_case(b"<html") || m.eq_ignore_ascii_case(b"<!doc")
            }) =>
            {
                Container::Html
            }
            () if [0, 0xff]
                .iter()
                .any(|blank| start.iter().all(|b| b == blank)) =>
            {
                Container::Blank
            }
            () => Container::Unknown,
        }
    }

    /// What to do instead, where there is something.
    pub fn advice(self) -> &'static str {
        match self {
            Container::Gzip => "unpack it first with gunzip",
            Container::Bzip2 | Container::Xz => "unpack it on the PC first",
            Container::Html => "the download went wrong",
            Container::Blank => "the transfer went wrong",
            Container::Squashfs => "take the sysupgrade image, which has a kernel in front of it",
            _ => "take the sysupgrade image that was made for this board",
        }
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Container::UImage => "uImage",
            Container::Squashfs => "squashfs without a kernel",
            Container::Trx => "TRX",
            Container::Fit => "FIT",
            Container::Seama => "Seama",
            Container::Wrg => "WRG",
            Container::TpLink => "TP-Link image",
            Container::Tar => "sysupgrade tar",
            Container::Ubi => "UBI image",
            Container::Ubifs => "UBIFS volume",
            Container::Gzip => "gzip",
            Container::Bzip2 => "bzip2",
            Container::Xz => "xz",
            Container::Disk => "disk image",
            Container::Erofs => "EROFS without a kernel",
            Container::Html => "web page",
            Container::Blank => "blank file",
            Container::Unknown => "unknown format",
        })
    }
}

#[test]
fn formats_are_told_by_their_magic() {
    let check = |offset: usize, magic: &[u8], expected| {
        let mut start = vec![0; offset];
        start.extend_from_slice(magic);
        assert_eq!(Container::recognise(&start), expected);
    };
    check(0, &[0x27, 5, 0x19, 0x56], Container::UImage);
    check(0, b"HDR0", Container::Trx);
    check(0, b"\xd0\x0d\xfe\xed", Container::Fit);
    check(0, b"\x5e\xa3\xa4\x17", Container::Seama);
    check(257, b"ustar", Container::Tar);
    check(0, b"\x01\0\0\0OpenWrt 1.0", Container::TpLink);
    check(510, b"\x55\xaa", Container::Disk);
    check(0, b" <!DOCTYPE html>", Container::Html);
    check(100, b"", Container::Blank);
    check(0, b"something else", Container::Unknown);
}
