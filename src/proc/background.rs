//! Helpers in the background of which there is one at a time, each known by a file that it
//! keeps locked and that holds its number.
//!
//! The lock and not the number says whether it lives: it goes with the process however that
//! ends, so no number of a process long gone is ever signalled.

use crate::sys::process;
use crate::sys::signal::{self, numbers};
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a helper may take to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks whether it has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// The right to be the helper, until it is dropped in every process that has it.
pub struct Place(OwnedFd);

impl Place {
    /// Takes the place; None if somebody has it already.
    pub fn take(path: &Path) -> io::Result<Option<Place>> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::from_raw_mode(0o644))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Place(file))),
            Err(rustix::io::Errno::AGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes down that this process is the helper: after the fork that made it one.
    pub fn settle(&self) -> io::Result<()> {
        rustix::fs::ftruncate(&self.0, 0)?;
        let text = format!("{}\n", process::own_id());
        rustix::io::pwrite(&self.0, text.as_bytes(), 0)?;
        Ok(())
    }
}

/// Ends the helper if there is one, and waits until it is gone.
pub fn end(path: &Path) -> io::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let start = Instant::now();
    while Place::take(path)?.is_none() {
        let late = start.elapsed() > PATIENCE;
        let how = if late { numbers::KILL } else { numbers::TERM };
        // Empty: it has just been born, and will have written when we look again.
        let text = std::fs::read_to_string(path)?;
        match text.trim().parse::<i32>() {
            // Gone meanwhile, or not ours: the lock tells.
            Ok(helper) if helper > 1 => drop(signal::send(helper, how)),
            _ if late => return Err(io::ErrorKind::TimedOut.into()),
            _ => {}
        }
        if start.elapsed() > 2 * PATIENCE {
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(PAUSE);
    }
    std::fs::remove_file(path)
}

/// Leaves terminal, session and directory of whoever started this process behind.
pub fn detach() -> io::Result<()> {
    rustix::process::setsid()?;
    let null = std::fs::File::options()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    std::env::set_current_dir("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_taken_once_and_free_afterwards() {
        let path = std::env::temp_dir().join(format!("safebox-place-{}", process::own_id()));
        let place = Place::take(&path).unwrap().unwrap();
        assert!(Place::take(&path).unwrap().is_none());
        drop(place);
        assert!(Place::take(&path).unwrap().is_some());
        // Nobody has it: nobody is ended, and the file goes.
        std::fs::write(&path, "1\n").unwrap();
        end(&path).unwrap();
        assert!(!path.exists());
        end(&path).unwrap();
    }
}
