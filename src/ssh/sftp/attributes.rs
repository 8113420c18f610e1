//! Attributes of files (section 5 of the draft).

use crate::fsops::format::list_time;
use crate::fsops::mode;
use crate::fsops::owner::Names;
use crate::fsops::status::{Moment, Status};
use crate::ssh::wire::{Reader, put_u32, put_u64};

/// Bits that say which attributes follow.
mod flag {
    pub const SIZE: u32 = 1;
    pub const OWNER: u32 = 2;
    pub const MODE: u32 = 4;
    pub const TIMES: u32 = 8;
    pub const EXTENDED: u32 = 0x8000_0000;
}

/// What a request wants a file to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Length in bytes.
    pub size: Option<u64>,
    /// Numbers of user and group.
    pub owner: Option<(u32, u32)>,
    /// As in `st_mode`.
    pub mode: Option<u32>,
    /// Last read and last change, in seconds since 1970.
    pub times: Option<(u32, u32)>,
}

impl Attributes {
    /// Takes them off a packet.
    pub fn read(reader: &mut Reader<'_>) -> Option<Attributes> {
        let flags = reader.u32()?;
        let mut pair = |bit, size: bool| -> Option<Option<(u64, u32)>> {
            if flags & bit == 0 {
                return Some(None);
            }
            let first = if size {
                reader.u64()?
            } else {
                u64::from(reader.u32()?)
            };
            let second = match bit {
                flag::OWNER | flag::TIMES => reader.u32()?,
                _ => 0,
            };
            Some(Some((first, second)))
        };
        let size = pair(flag::SIZE, true)?.map(|(size, _)| size);
        let narrow = |(first, second): (u64, u32)| (first as u32, second);
        let owner = pair(flag::OWNER, false)?.map(narrow);
        let mode = pair(flag::MODE, false)?.map(|(mode, _)| mode as u32);
        let times = pair(flag::TIMES, false)?.map(narrow);
        if flags & flag::EXTENDED != 0 {
            for _ in 0..reader.u32()? {
                reader.string()?;
                reader.string()?;
            }
        }
        Some(Attributes {
            size,
            owner,
            mode,
            times,
        })
    }
}

/// Appends what a file is.
pub fn put(out: &mut Vec<u8>, status: &Status) {
    put_u32(out, flag::SIZE | flag::OWNER | flag::MODE | flag::TIMES);
    put_u64(out, status.size);
    put_u32(out, status.uid);
    put_u32(out, status.gid);
    put_u32(out, status.mode);
    // The protocol has 32 bits without a sign: until 2106.
    put_u32(out, seconds(status.accessed));
    put_u32(out, seconds(status.modified));
}

fn seconds(moment: Moment) -> u32 {
    moment.seconds.clamp(0, i64::from(u32::MAX)) as u32
}

/// Appends that nothing is known of a file.
pub fn put_none(out: &mut Vec<u8>) {
    put_u32(out, 0);
}

/// Names for the numbers of owners.
pub struct Owners {
    /// Of users.
    pub users: Names,
    /// Of groups.
    pub groups: Names,
}

/// A line as `ls -l` shows it; clients print it as it is.
pub fn line(name: &[u8], status: &Status, owners: &Owners, now: i64) -> Vec<u8> {
    let shown = |names: &Names, id| match names.name(id) {
        Some(name) => name.to_string_lossy().into_owned(),
        None => id.to_string(),
    };
    let mut line = format!(
        "{} {:3} {:8} {:8} {:8} {} ",
        String::from_utf8_lossy(&mode::letters(status.mode)),
        status.links,
        shown(&owners.users, status.uid),
        shown(&owners.groups, status.gid),
        status.size,
        list_time(status.modified, now)
    )
    .into_bytes();
    line.extend_from_slice(name);
    line
}

#[test]
fn attributes_are_read_in_all_their_combinations() {
    for flags in 0..16_u32 {
        for extended in [0, flag::EXTENDED] {
            let mut wire = Vec::new();
            put_u32(&mut wire, flags | extended);
            let mut expected = Attributes::default();
            if flags & flag::SIZE != 0 {
                put_u64(&mut wire, 1 << 40);
                expected.size = Some(1 << 40);
            }
            if flags & flag::OWNER != 0 {
                put_u64(&mut wire, 5 << 32 | 6);
                expected.owner = Some((5, 6));
            }
            if flags & flag::MODE != 0 {
                put_u32(&mut wire, 0o100644);
                expected.mode = Some(0o100644);
            }
            if flags & flag::TIMES != 0 {
                put_u64(&mut wire, 7 << 32 | 8);
                expected.times = Some((7, 8));
            }
            if extended != 0 {
                wire.extend_from_slice(b"\0\0\0\x01\0\0\0\x01a\0\0\0\x01b");
            }
            for cut in 0..wire.len() {
                assert_eq!(Attributes::read(&mut Reader(&wire[..cut])), None, "{cut}");
            }
            let mut reader = Reader(&wire);
            assert_eq!(Attributes::read(&mut reader), Some(expected));
            assert!(reader.0.is_empty());
        }
    }
}
