//! awk - patterns and actions over the lines of files.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::awk::{self, Settings, Wait, World};
use safebox::error::{At, Error, Exit, Result};
use safebox::opts::{self, Order};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};

pub static APPLET: Applet = Applet {
    names: &["awk"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: awk [-F SEP] [-v NAME=VALUE]... [-e PROGRAM|-f FILE]... [PROGRAM] [FILE|NAME=VALUE]...

Run a program of patterns and actions over the lines of FILEs, or of standard input.

  -F SEP            fields are separated by SEP
  -v NAME=VALUE     begin with this value of a variable
  -f FILE           the program is in FILE; several are joined as lines
  -e PROGRAM        the same on the command line

Example: awk -F: '$3 >= 1000 { print $1 }' /etc/passwd
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = opts::parse(USAGE, &ctx.args, Order::Leading, Exit::USAGE)?;
    let mut operands = opts.operands.iter();
    let mut program = Vec::new();
    let mut variables = Vec::new();
    for (key, value) in opts.in_order() {
        let bytes = value.as_bytes();
        match key {
            "F" => variables.push((&b"FS"[..], awk::unescape(bytes))),
            "v" => {
                let Some(at) = memchr::memchr(b'=', bytes) else {
                    return Err(Error::Message("-v wants NAME=VALUE".into(), Exit::USAGE));
                };
                variables.push((&bytes[..at], awk::unescape(&bytes[at + 1..])));
            }
            "e" => {
                program.extend_from_slice(bytes);
                program.push(b'\n');
            }
            _ => {
                ctx.open(value)
                    .and_then(|mut file| file.read_to_end(&mut program))
                    .at("open", value)
                    .map_err(|error| Error::Message(error.to_string(), Exit::USAGE))?;
                program.push(b'\n');
            }
        }
    }
    if !opts.has("f") && !opts.has("e") {
        let Some(text) = operands.next() else {
            return Err(Error::Usage {
                complaint: String::new(),
                usage: USAGE.into(),
                exit: Exit::USAGE,
            });
        };
        program.extend_from_slice(text.as_bytes());
    }
    let program = awk::parse(&program)?;
    let environment: Vec<_> = std::env::vars_os().collect();
    let environment = environment
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let operands = operands.map(|operand| operand.as_bytes());
    let settings = Settings {
        arguments: [&b"awk"[..]].into_iter().chain(operands).collect(),
        environment: environment.collect(),
        variables,
        limit: u64::MAX,
    };
    let status = awk::run(program, &settings, &mut Files { ctx })?;
    Ok(match ctx.out.failed() {
        true => Exit::USAGE,
        false => Exit(status),
    })
}

struct Files<'a, 'b> {
    ctx: &'a mut Ctx<'b>,
}

fn shell(command: &[u8]) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(OsStr::from_bytes(command));
    shell
}

/// The status as a number: that of exit, or 256 and the signal.
fn status(status: io::Result<ExitStatus>) -> f64 {
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => f64::from(code),
            (None, signal) => f64::from(256 + signal.unwrap_or(0)),
        },
        Err(_) => -1.0,
    }
}

fn waiting(mut child: Child) -> Wait {
    Box::new(move || status(child.wait()))
}

/// The other end of a pipe.
fn end<T>(pipe: Option<T>) -> io::Result<T> {
    pipe.ok_or_else(|| io::ErrorKind::BrokenPipe.into())
}

impl World for Files<'_, '_> {
    fn read(&mut self, name: &[u8]) -> io::Result<Box<dyn Read>> {
        let name = match name {
            b"/dev/stdin" => b"-",
            name => name,
        };
        let source = self.ctx.open(OsStr::from_bytes(name))?;
        Ok(Box::new(source))
    }

    fn write(&mut self, name: &[u8], append: bool) -> io::Result<Box<dyn Write>> {
        let mut options = File::options();
        options
            .create(true)
            .write(true)
            .append(append)
            .truncate(!append);
        Ok(Box::new(options.open(OsStr::from_bytes(name))?))
    }

    fn read_command(&mut self, command: &[u8]) -> io::Result<(Box<dyn Read>, Wait)> {
        let mut child = shell(command).stdout(Stdio::piped()).spawn()?;
        let output = end(child.stdout.take())?;
        Ok((Box::new(output), waiting(child)))
    }

    fn write_command(&mut self, command: &[u8]) -> io::Result<(Box<dyn Write>, Wait)> {
        let mut child = shell(command).stdin(Stdio::piped()).spawn()?;
        let input = end(child.stdin.take())?;
        Ok((Box::new(input), waiting(child)))
    }

    fn system(&mut self, command: &[u8]) -> f64 {
        status(shell(command).status())
    }

    fn put(&mut self, bytes: &[u8]) -> bool {
        self.ctx.out.put(bytes);
        !self.ctx.out.failed()
    }

    fn flush(&mut self) -> bool {
        // The failure is kept by `out`.
        let _ = self.ctx.out.flush();
        !self.ctx.out.failed()
    }

    fn complain(&mut self, name: &[u8], error: io::Error) {
        let name = std::ffi::OsString::from_vec(name.to_vec());
        if let Err(error) = Err::<(), _>(error).at("open", name) {
            self.ctx.say(error);
        }
    }

    fn now(&mut self) -> i64 {
        self.ctx.sys.machine().now()
    }
}
