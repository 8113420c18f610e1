//! lock - a lock between shell scripts, held by a process of its own.
//!
//! The holder's id is the file's content, so `-u` works from any script; when the holder is
//! killed, the kernel gives the lock free.

use rustix::fs::FlockOperation;
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::sys::process::{self, Fork};
use safebox::sys::signal::{self, numbers};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

pub static APPLET: Applet = Applet {
    names: &["lock"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: lock [-suwn] FILE

Wait for the lock on FILE and hold it until somebody says lock -u FILE.

  -s                share it with others who share it
  -u                give it up
  -w                only wait until it is free
  -n                do not wait: status 1 if somebody has it

Example: lock /tmp/run/my.lock; ...; lock -u /tmp/run/my.lock
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let [path] = &opts.operands[..] else {
        return Err(Error::Usage {
            complaint: String::new(),
            usage: USAGE.into(),
            exit: Exit::FAILED,
        });
    };
    if opts.has("u") {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if let Ok(holder) = text.trim().parse::<i32>()
            && holder > 1
        {
            // A holder that is gone holds nothing.
            let _ = signal::send(holder, numbers::TERM);
        }
        return Ok(Exit::OK);
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o700);
    let file = options.open(path).at("open", path)?;
    let operation = match (opts.has("s"), opts.has("n")) {
        (false, false) => FlockOperation::LockExclusive,
        (false, true) => FlockOperation::NonBlockingLockExclusive,
        (true, false) => FlockOperation::LockShared,
        (true, true) => FlockOperation::NonBlockingLockShared,
    };
    loop {
        match rustix::fs::flock(&file, operation) {
            Ok(()) => break,
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(Exit::FAILED),
            Err(error) => return Err(error).at("lock", path),
        }
    }
    if opts.has("w") {
        return Ok(Exit::OK);
    }
    match process::fork().at("", "fork")? {
        Fork::Child => hold(),
        Fork::Parent(holder) => note(file, holder.as_raw_nonzero().get()).at("write", path)?,
    }
    Ok(Exit::OK)
}

/// Holds the lock, which came with the fork, until a signal ends it; nobody's output waits
/// for this process.
fn hold() -> ! {
    if let Ok(null) = OpenOptions::new().read(true).write(true).open("/dev/null") {
        // The lock counts, not where messages go.
        let _ = safebox::sys::tty::become_standard_streams(null);
    }
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

fn note(mut file: File, holder: i32) -> std::io::Result<()> {
    file.set_len(0)?;
    file.write_all(format!("{holder}\n").as_bytes())
}
