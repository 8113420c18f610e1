//! Every sound node of a jffs2, found by reading all of it once.
//!
//! Only heads of nodes are read and only what names files is kept, so that memory depends on
//! the number of nodes and not on the size of the files; past [`MOST`] bytes of it we give up.
//! Nothing is trusted that its checksum does not vouch for, and what cannot be read or makes
//! no sense is told and stepped over: the rest of a damaged file system is still worth having.

use super::{DIRENT, DIRENT_HEAD, END_MARKER, Endian, INODE, INODE_HEAD, Place, crc, header};
use crate::flash::{Error, blocks};
use crate::sys::Flash;
use std::fs;
use std::io::{self, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// Bytes of memory that an index may take; a full chip of 16 MiB needs about one tenth.
const MOST: usize = 2 << 20;
/// Bytes that are read at a time.
const WINDOW: u64 = 16 * 1024;
/// What one failed read costs.
const PAGE: u64 = 4096;
/// The longest part of a node that is looked at: a dirent with a name of 255 bytes.
const LONGEST: u64 = DIRENT_HEAD as u64 + 256;

/// What a jffs2 lies on.
pub trait Medium {
    /// The ranges that hold nodes, in order; no node crosses from one to the next.
    ///
    /// # Errors
    /// Those of looking for bad blocks, and of finding out how long a file is.
    fn blocks(&mut self) -> Result<Vec<Range<u64>>, Error>;
    /// Fills `buf` from `offset`.
    ///
    /// # Errors
    /// The system's.
    fn read(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()>;
}

impl Medium for Box<dyn Flash> {
    fn blocks(&mut self) -> Result<Vec<Range<u64>>, Error> {
        let size = u64::from(self.geometry().erase_size);
        let good = blocks::good(&mut **self, 0)?;
        Ok(good.into_iter().map(|start| start..start + size).collect())
    }

    fn read(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        (**self).read(offset, buf)
    }
}

/// A copy of a partition; where its erase blocks begin is not known and does not matter.
impl Medium for fs::File {
    fn blocks(&mut self) -> Result<Vec<Range<u64>>, Error> {
        let end = self.seek(SeekFrom::End(0)).map_err(Error::Source)?;
        Ok(std::iter::once(0..end).collect())
    }

    fn read(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(buf, offset)
    }
}

/// What a name stands for.
#[derive(Debug)]
pub(super) struct Name {
    /// The directory that it is in.
    pub parent: u32,
    pub name: Vec<u8>,
    version: u32,
    at: u64,
    /// 0: the name has been deleted.
    pub ino: u32,
    /// DT_DIR and its like.
    pub kind: u8,
}

/// A node with a part of an inode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub ino: u32,
    version: u32,
    pub at: u64,
}

/// The names and nodes of a jffs2.
pub struct Index {
    pub(super) endian: Endian,
    /// By directory and name, each once.
    pub(super) names: Vec<Name>,
    /// By inode and version.
    pub(super) nodes: Vec<Node>,
    /// The highest inode and the highest version of a name, deleted ones included.
    highest: (u32, u32),
    /// Where a marker ended the file system.
    pub void_from: Option<u64>,
}

impl Index {
    /// Reads all of `medium`; `trouble` is told what is damaged, and at which offset.
    ///
    /// An erase block that begins `DE AD C0 DE` ends the file system as it does for the kernel;
    /// with `beyond` what lies behind it counts as well.
    ///
    /// # Errors
    /// [`Error::NoJffs2`] where there is not one sound node, [`Error::TooManyNodes`].
    pub fn read(
        medium: &mut dyn Medium,
        beyond: bool,
        trouble: &mut dyn FnMut(u64, &str),
    ) -> Result<Index, Error> {
        let mut scan = Scan {
            beyond,
            window: Vec::new(),
            start: 0,
            endian: None,
            names: Vec::new(),
            nodes: Vec::new(),
            used: 0,
            in_rubbish: false,
            void: None,
            trouble,
        };
        for range in medium.blocks()? {
            scan.range(medium, range)?;
            if scan.void.is_some() && !beyond {
                break;
            }
        }
        let Some(endian) = scan.endian else {
            return Err(Error::NoJffs2 { void: scan.void });
        };
        let (mut names, mut nodes) = (scan.names, scan.nodes);
        let inodes = names.iter().map(|name| name.ino);
        let inodes = inodes.chain(nodes.iter().map(|node| node.ino));
        let inode = inodes.max().unwrap_or(0).max(1);
        let version = names.iter().map(|name| name.version).max().unwrap_or(0);
        // The latest version first, and no other.
        names.sort_unstable_by(|a, b| {
            let latest = (b.version, b.at).cmp(&(a.version, a.at));
            (a.parent, &a.name).cmp(&(b.parent, &b.name)).then(latest)
        });
        names.dedup_by(|a, b| a.parent == b.parent && a.name == b.name);
        names.retain(|name| name.ino != 0);
        nodes.sort_unstable_by_key(|node| (node.ino, node.version, node.at));
        Ok(Index {
            endian,
            names,
            nodes,
            highest: (inode, version),
            void_from: scan.void,
        })
    }

    /// Where a new file of the directory `dir` goes; components that do not exist will be made.
    ///
    /// # Errors
    /// [`Error::TooManyNodes`] where numbers have run out.
    pub fn place(&self, dir: &[u8]) -> Result<Place, Error> {
        let (ino, version) = self.highest;
        let next = |number: u32| number.checked_add(1).ok_or(Error::TooManyNodes);
        let mut place = Place {
            ino: next(ino)?,
            version: next(version)?,
            ..Place::EMPTY
        };
        for part in dir.split(|&b| b == b'/').filter(|part| !part.is_empty()) {
            let inside = self.names_in(place.parent);
            match inside.iter().find(|found| found.name == part) {
                Some(found) if place.missing.is_empty() => place.parent = found.ino,
                _ => place.missing.push(part.to_vec()),
            }
        }
        Ok(place)
    }

    /// The nodes of an inode, the oldest first.
    pub(super) fn nodes_of(&self, ino: u32) -> &[Node] {
        equal(&self.nodes, ino, |node| node.ino)
    }

    /// What is in a directory.
    pub(super) fn names_in(&self, parent: u32) -> &[Name] {
        equal(&self.names, parent, |name| name.parent)
    }
}

/// Those that have this key, of a list in its order.
fn equal<T>(list: &[T], key: u32, of: impl Fn(&T) -> u32) -> &[T] {
    let start = list.partition_point(|item| of(item) < key);
    let rest = list.get(start..).unwrap_or_default();
    let count = rest.partition_point(|item| of(item) == key);
    rest.get(..count).unwrap_or_default()
}

/// A reading under way.
struct Scan<'a> {
    beyond: bool,
    /// What was read last, from `start` on.
    window: Vec<u8>,
    start: u64,
    /// That of the first sound node.
    endian: Option<Endian>,
    names: Vec<Name>,
    nodes: Vec<Node>,
    /// Bytes of memory, about.
    used: usize,
    /// The bytes before these were no node: reported once.
    in_rubbish: bool,
    /// Where a marker ended the file system.
    void: Option<u64>,
    trouble: &'a mut dyn FnMut(u64, &str),
}

impl Scan<'_> {
    fn range(&mut self, medium: &mut dyn Medium, range: Range<u64>) -> Result<(), Error> {
        let mut at = range.start;
        while at + 12 <= range.end {
            if let Err(error) = self.load(medium, at, range.end) {
                (self.trouble)(at, &crate::error::reason(&error));
                at = next_page(at);
                continue;
            }
            let from = (at - self.start) as usize;
            let bytes = self.window.get(from..).unwrap_or_default();
            let blank = bytes.iter().take_while(|&&byte| byte == 0xff).count() & !3;
            if blank > 0 {
                at += blank as u64;
                continue;
            }
            if bytes.starts_with(&END_MARKER) && at.is_multiple_of(PAGE) {
                self.void.get_or_insert(at);
                if !self.beyond {
                    return Ok(());
                }
            }
            at += match self.node_at(from, at, range.end)? {
                Some(length) => length,
                None => self.no_node(from, at),
            };
        }
        Ok(())
    }

    /// Sees to it that the window holds what a node at `at` may need.
    fn load(&mut self, medium: &mut dyn Medium, at: u64, end: u64) -> io::Result<()> {
        let have = self.start..self.start + self.window.len() as u64;
        if have.contains(&at) && have.end >= end.min(at + LONGEST) {
            return Ok(());
        }
        self.start = at;
        let mut read = |length: u64| {
            self.window.resize(length as usize, 0);
            medium.read(at, &mut self.window)
        };
        let length = WINDOW.min(end - at);
        // What is good of the window before a bad page is still read.
        let result = match read(length) {
            Err(_) if length > PAGE => read(next_page(at) - at),
            other => other,
        };
        if result.is_err() {
            self.window.clear();
        }
        result
    }

    /// Takes the node at `from` in the window in; its length with the filler behind it.
    fn node_at(&mut self, from: usize, at: u64, end: u64) -> Result<Option<u64>, Error> {
        let bytes = self.window.get(from..).unwrap_or_default();
        let Some(head) = bytes.first_chunk() else {
            return Ok(None);
        };
        let known = self.endian.map_or(BOTH, |endian| [Some(endian), None]);
        let sound = |endian: Endian| Some((endian, header(head, endian)?));
        let found = known.into_iter().flatten().find_map(sound);
        let Some((endian, (nodetype, length, replaced))) = found else {
            return Ok(None);
        };
        if at + length as u64 > end {
            (self.trouble)(at, "a node that is longer than its place");
            return Ok(Some(4));
        }
        self.endian = Some(endian);
        self.in_rubbish = false;
        let part = bytes.get(..length.min(bytes.len())).unwrap_or_default();
        let sound = match nodetype {
            _ if replaced => Some(0),
            DIRENT => take_name(&mut self.names, endian, part, at),
            INODE => take_node(&mut self.nodes, endian, part, at),
            _ => Some(0),
        };
        match sound {
            Some(used) => self.used += used,
            None => (self.trouble)(at, "a node with a wrong checksum"),
        }
        if self.used > MOST {
            return Err(Error::TooManyNodes);
        }
        Ok(Some(length.next_multiple_of(4) as u64))
    }

    /// Steps over four bytes that begin no node. Zeros are filler on NAND.
    fn no_node(&mut self, from: usize, at: u64) -> u64 {
        let four = self.window.get(from..from + 4).unwrap_or_default();
        if four != [0; 4] && !self.in_rubbish {
            self.in_rubbish = true;
            (self.trouble)(at, "bytes that are no node");
        }
        4
    }
}

const BOTH: [Option<Endian>; 2] = [Some(Endian::Little), Some(Endian::Big)];

fn next_page(at: u64) -> u64 {
    at - at % PAGE + PAGE
}

/// Keeps what a dirent says; the memory that it takes.
fn take_name(names: &mut Vec<Name>, endian: Endian, node: &[u8], at: u64) -> Option<usize> {
    let head = node.get(..DIRENT_HEAD)?;
    let name = node.get(DIRENT_HEAD..)?.get(..usize::from(head[28]))?;
    if crc(&head[..32]) != endian.word_at(head, 32) || crc(name) != endian.word_at(head, 36) {
        return None;
    }
    // A name that no directory can have.
    if matches!(name, b"" | b"." | b"..") || name.contains(&b'/') || name.contains(&0) {
        return None;
    }
    names.push(Name {
        parent: endian.word_at(head, 12),
        name: name.to_vec(),
        version: endian.word_at(head, 16),
        at,
        ino: endian.word_at(head, 20),
        kind: head[29],
    });
    Some(size_of::<Name>() + name.len())
}

/// Keeps where a node of an inode lies; the memory that it takes.
fn take_node(nodes: &mut Vec<Node>, endian: Endian, node: &[u8], at: u64) -> Option<usize> {
    let head = node.get(..INODE_HEAD)?;
    if crc(&head[..60]) != endian.word_at(head, 64) {
        return None;
    }
    nodes.push(Node {
        ino: endian.word_at(head, 12),
        version: endian.word_at(head, 16),
        at,
    });
    Some(size_of::<Node>())
}
