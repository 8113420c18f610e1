//! firstboot - return the device to its factory state.
//!
//! A mounted overlay is flagged *pending* before the first file goes; an unmounted volume is
//! only marked. Either way `mount_root` finishes at the next boot, so a power cut here costs
//! time, never the device.

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::meter::Meter;
use safebox::opts::declared::Raw;
use safebox::overlay::part::Part;
use safebox::overlay::perform::{Report, perform};
use safebox::overlay::{Step, look, reset};
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

pub static APPLET: Applet = Applet {
    names: &["firstboot", "factoryreset", "jffs2reset", "jffs2mark"],
    dir: Dir::Sbin,
    run,
};

/// Erase all settings and installed packages.
///
/// Asks first, and tells where the settings are. After a reset: reboot. As jffs2mark it only
/// marks them, and the next boot erases.
#[derive(FromArgs, ArgsInfo)]
#[argh(
    example = "firstboot -y -r",
    example = "firstboot --only /etc/config/network"
)]
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
    /// bring back only this: a file or directory by its path, `config` (the old /etc/config
    /// stays as config.old) or `packages` (all but /etc, /root and /home)
    #[argh(option)]
    only: Option<Raw>,
    /// save the settings to this file first
    #[argh(option)]
    backup: Option<Raw>,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    let part = match &options.only {
        None => Part::All,
        Some(Raw(word)) => Part::parse(Path::new(word)).ok_or_else(|| {
            let word = word.to_string_lossy();
            let text = format!("--only {word}: neither config nor packages nor an absolute path");
            Error::message(text)
        })?,
    };
    let wish = reset::Wish {
        later: ctx.name() == "jffs2mark",
        part,
        reboot: options.reboot,
        keep_settings_archive: options.keep,
    };
    let view = match options.dry_run {
        true => look::look(ctx.sys, &ctx.root)?,
        false => look::attached(ctx.sys, &ctx.root)?,
    };
    let steps = reset::plan(&view, &wish)?;
    if options.dry_run {
        for step in &steps {
            ctx.out.line(step.to_string());
        }
        return Ok(Exit::OK);
    }
    ctx.say(reset::describe(&view, &wish));
    if !options.yes && !confirm(ctx, &wish.part)? {
        ctx.say("nothing was changed");
        return Ok(Exit::FAILED);
    }
    if let Some(Raw(file)) = &options.backup {
        back_up(ctx, file)?;
    }
    carry_out(ctx, &steps)?;
    match (options.reboot, &wish.part) {
        (true, _) => {}
        (_, Part::All) => ctx.say("done; the next boot starts with factory settings: reboot"),
        _ => ctx.say("done; programs see it after a reboot"),
    }
    Ok(Exit::OK)
}

/// Saves the settings where the reset does not reach; nothing is reset if that fails.
fn back_up(ctx: &mut Ctx, file: &OsString) -> Result<()> {
    let path = ctx.path(file);
    if file != "-" {
        let folder = path.parent().unwrap_or(Path::new("."));
        let device = |path: &Path| Some(path.metadata().ok()?.dev());
        let place = folder.metadata().at("open", folder)?.dev();
        let lost = [ctx.path("/"), ctx.path("/overlay")];
        if lost.iter().any(|lost| device(lost) == Some(place)) {
            let text = format!(
                "{}: the reset would delete it; /tmp is a better place",
                path.display()
            );
            return Err(Error::message(text));
        }
    }
    let argv = ["sysupgrade".into(), "-b".into(), file.clone()];
    let missing = || Error::message("sysupgrade is not in this binary: no backup");
    let applet = ctx.applets.find(b"sysupgrade").ok_or_else(missing)?;
    match ctx.applets.run(applet, &argv, ctx.sys) {
        Exit::OK => Ok(()),
        _ => Err(Error::message("no backup, and therefore no reset")),
    }
}

/// Asks on standard error; the answer is a line that begins with `y`.
fn confirm(ctx: &mut Ctx, part: &Part) -> Result<bool> {
    let what = match part {
        Part::All => "erase all settings and remove any installed packages".into(),
        Part::File(path) => format!("bring back /{} of the firmware", path.display()),
        Part::Config => "bring back /etc/config of the firmware".into(),
        Part::Packages => "remove all files but those in /etc, /root and /home".into(),
    };
    ctx.tell(format!("This will {what}. Are you sure? [N/y] "));
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
