//! mtd - write, erase, check and read flash partitions.
//!
//! Everything is checked before the first block is erased: the partition, the size, the
//! settings archive and its place in the image, and who is mounted there. What is written is
//! read back, and only then comes the reboot. The trap: the partition may hold the very file
//! system that runs, so the program locks itself into memory first.

mod change;
mod source;

use argh::{ArgsInfo, FromArgs};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::flash::repair::{self, Repair};
use safebox::flash::trx::{self, TRX_MAGIC};
use safebox::flash::{self, blocks, joined, verify};
use safebox::opts::declared::Raw;
use safebox::sys::{Flash, Partition, Reboot};
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["mtd"],
    dir: Dir::Sbin,
    run,
};

/// Work on a flash partition, given by its name, mtdN or /dev/mtdN; A:B goes on in B where A ends.
///
/// Commands: unlock PART; erase PART; write FILE|- PART; verify FILE|- PART; dump PART (to
/// standard output); jffs2write FILE PART (a file into a jffs2 that is not mounted, or into an
/// empty partition); fixtrx PART (length and checksum of a TRX header); resetbc PART (the boot
/// counter of some boards). Not here: fixseama, fixwrg, fixwrgg, imagetag, RedBoot's -F.
#[derive(FromArgs, ArgsInfo)]
#[argh(
    example = "mtd -r write /tmp/firmware.bin firmware",
    example = "mtd -r erase rootfs_data",
    example = "mtd dump art > /tmp/art.bin",
    example = "mtd -e rootfs_data jffs2write /tmp/sysupgrade.tgz rootfs_data"
)]
struct Options {
    /// write what does not look like firmware, or under a mounted file system
    #[argh(switch, short = 'f')]
    force: bool,
    /// reboot when all went well
    #[argh(switch, short = 'r')]
    reboot: bool,
    /// do not erase before writing
    #[argh(switch, short = 'n')]
    no_erase: bool,
    /// show no progress; twice: nothing but errors
    #[argh(switch, short = 'q')]
    quiet: u8,
    /// erase this partition first; may be given several times
    #[argh(option, short = 'e', arg_name = "part")]
    erase: Vec<Raw>,
    /// put this settings archive behind the image, for its first boot to find
    #[argh(option, short = 'j', arg_name = "file")]
    jffs2: Option<Raw>,
    /// look for the end of the image only after this many bytes (with -j)
    #[argh(option, short = 's', default = "Number(0)", arg_name = "bytes")]
    skip: Number,
    /// begin to write at this offset
    #[argh(option, short = 'p', default = "Number(0)", arg_name = "bytes")]
    start: Number,
    /// begin to dump at this offset; where the header is (fixtrx)
    #[argh(option, short = 'o', default = "Number(0)", arg_name = "bytes")]
    offset: Number,
    /// dump so many bytes
    #[argh(option, short = 'l', arg_name = "bytes")]
    length: Option<Number>,
    /// the directory for jffs2write (the root if not given); it is made if need be
    #[argh(option, short = 'd', arg_name = "dir")]
    directory: Option<Raw>,
    /// bytes that a checksum covers (fixtrx; to the end of the erase block if not given)
    #[argh(option, short = 'c', arg_name = "bytes")]
    count: Option<Number>,
    /// the magic number of a TRX header (0x30524448 if not given)
    #[argh(option, short = 'M', arg_name = "magic")]
    magic: Option<Number>,
    /// keep the boot loader's recovery flag in this partition while writing
    #[argh(option, short = 't', arg_name = "part")]
    recovery: Option<Raw>,
    /// a command and what it works on
    #[argh(positional)]
    words: Vec<Raw>,
}

/// A number of bytes: decimal, or hexadecimal after `0x`; `k` and `m` multiply.
#[derive(Clone, Copy)]
struct Number(u64);

impl argh::FromArgValue for Number {
    fn from_arg_value(text: &str) -> std::result::Result<Number, String> {
        let (digits, unit) = match text.as_bytes().last() {
            Some(b'k' | b'K') => (&text[..text.len() - 1], 1024),
            Some(b'm' | b'M') => (&text[..text.len() - 1], 1024 * 1024),
            _ => (text, 1),
        };
        let number = match digits.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16),
            None => digits.parse(),
        };
        let bytes = number.ok().and_then(|n| n.checked_mul(unit));
        bytes
            .map(Number)
            .ok_or_else(|| format!("'{text}' is no number of bytes"))
    }
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let options: Options = ctx.options()?;
    let words: Vec<&[u8]> = options
        .words
        .iter()
        .map(|word| word.0.as_encoded_bytes())
        .collect();
    let [first, rest @ ..] = &words[..] else {
        return Err(usage("no command"));
    };
    let last = options.words.last();
    match (*first, rest.len(), last) {
        (b"dump", 1, Some(name)) => dump(ctx, &options, name),
        (b"verify", 2, Some(name)) => verify(ctx, &options, name),
        (b"unlock", 1, Some(name)) => unlock(ctx, &options, name),
        (b"erase", 1, Some(name)) => change::run(ctx, &options, change::Kind::Erase, name),
        (b"write", 2, Some(name)) => {
            let kind = change::Kind::Write(&options.words[1]);
            change::run(ctx, &options, kind, name)
        }
        (b"jffs2write", 2, Some(name)) => {
            let kind = change::Kind::Plant(&options.words[1]);
            change::run(ctx, &options, kind, name)
        }
        (b"fixtrx" | b"resetbc", 1, Some(name)) => repair(ctx, &options, name, first),
        (
            b"dump" | b"verify" | b"unlock" | b"erase" | b"write" | b"jffs2write" | b"fixtrx"
            | b"resetbc",
            ..,
        ) => Err(usage("wrong number of arguments")),
        (b"fixseama" | b"fixwrg" | b"fixwrgg", ..) => Err(Error::message(
            "this header cannot be mended here: write the whole image instead",
        )),
        (other, ..) => {
            let other = String::from_utf8_lossy(other);
            Err(usage(&format!("{other}: no such command")))
        }
    }
}

fn usage(complaint: &str) -> Error {
    Error::Usage {
        complaint: complaint.into(),
        usage: "\
Usage: mtd [OPTION]... unlock|erase|dump|fixtrx|resetbc PART
       mtd [OPTION]... write|verify|jffs2write FILE PART
'mtd --help' tells more.
"
        .into(),
        exit: Exit::FAILED,
    }
}

/// The partitions that a name stands for: one, or several with colons between them.
fn find(ctx: &mut Ctx, name: &Raw) -> Result<Vec<Partition>> {
    match flash::find(ctx.sys, name) {
        Err(flash::Error::NoPartition { .. }) if name.0.as_bytes().contains(&b':') => {
            let names = name.0.as_bytes().split(|&byte| byte == b':');
            let found = names.map(|name| flash::find(ctx.sys, OsStr::from_bytes(name)));
            Ok(found.collect::<std::result::Result<_, _>>()?)
        }
        other => Ok(vec![other?]),
    }
}

/// Finds what a name stands for and opens it; what is joined has the first one's number.
fn open(ctx: &mut Ctx, name: &Raw, writable: bool) -> Result<(Partition, Box<dyn Flash>)> {
    let partitions = find(ctx, name)?;
    let mut parts = Vec::new();
    for partition in &partitions {
        parts.push(flash::open(ctx.sys, partition, writable).map_err(on(partition))?);
    }
    let names: Vec<&str> = partitions.iter().map(|p| p.name.as_str()).collect();
    let name = names.join(":");
    let Some(first) = partitions.into_iter().next() else {
        return Err(usage("no partition"));
    };
    let partition = Partition { name, ..first };
    let flash = joined::join(parts).map_err(on(&partition))?;
    Ok((partition, flash))
}

/// Names the partition in an error.
fn on(partition: &Partition) -> impl Fn(flash::Error) -> Error + use<> {
    let name = partition.name.clone();
    move |error| error.on(name.clone()).into()
}

fn unlock(ctx: &mut Ctx, options: &Options, name: &Raw) -> Result<Exit> {
    let (partition, mut flash) = open(ctx, name, true)?;
    if options.quiet < 2 {
        ctx.tell(format!("Unlocking {} ...\n", partition.name));
    }
    blocks::unlock(&mut *flash);
    Ok(Exit::OK)
}

/// Mends a header or a counter, which a mounted file system does not notice.
fn repair(ctx: &mut Ctx, options: &Options, name: &Raw, command: &[u8]) -> Result<Exit> {
    let (partition, mut flash) = open(ctx, name, true)?;
    let done = match command {
        b"resetbc" => repair::reset_boot_counter(&mut *flash),
        _ => {
            let length = options.count.map(|count| count.0);
            let magic = magic(options)?;
            trx::fix_trx(&mut *flash, options.offset.0, length, magic)
        }
    };
    let done = done.map_err(on(&partition))?;
    if options.quiet < 2 {
        let name = &partition.name;
        ctx.tell(match done {
            Repair::Done => format!("{name}: mended\n"),
            Repair::Needless => format!("{name}: nothing to mend\n"),
        });
    }
    if options.reboot {
        ctx.sys.machine().sync();
        ctx.sys.machine().reboot(Reboot::Restart).at("", "reboot")?;
    }
    Ok(Exit::OK)
}

/// The magic of TRX headers on this board.
fn magic(options: &Options) -> Result<u32> {
    let magic = options
        .magic
        .map_or(Ok(TRX_MAGIC), |magic| magic.0.try_into());
    magic.map_err(|_| usage("a magic number has 32 bits"))
}

/// Everything but bad blocks, on standard output.
fn dump(ctx: &mut Ctx, options: &Options, name: &Raw) -> Result<Exit> {
    let (partition, mut flash) = open(ctx, name, false)?;
    let mut left = options.length.map_or(u64::MAX, |length| length.0);
    let ranges = blocks::readable(&mut *flash, options.offset.0).map_err(on(&partition))?;
    let mut buf = vec![0; flash.geometry().erase_size as usize];
    for range in ranges {
        let count = (range.end - range.start).min(left);
        // At most one erase block, which fits.
        let part = &mut buf[..count as usize];
        let failed = |source| flash::Error::Io {
            verb: "read",
            offset: range.start,
            source,
        };
        flash
            .read(range.start, part)
            .map_err(failed)
            .map_err(on(&partition))?;
        ctx.out.put(part);
        left -= count;
        if left == 0 || ctx.out.failed() {
            break;
        }
    }
    Ok(Exit::OK)
}

fn verify(ctx: &mut Ctx, options: &Options, name: &Raw) -> Result<Exit> {
    let (partition, mut flash) = open(ctx, name, false)?;
    let path = &options.words[1];
    let mut file = ctx.open(&path.0).at("open", path)?;
    let shown = source::shown(path);
    if options.quiet < 2 {
        ctx.tell(format!(
            "Verifying {} against {shown} ...\n",
            partition.name
        ));
    }
    let source: &mut dyn Read = &mut file;
    match verify::verify(&mut *flash, source, options.start.0) {
        Ok(count) => {
            if options.quiet < 2 {
                ctx.tell(format!("{count} bytes\nSuccess\n"));
            }
            Ok(Exit::OK)
        }
        Err(flash::Error::Mismatch { offset }) => {
            ctx.tell("Failed\n");
            let text = format!("{} differs from {shown} at {offset:#x}", partition.name);
            Err(Error::message(text))
        }
        Err(error) => Err(on(&partition)(error)),
    }
}
