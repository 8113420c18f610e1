//! Settings out of an archive.
//!
//! The whole archive is read and judged before the first file is touched: complete, nothing
//! outside the root, nothing but files, directories and links. Accounts that the image has
//! and the saved files lack are added afterwards, or its new services could not start.

use super::Error;
use crate::archive::gzip::Gunzip;
use crate::archive::{Error as Fault, Extract, Extraction, Kind, Reader, safe_name};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Files whose lines are accounts, with the name in front.
const ACCOUNTS: [&str; 3] = ["etc/passwd", "etc/group", "etc/shadow"];

/// Reads the whole archive; gives the number of files in it.
///
/// # Errors
/// Damage, a name that leads out, a member that is no file, directory or link.
pub fn check(file: &mut (impl Read + Seek)) -> Result<usize, Error> {
    file.seek(SeekFrom::Start(0)).map_err(Fault::Read)?;
    let mut reader = Reader::new(Gunzip::new(&mut *file));
    let mut count = 0;
    while let Some(entry) = reader.next_entry()? {
        safe_name(&entry.name)?;
        match entry.kind {
            Kind::File | Kind::Symlink => count += 1,
            Kind::Directory => {}
            Kind::HardLink => drop(safe_name(&entry.link)?),
            _ => return Err(Error::NotSettings(entry.name)),
        }
    }
    reader.drain()?;
    Ok(count)
}

/// Restores a checked archive below `root`; gives what failed for single files.
pub fn restore(file: &mut (impl Read + Seek), root: &Path) -> Result<Vec<Fault>, Error> {
    check(file)?;
    let accounts = image_accounts(root);
    file.seek(SeekFrom::Start(0)).map_err(Fault::Read)?;
    let mut reader = Reader::new(Gunzip::new(&mut *file));
    let how = Extract {
        same_owner: rustix::process::geteuid().is_root(),
        same_mode: true,
        ..Extract::default()
    };
    let mut extraction = Extraction::new(root, how);
    let mut troubles = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        match extraction.entry(&entry, &mut reader) {
            Err(trouble @ Fault::File { .. }) => troubles.push(trouble),
            other => other?,
        }
    }
    troubles.extend(extraction.finish());
    for (path, of_image) in accounts {
        add_missing(&path, &of_image)?;
    }
    Ok(troubles)
}

/// The image's own account files: from `/rom` where the overlay is mounted.
fn image_accounts(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let content = |path: &str| {
        let rom = fs::read(root.join("rom").join(path));
        rom.or_else(|_| fs::read(root.join(path)))
            .unwrap_or_default()
    };
    ACCOUNTS
        .map(|path| (root.join(path), content(path)))
        .to_vec()
}

/// Appends the lines of `of_image` whose name the file does not have, the file whole at
/// every moment.
fn add_missing(path: &Path, of_image: &[u8]) -> Result<(), Error> {
    let Ok(old) = fs::read(path) else {
        return Ok(());
    };
    let Some(new) = merged(&old, of_image) else {
        return Ok(());
    };
    let meta = fs::metadata(path).map_err(Error::io("stat", path))?;
    let part = path.with_extension("new");
    // A leftover of an interrupted run is in the way; if it cannot go, creating says so.
    let _ = fs::remove_file(&part);
    let mut options = File::options();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(meta.mode() & 0o777)
        .open(&part)
        .map_err(Error::io("create", &part))?;
    file.write_all(&new).map_err(Error::io("write", &part))?;
    file.sync_all().map_err(Error::io("write", &part))?;
    fs::rename(&part, path).map_err(Error::io("replace", path))
}

/// `old` with the lines of `of_image` that it lacks; None: it lacks none.
fn merged(old: &[u8], of_image: &[u8]) -> Option<Vec<u8>> {
    let name = |line: &[u8]| {
        line.split(|&b| b == b':')
            .next()
            .unwrap_or_default()
            .to_vec()
    };
    let known: Vec<Vec<u8>> = old.split(|&b| b == b'\n').map(name).collect();
    let lines = of_image
        .split(|&b| b == b'\n')
        .filter(|line| line.contains(&b':'));
    let missing: Vec<&[u8]> = lines.filter(|line| !known.contains(&name(line))).collect();
    if missing.is_empty() {
        return None;
    }
    let mut new = old.to_vec();
    if !new.is_empty() && !new.ends_with(b"\n") {
        new.push(b'\n');
    }
    for line in missing {
        new.extend_from_slice(line);
        new.push(b'\n');
    }
    Some(new)
}

#[test]
fn accounts_of_the_image_are_added_once() {
    let check = |old: &str, image: &str, expected: Option<&str>| {
        let merged = merged(old.as_bytes(), image.as_bytes());
        assert_eq!(merged.as_deref(), expected.map(str::as_bytes));
    };
    check(
        "root:x:0\n",
        "root:y:0\ndns:x:5\n",
        Some("root:x:0\ndns:x:5\n"),
    );
    check("root:x:0", "dns:x:5", Some("root:x:0\ndns:x:5\n"));
    check("root:x:0\ndns:x:9\n", "dns:x:5\n\n", None);
}
