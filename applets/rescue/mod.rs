//! rescue - what is broken here, and guided ways to repair it.
//!
//! For the person in a failsafe session who does not know the commands. Looking changes
//! nothing; whatever destroys shows what it will do and asks, with No as the default. On a
//! terminal there is a menu, elsewhere only the report: status 0 when nothing needs attention.

mod guide;
mod menu;
mod report;

use guide::Guide;
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Error, Exit, Result};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

pub static APPLET: Applet = Applet {
    names: &["rescue"],
    dir: Dir::Sbin,
    run,
};

const USAGE: &str = "\
Usage: rescue [-ny] [-R DIR] [ACTION [ARG]]

Show what is broken here and help to repair it. Without ACTION: the report, and on a
terminal a menu. Exit status of the report: 1 if something needs attention.

  -n                show what would be done, change nothing
  -y                do not ask
  -R DIR            look at the files below DIR instead of the running system

Actions:
  status            the report
  mount             mount the settings
  address [ADDR[/BITS]]  show or set the LAN address
  password          set root's password
  restore [FILE]    put the firmware's FILE in place, keep yours as FILE.bad
  log               the end of the last boot's log
  backup            send the settings to the PC (to a pipe: print them)
  flash [FROM]      install firmware from a file or from a PC's address
  reset             erase all settings
  reboot            leave failsafe mode

Examples: rescue status
          rescue address 192.168.1.1/24
          rescue restore network
          rescue flash /tmp/nxtfw.bin
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let live = opts.value("R").is_none();
    if let Some(root) = opts.value("R") {
        ctx.root = PathBuf::from(root);
    }
    let words = opts.between(USAGE, 0, 2)?;
    let is_terminal = |stream| rustix::termios::isatty(stream);
    let mut guide = Guide {
        ctx,
        dry_run: opts.has("n"),
        yes: opts.has("y"),
        live,
        interactive: is_terminal(rustix::stdio::stdin()) && is_terminal(rustix::stdio::stdout()),
    };
    let Some(action) = words.first() else {
        return match guide.interactive {
            true => menu::run(&mut guide),
            false => Ok(guide.status()),
        };
    };
    let argument = words.get(1).map(|word| word.as_os_str());
    perform(&mut guide, action, argument)
}

/// Does what a word of the command line, or a number of the menu, stands for.
fn perform(guide: &mut Guide, action: &OsStr, argument: Option<&OsStr>) -> Result<Exit> {
    match (action.as_bytes(), argument) {
        (b"address", argument) => guide.address(argument),
        (b"restore", argument) => guide.restore(argument),
        (b"flash", argument) => guide.flash(argument),
        (b"status", None) => Ok(guide.status()),
        (b"mount", None) => guide.mount(),
        (b"password", None) => guide.password(),
        (b"log", None) => guide.log(),
        (b"backup", None) => guide.backup(),
        (b"reset", None) => guide.reset(),
        (b"reboot", None) => guide.reboot(),
        _ => Err(Error::Usage {
            complaint: format!(
                "{}: no such action, or a word too many",
                action.to_string_lossy()
            ),
            usage: USAGE.into(),
            exit: Exit::FAILED,
        }),
    }
}
