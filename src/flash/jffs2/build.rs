//! jffs2 nodes for one file: how settings travel through an upgrade.
//!
//! The kernel's jffs2 is in the byte order of the CPU and its CRC is the usual polynomial with
//! seed 0 and no final inversion. The end-of-filesystem marker `DE AD C0 DE` on the other
//! hand is the same bytes everywhere.

/// Byte order of the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endian {
    /// x86, ARM, mipsel.
    Little,
    /// mips.
    Big,
}

impl Endian {
    /// That of the machine that runs this.
    pub const NATIVE: Endian = if cfg!(target_endian = "big") {
        Endian::Big
    } else {
        Endian::Little
    };

    fn u16(self, value: u16) -> [u8; 2] {
        match self {
            Endian::Little => value.to_le_bytes(),
            Endian::Big => value.to_be_bytes(),
        }
    }

    fn u32(self, value: u32) -> [u8; 4] {
        match self {
            Endian::Little => value.to_le_bytes(),
            Endian::Big => value.to_be_bytes(),
        }
    }

    /// Reads what [`Endian::u16`] wrote.
    pub fn read_u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Endian::Little => u16::from_le_bytes(bytes),
            Endian::Big => u16::from_be_bytes(bytes),
        }
    }

    /// Reads what [`Endian::u32`] wrote.
    pub fn read_u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Endian::Little => u32::from_le_bytes(bytes),
            Endian::Big => u32::from_be_bytes(bytes),
        }
    }
}

/// First bytes of an erase block from which on everything is void.
pub const END_MARKER: [u8; 4] = [0xde, 0xad, 0xc0, 0xde];

/// JFFS2_MAGIC_BITMASK.
pub const MAGIC: u16 = 0x1985;
/// JFFS2_NODETYPE_CLEANMARKER.
pub const CLEANMARKER: u16 = 0x2003;
/// JFFS2_NODETYPE_DIRENT.
pub const DIRENT: u16 = 0xe001;
/// JFFS2_NODETYPE_INODE.
pub const INODE: u16 = 0xe002;

const DIRENT_HEAD: usize = 40;
const INODE_HEAD: usize = 68;
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

/// CRC-32 (reflected 0xEDB88320) as jffs2 has it: seed 0, no final inversion.
pub fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| {
        if crc & 1 == 1 {
            (crc >> 1) ^ 0xedb8_8320
        } else {
            crc >> 1
        }
    };
    bytes.iter().fold(0, |crc: u32, &byte| {
        (0..8).fold(crc ^ u32::from(byte), step)
    })
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

/// A jffs2 that holds one file: whole erase blocks, without the end marker.
///
/// Node numbers and versions are those of OpenWrt's writer on an empty file system: the file
/// is inode 2, its data begins with version 2.
pub fn build(file: File<'_>, erase_size: u32, endian: Endian) -> Vec<u8> {
    let mut area = Area {
        bytes: Vec::new(),
        erase_size: erase_size as usize,
        endian,
    };
    area.begin_block();
    area.put(&dirent(file.name, endian));
    let mut offset = 0;
    let mut version = 2;
    loop {
        let left = file.content.len() - offset;
        let wanted = left.min(PAGE - offset % PAGE);
        if area.room() < INODE_HEAD + wanted.min(LEAST) {
            area.begin_block();
        }
        let fits = wanted.min(area.room() - INODE_HEAD);
        let data = &file.content[offset..offset + fits];
        area.put(&inode(file, version, offset, data, endian));
        version += 1;
        offset += fits;
        if offset == file.content.len() {
            break;
        }
    }
    area.pad();
    area.bytes
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

fn dirent(name: &[u8], endian: Endian) -> Vec<u8> {
    let name = &name[..name.len().min(254)];
    let mut node = header(endian, DIRENT, DIRENT_HEAD + name.len());
    // Parent 1 is the root; version 0; inode 2; no time.
    for word in [1, 0, 2, 0] {
        node.extend_from_slice(&endian.u32(word));
    }
    // DT_REG is 8.
    node.extend_from_slice(&[name.len() as u8, 8, 0, 0]);
    let sum = crc(&node);
    node.extend_from_slice(&endian.u32(sum));
    node.extend_from_slice(&endian.u32(crc(name)));
    node.extend_from_slice(name);
    node
}

fn inode(file: File<'_>, version: u32, offset: usize, data: &[u8], endian: Endian) -> Vec<u8> {
    let mut node = header(endian, INODE, INODE_HEAD + data.len());
    let length = data.len() as u32;
    for word in [2, version, file.mode] {
        node.extend_from_slice(&endian.u32(word));
    }
    // uid and gid 0.
    node.extend_from_slice(&[0; 4]);
    let time = file.mtime;
    let size = file.content.len() as u32;
    for word in [size, time, time, time, offset as u32, length, length] {
        node.extend_from_slice(&endian.u32(word));
    }
    // Not compressed, no flags.
    node.extend_from_slice(&[0; 4]);
    // The node's CRC covers the header up to here, the data has one of its own before it.
    let sum = crc(&node);
    node.extend_from_slice(&endian.u32(crc(data)));
    node.extend_from_slice(&endian.u32(sum));
    node.extend_from_slice(data);
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn the_crc_has_seed_zero_and_no_inversion() {
        assert_eq!(crc(b"123456789"), 0x2dfd_2d88);
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
