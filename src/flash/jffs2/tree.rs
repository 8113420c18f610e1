//! The files of a jffs2 as entries of an archive, directory by directory.

use super::index::{Index, Medium, Name, Node};
use super::{Content, Endian, INODE_HEAD};
use crate::archive::{Header, Kind};
use crate::error::Result;
use std::io::Read;

/// The inode of the root directory.
const ROOT: u32 = 1;
/// PATH_MAX: nobody could have made a longer path.
const LONGEST_PATH: usize = 4096;
/// DT_DIR.
const DIRECTORY: u8 = 4;

/// Gets each entry, with its content where it is a file. What it reads may turn out damaged:
/// ask [`Content::damage`] afterwards.
pub type Visit<'a> = dyn FnMut(&Header, &mut Content<'_>) -> Result<()> + 'a;

/// A jffs2 to walk through.
pub struct Tree<'a> {
    /// Its nodes.
    pub index: &'a Index,
    /// What they lie on.
    pub medium: &'a mut dyn Medium,
    /// Is told of files none of whose nodes is left: the directory and the name.
    pub trouble: &'a mut dyn FnMut(&[u8]),
}

impl Tree<'_> {
    /// Visits everything below the root directory by name, each directory before what is in it.
    ///
    /// With `lost` the content of directories that have lost their own name follows, below
    /// `lost+found/N`, N being the inode.
    ///
    /// # Errors
    /// Those of `visit`, which end the walk.
    pub fn walk(&mut self, lost: bool, visit: &mut Visit<'_>) -> Result<()> {
        let mut seen = Vec::new();
        self.directory(ROOT, b"", &mut seen, visit)?;
        if lost {
            let names = &self.index.names;
            let mut last = ROOT;
            for Name { parent, .. } in names {
                if *parent != last && !names.iter().any(|name| name.ino == *parent) {
                    let path = format!("lost+found/{parent}");
                    self.directory(*parent, path.as_bytes(), &mut seen, visit)?;
                }
                last = *parent;
            }
        }
        Ok(())
    }

    /// Visits what is in a directory; each directory once, for damaged names can form a ring.
    fn directory(
        &mut self,
        ino: u32,
        path: &[u8],
        seen: &mut Vec<u32>,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        if seen.contains(&ino) || path.len() > LONGEST_PATH {
            return Ok(());
        }
        seen.push(ino);
        let index = self.index;
        for found in index.names_in(ino) {
            let path = match path {
                b"" => found.name.clone(),
                _ => [path, b"/", &found.name].concat(),
            };
            let nodes = index.nodes_of(found.ino);
            let Some(header) = self.header(&path, found, nodes) else {
                (self.trouble)(&path);
                continue;
            };
            let mut content = Content::new(self.medium, index.endian, nodes, header.size);
            visit(&header, &mut content)?;
            if header.kind == Kind::Directory {
                self.directory(found.ino, &path, seen, visit)?;
            }
        }
        Ok(())
    }

    /// What the newest node says about an inode; None where nothing is left of it.
    fn header(&mut self, path: &[u8], name: &Name, nodes: &[Node]) -> Option<Header> {
        let mut header = Header::new(Kind::Directory, path);
        header.mode = 0o755;
        let mut head = [0; INODE_HEAD];
        let newest = nodes.last();
        if newest.is_none_or(|node| self.medium.read(node.at, &mut head).is_err()) {
            return (name.kind == DIRECTORY).then_some(header);
        }
        let endian = self.index.endian;
        let mode = endian.word_at(&head, 20);
        header.kind = match mode >> 12 {
            0o1 => Kind::Fifo,
            0o2 => Kind::CharDevice,
            0o4 => Kind::Directory,
            0o6 => Kind::BlockDevice,
            0o12 => Kind::Symlink,
            // Sockets cannot be kept in archives and are of no use in them.
            0o14 => return None,
            _ => Kind::File,
        };
        header.mode = mode & 0o7777;
        header.uid = endian.half_at(&head, 24).into();
        header.gid = endian.half_at(&head, 26).into();
        header.mtime = endian.word_at(&head, 36).into();
        match header.kind {
            Kind::File => header.size = endian.word_at(&head, 28).into(),
            Kind::Symlink => header.link = self.small(nodes, &head)?,
            Kind::CharDevice | Kind::BlockDevice => {
                header.device = device(endian, &self.small(nodes, &head)?);
            }
            _ => {}
        }
        Some(header)
    }

    /// The content of a link or device, all of which is in the newest node.
    fn small(&mut self, nodes: &[Node], head: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let endian = self.index.endian;
        let size = u64::from(endian.word_at(head, 52)).min(LONGEST_PATH as u64);
        let mut content = Content::new(self.medium, endian, nodes, size);
        content.read_to_end(&mut bytes).ok()?;
        content.damage().is_none().then_some(bytes)
    }
}

/// Major and minor, as the kernel's `old_encode_dev` and `new_encode_dev` have them.
fn device(endian: Endian, bytes: &[u8]) -> (u32, u32) {
    if bytes.len() == 2 {
        let narrow = u32::from(endian.half_at(bytes, 0));
        return (narrow >> 8, narrow & 0xff);
    }
    let wide = endian.word_at(bytes, 0);
    (wide >> 8 & 0xfff, wide & 0xff | wide >> 12 & 0xfff00)
}
