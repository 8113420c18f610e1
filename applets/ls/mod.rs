//! ls - list files.
//!
//! Scripts read fields of `ls -Ldln`, so the long form has fixed columns; control characters
//! in names, which could do anything to a terminal, always appear as `?`.

mod layout;
mod order;

use layout::{Layout, Style};
use order::Order;
use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Error, Exit, Result};
use safebox::fsops::join;
use safebox::fsops::status::Status;
use safebox::fsops::trail::{Trail, names};
use safebox::opts::Opts;
use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

pub static APPLET: Applet = Applet {
    names: &["ls"],
    dir: Dir::Bin,
    run,
};

const USAGE: &str = "\
Usage: ls [-1AaCxdLHRFplinshrSXvctuUgokq] [-w WIDTH] [FILE]...

List FILEs, and what is in those that are directories.

  -1                one name per line
  -a, --all         names that begin with a dot, too
  -A, --almost-all  the same without . and ..
  -C                columns, sorted downwards (the default on a terminal)
  -x                columns, sorted across
  -w WIDTH          columns for lines of WIDTH
  -d, --directory   directories themselves, not what is in them
  -L                symbolic links as what they point to
  -H                the same, but only for FILEs themselves
  -R, --recursive   directories in directories, too
  -F, --classify    a sign behind each name that shows its kind: * / = @ |
  -p                / behind directories
  -l                long form
  -g                long form without owner
  -o                long form without group
  -n                long form with numbers of users and groups
  -i, --inode       inode numbers
  -s, --size        allocated kilobytes
  -k                ignored: sizes of -s are always in kilobytes
  -h                sizes as 1.5K, 20.0M
  -q                ignored: control characters always appear as ?
  -r, --reverse     in reverse order
  -S                sorted by size, largest first
  -X                sorted by extension
  -v                sorted as versions: 2 before 10
  -t                sorted by time, newest first
  -U                not sorted
  -c                time of the last change of status instead of contents
  -u                time of the last access instead
      --full-time   long form with full times
      --group-directories-first  directories before files
      --color[=WHEN]  colours: always, never or auto (on a terminal)

Example: ls -la /overlay/upper/etc
";

/// One name with what is known about it.
pub struct Entry {
    /// As it is shown.
    name: OsString,
    status: Status,
    /// What a symbolic link leads to, in the long form.
    points_to: Option<(OsString, Option<Status>)>,
}

struct Listing {
    all: bool,
    dots: bool,
    recursive: bool,
    /// Links are followed everywhere; or only those of the command line.
    follow: bool,
    follow_operands: bool,
    reads_links: bool,
    totals: bool,
    order: Order,
    layout: Layout,
}

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let listing = listing(ctx, &opts)?;
    let operands = if opts.operands.is_empty() {
        vec![OsString::from(".")]
    } else {
        opts.operands.clone()
    };
    let (mut files, mut dirs) = (Vec::new(), Vec::new());
    for operand in operands {
        match look(&listing, operand.clone(), &operand, listing.follow_operands) {
            Ok(entry) if entry.status.is_dir() && !opts.has("d") => dirs.push(entry),
            Ok(entry) => files.push(entry),
            Err(error) => ctx.complain(error),
        }
    }
    listing.order.sort(&mut files);
    listing.order.sort(&mut dirs);
    listing.layout.put(&files, &mut ctx.out);
    let titled = listing.recursive || opts.operands.len() > 1;
    let mut first = files.is_empty();
    // The next directory is the last of the list.
    let mut waiting: Vec<OsString> = dirs.into_iter().rev().map(|dir| dir.name).collect();
    while let Some(dir) = waiting.pop() {
        if titled {
            let gap: &[u8] = if first { b"" } else { b"\n" };
            ctx.out.put(gap);
            ctx.out.put(&safebox::fsops::format::shown(dir.as_bytes()));
            ctx.out.put(b":\n");
        }
        first = false;
        match directory(ctx, &listing, &dir) {
            Ok(below) => waiting.extend(below.into_iter().rev()),
            Err(error) => ctx.complain(error),
        }
        if ctx.out.failed() {
            break;
        }
    }
    Ok(ctx.status())
}

fn listing(ctx: &Ctx, opts: &Opts) -> Result<Listing> {
    let terminal = rustix::termios::isatty(ctx.out.as_fd());
    let last = opts.last_of(&["1", "C", "x", "l", "g", "o", "n", "full-time"]);
    let style = match last {
        Some("C") => Style::Down,
        Some("x") => Style::Across,
        Some("1") if !(opts.has("l") || opts.has("n")) => Style::Lines,
        None if terminal => Style::Down,
        None => Style::Lines,
        Some(_) => Style::Long,
    };
    let coloured = match opts.value("color").map(OsStr::as_bytes) {
        None | Some(b"auto" | b"tty" | b"if-tty") => terminal,
        Some(b"" | b"always" | b"yes" | b"force") => true,
        Some(b"never" | b"no" | b"none") => false,
        Some(other) => {
            let other = String::from_utf8_lossy(other);
            return Err(Error::message(format!(
                "invalid argument '{other}' for --color"
            )));
        }
    };
    let order = Order::from(opts);
    let long = style == Style::Long;
    let follow = opts.has("L");
    Ok(Listing {
        all: opts.has("a") || opts.has("A"),
        dots: opts.last_of(&["a", "A"]) == Some("a"),
        recursive: opts.has("R") && !opts.has("d"),
        follow,
        follow_operands: follow || opts.has("H") || !(long || opts.has("d") || opts.has("F")),
        reads_links: long,
        totals: long || opts.has("s"),
        layout: Layout::new(ctx, opts, style, coloured, order.by)?,
        order,
    })
}

fn look(listing: &Listing, name: OsString, path: &OsStr, follow: bool) -> Result<Entry> {
    let status = match Status::of(path, follow) {
        // A link to nowhere is shown as the link that it is.
        Err(_) if follow && !listing.follow => Status::of(path, false),
        status => status,
    };
    let status = status.at("", path)?;
    let points_to = if listing.reads_links && status.is_link() {
        let target = std::fs::read_link(path).at("", path)?;
        Some((target.into_os_string(), Status::of(path, true).ok()))
    } else {
        None
    };
    Ok(Entry {
        name,
        status,
        points_to,
    })
}

/// Lists one directory and gives the directories in it, if they are wanted.
fn directory(ctx: &mut Ctx, listing: &Listing, dir: &OsStr) -> Result<Vec<OsString>> {
    let mut trail = Trail::default();
    trail.enter(dir, true).at("", dir)?;
    let mut found = names(trail.last()).at("", dir)?;
    if listing.dots {
        found.extend([OsString::from("."), OsString::from("..")]);
    }
    let mut entries = Vec::new();
    for name in found {
        if name.as_bytes().starts_with(b".") && !listing.all {
            continue;
        }
        let path = join(dir, &name);
        match look(listing, name, &path, listing.follow) {
            Ok(entry) => entries.push(entry),
            Err(error) => ctx.complain(error),
        }
    }
    listing.order.sort(&mut entries);
    if listing.totals {
        listing.layout.put_total(&entries, &mut ctx.out);
    }
    listing.layout.put(&entries, &mut ctx.out);
    let is_below = |entry: &&Entry| {
        listing.recursive && entry.status.is_dir() && entry.name != "." && entry.name != ".."
    };
    let below = entries.iter().filter(is_below);
    Ok(below
        // A link that leads back up would be listed for ever.
        .filter(|entry| !listing.follow || !trail.holds(entry.status.identity()))
        .map(|entry| join(dir, &entry.name))
        .collect())
}
