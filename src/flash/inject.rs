//! Putting settings into an image on its way to the flash.
//!
//! An image ends with erase blocks that begin `DE AD C0 DE`: from there on the data partition
//! is void. [`Inject`] passes the image on and puts a jffs2 with the settings in place of the
//! first such block, and a marker block of its own behind it; as much of the image is left
//! out. The first boot finds the file and erases what follows the marker.

use super::jffs2::{self, END_MARKER, Endian, File};
use std::io::{self, Read};

/// A reader that is the image with the settings inside.
pub struct Inject<'a> {
    image: &'a mut dyn Read,
    erase_size: usize,
    /// What is put in, with its marker block; empty once it is on its way.
    settings: Vec<u8>,
    /// Bytes before this one are not searched for the marker.
    skip: u64,
    position: u64,
    /// The current block, and how much of it has been given out.
    block: Vec<u8>,
    given: usize,
    /// Bytes of the image that the settings have taken the place of.
    replaced: usize,
    found: Option<u64>,
    /// What the image begins with in place of its own bytes.
    head: Vec<u8>,
}

impl<'a> Inject<'a> {
    /// `erase_size` is that of the running kernel; markers count only at its multiples, from
    /// byte `skip` on.
    pub fn new(image: &'a mut dyn Read, file: File<'_>, erase_size: u32, skip: u64) -> Inject<'a> {
        Inject {
            image,
            erase_size: erase_size as usize,
            settings: area(file, erase_size, Endian::NATIVE),
            skip,
            position: 0,
            block: Vec::new(),
            given: 0,
            replaced: 0,
            found: None,
            head: Vec::new(),
        }
    }

    /// Lets the image begin with this, in place of as many bytes of its own.
    pub fn begin_with(&mut self, head: &[u8]) {
        self.head = head.to_vec();
    }

    /// Where the settings went; None if no marker has come by (yet).
    pub fn found(&self) -> Option<u64> {
        self.found
    }

    /// Loads the next block into `self.block`; empty at the end.
    fn load(&mut self) -> io::Result<()> {
        self.given = 0;
        while self.replaced > 0 {
            let part = self.read_block()?;
            self.replaced = if part == 0 {
                0
            } else {
                self.replaced.saturating_sub(part)
            };
        }
        let count = self.read_block()?;
        // Nothing but the first block finds it there.
        let head = std::mem::take(&mut self.head);
        for (to, from) in self.block.iter_mut().zip(head) {
            *to = from;
        }
        let is_end = count > 0 && self.block.starts_with(&END_MARKER);
        if is_end && self.position >= self.skip && !self.settings.is_empty() {
            self.found = Some(self.position);
            self.block = std::mem::take(&mut self.settings);
            self.replaced = self.block.len() - self.erase_size;
        }
        self.position += self.block.len() as u64;
        Ok(())
    }

    /// Reads one erase block of the image, less at its end.
    fn read_block(&mut self) -> io::Result<usize> {
        self.block.resize(self.erase_size, 0);
        let mut filled = 0;
        while filled < self.erase_size {
            match self.image.read(&mut self.block[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.block.truncate(filled);
        Ok(filled)
    }
}

impl Read for Inject<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.given == self.block.len() {
            self.load()?;
        }
        let left = &self.block[self.given..];
        let count = left.len().min(buf.len());
        buf[..count].copy_from_slice(&left[..count]);
        self.given += count;
        Ok(count)
    }
}

/// The blocks that carry a file, with the marker block that ends them.
pub fn area(file: File<'_>, erase_size: u32, endian: Endian) -> Vec<u8> {
    let mut area = jffs2::build(file, erase_size, endian);
    area.extend(jffs2::end_block(erase_size));
    area
}

/// What comes out when settings are put into an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Bytes of the image with the settings: what must fit into the partition.
    pub length: u64,
    /// Where the settings go.
    pub place: u64,
}

/// What comes out of `image`, if it holds a marker at all.
pub fn try_out(
    image: &mut dyn Read,
    file: File<'_>,
    erase_size: u32,
    skip: u64,
) -> io::Result<Option<Outcome>> {
    let mut inject = Inject::new(image, file, erase_size, skip);
    let length = io::copy(&mut inject, &mut io::sink())?;
    let outcome = |place| Outcome { length, place };
    Ok(inject.found().map(outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: usize = 4096;

    fn check(image: &[u8], settings: usize, skip: u64, expected: Option<&[u8]>) {
        let content = vec![0x77; settings];
        let file = File::settings(&content);
        let mut reader = image;
        let mut inject = Inject::new(&mut reader, file, BLOCK as u32, skip);
        let mut out = Vec::new();
        inject.read_to_end(&mut out).unwrap();
        assert_eq!(inject.found().is_some(), expected.is_some());
        assert!(out == expected.unwrap_or(image));
        let found = inject.found();
        let outcome = try_out(&mut &image[..], file, BLOCK as u32, skip).unwrap();
        assert_eq!(outcome.map(|o| o.length), expected.map(|e| e.len() as u64));
        assert_eq!(outcome.map(|o| o.place), found);
    }

    #[test]
    fn settings_take_the_place_of_the_first_marked_block() {
        let marked = jffs2::end_block(BLOCK as u32);
        let code = vec![0x11; 2 * BLOCK];
        let metadata = b"metadata behind the marker";
        let area = |length: usize| {
            let content = vec![0x77; length];
            super::area(File::settings(&content), BLOCK as u32, Endian::NATIVE)
        };
        let short = [&code[..], &marked, &metadata[..]].concat();
        check(&short, 100, 0, Some(&[&code[..], &area(100)].concat()));
        let long = [&code[..], &marked, &[0x22; 3 * BLOCK]].concat();
        let expected = [&code[..], &area(100), &[0x22; 2 * BLOCK]].concat();
        check(&long, 100, 0, Some(&expected));
        check(&code, 100, 0, None);
        check(&short, 100, 2 * BLOCK as u64 + 1, None);
        let big = area(5 * BLOCK);
        check(&short, 5 * BLOCK, 0, Some(&[&code[..], &big].concat()));
    }

    #[test]
    fn a_marker_inside_a_block_does_not_count() {
        let mut image = vec![0x11; 2 * BLOCK];
        image[2048..2052].copy_from_slice(&END_MARKER);
        check(&image, 10, 0, None);
    }

    #[test]
    fn an_image_can_begin_with_another_header() {
        let image = [vec![0x11; BLOCK], jffs2::end_block(BLOCK as u32)].concat();
        let mut reader = &image[..];
        let mut inject = Inject::new(&mut reader, File::settings(b"x"), BLOCK as u32, 0);
        inject.begin_with(b"HDR0");
        let mut out = Vec::new();
        inject.read_to_end(&mut out).unwrap();
        assert!(out.starts_with(b"HDR0\x11"));
        assert_eq!(out[4..BLOCK], image[4..BLOCK]);
        let area = super::area(File::settings(b"x"), BLOCK as u32, Endian::NATIVE);
        assert!(out[BLOCK..] == area);
    }
}
