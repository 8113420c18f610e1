//! xargs - run a program with arguments from standard input.
//!
//! The program's standard input is /dev/null: it must not eat the arguments of the next.

use rustix::process::{WaitOptions, WaitStatus};
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::opts::Opts;
use safebox::proc::launch;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

pub static APPLET: Applet = Applet {
    names: &["xargs"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: xargs [-0prtx] [-a FILE] [-E STR] [-I STR] [-L N] [-n N] [-P N] [-s N] [PROGRAM [ARG]...]

Run PROGRAM (echo) with ARGs and words from standard input. Quotes and backslash keep
blanks in words.

  -0                words end with NUL, and nothing else is special
  -a FILE           words from FILE instead of standard input
  -E STR            STR ends the input
  -e[STR]           the same
  -I STR            run PROGRAM for each line, and put it where STR stands in ARGs
  -L N              at most N lines at once
  -n N              at most N words at once
  -P N              up to N PROGRAMs at the same time; 0: as many as there are
  -p                ask before each
  -r                do not run PROGRAM without words
  -s N              command lines of at most N bytes
  -t                show each command on standard error
  -x                end if a word does not fit in -s

Example: find /etc/config -type f -print0 | xargs -0 grep -l wan
";

/// Bytes of a command line; the kernel takes at least this much beside the environment.
const LENGTH: usize = 128 * 1024 - 2048;

/// More lines than this in one command make no sense.
const MANY: usize = usize::MAX;

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt_leading(USAGE)?;
    let limits = Limits::from(&opts)?;
    let mut command = opts.operands.clone();
    if command.is_empty() {
        command.push("echo".into());
    }
    let mut words = Words {
        input: BufReader::new(input(&opts)?),
        end: match opts.last_of(&["E", "e"]) {
            Some(key) => opts.value(key).filter(|end| !end.is_empty()),
            None => None,
        },
        nul: opts.has("0"),
        lines: opts.has("I"),
        finished: false,
    };
    let mut runs = Runs {
        at_once: limits.at_once,
        running: 0,
        status: Exit::OK,
        asks: opts.has("p"),
        shows: opts.has("t") || opts.has("p"),
    };
    let result = feed(ctx, &opts, &limits, &command, &mut words, &mut runs);
    // Children that run are waited for, whatever happened.
    while runs.running > 0 {
        runs.reap(ctx, &command)?;
    }
    result.map(|()| runs.status)
}

struct Limits {
    words: usize,
    lines: usize,
    bytes: usize,
    at_once: usize,
    exact: bool,
}

impl Limits {
    fn from(opts: &Opts) -> Result<Limits> {
        let number = |key: &str, default: usize| match opts.value(key) {
            None => Ok(default),
            Some(text) => match text.to_str().and_then(|text| text.parse().ok()) {
                Some(number) => Ok(number),
                None => {
                    let text = text.to_string_lossy();
                    Err(Error::message(format!("invalid number '{text}'")))
                }
            },
        };
        Ok(Limits {
            words: number("n", MANY)?.max(1),
            lines: number("L", MANY)?.max(1),
            bytes: number("s", LENGTH)?.min(LENGTH),
            at_once: match number("P", 1)? {
                0 => MANY,
                at_once => at_once,
            },
            exact: opts.has("x"),
        })
    }
}

/// Where words come from; our own standard input becomes /dev/null for the programs.
fn input(opts: &Opts) -> Result<File> {
    if let Some(file) = opts.value("a") {
        return File::open(file).at("open", file);
    }
    let input = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3);
    let input = File::from(input.at("read", "standard input")?);
    let null = File::open("/dev/null").at("open", "/dev/null")?;
    rustix::stdio::dup2_stdin(&null).at("open", "/dev/null")?;
    Ok(input)
}

fn feed(
    ctx: &mut Ctx,
    opts: &Opts,
    limits: &Limits,
    command: &[OsString],
    words: &mut Words<'_>,
    runs: &mut Runs,
) -> Result<()> {
    if let Some(mark) = opts.value("I") {
        while let Some((word, _)) = words.next()? {
            let filled: Vec<_> = command.iter().map(|arg| fill(arg, mark, &word)).collect();
            if !runs.start(ctx, &filled)? {
                return Ok(());
            }
        }
        return Ok(());
    }
    let length = |words: &[OsString]| words.iter().map(|word| word.len() + 1).sum::<usize>();
    let fixed = length(command);
    let mut batch = command.to_vec();
    let (mut bytes, mut lines) = (fixed, 0);
    let mut ran = opts.has("r");
    while let Some((word, ends_line)) = words.next()? {
        let size = word.len() + 1;
        if fixed + size > limits.bytes {
            return Err(Error::message("argument line too long"));
        }
        if bytes + size > limits.bytes {
            if limits.exact {
                return Err(Error::message("argument list too long"));
            }
            ran = true;
            if !runs.start(ctx, &batch)? {
                return Ok(());
            }
            batch.truncate(command.len());
            (bytes, lines) = (fixed, 0);
        }
        batch.push(word);
        bytes += size;
        lines += usize::from(ends_line);
        if batch.len() - command.len() >= limits.words || lines >= limits.lines {
            ran = true;
            if !runs.start(ctx, &batch)? {
                return Ok(());
            }
            batch.truncate(command.len());
            (bytes, lines) = (fixed, 0);
        }
    }
    if batch.len() > command.len() || !ran {
        runs.start(ctx, &batch)?;
    }
    Ok(())
}

/// `arg` with the word in every place of the mark.
fn fill(arg: &OsStr, mark: &OsStr, word: &OsStr) -> OsString {
    let (mut rest, mark) = (arg.as_bytes(), mark.as_bytes());
    let mut filled = Vec::new();
    while let Some((&first, after)) = rest.split_first() {
        match rest.strip_prefix(mark) {
            Some(behind) if !mark.is_empty() => {
                filled.extend(word.as_bytes());
                rest = behind;
            }
            _ => {
                filled.push(first);
                rest = after;
            }
        }
    }
    OsString::from_vec(filled)
}

/// Takes the input apart.
struct Words<'o> {
    input: BufReader<File>,
    end: Option<&'o OsStr>,
    nul: bool,
    lines: bool,
    finished: bool,
}

impl Words<'_> {
    /// The next word, and whether a line ends behind it.
    fn next(&mut self) -> Result<Option<(OsString, bool)>> {
        if self.finished {
            return Ok(None);
        }
        let word = if self.nul {
            self.until_nul()?
        } else {
            self.quoted()?
        };
        match word {
            Some((word, _)) if self.end.is_some_and(|end| end.as_bytes() == word) => {
                self.finished = true;
                Ok(None)
            }
            Some((word, ends_line)) => Ok(Some((OsString::from_vec(word), ends_line))),
            None => Ok(None),
        }
    }

    fn until_nul(&mut self) -> Result<Option<(Vec<u8>, bool)>> {
        let mut word = Vec::new();
        // One byte more than fits, so that the caller sees that it does not.
        let mut input = (&mut self.input).take(LENGTH as u64 + 1);
        input
            .read_until(0, &mut word)
            .at("read", "standard input")?;
        if word.last() == Some(&0) {
            word.pop();
        } else if word.is_empty() {
            return Ok(None);
        }
        Ok(Some((word, true)))
    }

    fn byte(&mut self) -> Result<Option<u8>> {
        let mut byte = [0];
        let count = self.input.read(&mut byte).at("read", "standard input")?;
        Ok((count == 1).then_some(byte[0]))
    }

    fn quoted(&mut self) -> Result<Option<(Vec<u8>, bool)>> {
        let mut word: Option<Vec<u8>> = None;
        let mut quote = None;
        loop {
            let Some(byte) = self.byte()? else {
                self.finished = true;
                return match quote {
                    Some(quote) => Err(unmatched(quote)),
                    None => Ok(word.map(|word| (word, true))),
                };
            };
            match (quote, byte) {
                (Some(open), byte) if byte == open => quote = None,
                (Some(_), byte) => word.get_or_insert_default().push(byte),
                (None, b'\'' | b'"') => {
                    word.get_or_insert_default();
                    quote = Some(byte);
                }
                (None, b'\\') => {
                    if let Some(next) = self.byte()? {
                        word.get_or_insert_default().push(next);
                    }
                }
                (None, b'\n') => {
                    if let Some(word) = word {
                        return Ok(Some((word, true)));
                    }
                }
                (None, b' ' | b'\t') if self.lines => {
                    // Only blanks before a line's first character are dropped.
                    if let Some(word) = &mut word {
                        word.push(byte);
                    }
                }
                (None, b' ' | b'\t') => {
                    if let Some(word) = word {
                        return Ok(Some((word, false)));
                    }
                }
                (None, byte) => word.get_or_insert_default().push(byte),
            }
            if word.as_ref().is_some_and(|word| word.len() > LENGTH) {
                return Err(Error::message("argument line too long"));
            }
        }
    }
}

fn unmatched(quote: u8) -> Error {
    let kind = if quote == b'"' { "double" } else { "single" };
    Error::message(format!("unmatched {kind} quote"))
}

/// The programs that run, and what has become of the others.
struct Runs {
    at_once: usize,
    running: usize,
    status: Exit,
    asks: bool,
    shows: bool,
}

impl Runs {
    /// Starts a command; false: no more are to be started.
    fn start(&mut self, ctx: &mut Ctx, argv: &[OsString]) -> Result<bool> {
        if self.shows {
            let mut line = argv.join(OsStr::new(" "));
            line.push(if self.asks { " ?..." } else { "\n" });
            ctx.tell(line.as_bytes());
            if self.asks && !agreed()? {
                return Ok(true);
            }
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let word = argv.first().map(OsString::as_os_str).unwrap_or_default();
        if launch::find(ctx.applets, word, &path).is_none() {
            let text = format!("{}: No such file or directory", word.to_string_lossy());
            return Err(Error::Message(text, Exit::NOT_FOUND));
        }
        let name = ctx.name();
        launch::spawn(ctx.applets, argv, ctx.sys, &name)?;
        self.running += 1;
        let mut go_on = true;
        while self.running >= self.at_once {
            go_on &= self.reap(ctx, argv)?;
        }
        Ok(go_on)
    }

    /// Waits for one; false: it says that there is no point in going on.
    fn reap(&mut self, ctx: &mut Ctx, argv: &[OsString]) -> Result<bool> {
        let status = loop {
            match rustix::process::wait(WaitOptions::empty()) {
                Ok(Some((_, status))) => break status,
                Ok(None) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error).at("wait for", "a program"),
            }
        };
        self.running -= 1;
        Ok(self.judge(ctx, argv, status))
    }

    fn judge(&mut self, ctx: &mut Ctx, argv: &[OsString], status: WaitStatus) -> bool {
        let name = argv.first().map(|word| word.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        if let Some(signal) = status.terminating_signal() {
            ctx.say(format!("'{name}' terminated by signal {signal}"));
            self.status = Exit(125);
            return false;
        }
        match status.exit_status() {
            Some(0) | None => true,
            Some(255) => {
                ctx.say(format!("{name}: exited with status 255; aborting"));
                self.status = Exit(124);
                false
            }
            // What could not be executed has said so itself.
            Some(126) => {
                self.status = Exit(126);
                false
            }
            Some(_) => {
                self.status = Exit(123);
                true
            }
        }
    }
}

/// Asks on the terminal: standard input is for words.
fn agreed() -> Result<bool> {
    let terminal = File::open("/dev/tty").at("open", "/dev/tty")?;
    let mut answer = Vec::new();
    let mut input = BufReader::new(terminal.take(1024));
    input
        .read_until(b'\n', &mut answer)
        .at("read", "/dev/tty")?;
    Ok(matches!(answer.first(), Some(b'y' | b'Y')))
}
