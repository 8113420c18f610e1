//! Dates and times as people type them for `touch`.

use super::status::Moment;
use crate::sys::clock::{self, Calendar};

/// Reads a moment: `@SECONDS[.FRACTION]`, `[YYYY-MM-DD ]hh:mm[:ss[.FRACTION]]`,
/// `YYYY-MM-DD`, `YYYY.MM.DD-hh:mm[:ss]`, `[[[[CC]YY]MM]DD]hhmm[.ss]`; a `T` may stand for
/// the blank, and `Z` or `+hhmm` may follow a time. What is missing of the date is today's,
/// of the time zero. None: no date, or one that does not exist.
pub fn parse(text: &[u8], now: i64) -> Option<Moment> {
    let text = std::str::from_utf8(text).ok()?.trim();
    if let Some(text) = text.strip_prefix('@') {
        return seconds_since_1970(text);
    }
    let today = clock::local(now).ok()?;
    let start = Calendar {
        second: 0,
        minute: 0,
        hour: 0,
        ..today
    };
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && !text.contains(':') {
        return local(compact(text, start)?, 0);
    }
    let (text, zone) = split_zone(text)?;
    let (date, time) = split_date(text);
    let mut at = match date {
        Some(date) => with_date(date, start)?,
        None => start,
    };
    let mut nanos = 0;
    if let Some(time) = time {
        nanos = set_time(&mut at, time)?;
    }
    match zone {
        None => local(at, nanos),
        Some(offset) => {
            check(&at)?;
            Some(Moment {
                seconds: days_since_1970(&at) * 86400 + seconds_of_day(&at) - offset,
                nanos,
            })
        }
    }
}

fn seconds_since_1970(text: &str) -> Option<Moment> {
    let (seconds, nanos) = match text.split_once('.') {
        Some((seconds, rest)) => (seconds, fraction(rest)?),
        None => (text, 0),
    };
    Some(Moment {
        seconds: seconds.parse().ok()?,
        nanos,
    })
}

/// Nanoseconds of the digits behind a point.
fn fraction(digits: &str) -> Option<u32> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    format!("{digits:0<9.9}").parse().ok()
}

/// `[[[[CC]YY]MM]DD]hhmm[.ss]`.
fn compact(text: &str, start: Calendar) -> Option<Calendar> {
    let (digits, second) = match text.split_once('.') {
        Some((digits, second)) if second.len() == 2 => (digits, second.parse().ok()?),
        Some(_) => return None,
        None => (text, 0),
    };
    if !matches!(digits.len(), 4 | 6 | 8 | 10 | 12) || !digits.is_ascii() {
        return None;
    }
    let mut at = Calendar { second, ..start };
    let mut pairs = digits.as_bytes().rchunks(2).map(|pair| {
        pair.iter()
            .fold(0_u8, |number, digit| number * 10 + (digit - b'0'))
    });
    at.minute = pairs.next()?;
    at.hour = pairs.next()?;
    at.day = pairs.next().unwrap_or(at.day);
    at.month = pairs.next().unwrap_or(at.month);
    if let Some(year) = pairs.next() {
        let year = i32::from(year);
        at.year = match pairs.next() {
            Some(century) => i32::from(century) * 100 + year,
            // As POSIX reads them.
            None if year < 69 => 2000 + year,
            None => 1900 + year,
        };
    }
    Some(at)
}

/// Cuts `Z`, `UTC` or `+hhmm` off, as seconds east of Greenwich.
fn split_zone(text: &str) -> Option<(&str, Option<i64>)> {
    for utc in ["Z", " UTC", " GMT"] {
        if let Some(text) = text.strip_suffix(utc) {
            return Some((text, Some(0)));
        }
    }
    let colon = text.find(':');
    let Some(at) = text
        .rfind(['+', '-'])
        .filter(|at| colon.is_some_and(|colon| *at > colon))
    else {
        return Some((text, None));
    };
    let (text, zone) = text.split_at(at);
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits = zone[1..].replace(':', "");
    if digits.len() != 4 {
        return None;
    }
    let number: i64 = digits.parse().ok()?;
    let offset = (number / 100 * 60 + number % 100) * 60;
    Some((text.trim_end(), Some(sign * offset)))
}

fn split_date(text: &str) -> (Option<&str>, Option<&str>) {
    if let Some((date, time)) = text.split_once([' ', 'T']) {
        return (Some(date), Some(time.trim_start()));
    }
    match text.rfind('-') {
        Some(at) if text.contains(':') => (Some(&text[..at]), Some(&text[at + 1..])),
        _ if text.contains(':') => (None, Some(text)),
        _ => (Some(text), None),
    }
}

fn with_date(text: &str, start: Calendar) -> Option<Calendar> {
    let mut parts = text.split(['-', '.']);
    let at = Calendar {
        year: parts.next().filter(|year| year.len() == 4)?.parse().ok()?,
        month: parts.next()?.parse().ok()?,
        day: parts.next()?.parse().ok()?,
        ..start
    };
    parts.next().is_none().then_some(at)
}

fn set_time(at: &mut Calendar, text: &str) -> Option<u32> {
    let (text, nanos) = match text.split_once('.') {
        Some((text, digits)) => (text, fraction(digits)?),
        None => (text, 0),
    };
    let mut parts = text.split(':');
    at.hour = parts.next()?.parse().ok()?;
    at.minute = parts.next()?.parse().ok()?;
    at.second = match parts.next() {
        Some(second) => second.parse().ok()?,
        None => 0,
    };
    parts.next().is_none().then_some(nanos)
}

/// None for days and times that do not exist.
fn check(at: &Calendar) -> Option<()> {
    let leap = (at.year % 4 == 0 && at.year % 100 != 0) || at.year % 400 == 0;
    let days = match at.month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let exists = (1..=days).contains(&at.day) && at.hour < 24 && at.minute < 60 && at.second <= 60;
    exists.then_some(())
}

fn local(at: Calendar, nanos: u32) -> Option<Moment> {
    check(&at)?;
    let seconds = clock::from_local(&at).ok()?;
    Some(Moment { seconds, nanos })
}

fn seconds_of_day(at: &Calendar) -> i64 {
    (i64::from(at.hour) * 60 + i64::from(at.minute)) * 60 + i64::from(at.second)
}

/// Days of the Gregorian calendar; the year begins in March, so that leap days come last.
fn days_since_1970(at: &Calendar) -> i64 {
    let (year, month) = (i64::from(at.year), i64::from(at.month));
    let year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(at.day) - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + day_of_year - 719_468
}

#[test]
fn dates_are_read_in_all_their_forms() {
    let check = |text: &str, expected: Option<(i64, u32)>| {
        let moment = parse(text.as_bytes(), 0).map(|moment| (moment.seconds, moment.nanos));
        assert_eq!(moment, expected, "{text}");
    };
    let utc = |text: &str, seconds| check(text, Some((seconds, 0)));
    utc("@12345", 12345);
    check("@1.5", Some((1, 500_000_000)));
    utc("2020-01-02 03:04:05Z", 1577934245);
    utc("2020-01-02T03:04:05+0000", 1577934245);
    utc("2020-01-02 03:04:05 +0100", 1577930645);
    utc("2020-01-02 03:04:05 -01:30", 1577939645);
    utc("2020.01.02-03:04:05 UTC", 1577934245);
    utc("1970-01-01 00:00Z", 0);
    utc("2000-02-29 00:00Z", 951782400);
    utc("1969-12-31 23:59:58Z", -2);
    for text in [
        "",
        "x",
        "2019-02-29 00:00Z",
        "2020-13-01 00:00",
        "25:00",
        "12:60",
        "@",
        "@x",
        "123",
        "2020-01-02 03",
        "1:2:3:4",
    ] {
        check(text, None);
    }
}
