//! Everything there is to know about a firmware file, without judging it.
//!
//! The file is read once, from its beginning to its end, so it may as well be a stream that
//! nobody can read twice. What a header claims about lengths is never believed: whoever
//! compares it with the file is `check.rs`.

use super::body::{Body, Content};
use super::container::{Container, GLANCE};
use super::raw::{self, Found};
use super::stream::Stream;
use super::tail::Tail;
use super::{disk, fit, tar, ubi};
use crate::archive::gzip::{self, Gunzip};
use crate::signature::{Keys, Trust};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Deref;

pub use super::body::{Kernel, Root, Sum};
use super::metadata::Metadata;

/// Where the data area of a written image begins: marks the end of the file systems.
pub const END_MARKER: [u8; 4] = [0xde, 0xad, 0xc0, 0xde];

/// The metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Info {
    /// There are none.
    Missing,
    /// The checksum over the file does not match: the file is damaged.
    Damaged(Sum),
    /// They cannot be read: at which byte.
    Invalid(usize),
    /// What they say.
    Metadata(Metadata),
}

/// The gzip stream around the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Bytes of the file that are the stream; metadata and signature follow.
    pub length: u64,
    /// What is wrong with it.
    pub fault: Option<&'static str>,
}

/// A file as it is. What the content is made of is in [`Facts::body`], to which this gives
/// way: `facts.root` is the body's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Bytes of the file.
    pub length: u64,
    /// Bytes of the content: in front of metadata and signature, unpacked.
    pub payload: u64,
    /// The content is packed with gzip: the writer unpacks it.
    pub packed: Option<Packed>,
    /// What the content is.
    pub body: Body,
    /// Metadata.
    pub info: Info,
    /// The signature, and how many bytes from the beginning of the file it covers.
    pub signature: Option<(Vec<u8>, u64)>,
    /// What it is worth: nothing until somebody has read the file a second time, see
    /// [`judge`].
    pub trust: Trust,
    /// SHA-256 of the whole file.
    pub sha256: [u8; 32],
}

impl Deref for Facts {
    type Target = Body;

    fn deref(&self) -> &Body {
        &self.body
    }
}

/// Looks at a file from its beginning; `erase_size` is that of the flash it may go to.
pub fn look(file: &mut impl Read, erase_size: u32) -> io::Result<Facts> {
    look_at(file, u64::from(erase_size.max(1)))
}

fn look_at(file: &mut dyn Read, step: u64) -> io::Result<Facts> {
    let mut tail = Tail::new(file, true);
    let mut outer = Stream::new(&mut tail);
    let mut inner = None;
    let mut packed = None;
    let body = if outer.peek(2)? == gzip::MAGIC {
        let mut unpacked = Gunzip::new(&mut outer);
        let mut within = Tail::new(&mut unpacked, false);
        let body = body_of(&mut within, step, false).and_then(|body| {
            inner = Some(within.finish()?);
            Ok(body)
        });
        drop(unpacked);
        let fault = match &body {
            Ok(_) => None,
            Err(error) => gzip::fault(error),
        };
        outer.skip_to(u64::MAX)?;
        packed = Some(Packed {
            length: outer.at(),
            fault,
        });
        match body {
            Err(_) if fault.is_some() => nothing(Container::Gzip),
            other => other?,
        }
    } else {
        body_in(&mut outer, step, false)?
    };
    drop(outer);
    let mut end = tail.finish()?;
    // Metadata in front of the packing are as good, a signature there is none.
    if let (Some(inner), Info::Missing) = (inner, &end.info) {
        end.info = inner.info;
    }
    Ok(Facts {
        length: end.length,
        payload: body.length,
        packed,
        body,
        info: end.info,
        trust: match end.signature {
            Some(_) => Trust::Unchecked,
            None => Trust::Unsigned,
        },
        signature: end.signature,
        sha256: end.sha256,
    })
}

/// Finds out what the signature of a file is worth: reads it a second time, if it has one that
/// `keys` know; `now` in seconds since 1970.
pub fn judge(
    facts: &mut Facts,
    file: &mut (impl Read + Seek),
    keys: &Keys,
    now: i64,
) -> io::Result<()> {
    if let Some((text, covered)) = &facts.signature {
        file.seek(SeekFrom::Start(0))?;
        facts.trust = keys.judge(text, now, &mut file.take(*covered))?;
    }
    Ok(())
}

/// A content of which nothing is known.
fn nothing(container: Container) -> Body {
    Body {
        container,
        length: 0,
        content: Content::Other,
        kernel: None,
        seal: None,
        root: None,
        written: 0,
        padded: true,
        crc: 0,
    }
}

/// Looks at a content to its end.
pub(super) fn body_of(input: &mut dyn Read, step: u64, member: bool) -> io::Result<Body> {
    body_in(&mut Stream::new(input), step, member)
}

/// `member`: of a tar, in which no other one is looked for.
fn body_in(stream: &mut Stream<'_>, step: u64, member: bool) -> io::Result<Body> {
    let mut body = nothing(Container::recognise(stream.peek(GLANCE)?));
    let mut found = Found::default();
    match body.container {
        Container::UImage => (body.content, found) = (Content::Raw, raw::uimage(stream, step)?),
        Container::Trx => (body.content, found) = (Content::Raw, raw::trx(stream, step)?),
        Container::Seama => (body.content, found) = (Content::Raw, raw::seama(stream, step)?),
        Container::Fit => {
            let fit = fit::read(stream)?;
            if fit.fault.is_none() {
                found.root = raw::find_root(stream, &[fit.length], step)?;
            }
            body.content = Content::Fit(fit);
        }
        Container::Squashfs | Container::Erofs => {
            let system = raw::file_system(stream)?;
            found.root = system.map(|system| Root { offset: 0, system });
            body.content = Content::Root;
        }
        Container::Tar if !member => body.content = Content::Tar(tar::read(stream, step)?),
        Container::Disk => body.content = Content::Disk(disk::read(stream)?),
        Container::Ubi => body.content = Content::Ubi(ubi::read(stream)?),
        Container::Ubifs => {
            if let Some(found) = ubi::ubifs(stream)? {
                body.content = Content::Ubifs(found);
            }
        }
        _ => {}
    }
    // Up to the end of the root file system, then padding.
    let mut padding = Padding::default();
    if let Some(root) = found.root
        && stream.skip_to(root.end())?
    {
        let written = root.end().checked_next_multiple_of(step);
        let written = written.unwrap_or(u64::MAX);
        stream.skip_to(written)?;
        (body.written, body.crc) = (written, stream.crc());
        stream.each(u64::MAX, &mut |piece| padding.update(piece))?;
    } else {
        stream.skip_to(u64::MAX)?;
        (body.written, body.crc) = (stream.at(), stream.crc());
    }
    body.length = stream.at();
    (body.kernel, body.seal, body.root) = found.complete(stream);
    // What a checksum covers belongs to the image, whatever it is.
    body.padded = !padding.broken && !body.is_covered();
    Ok(body)
}

/// Whether bytes are 0xff and end markers only.
#[derive(Default)]
struct Padding {
    /// Bytes of a marker that have come by.
    marker: usize,
    broken: bool,
}

impl Padding {
    fn update(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match (self.marker, byte) {
                (0, 0xff) => {}
                (n, byte) if END_MARKER.get(n) == Some(&byte) => self.marker = (n + 1) % 4,
                _ => self.broken = true,
            }
        }
    }
}
