//! An image for which memory has no room.
//!
//! Sent twice, it is looked at the first time, and the second time it goes to the flash; it
//! must be the same by its SHA-256 before the first block is written ([`Same`]). From a pipe it
//! comes once: then all but the first block goes to the flash as it comes, and the image is
//! looked at from there ([`land`]).

use super::Error;
use super::perform::{Tell, other_file};
use super::progress;
use crate::flash::{self, blocks, erase, write};
use crate::image::check::Place;
use crate::image::container::{Container, GLANCE};
use crate::image::uimage;
use crate::sys::{Flash, System};
use sha2::{Digest, Sha256};
use std::io::{self, Read, Seek, SeekFrom};

/// A stream that ends with an error if it was another one than expected.
pub struct Same<'a> {
    input: &'a mut dyn Read,
    hash: Option<Sha256>,
    expected: [u8; 32],
}

impl<'a> Same<'a> {
    /// `expected`: the SHA-256 of all of `input`.
    pub fn new(input: &'a mut dyn Read, expected: [u8; 32]) -> Same<'a> {
        Same {
            input,
            hash: Some(Sha256::new()),
            expected,
        }
    }
}

impl Read for Same<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buf)?;
        match &mut self.hash {
            Some(hash) if count > 0 => hash.update(buf.get(..count).unwrap_or_default()),
            _ if buf.is_empty() => {}
            hash => {
                let sum = hash.take().map(Sha256::finalize);
                if sum.is_some_and(|sum| sum[..] != self.expected) {
                    return Err(other_file());
                }
            }
        }
        Ok(count)
    }
}

/// An image that lies on the flash, its first block in memory. Reads and seeks as the file
/// would that was sent.
pub struct Landed {
    flash: Box<dyn Flash>,
    first: Vec<u8>,
    length: u64,
    at: u64,
}

/// Puts what `input` gives onto a partition of NOR flash as it comes, but the first block,
/// which is erased before all others.
///
/// # Errors
/// [`Error::Flash`] before anything was changed, [`Error::Touched`] after that.
pub fn land(
    place: &Place,
    input: &mut dyn Read,
    sys: &mut dyn System,
    tell: Tell<'_>,
) -> Result<Landed, Error> {
    let partition = flash::find(sys, &place.name).map_err(Error::Flash)?;
    let mut flash = flash::open(sys, &partition, true).map_err(Error::Flash)?;
    let step = u64::from(place.erase_size);
    let mut first = Vec::new();
    let read = input.take(step).read_to_end(&mut first);
    read.map_err(|error| Error::Flash(flash::Error::Source(error)))?;
    starts(&first, place)?;
    if (first.len() as u64) < step {
        let (got, expected) = (first.len() as u64, step);
        return Err(Error::Flash(flash::Error::Short { got, expected }));
    }
    blocks::unlock(&mut *flash);
    let failed = |error| match place.spare {
        true => Error::Slot(error),
        false => Error::Touched(error),
    };
    erase::one(&mut *flash, 0).map_err(failed)?;
    let options = write::Options {
        start: step,
        skip_equal: true,
        first_block_last: false,
        ..write::Options::default()
    };
    let mut arrived = progress::Arrived::default();
    let written = write::write(&mut *flash, input, &options, &mut |progress| {
        arrived.reach(step + progress.done, tell);
    });
    let length = step + written.map_err(failed)?.bytes;
    Ok(Landed {
        flash,
        first,
        length,
        at: 0,
    })
}

/// What the first block can tell: that this is a kernel's image, and not one too large.
fn starts(first: &[u8], place: &Place) -> Result<(), Error> {
    let container = Container::recognise(first.get(..GLANCE).unwrap_or(first));
    match container {
        Container::UImage => {
            let header = first.first_chunk().and_then(uimage::Header::parse);
            let Some(header) = header else {
                return Err(Error::NoStream("its header is damaged"));
            };
            match u64::from(header.size) > place.room {
                true => Err(Error::NoStream("its kernel is larger than the partition")),
                false => Ok(()),
            }
        }
        Container::Trx | Container::Seama | Container::Fit => Ok(()),
        _ => Err(Error::NoStream("it is none that goes to flash as it is")),
    }
}

impl Read for Landed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let first = self.first.len() as u64;
        let end = if self.at < first { first } else { self.length };
        let left = end.saturating_sub(self.at).min(buf.len() as u64) as usize;
        let part = buf.get_mut(..left).unwrap_or_default();
        match self.at < first {
            true => part.copy_from_slice(&self.first[self.at as usize..][..left]),
            false if left > 0 => self.flash.read(self.at, part)?,
            false => {}
        }
        self.at += left as u64;
        Ok(left)
    }
}

impl Seek for Landed {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Memory, Plan, Settings, Work, plan};
    use super::super::{device, perform};
    use super::*;
    use crate::error::EngineError;
    use crate::fake::FakeSystem;
    use crate::image::{self, Overrides, Target, sample};
    use std::path::Path;

    const MEMORY: Memory = Memory {
        available: 32 << 20,
        program: 2 << 20,
    };

    fn target(sys: &mut FakeSystem) -> Target {
        let mut target = device::look(sys, Path::new("/nosuch"), None);
        target.board = Some(sample::BOARD.into());
        target
    }

    fn planned(image: &mut impl Read, target: &Target) -> Plan {
        let facts = image::look(image, sample::ERASE as u32).unwrap();
        let checked = image::check(facts, target, &Overrides::default()).unwrap();
        let settings = Settings::Kept {
            bytes: 3000,
            from: "the overlay".into(),
        };
        plan(checked, settings, MEMORY).unwrap()
    }

    fn firmware(sys: &FakeSystem) -> Vec<u8> {
        let mut flash = sys.flash("firmware").unwrap();
        let mut bytes = vec![0; flash.geometry().size as usize];
        flash.read(0, &mut bytes).unwrap();
        bytes
    }

    /// The flash after the image has come twice, the second time perhaps as another.
    fn sent_twice(first: &[u8], second: &[u8]) -> (FakeSystem, Result<(), Error>) {
        let mut sys = FakeSystem::router();
        let target = target(&mut sys);
        let plan = planned(&mut &first[..], &target);
        let Work::Flash(place) = &plan.work else {
            panic!("{plan}");
        };
        let mut input = second;
        let mut same = Same::new(&mut input, plan.image.facts().sha256);
        let settings = Some(&[9; 3000][..]);
        let done = perform::write_once(&plan, place, &mut same, settings, &mut sys, &mut |_| {});
        (sys, done)
    }

    /// All that `sysupgrade --stream -` does to the flash.
    fn sent_once(sys: &mut FakeSystem, bytes: &[u8]) -> Result<(), Error> {
        let target = target(sys);
        let place = target.place.clone().unwrap();
        let mut landed = land(&place, &mut &bytes[..], sys, &mut |_| {})?;
        let looked = image::look(&mut landed, sample::ERASE as u32);
        let facts = looked.map_err(|error| Error::Touched(flash::Error::Source(error)))?;
        let Ok(checked) = image::check(facts, &target, &Overrides::default()) else {
            return Err(Error::Touched(flash::Error::AllBad));
        };
        let settings = Settings::Kept {
            bytes: 3000,
            from: "the overlay".into(),
        };
        let plan = plan(checked, settings, MEMORY).unwrap();
        perform::write(&plan, &mut landed, Some(&[9; 3000]), sys, &mut |_| {})
    }

    #[test]
    fn an_image_that_comes_as_a_stream_arrives_as_one_from_a_file() {
        let bytes = sample::image(9000);
        let (expected, done) = sent_twice(&bytes, &bytes);
        done.unwrap();
        let mut sys = FakeSystem::router();
        let target = target(&mut sys);
        let plan = planned(&mut &bytes[..], &target);
        let mut file = io::Cursor::new(&bytes);
        perform::write(&plan, &mut file, Some(&[9; 3000]), &mut sys, &mut |_| {}).unwrap();
        assert!(firmware(&sys) == firmware(&expected));
        let mut sys = FakeSystem::router();
        sent_once(&mut sys, &bytes).unwrap();
        // What was behind the settings may still be there: the first boot erases it.
        let end = 4 * sample::ERASE;
        assert!(firmware(&sys)[..end] == firmware(&expected)[..end]);
    }

    #[test]
    fn what_comes_the_second_time_must_be_the_same_to_the_last_byte() {
        let bytes = sample::image(9000);
        let mut other = bytes.clone();
        *other.last_mut().unwrap() ^= 1;
        for second in [&other[..], &bytes[..9000], &[&bytes[..], b"more"].concat()] {
            let (sys, done) = sent_twice(&bytes, second);
            assert_eq!(done.unwrap_err().exit(), super::super::BROKEN);
            assert_eq!(firmware(&sys)[..sample::ERASE], [0xff; sample::ERASE]);
        }
    }

    #[test]
    fn a_stream_that_is_no_image_touches_nothing() {
        let whole = sample::image(9000);
        let mut damaged = whole.clone();
        damaged[8] ^= 1;
        let short = &whole[..sample::ERASE - 1];
        for bytes in [&damaged[..], short, b"<html>", b"", &sample::gzip(&whole)] {
            let mut sys = FakeSystem::router();
            let error = sent_once(&mut sys, bytes).unwrap_err();
            assert_eq!(error.exit(), super::super::REFUSED, "{error}");
            assert_eq!(sys.power.steps(), 0);
        }
    }

    #[test]
    fn a_bad_stream_or_a_power_cut_leaves_no_kernel_that_starts() {
        let bytes = sample::image(9000);
        let mut sys = FakeSystem::router();
        sent_once(&mut sys, &bytes).unwrap();
        let (whole, steps) = (firmware(&sys), sys.power.steps());
        let mut bad = bytes.clone();
        bad[6000] ^= 1;
        let mut sys = FakeSystem::router();
        assert!(sent_once(&mut sys, &bad).is_err());
        assert_eq!(firmware(&sys)[..sample::ERASE], [0xff; sample::ERASE]);
        let old = sample::kernel(3000);
        for (cut, torn) in (0..steps).flat_map(|cut| [(cut, false), (cut, true)]) {
            let mut sys = FakeSystem::router();
            sys.flash("firmware").unwrap().fill(0, &old);
            let before = firmware(&sys);
            sys.power.cut_after(cut, torn);
            // It fails, or it is done.
            let _ = sent_once(&mut sys, &bytes);
            sys.power.on();
            let after = firmware(&sys);
            let starts = after
                .first_chunk()
                .and_then(uimage::Header::parse)
                .is_some();
            let fine = after == whole || after == before || !starts;
            assert!(fine, "cut after {cut}, torn {torn}");
        }
    }
}
