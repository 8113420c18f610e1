//! Settings archives of any content, the impossible included.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(dead_code, reason = "each test uses a part of this")]

use safebox::archive::gzip::Gzip;
use safebox::archive::{BLOCK, Header, Kind, Writer};
use std::io::Write;

/// The blocks of an archive so far.
#[derive(Default)]
pub struct Members(Vec<u8>);

impl Members {
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Members {
        let header = Header::new(Kind::File, name.as_bytes());
        self.with(header, content)
    }

    pub fn directory(self, name: &str) -> Members {
        let mut header = Header::new(Kind::Directory, name.as_bytes());
        header.mode = 0o755;
        self.with(header, "")
    }

    pub fn symlink(self, name: &str, target: &str) -> Members {
        self.link(Kind::Symlink, name, target)
    }

    pub fn hard_link(self, name: &str, target: &str) -> Members {
        self.link(Kind::HardLink, name, target)
    }

    pub fn node(self, kind: Kind, name: &str) -> Members {
        self.with(Header::new(kind, name.as_bytes()), "")
    }

    fn link(self, kind: Kind, name: &str, target: &str) -> Members {
        let mut header = Header::new(kind, name.as_bytes());
        header.link = target.into();
        self.with(header, "")
    }

    /// A member written as it should be, long names by GNU's way.
    pub fn with(mut self, mut header: Header, content: impl AsRef<[u8]>) -> Members {
        let content = content.as_ref();
        header.size = content.len() as u64;
        // Owned by whoever runs the tests, or only root could restore it.
        header.uid = rustix::process::geteuid().as_raw();
        header.gid = rustix::process::getegid().as_raw();
        let mut writer = Writer::new(&mut self.0);
        if header.kind == Kind::File {
            writer.file(&header, &mut &*content).unwrap();
        } else {
            writer.entry(&header).unwrap();
        }
        drop(writer);
        self
    }

    /// A header and what follows it, whether that makes sense or not.
    pub fn raw(mut self, header: &Header, content: impl AsRef<[u8]>) -> Members {
        self.0.extend(header.block());
        self.0.extend(content.as_ref());
        self.0.resize(self.0.len().next_multiple_of(BLOCK), 0);
        self
    }

    /// The tar archive.
    pub fn tar(&self) -> Vec<u8> {
        [&self.0[..], &[0; 2 * BLOCK]].concat()
    }

    /// The settings archive.
    pub fn packed(&self) -> Vec<u8> {
        let mut gzip = Gzip::new(Vec::new(), 6);
        gzip.write_all(&self.tar()).unwrap();
        gzip.finish().unwrap()
    }
}
