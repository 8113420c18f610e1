//! An image that is not kept in memory: `--stream`.
//!
//! With `--listen` it is sent twice. The first time nothing happens but the checks, all of them;
//! the second time it is written, if it is the same. From `-` it comes once, and what tells that
//! it is whole and for this board stands at its end: the user has said that this may go wrong.

use super::receive::{Door, Incoming, Say};
use super::upgrade::{self, erase_size, held, kept, target};
use super::{Options, usage};
use safebox::applet::Ctx;
use safebox::error::{At, Error, Exit, Result};
use safebox::flash;
use safebox::image::check::Place;
use safebox::image::{self, CheckedImage, Facts, Target};
use safebox::upgrade::perform::{self, Tell};
use safebox::upgrade::plan::{self, Memory, Plan, Settings, Work};
use safebox::upgrade::stream::{Same, land};
use safebox::upgrade::{self as engine, BROKEN, WHOLE, quiet};
use std::path::Path;
use std::time::Duration;

/// Where an image is waited for if the user has not said it: that of the howto.
const PORT: u16 = 3333;

/// Stage 1: only the settings are got ready, or with `-T` the image is checked.
pub(super) fn upgrade(ctx: &mut Ctx, options: &Options) -> Result<Exit> {
    let prepared = upgrade::prepare(ctx, options, &mut |ctx, target, _| {
        if !options.test {
            return Ok(None);
        }
        let facts = match options.listen {
            Some(port) => {
                let incoming = Door::open(port)?.wait(&mut |line| ctx.say(line))?;
                look(incoming, target, &mut |line| ctx.say(line))?
            }
            None => image::look(&mut *ctx.stdin(), erase_size(target)).at("read", "-")?,
        };
        check(ctx, options, facts, target, &mut |ctx, line| ctx.say(line)).map(Some)
    })?;
    match prepared {
        Some(ready) => upgrade::hand_over(ctx, options, Path::new("-"), &ready),
        None => Ok(Exit::OK),
    }
}

/// Whether a stream can be written at all, and the settings with it.
pub(super) fn possible(
    target: &Target,
    settings: &Settings,
    memory: Memory,
) -> std::result::Result<(), engine::Error> {
    let place = place(target)?;
    if target.needs_signature {
        let why = "a signature is checked with a copy in memory alone; leave --stream out";
        return Err(engine::Error::NoStream(why));
    }
    let archive = match settings {
        Settings::Kept { bytes, .. } => Some(*bytes),
        Settings::Dropped | Settings::None => None,
    };
    memory.suffices_for_flash(archive, place.erase_size.into())
}

fn place(target: &Target) -> std::result::Result<&Place, engine::Error> {
    let flash = "only flash is written so, the partition firmware; leave --stream out";
    let place = target.place.as_ref().ok().filter(|place| !place.nand);
    place.ok_or(engine::Error::NoStream(flash))
}

/// Looks at an image that comes over the network, to its end.
fn look(mut incoming: Incoming, target: &Target, say: Say<'_>) -> Result<Facts> {
    let facts = image::look(&mut incoming, erase_size(target)).at("read", "the connection")?;
    incoming.end(say)?;
    Ok(facts)
}

/// Judges an image; every reason against it is told.
fn check(
    ctx: &mut Ctx,
    options: &Options,
    facts: Facts,
    target: &Target,
    say: &mut dyn FnMut(&mut Ctx, &str),
) -> Result<CheckedImage> {
    let (checked, reasons) = upgrade::verdict(ctx, options, facts, target, None);
    for reason in reasons {
        say(ctx, &reason.to_string());
    }
    checked
}

/// Stage 2: receives, checks and writes.
pub(super) fn install(
    ctx: &mut Ctx,
    options: &Options,
    compat: &str,
    tell: Tell<'_>,
) -> Result<()> {
    let target = target(ctx, compat)?;
    match options.listen {
        Some(port) => twice(ctx, options, &target, port, tell),
        None => once(ctx, options, &target, tell),
    }
}

/// The line of a message, for all who are told.
fn named(tell: Tell<'_>) -> impl FnMut(&str) {
    move |line| tell(&format!("sysupgrade: {line}"))
}

/// The flash holds no whole system: takes images until one is good.
pub(super) fn again(ctx: &mut Ctx, options: &Options, compat: &str, tell: Tell<'_>) -> Exit {
    loop {
        let port = options.listen.unwrap_or(PORT);
        let written =
            target(ctx, compat).and_then(|target| twice(ctx, options, &target, port, tell));
        match written {
            Ok(()) => return upgrade::restart(ctx, tell),
            Err(error) => named(tell)(&error.to_string()),
        }
        // Nothing that cannot be done is tried without a pause.
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn twice(
    ctx: &mut Ctx,
    options: &Options,
    target: &Target,
    port: u16,
    tell: Tell<'_>,
) -> Result<()> {
    let door = Door::open(port)?;
    let incoming = door.wait(&mut named(tell))?;
    let facts = look(incoming, target, &mut named(tell))?;
    let checked = check(ctx, options, facts, target, &mut |_, line| {
        named(tell)(line)
    })?;
    let kept = kept(options)?;
    let plan = plan::plan(checked, kept.settings, held(ctx))?;
    let place = flash_of(&plan)?.clone();
    let sha256 = plan.image.facts().sha256;
    tell("The image is good. Send it a second time, now it is written.");
    let mut is_quiet = false;
    loop {
        let mut incoming = door.wait(&mut named(tell))?;
        if !is_quiet {
            quiet::quiet(ctx.sys)?;
            is_quiet = true;
        }
        tell("Performing system upgrade...");
        let mut same = Same::new(&mut incoming, sha256);
        let archive = kept.archive.as_deref();
        match perform::write_once(&plan, &place, &mut same, archive, ctx.sys, tell) {
            // What was checked may come yet.
            Err(engine::Error::Touched(error) | engine::Error::Slot(error))
                if is_of_stream(&error) =>
            {
                tell(&format!("sysupgrade: {error}"));
                tell("It is not whole: send it again.");
            }
            Err(error) => return Err(error.into()),
            Ok(()) => return upgrade::switch(ctx, &plan, tell),
        }
    }
}

fn is_of_stream(error: &flash::Error) -> bool {
    matches!(error, flash::Error::Source(_) | flash::Error::Short { .. })
}

fn flash_of(plan: &Plan) -> Result<&Place> {
    match &plan.work {
        Work::Flash(place) => Ok(place),
        _ => Err(usage(
            "an image of this kind needs a copy in memory: leave --stream out",
        )),
    }
}

fn once(ctx: &mut Ctx, options: &Options, target: &Target, tell: Tell<'_>) -> Result<()> {
    let place = place(target)?.clone();
    let kept = kept(options)?;
    possible(target, &kept.settings, held(ctx))?;
    tell("The image is checked when it is written: if it is bad, no system is left.");
    tell("Switching to ramdisk...");
    quiet::quiet(ctx.sys)?;
    tell("Performing system upgrade...");
    let mut landed = land(&place, &mut *ctx.stdin(), ctx.sys, tell)?;
    // From here on nothing is refused any more: what was there has gone.
    let written = (|| {
        let facts = image::look(&mut landed, erase_size(target)).at("read", "the flash")?;
        let checked = check(ctx, options, facts, target, &mut |_, line| {
            named(tell)(line)
        })?;
        let plan = plan::plan(checked, kept.settings, held(ctx))?;
        let archive = kept.archive.as_deref();
        perform::write(&plan, &mut landed, archive, ctx.sys, tell)?;
        upgrade::switch(ctx, &plan, tell)
    })();
    let exit = if place.spare { WHOLE } else { BROKEN };
    written.map_err(|error: Error| Error::Message(error.to_string(), exit))
}
