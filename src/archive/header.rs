//! One header block of a tar archive: 512 bytes to fields and back.
//!
//! The numbers are octal text, or big-endian binary with the top bit set where octal has no
//! room (GNU). Old writers summed signed bytes for the checksum: both sums are accepted.

use super::Error;

/// Everything in an archive comes in blocks of this many bytes.
pub const BLOCK: usize = 512;

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An ordinary file with `size` bytes of content.
    File,
    /// Another name of an earlier member.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A directory.
    Directory,
    /// A named pipe.
    Fifo,
    /// GNU: the content is the name of the next member.
    LongName,
    /// GNU: the content is the link target of the next member.
    LongLink,
    /// pax: records for the next member.
    Extended,
    /// pax: records for all members that follow; GNU volume labels and their like.
    Ignored,
}

impl Kind {
    fn from_flag(flag: u8) -> Option<Kind> {
        Some(match flag {
            b'0' | 0 | b'7' => Kind::File,
            b'1' => Kind::HardLink,
            b'2' => Kind::Symlink,
            b'3' => Kind::CharDevice,
            b'4' => Kind::BlockDevice,
            b'5' | b'D' => Kind::Directory,
            b'6' => Kind::Fifo,
            b'L' => Kind::LongName,
            b'K' => Kind::LongLink,
            b'x' | b'X' => Kind::Extended,
            b'g' | b'V' => Kind::Ignored,
            _ => return None,
        })
    }

    fn flag(self) -> u8 {
        match self {
            Kind::File => b'0',
            Kind::HardLink => b'1',
            Kind::Symlink => b'2',
            Kind::CharDevice => b'3',
            Kind::BlockDevice => b'4',
            Kind::Directory => b'5',
            Kind::Fifo => b'6',
            Kind::LongName => b'L',
            Kind::LongLink => b'K',
            Kind::Extended => b'x',
            Kind::Ignored => b'g',
        }
    }

    /// Whether `size` bytes of content follow the header of such a member.
    pub fn has_content(self) -> bool {
        matches!(
            self,
            Kind::File | Kind::LongName | Kind::LongLink | Kind::Extended | Kind::Ignored
        )
    }
}

/// The fields of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Path as in the archive, without a trailing slash.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permission bits, 0 to 0o7777.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes of content.
    pub size: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Target of a symbolic or hard link.
    pub link: Vec<u8>,
    /// Device number: major and minor.
    pub device: (u32, u32),
}

impl Header {
    /// A member of this kind with nothing but a name; owner and group 0.
    pub fn new(kind: Kind, name: &[u8]) -> Header {
        Header {
            name: name.to_vec(),
            kind,
            mode: 0o644,
            uid: 0,
            gid: 0,
            size: 0,
            mtime: 0,
            link: Vec::new(),
            device: (0, 0),
        }
    }

    /// Reads a block. None: a block of zeros, which ends an archive.
    ///
    /// # Errors
    /// [`Error::NotTar`] for a wrong checksum or a number that is none, [`Error::UnknownKind`].
    pub fn parse(block: &[u8; BLOCK]) -> Result<Option<Header>, Error> {
        if block.iter().all(|&b| b == 0) {
            return Ok(None);
        }
        let small = |range| u32::try_from(number(&block[range])?).ok();
        let stored = small(148..156).ok_or(Error::NotTar)?;
        if stored != checksum(block) && stored != signed_checksum(block) {
            return Err(Error::NotTar);
        }
        let flag = block[156];
        let mut kind = Kind::from_flag(flag).ok_or(Error::UnknownKind(flag))?;
        let mut name = text(&block[..100]).to_vec();
        // Only POSIX headers have a prefix; GNU keeps other things there.
        let prefix = text(&block[345..500]);
        if &block[257..263] == b"ustar\0" && !prefix.is_empty() {
            name = [prefix, b"/", &name].concat();
        }
        if name.ends_with(b"/") && kind == Kind::File {
            kind = Kind::Directory;
        }
        while name.len() > 1 && name.ends_with(b"/") {
            name.pop();
        }
        let size = if kind.has_content() {
            number(&block[124..136]).ok_or(Error::NotTar)?
        } else {
            0
        };
        Ok(Some(Header {
            name,
            kind,
            mode: small(100..108).ok_or(Error::NotTar)? & 0o7777,
            // Owners that do not fit are nobody we know.
            uid: small(108..116).unwrap_or(0),
            gid: small(116..124).unwrap_or(0),
            size,
            mtime: number(&block[136..148])
                .and_then(|n| i64::try_from(n).ok())
                .unwrap_or(0),
            link: text(&block[157..257]).to_vec(),
            device: (small(329..337).unwrap_or(0), small(337..345).unwrap_or(0)),
        }))
    }

    /// The block for these fields; names longer than 100 bytes are cut, see `write.rs`.
    pub fn block(&self) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        let mut name = self.name.clone();
        if self.kind == Kind::Directory {
            name.push(b'/');
        }
        put(&mut block[..100], &name);
        put_number(&mut block[100..108], self.mode.into());
        put_number(&mut block[108..116], self.uid.into());
        put_number(&mut block[116..124], self.gid.into());
        put_number(&mut block[124..136], self.size);
        put_number(&mut block[136..148], self.mtime.max(0) as u64);
        block[156] = self.kind.flag();
        put(&mut block[157..257], &self.link);
        put(&mut block[257..265], b"ustar  \0");
        if matches!(self.kind, Kind::CharDevice | Kind::BlockDevice) {
            put_number(&mut block[329..337], self.device.0.into());
            put_number(&mut block[337..345], self.device.1.into());
        }
        let sum = format!("{:06o}\0 ", checksum(&block));
        put(&mut block[148..156], sum.as_bytes());
        block
    }
}

/// A field up to its first NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|&b| b == 0).next().unwrap_or_default()
}

/// Octal text between blanks, or base 256; an empty field is 0.
fn number(field: &[u8]) -> Option<u64> {
    if let [first @ 0x80..=0xbf, rest @ ..] = field {
        let start = u64::from(first & 0x3f);
        return rest.iter().try_fold(start, |value, &byte| {
            (value >> 56 == 0).then(|| value << 8 | u64::from(byte))
        });
    }
    let digits = text(field).trim_ascii();
    digits.iter().try_fold(0_u64, |value, &byte| match byte {
        b'0'..=b'7' if value >> 61 == 0 => Some(value << 3 | u64::from(byte - b'0')),
        _ => None,
    })
}

/// Writes octal with a closing NUL, or base 256 where that has no room.
fn put_number(field: &mut [u8], value: u64) {
    let digits = field.len() - 1;
    let text = format!("{value:0digits$o}");
    if text.len() == digits {
        put(field, text.as_bytes());
        return;
    }
    for (byte, source) in field.iter_mut().rev().zip(value.to_le_bytes()) {
        *byte = source;
    }
    if let Some(first) = field.first_mut() {
        *first |= 0x80;
    }
}

/// Copies as much as there is room for.
fn put(field: &mut [u8], bytes: &[u8]) {
    for (to, from) in field.iter_mut().zip(bytes) {
        *to = *from;
    }
}

/// The sum of all bytes, the checksum's own counted as blanks.
fn checksum(block: &[u8; BLOCK]) -> u32 {
    let sum = |bytes: &[u8]| bytes.iter().map(|&b| u32::from(b)).sum::<u32>();
    sum(&block[..148]) + 8 * u32::from(b' ') + sum(&block[156..])
}

fn signed_checksum(block: &[u8; BLOCK]) -> u32 {
    let sum = |bytes: &[u8]| bytes.iter().map(|&b| i32::from(b as i8)).sum::<i32>();
    (sum(&block[..148]) + 8 * i32::from(b' ') + sum(&block[156..])) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_survive_the_way_into_a_block_and_back() {
        let mut header = Header::new(Kind::File, b"etc/config/network");
        (header.size, header.mtime, header.mode) = (1 << 40, 1_700_000_000, 0o4755);
        (header.uid, header.gid) = (4_000_000_000, 7);
        assert_eq!(Header::parse(&header.block()).unwrap(), Some(header));
        let mut node = Header::new(Kind::CharDevice, b"dev/console");
        node.device = (5, 1);
        assert_eq!(Header::parse(&node.block()).unwrap(), Some(node));
        let directory = Header::new(Kind::Directory, b"etc");
        assert_eq!(Header::parse(&directory.block()).unwrap(), Some(directory));
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let mut block = Header::new(Kind::File, b"x").block();
        block[0] = b'y';
        assert!(matches!(Header::parse(&block), Err(Error::NotTar)));
        assert!(matches!(Header::parse(&[0; BLOCK]), Ok(None)));
    }

    #[test]
    fn numbers_too_large_for_us_are_refused_not_wrapped() {
        assert_eq!(number(b"777777777777777777777777"), None);
        assert_eq!(number(&[0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(number(b" 644 \0"), Some(0o644));
        assert_eq!(number(b"8"), None);
    }
}
