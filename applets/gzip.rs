//! gzip - packs and unpacks files (gunzip, zcat).
//!
//! The packed file appears under its final name only when it is whole, and the original
//! goes only after that.

use safebox::applet::{Applet, Ctx, Dir, called_name};
use safebox::archive::Error as Fault;
use safebox::archive::gzip::{Gunzip, Gzip};
use safebox::error::{At, Error, Exit, Result};
use safebox::opts::Opts;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

pub static APPLET: Applet = Applet {
    names: &["gzip", "gunzip", "zcat"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: gzip [-cdfktv123456789] [FILE]...
       gunzip [-cfktv] [FILE]...
       zcat [FILE]...

Pack FILEs to FILE.gz, or unpack them again; without FILE standard input to output.

  -c                to standard output; the files stay
  -d                unpack
  -f                overwrite existing files, write to a terminal
  -k                keep the originals
  -t                only check that the files are whole
  -v                name each file that was done
  -n, -q            ignored: names are never stored, nothing is said without need
  -1, -2, -3        pack fast
  -6, -4, -5, -7, -8  in between: without any of these
  -9                pack small

Example: gzip -t /tmp/backup.tar.gz && echo whole
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let called = called_name(&ctx.argv0).as_bytes().to_owned();
    let job = Job::new(&opts, &called)?;
    if opts.operands.is_empty() {
        stream(ctx, &job, OsStr::new("-"))?;
    }
    for name in &opts.operands {
        let result = if name == "-" || job.to_output || job.test {
            stream(ctx, &job, name)
        } else {
            replace(ctx, &job, name)
        };
        match result {
            Ok(()) if opts.has("v") => ctx.tell([name.as_bytes(), b": OK\n"].concat()),
            Ok(()) => {}
            Err(error) => ctx.complain(error),
        }
        if ctx.out.failed() {
            break;
        }
    }
    Ok(ctx.status())
}

struct Job {
    unpack: bool,
    to_output: bool,
    test: bool,
    force: bool,
    keep: bool,
    level: u32,
}

impl Job {
    fn new(opts: &Opts, called: &[u8]) -> Result<Job> {
        let level = match opts.last_of(&["1", "6", "9"]) {
            Some("1") => 1,
            Some("9") => 9,
            _ => 6,
        };
        Ok(Job {
            unpack: opts.has("d") || opts.has("t") || called != b"gzip",
            to_output: opts.has("c") || called == b"zcat",
            test: opts.has("t"),
            force: opts.has("f"),
            keep: opts.has("k"),
            level,
        })
    }

    /// Packs or unpacks the whole of `input`.
    fn transform(&self, input: &mut dyn Read, output: &mut dyn Write) -> Result<()> {
        if self.unpack {
            return copy(&mut Gunzip::new(input), output);
        }
        let mut gzip = Gzip::new(output, self.level);
        copy(input, &mut gzip)?;
        gzip.finish().map_err(Fault::Write)?;
        Ok(())
    }
}

fn copy(input: &mut dyn Read, output: &mut dyn Write) -> Result<()> {
    let mut buf = vec![0; 32 * 1024];
    loop {
        match input.read(&mut buf) {
            Ok(0) => return Ok(()),
            Ok(count) => output.write_all(&buf[..count]).map_err(Fault::Write)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Fault::Read(error).into()),
        }
    }
}

/// To standard output, or nowhere for a test.
fn stream(ctx: &mut Ctx, job: &Job, name: &OsStr) -> Result<()> {
    if !job.unpack && !job.force && rustix::termios::isatty(rustix::stdio::stdout()) {
        let advice = "compressed data not written to terminal, use -f to force it";
        return Err(Error::message(advice));
    }
    let mut input = ctx.open(name).at("", name)?;
    let result = if job.test {
        job.transform(&mut input, &mut io::sink())
    } else {
        job.transform(&mut input, &mut ctx.out)
    };
    match result {
        // A name tells which of several files is damaged.
        Err(Error::Engine(fault)) if name != "-" => {
            let name = name.to_string_lossy();
            Err(Error::message(format!("{name}: {fault}")))
        }
        other => other,
    }
}

/// To a file beside the original, which then goes.
fn replace(ctx: &mut Ctx, job: &Job, name: &OsStr) -> Result<()> {
    let meta = fs::metadata(name).at("", name)?;
    let shown = name.to_string_lossy();
    if !meta.is_file() {
        return Err(Error::message(format!("{shown}: not a regular file")));
    }
    let Some(target) = target(name, job.unpack) else {
        return Err(Error::message(format!("{shown}: unknown suffix - ignored")));
    };
    if !job.force && fs::symlink_metadata(&target).is_ok() {
        let target = target.to_string_lossy();
        return Err(Error::message(format!(
            "{target} already exists; use -f to overwrite it"
        )));
    }
    let part = [target.as_bytes(), b".part"].concat();
    let part = OsString::from_vec(part);
    let result = write_part(ctx, job, name, &part, meta.permissions().mode());
    if let Err(error) = result {
        // The error that is reported is the one that counts.
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    fs::rename(&part, &target).at("rename", &part)?;
    if !job.keep {
        fs::remove_file(name).at("remove", name)?;
    }
    Ok(())
}

fn write_part(ctx: &Ctx, job: &Job, name: &OsStr, part: &OsStr, mode: u32) -> Result<()> {
    let mut input = ctx.open(name).at("", name)?;
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode & 0o777);
    let mut output: File = options.open(part).at("open", part)?;
    job.transform(&mut input, &mut output).map_err(|error| {
        let name = name.to_string_lossy();
        Error::message(format!("{name}: {error}"))
    })?;
    let modified = input.metadata().and_then(|meta| meta.modified());
    output
        .set_permissions(fs::Permissions::from_mode(mode & 0o777))
        .at("set permissions of", part)?;
    match modified {
        Ok(time) => output.set_modified(time).at("set time of", part),
        // A file system without times is no reason to fail.
        Err(_) => Ok(()),
    }
}

/// The name of the result; None when a name to unpack has no suffix of ours.
fn target(name: &OsStr, unpack: bool) -> Option<OsString> {
    let bytes = name.as_bytes();
    let target = if !unpack {
        [bytes, b".gz"].concat()
    } else if let Some(tar) = bytes.strip_suffix(b".tgz") {
        [tar, b".tar"].concat()
    } else {
        let suffix = |suffix: &[u8]| bytes.strip_suffix(suffix);
        suffix(b".gz").or(suffix(b".z")).or(suffix(b".Z"))?.to_vec()
    };
    Some(OsString::from_vec(target))
}
