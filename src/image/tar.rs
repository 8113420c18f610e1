//! sysupgrade tars: kernel and root file system as members of a folder.
//!
//! `sysupgrade-BOARD/` with `CONTROL` (`BOARD=name`), `kernel`, `root` and sometimes `dtb`.
//! A tar has no checksums of its data, so the archive is walked to its end, and what is inside
//! of the members is looked at as if it were a file of its own.

use super::body::Body;
use super::look;
use super::stream::Stream;
use crate::archive::{BLOCK, Error, Kind, Reader};
use std::cell::Cell;
use std::io::{self, Read};

/// `CONTROL` is one line.
const LONGEST_CONTROL: u64 = 4096;
/// More members are no firmware.
const MOST_MEMBERS: usize = 256;

/// The members that get written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tar {
    /// The folder of the members, `sysupgrade-BOARD`.
    pub folder: String,
    /// The board that `CONTROL` names.
    pub board: Option<String>,
    /// For the UBI volume or partition `kernel`. Written last.
    pub kernel: Option<Member>,
    /// For the UBI volume or partition `rootfs`.
    pub root: Option<Member>,
    /// For the partition `dtb`.
    pub dtb: Option<Member>,
    /// What is wrong with the archive.
    pub fault: Option<String>,
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Where its bytes begin in the content, a multiple of 512.
    pub offset: u64,
    /// How many there are.
    pub length: u64,
    /// What they are. Places in it count from its own beginning.
    pub body: Box<Body>,
}

impl Tar {
    /// The members with their names, in the order in which they are written.
    pub fn members(&self) -> impl Iterator<Item = (&'static str, &Member)> {
        let all = [
            ("dtb", &self.dtb),
            ("root", &self.root),
            ("kernel", &self.kernel),
        ];
        all.into_iter()
            .filter_map(|(name, member)| Some((name, member.as_ref()?)))
    }
}

/// Walks the archive to its end; what is behind it, too.
pub(super) fn read(stream: &mut Stream<'_>, step: u64) -> io::Result<Tar> {
    let mut tar = Tar::default();
    match walk(stream, step, &mut tar) {
        Ok(()) => {}
        // What the archive is read from fails otherwise than what it holds.
        Err(Error::Read(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
            return Err(error);
        }
        Err(Error::Read(_)) => tar.fault = Some(Error::Truncated.to_string()),
        Err(error) => tar.fault = Some(error.to_string()),
    }
    Ok(tar)
}

/// Counts the bytes that the reader of the archive takes.
struct Counted<'a, 'b> {
    stream: &'a mut Stream<'b>,
    at: &'a Cell<u64>,
}

impl Read for Counted<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(out)?;
        self.at.set(self.stream.at());
        Ok(count)
    }
}

fn walk(stream: &mut Stream<'_>, step: u64, tar: &mut Tar) -> Result<(), Error> {
    let at = Cell::new(stream.at());
    let mut reader = Reader::new(Counted { stream, at: &at });
    let mut count = 0;
    let mut twice = false;
    while let Some(entry) = reader.next_entry()? {
        count += 1;
        if count > MOST_MEMBERS {
            return Err(Error::TooLong);
        }
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        let name = name.strip_prefix("./").unwrap_or(&name);
        let (folder, name) = name.split_once('/').unwrap_or((name, ""));
        if !folder.starts_with("sysupgrade-") {
            continue;
        }
        if tar.folder.is_empty() {
            tar.folder = folder.to_owned();
        }
        if folder != tar.folder || entry.kind != Kind::File {
            continue;
        }
        if name == "CONTROL" {
            let control = reader.content(LONGEST_CONTROL)?;
            let control = String::from_utf8_lossy(&control);
            let board = control.lines().find_map(|line| line.strip_prefix("BOARD="));
            tar.board = board.map(|board| board.trim().to_owned());
            continue;
        }
        let place = match name {
            "kernel" => &mut tar.kernel,
            "root" => &mut tar.root,
            "dtb" => &mut tar.dtb,
            _ => continue,
        };
        let offset = at.get();
        twice |= place.is_some();
        let body = look::body_of(&mut reader, step, true).map_err(Error::Read)?;
        *place = Some(Member {
            offset,
            length: entry.size,
            body: Box::new(body),
        });
    }
    // The last member's filler may be cut off without harm to anybody, but was it all there?
    let end = at.get();
    reader.drain()?;
    drop(reader);
    if !end.is_multiple_of(BLOCK as u64) {
        return Err(Error::Truncated);
    }
    if twice {
        tar.fault = Some("a member is there twice".into());
    }
    Ok(())
}
