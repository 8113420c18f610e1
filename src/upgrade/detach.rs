//! The process that upgrades: a copy in RAM, in a session of its own.
//!
//! The caller's session may end at any moment (its server runs from the flash that is being
//! overwritten), its terminal may stop reading, its user may press Ctrl-C. None of that may
//! stop a write, so the signals are ignored and nothing ever waits for a terminal. The
//! pages of the program that everybody runs, process 1 too, are held in memory.

use super::Error;
use crate::sys::process::{self, Fork};
use crate::sys::{memory, signal, tty};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Where the copy lies, below the root.
pub const COPY: &str = "tmp/safebox";
/// The running program.
const SELF: &str = "/proc/self/exe";

/// Bytes of the running program.
pub fn program_size() -> u64 {
    fs::metadata(SELF).map_or(4 << 20, |meta| meta.len())
}

/// Runs a copy of this program with these arguments (the first is its name), detached;
/// gives its status when it ends, should it end before the machine does.
pub fn run(root: &Path, argv: &[OsString]) -> Result<u8, Error> {
    let copy = root.join(COPY);
    // A copy that still runs cannot be written to, but it can be replaced.
    let _ = fs::remove_file(&copy);
    fs::copy(SELF, &copy).map_err(Error::io("copy the program to", &copy))?;
    let failed = Error::io("start", &copy);
    match process::fork().map_err(Error::io("start", &copy))? {
        Fork::Parent(child) => process::wait_for(child).map_err(failed),
        Fork::Child => {
            ignore_signals();
            // Without a session of its own it would still ignore the signals.
            let _ = tty::new_session();
            let env: Vec<OsString> = vec!["PATH=/usr/sbin:/usr/bin:/sbin:/bin".into()];
            let error = process::exec(&copy, argv, &env);
            let line = format!("sysupgrade: {}\n", failed(error));
            // The status tells as well.
            let _ = rustix::io::write(rustix::stdio::stderr(), line.as_bytes());
            process::exit_now(super::REFUSED.0)
        }
    }
}

/// Makes the running copy immune, and holds what everybody else runs: the programs of
/// process 1 and of the caller.
pub fn settle() -> Result<(), Error> {
    ignore_signals();
    memory::lock_all().map_err(Error::io("hold in memory", SELF))?;
    let caller = rustix::process::getppid().map_or(1, |pid| pid.as_raw_nonzero().get());
    for pid in [1, caller] {
        let path = format!("/proc/{pid}/exe");
        if let Ok(file) = File::open(&path) {
            memory::hold(&file).map_err(Error::io("hold in memory", path))?;
        }
    }
    Ok(())
}

fn ignore_signals() {
    for number in [
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGQUIT,
        libc::SIGTERM,
        libc::SIGPIPE,
        libc::SIGTSTP,
        libc::SIGTTOU,
    ] {
        signal::ignore(number);
    }
}

/// The caller's terminal and the console, neither of which can make us wait.
pub struct Audience(Vec<File>);

impl Audience {
    /// Whoever can be reached.
    pub fn gather() -> Audience {
        let open = |path: &str| {
            let mut options = OpenOptions::new();
            let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
            options.append(true).custom_flags(flags).open(path).ok()
        };
        let caller = open("/proc/self/fd/2");
        let number = |file: &File| file.metadata().map(|meta| meta.rdev()).ok();
        // `/dev/console` is another number for one of the terminals in this list.
        let active = fs::read_to_string("/sys/class/tty/console/active").unwrap_or_default();
        let console = active.split_whitespace().last().unwrap_or("console");
        let console = open(&format!("/dev/{console}")).or_else(|| open("/dev/console"));
        let same = match (&caller, &console) {
            (Some(a), Some(b)) => {
                let a = number(a);
                a == number(b) || a == Some(rustix::fs::makedev(5, 1))
            }
            _ => false,
        };
        let console = console.filter(|_| !same);
        Audience(caller.into_iter().chain(console).collect())
    }

    /// Prints a line to all; who cannot take it misses it.
    pub fn tell(&mut self, line: &str) {
        let line = format!("{line}\n");
        for file in &mut self.0 {
            // A terminal that is gone or full must not stop a write to flash.
            let _ = file.write_all(line.as_bytes());
        }
    }
}
