//! mount_root - put the writable overlay over the read-only root.
//!
//! Works in failsafe by telnet, ssh and serial line, without anything in the environment,
//! and a second time does no harm. It deletes nothing, and makes no file system unless a boot
//! needs one or somebody asks: what it finds it says, and what it cannot use it leaves alone.

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{Error, Exit, Result};
use safebox::meter::Meter;
use safebox::overlay::perform::{Report, perform};
use safebox::overlay::{self, Place, Root, State, Step, View, Volume, extroot, look, start, state};
use safebox::sys::UnmountFlags;

pub static APPLET: Applet = Applet {
    names: &["mount_root"],
    dir: Dir::Sbin,
    run,
};

/// Mount the settings over the read-only root file system, so that / can be changed.
///
/// Verbs: start (the default) mounts the data volume; ram takes memory in its place;
/// done notes that the boot is complete; stop writes everything to flash.
#[derive(FromArgs, ArgsInfo)]
#[argh(example = "mount_root && cd / && passwd")]
struct Options {
    /// only to look: nothing on flash is changed
    #[argh(switch)]
    ro: bool,
    /// finish a reset or first boot that was cut off, make a missing file system
    #[argh(switch)]
    repair: bool,
    /// show the steps and change nothing
    #[argh(switch, short = 'n')]
    dry_run: bool,
    /// start, ram, stop or done; then mount options of older systems, not used
    #[argh(positional)]
    verb: Vec<String>,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    let verb = options.verb.first().map_or("start", String::as_str);
    if !["start", "ram", "done", "stop"].contains(&verb) {
        return Err(Error::Usage {
            complaint: format!("{verb}: no such verb"),
            usage: "Usage: mount_root [start|ram|stop|done] [--ro] [--repair] [-n]\n".into(),
            exit: Exit::FAILED,
        });
    }
    let looked = match options.dry_run {
        true => look::look(ctx.sys, &ctx.root),
        false => look::attached(ctx.sys, &ctx.root),
    };
    let view = match looked {
        Ok(view) => view,
        Err(error) => return without_looking(ctx, &options, verb, error.into()),
    };
    match verb {
        "start" => start(ctx, &view, &options),
        "ram" => {
            let steps = start::in_memory(&view)?;
            if steps.is_empty() {
                ctx.say("/ can be changed already");
            }
            carry_out(ctx, &steps, options.dry_run)
        }
        "done" => {
            let steps = start::done(&view)?;
            carry_out(ctx, &steps, options.dry_run)
        }
        _ => carry_out(ctx, &[Step::Sync], options.dry_run),
    }
}

fn start(ctx: &mut Ctx, view: &View, options: &Options) -> Result<Exit> {
    for line in findings(view) {
        ctx.say(line);
    }
    if view.root == Root::Overlay {
        already(ctx, view);
        return repair(ctx, view, options);
    }
    let wish = start::Wish {
        read_only: options.ro,
        repair: options.repair,
    };
    let result = start::plan(view, wish)
        .map_err(Error::from)
        .and_then(|steps| carry_out(ctx, &steps, options.dry_run));
    match result {
        Ok(exit) if options.dry_run => Ok(exit),
        Ok(exit) => {
            mounted(ctx, options.ro, view.failsafe);
            Ok(exit)
        }
        // A boot must go on; in failsafe settings that vanish would only be a trap.
        Err(error) if falls_back(view, options) => {
            ctx.complain(error);
            fall_back(ctx)
        }
        Err(error) => {
            if view.failsafe && view.root == Root::Rom {
                ctx.say(
                    "/ stays read-only; 'mount_root ram' makes it writable until the next boot",
                );
            }
            Err(error)
        }
    }
}

/// Whether memory takes the place of a data volume that cannot be mounted: in a boot, and
/// where there is nothing yet that could be lost.
fn falls_back(view: &View, options: &Options) -> bool {
    let is_disk = |volume: &Volume| matches!(volume.place, Place::Disk { .. });
    let is_empty = |volume: &&Volume| {
        use State::{Archive, Blank, Void};
        is_disk(volume) && matches!(volume.state, Some(Blank | Void | Archive { .. }))
    };
    let nothing_to_lose = view.volume.as_ref().filter(is_empty).is_some();
    (!view.failsafe || nothing_to_lose)
        && !options.ro
        && !options.dry_run
        && view.root != Root::Memory
}

/// Finishes, on an overlay that is in place, what was cut off.
fn repair(ctx: &mut Ctx, view: &View, options: &Options) -> Result<Exit> {
    if !options.repair {
        return Ok(Exit::OK);
    }
    let steps = start::repair(view)?;
    carry_out(ctx, &steps, options.dry_run)
}

/// The data volume cannot be read. A boot goes on in memory, and so does who asks for that.
fn without_looking(ctx: &mut Ctx, options: &Options, verb: &str, error: Error) -> Result<Exit> {
    let view = look::bare(ctx.sys, &ctx.root)?;
    match verb {
        "start" if falls_back(&view, options) => {
            ctx.complain(error);
            fall_back(ctx)
        }
        "ram" => {
            ctx.complain(error);
            carry_out(ctx, &start::in_memory(&view)?, options.dry_run)
        }
        _ => Err(error),
    }
}

/// What there is, and what a boot without failsafe would make of it.
fn findings(view: &View) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(volume) = &view.volume else {
        return lines;
    };
    let Some(state) = volume.state else {
        return lines;
    };
    let kib = volume.size / 1024;
    let shown = volume.shown();
    lines.push(format!("{} ({shown}, {kib} KiB) is {state}", volume.name));
    let next = match (&volume.place, state) {
        (_, State::Foreign | State::Snapshot | State::AllBad) if view.failsafe => {
            "a normal boot would run in memory, with factory settings"
        }
        (Place::Mtd { .. }, State::Void) => "erasing it first, as a normal boot would",
        (Place::Mtd { .. }, State::Jffs2 { void_from: Some(_) }) => {
            "erasing the void part first, as a normal boot would"
        }
        (Place::Ubi(_), State::Torn) => "emptying it first, as a normal boot would",
        (Place::Disk { .. }, State::Archive { .. }) if !view.booting => {
            "a normal boot would make a file system of it and restore these settings"
        }
        (Place::Disk { .. }, State::Blank | State::Void) if !view.booting => {
            "a normal boot would make a file system of it"
        }
        _ => return lines,
    };
    lines.push(next.into());
    lines
}

fn already(ctx: &mut Ctx, view: &View) {
    if let Some(mounted) = &view.mounted {
        let access = if mounted.read_only { " read-only" } else { "" };
        ctx.say(format_args!(
            "{}:{} is already mounted{access} as {}",
            view.volume
                .as_ref()
                .map_or("rootfs_data", |volume| &volume.name),
            mounted.source.display(),
            mounted.target.display()
        ));
    }
}

/// Says how the data file system is and what the user should do next; a boot has no user.
fn mounted(ctx: &mut Ctx, read_only: bool, failsafe: bool) {
    if let Some(extroot) = extroot::find(&ctx.root) {
        let (disk, target) = (extroot.disk, extroot.target);
        ctx.say(format_args!(
            "fstab puts {target} on {disk} (extroot), which is not mounted here: where it is used, the settings are there"
        ));
    }
    if !failsafe {
        return;
    }
    let dir = ctx.path("/overlay");
    if state::reset_flag(&dir).is_some() {
        ctx.say("a reset was cut off; a normal boot, or 'mount_root --repair', will finish it");
    } else if state::progress(&dir) == state::Progress::Pending {
        ctx.say("the first boot with these settings was never completed; they are kept");
    }
    if dir.join("etc").is_dir() {
        ctx.say("/overlay/etc holds settings of an older system, which this one does not use");
    }
    let access = if read_only { "to read" } else { "to change" };
    ctx.say(format_args!(
        "settings are mounted {access}, as / and in /overlay/upper; now type: cd /"
    ));
}

fn fall_back(ctx: &mut Ctx) -> Result<Exit> {
    // Left there by a step that failed; where nothing was mounted there is nothing to undo.
    let _ = ctx
        .sys
        .mounts()
        .unmount(&ctx.root.join("tmp/overlay"), UnmountFlags::empty());
    ctx.say("using a temporary overlay in memory: changes are lost at the next boot");
    let view = look::bare(ctx.sys, &ctx.root)?;
    let steps = start::in_memory(&view)?;
    carry_out(ctx, &steps, false)?;
    Ok(Exit::FAILED)
}

fn carry_out(ctx: &mut Ctx, steps: &[Step], dry_run: bool) -> Result<Exit> {
    if dry_run {
        for step in steps {
            ctx.out.line(step.to_string());
        }
        return Ok(Exit::OK);
    }
    let mut meter = Meter::new(ctx);
    let mut report = |report: Report<'_>| {
        match report {
            Report::Erase(at) => meter.percent("erasing", at.done, at.total),
            Report::Note(text) => meter.say(text),
            Report::Begin(step @ Step::Format { .. }) => meter.say(step),
            Report::Begin(_) => meter.clear(),
            Report::Delete(_) => {}
        }
        Ok(())
    };
    let done: std::result::Result<(), overlay::Error> =
        perform(steps, ctx.sys, &ctx.root, &mut report);
    done?;
    Ok(Exit::OK)
}
