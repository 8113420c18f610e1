//! Putting a file into a jffs2 that is not mounted.
//!
//! The blocks with the file and a marker block behind them go to the end of what is in use, and
//! count only once the first of them is written, last of all: until then a marker that was there
//! keeps what lies behind it void, and afterwards the new one does.

use super::jffs2::{self, Endian, File, Index, Medium, Place};
use super::survey::{self, Content};
use super::write::{self, Options, Progress};
use super::{Error, blocks};
use crate::sys::Flash;

/// What is to be written, found out beforehand.
pub struct Plan {
    /// Where, in bytes.
    start: u64,
    /// Whole blocks, the marker block last.
    area: Vec<u8>,
}

impl Plan {
    /// Looks for the place of `file` in the directory `dir`; `empty`: what the partition holds
    /// does not count.
    ///
    /// # Errors
    /// [`Error::NoRoom`] where the blocks at the end are in use, [`Error::TooBig`] where there
    /// are too few, and those of reading.
    pub fn new(
        flash: &mut Box<dyn Flash>,
        file: File<'_>,
        dir: &[u8],
        empty: bool,
    ) -> Result<Plan, Error> {
        let (start, place) = match empty {
            true => (0, missing(dir)),
            false => {
                let index = Index::read(flash as &mut dyn Medium, false, &mut |_, _| {})?;
                (free_end(&mut **flash, index.void_from)?, index.place(dir)?)
            }
        };
        let geometry = flash.geometry();
        let erase_size = geometry.erase_size;
        // Pages are written in order: a name before its data would come before them.
        let pages = geometry.write_size > 1;
        let mut area = jffs2::build_at(file, place, erase_size, Endian::NATIVE, pages);
        area.extend(jffs2::end_block(erase_size));
        let (length, room) = (area.len() as u64, write::room(&mut **flash, start)?);
        if length > room {
            return Err(Error::TooBig {
                length: Some(length),
                room,
            });
        }
        Ok(Plan { start, area })
    }

    /// Writes it.
    ///
    /// # Errors
    /// Those of the flash; the file is then not there, and everything else is as it was.
    pub fn perform(
        &self,
        flash: &mut dyn Flash,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), Error> {
        let good = blocks::good(flash, self.start)?;
        let [first, second, ..] = good[..] else {
            return Err(Error::AllBad);
        };
        let (head, rest) = self.area.split_at(flash.geometry().erase_size as usize);
        for (start, mut data) in [(second, rest), (first, head)] {
            // With this a first block is never given up for the next one.
            let options = Options {
                length: Some(data.len() as u64),
                start,
                skip_equal: true,
                first_block_last: start == first,
                ..Options::default()
            };
            write::write(flash, &mut data, &options, progress)?;
        }
        Ok(())
    }
}

/// The root directory of an empty file system, and the way from there.
fn missing(dir: &[u8]) -> Place {
    let parts = dir.split(|&b| b == b'/').filter(|part| !part.is_empty());
    Place {
        missing: parts.map(<[u8]>::to_vec).collect(),
        ..Place::EMPTY
    }
}

/// The first block from which on nothing is in use. That of a marker is the place even where
/// blocks before it are free: the marker must stay until the file is there.
fn free_end(flash: &mut dyn Flash, void_from: Option<u64>) -> Result<u64, Error> {
    if let Some(void_from) = void_from {
        return Ok(void_from);
    }
    let mut free = Err(Error::NoRoom);
    let mut block = vec![0; flash.geometry().erase_size as usize];
    for offset in blocks::good(flash, 0)?.into_iter().rev() {
        let read = flash.read(offset, &mut block);
        read.map_err(Error::io("read", offset))?;
        let content = survey::content(&block, Endian::NATIVE);
        if !matches!(content, Content::Blank | Content::Clean) {
            break;
        }
        free = Ok(offset);
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::flash::FakeFlash;

    const BLOCK: u32 = 4096;

    /// Puts a file there; all names of the file system afterwards.
    fn plant(flash: &FakeFlash, name: &str, dir: &str, empty: bool) -> Result<String, Error> {
        let mut chip: Box<dyn Flash> = Box::new(flash.clone());
        let file = File {
            name: name.as_bytes(),
            ..File::settings(&[b'x'; 5000])
        };
        Plan::new(&mut chip, file, dir.as_bytes(), empty)?.perform(&mut *chip, &mut |_| {})?;
        let index = Index::read(&mut chip, false, &mut |at, what| {
            panic!("{what} at {at:#x}")
        })?;
        let mut tree = jffs2::Tree {
            index: &index,
            medium: &mut chip,
            trouble: &mut |_| {},
        };
        let mut names = Vec::new();
        let mut visit = |header: &crate::archive::Header, content: &mut jffs2::Content<'_>| {
            let size = std::io::copy(content, &mut std::io::sink()).unwrap();
            assert_eq!((size, content.damage()), (header.size, None));
            names.push(String::from_utf8_lossy(&header.name).into_owned());
            Ok(())
        };
        tree.walk(false, &mut visit).unwrap();
        Ok(names.join(" "))
    }

    #[test]
    fn files_are_added_behind_what_is_there() {
        let flash = FakeFlash::nor(10 * BLOCK as usize, BLOCK);
        let check = |name, dir, empty, expected| {
            assert_eq!(plant(&flash, name, dir, empty).unwrap(), expected);
        };
        check("a", "", true, "a");
        check("b", "tmp/in", false, "a tmp tmp/in tmp/in/b");
        check("c", "/tmp/", false, "a tmp tmp/c tmp/in tmp/in/b");
        // The same name again takes the place of the old one.
        check("a", "", false, "a tmp tmp/c tmp/in tmp/in/b");
        let error = plant(&flash, "d", "", false).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Insufficient space: 12288 bytes do not fit into 8192"
        );
    }

    #[test]
    fn without_a_marker_only_free_blocks_at_the_end_will_do() {
        let mut flash = FakeFlash::nor(6 * BLOCK as usize, BLOCK);
        let used = jffs2::build(File::settings(b"x"), BLOCK, Endian::NATIVE);
        flash.fill(2 * 4096, &used);
        flash.fill(4096, &jffs2::cleanmarker(Endian::NATIVE));
        assert_eq!(plant(&flash, "a", "", false).unwrap(), "a sysupgrade.tgz");
        assert_eq!(flash.bytes()[2 * 4096..3 * 4096], used);
        let mut flash = FakeFlash::nor(6 * BLOCK as usize, BLOCK);
        flash.fill(5 * 4096, &used);
        let error = plant(&flash, "a", "", false).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the blocks at its end are in use: mount it instead"
        );
        assert!(flash.journal().is_empty());
    }
}
