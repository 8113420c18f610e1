//! sysupgrade - install a firmware image and keep the settings.
//!
//! Nothing is erased before everything is checked. In failsafe mode the settings are those
//! of the overlay, mounted or not, never the defaults of the running image. Exit status: 0
//! done, 1 usage, 2 refused and the flash untouched, 3 the flash touched and not good.

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::boot::{FAILSAFE_MARK, led};
use safebox::error::{At, Error, Exit, Result};
use safebox::image::{self, CheckedImage, Overrides, metadata::Compat};
use safebox::opts::declared::Raw;
use safebox::upgrade::list::{self, Which};
use safebox::upgrade::plan::{self, Memory, Plan, Settings};
use safebox::upgrade::settings::{self, Source};
use safebox::upgrade::{BROKEN, REFUSED, detach, device, perform, quiet, restore, save};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

pub static APPLET: Applet = Applet {
    names: &["sysupgrade"],
    dir: Dir::Sbin,
    run,
};

/// Install a firmware image and keep the settings; or save, restore and list the settings.
#[derive(FromArgs, ArgsInfo, Clone)]
#[argh(
    example = "sysupgrade -T /tmp/nxtfw.bin     check an image and show what would be done\n\
               sysupgrade /tmp/nxtfw.bin        install it\n\
               sysupgrade -b - >settings.tgz    save the settings",
    error_code(
        1,
        "the command line made no sense, or the settings could not be saved or restored"
    ),
    error_code(2, "the image was refused; the flash is untouched"),
    error_code(
        3,
        "the flash was touched and is not good; do not switch off, try again"
    )
)]
struct Options {
    /// check the image, print what would be done, change nothing
    #[argh(switch, short = 'T')]
    test: bool,
    /// do not keep the settings
    #[argh(switch, short = 'n')]
    no_settings: bool,
    /// take the settings from this archive (.tar.gz)
    #[argh(option, short = 'f')]
    from: Option<Raw>,
    /// install in spite of what can be forced: another board, no metadata
    #[argh(switch, short = 'F')]
    force: bool,
    /// keep the settings although the image says that they do not fit
    #[argh(switch)]
    ignore_minor_compat_version: bool,
    /// refuse an image whose SHA-256 is another than this
    #[argh(option)]
    sha256: Option<String>,
    /// keep everything that was changed in /etc
    #[argh(switch, short = 'c')]
    all_etc: bool,
    /// keep everything that was changed
    #[argh(switch, short = 'o')]
    all: bool,
    /// leave out what is the same in the image
    #[argh(switch, short = 'u')]
    changed_only: bool,
    /// only messages about failures
    #[argh(switch, short = 'q')]
    quiet: bool,
    /// name every file that is kept
    #[argh(switch, short = 'v')]
    verbose: bool,
    /// save the settings to this file (- is standard output)
    #[argh(option, short = 'b')]
    create_backup: Option<Raw>,
    /// restore the settings from this file
    #[argh(option, short = 'r')]
    restore_backup: Option<Raw>,
    /// list the files that are kept
    #[argh(switch, short = 'l')]
    list_backup: bool,
    /// internal: the copy in RAM does it; the compat_version of the settings
    #[argh(option, hidden_help)]
    perform: Option<String>,
    /// the image; - is standard input
    #[argh(positional)]
    image: Option<Raw>,
}

impl Options {
    fn which(&self) -> Which {
        Which {
            all_etc: self.all_etc,
            all: self.all,
            changed_only: self.changed_only,
        }
    }

    fn overrides(&self) -> Overrides {
        Overrides {
            force: self.force,
            no_settings: self.no_settings,
            ignore_minor: self.ignore_minor_compat_version,
        }
    }
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    for arg in ctx.args.iter_mut().filter(|arg| *arg == "-h") {
        *arg = "--help".into();
    }
    let options: Options = ctx.options()?;
    let jobs = [
        options.image.is_some(),
        options.create_backup.is_some(),
        options.restore_backup.is_some(),
        options.list_backup,
    ];
    if jobs.iter().filter(|job| **job).count() != 1 {
        return Err(usage("one of IMAGE, -b, -r and -l is needed"));
    }
    if let Some(Raw(file)) = &options.restore_backup {
        return restore_backup(ctx, Path::new(file));
    }
    let Some(Raw(image)) = &options.image else {
        return backup_or_list(ctx, &options);
    };
    let result = match &options.perform {
        Some(compat) => return install(ctx, &options, Path::new(image), compat),
        None => upgrade(ctx, &options, Path::new(image)),
    };
    // Whatever went wrong up to here, the flash is untouched, and the status says so.
    result.map_err(|error| match error.exit() {
        Exit::FAILED => Error::Message(error.to_string(), REFUSED),
        _ => error,
    })
}

fn usage(complaint: &str) -> Error {
    Error::Usage {
        complaint: complaint.into(),
        usage: "Try 'sysupgrade --help'.\n".into(),
        exit: Exit::FAILED,
    }
}

/// Runs `work` with the settings at hand and puts away afterwards what had to be mounted.
fn with_settings<T>(ctx: &mut Ctx, work: impl FnOnce(&mut Ctx, &Source) -> Result<T>) -> Result<T> {
    let root = ctx.root.clone();
    let source = settings::open(ctx.sys, &root)?;
    let result = work(ctx, &source);
    source.close(ctx.sys);
    result
}

fn backup_or_list(ctx: &mut Ctx, options: &Options) -> Result<Exit> {
    with_settings(ctx, |ctx, source| {
        if let (true, Some(archive)) = (options.list_backup, &source.archive) {
            ctx.say(format_args!("the settings are in {}", archive.display()));
            return Ok(Exit::OK);
        }
        if source.reset {
            return Err(Error::message(
                "there are no settings: the data partition is empty or marked for erasing",
            ));
        }
        if options.list_backup {
            for path in list::files(source, options.which())? {
                ctx.out.line(list::shown(&path).as_encoded_bytes());
            }
            return Ok(Exit::OK);
        }
        match &options.create_backup {
            Some(Raw(file)) if file != "-" => {
                save_to(ctx, options, source, Path::new(file)).map(|_| Exit::OK)
            }
            _ => {
                let mut out = ctx.out.another();
                write_settings(ctx, options, source, &mut out)?;
                out.finish().at("write", "(stdout)")?;
                Ok(Exit::OK)
            }
        }
    })
}

/// Saves the settings to a file that is whole or not there; gives its length.
fn save_to(ctx: &mut Ctx, options: &Options, source: &Source, file: &Path) -> Result<u64> {
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let result = private_file(&part)
        .at("create", &part)
        .and_then(|mut output| {
            write_settings(ctx, options, source, &mut output)?;
            output.sync_all().at("write", &part)?;
            output.metadata().at("stat", &part)
        });
    let done = result.and_then(|meta| {
        fs::rename(&part, file).at("create", file)?;
        Ok(meta.len())
    });
    done.map_err(|error| {
        // The failure that is reported is the one that counts.
        let _ = fs::remove_file(&part);
        let reason = format!("{error}: Failed to create the configuration backup.");
        Error::Message(reason, error.exit())
    })
}

/// Settings hold passwords and keys: for the owner alone.
fn private_file(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = File::options();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)
}

fn write_settings(
    ctx: &mut Ctx,
    options: &Options,
    source: &Source,
    output: &mut dyn Write,
) -> Result<()> {
    if let Some(archive) = &source.archive {
        let mut archive = File::open(archive).at("open", archive)?;
        restore::check(&mut archive)?;
        archive
            .seek(SeekFrom::Start(0))
            .at("read", "the settings")?;
        std::io::copy(&mut archive, output).at("copy", "the settings")?;
        return Ok(());
    }
    let files = list::files(source, options.which())?;
    if options.verbose {
        for path in &files {
            ctx.tell([list::shown(path).as_encoded_bytes(), b"\n"].concat());
        }
    }
    Ok(save::save(source, &files, output)?)
}

fn restore_backup(ctx: &mut Ctx, file: &Path) -> Result<Exit> {
    let mut archive = open_seekable(ctx, file)?;
    ctx.tell("Restoring config files...\n");
    let root = ctx.root.clone();
    for trouble in restore::restore(&mut archive, &root)? {
        ctx.complain(trouble);
    }
    Ok(ctx.status())
}

/// A file that can be read twice: standard input goes to RAM first.
fn open_seekable(ctx: &mut Ctx, file: &Path) -> Result<File> {
    if file != Path::new("-") {
        return File::open(file).at("open", file);
    }
    let copy = ctx.path("/tmp/sysupgrade.in");
    let mut input = ctx.stdin();
    to_ram(ctx, &mut *input, &copy)?;
    let opened = File::open(&copy).at("open", &copy);
    fs::remove_file(&copy).at("remove", &copy)?;
    opened
}

/// Copies into RAM, as long as that leaves enough of it.
fn to_ram(ctx: &mut Ctx, input: &mut dyn Read, copy: &Path) -> Result<()> {
    let mut output = private_file(copy).at("create", copy)?;
    let reserve = 2 * detach::program_size() + (2 << 20);
    let result = loop {
        let available = ctx.sys.machine().memory_available().unwrap_or(u64::MAX);
        if available < reserve {
            break Err(Error::message(
                "not enough memory for the file: remove others from /tmp",
            ));
        }
        match std::io::copy(&mut input.take(1 << 20), &mut output) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) => break Err(error).at("copy to", copy),
        }
    };
    // What has been copied would only take the memory away.
    let _ = fs::remove_file(copy);
    result
}

/// Stage 1, in the caller's session: everything that can be refused is refused here.
fn upgrade(ctx: &mut Ctx, options: &Options, image: &Path) -> Result<Exit> {
    let kept = ctx.path("/tmp/sysupgrade.img");
    let from_stdin = image == Path::new("-");
    let image = if from_stdin {
        let mut input = ctx.stdin();
        to_ram(ctx, &mut *input, &kept)?;
        kept.clone()
    } else {
        fs::canonicalize(image).at("open", image)?
    };
    let result = prepare(ctx, options, &image);
    match result {
        Ok(Some(compat)) => {
            let image = if in_ram(&image) {
                image
            } else {
                ctx.tell("Image not in /tmp, copying...\n");
                let mut input = File::open(&image).at("open", &image)?;
                to_ram(ctx, &mut input, &kept)?;
                kept
            };
            hand_over(ctx, options, &image, compat)
        }
        other => {
            if from_stdin {
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

/// Checks and plans; prints the plan for `-T`, else saves the settings and gives their
/// compat_version.
fn prepare(ctx: &mut Ctx, options: &Options, image: &Path) -> Result<Option<Compat>> {
    let root = ctx.root.clone();
    // Settings that cannot be reached are no hindrance where nobody wants them.
    let source = match settings::open(ctx.sys, &root) {
        Err(_) if options.no_settings || options.from.is_some() => None,
        other => Some(other?),
    };
    let result = prepare_with(ctx, options, image, source.as_ref());
    if let Some(source) = source {
        source.close(ctx.sys);
    }
    result
}

fn prepare_with(
    ctx: &mut Ctx,
    options: &Options,
    image: &Path,
    source: Option<&Source>,
) -> Result<Option<Compat>> {
    let root = ctx.root.clone();
    let target = device::look(ctx.sys, &root, source.map(|source| source.root.as_path()));
    let compat = target.compat;
    let checked = check_image(ctx, options, image, &target)?;
    let archive = ctx.path("/tmp/sysupgrade.tgz");
    let settings = gather(ctx, options, source, &archive)?;
    let memory = Memory {
        available: ctx.sys.machine().memory_available().unwrap_or(u64::MAX),
        program: detach::program_size(),
    };
    let planned = plan::plan(checked, settings, memory);
    if planned.is_err() || options.test {
        // It was made only to know its size.
        let _ = fs::remove_file(&archive);
    }
    let plan = planned?;
    if options.test {
        ctx.out.put(plan.to_string().as_bytes());
        return Ok(None);
    }
    for fault in plan.image.overridden() {
        ctx.say(format_args!("{fault}"));
        ctx.tell("Image check failed but --force given - will update anyway!\n");
    }
    Ok(Some(compat))
}

/// Looks at an image and judges it; prints every reason against it.
fn check_image(
    ctx: &mut Ctx,
    options: &Options,
    image: &Path,
    target: &image::Target,
) -> Result<CheckedImage> {
    let mut file = File::open(image).at("open", image)?;
    let place = target.place.as_ref();
    let erase_size = place.map_or(device::USUAL_ERASE_SIZE, |place| place.erase_size);
    let facts = image::look(&mut file, erase_size).at("read", image)?;
    let sha256: String = facts.sha256.iter().map(|b| format!("{b:02x}")).collect();
    let wanted = options.sha256.as_ref();
    let wrong = wanted.is_some_and(|wanted| !wanted.eq_ignore_ascii_case(&sha256));
    let shown = image.display();
    if wrong {
        ctx.say(format_args!("{shown}: another SHA-256: {sha256}"));
    }
    let refuse = || Error::Message("Image check failed.".into(), REFUSED);
    match image::check(facts, target, &options.overrides()) {
        Ok(checked) if !wrong => Ok(checked),
        Ok(_) => Err(refuse()),
        Err(faults) => {
            for fault in faults {
                ctx.say(format_args!("{shown}: {fault}"));
            }
            Err(refuse())
        }
    }
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
        let bytes = fs::copy(from, archive).at("copy to", archive)?;
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
fn hand_over(ctx: &mut Ctx, options: &Options, image: &Path, compat: Compat) -> Result<Exit> {
    let archive = ctx.path("/tmp/sysupgrade.tgz");
    let mut argv: Vec<OsString> = vec!["sysupgrade".into(), "--perform".into()];
    argv.push(compat.to_string().into());
    for (given, option) in [
        (options.force, "-F"),
        (
            options.ignore_minor_compat_version,
            "--ignore-minor-compat-version",
        ),
        (options.no_settings, "-n"),
        (options.quiet, "-q"),
    ] {
        argv.extend(given.then(|| option.into()));
    }
    if archive.exists() && !options.no_settings {
        argv.extend(["-f".into(), archive.into_os_string()]);
    }
    argv.extend(["--".into(), image.as_os_str().to_owned()]);
    let root = ctx.root.clone();
    led::ask_set_state("upgrade");
    let ended = Exit(detach::run(&root, &argv)?);
    // Refused: the device goes on as before. A broken flash starts no program any more.
    if ended != BROKEN {
        let failsafe = ctx.path(FAILSAFE_MARK).exists();
        led::ask_set_state(if failsafe { "failsafe" } else { "done" });
    }
    Ok(ended)
}

/// Stage 2, in the copy: everything is checked once more, then written.
fn install(ctx: &mut Ctx, options: &Options, image: &Path, compat: &str) -> Result<Exit> {
    detach::settle()?;
    let mut audience = detach::Audience::gather();
    let mut tell = |line: &str| audience.tell(line);
    let written = ready(ctx, options, image, compat)
        .and_then(|(plan, settings)| write(ctx, &plan, image, settings, &mut tell));
    match written {
        Ok(()) => {
            let error = perform::restart(ctx.sys, &mut tell);
            tell(&format!("sysupgrade: {error}; switch it off and on"));
            Ok(Exit::FAILED)
        }
        Err(error) if error.exit() == BROKEN => {
            tell(&format!("sysupgrade: {error}"));
            tell("The flash does not hold a whole system now: do NOT switch off or reboot.");
            let image = image.display();
            tell(&format!(
                "Try again, also with another image: /tmp/safebox sysupgrade {image}"
            ));
            Ok(BROKEN)
        }
        Err(error) => {
            tell(&format!("sysupgrade: {error}"));
            tell("Nothing was written.");
            Ok(REFUSED)
        }
    }
}

fn ready(
    ctx: &mut Ctx,
    options: &Options,
    image: &Path,
    compat: &str,
) -> Result<(Plan, Option<Vec<u8>>)> {
    let root = ctx.root.clone();
    let mut target = device::look(ctx.sys, &root, None);
    target.compat = Compat::parse(compat).ok_or_else(|| usage("bad compat_version"))?;
    let checked = check_image(ctx, options, image, &target)?;
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
    let memory = Memory {
        available: ctx.sys.machine().memory_available().unwrap_or(u64::MAX),
        // Copied and held already.
        program: 0,
    };
    Ok((plan::plan(checked, settings, memory)?, archive))
}

fn write(
    ctx: &mut Ctx,
    plan: &Plan,
    image: &Path,
    settings: Option<Vec<u8>>,
    tell: perform::Tell<'_>,
) -> Result<()> {
    let mut file = File::open(image).at("open", image)?;
    quiet::quiet(ctx.sys)?;
    tell("Performing system upgrade...");
    Ok(perform::write(
        plan,
        &mut file,
        settings.as_deref(),
        ctx.sys,
        tell,
    )?)
}
