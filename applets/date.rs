//! date - show the time, in any form, or set the clock.
//!
//! Routers start in 1970 or at the time of their build: setting the clock by hand is common.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result, reason};
use safebox::fsops::when;
use safebox::sys::clock::{self, Calendar};
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

pub static APPLET: Applet = Applet {
    names: &["date"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: date [-u] [-R | -I[UNIT]] [-d TIME | -r FILE] [+FORMAT]
       date [-u] [-s] TIME

Show the time, or set the clock.

  -u                in UTC
  -d TIME           show this time, not the clock's
  -r FILE           show when FILE was changed
  -s TIME           set the clock
  -R                as in the headers of mails
  -I[UNIT]          as ISO 8601 has it: date, hours, minutes or seconds

TIME is @SECONDS, hh:mm[:ss], YYYY-MM-DD [hh:mm[:ss]] or, behind an option,
[[[[CC]YY]MM]DD]hhmm[.ss], without one MMDDhhmm[[CC]YY][.ss]. FORMAT has
%Y %m %d %H %M %S %s %F %T %a %b %Z %z and the others of strftime(3).

Example: date -s '2026-11-22 16:30'
";

const DEFAULT: &[u8] = b"%a %b %e %H:%M:%S %Z %Y";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let utc = opts.has("u");
    let now = ctx.sys.machine().now();
    let mut format = match (opts.has("R"), opts.value("I")) {
        (true, _) => b"%a, %d %b %Y %H:%M:%S %z".to_vec(),
        (_, Some(unit)) => iso(unit)?.to_vec(),
        _ => DEFAULT.to_vec(),
    };
    let mut to_set = opts.value("s").map(|text| text.as_bytes().to_vec());
    for operand in &opts.operands {
        match operand.as_bytes().strip_prefix(b"+") {
            Some(text) => format = text.to_vec(),
            None => to_set = Some(year_first(operand.as_bytes())),
        }
    }
    let seconds = if let Some(text) = &to_set {
        let seconds = parse(text, now, utc)?;
        if let Err(error) = clock::set(seconds) {
            let text = format!("can't set date: {}", reason(&error));
            ctx.complain(Error::message(text));
        }
        seconds
    } else if let Some(text) = opts.value("d") {
        parse(text.as_bytes(), now, utc)?
    } else if let Some(file) = opts.value("r") {
        std::fs::metadata(file).at("stat", file)?.mtime()
    } else {
        now
    };
    let calendar = if utc {
        clock::utc(seconds)
    } else {
        clock::local(seconds)
    };
    let moment = Moment {
        calendar: calendar.at("", "time")?,
        seconds,
        zone: if utc {
            "UTC".to_owned()
        } else {
            clock::zone(seconds)
        },
    };
    let mut line = Vec::new();
    moment.write(&format, &mut line);
    ctx.out.line(line);
    Ok(ctx.status())
}

/// The format of `-I`.
fn iso(unit: &OsStr) -> Result<&'static [u8]> {
    let formats: [(&[u8], &[u8]); 4] = [
        (b"date", b"%F"),
        (b"hours", b"%FT%H%:z"),
        (b"minutes", b"%FT%H:%M%:z"),
        (b"seconds", b"%FT%T%:z"),
    ];
    let is_it = |(name, _): &&(&[u8], &[u8])| name.starts_with(unit.as_bytes());
    let found = formats.iter().find(is_it).map(|(_, format)| *format);
    found.ok_or_else(|| Error::message(format!("invalid argument '{}'", unit.to_string_lossy())))
}

fn parse(bytes: &[u8], now: i64, utc: bool) -> Result<i64> {
    let moment = match utc && !bytes.starts_with(b"@") {
        true => when::parse(&[bytes, b" UTC"].concat(), now).or_else(|| when::parse(bytes, now)),
        false => when::parse(bytes, now),
    };
    let invalid = || Error::message(format!("invalid date '{}'", String::from_utf8_lossy(bytes)));
    moment.map(|moment| moment.seconds).ok_or_else(invalid)
}

/// `MMDDhhmm[CC]YY[.ss]`, POSIX's form of the operand, with the year in front as the
/// options have it; all else as it is.
fn year_first(text: &[u8]) -> Vec<u8> {
    let end = text.iter().position(|&b| b == b'.').unwrap_or(text.len());
    let (digits, seconds) = text.split_at(end);
    match digits.split_at_checked(8) {
        Some((rest, year))
            if matches!(year.len(), 2 | 4) && digits.iter().all(u8::is_ascii_digit) =>
        {
            [year, rest, seconds].concat()
        }
        _ => text.to_vec(),
    }
}

/// A moment and how its place calls it.
struct Moment {
    calendar: Calendar,
    seconds: i64,
    zone: String,
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
    fn write(&self, format: &[u8], out: &mut Vec<u8>) {
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
