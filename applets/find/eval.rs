//! Asks an expression about a file, and acts.

use super::expression::{Bits, Expr, Plan, Time};
use rustix::fs::{AtFlags, FileType};
use safebox::applet::Ctx;
use safebox::error::{At, Result};
use safebox::fsops::status::Status;
use safebox::fsops::trail::names;
use safebox::fsops::walk::Walk;
use safebox::fsops::{Listener, base_name};
use safebox::proc::launch;
use safebox::shell::pattern;
use safebox::sys::process;
use safebox::text::regex::{Bounds, Regex, Syntax};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Bytes of paths that one command of `-exec ... +` gets.
const LENGTH: usize = 64 * 1024;

/// An expression at work.
pub struct Finder<'p> {
    plan: &'p Plan,
    now: i64,
    /// Paths that wait for each command of `-exec ... +`.
    collected: Vec<Vec<OsString>>,
    regexes: Vec<Regex>,
    /// The directory just visited is not to be entered.
    pub prunes: bool,
    /// Time to end.
    pub quits: bool,
    /// A command of `-exec ... +` did not end well.
    pub failed: bool,
}

impl<'p> Finder<'p> {
    pub fn new(plan: &'p Plan, now: i64) -> Result<Finder<'p>> {
        let compile = |pattern: &OsString| {
            let patterns = [pattern.as_bytes().to_vec()];
            Regex::any_of(&patterns, false, Bounds::Line, Syntax::default())
        };
        let regexes = plan
            .regexes
            .iter()
            .map(compile)
            .collect::<std::result::Result<_, _>>()?;
        Ok(Finder {
            plan,
            now,
            collected: plan.commands.iter().map(|_| Vec::new()).collect(),
            prunes: false,
            regexes,
            quits: false,
            failed: false,
        })
    }

    /// Asks the whole expression about the walk's current name.
    pub fn visit(&mut self, ctx: &mut Ctx, walk: &Walk, status: &Status) -> Result<()> {
        self.holds(ctx, walk, status, &self.plan.expr).map(|_| ())
    }

    /// Runs what has been collected.
    pub fn finish(&mut self, ctx: &mut Ctx) -> Result<()> {
        for index in 0..self.collected.len() {
            self.run_collected(ctx, index)?;
        }
        Ok(())
    }

    fn holds(&mut self, ctx: &mut Ctx, walk: &Walk, status: &Status, expr: &Expr) -> Result<bool> {
        Ok(match expr {
            Expr::And(left, right) => {
                self.holds(ctx, walk, status, left)?
                    && !self.quits
                    && self.holds(ctx, walk, status, right)?
            }
            Expr::Or(left, right) => {
                self.holds(ctx, walk, status, left)?
                    || (!self.quits && self.holds(ctx, walk, status, right)?)
            }
            Expr::Not(inner) => !self.holds(ctx, walk, status, inner)?,
            Expr::Prune => {
                self.prunes = true;
                true
            }
            Expr::Quit => {
                self.quits = true;
                true
            }
            Expr::Print(end) => {
                ctx.out.put(walk.path().as_os_str().as_bytes());
                ctx.out.put(&[*end]);
                true
            }
            Expr::Run { argv, asks } => run_one(ctx, walk, argv, *asks)?,
            Expr::Collect(index) => {
                self.collect(ctx, walk, *index)?;
                true
            }
            Expr::Delete => delete(ctx, walk, status),
            test => self.test(walk, status, test),
        })
    }

    fn test(&mut self, walk: &Walk, status: &Status, expr: &Expr) -> bool {
        let path = walk.path().as_os_str();
        match expr {
            Expr::Constant(value) => *value,
            Expr::Name { pattern, fold } => {
                // A start path may end in slashes; only the last name counts.
                fits(pattern, base_name(path), *fold)
            }
            Expr::Path { pattern, fold } => fits(pattern, path, *fold),
            Expr::Regex(index) => {
                let regex = self.regexes.get_mut(*index);
                regex.is_some_and(|regex| regex.is_match(path.as_bytes()))
            }
            Expr::Kind(kinds) => kinds.contains(&letter(status)),
            Expr::Permissions(bits) => match bits {
                Bits::Exactly(bits) => status.permissions() == *bits,
                Bits::All(bits) => status.permissions() & bits == *bits,
                Bits::Any(bits) => *bits == 0 || status.permissions() & bits != 0,
            },
            Expr::Age { time, unit, number } => {
                let moment = match time {
                    Time::Modified => status.modified,
                    Time::Accessed => status.accessed,
                    Time::Changed => status.changed,
                };
                let age = (self.now - moment.seconds).div_euclid(*unit);
                // What lies in the future is less than any age.
                number.fits(u64::try_from(age).unwrap_or(0))
            }
            Expr::Newer(than) => status.modified > *than,
            Expr::Size { unit, number } => number.fits(status.size.div_ceil(*unit)),
            Expr::User(uid) => status.uid == *uid,
            Expr::Group(gid) => status.gid == *gid,
            Expr::Links(number) => number.fits(status.links),
            Expr::Inode(number) => number.fits(status.ino),
            Expr::Same(identity) => status.identity() == *identity,
            Expr::Empty => is_empty(walk, status),
            Expr::Access(access) => {
                rustix::fs::accessat(walk.dir(), walk.name(), *access, AtFlags::empty()).is_ok()
            }
            // The others act and were taken by the caller.
            _ => false,
        }
    }

    fn collect(&mut self, ctx: &mut Ctx, walk: &Walk, index: usize) -> Result<()> {
        let Some(paths) = self.collected.get_mut(index) else {
            return Ok(());
        };
        paths.push(walk.path().as_os_str().to_owned());
        let length: usize = paths.iter().map(|path| path.len() + 1).sum();
        if length > LENGTH {
            self.run_collected(ctx, index)?;
        }
        Ok(())
    }

    fn run_collected(&mut self, ctx: &mut Ctx, index: usize) -> Result<()> {
        let (Some(paths), Some(command)) =
            (self.collected.get_mut(index), self.plan.commands.get(index))
        else {
            return Ok(());
        };
        if paths.is_empty() {
            return Ok(());
        }
        let argv = [command.as_slice(), paths.as_slice()].concat();
        paths.clear();
        if !execute(ctx, &argv)? {
            self.failed = true;
        }
        Ok(())
    }
}

/// Whether all of a name fits a pattern; `fold`: whatever the case of its letters.
fn fits(wanted: &OsStr, name: &OsStr, fold: bool) -> bool {
    if fold {
        let (wanted, name) = (wanted.to_ascii_lowercase(), name.to_ascii_lowercase());
        return pattern::matches(wanted.as_bytes(), name.as_bytes());
    }
    pattern::matches(wanted.as_bytes(), name.as_bytes())
}

fn letter(status: &Status) -> u8 {
    match status.kind() {
        FileType::RegularFile => b'f',
        FileType::Directory => b'd',
        FileType::Symlink => b'l',
        FileType::BlockDevice => b'b',
        FileType::CharacterDevice => b'c',
        FileType::Fifo => b'p',
        FileType::Socket => b's',
        FileType::Unknown => b'?',
    }
}

fn is_empty(walk: &Walk, status: &Status) -> bool {
    if status.is_file() {
        return status.size == 0;
    }
    if !status.is_dir() {
        return false;
    }
    let flags =
        rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC;
    let dir = rustix::fs::openat(walk.dir(), walk.name(), flags, rustix::fs::Mode::empty());
    let found = dir.map(|dir| names(std::os::fd::AsFd::as_fd(&dir)));
    matches!(found, Ok(Ok(names)) if names.is_empty())
}

fn run_one(ctx: &mut Ctx, walk: &Walk, argv: &[OsString], asks: bool) -> Result<bool> {
    let path = walk.path().as_os_str().as_bytes().to_vec();
    let filled: Vec<OsString> = argv.iter().map(|arg| fill(arg, &path)).collect();
    if asks {
        let shown = filled.join(OsStr::new(" "));
        if !ctx.confirm(&format!("{}?", shown.to_string_lossy())) {
            return Ok(false);
        }
    }
    execute(ctx, &filled)
}

/// `arg` with the path in every place of `{}`.
fn fill(arg: &OsStr, path: &[u8]) -> OsString {
    let mut filled = Vec::new();
    let mut rest = arg.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        match rest.strip_prefix(b"{}") {
            Some(behind) => {
                filled.extend(path);
                rest = behind;
            }
            None => {
                filled.push(first);
                rest = after;
            }
        }
    }
    OsString::from_vec(filled)
}

/// Runs a command after what is pending on standard output; whether it ended well.
fn execute(ctx: &mut Ctx, argv: &[OsString]) -> Result<bool> {
    std::io::Write::flush(&mut ctx.out).at("write", "standard output")?;
    let name = ctx.name();
    let child = launch::spawn(ctx.applets, argv, ctx.sys, &name)?;
    let status = process::wait_for(child).at("wait for", argv.first().cloned().unwrap_or_default());
    Ok(status? == 0)
}

/// Removes it, but never a start path such as `.`.
fn delete(ctx: &mut Ctx, walk: &Walk, status: &Status) -> bool {
    if matches!(base_name(walk.path().as_os_str()).as_bytes(), b"." | b"..") {
        return true;
    }
    let flags = if status.is_dir() && !is_link(walk) {
        AtFlags::REMOVEDIR
    } else {
        AtFlags::empty()
    };
    match rustix::fs::unlinkat(walk.dir(), walk.name(), flags).at("remove", walk.path()) {
        Ok(()) => true,
        Err(error) => {
            ctx.complain(error);
            false
        }
    }
}

/// With -L a directory may be a link to one: then the link goes.
fn is_link(walk: &Walk) -> bool {
    Status::at(walk.dir(), walk.name(), false).is_ok_and(|status| status.is_link())
}
