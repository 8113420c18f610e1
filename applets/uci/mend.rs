//! What the original does not have: files are checked, repaired and compared.

use super::Session;
use safebox::diff;
use safebox::uci::{self, Error, Finding, Store};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

impl Session<'_, '_> {
    /// A file by its path, or that of a package.
    fn file(&self, name: &[u8]) -> PathBuf {
        match name.contains(&b'/') {
            true => PathBuf::from(OsStr::from_bytes(name)),
            false => self.config.store.file(name),
        }
    }

    /// `FILE:LINE:COLUMN: what is wrong`
    fn print(&mut self, path: &Path, found: &[Finding]) {
        for at in found {
            let place = format!(":{}:{}: {}", at.line, at.column, at.reason);
            let path = path.as_os_str().as_bytes();
            self.ctx.out.line([path, place.as_bytes()].concat());
        }
    }

    /// Every fault of the files, or of all packages.
    pub fn validate(&mut self, arguments: &[Vec<u8>]) -> uci::Result<u8> {
        let names = match arguments {
            [] => self.config.store.names()?,
            names => names.to_vec(),
        };
        let mut status = 0;
        for name in names {
            let path = self.file(&name);
            match self.config.store.validate(&path) {
                Ok(found) => {
                    status |= u8::from(!found.is_empty());
                    self.print(&path, &found);
                }
                Err(error) => {
                    self.complain(Some(&name), &error);
                    status = 1;
                }
            }
        }
        Ok(status)
    }

    /// What is out of form becomes a comment; the old file is kept.
    pub fn repair(&mut self, arguments: &[Vec<u8>]) -> uci::Result<u8> {
        let mut status = 0;
        for name in arguments {
            let path = self.file(name);
            match self.config.store.repair(&path) {
                Ok(None) => {}
                Ok(Some(repair)) => {
                    self.print(&path, &repair.findings);
                    let kept = repair.backup.display();
                    let line = format!("these are comments now; the old file is {kept}");
                    self.ctx.out.line(line.into_bytes());
                }
                Err(error) => {
                    self.complain(Some(name), &error);
                    status = 1;
                }
            }
        }
        Ok(status)
    }

    /// `diff [DIRECTORY] [PACKAGE]`: the pending changes, or what another directory has.
    pub fn diff(&mut self, arguments: &[Vec<u8>]) -> uci::Result<u8> {
        let store = self.config.store.clone();
        let (other, name) = match arguments {
            [name, rest @ ..] if name.starts_with(b"/") => {
                let dir = Path::new(OsStr::from_bytes(name));
                if !dir.is_dir() {
                    self.complain(Some(name), &Error::NotFound);
                    return Ok(1);
                }
                let below = dir.join("etc/config");
                let dir = if below.is_dir() { &below } else { dir };
                (Some(Store::at(dir)), rest.first())
            }
            [name] => (None, Some(name)),
            [_, _, ..] => return Err(Error::InvalidArgument),
            [] => (None, None),
        };
        let names = match (name, &other) {
            (Some(name), _) => vec![uci::Reference::parse(name)?.package],
            (None, Some(other)) => store.names_of_both(other)?,
            (None, None) => store.names_to_commit()?,
        };
        let mut status = 0;
        for package in names {
            let compared = match &other {
                Some(other) => compare(&store, other, &package),
                None => pending(&store, &package),
            };
            match compared {
                Ok(shown) => self.ctx.out.put(&shown),
                Err(error) if name.is_some() => return Err(error),
                Err(error) => {
                    self.complain(Some(&package), &error);
                    status = 1;
                }
            }
        }
        Ok(status)
    }
}

fn pending(store: &Store, package: &[u8]) -> uci::Result<Vec<u8>> {
    let (old, new) = store.committed(package)?;
    let path = store.file(package);
    let path = path.as_os_str().as_bytes();
    let mut shown = Vec::new();
    diff::of_files(&mut shown, [path, path], &old, &new);
    Ok(shown)
}

fn compare(ours: &Store, other: &Store, package: &[u8]) -> uci::Result<Vec<u8>> {
    let none = Path::new("/dev/null");
    let read = |store: &Store| {
        let text = store.text(package)?;
        let path = store.file(package);
        let path = if text.is_some() { &path } else { none };
        Ok::<_, Error>((path.to_owned(), text))
    };
    let ((old_path, old), (new_path, new)) = (read(other)?, read(ours)?);
    if old.is_none() && new.is_none() {
        return Err(Error::NotFound);
    }
    let names = [
        old_path.as_os_str().as_bytes(),
        new_path.as_os_str().as_bytes(),
    ];
    let mut shown = Vec::new();
    diff::of_files(
        &mut shown,
        names,
        &old.unwrap_or_default(),
        &new.unwrap_or_default(),
    );
    Ok(shown)
}
