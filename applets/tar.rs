//! tar - archives of files, plain or packed with gzip.
//!
//! Packed archives are recognised when read. Names never lead out of the directory that is
//! extracted to (`src/archive/extract.rs`), and an archive that ends early is an error.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::archive::gzip::{self, Gunzip, Gzip};
use safebox::archive::listing::{is_below, long_line, shown_name, without_slashes};
use safebox::archive::safe_name;
use safebox::archive::{Create, Error as Fault, Extract, Extraction, Header, Reader, Writer};
use safebox::error::{At, Error, Exit, Result};
use safebox::opts::Opts;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

pub static APPLET: Applet = Applet {
    names: &["tar"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: tar c|x|t [-zvOmokhp] [-f ARCHIVE] [-C DIR] [-T LIST] [-X LIST] [FILE]...

Make, unpack or list an archive of files.

  -c                make an archive
  -x                unpack one
  -t                list one
  -f FILE           the archive; - or nothing is standard input or output
  -C DIR            the directory that names belong to
  -z                packed with gzip (noticed by itself with x and t)
  -v                print the names; with t all there is to know
  -O                unpack to standard output
  -m                leave the time of unpacking on the files
  -o                do not restore owners
  -p                restore permissions exactly (root always does)
  -k                keep files that exist
  -h                follow symbolic links
  -T LIST           take further names from the lines of the file LIST
  -X LIST           leave out the names in the file LIST, and what is below them
  --no-recursion    do not go into directories
  --strip-components N  drop the first N directories of every name
  --numeric-owner   ignored: owners are always shown as numbers

Example: tar czf - -C / etc/config | nc 192.168.1.2 3333
";

/// Options with a value, for command lines in the old style: `tar xfC a.tar dir`.
const WITH_VALUE: &[u8] = b"fCTX";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    ctx.args = new_style(&ctx.args);
    let opts = ctx.getopt(USAGE)?;
    let job = Job::new(ctx, &opts)?;
    match (opts.has("c"), opts.has("x"), opts.has("t")) {
        (true, false, false) => create(ctx, &opts, &job)?,
        (false, extract, list) if extract != list => read(ctx, &opts, &job, extract)?,
        _ => return Err(usage("one of c, x and t is needed")),
    }
    Ok(ctx.status())
}

fn usage(complaint: &str) -> Error {
    Error::Usage {
        complaint: complaint.into(),
        usage: USAGE.into(),
        exit: Exit::FAILED,
    }
}

/// Gives letters without a dash their dashes, each with its value.
fn new_style(args: &[OsString]) -> Vec<OsString> {
    let mut rest = args.iter().cloned();
    let Some(first) = rest.next() else {
        return Vec::new();
    };
    if first.as_bytes().starts_with(b"-") {
        return args.to_vec();
    }
    let mut new = Vec::new();
    for &letter in first.as_bytes() {
        new.push(OsString::from_vec(vec![b'-', letter]));
        if WITH_VALUE.contains(&letter) {
            new.extend(rest.next());
        }
    }
    new.extend(rest);
    new
}

/// What making and reading have in common.
struct Job {
    /// None: standard input or output.
    archive: Option<PathBuf>,
    dir: PathBuf,
    names: Vec<Vec<u8>>,
    excluded: Vec<Vec<u8>>,
    verbose: bool,
}

impl Job {
    fn new(ctx: &Ctx, opts: &Opts) -> Result<Job> {
        let mut names: Vec<Vec<u8>> = opts
            .operands
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        for list in opts.values("T") {
            names.extend(lines(ctx, list)?);
        }
        let mut excluded = Vec::new();
        for list in opts.values("X") {
            excluded.extend(lines(ctx, list)?);
        }
        let archive = opts.value("f").filter(|name| *name != "-");
        Ok(Job {
            archive: archive.map(PathBuf::from),
            dir: opts.value("C").map_or(PathBuf::new(), PathBuf::from),
            names,
            excluded: excluded.iter().map(|name| without_slashes(name)).collect(),
            verbose: opts.has("v"),
        })
    }

    fn is_excluded(&self, name: &[u8]) -> bool {
        self.excluded.iter().any(|start| is_below(name, start))
    }
}

fn lines(ctx: &Ctx, list: &OsStr) -> Result<Vec<Vec<u8>>> {
    let file = ctx.open(list).at("open", list)?;
    let lines = BufReader::new(file).split(b'\n');
    let lines: Vec<_> = lines.collect::<std::io::Result<_>>().at("", list)?;
    Ok(lines.into_iter().filter(|line| !line.is_empty()).collect())
}

fn create(ctx: &mut Ctx, opts: &Opts, job: &Job) -> Result<()> {
    if job.names.is_empty() {
        return Err(Error::message("empty archive"));
    }
    let file = match &job.archive {
        Some(path) => Some(File::create(path).at("open", path)?),
        None => None,
    };
    let mut how = Create::default();
    (how.dereference, how.flat) = (opts.has("h"), opts.has("no-recursion"));
    if let (Some(file), Some(path)) = (&file, &job.archive) {
        let meta = file.metadata().at("stat", path)?;
        how.archive = Some((meta.dev(), meta.ino()));
    }
    // Of its own, since `ctx` is needed for the messages meanwhile.
    let standard = ctx.out.another();
    let output: Box<dyn Write> = match &file {
        Some(file) => Box::new(file),
        None => Box::new(standard),
    };
    if !opts.has("z") {
        let mut output = output;
        pack(ctx, job, &mut how, &mut output)?;
        return output.flush().at("write", archive_name(job));
    }
    let mut gzip = Gzip::new(output, 6);
    pack(ctx, job, &mut how, &mut gzip)?;
    let mut output = gzip.finish().at("write", archive_name(job))?;
    output.flush().at("write", archive_name(job))
}

fn archive_name(job: &Job) -> &Path {
    job.archive.as_deref().unwrap_or(Path::new("(stdout)"))
}

fn pack(ctx: &mut Ctx, job: &Job, how: &mut Create, output: &mut dyn Write) -> Result<()> {
    let mut writer = Writer::new(output);
    let mut stripped = false;
    for name in &job.names {
        let inside = archived_name(name);
        if inside.len() < without_slashes(name).len() && !std::mem::replace(&mut stripped, true) {
            ctx.say("removing leading '/' from member names");
        }
        let path = job.dir.join(OsStr::from_bytes(name));
        let troubles = how.add(&mut writer, &path, &inside, &mut |_, header| {
            let wanted = !job.is_excluded(&header.name);
            if wanted && job.verbose {
                let line = shown_name(header);
                match job.archive {
                    Some(_) => ctx.out.line(line),
                    None => ctx.tell([&line[..], b"\n"].concat()),
                }
            }
            wanted
        })?;
        for trouble in troubles {
            ctx.complain(trouble);
        }
    }
    Ok(writer.finish()?)
}

/// The name in the archive: nothing up to the last `..`, no leading slash.
fn archived_name(name: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = name.split(|&b| b == b'/').collect();
    let from = parts
        .iter()
        .rposition(|part| *part == b"..")
        .map_or(0, |at| at + 1);
    let mut name = parts.get(from..).unwrap_or_default().join(&b'/');
    name.drain(..name.iter().take_while(|&&b| b == b'/').count());
    match without_slashes(&name) {
        empty if empty.is_empty() => b".".to_vec(),
        name => name,
    }
}

fn read(ctx: &mut Ctx, opts: &Opts, job: &Job, extract: bool) -> Result<()> {
    let name = job.archive.as_deref().unwrap_or(Path::new("-"));
    let file = ctx.open(name.as_os_str()).at("open", name)?;
    let mut input = BufReader::with_capacity(32 * 1024, file);
    let packed = opts.has("z") || input.fill_buf().at("read", name)?.starts_with(&gzip::MAGIC);
    let input: Box<dyn Read> = if packed {
        Box::new(Gunzip::new(input))
    } else {
        Box::new(input)
    };
    let mut reader = Reader::new(input);
    let root = rustix::process::geteuid().is_root();
    let how = Extract {
        keep_existing: opts.has("k"),
        new_mtime: opts.has("m"),
        same_owner: root && !opts.has("o"),
        same_mode: root || opts.has("p"),
    };
    let mut unpack = Unpack {
        job,
        strip: number(opts, "strip-components")?,
        to_output: opts.has("O"),
        extraction: extract.then(|| Extraction::new(&job.dir, how)),
        found: vec![false; job.names.len()],
    };
    while let Some(entry) = reader.next_entry()? {
        unpack.entry(ctx, entry, &mut reader)?;
    }
    reader.drain()?;
    for trouble in unpack.extraction.map_or(Vec::new(), Extraction::finish) {
        ctx.complain(trouble);
    }
    for (name, _) in job
        .names
        .iter()
        .zip(unpack.found)
        .filter(|(_, found)| !found)
    {
        let name = String::from_utf8_lossy(name);
        ctx.complain(Error::message(format!("{name}: not found in archive")));
    }
    Ok(())
}

fn number(opts: &Opts, key: &str) -> Result<usize> {
    match opts
        .value(key)
        .map(|text| text.to_str().and_then(|text| text.parse().ok()))
    {
        None => Ok(0),
        Some(Some(number)) => Ok(number),
        Some(None) => Err(usage("invalid number")),
    }
}

/// Reading under way.
struct Unpack<'a> {
    job: &'a Job,
    strip: usize,
    to_output: bool,
    /// None: only list.
    extraction: Option<Extraction>,
    /// Which of the names asked for have been met.
    found: Vec<bool>,
}

impl Unpack<'_> {
    fn entry(&mut self, ctx: &mut Ctx, mut entry: Header, reader: &mut Reader) -> Result<()> {
        if !self.is_wanted(&entry.name) {
            return Ok(());
        }
        if self.strip > 0 {
            let parts: Vec<&[u8]> = entry.name.split(|&b| b == b'/').collect();
            match parts.get(self.strip..) {
                Some(rest) if !rest.is_empty() => entry.name = rest.join(&b'/'),
                _ => return Ok(()),
            }
        }
        let Some(extraction) = &mut self.extraction else {
            ctx.out.line(if self.job.verbose {
                long_line(&entry)
            } else {
                shown_name(&entry)
            });
            return Ok(());
        };
        if self.job.verbose {
            let line = shown_name(&entry);
            match self.to_output {
                true => ctx.tell([&line[..], b"\n"].concat()),
                false => ctx.out.line(line),
            }
        }
        if self.to_output {
            safe_name(&entry.name)?;
            std::io::copy(reader, &mut ctx.out).map_err(Fault::Read)?;
            return Ok(());
        }
        match extraction.entry(&entry, reader) {
            Err(trouble @ (Fault::Hostile(_) | Fault::File { .. })) => ctx.complain(trouble),
            other => other?,
        }
        Ok(())
    }

    fn is_wanted(&mut self, name: &[u8]) -> bool {
        let mut wanted = self.job.names.is_empty();
        for (asked, found) in self.job.names.iter().zip(&mut self.found) {
            if is_below(name, &without_slashes(asked)) {
                (*found, wanted) = (true, true);
            }
        }
        wanted && !self.job.is_excluded(name)
    }
}
