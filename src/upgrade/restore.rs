//! Settings out of an archive.
//!
//! The whole archive is read and judged before the first file is touched: complete, nothing
//! outside the root, nothing through a link, nothing but files, directories and links, and not
//! more than there can be room for. Accounts that the image has and the saved files lack are
//! put into these on the way, or its new services could not start.

use super::Error;
use super::place::{Event, Listener, Place, is_inside};
use crate::archive::gzip::Gunzip;
use crate::archive::{BLOCK, Error as Fault, Header, Kind, Reader, safe_name};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Files whose lines are accounts, with the name in front.
const ACCOUNTS: [&str; 3] = ["etc/passwd", "etc/group", "etc/shadow"];
/// Longest of these.
const LONGEST_ACCOUNTS: u64 = 1 << 20;
/// File systems of flash pack what is written: settings may be so many times as long as the
/// room that is left. What unpacks to more is no settings archive.
const PACKED: u64 = 8;
/// Links that are remembered, in bytes of their names.
const MOST_LINKS: usize = 256 * 1024;
/// Longest name of a file and longest path (NAME_MAX, PATH_MAX less some root).
const LONGEST: (usize, usize) = (255, 4000);

/// Left in memory by a boot that has restored settings: the archive is no longer needed.
pub const RESTORED: &str = "tmp/.restored";

/// Reads the whole archive; gives the number of files in it.
///
/// # Errors
/// Damage, a name that leads out, a member that is no file, directory or link.
pub fn check(file: &mut (impl Read + Seek)) -> Result<usize, Error> {
    judge(file, None, u64::MAX)
}

/// The members of an archive; OpenWrt's `mount_root` leaves one that is unpacked.
fn members(file: &mut (impl Read + Seek)) -> Result<Reader<'_>, Error> {
    let mut start = [0; BLOCK];
    file.seek(SeekFrom::Start(0)).map_err(Fault::Read)?;
    let whole = file.read_exact(&mut start).is_ok();
    file.seek(SeekFrom::Start(0)).map_err(Fault::Read)?;
    Ok(match whole && start[257..262] == *b"ustar" {
        true => Reader::new(file),
        false => Reader::new(Gunzip::new(file)),
    })
}

/// Judges an archive, also by what the device at `root` makes of its names; `most`: bytes.
fn judge(file: &mut (impl Read + Seek), root: Option<&Path>, most: u64) -> Result<usize, Error> {
    let mut reader = members(file)?;
    let (mut count, mut bytes) = (0, 0_u64);
    let mut links = BTreeSet::new();
    let mut remembered = 0;
    while let Some(entry) = reader.next_entry()? {
        bytes = bytes.saturating_add(entry.size);
        if bytes > most {
            return Err(Error::TooMuch(most / PACKED));
        }
        let Some(name) = name_of(&entry.name, root, &links)? else {
            continue;
        };
        match entry.kind {
            Kind::File | Kind::HardLink => {}
            Kind::Directory => continue,
            Kind::Symlink => {
                remembered += name.as_os_str().len() + size_of::<PathBuf>();
                links.insert(name);
                if remembered > MOST_LINKS {
                    return Err(Fault::TooLong.into());
                }
            }
            _ => return Err(Error::NotSettings(entry.name)),
        }
        if entry.kind == Kind::HardLink {
            name_of(&entry.link, root, &links)?;
        }
        count += 1;
    }
    reader.drain()?;
    Ok(count)
}

/// A name that may be used, as a path below the root.
fn name_of(
    name: &[u8],
    root: Option<&Path>,
    links: &BTreeSet<PathBuf>,
) -> Result<Option<PathBuf>, Error> {
    let Some(path) = safe_name(name)? else {
        return Ok(None);
    };
    if name.len() > LONGEST.1 || path.iter().any(|part| part.len() > LONGEST.0) {
        return Err(Fault::TooLong.into());
    }
    if path.ancestors().skip(1).any(|dir| links.contains(dir)) {
        return Err(Fault::Hostile(name.to_vec()).into());
    }
    if let Some(root) = root {
        is_inside(root, &path)?;
    }
    Ok(Some(path))
}

/// Restores an archive below `root`; gives how many files there are now as they were.
///
/// # Errors
/// The archive is not what it should be, and nothing was touched; or `listener` wanted no
/// more. Single files that fail are [`Event::Trouble`].
pub fn restore(
    file: &mut (impl Read + Seek),
    root: &Path,
    listener: &mut Listener<'_>,
) -> Result<usize, Error> {
    let root = &fs::canonicalize(root).map_err(Error::io("open", root))?;
    let free = rustix::fs::statvfs(root)
        .map_err(|error| Error::io("look at", root)(error.into()))
        .map(|fs| fs.f_bavail.saturating_mul(fs.f_frsize))?;
    judge(file, Some(root), free.saturating_mul(PACKED))?;
    let mut reader = members(file)?;
    let mut count = 0;
    while let Some(entry) = reader.next_entry()? {
        let mut place = Place {
            root,
            same_owner: rustix::process::geteuid().is_root(),
            listener: &mut *listener,
        };
        let result = match of_accounts(&entry) {
            Some(path) => with_accounts(&entry, &mut reader, root, path)
                .and_then(|merged| place.member(&entry, &mut &merged[..])),
            None => place.member(&entry, &mut reader),
        };
        match result {
            Err(trouble @ (Fault::File { .. } | Fault::Hostile(_) | Fault::TooLong)) => {
                listener(Event::Trouble(trouble)).map_err(Fault::Write)?;
            }
            other => {
                other?;
                count += usize::from(entry.kind != Kind::Directory);
            }
        }
    }
    sync(root);
    Ok(count)
}

/// The names of files are on the medium, as their content was before.
fn sync(root: &Path) {
    // What cannot be opened has no names, and the kernel reports nothing worth telling here.
    let _ = File::open(root).map(rustix::fs::syncfs);
}

/// Whether a member is a file of accounts, and which.
fn of_accounts(entry: &Header) -> Option<&'static str> {
    let name = safe_name(&entry.name).ok()??;
    let mut accounts = ACCOUNTS.into_iter();
    accounts.find(|path| entry.kind == Kind::File && name == Path::new(path))
}

/// The content of a file of accounts, with those of the image that it lacks: from `/rom`
/// where the overlay is mounted.
fn with_accounts(
    entry: &Header,
    reader: &mut Reader<'_>,
    root: &Path,
    path: &str,
) -> Result<Vec<u8>, Fault> {
    let saved = reader.content(entry.size.min(LONGEST_ACCOUNTS))?;
    let of_image = fs::read(root.join("rom").join(path))
        .or_else(|_| fs::read(root.join(path)))
        .unwrap_or_default();
    Ok(merged(&saved, &of_image).unwrap_or(saved))
}

/// What became of the settings that an upgrade has left.
#[derive(Debug)]
pub enum Left {
    /// All of them are in place; the archive stays until the boot is complete.
    Restored(usize),
    /// Not all could be restored: the archive is kept here. The boot goes on.
    Aside(PathBuf, Option<Error>),
}

/// Restores in a boot what an upgrade has left at `archive`. A cut of the power at any moment
/// means that the next boot does it again.
///
/// # Errors
/// `listener` wanted no more; nothing else stops a boot.
pub fn restore_left(
    archive: &Path,
    root: &Path,
    listener: &mut Listener<'_>,
) -> Result<Left, Error> {
    let mut troubles = false;
    let mut counting = |event: Event<'_>| {
        troubles |= matches!(event, Event::Trouble(_));
        listener(event)
    };
    let result = File::open(archive)
        .map_err(Error::io("open", archive))
        .and_then(|mut file| restore(&mut file, root, &mut counting));
    let failure = match result {
        Ok(count) if !troubles => {
            let mark = root.join(RESTORED);
            fs::write(&mark, "").map_err(Error::io("create", mark))?;
            return Ok(Left::Restored(count));
        }
        Err(Error::Archive(Fault::Write(error))) => return Err(Fault::Write(error).into()),
        other => other.err(),
    };
    let mut aside = archive.as_os_str().to_owned();
    aside.push(".failed");
    let aside = PathBuf::from(aside);
    // The next boot would find it broken again, and one that is complete would delete it.
    fs::rename(archive, &aside).map_err(Error::io("rename", archive))?;
    sync(root);
    Ok(Left::Aside(aside, failure))
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
