//! jffs2 nodes for one file: how settings travel through an upgrade.

use super::{CLEANMARKER, DIRENT, DIRENT_HEAD, END_MARKER, Endian, INODE, INODE_HEAD, MAGIC, crc};

/// The kernel wants no node to cross a page of the file.
const PAGE: usize = 4096;
/// With less room than this behind an inode header a new block is begun.
const LEAST: usize = 128;

/// One file in the root directory of a jffs2.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its name, at most 254 bytes.
    pub name: &'a [u8],
    /// `st_mode` with the file type: 0o100600.
    pub mode: u32,
    /// Modification time in seconds since 1970.
    pub mtime: u32,
    /// Its content.
    pub content: &'a [u8],
}

impl<'a> File<'a> {
    /// The settings archive under the name that the first boot looks for.
    pub fn settings(content: &'a [u8]) -> File<'a> {
        File {
            name: b"sysupgrade.tgz",
            mode: 0o100_600,
            mtime: 0,
            content,
        }
    }
}

/// The node at the start of an erase block that says: erased to the end.
pub fn cleanmarker(endian: Endian) -> [u8; 12] {
    let mut node = [0; 12];
    node.copy_from_slice(&header(endian, CLEANMARKER, 12));
    node
}

/// An erase block that ends a jffs2: the marker, then 0xff.
pub fn end_block(erase_size: u32) -> Vec<u8> {
    let mut block = vec![0xff; erase_size as usize];
    block[..END_MARKER.len()].copy_from_slice(&END_MARKER);
    block
}

/// Where a file goes in a jffs2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The first free inode.
    pub ino: u32,
    /// The version of a new name.
    pub version: u32,
    /// Inode of the directory.
    pub parent: u32,
    /// Directories to be made below that one, each in the one before it.
    pub missing: Vec<Vec<u8>>,
}

impl Place {
    /// The root directory of an empty file system, with the numbers of OpenWrt's writer: the
    /// file is inode 2.
    pub const EMPTY: Place = Place {
        ino: 2,
        version: 0,
        parent: 1,
        missing: Vec::new(),
    };
}

/// A jffs2 that holds one file: whole erase blocks, without the end marker.
pub fn build(file: File<'_>, erase_size: u32, endian: Endian) -> Vec<u8> {
    build_at(file, Place::EMPTY, erase_size, endian, false)
}

/// Blocks to add to a jffs2, with one file in a place of its own. The first holds the name, and
/// with `name_alone` nothing else: then it is written by one page, all or nothing.
pub fn build_at(
    file: File<'_>,
    place: Place,
    erase_size: u32,
    endian: Endian,
    name_alone: bool,
) -> Vec<u8> {
    let mut area = Area {
        bytes: Vec::new(),
        erase_size: erase_size as usize,
        endian,
    };
    let Place {
        mut ino,
        version,
        mut parent,
        missing,
    } = place;
    let name = |parent, ino, kind, name| Dirent {
        parent,
        version,
        ino,
        kind,
        name,
    };
    area.begin_block();
    for directory in &missing {
        area.put(&name(parent, ino, 4, directory).node(endian));
        area.put(&directory_inode(ino, file.mtime).node(endian));
        parent = ino;
        ino += 1;
    }
    area.put(&name(parent, ino, 8, file.name).node(endian));
    if name_alone {
        area.pad();
    }
    let mut offset = 0;
    // The first version of OpenWrt's writer.
    let mut version = 2;
    loop {
        let left = file.content.len() - offset;
        let wanted = left.min(PAGE - offset % PAGE);
        if area.room() < INODE_HEAD + wanted.min(LEAST) {
            area.begin_block();
        }
        let fits = wanted.min(area.room() - INODE_HEAD);
        let data = &file.content[offset..offset + fits];
        let part = Inode {
            ino,
            version,
            mode: file.mode,
            mtime: file.mtime,
            size: file.content.len() as u32,
            place: (offset as u32, fits as u32),
            way: 0,
            data,
        };
        area.put(&part.node(endian));
        version += 1;
        offset += fits;
        if offset == file.content.len() {
            break;
        }
    }
    area.pad();
    area.bytes
}

fn directory_inode(ino: u32, mtime: u32) -> Inode<'static> {
    Inode {
        ino,
        version: 1,
        mode: 0o40_755,
        mtime,
        size: 0,
        place: (0, 0),
        way: 0,
        data: b"",
    }
}

/// Blocks under construction.
struct Area {
    bytes: Vec<u8>,
    erase_size: usize,
    endian: Endian,
}

impl Area {
    /// Bytes left in the current block.
    fn room(&self) -> usize {
        match self.bytes.len() % self.erase_size {
            0 => 0,
            used => self.erase_size - used,
        }
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len() + self.room(), 0xff);
    }

    fn begin_block(&mut self) {
        self.pad();
        self.bytes.extend_from_slice(&cleanmarker(self.endian));
    }

    /// Adds a node, aligned to 4 bytes.
    fn put(&mut self, node: &[u8]) {
        if self.room() < node.len() {
            self.begin_block();
        }
        self.bytes.extend_from_slice(node);
        self.bytes
            .resize(self.bytes.len().next_multiple_of(4), 0xff);
    }
}

/// The 12 bytes that begin every node.
fn header(endian: Endian, nodetype: u16, total: usize) -> Vec<u8> {
    let mut node = Vec::with_capacity(total);
    node.extend_from_slice(&endian.u16(MAGIC));
    node.extend_from_slice(&endian.u16(nodetype));
    node.extend_from_slice(&endian.u32(total as u32));
    let sum = crc(&node);
    node.extend_from_slice(&endian.u32(sum));
    node
}

/// A name in a directory.
pub(super) struct Dirent<'a> {
    /// Inode of the directory.
    pub parent: u32,
    /// Later ones replace earlier ones.
    pub version: u32,
    /// What is named; 0 deletes the name.
    pub ino: u32,
    /// DT_REG (8) and its like.
    pub kind: u8,
    /// At most 254 bytes.
    pub name: &'a [u8],
}

impl Dirent<'_> {
    pub(super) fn node(&self, endian: Endian) -> Vec<u8> {
        let name = &self.name[..self.name.len().min(254)];
        let mut node = header(endian, DIRENT, DIRENT_HEAD + name.len());
        // No time.
        for word in [self.parent, self.version, self.ino, 0] {
            node.extend_from_slice(&endian.u32(word));
        }
        node.extend_from_slice(&[name.len() as u8, self.kind, 0, 0]);
        let sum = crc(&node);
        node.extend_from_slice(&endian.u32(sum));
        node.extend_from_slice(&endian.u32(crc(name)));
        node.extend_from_slice(name);
        node
    }
}

/// A part of the content of an inode.
pub(super) struct Inode<'a> {
    pub ino: u32,
    /// Later ones lie over earlier ones.
    pub version: u32,
    /// `st_mode`.
    pub mode: u32,
    /// Modification time in seconds since 1970.
    pub mtime: u32,
    /// Bytes of the whole file.
    pub size: u32,
    /// Where the data belong, and how many there are when unpacked.
    pub place: (u32, u32),
    /// How the data are packed, and they.
    pub way: u8,
    pub data: &'a [u8],
}

impl Inode<'_> {
    pub(super) fn node(&self, endian: Endian) -> Vec<u8> {
        let packed = self.data.len();
        let mut node = header(endian, INODE, INODE_HEAD + packed);
        for word in [self.ino, self.version, self.mode] {
            node.extend_from_slice(&endian.u32(word));
        }
        // uid and gid 0.
        node.extend_from_slice(&[0; 4]);
        let time = self.mtime;
        let (offset, length) = self.place;
        for word in [self.size, time, time, time, offset, packed as u32, length] {
            node.extend_from_slice(&endian.u32(word));
        }
        // No flags.
        node.extend_from_slice(&[self.way, 0, 0, 0]);
        // The node's CRC covers the header up to here, the data has one of its own before it.
        let sum = crc(&node);
        node.extend_from_slice(&endian.u32(crc(self.data)));
        node.extend_from_slice(&endian.u32(sum));
        node.extend_from_slice(self.data);
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn cleanmarkers_in_both_byte_orders() {
        let check = |endian, expected| assert_eq!(hex(&cleanmarker(endian)), expected);
        check(Endian::Little, "851903200c000000b1b01ee4");
        check(Endian::Big, "198520030000000cf060dc98");
    }

    #[test]
    fn a_small_file_is_byte_for_byte_what_openwrt_writes() {
        let file = File::settings(b"hello\n");
        let area = build(file, 64 * 1024, Endian::Little);
        let expected = "851903200c000000b1b01ee4\
            851901e036000000a4e155df010000000000000002000000000000000e08000052839067bc3dff3173797375\
            7067726164652e74677affff\
            851902e04a0000002e8c28780200000002000000808100000000000006000000000000000000000000000000\
            000000000600000006000000000000008391f88788619f8d68656c6c6f0affff";
        let (nodes, rest) = area.split_at(expected.len() / 2);
        assert_eq!(hex(nodes), expected);
        assert!(rest.iter().all(|&b| b == 0xff));
        assert_eq!(area.len(), 64 * 1024);
    }

    #[test]
    fn an_end_block_is_the_marker_and_nothing_else() {
        let block = end_block(4096);
        assert_eq!(block[..4], END_MARKER);
        assert!(block[4..].iter().all(|&b| b == 0xff));
        assert_eq!(block.len(), 4096);
    }
}
