//! Reading jffs2 just well enough to know what a block holds.
//!
//! A mount by the kernel would tell more, but may also change the flash; nothing here does.

use super::jffs2::{self, CLEANMARKER, Endian};

/// A node of a jffs2, its header checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node<'a> {
    /// Kind of node, as in `linux/jffs2.h`; that of a node that has been replaced since is what
    /// it was.
    pub nodetype: u16,
    /// The whole node, header included.
    pub bytes: &'a [u8],
}

/// The nodes of one erase block in the order in which they lie there.
///
/// Rubbish between nodes is stepped over 4 bytes at a time, as the kernel does.
pub fn nodes(block: &[u8], endian: Endian) -> impl Iterator<Item = Node<'_>> {
    let mut rest = block;
    std::iter::from_fn(move || {
        while rest.len() >= 12 {
            if let Some(node) = node_at(rest, endian) {
                let step = node.bytes.len().next_multiple_of(4).min(rest.len());
                rest = &rest[step..];
                return Some(node);
            }
            rest = &rest[4..];
        }
        None
    })
}

/// Whether these are the first bytes of a node, by magic and checksum.
pub fn is_node_header(head: &[u8; 12], endian: Endian) -> bool {
    jffs2::header(head, endian).is_some()
}

fn node_at(bytes: &[u8], endian: Endian) -> Option<Node<'_>> {
    let (nodetype, total, _) = jffs2::header(bytes.first_chunk()?, endian)?;
    Some(Node {
        nodetype,
        bytes: bytes.get(..total)?,
    })
}

/// What an erase block holds, as far as jffs2 cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// 0xff only.
    Blank,
    /// A cleanmarker and nothing else.
    Clean,
    /// Files or directories.
    Nodes,
    /// Something else: not one sound node.
    Rubbish,
}

/// Classifies one erase block.
pub fn content(block: &[u8], endian: Endian) -> Content {
    if block.iter().all(|&byte| byte == 0xff) {
        return Content::Blank;
    }
    let mut clean = false;
    for node in nodes(block, endian) {
        if node.nodetype != CLEANMARKER {
            return Content::Nodes;
        }
        clean = true;
    }
    let only_a_marker = || block.iter().skip(12).all(|&byte| byte == 0xff);
    if clean && only_a_marker() {
        Content::Clean
    } else {
        Content::Rubbish
    }
}

#[cfg(test)]
mod tests {
    use super::super::jffs2::{File, crc};
    use super::*;

    #[test]
    fn blocks_are_told_apart() {
        let check = |block: &[u8], expected| {
            let mut whole = vec![0xff; 4096];
            whole[..block.len()].copy_from_slice(block);
            assert_eq!(content(&whole, Endian::Big), expected);
        };
        let file = jffs2::build(File::settings(b"x"), 4096, Endian::Big);
        check(&[], Content::Blank);
        check(&jffs2::cleanmarker(Endian::Big), Content::Clean);
        check(&jffs2::cleanmarker(Endian::Little), Content::Rubbish);
        check(&file, Content::Nodes);
        check(&[&[0; 100], &file[12..600]].concat(), Content::Nodes);
        check(&jffs2::END_MARKER, Content::Rubbish);
    }

    #[test]
    fn a_node_that_the_kernel_has_marked_as_replaced_is_no_rubbish() {
        let mut block = jffs2::build(File::settings(b"x"), 4096, Endian::Little);
        for node in [12, 68] {
            // On NOR it clears JFFS2_NODE_ACCURATE and leaves the checksum.
            block[node + 3] &= !0x20;
        }
        assert_eq!(content(&block, Endian::Little), Content::Nodes);
        assert_eq!(nodes(&block, Endian::Little).count(), 3);
    }

    /// Puts the data nodes of the file together again.
    fn content_of(area: &[u8], erase_size: usize, endian: Endian) -> Vec<u8> {
        let mut content = Vec::new();
        for block in area.chunks(erase_size) {
            for node in nodes(block, endian).filter(|n| n.nodetype == jffs2::INODE) {
                let word = |at: usize| endian.read_u32(node.bytes[at..at + 4].try_into().unwrap());
                let data = &node.bytes[68..];
                assert_eq!(word(44) as usize, content.len());
                assert_eq!(word(48) as usize, data.len());
                assert_eq!(word(60), crc(data));
                assert_eq!(word(64), crc(&node.bytes[..60]));
                assert!(word(44) / 4096 == (word(44) + data.len().max(1) as u32 - 1) / 4096);
                content.extend_from_slice(data);
            }
        }
        content
    }

    #[test]
    fn a_file_of_any_size_comes_back_from_its_nodes() {
        let data: Vec<u8> = (0..200_000u32)
            .map(|n| (n.wrapping_mul(n) >> 7) as u8)
            .collect();
        for length in [0, 1, 3, 4095, 4096, 4097, 65_000, 65_536, 131_000, 200_000] {
            for (endian, erase_size) in [(Endian::Little, 4096), (Endian::Big, 65_536)] {
                let file = File::settings(&data[..length]);
                let area = jffs2::build(file, erase_size, endian);
                assert_eq!(area.len() % erase_size as usize, 0);
                assert!(content_of(&area, erase_size as usize, endian) == data[..length]);
            }
        }
    }
}
