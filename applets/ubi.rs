//! ubiattach ubidetach ubimkvol ubirmvol ubirsvol ubiupdatevol ubinfo ubiblock - UBI volumes.
//!
//! What a router on NAND keeps its kernel, root and settings in. Everything is checked before it
//! is changed, by `safebox::flash::volumes`; what was done is told with the names that the next
//! command needs.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::flash;
use safebox::flash::volumes::{self, Room};
use safebox::fsops::number;
use safebox::opts::Opts;
use safebox::sys::{NewVolume, UbiDevice, UbiVolume};
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &[
        "ubiattach",
        "ubiblock",
        "ubidetach",
        "ubimkvol",
        "ubinfo",
        "ubirmvol",
        "ubirsvol",
        "ubiupdatevol",
    ],
    dir: Dir::UsrSbin,
    run,
};

const ATTACH: &str = "\
Usage: ubiattach -p PART|-m N [-d N]

Attach a flash partition that holds UBI, so that its volumes can be used. An empty partition
becomes UBI.

  -p PART           the partition: its name, mtdN or /dev/mtdN
  -m N              the same by its number
  -d N              attach it as ubiN (a free number if not given)

Example: ubiattach -p ubi
";

const DETACH: &str = "\
Usage: ubidetach -d N|-p PART|-m N

Detach a UBI device that nobody uses.

  -d N              the device ubiN
  -p PART           the one on this partition: its name, mtdN or /dev/mtdN
  -m N              the same by its number

Example: ubidetach -d 0
";

const MAKE: &str = "\
Usage: ubimkvol UBI -N NAME -s SIZE|-S N|-m [-n N] [-t TYPE]

Make a volume on a UBI device.

  -N NAME           its name
  -s SIZE           bytes; k, M and MiB multiply
  -S N              erase blocks instead
  -m                all that is free
  -n N              its number (a free one if not given)
  -t TYPE           dynamic (as usual) or static, which has a checksum

Example: ubimkvol /dev/ubi0 -N rootfs_data -m
";

const REMOVE: &str = "\
Usage: ubirmvol UBI -n N|-N NAME

Remove a volume that nobody uses, with all that is in it.

  -n N              the volume by its number
  -N NAME           the volume by its name

Example: ubirmvol /dev/ubi0 -N rootfs_data
";

const RESIZE: &str = "\
Usage: ubirsvol UBI -n N|-N NAME -s SIZE|-S N|-m

Give a volume another size. A file system grows with it only where it can do so.

  -n N              the volume by its number
  -N NAME           the volume by its name
  -s SIZE           bytes; k, M and MiB multiply
  -S N              erase blocks instead
  -m                as large as possible

Example: ubirsvol /dev/ubi0 -N rootfs_data -s 20MiB
";

const UPDATE: &str = "\
Usage: ubiupdatevol VOLUME [-s SIZE] FILE
       ubiupdatevol VOLUME -t

Put a file in place of all that a volume holds. FILE - is standard input.

  -s SIZE           only so many bytes of it; needed for standard input
  -t                empty the volume

Examples:
  ubiupdatevol /dev/ubi0_1 /tmp/rootfs.squashfs
  ubiupdatevol -t ubi0:rootfs_data
";

const INFO: &str = "\
Usage: ubinfo [-a] [UBI|VOLUME]...

Show the UBI devices, and their volumes.

  -a                as without it: all of them

Example: ubinfo /dev/ubi0
";

const BLOCK: &str = "\
Usage: ubiblock -c|-r VOLUME

A block device that reads a volume, to mount a squashfs from.

  -c, --create      put /dev/ubiblockN_M on the volume ubiN_M
  -r, --remove      remove it

Example: ubiblock -c /dev/ubi0_1 && mount -t squashfs /dev/ubiblock0_1 /mnt
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    match ctx.name().as_str() {
        "ubiattach" => attach(ctx),
        "ubiblock" => block(ctx),
        "ubidetach" => detach(ctx),
        "ubimkvol" => make(ctx),
        "ubirmvol" => remove(ctx),
        "ubirsvol" => resize(ctx),
        "ubiupdatevol" => update(ctx),
        _ => info(ctx),
    }
}

fn usage(complaint: &str, usage: &str) -> Error {
    Error::Usage {
        complaint: complaint.into(),
        usage: usage.into(),
        exit: Exit::FAILED,
    }
}

/// Names what it was about.
fn on(name: &str) -> impl Fn(volumes::Error) -> Error + use<'_> {
    move |error| Error::message(format!("{name}: {error}"))
}

/// A number of bytes, erase blocks or a device.
fn number(text: &OsStr) -> Result<u64> {
    number::bytes(text.as_bytes())
        .ok_or_else(|| Error::message(format!("'{}' is no number", text.to_string_lossy())))
}

fn small_number(opts: &Opts, key: &str) -> Result<Option<u32>> {
    let Some(text) = opts.value(key) else {
        return Ok(None);
    };
    let number = number(text)?;
    match u32::try_from(number) {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(Error::message(format!("{number} is no number of a device"))),
    }
}

/// The partition of `-p` or `-m`.
fn partition_name(opts: &Opts) -> Result<Option<String>> {
    if let Some(name) = opts.value("p") {
        return Ok(Some(name.to_string_lossy().into_owned()));
    }
    Ok(small_number(opts, "m")?.map(|number| format!("mtd{number}")))
}

fn attach(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(ATTACH)?;
    // The original takes the control device as an operand, which there is only one of.
    opts.between(ATTACH, 0, 1)?;
    let name = partition_name(&opts)?.ok_or_else(|| usage("which partition?", ATTACH))?;
    let partition = flash::find(ctx.sys, &name)?;
    let number = small_number(&opts, "d")?;
    let number = volumes::attach(ctx.sys, &partition, number).map_err(on(&name))?;
    let device = device(ctx, &format!("ubi{number}"))?;
    ctx.out.line(describe_device(&device));
    Ok(Exit::OK)
}

fn detach(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(DETACH)?;
    opts.between(DETACH, 0, 1)?;
    let device = match (small_number(&opts, "d")?, partition_name(&opts)?) {
        (Some(number), _) => device(ctx, &format!("ubi{number}"))?,
        (None, Some(name)) => {
            let partition = flash::find(ctx.sys, &name)?;
            let devices = ctx.sys.ubi().devices().at("", "ubi")?;
            let on_it = devices.iter().find(|d| d.mtd == partition.number);
            *on_it.ok_or_else(|| Error::message(format!("{name}: not attached")))?
        }
        _ => return Err(usage("which device?", DETACH)),
    };
    volumes::detach(ctx.sys, &device).map_err(on(&format!("ubi{}", device.number)))?;
    Ok(Exit::OK)
}

fn device(ctx: &mut Ctx, name: &str) -> Result<UbiDevice> {
    volumes::device(ctx.sys, name).map_err(on(name))
}

/// The device that is the only operand.
fn given_device(ctx: &mut Ctx, opts: &Opts, usage: &str) -> Result<UbiDevice> {
    let name = opts.between(usage, 1, 1)?[0].to_string_lossy().into_owned();
    device(ctx, &name)
}

/// The volume of `-n` or `-N` on the device that is the only operand.
fn given_volume(ctx: &mut Ctx, opts: &Opts, text: &str) -> Result<UbiVolume> {
    let device = given_device(ctx, opts, text)?;
    let number = small_number(opts, "n")?;
    let name = opts.value("N").map(OsStr::to_string_lossy);
    if number.is_some() == name.is_some() {
        return Err(usage("one of -n and -N is needed", text));
    }
    let shown = match (&name, number) {
        (Some(name), _) => name.to_string(),
        (None, number) => number.unwrap_or_default().to_string(),
    };
    volumes::volume_of(ctx.sys, &device, number, name.as_deref()).map_err(on(&shown))
}

/// `-s`, `-S` or `-m`.
fn room(opts: &Opts, text: &str) -> Result<Room> {
    Ok(match (opts.value("s"), opts.value("S"), opts.has("m")) {
        (Some(size), None, false) => Room::Bytes(number(size)?),
        (None, Some(blocks), false) => Room::Blocks(number(blocks)?),
        (None, None, true) => Room::All,
        _ => return Err(usage("one of -s, -S and -m is needed", text)),
    })
}

fn make(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(MAKE)?;
    let device = given_device(ctx, &opts, MAKE)?;
    let Some(name) = opts.value("N").and_then(OsStr::to_str) else {
        return Err(usage("a name is needed: -N", MAKE));
    };
    let is_static = match opts.value("t").map(OsStr::as_bytes) {
        None | Some(b"dynamic") => false,
        Some(b"static") => true,
        Some(_) => return Err(usage("a volume is dynamic or static", MAKE)),
    };
    let room = room(&opts, MAKE)?;
    let volume = NewVolume {
        name: name.into(),
        number: small_number(&opts, "n")?,
        size: 0,
        is_static,
    };
    let id = volumes::make(ctx.sys, &device, volume, room).map_err(on(name))?;
    show(ctx, &id.to_string())
}

fn remove(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(REMOVE)?;
    let volume = given_volume(ctx, &opts, REMOVE)?;
    volumes::remove(ctx.sys, &volume).map_err(on(&volume.name))?;
    Ok(Exit::OK)
}

fn resize(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(RESIZE)?;
    let room = room(&opts, RESIZE)?;
    let volume = given_volume(ctx, &opts, RESIZE)?;
    volumes::resize(ctx.sys, &volume, room).map_err(on(&volume.name))?;
    show(ctx, &volume.id.to_string())
}

/// Shows a volume that was changed.
fn show(ctx: &mut Ctx, name: &str) -> Result<Exit> {
    let volume = volumes::volume(ctx.sys, name).map_err(on(name))?;
    ctx.out.line(describe_volume(&volume));
    Ok(Exit::OK)
}

fn update(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(UPDATE)?;
    let empty = opts.has("t");
    let operands = opts.between(UPDATE, 2 - usize::from(empty), 2)?;
    let name = operands[0].to_string_lossy();
    let volume = volumes::volume(ctx.sys, &name).map_err(on(&name))?;
    let mut nothing = io::empty();
    let mut file;
    let (size, source): (u64, &mut dyn Read) = match operands.get(1).filter(|_| !empty) {
        None => (0, &mut nothing),
        Some(path) => {
            file = ctx.open(path).at("open", path)?;
            let meta = file.metadata().at("read", path)?;
            let length = meta.is_file().then_some(meta.len());
            let wanted = opts.value("s").map(number).transpose()?;
            let size = wanted
                .or(length)
                .ok_or_else(|| usage("its size is not known: -s", UPDATE))?;
            if let Some(length) = length.filter(|&length| length < size) {
                let path = path.to_string_lossy();
                let text = format!("{path}: it has {length} bytes of {size}");
                return Err(Error::message(text));
            }
            (size, &mut file)
        }
    };
    volumes::update(ctx.sys, &volume, size, source).map_err(on(&name))?;
    Ok(Exit::OK)
}

fn block(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(BLOCK)?;
    let name = opts.between(BLOCK, 1, 1)?[0].to_string_lossy().into_owned();
    let wanted = match (opts.has("c"), opts.has("r")) {
        (true, false) => true,
        (false, true) => false,
        _ => return Err(usage("one of -c and -r is needed", BLOCK)),
    };
    let volume = volumes::volume(ctx.sys, &name).map_err(on(&name))?;
    if volume.has_block == wanted {
        let is = if wanted {
            "is there already"
        } else {
            "is not there"
        };
        let text = format!("{name}: its block device {is}");
        return Err(Error::message(text));
    }
    ctx.sys.ubi().set_block(volume.id, wanted).at("", &*name)?;
    Ok(Exit::OK)
}

fn info(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(INFO)?;
    let devices = ctx.sys.ubi().devices().at("", "ubi")?;
    let all = ctx.sys.ubi().volumes().at("", "ubi")?;
    let mut wanted = Vec::new();
    for name in &opts.operands {
        let name = name.to_string_lossy();
        match volumes::volume(ctx.sys, &name) {
            Ok(volume) => ctx.out.line(describe_volume(&volume)),
            Err(_) => wanted.push(device(ctx, &name)?),
        }
    }
    if opts.operands.is_empty() {
        wanted = devices;
        if wanted.is_empty() {
            return Err(Error::message(
                volumes::Error::Unknown(String::new()).to_string(),
            ));
        }
    }
    for device in wanted {
        ctx.out.line(describe_device(&device));
        for volume in all.iter().filter(|v| v.id.device == device.number) {
            ctx.out.line(describe_volume(volume));
        }
    }
    Ok(Exit::OK)
}

fn describe_device(device: &UbiDevice) -> String {
    let UbiDevice {
        number,
        mtd,
        block_size,
        free_blocks,
        blocks,
        bad_blocks,
    } = device;
    format!(
        "ubi{number}: mtd{mtd}, {blocks} erase blocks of {block_size} bytes, {free_blocks} free, \
         {bad_blocks} bad"
    )
}

fn describe_volume(volume: &UbiVolume) -> String {
    let blocks = volume.size / u64::from(volume.block_size.max(1));
    let mut text = format!(
        "{}: {}, {} erase blocks, {} bytes",
        volume.id, volume.name, blocks, volume.size
    );
    if volume.is_static {
        text += &format!(", static, {} in use", volume.used);
    }
    if volume.has_block {
        text += ", with a block device";
    }
    if volume.torn {
        text += ", an update was cut off";
    }
    text
}
