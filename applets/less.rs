//! less - look at files page by page.
//!
//! Keys come from the terminal even when the text comes through a pipe. Without a terminal
//! on standard output the text just passes through.

use safebox::applet::{Applet, Ctx, Dir};
use safebox::error::{At, Exit, Result};
use safebox::lineedit::key::Decoder;
use safebox::lineedit::terminal::RawMode;
use safebox::pager::{Document, Options, Step, View};
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

pub static APPLET: Applet = Applet {
    names: &["less", "more"],
    dir: Dir::UsrBin,
    run,
};

const USAGE: &str = "\
Usage: less [-EFiNRSX~] [FILE]...

Look at files (or standard input) page by page.

  -E                leave at the end
  -F                leave at once if all fits on one screen
  -i, -I            searching ignores case
  -N                number the lines
  -R, -r            let colours through
  -S                cut long lines (left and right move)
  -X, -~, -M, -m    ignored, for compatibility

Keys: space, b: page down, up   j, k: line   g, G: begin, end   50g: line 50
      /TEXT, ?TEXT: search on, back   n, N: again   F: follow   :n :p: next file
      q: quit

Example: dmesg | less
";

fn run(ctx: &mut Ctx) -> Result<Exit> {
    let opts = ctx.getopt(USAGE)?;
    let files = if opts.operands.is_empty() {
        vec![OsString::from("-")]
    } else {
        opts.operands.clone()
    };
    if !rustix::termios::isatty(&ctx.out) {
        return pass_through(ctx, &files);
    }
    let terminal = File::open("/dev/tty").at("open", "/dev/tty")?;
    let options = Options {
        numbers: opts.has("N"),
        cut: opts.has("S"),
        colours: opts.has("R"),
        ignore_case: opts.has("i"),
        quit_at_end: opts.has("E"),
        name: String::new(),
    };
    let mut pager = Pager {
        terminal: &terminal,
        options,
        fits_quits: opts.has("F"),
    };
    let mut at = 0;
    while let Some(file) = files.get(at) {
        match pager.show(ctx, file, files.len() == 1) {
            Ok(Some(by)) => at = at.saturating_add_signed(by).min(files.len() - 1),
            Ok(None) => break,
            Err(error) => {
                ctx.complain(error);
                at += 1;
            }
        }
    }
    Ok(ctx.status())
}

fn pass_through(ctx: &mut Ctx, files: &[OsString]) -> Result<Exit> {
    for name in files {
        let copied = ctx
            .open(name)
            .at("open", name)
            .and_then(|mut file| std::io::copy(&mut file, &mut ctx.out).at("", name));
        if let Err(error) = copied {
            ctx.complain(error);
        }
    }
    Ok(ctx.status())
}

/// The terminal and how it is used.
struct Pager<'a> {
    terminal: &'a File,
    options: Options,
    fits_quits: bool,
}

impl Pager<'_> {
    /// Shows one file; gives how many files further to go, or None to quit.
    fn show(&mut self, ctx: &mut Ctx, name: &OsString, alone: bool) -> Result<Option<isize>> {
        let source = ctx.open(name).at("open", name)?;
        let is_file = source.metadata().at("", name)?.is_file();
        let document = if is_file {
            Document::file(source.try_clone().at("", name)?)
        } else {
            Document::pipe(Box::new(source))
        };
        let mut options = self.options.clone();
        options.name = if name == "-" {
            String::new()
        } else {
            name.to_string_lossy().into_owned()
        };
        let (mut columns, mut rows) = size(self.terminal.as_fd());
        let mut view = View::new(document, options, columns, rows);
        if self.fits_quits && alone && view.fits().at("", name)? {
            pass_through(ctx, std::slice::from_ref(name))?;
            return Ok(None);
        }
        let raw = RawMode::enter(self.terminal.as_fd()).at("", "/dev/tty")?;
        view.draw().at("", name)?;
        let mut decoder = Decoder::default();
        let result = loop {
            ctx.out.put(&view.out);
            view.out.clear();
            ctx.out.flush().at("", "terminal")?;
            let mut byte = [0];
            match (&*self.terminal).read(&mut byte) {
                Ok(0) => break None,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                    let now = size(self.terminal.as_fd());
                    if now != (columns, rows) {
                        (columns, rows) = now;
                        view.resize(columns, rows).at("", name)?;
                    }
                    continue;
                }
                Err(error) => return Err(error).at("", "/dev/tty"),
            }
            let Some(key) = decoder.feed(byte[0]) else {
                continue;
            };
            match view.press(key).at("", name)? {
                Step::Viewing => {}
                Step::Follow => self.follow(ctx, &mut view).at("", name)?,
                Step::Quit => break None,
                Step::File(by) => break Some(by),
            }
        };
        ctx.out
            .put(format!("\x1b[{};1H\x1b[K", if rows < 2 { 24 } else { rows }).as_bytes());
        ctx.out.flush().at("", "terminal")?;
        drop(raw);
        Ok(result)
    }

    /// Shows what is added to the file, until a key is pressed.
    fn follow(&self, ctx: &mut Ctx, view: &mut View) -> std::io::Result<()> {
        let second = rustix::event::Timespec {
            tv_sec: 1,
            tv_nsec: 0,
        };
        loop {
            view.follow()?;
            ctx.out.put(&view.out);
            view.out.clear();
            ctx.out.flush()?;
            let mut fds = [rustix::event::PollFd::new(
                self.terminal,
                rustix::event::PollFlags::IN,
            )];
            if rustix::event::poll(&mut fds, Some(&second)).unwrap_or(0) > 0 {
                let mut byte = [0];
                (&*self.terminal).read_exact(&mut byte)?;
                return view.draw();
            }
        }
    }
}

/// Columns and rows; 0 where the terminal does not know.
fn size(terminal: BorrowedFd<'_>) -> (u16, u16) {
    rustix::termios::tcgetwinsize(terminal).map_or((0, 0), |size| (size.ws_col, size.ws_row))
}
