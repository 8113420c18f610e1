//! diff - show what differs between files or directories, as a unified difference.
//!
//! Status 0: nothing differs; 1: something does; 2: something could not be compared.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::diff::{self, Manner};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::status::Status;
use safebox::fsops::{base_name, join};
use safebox::opts::{self, Order};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Read;

pub static APPLET: Applet = Applet {
    names: &["diff"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: diff [-abBdiNqrsuw] [-U LINES] [-L LABEL]... FILE1 FILE2

Show what differs between two files, or the files of two directories.

  -u                unified, as always
  -U LINES          so many lines of context, not 3
  -r                directories within directories too
  -N                files that are missing are empty ones
  -q                only whether they differ
  -s                say so where they are the same
  -i                upper and lower case are the same
  -b                runs of blanks are the same
  -w                blanks do not count
  -B                changes of empty lines do not count
  -a                every file is text
  -L, --label LABEL  name in the head, not that of the file
  -d, -t, -T        ignored

Example: diff -u /rom/etc/config/network /etc/config/network
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = opts::parse(USAGE, &ctx.args, Order::Anywhere, Exit::USAGE)?;
    let [old, new] = &opts.operands[..] else {
        return Err(Error::Usage {
            complaint: "two files are needed".into(),
            usage: USAGE.into(),
            exit: Exit::USAGE,
        });
    };
    let context = match opts.value("U") {
        None => 3,
        Some(text) => match text.to_str().and_then(|text| text.parse().ok()) {
            Some(lines) => lines,
            None => {
                let text = format!("invalid number '{}'", text.display());
                return Err(Error::Message(text, Exit::USAGE));
            }
        },
    };
    let mut work = Work {
        manner: Manner {
            ignore_case: opts.has("i"),
            ignore_amount: opts.has("b"),
            ignore_blanks: opts.has("w"),
            ignore_empty: opts.has("B"),
        },
        context,
        recursive: opts.has("r"),
        absent: opts.has("N"),
        brief: opts.has("q"),
        same: opts.has("s"),
        text: opts.has("a"),
        labels: opts.values("L").map(OsStr::to_owned).collect(),
        differs: false,
    };
    let (mut old, mut new) = (old.clone(), new.clone());
    let is_dir = |name: &OsStr| name != "-" && Status::of(name, true).is_ok_and(|s| s.is_dir());
    match (is_dir(&old), is_dir(&new)) {
        (true, true) => {
            work.directories(ctx, &old, &new);
            return Ok(work.status(ctx));
        }
        // A file is compared with the one of its name in the directory.
        (true, false) => old = join(&old, base_name(&new)),
        (false, true) => new = join(&new, base_name(&old)),
        _ => {}
    }
    if let Err(error) = work.files(ctx, &old, &new) {
        ctx.complain(error);
    }
    Ok(work.status(ctx))
}

struct Work {
    manner: Manner,
    context: usize,
    recursive: bool,
    absent: bool,
    brief: bool,
    same: bool,
    text: bool,
    labels: Vec<OsString>,
    differs: bool,
}

impl Work {
    fn status(&self, ctx: &mut Ctx) -> Exit {
        // A failure is kept by `out`, and is no difference.
        let _ = std::io::Write::flush(&mut ctx.out);
        if ctx.status() != Exit::OK || ctx.out.failed() {
            return Exit::USAGE;
        }
        match self.differs {
            true => Exit::FAILED,
            false => Exit::OK,
        }
    }

    fn say(&mut self, ctx: &mut Ctx, words: &[&OsStr]) {
        for word in words {
            ctx.out.put(word.as_encoded_bytes());
        }
        ctx.out.put(b"\n");
    }

    /// Compares what two directories hold; a list instead of recursion.
    fn directories(&mut self, ctx: &mut Ctx, old: &OsStr, new: &OsStr) {
        let mut todo = vec![(old.to_owned(), new.to_owned())];
        while let Some((old, new)) = todo.pop() {
            let mut below = Vec::new();
            let names = names(&old).and_then(|left| Ok((left, names(&new)?)));
            let (left, right) = match names {
                Ok(names) => names,
                Err(error) => {
                    ctx.complain(error);
                    continue;
                }
            };
            for name in left.union(&right) {
                let (a, b) = (join(&old, name), join(&new, name));
                self.entry(ctx, (&old, &a), (&new, &b), name, &mut below);
                if ctx.out.failed() {
                    return;
                }
            }
            todo.extend(below.into_iter().rev());
        }
    }

    fn entry(
        &mut self,
        ctx: &mut Ctx,
        (old, a): (&OsStr, &OsStr),
        (new, b): (&OsStr, &OsStr),
        name: &OsStr,
        below: &mut Vec<(OsString, OsString)>,
    ) {
        let word = OsStr::new;
        let kind = |path: &OsStr| Status::of(path, true).ok();
        let (left, right) = (kind(a), kind(b));
        let is_dir = |status: &Option<Status>| status.as_ref().is_some_and(Status::is_dir);
        let is_other = |status: &Option<Status>| {
            status
                .as_ref()
                .is_some_and(|status| !status.is_dir() && !status.is_file())
        };
        if is_other(&left) || is_other(&right) {
            // Devices and pipes would block or never end.
            let other = if is_other(&left) { a } else { b };
            let text = "is neither a file nor a directory, not compared";
            return ctx.complain(Error::message(format!("{}: {text}", other.display())));
        }
        match (&left, &right) {
            (Some(_), Some(_)) | (Some(_), None) | (None, Some(_))
                if (left.is_some() && right.is_some() || self.absent)
                    && !is_dir(&left)
                    && !is_dir(&right) =>
            {
                let null = word("/dev/null");
                let a = if left.is_some() { a } else { null };
                let b = if right.is_some() { b } else { null };
                if let Err(error) = self.files(ctx, a, b) {
                    ctx.complain(error);
                }
            }
            (Some(_), Some(_)) if is_dir(&left) && is_dir(&right) => match self.recursive {
                true => below.push((a.to_owned(), b.to_owned())),
                false => self.say(ctx, &[word("Common subdirectories: "), a, word(" and "), b]),
            },
            (Some(_), Some(_)) => {
                self.differs = true;
                let (dir, file) = if is_dir(&left) { (a, b) } else { (b, a) };
                let middle = word(" is a directory while file ");
                self.say(
                    ctx,
                    &[word("File "), dir, middle, file, word(" is a regular file")],
                );
            }
            _ => {
                self.differs = true;
                let dir = if left.is_some() { old } else { new };
                self.say(ctx, &[word("Only in "), dir, word(": "), name]);
            }
        }
    }

    fn files(&mut self, ctx: &mut Ctx, old: &OsStr, new: &OsStr) -> Result<()> {
        let word = OsStr::new;
        let before = read(ctx, old, self.absent)?;
        let after = if old == new {
            before.clone()
        } else {
            read(ctx, new, self.absent)?
        };
        let mut out = Vec::new();
        let binary = |text: &[u8]| memchr::memchr(0, &text[..text.len().min(4096)]).is_some();
        let is_binary = !self.text && (binary(&before) || binary(&after));
        let mut differs = before != after;
        if differs && !is_binary {
            let (a, b) = (diff::lines(&before), diff::lines(&after));
            let changes = diff::changes(&a, &b, self.manner);
            differs = !changes.is_empty();
            if differs && !self.brief {
                diff::unified(&a, &b, &changes, self.context, &mut out);
            }
        }
        if !differs {
            if self.same {
                self.say(
                    ctx,
                    &[
                        word("Files "),
                        old,
                        word(" and "),
                        new,
                        word(" are identical"),
                    ],
                );
            }
            return Ok(());
        }
        self.differs = true;
        if self.brief || is_binary {
            self.say(
                ctx,
                &[word("Files "), old, word(" and "), new, word(" differ")],
            );
            return Ok(());
        }
        for (sign, number, name) in [("--- ", 0, old), ("+++ ", 1, new)] {
            let label = self.labels.get(number).cloned();
            self.say(ctx, &[word(sign), label.as_deref().unwrap_or(name)]);
        }
        ctx.out.put(&out);
        Ok(())
    }
}

fn names(dir: &OsStr) -> Result<BTreeSet<OsString>> {
    let entries = std::fs::read_dir(dir).at("open", dir)?;
    let names = entries.map(|entry| Ok(entry.at("read", dir)?.file_name()));
    names.collect()
}

fn read(ctx: &Ctx, name: &OsStr, absent: bool) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    match ctx
        .open(name)
        .and_then(|mut file| file.read_to_end(&mut text))
    {
        Err(error) if absent && error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        result => result.at("open", name).map(|_| text),
    }
}
