//! Lines and columns of a listing.

use super::Entry;
use super::order::Time;
use rustix::fs::FileType;
use safebox::applet::Ctx;
use safebox::error::{Error, Result};
use safebox::fsops::format::{full_time, human, list_time, shown};
use safebox::fsops::mode::letters;
use safebox::fsops::owner::Names;
use safebox::fsops::status::Status;
use safebox::opts::Opts;
use safebox::output::Output;
use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

/// Blanks between columns.
const GAP: usize = 2;

#[derive(Clone, Copy, PartialEq)]
pub enum Style {
    Lines,
    Down,
    Across,
    Long,
}

pub struct Layout {
    style: Style,
    width: usize,
    inode: bool,
    blocks: bool,
    human: bool,
    /// Signs for all kinds, or only for directories.
    classify: bool,
    mark_directories: bool,
    coloured: bool,
    full_time: bool,
    time: Time,
    now: i64,
    owner: bool,
    group: bool,
    /// None: numbers are shown.
    names: Option<(Names, Names)>,
}

impl Layout {
    pub fn new(ctx: &Ctx, opts: &Opts, style: Style, coloured: bool, time: Time) -> Result<Layout> {
        let width = match opts.value("w") {
            Some(text) => match text.to_str().and_then(|text| text.parse().ok()) {
                // GNU: no limit.
                Some(0) => usize::MAX,
                Some(width) => width,
                None => {
                    let text = text.to_string_lossy();
                    return Err(Error::message(format!("invalid number '{text}'")));
                }
            },
            None => terminal_width(ctx.out.as_fd()),
        };
        let named = style == Style::Long && !opts.has("n");
        let names = named.then(|| {
            let read = |path| Names::read(&ctx.path(path));
            (read("/etc/passwd"), read("/etc/group"))
        });
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        Ok(Layout {
            style,
            width,
            inode: opts.has("i"),
            blocks: opts.has("s"),
            human: opts.has("h"),
            classify: opts.has("F"),
            mark_directories: opts.has("p"),
            coloured,
            full_time: opts.has("full-time"),
            time,
            now: now.tv_sec as _,
            owner: !opts.has("g"),
            group: !opts.has("o"),
            names,
        })
    }

    /// `total 12`, in kilobytes.
    pub fn put_total(&self, entries: &[Entry], out: &mut Output) {
        let blocks: u64 = entries.iter().map(|entry| entry.status.blocks).sum();
        out.line(format!("total {}", self.kilobytes(blocks)));
    }

    pub fn put(&self, entries: &[Entry], out: &mut Output) {
        match self.style {
            Style::Lines => entries.iter().for_each(|entry| {
                out.line(self.cell(entry).0);
            }),
            Style::Long => entries.iter().for_each(|entry| self.put_long(entry, out)),
            Style::Down | Style::Across => self.put_columns(entries, out),
        }
    }

    fn put_columns(&self, entries: &[Entry], out: &mut Output) {
        let cells: Vec<_> = entries.iter().map(|entry| self.cell(entry)).collect();
        let column = cells.iter().map(|cell| cell.1).max().unwrap_or(0) + GAP;
        // The last column needs no gap.
        let columns = ((self.width.saturating_add(GAP) - 1) / column).clamp(1, cells.len().max(1));
        let rows = cells.len().div_ceil(columns);
        for row in 0..rows {
            for place in 0..columns {
                let (at, next) = if self.style == Style::Down {
                    (place * rows + row, (place + 1) * rows + row)
                } else {
                    (row * columns + place, row * columns + place + 1)
                };
                let Some((text, width)) = cells.get(at) else {
                    break;
                };
                out.put(text);
                if place + 1 < columns && next < cells.len() {
                    out.put(" ".repeat(column - width).as_bytes());
                }
            }
            out.put(b"\n");
        }
    }

    /// The short form of an entry and how wide it appears.
    fn cell(&self, entry: &Entry) -> (Vec<u8>, usize) {
        let mut text = self.numbers(entry).into_bytes();
        let mut width = text.len();
        let sign = self.sign(&entry.status);
        width += visible_width(&entry.name) + usize::from(sign.is_some());
        self.push_name(&mut text, &entry.name, Some(&entry.status));
        text.extend(sign);
        (text, width)
    }

    /// Inode and blocks, where wanted.
    fn numbers(&self, entry: &Entry) -> String {
        let mut text = String::new();
        if self.inode {
            text = format!("{:7} ", entry.status.ino);
        }
        if self.blocks {
            text += &format!("{:>6} ", self.kilobytes(entry.status.blocks));
        }
        text
    }

    fn kilobytes(&self, blocks: u64) -> String {
        if self.human {
            human(blocks * 512)
        } else {
            blocks.div_ceil(2).to_string()
        }
    }

    fn put_long(&self, entry: &Entry, out: &mut Output) {
        let status = &entry.status;
        let mut line = self.numbers(entry);
        line += &String::from_utf8_lossy(&letters(status.mode));
        line += &format!(" {:4} ", status.links);
        if self.owner {
            line += &self.id(status.uid, |names| &names.0);
        }
        if self.group {
            line += &self.id(status.gid, |names| &names.1);
        }
        line += &if status.is_device() {
            let (major, minor) = (
                rustix::fs::major(status.rdev as _),
                rustix::fs::minor(status.rdev as _),
            );
            format!("{major:4},{minor:4} ")
        } else if self.human {
            format!("{:>9} ", human(status.size))
        } else {
            format!("{:9} ", status.size)
        };
        let moment = self.time.of(status);
        line += &if self.full_time {
            full_time(moment)
        } else {
            list_time(moment, self.now)
        };
        line.push(' ');
        let mut line = line.into_bytes();
        self.push_name(&mut line, &entry.name, Some(status));
        match &entry.points_to {
            Some((target, target_status)) => {
                line.extend(b" -> ");
                self.push_name(&mut line, target, target_status.as_ref());
                line.extend(target_status.as_ref().and_then(|status| self.sign(status)));
            }
            None => line.extend(self.sign(status)),
        }
        out.line(line);
    }

    /// A user or group in its column.
    fn id(&self, id: u32, which: fn(&(Names, Names)) -> &Names) -> String {
        let names = self.names.as_ref().map(which);
        match names.and_then(|names| names.name(id)) {
            Some(name) => format!("{:<8.8} ", name.to_string_lossy()),
            None => format!("{id:<8} "),
        }
    }

    fn push_name(&self, line: &mut Vec<u8>, name: &OsStr, status: Option<&Status>) {
        let colour = match status {
            Some(status) if self.coloured => colour(status),
            _ => None,
        };
        match colour {
            Some(colour) => {
                line.extend(format!("\x1b[{colour}m").bytes());
                line.extend(shown(name.as_bytes()));
                line.extend(b"\x1b[m");
            }
            None => line.extend(shown(name.as_bytes())),
        }
    }

    fn sign(&self, status: &Status) -> Option<u8> {
        match status.kind() {
            FileType::Directory if self.classify || self.mark_directories => Some(b'/'),
            _ if !self.classify => None,
            FileType::Symlink => Some(b'@'),
            FileType::Fifo => Some(b'|'),
            FileType::Socket => Some(b'='),
            FileType::RegularFile if status.mode & 0o111 != 0 => Some(b'*'),
            _ => None,
        }
    }
}

/// The colour of a kind of file; plain files have none.
fn colour(status: &Status) -> Option<&'static str> {
    match status.kind() {
        FileType::Directory => Some("1;34"),
        FileType::Symlink => Some("1;36"),
        FileType::BlockDevice | FileType::CharacterDevice | FileType::Socket => Some("1;35"),
        FileType::Fifo => Some("0;35"),
        _ if status.mode & 0o111 != 0 => Some("1;32"),
        _ => None,
    }
}

/// Columns that a name takes: characters where it is UTF-8, else bytes.
fn visible_width(name: &OsStr) -> usize {
    name.to_str()
        .map_or(name.len(), |text| text.chars().count())
}

fn terminal_width(out: std::os::fd::BorrowedFd<'_>) -> usize {
    let size = rustix::termios::tcgetwinsize(out);
    let columns = size.map_or(0, |size| usize::from(size.ws_col));
    let set = || std::env::var("COLUMNS").ok()?.parse().ok();
    // Serial consoles do not know their size.
    if columns > 0 {
        columns
    } else {
        set().filter(|&n| n > 0).unwrap_or(80)
    }
}
