//! A file that does not load is made one that does: what is out of form becomes a comment.
//!
//! The options of a section go with its `config` line, so that nothing comes to the section
//! before it. The old file is kept beside the new one, under a name with a dot, which is no
//! package; where that cannot be written nothing is changed.

use super::error::{Error, Result};
use super::parse::{self, Reading};
use super::replace;
use super::store::{self, Store};
use super::validate::{Finding, places_of};
use rustix::fs::FlockOperation;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Old files that are kept.
const BACKUPS: u32 = 100;

/// What was done to a file.
#[derive(Debug)]
pub struct Repair {
    /// The statements that became comments.
    pub findings: Vec<Finding>,
    /// The old file.
    pub backup: PathBuf,
}

impl Store {
    /// Repairs a configuration file, by its path; none if nothing is wrong with it.
    pub fn repair(&self, path: &Path) -> Result<Option<Repair>> {
        let mut file = store::open_locked(path, FlockOperation::LockExclusive)?;
        let content = store::read(&mut file, path)?;
        let (findings, good) = repaired(&content)?;
        if findings.is_empty() {
            return Ok(None);
        }
        let backup = free_name(path)?;
        replace::replace(&backup, &content)?;
        replace::replace(path, &good)?;
        Ok(Some(Repair { findings, backup }))
    }
}

/// `FILE.bak`, or with a number if there is one.
fn free_name(path: &Path) -> Result<PathBuf> {
    for number in 1..BACKUPS {
        let mut name = OsString::from(path);
        name.push(".bak");
        if number > 1 {
            name.push(number.to_string());
        }
        if PathBuf::from(&name).symlink_metadata().is_err() {
            return Ok(name.into());
        }
    }
    Err(Error::kept(path, io::ErrorKind::AlreadyExists.into()))
}

/// What is wrong with a text, and the text with all that as comments.
pub fn repaired(text: &[u8]) -> Result<(Vec<Finding>, Vec<u8>)> {
    let parsed = parse::faulty(text)?;
    let starts = parsed.faulty.iter().map(|piece| piece.start);
    let reasons = parsed.faults.iter().map(|fault| fault.reason);
    let findings = places_of(text, starts.zip(reasons));
    let (mut good, mut from) = (Vec::new(), 0);
    for piece in parsed.faulty {
        good.extend_from_slice(text.get(from..piece.start).unwrap_or_default());
        from = piece.end;
        for line in text
            .get(piece)
            .unwrap_or_default()
            .split_inclusive(|&byte| byte == b'\n')
        {
            good.push(b'#');
            good.extend_from_slice(line);
        }
    }
    good.extend_from_slice(text.get(from..).unwrap_or_default());
    parse::package(b"", &good, Reading::Strict)?;
    Ok((findings, good))
}

#[test]
fn what_is_out_of_form_becomes_a_comment() {
    let check = |text: &str, expected: &str| {
        let (findings, good) = repaired(text.as_bytes()).unwrap();
        let lines: Vec<_> = findings.iter().map(|found| found.line).collect();
        let shown = String::from_utf8(good).unwrap();
        assert_eq!(format!("{lines:?} {shown}"), expected, "{text:?}");
    };
    check(
        "config t s\n\toption a 1\n",
        "[] config t s\n\toption a 1\n",
    );
    check(
        "config t s\n\toption a 1\n\tgarbage\n\toption b-b 2\n\toption c 3\n",
        "[3, 4] config t s\n\toption a 1\n\t#garbage\n\t#option b-b 2\n\toption c 3\n",
    );
    // An open quote takes only its own line along.
    check(
        "config t s\n\toption a 'x\n\toption b 'y'\nconfig t r\n",
        "[2] config t s\n\t#option a 'x\n\toption b 'y'\nconfig t r\n",
    );
    check(
        "config t s\n\toption a 1\n\toption b 'x",
        "[3] config t s\n\toption a 1\n\t#option b 'x",
    );
    // A value of several lines goes as a whole.
    check(
        "config t s\n\toption a-a 'x\noption b 1\n'\n\toption c 1\n",
        "[2] config t s\n\t#option a-a 'x\n#option b 1\n#'\n\toption c 1\n",
    );
    // What belongs to a faulty section does not come to the one before.
    check(
        "config t s\nconfig t my-lan\n\toption a 1\n\tlist b 'x\ny'\nconfig u r\n\toption c 1\n",
        "[2, 3, 4] config t s\n#config t my-lan\n\t#option a 1\n\t#list b 'x\n#y'\nconfig u r\n\toption c 1\n",
    );
    check(
        "config t s\nconfig u s\n\toption a 1\n",
        "[2, 3] config t s\n#config u s\n\t#option a 1\n",
    );
    check(
        "config t s\nconfg t r\n\toption a 1\nconfig t q\n",
        "[2, 3] config t s\n#confg t r\n\t#option a 1\nconfig t q\n",
    );
    check(
        "config t s\n<<<<<<< mine\n\toption a 1\n",
        "[2] config t s\n#<<<<<<< mine\n\toption a 1\n",
    );
    check(
        "option a 1\nconfig t s ; bad ; config t r\n\toption b 1\n",
        "[1, 2, 3] #option a 1\nconfig t s ; #bad ; config t r\n\t#option b 1\n",
    );
    check("config t s\\\nx-x\n", "[1] #config t s\\\n#x-x\n");
}
