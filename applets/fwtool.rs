//! fwtool - metadata and signature at the end of a firmware file.
//!
//! Reading never changes the file unless -t says so. Appending computes the checksum over
//! the file as it is, so metadata come before a signature.

use flate2::Crc;
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::image::fwtool::{self, Chunk, Kind};
use safebox::image::{self, report};
use safebox::opts::Opts;
use safebox::signature::keys::{FOLDER, Keys};
use safebox::upgrade::device::USUAL_ERASE_SIZE;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

pub static APPLET: Applet = Applet {
    names: &["fwtool"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: fwtool [-q] [-t|-T] [-i FILE] [-s FILE] IMAGE
       fwtool [-I FILE] [-S FILE] IMAGE
       fwtool show [-j] IMAGE

Read or append the metadata and the signature of a firmware file, or show all that is in it.

  -i FILE           write the metadata to FILE (- is standard output)
  -s FILE           write the signature to FILE
  -I FILE           append the metadata in FILE (JSON)
  -S FILE           append the signature in FILE
  -t                cut what was read off the image, and what is behind it
  -T                write the image without what was read to standard output
  -q                say nothing when there is none
  -j                show as JSON

The status is 1 when something asked for is missing or the image is damaged.
Example: fwtool -i - sysupgrade.bin
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    if let [word, image] = &opts.operands[..]
        && word == "show"
    {
        return show(ctx, opts.has("j"), image);
    }
    let [image] = &opts.operands[..] else {
        return Err(usage("one image is needed"));
    };
    let image = Path::new(image);
    let given = |keys: [&str; 2]| keys.iter().any(|key| opts.has(key));
    match (given(["I", "S"]), given(["i", "s"])) {
        (true, false) => append(ctx, &opts, image),
        (false, true) => extract(ctx, &opts, image),
        _ => Err(usage("either -i and -s, or -I and -S")),
    }
}

fn usage(complaint: &str) -> Error {
    Error::Usage {
        complaint: complaint.into(),
        usage: USAGE.into(),
        exit: Exit::FAILED,
    }
}

fn show(ctx: &mut Ctx, json: bool, image: &OsStr) -> Result<Exit> {
    let mut file = File::open(image).at("open", image)?;
    let mut facts = image::look(&mut file, USUAL_ERASE_SIZE).at("read", image)?;
    let (keys, now) = (
        Keys::Folders(vec![ctx.path(FOLDER)]),
        ctx.sys.machine().now(),
    );
    image::judge(&mut facts, &mut file, &keys, now).at("read", image)?;
    let found = report::facts(&facts);
    let text = match json {
        true => found.to_string() + "\n",
        false => report::lines(&found),
    };
    ctx.out.put(text.as_bytes());
    Ok(Exit::OK)
}

fn append(ctx: &mut Ctx, opts: &Opts, image: &Path) -> Result<Exit> {
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .open(image)
        .at("open", image)?;
    // The signature covers the metadata.
    for (key, kind) in [("I", Kind::Info), ("S", Kind::Signature)] {
        let Some(name) = opts.value(key) else {
            continue;
        };
        let mut content = Vec::new();
        let source = ctx.open(name).at("open", name)?;
        let limit = kind.longest() as u64 + 1;
        source
            .take(limit)
            .read_to_end(&mut content)
            .at("read", name)?;
        let crc = crc_of(&mut file, u64::MAX).at("read", image)?;
        let chunk = fwtool::build(kind, &content, crc).map_err(|longest| {
            let name = name.to_string_lossy();
            Error::message(format!("{name}: longer than {longest} bytes"))
        })?;
        // The CRC has been read to the end, which is where the chunk belongs.
        file.write_all(&chunk).at("write", image)?;
    }
    Ok(Exit::OK)
}

/// The CRC of the first `length` bytes, or all.
fn crc_of(file: &mut File, length: u64) -> std::io::Result<Crc> {
    let mut crc = Crc::new();
    let mut buf = vec![0; 64 * 1024];
    file.seek(SeekFrom::Start(0))?;
    let mut rest = file.take(length);
    loop {
        match rest.read(&mut buf) {
            Ok(0) => return Ok(crc),
            Ok(count) => crc.update(&buf[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn extract(ctx: &mut Ctx, opts: &Opts, image: &Path) -> Result<Exit> {
    let mut file = File::open(image).at("open", image)?;
    let length = file.seek(SeekFrom::End(0)).at("read", image)?;
    let chunks = fwtool::find(&mut file, length).at("read", image)?;
    let mut end = length;
    for (key, kind, what) in [
        ("i", Kind::Info, "metadata"),
        ("s", Kind::Signature, "signature"),
    ] {
        let Some(name) = opts.value(key) else {
            continue;
        };
        match take(&mut file, &chunks, kind, image)? {
            Ok((chunk, content)) => {
                put(ctx, name, &content)?;
                end = end.min(chunk.start);
            }
            Err(why) => {
                if !opts.has("q") {
                    ctx.say(format_args!("{}: {what} {why}", image.display()));
                }
                return Ok(Exit::FAILED);
            }
        }
    }
    if opts.has("T") {
        file.seek(SeekFrom::Start(0)).at("read", image)?;
        std::io::copy(&mut file.take(end), &mut ctx.out).at("copy", image)?;
    } else if opts.has("t") && end < length {
        let file = OpenOptions::new()
            .write(true)
            .open(image)
            .at("open", image)?;
        file.set_len(end).at("truncate", image)?;
    }
    Ok(Exit::OK)
}

/// A chunk with its content, its checksum compared; else why not.
fn take(
    file: &mut File,
    chunks: &[Chunk],
    kind: Kind,
    image: &Path,
) -> Result<std::result::Result<(Chunk, Vec<u8>), &'static str>> {
    let Some(chunk) = chunks.iter().find(|chunk| chunk.kind == Some(kind)) else {
        return Ok(Err("not present"));
    };
    let crc = crc_of(file, chunk.trailer).at("read", image)?;
    if fwtool::trailer_crc(&crc) != chunk.crc {
        return Ok(Err("damaged: its checksum is not that of the image"));
    }
    let content = fwtool::payload(file, chunk).at("read", image)?;
    Ok(content.map(|content| (*chunk, content)).ok_or("too long"))
}

fn put(ctx: &mut Ctx, name: &OsStr, content: &[u8]) -> Result<()> {
    if name == "-" {
        ctx.out.put(content);
        return Ok(());
    }
    std::fs::write(name, content).at("write", name)
}
