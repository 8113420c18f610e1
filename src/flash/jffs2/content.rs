//! What a file of a jffs2 holds, put together from its nodes.
//!
//! Later nodes lie over earlier ones. A node whose data are damaged is left out, as the kernel
//! does, so that what was there before shows through, or zeros; [`Content::damage`] tells.

use super::index::{Medium, Node};
use super::unpack::{self, unpack};
use super::{Endian, INODE_HEAD, crc};
use std::io::{self, Read};

/// The largest page of any kernel, which no node crosses; as much is unpacked at a time.
const WINDOW: u64 = 64 * 1024;

/// The content of one inode. Implements `Read`.
pub struct Content<'a> {
    pub(super) medium: &'a mut dyn Medium,
    pub(super) endian: Endian,
    nodes: &'a [Node],
    size: u64,
    position: u64,
    /// Read from the medium when the first byte is wanted.
    pieces: Option<Vec<Piece>>,
    window: Vec<u8>,
    damage: Option<(u64, &'static str)>,
}

/// A node: where its data belong and how they are packed.
struct Piece {
    /// Where the data lie.
    at: u64,
    offset: u64,
    packed: u32,
    size: u32,
    way: u8,
    crc: u32,
}

impl<'a> Content<'a> {
    pub(super) fn new(
        medium: &'a mut dyn Medium,
        endian: Endian,
        nodes: &'a [Node],
        size: u64,
    ) -> Content<'a> {
        Content {
            medium,
            endian,
            nodes,
            size,
            position: 0,
            pieces: None,
            window: Vec::new(),
            damage: None,
        }
    }

    /// The first node that had to be left out of what was read so far: its offset, and why.
    pub fn damage(&self) -> Option<(u64, &'static str)> {
        self.damage
    }

    fn damaged(&mut self, at: u64, what: &'static str) {
        self.damage.get_or_insert((at, what));
    }

    /// Reads the heads of all nodes.
    fn find_pieces(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for node in self.nodes {
            let mut head = [0; INODE_HEAD];
            if self.medium.read(node.at, &mut head).is_err() {
                self.damaged(node.at, UNREADABLE);
                continue;
            }
            let word = |at| self.endian.word_at(&head, at);
            let piece = Piece {
                at: node.at + INODE_HEAD as u64,
                offset: word(44).into(),
                packed: word(48),
                size: word(52),
                way: head[56],
                crc: word(60),
            };
            let inside = u64::from(word(4)) >= INODE_HEAD as u64 + u64::from(piece.packed);
            let size = u64::from(piece.size);
            let fits = size <= WINDOW && u64::from(piece.packed) <= 2 * WINDOW;
            if !inside || !(fits || piece.way == unpack::ZERO) {
                self.damaged(node.at, "a node with sizes that cannot be");
            } else if size > 0 {
                pieces.push(piece);
            }
        }
        pieces
    }

    /// Puts the window that holds the position together.
    fn load(&mut self) {
        let start = self.position - self.position % WINDOW;
        let end = self.size.min(start + WINDOW);
        let mut window = std::mem::take(&mut self.window);
        window.clear();
        window.resize((end - start) as usize, 0);
        let pieces = match self.pieces.take() {
            Some(pieces) => pieces,
            None => self.find_pieces(),
        };
        for piece in &pieces {
            let (first, last) = (piece.offset, piece.offset + u64::from(piece.size));
            if first >= end || last <= start {
                continue;
            }
            let from = first.max(start);
            let place = &mut window[(from - start) as usize..(last.min(end) - start) as usize];
            match self.unpacked(piece) {
                Ok(_) if piece.way == unpack::ZERO => place.fill(0),
                Ok(data) => {
                    let skipped = (from - first) as usize;
                    place.copy_from_slice(&data[skipped..skipped + place.len()]);
                }
                Err(what) => self.damaged(piece.at - INODE_HEAD as u64, what),
            }
        }
        self.pieces = Some(pieces);
        self.window = window;
    }

    /// The data of a node; empty for a hole.
    fn unpacked(&mut self, piece: &Piece) -> Result<Vec<u8>, &'static str> {
        if piece.way == unpack::ZERO {
            return Ok(Vec::new());
        }
        let mut packed = vec![0; piece.packed as usize];
        let read = self.medium.read(piece.at, &mut packed);
        read.map_err(|_| UNREADABLE)?;
        if crc(&packed) != piece.crc {
            return Err("data with a wrong checksum");
        }
        let mut data = vec![0; piece.size as usize];
        unpack(piece.way, &packed, &mut data)?;
        Ok(data)
    }
}

const UNREADABLE: &str = "data that cannot be read";

impl Read for Content<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size {
            return Ok(0);
        }
        let from = (self.position % WINDOW) as usize;
        if from == 0 || self.window.is_empty() {
            self.load();
        }
        let rest = self.window.get(from..).unwrap_or_default();
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        self.position += count as u64;
        Ok(count)
    }
}
