//! The order of a listing.

use super::Entry;
use safebox::fsops::status::{Moment, Status};
use safebox::opts::Opts;
use std::cmp::Ordering;
use std::os::unix::ffi::OsStrExt;

/// By what files are sorted.
#[derive(Clone, Copy, PartialEq)]
enum Key {
    Nothing,
    Name,
    Extension,
    Version,
    Size,
    Time,
}

/// Which of a file's times counts.
#[derive(Clone, Copy, PartialEq)]
pub enum Time {
    Modified,
    Changed,
    Accessed,
}

impl Time {
    pub fn of(self, status: &Status) -> Moment {
        match self {
            Time::Modified => status.modified,
            Time::Changed => status.changed,
            Time::Accessed => status.accessed,
        }
    }
}

pub struct Order {
    key: Key,
    pub by: Time,
    reverse: bool,
    directories_first: bool,
}

impl Order {
    pub fn from(opts: &Opts) -> Order {
        let by = match opts.last_of(&["c", "u"]) {
            Some("c") => Time::Changed,
            Some(_) => Time::Accessed,
            None => Time::Modified,
        };
        let key = match opts.last_of(&["S", "X", "v", "t", "U"]) {
            Some("S") => Key::Size,
            Some("X") => Key::Extension,
            Some("v") => Key::Version,
            Some("t") => Key::Time,
            Some(_) => Key::Nothing,
            // Without -l there would be no other use for the time.
            None if by != Time::Modified && !opts.has("l") => Key::Time,
            None => Key::Name,
        };
        Order {
            key,
            by,
            reverse: opts.has("r"),
            directories_first: opts.has("group-directories-first"),
        }
    }

    pub fn sort(&self, entries: &mut [Entry]) {
        if self.key == Key::Nothing && !self.directories_first {
            return;
        }
        entries.sort_by(|a, b| {
            let groups = if self.directories_first {
                b.status.is_dir().cmp(&a.status.is_dir())
            } else {
                Ordering::Equal
            };
            let within = self.compare(a, b);
            groups.then(if self.reverse {
                within.reverse()
            } else {
                within
            })
        });
    }

    fn compare(&self, a: &Entry, b: &Entry) -> Ordering {
        let (a_name, b_name) = (a.name.as_bytes(), b.name.as_bytes());
        let first = match self.key {
            Key::Nothing => return Ordering::Equal,
            Key::Name => Ordering::Equal,
            Key::Extension => extension(a_name).cmp(extension(b_name)),
            Key::Version => version(a_name, b_name),
            Key::Size => b.status.size.cmp(&a.status.size),
            Key::Time => self.by.of(&b.status).cmp(&self.by.of(&a.status)),
        };
        first.then_with(|| a_name.cmp(b_name))
    }
}

/// From the last dot on; nothing where there is none.
fn extension(name: &[u8]) -> &[u8] {
    let dot = name.iter().rposition(|&b| b == b'.');
    dot.map_or(b"", |at| &name[at..])
}

/// Runs of digits count as numbers, everything else as bytes.
fn version(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let (a_digits, b_digits) = (digits(a), digits(b));
        if a_digits > 0 && b_digits > 0 {
            let (a_number, b_number) = (significant(&a[..a_digits]), significant(&b[..b_digits]));
            let order = a_number.len().cmp(&b_number.len());
            let order = order.then_with(|| a_number.cmp(b_number));
            if order != Ordering::Equal {
                return order;
            }
            (a, b) = (&a[a_digits..], &b[b_digits..]);
            continue;
        }
        match (a.split_first(), b.split_first()) {
            (Some((x, a_rest)), Some((y, b_rest))) if x == y => (a, b) = (a_rest, b_rest),
            (x, y) => return x.map(|x| x.0).cmp(&y.map(|y| y.0)),
        }
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Without zeros in front.
fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&b| b == b'0').count();
    &number[zeros..]
}

#[test]
fn versions_compare_their_numbers() {
    let check = |a: &str, b: &str, expected| {
        assert_eq!(version(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
    };
    check("f2", "f10", Ordering::Less);
    check("f10", "f9", Ordering::Greater);
    check("f007", "f7", Ordering::Equal);
    check("f", "f1", Ordering::Less);
    check("1.10.2", "1.9", Ordering::Greater);
    check(
        "a99999999999999999999999",
        "a100000000000000000000000",
        Ordering::Less,
    );
}
