//! Redirections: descriptors are changed for real and put back afterwards.
//!
//! What a redirection hides is kept on a copy with a high number that exec closes; the
//! shell's own descriptors (a script being read) get out of the way when one is hit.

use super::Shell;
use super::ast::{Redirect, RedirectKind, Word};
use super::error::Run;
use crate::error::reason;
use crate::sys::job;
use rustix::fs::{Mode, OFlags};
use std::cell::Cell;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{IntoRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

/// Copies of what redirections hide, and scripts being read, lie here and above.
const HIGH: RawFd = 64;
/// The same where the limit is too low for that.
const LOW: RawFd = 10;
/// The same where it is lower still.
const LOWEST: RawFd = 3;

/// The number of a descriptor of the shell's own, which changes when a script wants that one.
pub(super) type Number = Rc<Cell<RawFd>>;

/// A descriptor that a redirection hides.
pub struct Saved {
    fd: RawFd,
    /// The copy; None: it was not open.
    copy: Option<RawFd>,
}

/// What to undo: the redirections saved since.
#[derive(Clone, Copy)]
pub struct Frame(usize);

impl Frame {
    /// Everything that is still redirected.
    pub(super) const BOTTOM: Frame = Frame(0);
}

impl Shell {
    /// Performs redirections; None: one failed, which has been said, and all are undone.
    pub(super) fn redirect(&mut self, redirects: &[Redirect]) -> Run<Option<Frame>> {
        let frame = Frame(self.saved.len());
        for redirect in redirects {
            match self.redirect_one(redirect, true) {
                Ok(true) => {}
                Ok(false) => {
                    self.undo_redirects(frame);
                    return Ok(None);
                }
                Err(flow) => {
                    self.undo_redirects(frame);
                    return Err(flow);
                }
            }
        }
        Ok(Some(frame))
    }

    /// Performs redirections for good, in a process of their own; false: one failed.
    pub(super) fn redirect_for_good(&mut self, redirects: &[Redirect]) -> Run<bool> {
        for redirect in redirects {
            if !self.redirect_one(redirect, false)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts descriptors back as they were.
    pub(super) fn undo_redirects(&mut self, frame: Frame) {
        if self.saved.len() > frame.0 {
            self.flush();
        }
        while self.saved.len() > frame.0 {
            let Some(saved) = self.saved.pop() else {
                return;
            };
            match saved.copy {
                Some(copy) => {
                    // Only a number out of range could fail, and that one was open before.
                    let _ = job::duplicate(copy, saved.fd);
                    job::close(copy);
                }
                None => job::close(saved.fd),
            }
        }
    }

    /// Makes redirections permanent: `exec >file`.
    pub(super) fn keep_redirects(&mut self, frame: Frame) {
        for saved in self.saved.drain(frame.0..) {
            if let Some(copy) = saved.copy {
                job::close(copy);
            }
        }
    }

    /// Closes what only the shell itself needs, in a child that runs an applet without exec.
    pub(super) fn close_internal(&mut self) {
        for saved in self.saved.drain(..) {
            if let Some(copy) = saved.copy {
                job::close(copy);
            }
        }
        for fd in self.internal.drain(..) {
            job::close(fd.get());
        }
    }

    /// Takes a descriptor as the shell's own.
    pub(super) fn keep_internal(&mut self, fd: RawFd) -> Number {
        let number = Rc::new(Cell::new(fd));
        self.internal.push(Rc::clone(&number));
        number
    }

    /// Closes a descriptor of the shell's own.
    pub(super) fn close_own(&mut self, number: &Number) {
        self.internal.retain(|known| !Rc::ptr_eq(known, number));
        job::close(number.get());
    }

    fn redirect_one(&mut self, redirect: &Redirect, undo: bool) -> Run<bool> {
        let (opened, target) = match &redirect.kind {
            RedirectKind::Read(word) => (self.open_word(word, OFlags::RDONLY, "open")?, 0),
            RedirectKind::ReadWrite(word) => {
                let flags = OFlags::RDWR | OFlags::CREATE;
                (self.open_word(word, flags, "create")?, 0)
            }
            RedirectKind::Write { file, force } => (self.open_for_writing(file, *force)?, 1),
            RedirectKind::Append(word) => {
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND;
                (self.open_word(word, flags, "create")?, 1)
            }
            RedirectKind::Both(word) => {
                let Some(fd) = self.open_for_writing(word, false)? else {
                    return Ok(false);
                };
                self.replace(fd, 1, undo);
                return Ok(self.duplicate_onto(1, 2, undo));
            }
            RedirectKind::Here(body) => {
                let Some(word) = body.get() else {
                    return Ok(true);
                };
                (self.here_document(word)?, 0)
            }
            RedirectKind::Dup { word, output } => {
                let target = redirect.fd.unwrap_or(i32::from(*output));
                return self.duplicate_word(word, target, redirect.fd, *output, undo);
            }
        };
        let Some(fd) = opened else {
            return Ok(false);
        };
        Ok(self.replace(fd, redirect.fd.unwrap_or(target), undo))
    }

    /// Makes `target` what `fd` is, and closes `fd`.
    fn replace(&mut self, fd: RawFd, target: RawFd, undo: bool) -> bool {
        if fd == target {
            // It was closed before: that is what must be put back.
            if undo {
                self.saved.push(Saved {
                    fd: target,
                    copy: None,
                });
            }
            // Opened close-on-exec, it must be inherited; a copy onto itself changes nothing.
            let passed = copy_high(fd).and_then(|copy| {
                let result = job::duplicate(copy, target);
                job::close(copy);
                result
            });
            if let Err(error) = &passed {
                self.complain(format_args!("can't redirect {fd}: {}", reason(error)));
            }
            return passed.is_ok();
        }
        let done = self.duplicate_onto(fd, target, undo);
        job::close(fd);
        done
    }

    fn duplicate_onto(&mut self, fd: RawFd, target: RawFd, undo: bool) -> bool {
        if !self.save(target, undo) {
            return false;
        }
        match job::duplicate(fd, target) {
            Ok(()) => true,
            Err(error) => {
                self.complain(format_args!("{fd}: {}", reason(&error)));
                false
            }
        }
    }

    /// Keeps a copy of a descriptor that is about to be replaced; false: there is no room for
    /// one, and it must not be replaced.
    fn save(&mut self, fd: RawFd, undo: bool) -> bool {
        self.flush();
        self.make_room(fd);
        if !undo {
            return true;
        }
        let copy = match copy_high(fd) {
            Ok(copy) => Some(copy),
            Err(_) if !job::is_open(fd) => None,
            Err(error) => {
                self.complain(format_args!("can't redirect {fd}: {}", reason(&error)));
                return false;
            }
        };
        self.saved.push(Saved { fd, copy });
        true
    }

    /// Moves a descriptor of the shell's own out of the way: for scripts it was not open.
    fn make_room(&mut self, fd: RawFd) {
        if !self.is_internal(fd) {
            return;
        }
        let Ok(copy) = job::copy_above(fd, fd + 1) else {
            return;
        };
        for saved in &mut self.saved {
            if saved.copy == Some(fd) {
                saved.copy = Some(copy);
            }
        }
        for number in self.internal.iter().filter(|number| number.get() == fd) {
            number.set(copy);
        }
        job::close(fd);
    }

    /// `>&word` and `<&word`.
    fn duplicate_word(
        &mut self,
        word: &Word,
        target: RawFd,
        given: Option<RawFd>,
        output: bool,
        undo: bool,
    ) -> Run<bool> {
        let text = self.expand_single(word)?;
        let bytes = text.bytes().to_vec();
        self.recycle(text);
        if bytes == b"-" {
            let saved = self.save(target, undo);
            if saved {
                job::close(target);
            }
            return Ok(saved);
        }
        let number = std::str::from_utf8(&bytes).ok();
        if let Some(number) = number.and_then(|text| text.parse::<RawFd>().ok()) {
            if !job::is_open(number) || self.is_internal(number) {
                self.complain(format_args!("{number}: Bad file descriptor"));
                return Ok(false);
            }
            return Ok(number == target || self.duplicate_onto(number, target, undo));
        }
        if output && given.is_none() {
            // `>&file` is `&>file`.
            let Some(fd) = self.open_path(&bytes, write_flags(), "create")? else {
                return Ok(false);
            };
            self.replace(fd, 1, undo);
            return Ok(self.duplicate_onto(1, 2, undo));
        }
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        Err(self.fatal(format_args!("{shown}: bad fd number")))
    }

    /// The copy of a descriptor that has been redirected since `frame`.
    pub(super) fn hidden_by(&self, frame: Frame, fd: RawFd) -> Option<RawFd> {
        let mut saved = self.saved.get(frame.0..)?.iter();
        saved.find(|saved| saved.fd == fd)?.copy
    }

    fn is_internal(&self, fd: RawFd) -> bool {
        self.internal.iter().any(|number| number.get() == fd)
            || self.saved.iter().any(|saved| saved.copy == Some(fd))
    }

    fn open_for_writing(&mut self, word: &Word, force: bool) -> Run<Option<RawFd>> {
        if !self.options.noclobber || force {
            return self.open_word(word, write_flags(), "create");
        }
        let text = self.expand_single(word)?;
        let path = text.bytes().to_vec();
        self.recycle(text);
        // What is no regular file (a device, a pipe) may be written all the same.
        let meta = std::fs::metadata(OsStr::from_bytes(&path));
        let flags = match meta {
            Ok(meta) if !meta.is_file() => OFlags::WRONLY,
            _ => OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL,
        };
        self.open_path(&path, flags, "create")
    }

    fn open_word(&mut self, word: &Word, flags: OFlags, verb: &'static str) -> Run<Option<RawFd>> {
        let text = self.expand_single(word)?;
        let opened = self.open_path(text.bytes(), flags, verb);
        self.recycle(text);
        opened
    }

    fn open_path(&mut self, path: &[u8], flags: OFlags, verb: &str) -> Run<Option<RawFd>> {
        let mode = Mode::from_raw_mode(0o666);
        loop {
            match rustix::fs::open(OsStr::from_bytes(path), flags | OFlags::CLOEXEC, mode) {
                Ok(fd) => return Ok(Some(fd.into_raw_fd())),
                // A fifo may have nobody at its other end for long.
                Err(rustix::io::Errno::INTR) => self.handle_signals()?,
                Err(error) => {
                    let shown = String::from_utf8_lossy(path).into_owned();
                    let why = match (error, verb) {
                        (rustix::io::Errno::NOENT, "create") => "nonexistent directory".into(),
                        (rustix::io::Errno::NOENT, _) => "no such file".into(),
                        _ => reason(&io::Error::from(error)),
                    };
                    self.complain(format_args!("can't {verb} {shown}: {why}"));
                    return Ok(None);
                }
            }
        }
    }

    /// A descriptor from which a here-document can be read.
    ///
    /// A file in memory: `read` need not take its bytes one by one, and no size is too large.
    /// Without such files what fits goes into a pipe at once, and more is written by a child.
    fn here_document(&mut self, word: &Word) -> Run<Option<RawFd>> {
        let text = self.expand_single(word)?;
        let opened = match crate::sys::memory::file() {
            Ok(file) => fill(file, text.bytes()),
            Err(_) => self.fill_pipe(text.bytes()),
        };
        self.recycle(text);
        match opened {
            Ok(fd) => Ok(Some(fd)),
            Err(error) => {
                self.complain(format_args!("here-document: {}", reason(&error)));
                Ok(None)
            }
        }
    }

    fn fill_pipe(&mut self, text: &[u8]) -> io::Result<RawFd> {
        const PIPE: usize = 4096;
        let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        if text.len() <= PIPE {
            io::Write::write_all(&mut std::fs::File::from(write), text)?;
        } else {
            self.write_by_child(write, text)?;
        }
        Ok(read.into_raw_fd())
    }

    fn write_by_child(&mut self, write: std::os::fd::OwnedFd, text: &[u8]) -> io::Result<()> {
        use crate::sys::process::{Fork, exit_now, fork};
        match fork()? {
            Fork::Parent(_) => Ok(()),
            Fork::Child => {
                crate::sys::process::restore_sigpipe();
                let written = io::Write::write_all(&mut std::fs::File::from(write), text);
                exit_now(u8::from(written.is_err()))
            }
        }
    }
}

/// Writes all of a file, to be read from its beginning.
fn fill(mut file: std::fs::File, text: &[u8]) -> io::Result<RawFd> {
    io::Write::write_all(&mut file, text)?;
    io::Seek::rewind(&mut file)?;
    Ok(file.into_raw_fd())
}

fn write_flags() -> OFlags {
    OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC
}

/// A copy of a descriptor where scripts do not look, as far as the limit allows.
pub(super) fn copy_high(fd: RawFd) -> io::Result<RawFd> {
    job::copy_above(fd, HIGH)
        .or_else(|_| job::copy_above(fd, LOW))
        .or_else(|_| job::copy_above(fd, LOWEST))
}
