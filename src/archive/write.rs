//! Entries as an archive.
//!
//! Names of more than 100 bytes get a member of their own in front (GNU), which every tar
//! reads. A file that shrinks while it is copied is an error: padding it would invent data.

use super::{BLOCK, Error, Header, Kind};
use std::io::{Read, Write};
use std::path::PathBuf;

/// An archive being written.
pub struct Writer<'a> {
    output: Box<dyn Write + 'a>,
}

impl<'a> Writer<'a> {
    /// Writes the archive to `output`, not yet packed.
    pub fn new(output: impl Write + 'a) -> Writer<'a> {
        Writer {
            output: Box::new(output),
        }
    }

    /// Adds a member without content.
    pub fn entry(&mut self, header: &Header) -> Result<(), Error> {
        // A directory's name gets a slash.
        let room = if header.kind == Kind::Directory {
            99
        } else {
            100
        };
        if header.name.len() > room {
            self.long(Kind::LongName, &header.name)?;
        }
        if header.link.len() > 100 {
            self.long(Kind::LongLink, &header.link)?;
        }
        self.put(&header.block())
    }

    /// Adds a file: `header.size` bytes of `content`.
    ///
    /// # Errors
    /// [`Error::Changed`] when there are fewer; the archive is then unusable.
    pub fn file(&mut self, header: &Header, content: &mut dyn Read) -> Result<(), Error> {
        self.entry(header)?;
        let mut left = header.size;
        let mut buf = vec![0; left.clamp(1, 64 * 1024) as usize];
        while left > 0 {
            let part = left.min(buf.len() as u64) as usize;
            let count = super::read::fill(content, &mut buf[..part]).map_err(Error::Read)?;
            if count < part {
                let name = String::from_utf8_lossy(&header.name).into_owned();
                return Err(Error::Changed(PathBuf::from(name)));
            }
            self.put(&buf[..part])?;
            left -= part as u64;
        }
        self.fill_block(header.size)
    }

    /// Closes the archive with two blocks of zeros.
    pub fn finish(mut self) -> Result<(), Error> {
        self.put(&[0; 2 * BLOCK])?;
        self.output.flush().map_err(Error::Write)
    }

    fn long(&mut self, kind: Kind, name: &[u8]) -> Result<(), Error> {
        let mut header = Header::new(kind, b"././@LongLink");
        header.size = name.len() as u64 + 1;
        self.put(&header.block())?;
        self.put(name)?;
        self.put(&[0])?;
        self.fill_block(header.size)
    }

    fn fill_block(&mut self, size: u64) -> Result<(), Error> {
        let filler = (size.wrapping_neg() % BLOCK as u64) as usize;
        self.put(&[0; BLOCK][..filler])
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.output.write_all(bytes).map_err(Error::Write)
    }
}

#[test]
fn long_names_come_back() {
    let name = [b"d/".repeat(200), b"f".to_vec()].concat();
    let mut archive = Vec::new();
    let mut writer = Writer::new(&mut archive);
    let mut link = Header::new(Kind::Symlink, &name);
    link.link = b"t".repeat(300);
    writer.entry(&link).unwrap();
    writer.finish().unwrap();
    let mut reader = super::Reader::new(&archive[..]);
    let entry = reader.next_entry().unwrap().unwrap();
    assert_eq!((entry.name, entry.link), (name, link.link));
}
