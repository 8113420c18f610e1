//! An archive as a stream of entries.
//!
//! `next` gives a header whose long name, pax path and size have been resolved already; the
//! content is read from the `Reader` itself. A single block of zeros inside an archive is
//! stepped over, since old settings archives have one; two end it.

use super::{BLOCK, Error, Header, Kind};
use std::io::{self, Read};

/// Longest name that Linux can use (PATH_MAX).
const LONGEST_NAME: u64 = 4096;
/// Longest pax header: several names and attributes.
const LONGEST_EXTENDED: u64 = 64 * 1024;

/// A tar archive being read. Implements `Read` for the content of the current entry.
pub struct Reader<'a> {
    input: Box<dyn Read + 'a>,
    /// Content of the current entry not yet read.
    left: u64,
    /// Filler behind it, up to the block's end.
    filler: u64,
}

impl<'a> Reader<'a> {
    /// Reads the archive from `input`, unpacked already.
    pub fn new(input: impl Read + 'a) -> Reader<'a> {
        Reader {
            input: Box::new(input),
            left: 0,
            filler: 0,
        }
    }

    /// The next entry; None at the end. What was not read of the last one is skipped.
    ///
    /// # Errors
    /// [`Error::Truncated`] when the input ends inside a member, and those of a header.
    pub fn next_entry(&mut self) -> Result<Option<Header>, Error> {
        let (mut name, mut link, mut size) = (None, None, None);
        loop {
            self.skip_rest()?;
            let Some(mut header) = self.header()? else {
                return Ok(None);
            };
            self.enter(header.size);
            match header.kind {
                Kind::LongName => name = Some(self.text(LONGEST_NAME)?),
                Kind::LongLink => link = Some(self.text(LONGEST_NAME)?),
                Kind::Extended => {
                    for (key, value) in records(&self.content(LONGEST_EXTENDED)?) {
                        match key {
                            b"path" => name = Some(without_slash(value.to_vec())),
                            b"linkpath" => link = Some(value.to_vec()),
                            b"size" => size = decimal(value),
                            _ => {}
                        }
                    }
                }
                Kind::Ignored => {}
                kind => {
                    if let (Some(size), true) = (size, kind.has_content()) {
                        header.size = size;
                        self.enter(size);
                    }
                    header.name = name.unwrap_or(header.name);
                    header.link = link.unwrap_or(header.link);
                    if [&header.name, &header.link].iter().any(|n| n.contains(&0)) {
                        return Err(Error::NotTar);
                    }
                    return Ok(Some(header));
                }
            }
        }
    }

    fn enter(&mut self, size: u64) {
        self.left = size;
        self.filler = size.wrapping_neg() % BLOCK as u64;
    }

    /// One header block; None at the end of the archive.
    fn header(&mut self) -> Result<Option<Header>, Error> {
        for _ in 0..2 {
            let mut block = [0; BLOCK];
            match fill(&mut self.input, &mut block).map_err(Error::Read)? {
                // Archives without the closing zeros exist.
                0 => return Ok(None),
                BLOCK => {}
                _ => return Err(Error::Truncated),
            }
            if let Some(header) = Header::parse(&block)? {
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    /// Reads what remains of the input behind the archive, so that a gzip checksum at its
    /// very end is looked at, and a pipe's writer is not killed.
    pub fn drain(&mut self) -> Result<(), Error> {
        let mut buf = [0; 4096];
        while fill(&mut self.input, &mut buf).map_err(Error::Read)? > 0 {}
        Ok(())
    }

    fn skip_rest(&mut self) -> Result<(), Error> {
        // No input is as long as a number may claim.
        let whole = self.left.checked_add(self.filler);
        let mut rest = whole.ok_or(Error::Truncated)?;
        let mut buf = [0; 4096];
        while rest > 0 {
            let part = rest.min(buf.len() as u64) as usize;
            if fill(&mut self.input, &mut buf[..part]).map_err(Error::Read)? < part {
                return Err(Error::Truncated);
            }
            rest -= part as u64;
        }
        (self.left, self.filler) = (0, 0);
        Ok(())
    }

    /// The whole content of the current entry, which must not exceed `limit` bytes.
    pub fn content(&mut self, limit: u64) -> Result<Vec<u8>, Error> {
        if self.left > limit {
            return Err(Error::TooLong);
        }
        let mut content = vec![0; self.left as usize];
        let length = fill(self, &mut content).map_err(Error::Read)?;
        if length < content.len() {
            return Err(Error::Truncated);
        }
        Ok(content)
    }

    /// A name as content: up to its NUL.
    fn text(&mut self, limit: u64) -> Result<Vec<u8>, Error> {
        let mut content = self.content(limit)?;
        let end = content.iter().position(|&b| b == 0);
        content.truncate(end.unwrap_or(content.len()));
        Ok(without_slash(content))
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = self.left.min(buf.len() as u64) as usize;
        let count = match buf.get_mut(..most) {
            Some(part) if most > 0 => self.input.read(part)?,
            _ => return Ok(0),
        };
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// Fills `buf` as far as the input reaches; less than its length means the end.
pub(super) fn fill(input: &mut (impl Read + ?Sized), buf: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buf.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The records of a pax header: `LENGTH KEY=VALUE\n`, where LENGTH counts all of it.
fn records(mut rest: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut found = Vec::new();
    while let Some(blank) = rest.iter().position(|&b| b == b' ') {
        let length = decimal(&rest[..blank]).and_then(|n| usize::try_from(n).ok());
        let record = length.and_then(|length| rest.get(blank + 1..length));
        let (Some(length), Some([pair @ .., b'\n'])) = (length, record) else {
            break;
        };
        if let Some(equals) = pair.iter().position(|&b| b == b'=') {
            found.push((&pair[..equals], &pair[equals + 1..]));
        }
        rest = &rest[length..];
    }
    found
}

fn decimal(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn without_slash(mut name: Vec<u8>) -> Vec<u8> {
    while name.len() > 1 && name.ends_with(b"/") {
        name.pop();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::super::Writer;
    use super::*;

    fn names(archive: &[u8]) -> String {
        let mut reader = Reader::new(archive);
        let mut shown = String::new();
        loop {
            match reader.next_entry() {
                Ok(Some(entry)) => {
                    shown += &format!("{}:{} ", String::from_utf8_lossy(&entry.name), entry.size);
                }
                Ok(None) => return shown,
                Err(error) => return shown + &error.to_string(),
            }
        }
    }

    fn member(name: &str, content: &[u8]) -> Vec<u8> {
        let mut archive = Vec::new();
        let mut writer = Writer::new(&mut archive);
        let mut header = Header::new(Kind::File, name.as_bytes());
        header.size = content.len() as u64;
        writer.file(&header, &mut &*content).unwrap();
        drop(writer);
        archive
    }

    #[test]
    fn one_block_of_zeros_is_stepped_over_and_two_end_the_archive() {
        let (a, b, zeros) = (member("a", b"x"), member("b", b""), [0; BLOCK]);
        assert_eq!(
            names(&[&a[..], &zeros, &b, &zeros, &zeros].concat()),
            "a:1 b:0 "
        );
        assert_eq!(names(&[&a[..], &zeros, &zeros, &b].concat()), "a:1 ");
        assert_eq!(names(&a), "a:1 ");
    }

    #[test]
    fn an_archive_that_ends_inside_a_member_is_truncated() {
        let archive = member("a", &[1; 2000]);
        for cut in [BLOCK, BLOCK + 1, 1500, archive.len() - 1] {
            assert!(names(&archive[..cut]).contains("short read"), "{cut}");
        }
        assert!(names(&archive[..100]).contains("short read"));
    }

    #[test]
    fn a_pax_path_replaces_the_name() {
        let path = "d/".repeat(150) + "f";
        let pair = format!(" path={path}\n");
        let record = format!("{}{pair}", pair.len() + 3);
        let mut header = Header::new(Kind::Extended, b"pax");
        header.size = record.len() as u64;
        let mut archive = header.block().to_vec();
        archive.extend(record.as_bytes());
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
        archive.extend(member("short", b"x"));
        assert_eq!(names(&archive), format!("{path}:1 "));
    }

    #[test]
    fn a_member_as_long_as_a_number_can_be_is_truncated() {
        let mut header = Header::new(Kind::File, b"a");
        header.size = u64::MAX;
        let archive = [&header.block()[..], &[0; 3 * BLOCK], &member("b", b"")].concat();
        assert_eq!(names(&archive), format!("a:{} short read", u64::MAX));
    }

    #[test]
    fn a_name_of_a_gigabyte_is_not_read() {
        let mut header = Header::new(Kind::LongName, b"././@LongLink");
        header.size = 1 << 30;
        assert!(names(&header.block()).contains("too long"));
    }
}
