//! What a file system calls itself: by its UUID or label a disk is found whatever its device is.

use super::content::{Content, identify};
use super::read;
use crate::flash::Error;
use crate::sys::Disk;
use std::fmt::Write;

/// What the superblock says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// `ext4` or `f2fs`.
    pub fstype: &'static str,
    /// In the usual form, 8-4-4-4-12.
    pub uuid: String,
    /// Empty if it has none.
    pub label: String,
}

/// Where the UUID and the label lie in an ext4, and in an f2fs, which counts in UTF-16
/// (fs/ext4/ext4.h, linux/f2fs_fs.h).
const EXT4: (usize, usize) = (0x468, 0x478);
const F2FS: (usize, usize) = (0x46c, 0x47c);
/// Letters of the label that are looked at: all of an ext4's.
const LABEL: usize = 16;

/// The names of the file system at the beginning of a disk; None for those we do not know.
///
/// # Errors
/// [`Error::Io`].
pub fn named(disk: &mut dyn Disk) -> Result<Option<Named>, Error> {
    let (fstype, (uuid, label), width) = match identify(disk, 0)? {
        Content::Ext4 => ("ext4", EXT4, 1),
        Content::F2fs => ("f2fs", F2FS, 2),
        _ => return Ok(None),
    };
    let mut head = [0; 0x500];
    read(disk, 0, &mut head)?;
    let letters = head[label..].chunks(width).take(LABEL).map(|at| at[0]);
    let letters: Vec<u8> = letters.take_while(|&byte| byte != 0).collect();
    Ok(Some(Named {
        fstype,
        uuid: text_of(&head[uuid..uuid + 16]),
        label: String::from_utf8_lossy(&letters).into_owned(),
    }))
}

fn text_of(uuid: &[u8]) -> String {
    let mut text = String::new();
    for (at, byte) in uuid.iter().enumerate() {
        if [4, 6, 8, 10].contains(&at) {
            text.push('-');
        }
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[test]
fn a_file_system_tells_its_uuid_and_label() {
    use crate::fake::disk::FakeDisk;
    let uuid: Vec<u8> = (0x10..0x20).collect();
    for (fstype, (at, label), text) in [
        ("ext4", EXT4, &b"extroot"[..]),
        ("f2fs", F2FS, b"e\0x\0t\0r\0o\0o\0t\0"),
    ] {
        let mut disk = FakeDisk::new(1 << 20);
        disk.make_fs(0, 1 << 20, fstype, &[]);
        disk.fill(at as u64, &uuid);
        disk.fill(label as u64, text);
        let expected = Named {
            fstype,
            uuid: "10111213-1415-1617-1819-1a1b1c1d1e1f".into(),
            label: "extroot".into(),
        };
        assert_eq!(named(&mut disk).unwrap(), Some(expected));
    }
    assert_eq!(named(&mut FakeDisk::new(1 << 20)).unwrap(), None);
}
