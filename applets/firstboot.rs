//! firstboot - return the device to its factory state.
//!
//! A mounted overlay is flagged *pending* before the first file goes; an unmounted volume is
//! only marked. Either way `mount_root` finishes at the next boot, so a power cut here costs
//! time, never the device.

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Exit, Result};
use safebox::meter::Meter;
use safebox::overlay::perform::{Report, perform};
use safebox::overlay::{Step, look, reset};
use std::io::Read;

pub static APPLET: Applet = Applet {
    names: &["firstboot", "factoryreset", "jffs2reset"],
    dir: Dir::Sbin,
    run,
};

/// Erase all settings and installed packages.
///
/// Asks first, and tells where the settings are. After a reset: reboot.
#[derive(FromArgs, ArgsInfo)]
#[argh(example = "firstboot -y -r")]
struct Options {
    /// do not ask
    #[argh(switch, short = 'y')]
    yes: bool,
    /// reboot when done
    #[argh(switch, short = 'r')]
    reboot: bool,
    /// keep settings archives (sysupgrade.tgz)
    #[argh(switch, short = 'k')]
    keep: bool,
    /// show the steps and change nothing
    #[argh(switch, short = 'n')]
    dry_run: bool,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    let view = look::look(ctx.sys, &ctx.root)?;
    let wish = reset::Wish {
        reboot: options.reboot,
        keep_settings_archive: options.keep,
    };
    let steps = reset::plan(&view, wish)?;
    if options.dry_run {
        for step in &steps {
            ctx.out.line(step.to_string());
        }
        return Ok(Exit::OK);
    }
    ctx.say(reset::describe(&view));
    if !options.yes && !confirm(ctx)? {
        ctx.say("nothing was changed");
        return Ok(Exit::FAILED);
    }
    carry_out(ctx, &steps)?;
    if !options.reboot {
        ctx.say("done; the next boot starts with factory settings: reboot");
    }
    Ok(Exit::OK)
}

/// Asks on standard error; the answer is a line that begins with `y`.
fn confirm(ctx: &mut Ctx) -> Result<bool> {
    ctx.tell(
        "This will erase all settings and remove any installed packages. Are you sure? [N/y] ",
    );
    let mut stdin = ctx.stdin();
    let mut first = None;
    // One byte at a time: what follows the line is not ours.
    let mut byte = [0];
    while stdin.read(&mut byte).at("read", "answer")? == 1 && byte[0] != b'\n' {
        first.get_or_insert(byte[0]);
    }
    Ok(matches!(first, Some(b'y' | b'Y')))
}

fn carry_out(ctx: &mut Ctx, steps: &[Step]) -> Result<()> {
    let mut meter = Meter::new(ctx);
    let mut deleted = 0u64;
    let mut report = |report: Report<'_>| {
        match report {
            Report::Delete(_) => {
                deleted += 1;
                meter.show(&format!("deleting: {deleted} files"));
            }
            Report::Erase(at) => meter.percent("erasing", at.done, at.total),
            Report::Note(text) => meter.say(text),
            Report::Begin(Step::Empty { .. } | Step::MarkVoid { .. }) => {}
            Report::Begin(Step::Reboot) => meter.say("rebooting"),
            Report::Begin(_) => meter.clear(),
        }
        Ok(())
    };
    perform(steps, ctx.sys, &ctx.root, &mut report)?;
    Ok(())
}
