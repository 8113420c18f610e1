//! date - show the time, in any form, or set the clock.
//!
//! Routers start in 1970 or at the time of their build: setting the clock by hand is common.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result, reason};
use safebox::fsops::when;
use safebox::sys::clock;
use safebox::text::moment::Moment;
use std::ffi::OsStr;
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
