//! sed - edit lines by a script.
//!
//! The whole script is checked before the first file is opened. Edited in place, a file is
//! replaced only when its successor is whole and on the disk.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::replace::Replacement;
use safebox::fsops::status::Status;
use safebox::fsops::{base_name, dir_name, join};
use safebox::opts::Opts;
use safebox::sed::{self, FILES, MAIN, Outside, Settings};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

pub static APPLET: Applet = Applet {
    names: &["sed"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: sed [-nEsz] [-i[SUF]] [-e SCRIPT|-f FILE]... [SCRIPT] [FILE]...

Edit the lines of FILEs, or of standard input, by a script.

  -n, --quiet, --silent    print only what the script prints
  -e, --expression SCRIPT  add SCRIPT; several are joined as lines
  -f, --file FILE          add the script in FILE
  -i[SUF], --in-place[=SUF]  change FILEs themselves; the old ones are kept as FILESUF
  -E, -r, --regexp-extended  extended regular expressions
  -s, --separate           every file has its own first and last line
  -z, --null-data          lines end with NUL
  -u, --unbuffered         ignored: lines are not held back

Example: sed -i 's/old/new/g' /etc/config/network
";

/// A file could not be read.
const UNREAD: Exit = Exit(2);
/// Something could not be written.
const UNWRITTEN: Exit = Exit(4);

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let mut operands = opts.operands.clone().into_iter();
    let parts = parts(ctx, &opts, &mut operands)?;
    let text = parts.iter().map(|part| &part.text[..]);
    let text = text.collect::<Vec<_>>().join(&b'\n');
    let mut script = sed::parse(&text, opts.has("E")).map_err(|error| {
        let place = place(&parts, error.at);
        Error::Message(format!("{place}: {error}"), Exit::FAILED)
    })?;
    let in_place = opts.has("i");
    let settings = Settings {
        silent: opts.has("n"),
        separate: opts.has("s") || in_place,
        in_place,
        delimiter: if opts.has("z") { 0 } else { b'\n' },
        ..Settings::default()
    };
    let mut operands: Vec<OsString> = operands.collect();
    if operands.is_empty() {
        operands.push("-".into());
    }
    let mut outputs = Vec::new();
    for name in &script.outputs {
        let name = OsStr::from_bytes(name);
        let file = File::create(name).at("create", name);
        let file = file.map_err(|error| Error::Message(error.to_string(), UNWRITTEN))?;
        outputs.push(Target {
            name: name.to_owned(),
            file: BufWriter::with_capacity(64 * 1024, file),
            failure: None,
        });
    }
    let mut files = Files {
        ctx,
        operands: operands.into_iter(),
        suffix: opts.value("i").map(OsStr::to_owned),
        current: None,
        outputs,
        status: Exit::OK,
    };
    let status = sed::run(&mut script, settings, &mut files);
    files.finish();
    let failed = files.status;
    match status? {
        0 => Ok(failed),
        asked => Ok(Exit(asked)),
    }
}

/// One `-e` or `-f`.
struct Part {
    text: Vec<u8>,
    /// None: a script on the command line.
    file: Option<OsString>,
}

/// The parts of the script in the order given; without any the first operand is it.
fn parts(
    ctx: &Ctx,
    opts: &Opts,
    operands: &mut impl Iterator<Item = OsString>,
) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for (key, value) in opts.in_order() {
        let mut text = value.as_bytes().to_vec();
        let file = match key {
            "e" => None,
            "f" => {
                text.clear();
                ctx.open(value)
                    .and_then(|mut file| file.read_to_end(&mut text))
                    .at("open", value)?;
                if text.last() == Some(&b'\n') {
                    text.pop();
                }
                Some(value.to_owned())
            }
            _ => continue,
        };
        parts.push(Part { text, file });
    }
    if parts.is_empty() {
        let Some(script) = operands.next() else {
            return Err(Error::Usage {
                complaint: "missing script".into(),
                usage: USAGE.into(),
                exit: Exit::FAILED,
            });
        };
        parts.push(Part {
            text: script.into_vec(),
            file: None,
        });
    }
    Ok(parts)
}

/// Where in the parts a byte of the joined script stands, for a person.
fn place(parts: &[Part], mut at: usize) -> String {
    for (number, part) in parts.iter().enumerate() {
        if at > part.text.len() && number + 1 < parts.len() {
            at -= part.text.len() + 1;
            continue;
        }
        let before = &part.text[..at.min(part.text.len())];
        let lines = memchr::memchr_iter(b'\n', before).count();
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let column = before.len() - start;
        return match &part.file {
            Some(name) => format!("{}: line {}, char {column}", name.display(), lines + 1),
            None if lines > 0 => format!("script line {}, char {column}", lines + 1),
            None if parts.len() > 1 => format!("-e number {}, char {column}", number + 1),
            None => format!("script, char {column}"),
        };
    }
    String::new()
}

/// A file that `w` writes to.
struct Target {
    name: OsString,
    file: BufWriter<File>,
    failure: Option<io::Error>,
}

/// A file that is edited in place.
struct InPlace {
    name: OsString,
    new: Replacement,
}

/// What the script reads and writes.
struct Files<'a, 'b> {
    ctx: &'a mut Ctx<'b>,
    operands: std::vec::IntoIter<OsString>,
    /// Some: files are edited in place, and the old ones kept if it is not empty.
    suffix: Option<OsString>,
    current: Option<InPlace>,
    outputs: Vec<Target>,
    status: Exit,
}

impl Files<'_, '_> {
    fn failed(&mut self, error: Error, status: Exit) {
        self.ctx.say(error);
        self.status = Exit(self.status.0.max(status.0));
    }

    fn open(&mut self, name: &OsStr) -> Result<Box<dyn Read>> {
        if self.suffix.is_none() {
            return Ok(Box::new(self.ctx.open(name).at("", name)?));
        }
        let file = File::open(name).at("", name)?;
        let status = Status::of_open(&file).at("", name)?;
        if !status.is_file() {
            let text = format!("{}: not a regular file, not edited", name.display());
            return Err(Error::message(text));
        }
        let new = Replacement::begin(Path::new(name), Some(&status)).at("change", name)?;
        let name = name.to_owned();
        self.current = Some(InPlace { name, new });
        Ok(Box::new(file))
    }

    fn finish(&mut self) {
        for mut target in std::mem::take(&mut self.outputs) {
            let result = match target.failure.take() {
                Some(failure) => Err(failure),
                None => target.file.flush(),
            };
            if let Err(error) = result.at("write", &target.name) {
                self.failed(error, UNWRITTEN);
            }
        }
        if self.ctx.out.failed() {
            self.status = UNWRITTEN;
        }
    }
}

/// The name under which the old file is kept: `*` in the suffix stands for its name.
fn backup(name: &OsStr, suffix: &OsStr) -> PathBuf {
    let base = base_name(name).as_bytes();
    let suffix = suffix.as_bytes();
    let new = match suffix.contains(&b'*') {
        true => suffix
            .split(|&byte| byte == b'*')
            .collect::<Vec<_>>()
            .join(base),
        false => [base, suffix].concat(),
    };
    let new = OsString::from_vec(new);
    match new.as_bytes().contains(&b'/') {
        true => new.into(),
        false => join(dir_name(name), &new).into(),
    }
}

impl Outside for Files<'_, '_> {
    fn next_file(&mut self) -> Option<(Vec<u8>, Box<dyn Read>)> {
        loop {
            let name = self.operands.next()?;
            match self.open(&name) {
                Ok(file) => return Some((name.into_vec(), file)),
                Err(error) => {
                    let status = if self.suffix.is_some() {
                        UNWRITTEN
                    } else {
                        UNREAD
                    };
                    self.failed(error, status);
                }
            }
        }
    }

    fn complain(&mut self, name: &[u8], error: io::Error) {
        // Half a file must not take the place of the whole one.
        self.current = None;
        if let Err(error) = Err::<(), _>(error).at("", OsStr::from_bytes(name)) {
            self.failed(error, UNREAD);
        }
    }

    fn end_of_file(&mut self) {
        let Some(InPlace { name, new }) = self.current.take() else {
            return;
        };
        let suffix = self.suffix.as_deref().filter(|suffix| !suffix.is_empty());
        let backup = suffix.map(|suffix| backup(&name, suffix));
        if let Err(error) = new.finish(backup.as_deref()).at("change", &name) {
            self.failed(error, UNWRITTEN);
        }
    }

    fn read(&mut self, name: &[u8]) -> Option<Box<dyn Read>> {
        let name = match name {
            b"/dev/stdin" => b"-",
            name => name,
        };
        let file = self.ctx.open(OsStr::from_bytes(name)).ok()?;
        Some(Box::new(file))
    }

    fn put(&mut self, target: usize, bytes: &[u8]) {
        match target.checked_sub(FILES) {
            Some(number) => {
                if let Some(target) = self.outputs.get_mut(number)
                    && target.failure.is_none()
                {
                    target.failure = target.file.write_all(bytes).err();
                }
            }
            None if target == MAIN && self.suffix.is_some() => {
                if let Some(current) = &mut self.current {
                    current.new.put(bytes);
                }
            }
            None => self.ctx.out.put(bytes),
        }
    }

    fn flush(&mut self) -> bool {
        // The failure is kept by `out` and by the file in the making.
        let _ = self.ctx.out.flush();
        let full = self
            .current
            .as_ref()
            .is_some_and(|current| current.new.failed());
        !full && !self.ctx.out.failed()
    }
}
