//! seq - numbers in a row.
//!
//! Decimal arithmetic, not floating point: 0.1 added ten times is 1, and the last number is
//! never lost to rounding.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Error, Exit, Result};
use safebox::opts::{self, Order};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["seq"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: seq [-w] [-s SEP] [FIRST [STEP]] LAST

Print the numbers from FIRST (1) to LAST, STEP (1) apart.

  -w                zeros in front, so that all have the same width
  -s SEP            print SEP between numbers instead of a new line

Example: for port in $(seq 1 4); do echo lan$port; done
";

/// Digits after the point that are reckoned with.
const MOST_PLACES: usize = 12;

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = opts::parse(USAGE, &guarded(&ctx.args), Order::Leading, Exit::FAILED)?;
    let numbers = opts
        .between(USAGE, 1, 3)?
        .iter()
        .map(Number::parse)
        .collect::<Result<Vec<_>>>()?;
    let one = Number {
        digits: 1,
        places: 0,
    };
    let (first, step, last) = match numbers[..] {
        [first, step, last] => (first, step, last),
        [first, last] => (first, one, last),
        [last] => (one, one, last),
        // `between` lets no other number of operands pass.
        _ => return Ok(Exit::FAILED),
    };
    if step.digits == 0 {
        return Err(Error::message("a STEP of 0 leads nowhere"));
    }
    let shown = first.places.max(step.places);
    let places = shown.max(last.places);
    let (first, step, last) = (first.at(places)?, step.at(places)?, last.at(places)?);
    let width = match opts.has("w") {
        true => show(first, places, shown, 0)
            .len()
            .max(show(last, places, shown, 0).len()),
        false => 0,
    };
    let separator = opts.value("s").map_or(&b"\n"[..], |text| text.as_bytes());
    let mut now = Some(first);
    let mut between: Option<&[u8]> = None;
    while let Some(number) = now.filter(|&now| if step > 0 { now <= last } else { now >= last }) {
        ctx.out.put(between.unwrap_or_default());
        ctx.out.put(show(number, places, shown, width).as_bytes());
        between = Some(separator);
        now = number.checked_add(step).filter(|_| !ctx.out.failed());
    }
    if between.is_some() {
        ctx.out.put(b"\n");
    }
    Ok(Exit::OK)
}

/// The arguments with `--` before the first operand: a negative number is no option.
fn guarded(args: &[OsString]) -> Vec<OsString> {
    let mut value = false;
    let is_operand = |arg: &OsString| {
        let operand = match arg.as_bytes() {
            _ if value => false,
            [b'-', b'0'..=b'9' | b'.', ..] => true,
            bytes => !bytes.starts_with(b"-"),
        };
        value = !value && matches!(arg.as_bytes(), b"-s" | b"-ws");
        operand
    };
    let mut guarded = args.to_vec();
    if let Some(at) = args.iter().position(is_operand)
        && !args[..at].iter().any(|arg| arg == "--")
    {
        guarded.insert(at, "--".into());
    }
    guarded
}

/// A decimal number: `digits` with the point `places` from the right.
#[derive(Clone, Copy)]
struct Number {
    digits: i128,
    places: usize,
}

impl Number {
    fn parse(text: &OsString) -> Result<Number> {
        let invalid = || Error::message(format!("invalid number '{}'", text.display()));
        let number = text.to_str().ok_or_else(invalid)?;
        let (negative, number) = match number.strip_prefix('-') {
            Some(number) => (true, number),
            None => (false, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let digits = [whole, part].concat();
        if digits.is_empty()
            || part.len() > MOST_PLACES
            || !digits.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(invalid());
        }
        let digits: i128 = digits.parse().map_err(|_| invalid())?;
        Ok(Number {
            digits: if negative { -digits } else { digits },
            places: part.len(),
        })
    }

    /// The same number with so many places.
    fn at(self, places: usize) -> Result<i128> {
        let factor = 10i128.pow((places - self.places) as u32);
        self.digits
            .checked_mul(factor)
            .ok_or_else(|| Error::message("a number is too large"))
    }
}

/// A number of `places` with `shown` of them, zeros in front up to `width`.
fn show(number: i128, places: usize, shown: usize, width: usize) -> String {
    let unit = 10u128.pow(places as u32);
    let sign = if number < 0 { "-" } else { "" };
    let (whole, part) = (number.unsigned_abs() / unit, number.unsigned_abs() % unit);
    let mut tail = String::new();
    if shown > 0 {
        tail = format!(".{part:0places$}");
        tail.truncate(shown + 1);
    }
    let width = width.saturating_sub(sign.len() + tail.len());
    format!("{sign}{whole:0width$}{tail}")
}
