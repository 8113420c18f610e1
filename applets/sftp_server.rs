//! sftp-server - serve files to an sftp client on standard input and output.
//!
//! The ssh server of this binary does the same within itself; this is for others' servers,
//! and for `sftp -D`.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::mode;
use safebox::ssh::sftp::Server;
use safebox::sys::signal::{self, numbers};
use std::io::{ErrorKind, Read, Write};

pub static APPLET: Applet = Applet {
    names: &["sftp-server"],
    dir: Dir::UsrLibexec,
    run,
};

const USAGE: &str = "\
Usage: sftp-server [-R] [-d DIR] [-u UMASK]

Serve files to the sftp client on standard input and output.

  -R                change nothing
  -d DIR            relative paths begin in DIR
  -u UMASK          mode bits that new files do not get, octal
  -e                accepted and ignored, like the next two
  -l LEVEL
  -f FACILITY

Example: sftp -D '/usr/libexec/sftp-server -R'
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    opts.between(USAGE, 0, 0)?;
    let _ignored = (opts.has("e"), opts.has("l"), opts.has("f"));
    if let Some(text) = opts.value("u") {
        let mask = mode::octal(text.as_encoded_bytes())
            .ok_or_else(|| Error::message(format!("bad mask '{}'", text.to_string_lossy())))?;
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask));
    }
    if let Some(dir) = opts.value("d") {
        std::env::set_current_dir(dir).at("change to", dir)?;
    }
    // A file that reaches a limit of the process is an error, not the end.
    signal::ignore(numbers::XFSZ);
    let start = std::env::current_dir().unwrap_or_else(|_| "/".into());
    let mut server = Server::new(start, opts.has("R"));
    let mut input = vec![0; 64 * 1024];
    let mut output = Vec::new();
    loop {
        let count = match ctx.stdin().read(&mut input) {
            Ok(0) => return Ok(Exit::OK),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).at("read", "standard input"),
        };
        let mut fed = &input[..count];
        loop {
            let fatal = server.feed(fed, &mut output).err();
            fed = &[];
            ctx.out.put(&output);
            output.clear();
            // What is lost is said at the end; nobody waits for the rest then.
            let gone = ctx.out.flush().is_err();
            if let Some(fatal) = fatal {
                return Err(Error::message(fatal.to_string()));
            }
            if gone {
                return Ok(Exit::FAILED);
            }
            if !server.is_behind() {
                break;
            }
        }
    }
}
