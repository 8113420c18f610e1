//! jffs2 - files out of a jffs2 that need not be mountable.
//!
//! Everything is read by our own code and nothing is written to the flash, so it works where
//! the kernel refuses the mount, on copies, and on those of another byte order. What is damaged
//! is named with its place, the rest is handed out, and the status is 1.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::archive::listing::{is_below, long_line, without_slashes};
use safebox::archive::{Error as Fault, Extract, Extraction, Header, Kind, Writer};
use safebox::error::{At, Error, Exit, Result};
use safebox::flash;
use safebox::flash::jffs2::{Content, Index, Medium, Tree};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub static APPLET: Applet = Applet {
    names: &["jffs2"],
    dir: Dir::Sbin,
    run,
};

const USAGE: &str = "\
Usage: jffs2 [-a] [-C DIR] list|cat|tar|extract PART|FILE [PATH]...

Read files from a jffs2 without mounting it: from a flash partition, or from a copy of one in
a file. Settings lie below upper/, as in /overlay. Nothing on the flash is changed.

  list              list the files
  cat               print files
  tar               all files as a tar archive on standard output
  extract           put the files into the current directory
  -C DIR            put them there instead
  -a                also what a reset has marked as void, and files whose directory is lost
                    (below lost+found)

Examples:
  jffs2 list rootfs_data upper/etc
  jffs2 cat rootfs_data upper/etc/config/network
  jffs2 -C /tmp/old extract rootfs_data upper/etc
  jffs2 tar rootfs_data | nc 192.168.1.2 3333
";

/// Damaged places that are told one by one.
const TOLD: usize = 10;

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let [command, source, paths @ ..] = opts.operands.as_slice() else {
        return Err(usage("a command and a partition or file are needed"));
    };
    let dir = Path::new(opts.value("C").unwrap_or(OsStr::new(".")));
    let sink = match command.as_bytes() {
        b"list" => Sink::List,
        b"cat" if paths.is_empty() => return Err(usage("cat needs a path")),
        b"cat" => Sink::Print,
        // Of its own, since `ctx` is needed for the messages meanwhile.
        b"tar" => Sink::Pack(Writer::new(ctx.out.another())),
        b"extract" => Sink::Extract(Extraction::new(dir, how_to_extract())),
        _ => return Err(usage("no such command")),
    };
    read(ctx, source, opts.has("a"), Wanted::new(paths), sink)?;
    Ok(ctx.status())
}

fn usage(complaint: &str) -> Error {
    Error::Usage {
        complaint: complaint.into(),
        usage: USAGE.into(),
        exit: Exit::FAILED,
    }
}

fn how_to_extract() -> Extract {
    let root = rustix::process::geteuid().is_root();
    Extract {
        same_owner: root,
        same_mode: root,
        ..Extract::default()
    }
}

/// Where the files go.
enum Sink {
    List,
    Print,
    Pack(Writer<'static>),
    Extract(Extraction),
}

impl Sink {
    fn take(&mut self, ctx: &mut Ctx, header: &Header, content: &mut Content) -> Result<()> {
        match self {
            Sink::List => ctx.out.line(long_line(header)),
            Sink::Print if header.kind == Kind::Directory => {}
            Sink::Print => {
                io::copy(content, &mut ctx.out).map_err(Fault::Write)?;
            }
            Sink::Pack(archive) => archive.file(header, content)?,
            Sink::Extract(extraction) => match extraction.entry(header, content) {
                Err(trouble @ (Fault::Hostile(_) | Fault::File { .. })) => ctx.complain(trouble),
                other => other?,
            },
        }
        Ok(())
    }

    fn finish(self, ctx: &mut Ctx) -> Result<()> {
        match self {
            Sink::List | Sink::Print => {}
            Sink::Pack(archive) => archive.finish()?,
            Sink::Extract(extraction) => {
                for trouble in extraction.finish() {
                    ctx.complain(trouble);
                }
            }
        }
        Ok(())
    }
}

/// The paths that were asked for, and which of them have been met.
struct Wanted(Vec<(Vec<u8>, bool)>);

impl Wanted {
    fn new(paths: &[OsString]) -> Wanted {
        let plain = |path: &OsString| {
            let path = without_slashes(path.as_bytes());
            let start = path.iter().position(|&b| b != b'/').unwrap_or(path.len());
            (path[start..].to_vec(), false)
        };
        Wanted(paths.iter().map(plain).collect())
    }

    fn has(&mut self, name: &[u8]) -> bool {
        let mut wanted = self.0.is_empty();
        for (path, met) in &mut self.0 {
            if path.is_empty() || is_below(name, path) {
                (*met, wanted) = (true, true);
            }
        }
        wanted
    }
}

fn read(
    ctx: &mut Ctx,
    source: &OsStr,
    all: bool,
    mut wanted: Wanted,
    mut sink: Sink,
) -> Result<()> {
    let (name, mut medium) = open(ctx, source)?;
    let mut troubles = 0_usize;
    let index = Index::read(&mut *medium, all, &mut |offset, what| {
        troubles += 1;
        if troubles <= TOLD {
            ctx.complain(Error::message(format!("{name}: {what} at {offset:#x}")));
        }
    });
    if troubles > TOLD {
        let more = troubles - TOLD;
        ctx.complain(Error::message(format!(
            "{name}: {more} more damaged places"
        )));
    }
    let index = index.map_err(|error| error.on(name.clone()))?;
    let mut lost = Vec::new();
    let mut tree = Tree {
        index: &index,
        medium: &mut *medium,
        trouble: &mut |path| lost.push(path.to_vec()),
    };
    tree.walk(all, &mut |header, content| {
        if !wanted.has(&header.name) || ctx.out.failed() {
            return Ok(());
        }
        sink.take(ctx, header, content)?;
        if let Some((offset, what)) = content.damage() {
            let file = String::from_utf8_lossy(&header.name);
            let text = format!("{name}: {file}: {what} at {offset:#x}: it is not as it was");
            ctx.complain(Error::message(text));
        }
        Ok(())
    })?;
    sink.finish(ctx)?;
    for path in lost.iter().filter(|path| wanted.has(path)) {
        let file = String::from_utf8_lossy(path);
        ctx.complain(Error::message(format!(
            "{name}: {file}: nothing is left of it"
        )));
    }
    for (path, _) in wanted.0.iter().filter(|(_, met)| !met) {
        let file = String::from_utf8_lossy(path);
        ctx.complain(Error::message(format!("{name}: {file}: no such file")));
    }
    Ok(())
}

/// A partition by its name, or else a file.
fn open(ctx: &mut Ctx, source: &OsStr) -> Result<(String, Box<dyn Medium>)> {
    match flash::find(ctx.sys, source) {
        Ok(partition) => {
            let opened = flash::open(ctx.sys, &partition, false);
            let flash = opened.map_err(|error| error.on(partition.name.clone()))?;
            Ok((partition.name, Box::new(flash)))
        }
        Err(_) if Path::new(source).exists() => {
            let file = File::open(source).at("open", source)?;
            Ok((source.to_string_lossy().into_owned(), Box::new(file)))
        }
        Err(error) => Err(error.into()),
    }
}
