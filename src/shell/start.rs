//! From the command line to a running shell: `sh -c`, `sh FILE`, `sh -l`, a terminal.

use super::Shell;
use super::error::Flow;
use super::fields::Fields;
use super::input::{Descriptor, Text};
use super::operands::Table;
use super::params::Params;
use crate::applet::Applets;
use crate::sys::job;
use rustix::fs::{Mode, OFlags};
use std::ffi::{OsStr, OsString};
use std::os::fd::IntoRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What the command line asks for.
enum Task {
    /// `-c text [name [argument...]]`
    Command(Vec<u8>),
    /// `file [argument...]`
    File(OsString),
    /// Standard input.
    Input,
}

/// Runs a shell to its end; the exit status. `operands`: what Tab offers behind applets.
pub fn main(applets: Applets, operands: Table, argv0: &OsStr, args: &[OsString]) -> i32 {
    let mut shell = Shell::new(applets, argv0.as_bytes());
    shell.operands = operands;
    let mut login = argv0.as_bytes().first() == Some(&b'-');
    let task = match shell.read_arguments(args, &mut login) {
        Ok(task) => task,
        Err(status) => return status,
    };
    let terminal = |fd| rustix::termios::isatty(&*crate::sys::borrowed_file(fd));
    if matches!(task, Task::Input) && terminal(0) && terminal(2) {
        shell.options.interactive = true;
    }
    if shell.options.interactive {
        if matches!(task, Task::Input) {
            shell.greet();
        }
        shell.become_interactive();
    }
    if login {
        shell.read_profile();
    }
    if shell.options.interactive {
        shell.read_env_file();
    }
    match task {
        Task::Command(text) => {
            shell.options.command = true;
            let mut parser = shell.parser(Box::new(Text::new(text)));
            let result = shell.run_source(&mut parser, true);
            shell.end(result)
        }
        Task::File(path) => {
            let args = shell.params.iter().collect();
            shell.run_file(Path::new(&path), args)
        }
        Task::Input if shell.options.interactive => shell.interact(),
        Task::Input => {
            shell.options.stdin = true;
            let mut parser = shell.parser(Box::new(Descriptor::shared(0)));
            let result = shell.run_source(&mut parser, false);
            shell.end(result)
        }
    }
}

impl Shell {
    /// Takes the environment's variables as exported ones.
    pub(super) fn import_environment(&mut self) {
        for (name, value) in std::env::vars_os() {
            let name = name.as_bytes();
            if !super::lexer::is_name(name) || matches!(name, b"IFS" | b"OPTIND" | b"LINENO") {
                continue;
            }
            // A fresh shell has no read-only variables.
            let _ = self.vars.set(name, value.as_bytes());
            self.vars.mark(name, |var| var.exported = true);
        }
        let parent = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
        let name = rustix::system::uname();
        let defaults: [(&[u8], Vec<u8>); 6] = [
            (b"PATH", super::launch::STANDARD_PATH.into()),
            (b"PS1", b"\\w \\$ ".to_vec()),
            (b"PS2", b"> ".to_vec()),
            (b"PS4", b"+ ".to_vec()),
            (b"HOSTNAME", name.nodename().to_bytes().to_vec()),
            (b"PPID", parent.to_string().into_bytes()),
        ];
        for (name, value) in defaults {
            if name == b"PPID" || self.vars.get(name).is_none() {
                // A fresh shell has no read-only variables.
                let _ = self.vars.set(name, &value);
            }
        }
        self.find_directory();
    }

    fn read_arguments(&mut self, args: &[OsString], login: &mut bool) -> Result<Task, i32> {
        let mut command = false;
        let mut rest = args.iter().map(|arg| arg.as_bytes());
        let mut operands = rest.clone();
        while let Some(arg) = rest.next() {
            match arg {
                b"--login" => *login = true,
                b"--help" => {
                    self.put(HELP.as_bytes());
                    self.flush();
                    return Err(0);
                }
                b"--" | b"-" => {
                    operands = rest.clone();
                    break;
                }
                [sign @ (b'-' | b'+'), letters @ ..] if !letters.is_empty() => {
                    for &letter in letters {
                        match letter {
                            b'c' if *sign == b'-' => command = true,
                            b'l' if *sign == b'-' => *login = true,
                            b'o' => {
                                let name = rest.next().unwrap_or_default();
                                self.set_named(name, *sign == b'-')?;
                            }
                            _ => self.set_letter(letter, *sign == b'-')?,
                        }
                    }
                }
                _ => break,
            }
            operands = rest.clone();
        }
        let task = self.task(command, &mut operands)?;
        self.params = Params::new(operands.collect(), 0);
        Ok(task)
    }

    fn task<'a>(
        &mut self,
        command: bool,
        operands: &mut impl Iterator<Item = &'a [u8]>,
    ) -> Result<Task, i32> {
        if command {
            let Some(text) = operands.next() else {
                self.complain("-c requires an argument");
                return Err(2);
            };
            if let Some(name) = operands.next() {
                self.arg0 = name.to_vec();
                self.script = true;
            }
            return Ok(Task::Command(text.to_vec()));
        }
        if self.options.stdin {
            return Ok(Task::Input);
        }
        Ok(match operands.next() {
            Some(file) => Task::File(OsStr::from_bytes(file).to_owned()),
            None => Task::Input,
        })
    }

    fn set_letter(&mut self, letter: u8, on: bool) -> Result<(), i32> {
        match self.options.by_letter(letter) {
            Some(switch) => *switch = on,
            None => {
                let letter = char::from(letter);
                self.complain(format_args!("illegal option -{letter}"));
                return Err(2);
            }
        }
        self.vars.export_all = self.options.allexport;
        Ok(())
    }

    fn set_named(&mut self, name: &[u8], on: bool) -> Result<(), i32> {
        match self.options.by_name(name) {
            Some(switch) => *switch = on,
            None => {
                let name = String::from_utf8_lossy(name).into_owned();
                self.complain(format_args!("illegal option -o {name}"));
                return Err(2);
            }
        }
        Ok(())
    }

    /// Runs a script to its end; the exit status.
    pub(super) fn run_file(&mut self, path: &Path, args: Fields) -> i32 {
        let fd = match open_script(path) {
            Ok(fd) => fd,
            Err(error) => {
                let reason = crate::error::reason(&error);
                self.complain(format_args!("can't open '{}': {reason}", path.display()));
                return 2;
            }
        };
        if is_program(fd) {
            self.complain(format_args!("{}: Exec format error", path.display()));
            return 126;
        }
        let fd = self.keep_internal(fd);
        self.arg0 = path.as_os_str().as_bytes().to_vec();
        self.params = Params::new(args, 0);
        self.script = true;
        let mut parser = self.parser(Box::new(Descriptor::own(fd)));
        let result = self.run_source(&mut parser, false);
        self.end(result)
    }

    /// The status that a finished source leaves, after the EXIT trap.
    pub(super) fn end(&mut self, result: super::error::Run) -> i32 {
        if result == Err(Flow::Error) && self.status == 0 {
            self.status = 2;
        }
        self.exit_status()
    }
}

/// Whether a file is a program, of another processor perhaps, and no script.
fn is_program(fd: i32) -> bool {
    let mut magic = [0; 4];
    let read = rustix::io::pread(&*crate::sys::borrowed_file(fd), &mut magic, 0);
    read.is_ok() && magic == *b"\x7fELF"
}

/// Opens a script on a descriptor that scripts do not use themselves.
pub(super) fn open_script(path: &Path) -> std::io::Result<i32> {
    let fd = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let kind = rustix::fs::fstat(&fd)?.st_mode;
    if rustix::fs::FileType::from_raw_mode(kind) == rustix::fs::FileType::Directory {
        return Err(rustix::io::Errno::ISDIR.into());
    }
    let low = fd.into_raw_fd();
    let high = super::redirect::copy_high(low);
    match high {
        Ok(high) => {
            job::close(low);
            Ok(high)
        }
        Err(_) => Ok(low),
    }
}

const HELP: &str = "\
Usage: sh [-l] [-aefnuvxCE] [-o OPTION] [-c COMMAND [NAME [ARGUMENT]...] | FILE [ARGUMENT]...]

A POSIX shell with the manners of ash.

  -c                run COMMAND; NAME is its $0
  -l, --login       read /etc/profile and ~/.profile first
  -s                read commands from standard input
  -i                interactive
  -e                end at the first command that fails
  -u                expanding an unset variable is an error
  -x                show commands before they run
  -n                check the syntax and run nothing
  -o OPTION         switch on an option by name: see set -o

Example: sh -c 'for i in 1 2 3; do echo $i; done'
";
