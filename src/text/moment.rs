//! Times by the letters of strftime(3), in English.

use crate::sys::clock::Calendar;
use std::io::Write;

/// A moment and how its place calls it.
pub struct Moment {
    /// What the calendar shows.
    pub calendar: Calendar,
    /// Seconds since 1970.
    pub seconds: i64,
    /// The name of the time zone.
    pub zone: String,
}

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Moment {
    /// Writes a format; what is no letter of strftime(3) stays as it is.
    pub fn write(&self, format: &[u8], out: &mut Vec<u8>) {
        let mut rest = format;
        while let Some((&byte, tail)) = rest.split_first() {
            rest = tail;
            match (byte, tail) {
                (b'%', [b':', b'z', ..]) => {
                    rest = &tail[2..];
                    self.put_offset(":", out);
                }
                (b'%', [letter, ..]) => {
                    rest = &tail[1..];
                    self.put(*letter, out);
                }
                _ => out.push(byte),
            }
        }
    }

    fn put(&self, letter: u8, out: &mut Vec<u8>) {
        let c = &self.calendar;
        let day = DAYS.get(usize::from(c.weekday)).unwrap_or(&"?");
        let month = MONTHS
            .get(usize::from(c.month).wrapping_sub(1))
            .unwrap_or(&"?");
        let hour12 = (c.hour + 11) % 12 + 1;
        let half = if c.hour < 12 { "AM" } else { "PM" };
        let weeks = |first: u16| (c.year_day + 7 - first) / 7;
        let monday = u16::from((c.weekday + 6) % 7);
        let composed: &[u8] = match letter {
            b'c' => b"%a %b %e %H:%M:%S %Y",
            b'D' | b'x' => b"%m/%d/%y",
            b'F' => b"%Y-%m-%d",
            b'r' => b"%I:%M:%S %p",
            b'R' => b"%H:%M",
            b'T' | b'X' => b"%H:%M:%S",
            _ => b"",
        };
        if !composed.is_empty() {
            return self.write(composed, out);
        }
        let text = match letter {
            b'a' => day.get(..3).unwrap_or(day).to_owned(),
            b'A' => (*day).to_owned(),
            b'b' | b'h' => month.get(..3).unwrap_or(month).to_owned(),
            b'B' => (*month).to_owned(),
            b'C' => format!("{:02}", c.year / 100),
            b'd' => format!("{:02}", c.day),
            b'e' => format!("{:2}", c.day),
            b'G' => iso_week(c).0.to_string(),
            b'g' => format!("{:02}", iso_week(c).0 % 100),
            b'H' => format!("{:02}", c.hour),
            b'I' => format!("{hour12:02}"),
            b'j' => format!("{:03}", c.year_day + 1),
            b'k' => format!("{:2}", c.hour),
            b'l' => format!("{hour12:2}"),
            b'm' => format!("{:02}", c.month),
            b'M' => format!("{:02}", c.minute),
            b'n' => "\n".to_owned(),
            b'N' => "000000000".to_owned(),
            b'p' => half.to_owned(),
            b'P' => half.to_lowercase(),
            b's' => self.seconds.to_string(),
            b'S' => format!("{:02}", c.second),
            b't' => "\t".to_owned(),
            b'u' => (monday + 1).to_string(),
            b'U' => format!("{:02}", weeks(u16::from(c.weekday))),
            b'V' => format!("{:02}", iso_week(c).1),
            b'w' => c.weekday.to_string(),
            b'W' => format!("{:02}", weeks(monday)),
            b'y' => format!("{:02}", c.year % 100),
            b'Y' => c.year.to_string(),
            b'z' => return self.put_offset("", out),
            b'Z' => self.zone.clone(),
            b'%' => "%".to_owned(),
            _ => return out.extend([b'%', letter]),
        };
        out.extend(text.into_bytes());
    }

    fn put_offset(&self, colon: &str, out: &mut Vec<u8>) {
        let minutes = self.calendar.offset.abs() / 60;
        let sign = if self.calendar.offset < 0 { '-' } else { '+' };
        // A vector takes every write.
        let _ = write!(out, "{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60);
    }
}

/// Year and week by ISO 8601: weeks begin on Monday and belong to the year of their Thursday.
fn iso_week(c: &Calendar) -> (i32, i32) {
    let days = |year: i32| 365 + i32::from((year % 4 == 0 && year % 100 != 0) || year % 400 == 0);
    let monday = i32::from((c.weekday + 6) % 7);
    let thursday = i32::from(c.year_day) - monday + 3;
    if thursday < 0 {
        (c.year - 1, (thursday + days(c.year - 1)) / 7 + 1)
    } else if thursday >= days(c.year) {
        (c.year + 1, 1)
    } else {
        (c.year, thursday / 7 + 1)
    }
}
