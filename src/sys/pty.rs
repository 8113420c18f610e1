//! Pseudo terminals: making one and living on it.

use super::tty;
use rustix::pty::OpenptFlags;
use rustix::termios::{self, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex, Winsize};
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// Both ends of a new pseudo terminal; closed on exec.
pub struct Pty {
    /// The end of whoever plays the user.
    pub master: OwnedFd,
    /// The end that programs see as their terminal.
    pub slave: OwnedFd,
    /// Path of the slave, `/dev/pts/N`.
    pub path: PathBuf,
}

/// Opens a pair with the modes of a fresh login line: echo, CR in becomes LF, LF out
/// becomes CR LF, tabs out become blanks.
pub fn open() -> io::Result<Pty> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = rustix::pty::openpt(flags)?;
    rustix::pty::grantpt(&master)?;
    rustix::pty::unlockpt(&master)?;
    let name = rustix::pty::ptsname(&master, Vec::new())?;
    let path = PathBuf::from(OsString::from_vec(name.into_bytes()));
    let slave = tty::open(&path)?;
    let mut modes = termios::tcgetattr(&slave)?;
    modes.local_modes |= LocalModes::ECHO;
    modes.input_modes |= termios::InputModes::ICRNL;
    modes.input_modes &= !termios::InputModes::IXOFF;
    modes.output_modes |= OutputModes::OPOST | OutputModes::ONLCR | OutputModes::XTABS;
    termios::tcsetattr(&slave, OptionalActions::Now, &modes)?;
    Ok(Pty {
        master,
        slave,
        path,
    })
}

/// Sets the size of the window; the foreground job gets SIGWINCH if it changed.
pub fn set_size(tty: impl AsFd, columns: u16, rows: u16) -> io::Result<()> {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    Ok(termios::tcsetwinsize(tty, size)?)
}

/// The byte that the terminal takes for a special key; None where it is switched off.
pub fn special(tty: impl AsFd, key: SpecialCodeIndex) -> Option<u8> {
    let byte = termios::tcgetattr(tty).ok()?.special_codes[key];
    (byte != 0).then_some(byte)
}

/// Makes `terminal` the controlling terminal and the standard streams of this process, which
/// becomes the leader of a new session. For a child just after fork.
pub fn live_on(terminal: OwnedFd) -> io::Result<()> {
    tty::new_session()?;
    tty::control(&terminal)?;
    tty::become_standard_streams(&terminal)
}
