//! grep - print lines that match.
//!
//! A whole buffer is searched at once; where a line begins and ends is looked up only
//! around a match, so text without matches costs one pass. Status 0: something was
//! selected, 1: nothing, 2: something went wrong, which wins even where lines matched.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::opts::{self, Opts, Order};
use safebox::text::regex::{Bounds, Regex, Syntax};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub static APPLET: Applet = Applet {
    names: &["grep", "egrep", "fgrep"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: grep [-HhnlLcoqvsrRiwxEFz] [-m N] [-A N] [-B N] [-C N] PATTERN|-e PATTERN|-f FILE [FILE]...

Print lines of FILEs (or standard input) that match PATTERN.

  -e PTRN           pattern; may be given several times
  -f FILE           patterns from FILE, one per line
  -E                extended regular expressions
  -F                plain text instead of expressions
  -i, -y            ignore case
  -v                lines that do not match
  -w                match whole words only
  -x                match whole lines only
  -c                only count the lines
  -l                only names of files with a match
  -L                only names of files without one
  -o                only what matched
  -q                print nothing; the status tells
  -s                no messages about files that cannot be read
  -n                with line numbers
  -H                with file names
  -h                without file names
  -m N              stop after N lines
  -r, -R            all files of directories
  -z                lines end with NUL
  -A N              N lines of context after
  -B N              N lines of context before
  -C N              N lines of context around
      --color[=WHEN]  colour what matched: always, never, auto
  -a, -I            ignored: every file is text

Example: grep -rn 'option ipaddr' /etc/config
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = opts::parse(USAGE, &ctx.args, Order::Anywhere, Exit::USAGE)?;
    let mut files = opts.operands.clone();
    let patterns = patterns(ctx, &opts, &mut files)?;
    let name = ctx.name();
    let mut search = Search::new(ctx, &opts, &name, &patterns)?;
    let recursive = opts.has("r");
    if files.is_empty() {
        files.push(OsString::from(if recursive { "." } else { "-" }));
    }
    search.names = !opts.has("h") && (opts.has("H") || recursive || files.len() > 1);
    for file in &files {
        search.operand(ctx, file, recursive);
        if search.found && search.quiet || ctx.out.failed() {
            break;
        }
    }
    Ok(match (search.found, ctx.status(), search.silent_failure) {
        (true, _, _) if search.quiet => Exit::OK,
        (_, Exit::OK, false) if search.found => Exit::OK,
        (_, Exit::OK, false) => Exit::FAILED,
        _ => Exit::USAGE,
    })
}

/// Collects the patterns of `-e`, `-f` or the first operand; each line is one.
fn patterns(ctx: &Ctx, opts: &Opts, files: &mut Vec<OsString>) -> Result<Vec<Vec<u8>>> {
    let mut patterns = Vec::new();
    let mut add = |text: &[u8]| patterns.extend(text.split(|&b| b == b'\n').map(<[u8]>::to_vec));
    for text in opts.values("e") {
        add(text.as_bytes());
    }
    for file in opts.values("f") {
        let mut text = Vec::new();
        ctx.open(file)
            .and_then(|mut source| source.read_to_end(&mut text))
            .at("", file)?;
        // The newline at the end begins no further pattern; an empty file has none.
        match text.strip_suffix(b"\n") {
            Some(lines) => add(lines),
            None if text.is_empty() => {}
            None => add(&text),
        }
    }
    if !opts.has("e") && !opts.has("f") {
        if files.is_empty() {
            return Err(Error::Usage {
                complaint: String::new(),
                usage: USAGE.into(),
                exit: Exit::USAGE,
            });
        }
        add(files.remove(0).as_bytes());
    }
    Ok(patterns)
}

/// What is looked for and how it is shown.
struct Search {
    /// None: no pattern at all, nothing matches.
    regex: Option<Regex>,
    invert: bool,
    names: bool,
    numbers: bool,
    quiet: bool,
    silent: bool,
    count: bool,
    list: Option<bool>,
    only: bool,
    colour: bool,
    most: Option<u64>,
    before: usize,
    after: usize,
    end: u8,
    found: bool,
    silent_failure: bool,
    /// Something was printed, so that a gap needs its `--`.
    printed: bool,
}

impl Search {
    fn new(ctx: &Ctx, opts: &Opts, name: &str, patterns: &[Vec<u8>]) -> Result<Search> {
        let fixed = opts.has("F") || name == "fgrep" && !opts.has("E");
        let end = if opts.has("z") { 0 } else { b'\n' };
        let syntax = Syntax {
            extended: opts.has("E") || name == "egrep",
            ignore_case: opts.has("i"),
            // With -z newlines are bytes like any other.
            lines: end == b'\n',
        };
        let bounds = match (opts.has("x"), opts.has("w")) {
            (true, _) => Bounds::Line,
            (false, true) => Bounds::Word,
            (false, false) => Bounds::None,
        };
        let regex = match patterns {
            [] => None,
            _ => Some(
                Regex::any_of(patterns, fixed, bounds, syntax)
                    .map_err(|error| Error::Message(format!("bad regex: {error}"), Exit::USAGE))?,
            ),
        };
        let context = number(opts, "C")?;
        let colour = opts.has("color")
            && match opts.value("color").map(OsStr::as_bytes) {
                Some(b"never") => false,
                Some(b"always") => true,
                _ => rustix::termios::isatty(&ctx.out),
            };
        Ok(Search {
            regex,
            invert: opts.has("v"),
            names: false,
            numbers: opts.has("n"),
            quiet: opts.has("q"),
            silent: opts.has("s"),
            count: opts.has("c"),
            list: opts.last_of(&["l", "L"]).map(|which| which == "l"),
            only: opts.has("o"),
            colour,
            most: number(opts, "m")?,
            before: number(opts, "B")?.or(context).unwrap_or(0) as usize,
            after: number(opts, "A")?.or(context).unwrap_or(0) as usize,
            end,
            found: false,
            silent_failure: false,
            printed: false,
        })
    }

    fn operand(&mut self, ctx: &mut Ctx, name: &OsStr, recursive: bool) {
        let is_dir = name != "-" && Path::new(name).is_dir();
        if !is_dir {
            return self.file(ctx, name);
        }
        if !recursive {
            return self.failure(
                ctx,
                Err::<(), _>(std::io::Error::from_raw_os_error(21)),
                name,
            );
        }
        let mut folders = vec![Path::new(name).to_path_buf()];
        while let Some(folder) = folders.pop() {
            let entries = match std::fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.failure(ctx, Err::<(), _>(error), folder.as_os_str());
                    continue;
                }
            };
            let mut entries: Vec<_> = entries.flatten().collect();
            entries.sort_by_key(std::fs::DirEntry::file_name);
            let mut below = Vec::new();
            for entry in entries {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => below.push(entry.path()),
                    // Devices and pipes would block or never end.
                    Ok(kind) if kind.is_file() => self.file(ctx, entry.path().as_os_str()),
                    _ => {}
                }
                if self.found && self.quiet {
                    return;
                }
            }
            folders.extend(below.into_iter().rev());
        }
    }

    fn file(&mut self, ctx: &mut Ctx, name: &OsStr) {
        let mut source = match ctx.open(name) {
            Ok(source) => source,
            Err(error) => return self.failure(ctx, Err::<(), _>(error), name),
        };
        let shown = if name == "-" {
            OsStr::new("(standard input)")
        } else {
            name
        };
        let mut lines = Lines {
            search: self,
            ctx,
            name: shown,
            state: FileState::default(),
        };
        let result = lines.read(&mut source);
        let selected = lines.state.selected;
        self.failure(ctx, result, name);
        self.summary(ctx, shown, selected);
    }

    fn failure<T>(&mut self, ctx: &mut Ctx, result: std::io::Result<T>, name: &OsStr) {
        if let Err(error) = result.at("", name) {
            if self.silent {
                self.silent_failure = true;
            } else {
                ctx.complain(error);
            }
        }
    }

    /// What `-c`, `-l` and `-L` print after a file.
    fn summary(&mut self, ctx: &mut Ctx, name: &OsStr, selected: u64) {
        self.found |= selected > 0 && self.list != Some(false);
        if self.quiet {
            return;
        }
        if let Some(with_match) = self.list {
            if with_match == (selected > 0) {
                self.found = true;
                ctx.out.line(name.as_bytes());
            }
        } else if self.count {
            if self.names {
                ctx.out.put(name.as_bytes());
                ctx.out.put(b":");
            }
            ctx.out.line(selected.to_string());
        }
    }
}

fn number(opts: &Opts, key: &str) -> Result<Option<u64>> {
    let Some(text) = opts.value(key) else {
        return Ok(None);
    };
    match text.to_str().and_then(|text| text.parse().ok()) {
        Some(number) => Ok(Some(number)),
        None => {
            let text = text.to_string_lossy();
            Err(Error::Message(
                format!("invalid number '{text}'"),
                Exit::USAGE,
            ))
        }
    }
}

/// Bytes read at a time.
const PIECE: usize = 128 * 1024;

/// How far one file is.
#[derive(Default)]
struct FileState {
    selected: u64,
    /// Number of the line at the beginning of the buffer, from 0.
    line: u64,
    /// Lines of context still to be printed after a match.
    after: usize,
    /// The last lines that were not selected, for context before a match.
    before: std::collections::VecDeque<(u64, Vec<u8>)>,
    /// The line after the last one printed.
    next_printed: u64,
    done: bool,
}

/// One file being searched.
struct Lines<'a, 'b, 'c> {
    search: &'a mut Search,
    ctx: &'a mut Ctx<'b>,
    name: &'c OsStr,
    state: FileState,
}

impl Lines<'_, '_, '_> {
    fn read(&mut self, source: &mut dyn Read) -> std::io::Result<()> {
        let mut buffer = Vec::new();
        let mut ended = self.search.most == Some(0);
        while !ended && !self.state.done && !self.ctx.out.failed() {
            let kept = buffer.len();
            buffer.resize(kept + PIECE, 0);
            let count = match source.read(&mut buffer[kept..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => 0,
                Err(error) => return Err(error),
                Ok(count) => {
                    ended = count == 0;
                    count
                }
            };
            buffer.truncate(kept + count);
            if ended && !buffer.is_empty() {
                buffer.push(self.search.end);
            }
            let new = buffer.get(kept..).unwrap_or_default();
            if let Some(last) = memchr::memrchr(self.search.end, new) {
                let complete = kept + last + 1;
                self.lines(&buffer[..complete]);
                buffer.drain(..complete);
            }
        }
        Ok(())
    }

    /// Searches a buffer of whole lines.
    fn lines(&mut self, buffer: &[u8]) {
        let needs_every_line = self.search.invert
            || self.search.before > 0
            || self.search.end == 0
            || self.search.regex.is_none();
        // Context needs the numbers too, to know where it has a gap.
        let counted = self.search.numbers || self.search.after > 0;
        let mut at = 0;
        while at < buffer.len() && !self.state.done {
            let start = if needs_every_line || self.state.after > 0 {
                at
            } else {
                match self.next_match(buffer, at) {
                    Some(start) => start,
                    None => break,
                }
            };
            if counted {
                self.state.line += memchr::memchr_iter(b'\n', &buffer[at..start]).count() as u64;
            }
            let rest = &buffer[start..];
            let length = memchr::memchr(self.search.end, rest).unwrap_or(rest.len());
            self.line(
                &rest[..length],
                start == at && (needs_every_line || self.state.after > 0),
            );
            self.state.line += 1;
            at = start + length + 1;
        }
        if counted && at < buffer.len() {
            self.state.line += memchr::memchr_iter(b'\n', &buffer[at..]).count() as u64;
        }
    }

    /// Where the line of the next match begins.
    fn next_match(&mut self, buffer: &[u8], at: usize) -> Option<usize> {
        let regex = self.search.regex.as_mut()?;
        // The newline that ends the buffer would begin one empty line too many.
        let text = &buffer[..buffer.len() - 1];
        let end = regex.end_of_some_match(text, at)?;
        Some(memchr::memrchr(b'\n', &buffer[at..end]).map_or(at, |newline| at + newline + 1))
    }

    /// Looks at one line; `unknown`: whether it matches is not known yet.
    fn line(&mut self, line: &[u8], unknown: bool) {
        let matches = !unknown
            || self
                .search
                .regex
                .as_mut()
                .is_some_and(|regex| regex.is_match(line));
        if matches != self.search.invert {
            self.select(line);
        } else if self.state.after > 0 {
            self.state.after -= 1;
            self.print(line, self.state.line, b'-');
        } else if self.search.before > 0 {
            if self.state.before.len() == self.search.before {
                self.state.before.pop_front();
            }
            self.state
                .before
                .push_back((self.state.line, line.to_vec()));
        }
    }

    fn select(&mut self, line: &[u8]) {
        self.state.selected += 1;
        let enough = self.search.most == Some(self.state.selected);
        let only_known = self.search.quiet || self.search.list.is_some();
        self.state.done = enough || only_known;
        if only_known || self.search.count {
            return;
        }
        for (number, context) in std::mem::take(&mut self.state.before) {
            self.print(&context, number, b'-');
        }
        self.print(line, self.state.line, b':');
        self.state.after = self.search.after;
    }

    fn print(&mut self, line: &[u8], number: u64, sign: u8) {
        let context = self.search.before > 0 || self.search.after > 0;
        let gap = self.state.next_printed == 0 || number > self.state.next_printed;
        if context && self.search.printed && gap {
            self.ctx.out.put(b"--\n");
        }
        self.search.printed = true;
        self.state.next_printed = number + 1;
        if self.search.only || self.search.colour && sign == b':' {
            return self.print_matches(line, number, sign);
        }
        self.prefix(number, sign);
        self.ctx.out.put(line);
        self.ctx.out.put(&[self.search.end]);
    }

    fn prefix(&mut self, number: u64, sign: u8) {
        if self.search.names {
            self.ctx.out.put(self.name.as_bytes());
            self.ctx.out.put(&[sign]);
        }
        if self.search.numbers {
            self.ctx.out.put((number + 1).to_string().as_bytes());
            self.ctx.out.put(&[sign]);
        }
    }

    /// `-o`: each match on a line of its own; `--color`: the line with its matches in red.
    fn print_matches(&mut self, line: &[u8], number: u64, sign: u8) {
        if !self.search.only {
            self.prefix(number, sign);
        }
        let mut at = 0;
        while !self.search.invert && sign == b':' {
            let found = self
                .search
                .regex
                .as_mut()
                .and_then(|regex| regex.find(line, at));
            let Some((start, end)) = found else { break };
            if self.search.only && end > start {
                self.prefix(number, sign);
            }
            if !self.search.only {
                self.ctx.out.put(&line[at..start]);
            }
            if end > start {
                let (on, off): (&[u8], &[u8]) = if self.search.colour {
                    (b"\x1b[1;31m", b"\x1b[m")
                } else {
                    (b"", b"")
                };
                self.ctx.out.put(&[on, &line[start..end], off].concat());
                if self.search.only {
                    self.ctx.out.put(&[self.search.end]);
                }
            } else if let Some(byte) = line.get(end).filter(|_| !self.search.only) {
                self.ctx.out.put(&[*byte]);
            }
            at = if end > start { end } else { end + 1 };
            if at > line.len() {
                break;
            }
        }
        if !self.search.only {
            self.ctx.out.put(line.get(at..).unwrap_or_default());
            self.ctx.out.put(&[self.search.end]);
        }
    }
}
