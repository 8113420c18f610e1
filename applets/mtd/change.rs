//! The commands that change flash: everything is looked at and decided, then done.

use super::source::{self, Data};
use super::{Options, find, magic, on, open};
use safebox::applet::Ctx;
use safebox::error::{At, Error, Exit, Result};
use safebox::flash::inject::{self, Inject};
use safebox::flash::jffs2::File;
use safebox::flash::plant::Plan;
use safebox::flash::{erase, in_use, repair, trx, write};
use safebox::image::container::{Container, GLANCE};
use safebox::meter::Meter;
use safebox::opts::declared::Raw;
use safebox::overlay::State;
use safebox::overlay::look::identify;
use safebox::sys::signal::{self, numbers};
use safebox::sys::{Flash, Partition, Reboot};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

/// What to do with the partition.
#[derive(Clone, Copy)]
pub enum Kind<'a> {
    /// Erase it.
    Erase,
    /// Write this file into it.
    Write(&'a Raw),
    /// Put this file into its jffs2.
    Plant(&'a Raw),
}

/// A partition that will be changed.
type Target = (Partition, Box<dyn Flash>);

/// All that was found out before the first change.
struct Job {
    target: Target,
    erase_first: Vec<Target>,
    /// Holds the flag for recovery while the other one is written.
    recovery: Option<Target>,
    users: Vec<in_use::User>,
    work: Work,
}

/// What is left to do once everything is known.
enum Work {
    Erase,
    Write {
        data: Data,
        shown: String,
        length: Option<u64>,
        settings: Option<Settings>,
    },
    Plant {
        plan: Plan,
        shown: String,
    },
}

/// Settings to put in.
struct Settings {
    /// The name of the archive.
    shown: String,
    content: Vec<u8>,
    /// What the image begins with then.
    head: Option<[u8; trx::TRX_HEAD]>,
}

pub fn run(ctx: &mut Ctx, options: &Options, kind: Kind<'_>, name: &Raw) -> Result<Exit> {
    let job = prepare(ctx, options, kind, name)?;
    // From here on a session that ends or a cable that is pulled must not stop the work.
    for number in [numbers::HUP, numbers::INT, numbers::TERM] {
        signal::ignore(number);
    }
    safebox::sys::process::ignore_sigpipe();
    if !job.users.is_empty() && !safebox::sys::process::load_into_memory() {
        ctx.say("can't lock this program into memory, going on");
    }
    for (path, error) in in_use::make_read_only(ctx.sys, &job.users) {
        let reason = safebox::error::reason(&error);
        ctx.say(format_args!(
            "{}: can't make it read-only, going on: {reason}",
            path.display()
        ));
    }
    let in_use = !job.users.is_empty();
    perform(ctx, options, job)?;
    if options.reboot {
        // What is mounted there has lost its ground: nothing more may be written to it.
        if !in_use {
            ctx.sys.machine().sync();
        }
        ctx.tell("Rebooting ...\n");
        ctx.sys.machine().reboot(Reboot::Restart).at("", "reboot")?;
    }
    Ok(Exit::OK)
}

/// Looks at everything; nothing is changed yet.
fn prepare(ctx: &mut Ctx, options: &Options, kind: Kind<'_>, name: &Raw) -> Result<Job> {
    let mut target = open(ctx, name, true)?;
    let mut erase_first = Vec::new();
    for name in &options.erase {
        erase_first.push(open(ctx, name, true)?);
    }
    let recovery = match (&options.recovery, kind) {
        (Some(name), Kind::Write(_)) => Some(open(ctx, name, true)?),
        _ => None,
    };
    let mut changed = Vec::new();
    for name in options.erase.iter().chain(&options.recovery).chain([name]) {
        changed.extend(find(ctx, name)?);
    }
    let mut users = Vec::new();
    for partition in &changed {
        let standing = in_use::users(ctx.sys, partition).at("", "/proc/self/mounts")?;
        in_use::may_change(&standing, options.reboot || options.force).map_err(on(partition))?;
        let new: Vec<_> = standing
            .into_iter()
            .filter(|user| !users.contains(user))
            .collect();
        users.extend(new);
    }
    let work = match kind {
        Kind::Erase => Work::Erase,
        Kind::Write(path) => write_work(ctx, options, path, &mut target)?,
        Kind::Plant(path) => {
            let erased = erase_first.iter().any(|(p, _)| p.number == target.0.number);
            plant_work(options, path, &mut target, erased)?
        }
    };
    Ok(Job {
        target,
        erase_first,
        recovery,
        users,
        work,
    })
}

fn write_work(ctx: &mut Ctx, options: &Options, path: &Raw, target: &mut Target) -> Result<Work> {
    let (partition, flash) = target;
    let room = write::room(&mut **flash, options.start.0).map_err(on(partition))?;
    let mut data = Data::open(ctx, path, room)?;
    let shown = source::shown(path);
    if !options.force {
        check_image(&mut data, partition, &shown)?;
    }
    let mut length = data.length();
    let mut settings = None;
    if let Some(archive) = &options.jffs2 {
        let content = std::fs::read(archive).at("open", archive)?;
        let erase_size = flash.geometry().erase_size;
        let file = File::settings(&content);
        let found =
            data.peek(&mut |image| inject::try_out(image, file, erase_size, options.skip.0));
        let mut head = None;
        match found.at("read", path)? {
            Some(None) => {
                let text = format!(
                    "{shown} has no end marker at a multiple of {erase_size:#x}: there is no \
                     place for the settings; nothing was written"
                );
                return Err(Error::message(text));
            }
            Some(Some(outcome)) => {
                length = Some(outcome.length);
                let magic = magic(options)?;
                let found = data.peek(&mut |image| trx::head_before(image, outcome.place, magic));
                head = found.at("read", path)?.flatten();
            }
            None => length = None,
        }
        settings = Some(Settings {
            shown: source::shown(archive),
            content,
            head,
        });
    }
    if length.is_some_and(|length| length > room) {
        return Err(on(partition)(safebox::flash::Error::TooBig {
            length,
            room,
        }));
    }
    Ok(Work::Write {
        data,
        shown,
        length,
        settings,
    })
}

/// Refuses what a boot loader can certainly not start, where `firmware` is to be written.
fn check_image(data: &mut Data, partition: &Partition, shown: &str) -> Result<()> {
    if data.length() == Some(0) {
        return Err(Error::message(format!("{shown} is empty")));
    }
    if partition.name.split(':').next() != Some("firmware") {
        return Ok(());
    }
    let mut start = Vec::new();
    let looked = data.peek(&mut |image| image.take(GLANCE as u64).read_to_end(&mut start));
    if looked.at("read", shown)?.is_none() {
        return Ok(());
    }
    let container = Container::recognise(&start);
    match container {
        Container::Gzip
        | Container::Bzip2
        | Container::Xz
        | Container::Tar
        | Container::Squashfs
        | Container::Ubi
        | Container::Ubifs
        | Container::Disk
        | Container::Html
        | Container::Blank => Err(Error::message(format!(
            "Image check failed. {shown} is {container}: {} (-f writes it all the same)",
            container.advice()
        ))),
        _ => Ok(()),
    }
}

/// A file for a jffs2: for the one that is there, or for a new one where nothing is lost.
fn plant_work(
    options: &Options,
    path: &Raw,
    (partition, flash): &mut Target,
    erased: bool,
) -> Result<Work> {
    let content = std::fs::read(path).at("open", path)?;
    let state = identify(&mut **flash).map_err(on(partition))?;
    let empty = erased || matches!(state, State::Blank | State::Void | State::Torn);
    if !empty && !matches!(state, State::Jffs2 { .. }) {
        let name = &partition.name;
        let text = format!("{name} is not empty but {state}; -e {name} erases it first");
        return Err(Error::message(text));
    }
    let bytes = path.0.as_bytes();
    let file = File {
        name: bytes.rsplit(|&b| b == b'/').next().unwrap_or(bytes),
        ..File::settings(&content)
    };
    let dir = options.directory.as_ref().map(|dir| dir.0.as_bytes());
    let plan = Plan::new(flash, file, dir.unwrap_or_default(), empty);
    Ok(Work::Plant {
        plan: plan.map_err(on(partition))?,
        shown: source::shown(path),
    })
}

fn perform(ctx: &mut Ctx, options: &Options, mut job: Job) -> Result<()> {
    for target in &mut job.erase_first {
        erase_all(ctx, options, target)?;
    }
    match job.work {
        Work::Erase => erase_all(ctx, options, &mut job.target),
        Work::Plant { plan, shown } => {
            let (partition, flash) = &mut job.target;
            say_beginning(ctx, options, partition, &shown, None);
            let mut meter = meter(ctx, options);
            plan.perform(&mut **flash, &mut |at| show(&mut meter, &at))
                .map_err(on(partition))
        }
        Work::Write {
            mut data,
            shown,
            length,
            settings,
        } => {
            let (partition, _) = &job.target;
            let archive = settings.as_ref().map(|settings| &*settings.shown);
            say_beginning(ctx, options, partition, &shown, archive);
            let how = write::Options {
                length,
                start: options.start.0,
                erase: !options.no_erase,
                skip_equal: false,
                first_block_last: true,
                read_again: false,
            };
            if let Some((partition, flash)) = &mut job.recovery {
                repair::flag_recovery(&mut **flash, true).map_err(on(partition))?;
            }
            let (partition, flash) = &mut job.target;
            let result = match &settings {
                None => write_blocks(ctx, options, &mut **flash, data.reader(), &how),
                Some(Settings { content, head, .. }) => {
                    let erase_size = flash.geometry().erase_size;
                    let file = File::settings(content);
                    let mut image = Inject::new(data.reader(), file, erase_size, options.skip.0);
                    image.begin_with(head.as_ref().map_or(&[], |head| head));
                    write_blocks(ctx, options, &mut **flash, &mut image, &how)
                        .map(|_| image.found().is_some())
                }
            };
            let all = result.map_err(on(partition))?;
            if let Some((partition, flash)) = &mut job.recovery {
                repair::flag_recovery(&mut **flash, false).map_err(on(partition))?;
            }
            match all {
                true => Ok(()),
                false => Err(Error::message(
                    "the image is written, but it had no end marker: the settings are lost",
                )),
            }
        }
    }
}

fn say_beginning(
    ctx: &mut Ctx,
    options: &Options,
    partition: &Partition,
    shown: &str,
    archive: Option<&str>,
) {
    if options.quiet >= 2 {
        return;
    }
    let name = &partition.name;
    ctx.tell(format!(
        "Unlocking {name} ...\n\nWriting from {shown} to {name} ...\n"
    ));
    if let Some(archive) = archive {
        ctx.tell(format!(
            "Appending jffs2 data from {archive} to {name}...\n"
        ));
    }
}

fn write_blocks(
    ctx: &mut Ctx,
    options: &Options,
    flash: &mut dyn Flash,
    source: &mut dyn Read,
    how: &write::Options,
) -> std::result::Result<bool, safebox::flash::Error> {
    let mut meter = meter(ctx, options);
    write::write(flash, source, how, &mut |at| show(&mut meter, &at)).map(|_| true)
}

fn show(meter: &mut Meter, at: &write::Progress) {
    if at.event == write::Event::Bad {
        meter.say(format_args!("Skipping bad block at {:#x}", at.offset));
    }
    match at.total {
        Some(total) => meter.percent("written", at.done, total),
        None => meter.show(&format!("written: {} KiB", at.done / 1024)),
    }
}

fn erase_all(ctx: &mut Ctx, options: &Options, (partition, flash): &mut Target) -> Result<()> {
    let name = &partition.name;
    if options.quiet < 2 {
        ctx.tell(format!("Unlocking {name} ...\nErasing {name} ...\n"));
    }
    let mut meter = meter(ctx, options);
    erase::everything(&mut **flash, &mut |at| {
        if at.event == erase::Event::Bad {
            meter.say(format_args!("Skipping bad block at {:#x}", at.offset));
        }
        meter.percent("erased", at.done, at.total);
    })
    .map_err(on(partition))
}

fn meter(ctx: &Ctx, options: &Options) -> Meter {
    let mut meter = Meter::new(ctx);
    if options.quiet > 0 {
        meter.hide();
    }
    meter
}
