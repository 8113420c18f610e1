//! Which program a name means, and becoming it.
//!
//! `PATH` always decides, so a script that puts its own `reboot` first gets it. Only when
//! what was found is our own binary is the applet run without exec: that saves the exec,
//! and it works where this binary cannot be executed by the kernel (under an emulator).

use crate::applet::{Applet, Applets, called_name};
use crate::error::{Error, Exit, Result, reason};
use crate::sys::System;
use crate::sys::process::{self, Fork, Pid};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What a command word turned out to be.
pub enum Program {
    /// A link to our own binary: this applet.
    Own(&'static Applet),
    /// A file to execute.
    File(PathBuf),
}

/// Finds the program for a command word; `path` is the value of `PATH`.
///
/// A word with a slash is the file itself. Without an executable file the first file found
/// that is not executable is given, so that exec can say why. None: no such file.
pub fn find(applets: Applets, word: &OsStr, path: &OsStr) -> Option<Program> {
    let file = if word.as_bytes().contains(&b'/') {
        PathBuf::from(word)
    } else {
        search(word, path)?
    };
    let Ok(meta) = std::fs::metadata(&file) else {
        // A link that leads nowhere exists all the same.
        file.symlink_metadata().ok()?;
        return Some(Program::File(file));
    };
    if own_binary() == Some((meta.dev(), meta.ino()))
        && let Some(applet) = applets.find(called_name(file.as_os_str()).as_bytes())
    {
        return Some(Program::Own(applet));
    }
    Some(Program::File(file))
}

/// The first executable file called `word` in the directories of `path`.
pub fn search(word: &OsStr, path: &OsStr) -> Option<PathBuf> {
    let mut not_executable = None;
    for dir in path.as_bytes().split(|&b| b == b':') {
        let dir = if dir.is_empty() {
            OsStr::new(".")
        } else {
            OsStr::from_bytes(dir)
        };
        let file = Path::new(dir).join(word);
        if !std::fs::metadata(&file).is_ok_and(|meta| meta.is_file()) {
            continue;
        }
        if rustix::fs::access(&file, rustix::fs::Access::EXEC_OK).is_ok() {
            return Some(file);
        }
        not_executable.get_or_insert(file);
    }
    not_executable
}

/// Device and inode of the binary that is running.
fn own_binary() -> Option<(u64, u64)> {
    static OWN: OnceLock<Option<(u64, u64)>> = OnceLock::new();
    *OWN.get_or_init(|| {
        // The link is read and not followed by stat, since emulators imitate only the reading.
        let own = std::fs::read_link("/proc/self/exe").and_then(std::fs::metadata);
        own.map(|own| (own.dev(), own.ino())).ok()
    })
}

/// Becomes the program that `argv[0]` names, with the environment of this process. The
/// process ends with the program; 127 when there is none, 126 when it cannot be executed.
pub fn become_program(applets: Applets, argv: &[OsString], sys: &mut dyn System) -> Error {
    let word = argv.first().cloned().unwrap_or_default();
    become_program_as(applets, &word, argv, sys)
}

/// The same where `argv[0]` is not the program's name: a login shell is called `-ash`.
pub fn become_program_as(
    applets: Applets,
    word: &OsStr,
    argv: &[OsString],
    sys: &mut dyn System,
) -> Error {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/sbin:/usr/bin:/sbin:/bin".into());
    let failed = |text: &str, status| {
        Error::Message(
            format!("can't execute '{}': {text}", word.to_string_lossy()),
            Exit(status),
        )
    };
    match find(applets, word, &path) {
        None => failed("No such file or directory", 127),
        Some(Program::Own(applet)) => {
            process::set_name(called_name(word));
            process::exit_now(applets.run(applet, argv, sys).0)
        }
        Some(Program::File(file)) => {
            let env: Vec<OsString> = std::env::vars_os()
                .map(|(mut name, value)| {
                    name.push("=");
                    name.push(value);
                    name
                })
                .collect();
            let error = process::exec(&file, argv, &env);
            let status = if error.kind() == std::io::ErrorKind::NotFound {
                127
            } else {
                126
            };
            failed(&reason(&error), status)
        }
    }
}

/// Starts a program in a process of its own.
///
/// The caller waits for it with [`process::wait_for`]; failures to execute are reported by
/// the child, in the name of `caller`, with status 126 or 127.
pub fn spawn(
    applets: Applets,
    argv: &[OsString],
    sys: &mut dyn System,
    caller: &str,
) -> Result<Pid> {
    match process::fork().map_err(|error| Error::message(format!("fork: {}", reason(&error))))? {
        Fork::Parent(child) => Ok(child),
        Fork::Child => {
            let error = become_program(applets, argv, sys);
            let line = format!("{caller}: {error}\n");
            // Standard error may be gone; the status says enough.
            let _ = rustix::io::write(rustix::stdio::stderr(), line.as_bytes());
            process::exit_now(error.exit().0)
        }
    }
}
