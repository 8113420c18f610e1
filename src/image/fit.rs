//! FIT: kernels, device trees and file systems in a flattened tree.
//!
//! A device tree blob whose node `/images` has a node for each image. Its data stand in the
//! tree, or behind it at a place that the tree tells. The names of properties come behind all
//! the data, so every large value gets every digest while it streams by, and only at the end
//! it turns out which of them was wanted.

use super::stream::{Digest, Stream, Watch};
use std::io;

const HEADER: usize = 40;
/// Limits of what is kept of a tree: nodes, properties, bytes of a value, of all names, depth.
const MOST_NODES: usize = 512;
const MOST_PROPERTIES: usize = 2048;
const SHORT: u32 = 128;
const MOST_NAMES: u32 = 16 * 1024;
const DEEPEST: usize = 12;
const LONGEST_NAME: usize = 128;
/// The digests that are computed.
const ALGORITHMS: [&[u8]; 3] = [b"crc32", b"sha1", b"sha256"];

/// An image tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fit {
    /// Bytes, the data behind the tree included.
    pub length: u64,
    /// The images in it.
    pub images: Vec<FitImage>,
    /// What is wrong with the tree itself.
    pub fault: Option<&'static str>,
}

/// One of the images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FitImage {
    /// Its node.
    pub name: String,
    /// `kernel`, `flat_dt`, `filesystem` and more.
    pub kind: String,
    /// Where its data lie: offset and length in bytes. None: nowhere.
    pub data: Option<(u64, u64)>,
    /// Algorithms, and whether the digest is right; None: the data are not all there, or we
    /// do not know the algorithm.
    pub hashes: Vec<(String, Option<bool>)>,
}

struct Node {
    parent: usize,
    name: String,
}

struct Property {
    node: usize,
    name_at: u32,
    value: Value,
}

enum Value {
    Short(u64, Vec<u8>),
    Long(u64, u64, [Watch; 3]),
}

/// Reads the tree that begins here.
pub(super) fn read(stream: &mut Stream<'_>) -> io::Result<Fit> {
    let mut fit = Fit::default();
    let result = Tree::read(stream)?;
    match result {
        Ok(tree) => tree.finish(stream, &mut fit)?,
        Err(fault) => fit.fault = Some(fault),
    }
    Ok(fit)
}

#[derive(Default)]
struct Tree {
    total: u64,
    nodes: Vec<Node>,
    properties: Vec<Property>,
    names: Vec<u8>,
}

type Read<T> = io::Result<Result<T, &'static str>>;

const CUT: &str = "the tree is cut off";
const NONSENSE: &str = "the tree makes no sense";

impl Tree {
    fn read(stream: &mut Stream<'_>) -> Read<Tree> {
        let base = stream.at();
        let Some(header) = stream.chunk::<HEADER>()? else {
            return Ok(Err(CUT));
        };
        let (words, _) = header.as_chunks();
        let [
            _,
            total,
            tree,
            names,
            _,
            version,
            compatible,
            _,
            names_size,
            tree_size,
            ..,
        ] = std::array::from_fn::<u32, 10, _>(|at| u32::from_be_bytes(words[at]));
        let inside = |offset: u32, size: u32| {
            offset >= HEADER as u32 && offset.checked_add(size).is_some_and(|end| end <= total)
        };
        let sound = version >= 17
            && compatible <= 17
            && tree.is_multiple_of(4)
            && inside(tree, tree_size)
            && inside(names, names_size)
            && names_size <= MOST_NAMES;
        if !sound {
            return Ok(Err(NONSENSE));
        }
        let mut found = Tree {
            total: base + u64::from(total),
            ..Tree::default()
        };
        let names_first = names < tree;
        let names = (base + u64::from(names), names_size);
        if names_first && !found.read_names(stream, names)? {
            return Ok(Err(CUT));
        }
        if !stream.skip_to(base + u64::from(tree))? {
            return Ok(Err(CUT));
        }
        let end = stream.at() + u64::from(tree_size);
        if let Err(fault) = found.walk(stream, end)? {
            return Ok(Err(fault));
        }
        if !names_first && !found.read_names(stream, names)? {
            return Ok(Err(CUT));
        }
        Ok(Ok(found))
    }

    fn read_names(&mut self, stream: &mut Stream<'_>, names: (u64, u32)) -> io::Result<bool> {
        if !stream.skip_to(names.0)? {
            return Ok(false);
        }
        self.names = stream.peek(names.1 as usize)?.to_vec();
        Ok(self.names.len() == names.1 as usize)
    }

    /// Reads nodes and properties up to `end`.
    fn walk(&mut self, stream: &mut Stream<'_>, end: u64) -> Read<()> {
        // The nodes from the root down to here.
        let mut open: Vec<usize> = Vec::new();
        loop {
            let at = stream.at();
            let Some(token) = stream.chunk()?.map(u32::from_be_bytes) else {
                return Ok(Err(CUT));
            };
            if at + 4 > end {
                return Ok(Err(NONSENSE));
            }
            stream.skip_to(at + 4)?;
            match token {
                1 if self.nodes.len() < MOST_NODES && open.len() < DEEPEST => {
                    let ahead = stream.peek(LONGEST_NAME)?;
                    let Some(length) = ahead.iter().position(|&b| b == 0) else {
                        return Ok(Err(NONSENSE));
                    };
                    let name = String::from_utf8_lossy(&ahead[..length]).into_owned();
                    let parent = open.last().copied().unwrap_or(0);
                    open.push(self.nodes.len());
                    self.nodes.push(Node { parent, name });
                    let next = (at + 4 + length as u64 + 1).next_multiple_of(4);
                    if !stream.skip_to(next)? {
                        return Ok(Err(CUT));
                    }
                }
                2 if open.pop().is_some() => {}
                3 if self.properties.len() < MOST_PROPERTIES => {
                    let Some(&node) = open.last() else {
                        return Ok(Err(NONSENSE));
                    };
                    if let Err(fault) = self.property(stream, node, end)? {
                        return Ok(Err(fault));
                    }
                }
                4 => {}
                9 if open.is_empty() && !self.nodes.is_empty() => return Ok(Ok(())),
                _ => return Ok(Err(NONSENSE)),
            }
        }
    }

    fn property(&mut self, stream: &mut Stream<'_>, node: usize, end: u64) -> Read<()> {
        let Some(head) = stream.chunk::<8>()? else {
            return Ok(Err(CUT));
        };
        let [l0, l1, l2, l3, name @ ..] = head;
        let length = u32::from_be_bytes([l0, l1, l2, l3]);
        let start = stream.at() + 8;
        let value_end = start + u64::from(length);
        if value_end > end {
            return Ok(Err(NONSENSE));
        }
        stream.skip_to(start)?;
        let value = match length {
            0..=SHORT => Value::Short(start, stream.peek(length as usize)?.to_vec()),
            _ => {
                let watches = ALGORITHMS.map(|name| {
                    let digest = Digest::named(name).unwrap_or_else(Digest::crc32);
                    stream.watch(start, value_end, digest)
                });
                Value::Long(start, value_end, watches)
            }
        };
        self.properties.push(Property {
            node,
            name_at: u32::from_be_bytes(name),
            value,
        });
        match stream.skip_to(value_end.next_multiple_of(4))? {
            true => Ok(Ok(())),
            false => Ok(Err(CUT)),
        }
    }

    /// The value of a property of a node.
    fn get(&self, node: usize, name: &[u8]) -> Option<&Value> {
        let named = |property: &&Property| {
            let rest = self.names.get(property.name_at as usize..);
            let rest = rest.unwrap_or_default();
            property.node == node && rest.starts_with(name) && rest.get(name.len()) == Some(&0)
        };
        self.properties.iter().find(named).map(|p| &p.value)
    }

    fn short(&self, node: usize, name: &[u8]) -> Option<&[u8]> {
        match self.get(node, name)? {
            Value::Short(_, bytes) => Some(bytes),
            Value::Long(..) => None,
        }
    }

    fn number(&self, node: usize, name: &[u8]) -> Option<u64> {
        let bytes = self.short(node, name)?.try_into().ok()?;
        Some(u64::from(u32::from_be_bytes(bytes)))
    }

    fn text(&self, node: usize, name: &[u8]) -> String {
        let bytes = self.short(node, name).unwrap_or_default();
        let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
        String::from_utf8_lossy(bytes).into_owned()
    }

    fn children(&self, node: usize) -> impl Iterator<Item = usize> {
        // The root is its own parent.
        let is_child = move |&child: &usize| self.nodes[child].parent == node;
        (1..self.nodes.len()).filter(is_child)
    }

    /// Makes images of the nodes, reading what is behind the tree.
    fn finish(self, stream: &mut Stream<'_>, fit: &mut Fit) -> io::Result<()> {
        let mut length = self.total;
        let behind = self.total.next_multiple_of(4);
        let images = self.children(0).find(|&n| self.nodes[n].name == "images");
        // Digests of data behind the tree: image, hash, and what to compare.
        let mut wanted: Vec<(usize, usize, Watch, Vec<u8>)> = Vec::new();
        for node in images.into_iter().flat_map(|node| self.children(node)) {
            let size = self.number(node, b"data-size");
            let offset = self.number(node, b"data-offset").map(|o| behind + o);
            let offset = offset.or(self.number(node, b"data-position"));
            let inside = self.get(node, b"data");
            let data = match inside {
                Some(Value::Short(start, bytes)) => Some((*start, bytes.len() as u64)),
                Some(Value::Long(start, end, _)) => Some((*start, end - start)),
                None => offset.zip(size),
            };
            length = length.max(data.map_or(0, |(start, size)| start + size));
            let number = fit.images.len();
            let mut hashes = Vec::new();
            for hash in self.children(node) {
                if !self.nodes[hash].name.starts_with("hash") {
                    continue;
                }
                let algorithm = self.text(hash, b"algo");
                let claimed = self.short(hash, b"value").unwrap_or_default();
                let known = ALGORITHMS.iter().position(|a| *a == algorithm.as_bytes());
                let mut is_right = None;
                match (inside, known, data) {
                    (Some(Value::Short(_, bytes)), Some(_), _) => {
                        let digest = Digest::named(algorithm.as_bytes()).map(|mut digest| {
                            digest.update(bytes);
                            digest.finish()
                        });
                        is_right = digest.map(|digest| digest == claimed);
                    }
                    (Some(Value::Long(_, _, watches)), Some(known), _) => {
                        let digest = stream.digest(watches[known]);
                        is_right = digest.map(|digest| digest == claimed);
                    }
                    (None, Some(_), Some((start, size))) => {
                        if let Some(digest) = Digest::named(algorithm.as_bytes()) {
                            let watch = stream.watch(start, start + size, digest);
                            wanted.push((number, hashes.len(), watch, claimed.to_vec()));
                        }
                    }
                    _ => {}
                }
                hashes.push((algorithm, is_right));
            }
            fit.images.push(FitImage {
                name: self.nodes[node].name.clone(),
                kind: self.text(node, b"type"),
                data,
                hashes,
            });
        }
        fit.length = length;
        if fit.images.is_empty() {
            fit.fault = Some("no images in it: a device tree alone");
        }
        // What is missing at the end is said by the length.
        stream.skip_to(length)?;
        for (image, hash, watch, claimed) in wanted {
            let digest = stream.digest(watch);
            fit.images[image].hashes[hash].1 = digest.map(|digest| digest == claimed);
        }
        Ok(())
    }
}
