//! Which terminals are consoles, and what a session on one needs.
//!
//! The kernel lists its consoles in `/sys/class/tty/console/active`, the main one last.
//! Names without a device node are skipped; without the list there is `/dev/console`.

use crate::sys::tty;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// The active consoles below `root`, as names in its `/dev`.
pub fn active(root: &Path) -> Vec<String> {
    let list = std::fs::read_to_string(root.join("sys/class/tty/console/active"));
    let is_device = |name: &String| {
        let meta = std::fs::metadata(root.join("dev").join(name));
        meta.is_ok_and(|meta| meta.file_type().is_char_device())
    };
    let mut names: Vec<String> = list
        .unwrap_or_default()
        .split_ascii_whitespace()
        .map(str::to_owned)
        .filter(is_device)
        .collect();
    if names.is_empty() {
        names.push("console".to_owned());
    }
    names
}

/// What `TERM` says on this terminal: `linux` on the screen, `vt102` on serial lines.
pub fn term(name: &str) -> &'static str {
    let is_screen = |rest: &str| rest.bytes().all(|b| b.is_ascii_digit());
    match name {
        "console" => "linux",
        _ if name.strip_prefix("tty").is_some_and(is_screen) => "linux",
        _ => "vt102",
    }
}

/// The device of a terminal.
pub fn device(name: &str) -> PathBuf {
    Path::new("/dev").join(name)
}

/// Makes this process the leader of a session on the terminal: its streams, Ctrl-C, jobs.
///
/// # Errors
/// When the terminal cannot be opened. A terminal that refuses to be controlling still
/// gives a working shell, so that is no error.
pub fn enter_session(name: &str) -> io::Result<()> {
    // A process that leads a session already keeps it.
    let _ = tty::new_session();
    let fd = tty::open(&device(name))?;
    // Without control there is no Ctrl-C, but there is a shell.
    let _ = tty::control(&fd);
    tty::become_standard_streams(&fd)
}

/// The environment of a root shell on a console, complete.
pub fn environment(name: &str) -> [(&'static str, &'static str); 6] {
    [
        ("USER", "root"),
        ("LOGNAME", "root"),
        ("HOME", "/root"),
        ("SHELL", "/bin/ash"),
        ("TERM", term(name)),
        ("PATH", super::PATH),
    ]
}

#[test]
fn serial_lines_are_vt102() {
    assert_eq!(term("ttyS0"), "vt102");
    assert_eq!(term("tty1"), "linux");
    assert_eq!(term("tty"), "linux");
    assert_eq!(term("console"), "linux");
    assert_eq!(term("hvc0"), "vt102");
}
