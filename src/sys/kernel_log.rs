//! The kernel's message buffer (syslog(2), which the C library calls klogctl).

use std::io;

/// SYSLOG_ACTION_* of linux/syslog.h.
const READ_ALL: i32 = 3;
const READ_CLEAR: i32 = 4;
const CONSOLE_LEVEL: i32 = 8;
const SIZE_BUFFER: i32 = 10;

/// The largest buffer that is believed, in bytes.
const LARGEST: usize = 16 << 20;

/// All messages, the last `limit` bytes of them if given; `clear` forgets them afterwards.
pub fn read(limit: Option<usize>, clear: bool) -> io::Result<Vec<u8>> {
    // SAFETY: this action takes no buffer.
    let size = unsafe { libc::klogctl(SIZE_BUFFER, std::ptr::null_mut(), 0) };
    let size = usize::try_from(size).unwrap_or(0).clamp(16 << 10, LARGEST);
    let mut buf = vec![0_u8; limit.unwrap_or(size).min(LARGEST)];
    let length = i32::try_from(buf.len()).unwrap_or(i32::MAX);
    let action = if clear { READ_CLEAR } else { READ_ALL };
    // SAFETY: the kernel writes at most `length` bytes into `buf`, which has as many.
    let count = unsafe { libc::klogctl(action, buf.as_mut_ptr().cast(), length) };
    buf.truncate(usize::try_from(count).map_err(|_| io::Error::last_os_error())?);
    Ok(buf)
}

/// Messages of levels below this one (1 to 8) are shown on the console.
pub fn set_console_level(level: i32) -> io::Result<()> {
    // SAFETY: this action takes no buffer; the length is its value.
    match unsafe { libc::klogctl(CONSOLE_LEVEL, std::ptr::null_mut(), level) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
