//! Local time: the C library knows the time zones.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;

/// What the C library counts seconds in; 32 bits on some processors, and the libc crate
/// warns that this will change.
#[allow(deprecated, reason = "the functions called here take this very type")]
type Moment = libc::time_t;

/// A moment on the calendar of the local time zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Year, as in 2026.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
    /// 0 is Sunday.
    pub weekday: u8,
    /// 0 to 365.
    pub year_day: u16,
    /// Seconds east of Greenwich.
    pub offset: i32,
}

/// What a local calendar shows at `seconds` since 1970.
pub fn local(seconds: i64) -> io::Result<Calendar> {
    let moment = seconds as Moment;
    let mut parts = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are to live values of the right types; all zeros is a valid tm.
    let parts = unsafe {
        if libc::localtime_r(&moment, parts.as_mut_ptr()).is_null() {
            return Err(io::Error::last_os_error());
        }
        parts.assume_init()
    };
    Ok(calendar(&parts))
}

/// The same in UTC.
pub fn utc(seconds: i64) -> io::Result<Calendar> {
    let moment = seconds as Moment;
    let mut parts = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are to live values of the right types; all zeros is a valid tm.
    let parts = unsafe {
        if libc::gmtime_r(&moment, parts.as_mut_ptr()).is_null() {
            return Err(io::Error::last_os_error());
        }
        parts.assume_init()
    };
    Ok(calendar(&parts))
}

/// How the local time zone is called at `seconds` since 1970, e.g. `CEST`.
pub fn zone(seconds: i64) -> String {
    let moment = seconds as Moment;
    let mut parts = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: as above; tm_zone is null or a string of the C library that lives until the
    // zone is set anew, and a program with one thread does not do that here.
    unsafe {
        if libc::localtime_r(&moment, parts.as_mut_ptr()).is_null() {
            return String::new();
        }
        let name = parts.assume_init().tm_zone;
        if name.is_null() {
            return String::new();
        }
        CStr::from_ptr(name).to_string_lossy().into_owned()
    }
}

/// Sets the clock (root only).
pub fn set(seconds: i64) -> io::Result<()> {
    let moment = rustix::time::Timespec {
        tv_sec: seconds,
        tv_nsec: 0,
    };
    let clock = rustix::time::ClockId::Realtime;
    Ok(rustix::time::clock_settime(clock, moment)?)
}

fn calendar(parts: &libc::tm) -> Calendar {
    Calendar {
        year: parts.tm_year.saturating_add(1900),
        month: parts.tm_mon as u8 + 1,
        day: parts.tm_mday as u8,
        hour: parts.tm_hour as u8,
        minute: parts.tm_min as u8,
        second: parts.tm_sec as u8,
        weekday: parts.tm_wday as u8,
        year_day: parts.tm_yday as u16,
        offset: parts.tm_gmtoff as i32,
    }
}

#[allow(
    clippy::unnecessary_cast,
    reason = "time_t has 32 bits on some processors"
)]
/// Seconds since 1970 of a local date and time; weekday, year day and offset are ignored.
pub fn from_local(calendar: &Calendar) -> io::Result<i64> {
    // SAFETY: tm is a plain structure for which all zeros is a valid value.
    let mut parts: libc::tm = unsafe { MaybeUninit::zeroed().assume_init() };
    parts.tm_year = calendar.year - 1900;
    parts.tm_mon = i32::from(calendar.month) - 1;
    parts.tm_mday = i32::from(calendar.day);
    parts.tm_hour = i32::from(calendar.hour);
    parts.tm_min = i32::from(calendar.minute);
    parts.tm_sec = i32::from(calendar.second);
    parts.tm_isdst = -1;
    // SAFETY: the pointer is to a live value of the right type.
    let seconds = unsafe { libc::mktime(&mut parts) };
    match seconds as i64 {
        // One second before 1970 is no time that anybody means.
        -1 => Err(io::ErrorKind::InvalidInput.into()),
        seconds => Ok(seconds),
    }
}
