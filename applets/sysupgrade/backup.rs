//! The settings into a file, out of one, and their list.

use super::Options;
use safebox::applet::Ctx;
use safebox::error::{At, Error, Exit, Result};
use safebox::opts::declared::Raw;
use safebox::upgrade::list;
use safebox::upgrade::place::Event;
use safebox::upgrade::restore::{self, Left};
use safebox::upgrade::settings::{self, Source};
use safebox::upgrade::{detach, save};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Runs `work` with the settings at hand and puts away afterwards what had to be mounted.
fn with_settings<T>(ctx: &mut Ctx, work: impl FnOnce(&mut Ctx, &Source) -> Result<T>) -> Result<T> {
    let root = ctx.root.clone();
    let source = settings::open(ctx.sys, &root)?;
    say_where(ctx, &source);
    let result = work(ctx, &source);
    source.close(ctx.sys);
    result
}

/// Says what nobody would expect of the place of the settings.
pub(super) fn say_where(ctx: &mut Ctx, source: &Source) {
    if source.memory {
        ctx.say("only the settings in memory are seen: there are none on flash");
    }
    for lost in &source.lost {
        ctx.complain(Error::message(format!("rootfs_data: {lost}")));
    }
}

pub(super) fn backup_or_list(ctx: &mut Ctx, options: &Options) -> Result<Exit> {
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
            return Ok(ctx.status());
        }
        if !options.quiet {
            ctx.tell("Saving config files...\n");
        }
        match &options.create_backup {
            Some(Raw(file)) if file != "-" => {
                save_to(ctx, options, source, Path::new(file)).map(|_| ctx.status())
            }
            _ => {
                let files = listed(ctx, options, source)?;
                let mut out = ctx.out.another();
                write(options, source, &files, &mut out)?;
                out.finish().at("write", "(stdout)")?;
                Ok(ctx.status())
            }
        }
    })
}

/// Saves the settings to a file that is whole or not there; gives its length.
pub(super) fn save_to(
    ctx: &mut Ctx,
    options: &Options,
    source: &Source,
    file: &Path,
) -> Result<u64> {
    let result = listed(ctx, options, source).and_then(|files| match fs::metadata(file) {
        // A device or a pipe cannot be replaced, and must not be.
        Ok(meta) if !meta.is_file() => {
            let mut output = File::options().write(true).open(file).at("open", file)?;
            write(options, source, &files, &mut output).map(|()| 0)
        }
        _ => save_whole(options, source, &files, file),
    });
    result.map_err(|error| {
        let reason = format!("{error}: Failed to create the configuration backup.");
        Error::Message(reason, error.exit())
    })
}

fn save_whole(options: &Options, source: &Source, files: &[PathBuf], file: &Path) -> Result<u64> {
    // Behind a link the file is replaced, and not the link.
    let file = &fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    // What is left of an earlier attempt, or lies in wait; if it stays, creating fails.
    let _ = fs::remove_file(&part);
    let done = private_file(&part)
        .at("create", &part)
        .and_then(|mut output| {
            write(options, source, files, &mut output)?;
            output.sync_all().at("write", &part)?;
            let length = output.metadata().at("stat", &part)?.len();
            fs::rename(&part, file).at("create", file)?;
            Ok(length)
        });
    if done.is_err() {
        // The failure that is reported is the one that counts.
        let _ = fs::remove_file(&part);
    }
    done
}

/// What goes into the archive; listed before the archive is a file that could be in the list.
fn listed(ctx: &mut Ctx, options: &Options, source: &Source) -> Result<Vec<PathBuf>> {
    if source.archive.is_some() {
        return Ok(Vec::new());
    }
    let files = list::files(source, options.which())?;
    if options.verbose {
        for path in &files {
            ctx.tell([list::shown(path).as_encoded_bytes(), b"\n"].concat());
        }
    }
    Ok(files)
}

fn write(
    options: &Options,
    source: &Source,
    files: &[PathBuf],
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
    Ok(save::save(source, files, options.which(), output)?)
}

pub(super) fn restore_backup(ctx: &mut Ctx, options: &Options, file: &Path) -> Result<Exit> {
    if !options.boot {
        settings::lasts(ctx.sys)?;
    }
    ctx.tell("Restoring config files...\n");
    let (root, shown) = (ctx.root.clone(), file.display());
    let failed = |error: safebox::upgrade::Error| Error::message(format!("{shown}: {error}"));
    if options.boot {
        match restore::restore_left(file, &root, &mut |event| told(ctx, options, event))
            .map_err(failed)?
        {
            Left::Restored(count) => ctx.say(format_args!("files restored: {count}")),
            Left::Aside(aside, failure) => {
                if let Some(failure) = failure {
                    ctx.complain(failed(failure));
                }
                let aside = aside.display();
                ctx.say(format_args!("{shown} is kept as {aside}, the boot goes on"));
            }
        }
        return Ok(ctx.status());
    }
    let mut archive = open_seekable(ctx, file)?;
    let count = restore::restore(&mut archive, &root, &mut |event| told(ctx, options, event))
        .map_err(failed)?;
    let next = match ctx.status() {
        Exit::OK => "now reboot, so that they are used",
        _ => "the others are as they were",
    };
    ctx.say(format_args!("files restored: {count}; {next}"));
    Ok(ctx.status())
}

fn told(ctx: &mut Ctx, options: &Options, event: Event<'_>) -> std::io::Result<()> {
    match event {
        Event::Trouble(trouble) => ctx.complain(trouble),
        Event::Placed(path) if options.verbose => {
            ctx.tell([path.as_os_str().as_encoded_bytes(), b"\n"].concat());
        }
        _ => {}
    }
    Ok(())
}

/// Settings hold passwords and keys: for the owner alone.
fn private_file(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = File::options();
    options.write(true).create_new(true).mode(0o600);
    options.open(path)
}

/// A file that can be read twice: standard input goes to RAM first.
fn open_seekable(ctx: &mut Ctx, file: &Path) -> Result<File> {
    if file != Path::new("-") {
        return File::open(file).at("open", file);
    }
    let copy = ctx.path("/tmp/sysupgrade.in");
    let mut input = ctx.stdin();
    to_ram(ctx, &mut *input, &copy, REMOVE_OTHERS)?;
    let opened = File::open(&copy).at("open", &copy);
    fs::remove_file(&copy).at("remove", &copy)?;
    opened
}

/// What to do about an image for which there is no room in memory.
pub(super) const STREAM_HELPS: &str = "not enough memory for the image: remove files from /tmp, or \
     let --listen PORT --stream receive it, which needs no copy";
const REMOVE_OTHERS: &str = "not enough memory for the file: remove others from /tmp";

/// Copies into RAM, as long as that leaves enough of it; else fails with this reason.
pub(super) fn to_ram(
    ctx: &mut Ctx,
    input: &mut dyn Read,
    copy: &Path,
    too_little: &'static str,
) -> Result<()> {
    // Of an earlier attempt; if it stays, creating says why.
    let _ = fs::remove_file(copy);
    let mut output = private_file(copy).at("create", copy)?;
    let reserve = 2 * detach::program_size() + (2 << 20);
    let result = loop {
        let available = ctx.sys.machine().memory_available().unwrap_or(u64::MAX);
        if available < reserve {
            break Err(Error::message(too_little));
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
