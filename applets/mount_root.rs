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
use safebox::overlay::{
    self, Place, Root, State, Step, View, Volume, extroot, look, old, start, state,
};
use safebox::sys::UnmountFlags;
use std::path::Path;
use std::time::Duration;

pub static APPLET: Applet = Applet {
    names: &["mount_root"],
    dir: Dir::Sbin,
    run,
};

/// Mount the settings over the read-only root file system, so that / can be changed.
///
/// Verbs: start (the default) mounts the data volume; ram takes memory in its place;
/// done notes that the boot is complete; stop writes everything to flash. Status 3: a boot found
/// nothing wrong, but was asked for failsafe mode (reboot -F), and nothing is mounted.
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

/// Nothing is mounted, and preinit goes to failsafe mode.
const ASKED_FOR_FAILSAFE: Exit = Exit(3);

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
    if matches!(view.root, Root::Overlay | Root::Extroot) {
        already(ctx, view);
        return repair(ctx, view, options);
    }
    let wish = start::Wish {
        read_only: options.ro,
        repair: options.repair,
    };
    let result = match start::parts(view, wish) {
        Ok((before, switch)) => settle(ctx, view, options, &before, switch),
        Err(error) => match extroot(ctx, view, options, false) {
            Some(steps) => carry_out(ctx, &steps, false),
            None => Err(error.into()),
        },
    };
    match result {
        Ok(exit) if options.dry_run || exit == ASKED_FOR_FAILSAFE => Ok(exit),
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

/// Mounts the settings, and puts them or those on another disk in their place.
fn settle(
    ctx: &mut Ctx,
    view: &View,
    options: &Options,
    before: &[Step],
    mut switch: Vec<Step>,
) -> Result<Exit> {
    carry_out(ctx, before, options.dry_run)?;
    if view.booting && view.mounted.is_none() && !options.dry_run && failsafe_asked(ctx) {
        return Ok(ASKED_FOR_FAILSAFE);
    }
    let dir = view.mounted.as_ref().map(|mounted| &*mounted.target);
    let dir = ctx.path(dir.unwrap_or(Path::new(start::ASIDE)));
    if options.ro && !options.dry_run && !old::has_upper(&dir) {
        old::show_top(&mut switch);
    }
    let mounted = view.volume.is_some();
    let steps = extroot(ctx, view, options, mounted).unwrap_or(switch);
    carry_out(ctx, &steps, options.dry_run)
}

/// Whether the data file system, mounted aside, has a note that asks this boot for failsafe
/// mode. The note goes, and so does the mount.
fn failsafe_asked(ctx: &mut Ctx) -> bool {
    let aside = ctx.path(start::ASIDE);
    match state::take_failsafe(&aside) {
        Ok(true) => ctx
            .sys
            .mounts()
            .unmount(&aside, UnmountFlags::empty())
            .is_ok(),
        Ok(false) => false,
        Err(source) => {
            // A boot that can never be normal again would be worse than one that is.
            let reason = safebox::error::reason(&source);
            ctx.say(format_args!("failsafe mode was asked for: {reason}"));
            false
        }
    }
}

/// The steps that put settings on another disk in place, if fstab asks for one that is there.
fn extroot(ctx: &mut Ctx, view: &View, options: &Options, instead: bool) -> Option<Vec<Step>> {
    if options.dry_run {
        // Nothing is mounted, so only the fstab of the root can be read.
        if let Some(found) = extroot::find(&ctx.root, view, false) {
            let (disk, target) = (found.disk, found.target);
            ctx.say(format_args!(
                "fstab puts {target} on {disk} (extroot), which takes their place"
            ));
        }
        return None;
    }
    if matches!(view.root, Root::Overlay | Root::Extroot | Root::Memory) {
        return None;
    }
    let wish = extroot::Wish {
        read_only: options.ro,
        instead,
    };
    let pause = Duration::from_millis(1000 / u64::from(extroot::LOOKS));
    // Nothing tells when a disk will be there.
    let pause = &mut || std::thread::sleep(pause);
    match extroot::take(ctx.sys, &ctx.root, view, wish, pause) {
        extroot::Outcome::None => None,
        extroot::Outcome::Taken(steps, text) => {
            ctx.say(text);
            Some(steps)
        }
        extroot::Outcome::Refused(text) => {
            ctx.say(text);
            None
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
        (_, State::Foreign | State::Snapshot | State::AllBad | State::Damaged { .. })
            if view.failsafe =>
        {
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
    if view.root == Root::Extroot {
        ctx.say("/ is on another disk (extroot), with the firmware in /rom: nothing to do");
    } else if let Some(mounted) = &view.mounted {
        let access = if mounted.read_only { " read-only" } else { "" };
        ctx.say(format_args!(
            "{}:{} is already mounted{access} as {}",
            match &view.volume {
                _ if mounted.extroot => "extroot",
                Some(volume) => &volume.name,
                None => "rootfs_data",
            },
            mounted.source.display(),
            mounted.target.display()
        ));
    }
}

/// Says how the data file system is and what the user should do next; a boot has no user.
fn mounted(ctx: &mut Ctx, read_only: bool, failsafe: bool) {
    if !failsafe {
        return;
    }
    let dir = ctx.path("/overlay");
    if state::reset_flag(&dir).is_some() {
        ctx.say("a reset was cut off; a normal boot, or 'mount_root --repair', will finish it");
    } else if state::progress(&dir) == state::Progress::Pending {
        ctx.say("the first boot with these settings was never completed; they are kept");
    }
    if let Some(names) = old::find(&dir) {
        older(ctx, &names, read_only && !old::has_upper(&dir));
    }
    let access = if read_only { "to read" } else { "to change" };
    ctx.say(format_args!(
        "settings are mounted {access}, as / and in /overlay/upper; now type: cd /"
    ));
}

/// Tells of settings of an older system, and how to take them over.
fn older(ctx: &mut Ctx, names: &[String], shown: bool) {
    let how = match (shown, names.first()) {
        (true, _) => ", shown here as /".into(),
        (_, Some(name)) => format!(
            ": {} (cp -a /overlay/etc/config/{name} /etc/config/ takes one over)",
            names.join(" ")
        ),
        (_, None) => String::new(),
    };
    ctx.say(format_args!(
        "/overlay/etc holds settings of an older system, unused and left as they are{how}"
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
