//! An image onto the flash: stage 1 in the session of the caller, stage 2 in a copy in RAM.

use super::backup::{STREAM_HELPS, save_to, say_where, to_ram};
use super::receive;
use super::{Options, board, stream, usage};
#[cfg(test)]
use argh::FromArgs;
use safebox::applet::Ctx;
use safebox::boot::{FAILSAFE_MARK, led};
use safebox::error::{At, Error, Exit, Result};
use safebox::image::{self, CheckedImage, Facts, Fault, metadata::Compat, report};
use safebox::opts::declared::Raw;
use safebox::signature::keys::{FOLDER, Keys};
use safebox::upgrade::plan::{self, Memory, Plan, Settings, Work};
use safebox::upgrade::settings::{self, Source};
use safebox::upgrade::{BROKEN, REFUSED, WHOLE, detach, device, perform, quiet, restore};
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Stage 1, in the caller's session: everything that can be refused is refused here.
pub(super) fn upgrade(ctx: &mut Ctx, options: &Options, image: &Path) -> Result<Exit> {
    let kept = ctx.path("/tmp/sysupgrade.img");
    let is_stream = image == Path::new("-");
    let image = if is_stream {
        match options.listen {
            Some(port) => receive::receive(ctx, port, &kept)?,
            None => to_ram(ctx, &mut *ctx.stdin(), &kept, STREAM_HELPS)?,
        }
        kept.clone()
    } else {
        fs::canonicalize(image).at("open", image)?
    };
    let result = prepare(ctx, options, &mut |ctx, target, overlay| {
        let mut keys = vec![ctx.path(FOLDER)];
        let below = FOLDER.trim_start_matches('/');
        keys.extend(overlay.map(|overlay| overlay.join(below)));
        check_file(ctx, options, &image, target, Some(keys)).map(Some)
    });
    match result {
        Ok(Some(ready)) => {
            let image = if in_ram(&image) {
                image
            } else {
                ctx.tell("Image not in /tmp, copying...\n");
                let mut input = File::open(&image).at("open", &image)?;
                to_ram(ctx, &mut input, &kept, STREAM_HELPS)?;
                kept
            };
            hand_over(ctx, options, &image, &ready)
        }
        other => {
            if is_stream {
                // Refused or only tested: nobody needs the copy.
                let _ = fs::remove_file(&kept);
            }
            other.map(|_| Exit::OK)
        }
    }
}

/// Whether a file lies in memory and not on what is being overwritten.
fn in_ram(file: &Path) -> bool {
    // From the kernel's linux/magic.h.
    const TMPFS: u64 = 0x0102_1994;
    const RAMFS: u64 = 0x8584_58f6;
    rustix::fs::statfs(file).is_ok_and(|fs| matches!(fs.f_type as u64 & 0xffff_ffff, TMPFS | RAMFS))
}

/// Checks an image for a target, with the root of the settings; None: it comes later.
pub(super) type Check<'a> =
    &'a mut dyn FnMut(&mut Ctx, &image::Target, Option<&Path>) -> Result<Option<CheckedImage>>;

/// What stage 2 is told.
pub(super) struct Ready {
    compat: Compat,
    /// The settings are kept: they are in `/tmp/sysupgrade.tgz`.
    kept: bool,
    /// Of the image, which has been judged.
    sha256: Option<String>,
}

/// Checks and plans; prints the plan for `-T`, else saves the settings.
pub(super) fn prepare(ctx: &mut Ctx, options: &Options, check: Check<'_>) -> Result<Option<Ready>> {
    let root = ctx.root.clone();
    // Settings that cannot be reached are no hindrance where nobody wants them.
    let source = match settings::open(ctx.sys, &root) {
        Err(_) if options.no_settings || options.from.is_some() => None,
        other => Some(other?),
    };
    if let Some(source) = &source {
        say_where(ctx, source);
    }
    let damaged = source
        .as_ref()
        .is_some_and(|source| !source.lost.is_empty());
    let result = match damaged && !options.no_settings && options.from.is_none() {
        true => Err(Error::message(
            "the settings are damaged: save with -b what is left, then upgrade with -f or -n",
        )),
        false => prepare_with(ctx, options, check, source.as_ref()),
    };
    if let Some(source) = source {
        source.close(ctx.sys);
    }
    result
}

fn prepare_with(
    ctx: &mut Ctx,
    options: &Options,
    check: Check<'_>,
    source: Option<&Source>,
) -> Result<Option<Ready>> {
    let overlay = source.map(|source| source.root.as_path());
    let target = board::look(ctx, overlay)?;
    let compat = target.compat;
    let checked = check(ctx, &target, overlay)?;
    let archive = ctx.path("/tmp/sysupgrade.tgz");
    let settings = gather(ctx, options, source, &archive)?;
    let memory = Memory {
        available: ctx.sys.machine().memory_available().unwrap_or(u64::MAX),
        // A stream needs no copy of it.
        program: detach::program_size() * if options.stream { 1 } else { 2 },
    };
    let kept = matches!(settings, Settings::Kept { .. });
    let planned = match checked {
        Some(checked) => plan::plan(checked, settings, memory).map(Some),
        None => stream::possible(&target, &settings, memory).map(|()| None),
    };
    let given = options.from.as_ref().map(|Raw(from)| Path::new(from));
    let is_copy = given.is_none_or(|from| !is_same(from, &archive));
    if is_copy && (planned.is_err() || options.test) {
        // It was made only to know its size.
        let _ = fs::remove_file(&archive);
    }
    let mut ready = Ready {
        compat,
        kept,
        sha256: options.sha256.clone(),
    };
    let Some(plan) = planned? else {
        return Ok(Some(ready));
    };
    if options.test {
        let report = match options.json {
            true => plan.report().to_string() + "\n",
            false => plan.to_string(),
        };
        ctx.out.put(report.as_bytes());
        return Ok(None);
    }
    for fault in plan.image.overridden() {
        ctx.say(format_args!("{fault}"));
        ctx.tell("Image check failed but --force given - will update anyway!\n");
    }
    ready.sha256 = Some(hex(&plan.image.facts().sha256));
    Ok(Some(ready))
}

fn hex(sha256: &[u8]) -> String {
    sha256.iter().map(|b| format!("{b:02x}")).collect()
}

/// Looks at an image and judges it; prints every reason against it.
fn check_file(
    ctx: &mut Ctx,
    options: &Options,
    image: &Path,
    target: &image::Target,
    keys: Option<Vec<PathBuf>>,
) -> Result<CheckedImage> {
    let mut file = File::open(image).at("open", image)?;
    let mut facts = image::look(&mut file, erase_size(target)).at("read", image)?;
    let mut own = None;
    if let Some(keys) = keys {
        let (keys, now) = (Keys::Folders(keys), ctx.sys.machine().now());
        image::judge(&mut facts, &mut file, &keys, now).at("read", image)?;
        if let Some(note) = facts.trust.note() {
            ctx.say(note);
        }
        own = board::check(ctx, image)?;
    }
    let (checked, reasons) = verdict(ctx, options, facts, target, own);
    for reason in reasons {
        ctx.say(format_args!("{}: {reason}", image.display()));
    }
    checked
}

pub(super) fn erase_size(target: &image::Target) -> u32 {
    let place = target.place.as_ref();
    place.map_or(device::USUAL_ERASE_SIZE, |place| place.erase_size)
}

/// Judges it, `own` being what the board says against it; every reason against it, which with
/// `-T --json` is printed already.
pub(super) fn verdict(
    ctx: &mut Ctx,
    options: &Options,
    facts: Facts,
    target: &image::Target,
    own: Option<Fault>,
) -> (Result<CheckedImage>, Vec<Fault>) {
    let sum = facts.sha256;
    let wanted = options.sha256.as_ref();
    let wrong = wanted.is_some_and(|wanted| !wanted.eq_ignore_ascii_case(&hex(&sum)));
    let own = own.filter(|fault| !fault.is_overridden(&options.overrides()));
    let found = (options.test && options.json).then(|| facts.clone());
    let mut faults = match image::check(facts, target, &options.overrides()) {
        Ok(checked) if !wrong && own.is_none() => return (Ok(checked), Vec::new()),
        checked => checked.err().unwrap_or_default(),
    };
    faults.extend(own);
    if wrong {
        faults.insert(0, Fault::Sha256(sum));
    }
    if let Some(facts) = found {
        ctx.out.line(report::refused(&facts, &faults).to_string());
    }
    let refused = Error::Message("Image check failed.".into(), REFUSED);
    (Err(refused), faults)
}

fn is_same(a: &Path, b: &Path) -> bool {
    fs::canonicalize(a).is_ok_and(|a| fs::canonicalize(b).is_ok_and(|b| a == b))
}

/// Puts the settings archive at `archive`, if there are settings to keep.
fn gather(
    ctx: &mut Ctx,
    options: &Options,
    source: Option<&Source>,
    archive: &Path,
) -> Result<Settings> {
    if options.no_settings {
        return Ok(Settings::Dropped);
    }
    if let Some(Raw(from)) = &options.from {
        let from = Path::new(from);
        let mut file = File::open(from).at("open", from)?;
        restore::check(&mut file).map_err(|error| {
            let from = from.display();
            Error::Message(format!("{from}: Invalid config file: {error}"), REFUSED)
        })?;
        // After a failed upgrade it is the archive of that one, which nothing else holds.
        let bytes = match is_same(from, archive) {
            true => file.metadata().at("stat", from)?.len(),
            false => fs::copy(from, archive).at("copy to", archive)?,
        };
        let from = from.display().to_string();
        return Ok(Settings::Kept { bytes, from });
    }
    let Some(source) = source.filter(|source| !source.reset) else {
        ctx.say("no settings to keep: the data partition is empty or marked for erasing");
        return Ok(Settings::None);
    };
    if !options.quiet && !options.test {
        ctx.tell("Saving config files...\n");
    }
    let bytes = save_to(ctx, options, source, archive)?;
    let from = match (&source.archive, source.private) {
        (Some(_), _) => "the archive that the first boot would have restored",
        (None, true) => "rootfs_data, mounted read-only for it",
        (None, false) => "the running system",
    };
    Ok(Settings::Kept {
        bytes,
        from: from.into(),
    })
}

/// Starts stage 2 and reports how it ended, should it end before the machine does.
pub(super) fn hand_over(
    ctx: &mut Ctx,
    options: &Options,
    image: &Path,
    ready: &Ready,
) -> Result<Exit> {
    let archive = ctx.path("/tmp/sysupgrade.tgz");
    let argv = arguments(options, image, ready, archive);
    let root = ctx.root.clone();
    led::ask_set_state("upgrade");
    let ended = Exit(detach::run(&root, &argv, !options.stream)?);
    // Refused: the device goes on as before. A broken flash starts no program any more.
    if ended != BROKEN {
        let failsafe = ctx.path(FAILSAFE_MARK).exists();
        led::ask_set_state(if failsafe { "failsafe" } else { "done" });
    }
    Ok(ended)
}

fn arguments(options: &Options, image: &Path, ready: &Ready, archive: PathBuf) -> Vec<OsString> {
    let mut argv: Vec<OsString> = vec!["sysupgrade".into(), "--perform".into()];
    argv.push(ready.compat.to_string().into());
    for (given, option) in [
        (options.force, "-F"),
        (
            options.ignore_minor_compat_version,
            "--ignore-minor-compat-version",
        ),
        (options.no_settings, "-n"),
        (options.quiet, "-q"),
        (options.stream, "--stream"),
    ] {
        argv.extend(given.then(|| option.into()));
    }
    if let Some(sha256) = &ready.sha256 {
        argv.extend(["--sha256".into(), sha256.into()]);
    }
    // What an upgrade before this one has left there is nobody's settings.
    if ready.kept {
        argv.extend(["-f".into(), archive.into_os_string()]);
    }
    match options.listen.filter(|_| options.stream) {
        Some(port) => argv.extend(["--listen".into(), port.to_string().into()]),
        None => argv.extend(["--".into(), image.as_os_str().to_owned()]),
    }
    argv
}

/// Stage 2, in the copy: everything is checked once more, then written.
pub(super) fn install(
    ctx: &mut Ctx,
    options: &Options,
    image: &Path,
    compat: &str,
) -> Result<Exit> {
    detach::settle()?;
    let root = ctx.root.clone();
    let mut audience = detach::Audience::gather(&root);
    let mut tell = |line: &str| audience.tell(line);
    let written = match options.stream {
        true => stream::install(ctx, options, compat, &mut tell),
        false => ready(ctx, options, image, compat)
            .and_then(|(plan, settings)| write(ctx, &plan, image, settings, &mut tell)),
    };
    match written {
        Ok(()) => Ok(restart(ctx, &mut tell)),
        Err(error) if error.exit() == BROKEN => {
            led::show_damage(&root);
            if !options.stream {
                detach::keep_holding();
            }
            tell(&format!("sysupgrade: {error}"));
            tell("The flash does not hold a whole system now: do NOT switch off or reboot.");
            if options.stream {
                return Ok(stream::again(ctx, options, compat, &mut tell));
            }
            let settings = match &options.from {
                Some(Raw(from)) => format!("-f {}", from.display()),
                None => "-n".into(),
            };
            let again = format!("/tmp/safebox sysupgrade {settings}");
            let image = image.display();
            tell(&format!(
                "Try again: {again} {image} (or --listen 3333 for another image)"
            ));
            Ok(BROKEN)
        }
        Err(error) => {
            tell(&format!("sysupgrade: {error}"));
            if error.exit() == WHOLE {
                tell("The system that was there is whole: it starts at the next reboot.");
                return Ok(WHOLE);
            }
            tell("Nothing was written.");
            Ok(REFUSED)
        }
    }
}

/// Returns only if that fails.
pub(super) fn restart(ctx: &mut Ctx, tell: perform::Tell<'_>) -> Exit {
    let error = perform::restart(ctx.sys, tell);
    tell(&format!("sysupgrade: {error}; switch it off and on"));
    Exit::FAILED
}

fn ready(
    ctx: &mut Ctx,
    options: &Options,
    image: &Path,
    compat: &str,
) -> Result<(Plan, Option<Vec<u8>>)> {
    let target = target(ctx, compat)?;
    let checked = check_file(ctx, options, image, &target, None)?;
    let kept = kept(options)?;
    Ok((plan::plan(checked, kept.settings, held(ctx))?, kept.archive))
}

/// The board, with the compat_version that stage 1 has found in the settings.
pub(super) fn target(ctx: &mut Ctx, compat: &str) -> Result<image::Target> {
    let mut target = board::look(ctx, None)?;
    // Stage 1 has judged it: by its digest it is the same.
    target.needs_signature = false;
    target.compat = Compat::parse(compat).ok_or_else(|| usage("bad compat_version"))?;
    Ok(target)
}

/// The settings as stage 1 has left them.
pub(super) struct Kept {
    pub(super) settings: Settings,
    pub(super) archive: Option<Vec<u8>>,
}

pub(super) fn kept(options: &Options) -> Result<Kept> {
    let archive = match &options.from {
        Some(Raw(from)) => Some(fs::read(from).at("read", from)?),
        None => None,
    };
    let settings = match &archive {
        Some(archive) => Settings::Kept {
            bytes: archive.len() as u64,
            from: "/tmp/sysupgrade.tgz".into(),
        },
        None => Settings::Dropped,
    };
    Ok(Kept { settings, archive })
}

/// Memory when the program has been copied and is held already.
pub(super) fn held(ctx: &mut Ctx) -> Memory {
    Memory {
        available: ctx.sys.machine().memory_available().unwrap_or(u64::MAX),
        program: 0,
    }
}

fn write(
    ctx: &mut Ctx,
    plan: &Plan,
    image: &Path,
    settings: Option<Vec<u8>>,
    tell: perform::Tell<'_>,
) -> Result<()> {
    let mut file = File::open(image).at("open", image)?;
    tell("Switching to ramdisk...");
    quiet::quiet(ctx.sys)?;
    tell("Performing system upgrade...");
    perform::write(plan, &mut file, settings.as_deref(), ctx.sys, tell)?;
    switch(ctx, plan, tell)
}

/// Where the image went to a slot that the board does not start, it does from now on.
pub(super) fn switch(ctx: &mut Ctx, plan: &Plan, tell: perform::Tell<'_>) -> Result<()> {
    match &plan.work {
        Work::Flash(place) if place.spare => {
            tell(&format!("Switching to the slot {} ...", place.name));
            board::switch(ctx, &place.name)
        }
        _ => Ok(()),
    }
}

#[test]
fn stage_2_gets_the_settings_that_were_saved_and_none_that_lay_there() {
    let options = Options::from_args(&["sysupgrade"], &["--listen", "1"]).unwrap();
    let words = |kept: bool| {
        let ready = Ready {
            compat: Compat::FIRST,
            kept,
            sha256: Some("00".into()),
        };
        let archive = PathBuf::from("/tmp/sysupgrade.tgz");
        let words = arguments(&options, Path::new("/tmp/x"), &ready, archive);
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    };
    let start = "sysupgrade --perform 1.0 --sha256 00";
    assert_eq!(words(false), format!("{start} -- /tmp/x"));
    assert_eq!(
        words(true),
        format!("{start} -f /tmp/sysupgrade.tgz -- /tmp/x")
    );
}
