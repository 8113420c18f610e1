//! chroot - run a program with another directory as its root.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Error, Exit, Result, reason};
use safebox::proc::launch;

pub static APPLET: Applet = Applet {
    names: &["chroot"],
    dir: Dir::UsrSbin,
    run,
};

const USAGE: &str = "\
Usage: chroot NEW_ROOT [PROGRAM [ARGUMENT]...]

Run PROGRAM (the shell if none is given) with NEW_ROOT as its root directory.

Example: chroot /mnt /bin/sh -c 'passwd root'
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt_leading(USAGE)?;
    let Some((root, program)) = opts.operands.split_first() else {
        return Err(Error::Usage {
            complaint: String::new(),
            usage: USAGE.into(),
            exit: Exit::FAILED,
        });
    };
    if let Err(error) = rustix::process::chroot(root) {
        let (root, reason) = (root.to_string_lossy(), reason(&error.into()));
        let text = format!("can't change root directory to '{root}': {reason}");
        return Err(Error::message(text));
    }
    let entered = std::env::set_current_dir("/");
    entered
        .map_err(|error| Error::message(format!("can't enter the new root: {}", reason(&error))))?;
    let shell = std::env::var_os("SHELL").unwrap_or_else(|| "/bin/sh".into());
    let words = match program {
        [] => vec![shell, "-i".into()],
        _ => program.to_vec(),
    };
    Err(launch::become_program(ctx.applets, &words, ctx.sys))
}
