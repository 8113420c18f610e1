//! Entries as they are listed, and as they are asked for by name.

use super::{Header, Kind};

/// Whether `name` is `start` or lies below it.
pub fn is_below(name: &[u8], start: &[u8]) -> bool {
    name.strip_prefix(start)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// A name without slashes at its end.
pub fn without_slashes(name: &[u8]) -> Vec<u8> {
    let end = name.iter().rposition(|&b| b != b'/').map_or(0, |at| at + 1);
    name[..end].to_vec()
}

/// A name as it is printed: directories with a slash.
pub fn shown_name(header: &Header) -> Vec<u8> {
    let slash: &[u8] = if header.kind == Kind::Directory {
        b"/"
    } else {
        b""
    };
    [&header.name[..], slash].concat()
}

/// A line of `tar tv`.
pub fn long_line(entry: &Header) -> Vec<u8> {
    let kind = match entry.kind {
        Kind::Directory => 'd',
        Kind::Symlink => 'l',
        Kind::CharDevice => 'c',
        Kind::BlockDevice => 'b',
        Kind::Fifo => 'p',
        _ => '-',
    };
    let bits = (0..9).rev().zip("rwxrwxrwx".chars());
    let mode: String = bits
        .map(|(bit, letter)| {
            if entry.mode >> bit & 1 == 1 {
                letter
            } else {
                '-'
            }
        })
        .collect();
    let owner = format!("{}/{}", entry.uid, entry.gid);
    let (day, second) = (entry.mtime.div_euclid(86400), entry.mtime.rem_euclid(86400));
    let (year, month, mday) = civil(day);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let time = format!("{year:04}-{month:02}-{mday:02} {hour:02}:{minute:02}:{second:02}");
    let head = format!("{kind}{mode} {owner} {:>9} {time} ", entry.size);
    let link: Vec<u8> = match entry.kind {
        Kind::Symlink => [b" -> ", &entry.link[..]].concat(),
        Kind::HardLink => [b" link to ", &entry.link[..]].concat(),
        _ => Vec::new(),
    };
    [head.as_bytes(), &shown_name(entry), &link].concat()
}

/// Year, month and day (UTC) of a number of days since 1970, by the 400-year cycle of the
/// Gregorian calendar that begins in March.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let mday = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, mday)
}

#[test]
fn days_become_dates() {
    assert_eq!(civil(0), (1970, 1, 1));
    assert_eq!(civil(19_782), (2024, 2, 29));
    assert_eq!(civil(20_088), (2024, 12, 31));
}
