//! boot_count - offer failsafe mode after boots that did not come to a good end.
//!
//! Off unless the image or the kernel's command line (`failsafe.auto=N`) says how many are too
//! many. See `src/boot/attempts.rs` for where the count is kept, and why there.

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::attempts::{self, Memory};
use safebox::boot::words;
use safebox::error::{At, Error, Exit, Result};
use safebox::health::crash;
use safebox::proc::background;
use safebox::sys::process::{self, Fork};
use safebox::sys::{mount, signal};
use std::ffi::OsString;
use std::time::Duration;

pub static APPLET: Applet = Applet {
    names: &["boot_count"],
    dir: Dir::Sbin,
    run,
};

/// Count the boots that do not come to a good end; status 1 where nothing is to be done.
///
/// add: one more has been begun; clear: this one is good; reached: whether there were too
/// many, looked for in a data partition that is not mounted yet.
#[derive(FromArgs, ArgsInfo)]
#[argh(example = "boot_count -n 3 reached && echo failsafe")]
struct Options {
    /// how many boots in a row are too many (0 if not given: nothing is counted)
    #[argh(option, short = 'n', default = "0")]
    limit: u16,
    /// add, clear or reached
    #[argh(positional)]
    command: String,
}

/// A data partition that does not come up in this time is none.
const PATIENCE: Duration = Duration::from_secs(30);

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    let command_line = ctx.sys.machine().command_line().unwrap_or_default();
    let limit = words::number(&command_line, "failsafe.auto").unwrap_or(options.limit);
    let file = ctx.path(attempts::FILE);
    let data = file
        .parent()
        .is_some_and(|folder| folder.join("upper").is_dir());
    if limit > 0
        && let Some(memory) = Memory::find(&ctx.root)
        && let Some(done) = in_memory(ctx, &memory, &options.command, limit)
    {
        return done;
    }
    match options.command.as_str() {
        // Where it was counted once, it is cleared, whatever is asked now.
        "clear" => attempts::clear(&file).at("remove", attempts::FILE)?,
        _ if limit == 0 => return Ok(Exit::FAILED),
        "reached" => return reached(ctx, limit),
        "add" if data => attempts::add(&file).at("write", attempts::FILE)?,
        "add" => return Ok(Exit::FAILED),
        other => return Err(Error::message(format!("no command '{other}'; see --help"))),
    }
    Ok(Exit::OK)
}

/// Does the same where the device has memory for it; None: the command is none.
fn in_memory(ctx: &mut Ctx, memory: &Memory, command: &str, limit: u16) -> Option<Result<Exit>> {
    // Where it cannot be mounted nothing has survived.
    let _ = crash::mount(ctx.sys);
    let count = memory.read();
    let (left, exit) = match command {
        "add" => (count.saturating_add(1), Exit::OK),
        "clear" => (0, Exit::OK),
        // Once: whoever leaves failsafe mode as it was may want to see the boot fail.
        "reached" if count >= limit => (0, Exit::OK),
        // What has survived does so only once.
        "reached" => (count, Exit::FAILED),
        _ => return None,
    };
    let left = memory.leave(left).at("leave", "the count");
    Some(left.map(|()| exit))
}

/// Looks in a process with mounts of its own: what it mounts ends with it. One that hangs in
/// the kernel for ever is left behind.
fn reached(ctx: &mut Ctx, limit: u16) -> Result<Exit> {
    match process::fork().at("start", "a process")? {
        Fork::Parent(child) => {
            let answer = process::wait_for_at_most(child, PATIENCE).at("wait for", "the look")?;
            Ok(if answer == Some(0) {
                Exit::OK
            } else {
                Exit::FAILED
            })
        }
        Fork::Child => {
            signal::set_defaults();
            process::exit_now(look(ctx, limit).unwrap_or(Exit::FAILED).0)
        }
    }
}

fn look(ctx: &mut Ctx, limit: u16) -> Result<Exit> {
    background::detach().at("leave", "the terminal")?;
    mount::own_table().at("leave", "the mounts")?;
    let Some(mount_root) = ctx.applets.find(b"mount_root") else {
        return Ok(Exit::FAILED);
    };
    let argv: Vec<OsString> = vec!["mount_root".into(), "start".into()];
    ctx.applets.run(mount_root, &argv, ctx.sys);
    let file = ctx.path(attempts::FILE);
    if attempts::read(&file) < limit {
        return Ok(Exit::FAILED);
    }
    // Once: whoever leaves failsafe mode as it was may want to see the boot fail.
    attempts::clear(&file).at("remove", attempts::FILE)?;
    ctx.sys.machine().sync();
    Ok(Exit::OK)
}
