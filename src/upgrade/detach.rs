//! The process that upgrades: a copy in RAM, in a session of its own.
//!
//! The caller's session may end at any moment (its server runs from the flash that is being
//! overwritten), its terminal may stop reading, its user may press Ctrl-C. None of that may
//! stop a write, so the signals are ignored and nothing ever waits for a terminal. The
//! pages of the program that everybody runs, process 1 too, are held in memory.

use super::Error;
use crate::sys::process::{self, Fork};
use crate::sys::{job, memory, signal, tty};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the copy lies, below the root.
pub const COPY: &str = "tmp/safebox";
/// Where everything is written down that is told meanwhile.
pub const LOG: &str = "tmp/flash.log";
/// The running program.
const SELF: &str = "/proc/self/exe";

/// Bytes of the running program.
pub fn program_size() -> u64 {
    fs::metadata(SELF).map_or(4 << 20, |meta| meta.len())
}

/// Runs a copy of this program with these arguments (the first is its name), detached;
/// gives its status when it ends, should it end before the machine does. Without a copy it is
/// this program as it is, which [`settle`] holds in memory, too.
pub fn run(root: &Path, argv: &[OsString], copied: bool) -> Result<u8, Error> {
    let mut copy = root.join(COPY);
    // A copy that still runs cannot be written to, but it can be replaced.
    let _ = fs::remove_file(&copy);
    match copied {
        true => drop(fs::copy(SELF, &copy).map_err(Error::io("copy the program to", &copy))?),
        false => copy = SELF.into(),
    }
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
/// process 1 and of the caller, with their libraries. Process 1 must go on, since it feeds the
/// watchdog.
pub fn settle() -> Result<(), Error> {
    ignore_signals();
    // Whoever else has to go where memory is little; without a kernel that kills it is no file.
    let _ = fs::write("/proc/self/oom_score_adj", "-1000");
    memory::lock_all().map_err(Error::io("hold in memory", SELF))?;
    hold_programs(caller())
}

fn caller() -> i32 {
    rustix::process::getppid().map_or(1, |pid| pid.as_raw_nonzero().get())
}

fn hold_programs(caller: i32) -> Result<(), Error> {
    for pid in [1, caller] {
        let path = format!("/proc/{pid}/exe");
        if let Ok(file) = File::open(&path) {
            memory::hold(&file).map_err(Error::io("hold in memory", path))?;
        }
        for library in libraries(pid) {
            let held = File::open(&library).and_then(|file| memory::hold(&file));
            held.map_err(Error::io("hold in memory", library))?;
        }
    }
    Ok(())
}

/// Files beside the program itself that a process runs code from.
fn libraries(pid: i32) -> BTreeSet<PathBuf> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    let code = maps.lines().filter(|line| line.contains("r-xp"));
    let paths = code.filter_map(|line| Some(PathBuf::from(&line[line.find('/')?..])));
    // One that was replaced meanwhile is held by nothing here.
    paths
        .filter(|path| *path != program && path.is_file())
        .collect()
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

/// Goes on holding what [`settle`] holds when this process ends: a child does, for ever. After
/// a failed write nobody could read these programs again from where they were.
pub fn keep_holding() {
    let caller = caller();
    if let Ok(Fork::Child) = process::fork() {
        // The caller's pipe or terminal is over when its other users are.
        (0..64).for_each(job::close);
        // What cannot be held may be in memory all the same.
        let _ = hold_programs(caller);
        loop {
            std::thread::sleep(Duration::from_secs(3600));
        }
    }
}

/// Who is told what happens; none of them can make us wait.
pub struct Audience {
    /// The caller's terminal or pipe.
    caller: Option<File>,
    /// Progress is drawn on a terminal; so many characters of it are there now.
    is_terminal: bool,
    drawn: usize,
    /// Whole lines only.
    others: Vec<File>,
    kernel: Option<File>,
}

impl Audience {
    /// The caller, every active console, the kernel's log and a file beside the copy.
    pub fn gather(root: &Path) -> Audience {
        let open = |path: &Path, create: bool| {
            let mut options = OpenOptions::new();
            let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
            options.append(true).create(create);
            let follow = if create { libc::O_NOFOLLOW } else { 0 };
            options.custom_flags(flags | follow).open(path).ok()
        };
        let device = |name: &str| open(&root.join("dev").join(name), false);
        let caller = open(Path::new("/proc/self/fd/2"), false);
        let number = |file: &File| file.metadata().map_or(0, |meta| meta.rdev());
        let active = root.join("sys/class/tty/console/active");
        let active = fs::read_to_string(active).unwrap_or_default();
        let mut consoles: Vec<File> = active.split_whitespace().filter_map(device).collect();
        if consoles.is_empty() {
            consoles.extend(device("console"));
        }
        if let Some(own) = caller.as_ref().map(number) {
            // `/dev/console` is another number for the last in this list.
            if own == rustix::fs::makedev(5, 1) {
                consoles.pop();
            }
            consoles.retain(|console| number(console) != own);
        }
        consoles.extend(open(&root.join(LOG), true));
        Audience {
            is_terminal: caller.as_ref().is_some_and(rustix::termios::isatty),
            drawn: 0,
            caller,
            others: consoles,
            kernel: device("kmsg"),
        }
    }

    /// Prints a line to all, or draws progress (see [`super::progress`]); who cannot take it
    /// misses it.
    pub fn tell(&mut self, text: &str) {
        let progress = text.strip_prefix('\r');
        let line = progress.unwrap_or(text);
        let whole = progress.is_none() || line.ends_with('\n');
        let line = line.trim_end();
        let width = self.drawn;
        let for_caller = match (self.is_terminal, progress) {
            (true, Some(_)) => {
                self.drawn = line.len();
                format!("\r{line:width$}")
            }
            (true, None) if width > 0 => {
                self.drawn = 0;
                format!("\r{:width$}\r{line}\n", "")
            }
            (false, Some(_)) if !whole => String::new(),
            _ => format!("{line}\n"),
        };
        // A terminal that is gone or full must not stop a write to flash, nor must a log.
        if let Some(caller) = &mut self.caller {
            let _ = caller.write_all(for_caller.as_bytes());
        }
        if !whole {
            return;
        }
        for file in &mut self.others {
            let _ = file.write_all(format!("{line}\n").as_bytes());
        }
        if let Some(kernel) = &mut self.kernel {
            // The lowest priority: the consoles have it already.
            let _ = kernel.write_all(format!("<15>sysupgrade: {line}\n").as_bytes());
        }
    }
}

#[test]
fn a_log_gets_every_line_and_of_the_progress_only_the_tenths() {
    let root = std::env::temp_dir().join(format!("safebox-{}-audience", std::process::id()));
    fs::create_dir_all(root.join("tmp")).unwrap();
    let mut audience = Audience::gather(&root);
    audience.caller = None;
    for text in [
        "Writing ...",
        "\r   9%",
        "\r  10%\n",
        "\r  11%",
        "Upgrade completed",
    ] {
        audience.tell(text);
    }
    let log = fs::read_to_string(root.join(LOG)).unwrap();
    assert_eq!(log, "Writing ...\n  10%\nUpgrade completed\n");
    // What somebody has put there is not written through.
    fs::remove_file(root.join(LOG)).unwrap();
    std::os::unix::fs::symlink("other", root.join(LOG)).unwrap();
    assert!(Audience::gather(&root).others.is_empty());
    fs::remove_dir_all(root).unwrap();
}
