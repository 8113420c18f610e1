//! dd - copy block by block, from and to any place of files and devices.
//!
//! Scripts read the two lines `N+M records in` and `N+M records out`. A short read on a pipe
//! is a block of its own, unless `iflag=fullblock`.

mod options;

use options::{Options, Side, USAGE};
use rustix::fs::{Mode, OFlags, SeekFrom};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result, reason};
use std::fs::File;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

pub static APPLET: Applet = Applet {
    names: &["dd"],
    dir: Dir::Bin,
    run,
};

/// How often `status=progress` speaks.
const PROGRESS: Duration = Duration::from_secs(1);

fn run(ctx: &mut Ctx) -> Result<Exit> {
    if ctx.args.iter().any(|arg| arg == "--help") {
        return Err(Error::Help(USAGE.into()));
    }
    let options = Options::parse(&ctx.args)?;
    let mut input = open_input(ctx, &options)?;
    let mut output = open_output(&options)?;
    skip(&mut input, &options).at("", &options.input.shown)?;
    seek(&mut output, &options)?;
    let mut copy = Copy {
        options: &options,
        buf: vec![0; options.input.block],
        out: Vec::new(),
        counts: Counts::default(),
        shown: Instant::now(),
        started: Instant::now(),
    };
    let result = copy.all(ctx, &mut input, &mut output);
    if options.progress {
        copy.show_progress(ctx);
        ctx.tell("\n");
    }
    let result = result.and_then(|()| finish(&output, &options));
    if let Err(error) = result {
        ctx.complain(error);
    }
    if !options.quiet {
        let Counts { read, written, .. } = copy.counts;
        ctx.tell(format!(
            "{}+{} records in\n{}+{} records out\n",
            read.0, read.1, written.0, written.1
        ));
    }
    Ok(ctx.status())
}

fn open_input(ctx: &Ctx, options: &Options) -> Result<File> {
    let side = &options.input;
    match &side.name {
        Some(name) => {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | side.flags;
            let file = rustix::fs::open(name, flags, Mode::empty()).at("open", name)?;
            Ok(file.into())
        }
        None => Ok(ctx.stdin().try_clone().at("read", &side.shown)?),
    }
}

fn open_output(options: &Options) -> Result<File> {
    let side = &options.output;
    let Some(name) = &side.name else {
        let file = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3);
        return Ok(file.at("write", &side.shown)?.into());
    };
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC | side.flags;
    let file = rustix::fs::open(name, flags, Mode::from_raw_mode(0o666)).at("open", name)?;
    Ok(file.into())
}

/// Leaves out the beginning; what cannot seek is read.
fn skip(input: &mut File, options: &Options) -> io::Result<()> {
    let bytes = options.input.offset;
    if bytes == 0 {
        return Ok(());
    }
    if rustix::fs::seek(&*input, SeekFrom::Current(0)).is_ok() && !is_pipe(input) {
        let bytes = i64::try_from(bytes).map_err(|_| io::ErrorKind::InvalidInput)?;
        rustix::fs::seek(&*input, SeekFrom::Current(bytes))?;
        return Ok(());
    }
    let mut left = bytes;
    let mut buf = vec![0; options.input.block];
    while left > 0 {
        let wanted = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        match input.read(&mut buf[..wanted]) {
            Ok(0) => break,
            Ok(count) => left -= count as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_pipe(file: &File) -> bool {
    use std::os::unix::fs::FileTypeExt;
    file.metadata()
        .is_ok_and(|meta| meta.file_type().is_fifo() || meta.file_type().is_socket())
}

/// Leaves the beginning of the output as it is, and cuts the rest off unless `notrunc`.
fn seek(output: &mut File, options: &Options) -> Result<()> {
    let Side { offset, shown, .. } = &options.output;
    let is_file = output.metadata().is_ok_and(|meta| meta.is_file());
    if options.output.name.is_some() && !options.no_truncate && is_file {
        output.set_len(*offset).at("truncate", shown)?;
    }
    if *offset > 0 {
        rustix::fs::seek(&*output, SeekFrom::Start(*offset)).at("", shown)?;
    }
    Ok(())
}

fn finish(output: &File, options: &Options) -> Result<()> {
    let synced = match (options.fsync, options.fdatasync) {
        (true, _) => output.sync_all(),
        (_, true) => output.sync_data(),
        _ => Ok(()),
    };
    synced.at("sync", &options.output.shown)
}

/// Whole and partial blocks, and bytes.
#[derive(Clone, Copy, Default)]
struct Counts {
    read: (u64, u64),
    written: (u64, u64),
    bytes: u64,
}

struct Copy<'o> {
    options: &'o Options,
    buf: Vec<u8>,
    /// What waits to be a whole output block.
    out: Vec<u8>,
    counts: Counts,
    started: Instant,
    shown: Instant,
}

impl Copy<'_> {
    fn all(&mut self, ctx: &mut Ctx, input: &mut File, output: &mut File) -> Result<()> {
        while let Some(count) = self.read(ctx, input)? {
            if count == 0 {
                break;
            }
            let mut count = count;
            if self.options.pad && count < self.buf.len() {
                self.buf[count..].fill(0);
                count = self.buf.len();
            }
            if self.options.swap {
                self.buf[..count]
                    .chunks_exact_mut(2)
                    .for_each(|pair| pair.swap(0, 1));
            }
            self.pass_on(count, output)?;
            if self.options.progress && self.shown.elapsed() >= PROGRESS {
                self.shown = Instant::now();
                self.show_progress(ctx);
            }
        }
        let rest = std::mem::take(&mut self.out);
        if rest.is_empty() {
            return Ok(());
        }
        self.write(&rest, output)
    }

    /// Reads a block; 0 at the end, None when there have been enough.
    fn read(&mut self, ctx: &mut Ctx, input: &mut File) -> Result<Option<usize>> {
        let mut wanted = self.buf.len();
        match self.options.count {
            Some(count) if self.options.count_bytes => {
                let left = count.saturating_sub(self.counts.bytes);
                wanted = usize::try_from(left).map_or(wanted, |left| left.min(wanted));
            }
            Some(count) if self.counts.read.0 + self.counts.read.1 >= count => return Ok(None),
            _ => {}
        }
        if wanted == 0 {
            return Ok(None);
        }
        let mut filled = 0;
        while filled < wanted {
            match input.read(&mut self.buf[filled..wanted]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if self.options.no_error => {
                    let shown = &self.options.input.shown;
                    ctx.complain(Error::message(format!(
                        "{}: {}",
                        shown.to_string_lossy(),
                        reason(&error)
                    )));
                    filled = self.step_over(input, filled)?;
                }
                Err(error) => return Err(error).at("", &self.options.input.shown),
            }
            if !self.options.full_blocks {
                break;
            }
        }
        if filled == self.buf.len() {
            self.counts.read.0 += 1;
        } else if filled > 0 {
            self.counts.read.1 += 1;
        }
        self.counts.bytes += filled as u64;
        Ok(Some(filled))
    }

    /// What cannot be read is zeros in the copy, so that everything else keeps its place.
    fn step_over(&mut self, input: &File, filled: usize) -> Result<usize> {
        let block = self.buf.len();
        self.buf[filled..].fill(0);
        let over = SeekFrom::Current((block - filled) as i64);
        rustix::fs::seek(input, over).at("", &self.options.input.shown)?;
        Ok(block)
    }

    fn pass_on(&mut self, count: usize, output: &mut File) -> Result<()> {
        if self.options.same_blocks {
            let buf = std::mem::take(&mut self.buf);
            let written = self.write(&buf[..count], output);
            self.buf = buf;
            return written;
        }
        self.out.extend_from_slice(&self.buf[..count]);
        let block = self.options.output.block;
        let mut done = 0;
        let out = std::mem::take(&mut self.out);
        while out.len() - done >= block {
            self.write(&out[done..done + block], output)?;
            done += block;
        }
        self.out = out;
        self.out.drain(..done);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8], output: &mut File) -> Result<()> {
        if let Err(error) = output.write_all(bytes) {
            let shown = self.options.output.shown.to_string_lossy();
            let text = format!("error writing '{shown}': {}", reason(&error));
            return Err(Error::message(text));
        }
        if bytes.len() >= self.options.output.block {
            self.counts.written.0 += 1;
        } else {
            self.counts.written.1 += 1;
        }
        Ok(())
    }

    fn show_progress(&self, ctx: &mut Ctx) {
        let seconds = self.started.elapsed().as_secs_f64();
        let bytes = self.counts.bytes;
        let speed = safebox::fsops::format::human((bytes as f64 / seconds.max(0.001)) as u64);
        ctx.tell(format!(
            "\r{bytes} bytes copied, {seconds:.1} s, {speed}/s "
        ));
    }
}
