//! What an applet is, what it is given, and how it is found by name.

use crate::error::{Error, Exit, Result};
use crate::opts::{self, Opts, Order};
use crate::output::Output;
use crate::sys::System;
use argh::{ArgsInfo, FromArgs};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The directory of an image that holds an applet's link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dir {
    /// `/bin`
    Bin,
    /// `/sbin`
    Sbin,
    /// `/usr/bin`
    UsrBin,
    /// `/usr/sbin`
    UsrSbin,
    /// `/usr/libexec`: run by other programs, not by people
    UsrLibexec,
}

impl Dir {
    /// The directory below the root, without the leading slash.
    pub fn path(self) -> &'static str {
        match self {
            Dir::Bin => "bin",
            Dir::Sbin => "sbin",
            Dir::UsrBin => "usr/bin",
            Dir::UsrSbin => "usr/sbin",
            Dir::UsrLibexec => "usr/libexec",
        }
    }
}

/// One command of the multi-call binary.
pub struct Applet {
    /// Every name it answers to, the usual one first.
    pub names: &'static [&'static str],
    /// Where the links of its names lie.
    pub dir: Dir,
    /// Does the work; errors are printed by [`Applets::run`].
    pub run: fn(&mut Ctx<'_>) -> Result<Exit>,
}

/// The applet table, handed down by the binary.
#[derive(Clone, Copy)]
pub struct Applets {
    /// All of them.
    pub table: &'static [&'static Applet],
    /// Names that the shell may run within itself: they end at once, whatever they are given,
    /// read neither standard input nor the environment, and leave nothing behind in the
    /// process.
    pub quick: &'static [&'static str],
    /// Names of which the same is true where they are given small files to read.
    pub quick_on_files: &'static [&'static str],
}

/// When the shell may run an applet within itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quickness {
    /// Whatever it is given.
    Always,
    /// Where it reads small files.
    OnFiles,
    /// It needs a process of its own.
    Never,
}

impl Applets {
    /// The applet with this name.
    pub fn find(self, name: &[u8]) -> Option<&'static Applet> {
        let answers = |applet: &&&Applet| applet.names.iter().any(|n| n.as_bytes() == name);
        self.table.iter().find(answers).copied()
    }

    /// Whether the shell may run this name of an applet within itself, and when.
    pub fn quickness(self, name: &[u8]) -> Quickness {
        let named = |names: &[&str]| names.iter().any(|quick| quick.as_bytes() == name);
        if named(self.quick) {
            return Quickness::Always;
        }
        match named(self.quick_on_files) {
            true => Quickness::OnFiles,
            false => Quickness::Never,
        }
    }

    /// Runs an applet on the process's own streams and reports its failure.
    ///
    /// `argv[0]` is the name it was called by, possibly with directories and a leading dash.
    pub fn run(self, applet: &Applet, argv: &[OsString], sys: &mut dyn System) -> Exit {
        let mut ctx = Ctx::new(self, argv, sys);
        let result = (applet.run)(&mut ctx);
        ctx.end(result)
    }
}

/// The name in `argv[0]`: without directories and without the dash of a login shell.
pub fn called_name(argv0: &OsStr) -> &OsStr {
    let bytes = argv0.as_bytes();
    let base = bytes.rsplit(|&b| b == b'/').next().unwrap_or(bytes);
    OsStr::from_bytes(base.strip_prefix(b"-").unwrap_or(base))
}

/// All that an applet may touch: its arguments, its streams, the table and the machine.
pub struct Ctx<'a> {
    /// `argv[0]` as given.
    pub argv0: OsString,
    /// The arguments after `argv[0]`.
    pub args: Vec<OsString>,
    /// Standard output, buffered; a lost write makes the exit status 1.
    pub out: Output,
    /// The table, for those that run other applets: the shell, `xargs`, `init`.
    pub applets: Applets,
    /// The machine: flash, mounts, reboot.
    pub sys: &'a mut dyn System,
    /// Where absolute paths of the device begin; `/` except in tests.
    pub root: PathBuf,
    complained: bool,
}

impl<'a> Ctx<'a> {
    /// A context on the standard streams of the process.
    pub fn new(applets: Applets, argv: &[OsString], sys: &'a mut dyn System) -> Ctx<'a> {
        let (argv0, args) = match argv.split_first() {
            Some((first, rest)) => (first.clone(), rest.to_vec()),
            None => (OsString::new(), Vec::new()),
        };
        Ctx {
            argv0,
            args,
            out: Output::new(rustix::stdio::stdout()),
            applets,
            sys,
            root: PathBuf::from("/"),
            complained: false,
        }
    }

    /// The applet's name as called, for messages.
    pub fn name(&self) -> String {
        called_name(&self.argv0).to_string_lossy().into_owned()
    }

    /// Options declared by the usage text, allowed after operands; usage errors end with 1.
    pub fn getopt(&self, usage: &'static str) -> Result<Opts> {
        opts::parse(usage, &self.args, Order::Anywhere, Exit::FAILED)
    }

    /// The same where the first operand ends the options.
    pub fn getopt_leading(&self, usage: &'static str) -> Result<Opts> {
        opts::parse(usage, &self.args, Order::Leading, Exit::FAILED)
    }

    /// Options declared by an argh struct; usage errors end with 1.
    pub fn options<T: FromArgs + ArgsInfo>(&self) -> Result<T> {
        opts::declared::parse(&self.name(), &self.args, Exit::FAILED)
    }

    /// Standard input as a file that is not closed when dropped.
    pub fn stdin(&self) -> ManuallyDrop<File> {
        borrowed(0)
    }

    /// A file to read; `-` is standard input.
    pub fn open(&self, path: &OsStr) -> std::io::Result<Source> {
        Ok(match path.as_bytes() {
            b"-" => Source::Standard(self.stdin()),
            _ => Source::Named(File::open(path)?),
        })
    }

    /// An absolute path of the device, below [`Ctx::root`].
    pub fn path(&self, absolute: impl AsRef<Path>) -> PathBuf {
        let absolute = absolute.as_ref();
        self.root
            .join(absolute.strip_prefix("/").unwrap_or(absolute))
    }

    /// Prints `name: text` on standard error, after what is pending on standard output.
    pub fn say(&mut self, text: impl std::fmt::Display) {
        let line = format!("{}: {text}\n", self.name());
        self.tell(line);
    }

    /// Prints text as it is on standard error, after what is pending on standard output.
    pub fn tell(&mut self, text: impl AsRef<[u8]>) {
        // A failure of standard output is reported at the end, one of standard error nowhere.
        let _ = self.out.flush();
        let _ = borrowed(2).write_all(text.as_ref());
    }

    /// Reports a failure and goes on: [`Ctx::status`] will be 1.
    pub fn complain(&mut self, error: impl Into<Error>) {
        self.say(error.into());
        self.complained = true;
    }

    /// 1 if anything was complained about, else 0.
    pub fn status(&self) -> Exit {
        if self.complained {
            Exit::FAILED
        } else {
            Exit::OK
        }
    }

    /// Whether standard error is a terminal: progress is shown only then.
    pub fn shows_progress(&self) -> bool {
        rustix::termios::isatty(rustix::stdio::stderr())
    }

    /// Prints the error of a finished applet, sends the rest of its output, gives its status.
    pub fn end(&mut self, result: Result<Exit>) -> Exit {
        let exit = match result {
            Ok(exit) => exit,
            Err(Error::Help(text)) => {
                self.out.put(text.as_bytes());
                Exit::OK
            }
            Err(Error::Usage {
                complaint,
                usage,
                exit,
            }) => {
                if !complaint.is_empty() {
                    self.say(complaint);
                }
                self.tell(usage);
                exit
            }
            Err(error) => {
                self.say(&error);
                error.exit()
            }
        };
        match self.out.finish() {
            Err(error) => {
                self.say(format_args!(
                    "write error: {}",
                    crate::error::reason(&error)
                ));
                if exit == Exit::OK { Exit::FAILED } else { exit }
            }
            Ok(()) => exit,
        }
    }
}

/// What [`Ctx::open`] gives: a file, or standard input that stays open.
pub enum Source {
    /// Standard input.
    Standard(ManuallyDrop<File>),
    /// A file by name.
    Named(File),
}

impl std::ops::Deref for Source {
    type Target = File;

    fn deref(&self) -> &File {
        match self {
            Source::Standard(file) => file,
            Source::Named(file) => file,
        }
    }
}

impl std::io::Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        (&**self).read(buf)
    }
}

impl AsFd for Source {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        (**self).as_fd()
    }
}

/// A standard descriptor as a file that must not be closed.
fn borrowed(fd: RawFd) -> ManuallyDrop<File> {
    crate::sys::borrowed_file(fd)
}

/// The whole of `fn main`: finds the applet by `argv[0]` and runs it.
pub fn main(applets: Applets, argv: &[OsString]) -> Exit {
    dispatch(applets, argv, &mut crate::sys::Linux::default())
}

/// Runs the applet that `argv[0]` names; 127 and a message where there is none.
///
/// A binary under a name of no applet at all (a test build, a renamed copy) is the
/// multi-call binary itself when it is called by a path or by the loader.
pub fn dispatch(applets: Applets, argv: &[OsString], sys: &mut dyn System) -> Exit {
    let name = argv
        .first()
        .map(|argv0| called_name(argv0))
        .unwrap_or_default();
    match applets.find(name.as_bytes()) {
        Some(applet) => {
            crate::sys::process::set_name(name);
            applets.run(applet, argv, sys)
        }
        None => {
            let line = format!("{}: applet not found\n", name.to_string_lossy());
            // Nothing can be done about a standard error that is gone.
            let _ = borrowed(2).write_all(line.as_bytes());
            Exit::NOT_FOUND
        }
    }
}
