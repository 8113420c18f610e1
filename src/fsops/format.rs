//! How sizes, times and names are shown.

use super::status::Moment;
use crate::sys::clock;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Half a year in seconds: older times are shown with their year.
const RECENT: i64 = 365 * 24 * 3600 / 2;

/// Bytes with a unit: `999`, `1.5K`, `117.7M`.
pub fn human(bytes: u64) -> String {
    if bytes < 1024 {
        return bytes.to_string();
    }
    let mut unit = 1024;
    let mut letters = "KMGTPE".chars();
    let mut letter = letters.next();
    // One unit further as soon as rounding would show 1024.0.
    while u128::from(bytes) * 10 >= 10240 * unit - unit / 2 {
        unit *= 1024;
        letter = letters.next();
    }
    let tenths = (u128::from(bytes) * 10 + unit / 2) / unit;
    format!("{}.{}{}", tenths / 10, tenths % 10, letter.unwrap_or('?'))
}

/// `Nov 22 15:44`, or `Jan  2  2020` for what is old or in the future.
pub fn list_time(moment: Moment, now: i64) -> String {
    let Ok(at) = clock::local(moment.seconds) else {
        return moment.seconds.to_string();
    };
    let month = MONTHS.get(usize::from(at.month) - 1).unwrap_or(&"???");
    let age = now - moment.seconds;
    if (-15 * 60..RECENT).contains(&age) {
        format!("{month} {:2} {:02}:{:02}", at.day, at.hour, at.minute)
    } else {
        format!("{month} {:2} {:5}", at.day, at.year)
    }
}

/// `2020-01-02 03:04:05 +0000`.
pub fn full_time(moment: Moment) -> String {
    let (text, zone) = date_and_zone(moment);
    format!("{text} {zone}")
}

/// `2020-01-02 03:04:05.123456789 +0000`.
pub fn exact_time(moment: Moment) -> String {
    let (text, zone) = date_and_zone(moment);
    format!("{text}.{:09} {zone}", moment.nanos)
}

fn date_and_zone(moment: Moment) -> (String, String) {
    let Ok(at) = clock::local(moment.seconds) else {
        return (moment.seconds.to_string(), "+0000".into());
    };
    let sign = if at.offset < 0 { '-' } else { '+' };
    let minutes = at.offset.unsigned_abs() / 60;
    (
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            at.year, at.month, at.day, at.hour, at.minute, at.second
        ),
        format!("{sign}{:02}{:02}", minutes / 60, minutes % 60),
    )
}

/// A name for a terminal: control characters, which could do anything there, as `?`.
pub fn shown(name: &[u8]) -> Vec<u8> {
    let plain = |&b: &u8| if b < 32 || b == 127 { b'?' } else { b };
    name.iter().map(plain).collect()
}

#[test]
fn sizes_have_one_decimal() {
    let check = |bytes, expected: &str| assert_eq!(human(bytes), expected);
    check(0, "0");
    check(1023, "1023");
    check(1024, "1.0K");
    check(1500, "1.5K");
    check(123456, "120.6K");
    check(1048575, "1.0M");
    check(123456789, "117.7M");
    check(1 << 30, "1.0G");
    check(1610612736000, "1.5T");
    check(u64::MAX, "16.0E");
}
