//! Where the sources of `cp` and `mv` are to go: `SOURCE DEST`, `SOURCE... DIRECTORY`, or
//! `-t DIRECTORY SOURCE...`; with `-T` DEST is never a directory to go into.

use super::status::Status;
use super::{Refusal, destination};
use crate::error::{Error, Result};
use crate::opts::Opts;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The operands, sorted out.
pub struct Whither<'a> {
    /// At least one.
    pub sources: &'a [OsString],
    target: &'a OsStr,
    into: bool,
}

impl<'a> Whither<'a> {
    /// Reads the operands and the options `t` and `T`.
    ///
    /// # Errors
    /// Too few operands, several sources for what is no directory or for `-T`.
    pub fn read(opts: &'a Opts, usage: &'static str) -> Result<Whither<'a>> {
        let dir = opts.value("t");
        let operands = opts.needed(usage, if dir.is_some() { 1 } else { 2 })?;
        let (sources, target) = match (dir, operands) {
            (None, [sources @ .., last]) => (sources, last.as_os_str()),
            (dir, sources) => (sources, dir.unwrap_or_default()),
        };
        let is_dir = Status::of(target, true).is_ok_and(|status| status.is_dir());
        let single = sources.len() == 1 && dir.is_none();
        if opts.has("T") && !single {
            return Err(Error::message("-T takes one SOURCE and one DEST"));
        }
        if !single && !is_dir {
            return Err(Refusal::NotDirectory(target.into()).into());
        }
        Ok(Whither {
            sources,
            target,
            into: is_dir && !opts.has("T"),
        })
    }

    /// The path that one source gets.
    pub fn of(&self, source: &OsStr) -> PathBuf {
        destination(source, Path::new(self.target), self.into)
    }
}
