//! The image as it is read again and again by those who write it in parts, and the settings
//! onto a file system that is mounted for it.

use super::perform::{Tell, other_file};
use super::plan::Work;
use super::{Error, Left};
use super::{sectors, volumes};
use crate::archive::gzip::Gunzip;
use crate::flash::{self, Failed};
use crate::image::Facts;
use crate::sys::{MountFlags, System, UnmountFlags};
use flate2::Crc;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// What is read, written and compared at a time.
pub const PIECE: usize = 64 * 1024;
/// The archive as the first boot looks for it.
const NAME: &str = "sysupgrade.tgz";

/// A file that can be read from anywhere.
pub trait Seekable: Read + Seek {}
impl<T: Read + Seek> Seekable for T {}

/// Bytes of the content of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where they begin.
    pub offset: u64,
    /// How many there are.
    pub length: u64,
}

/// An image that is read in parts.
pub struct Image<'a> {
    /// The file.
    pub file: &'a mut dyn Seekable,
    /// What was found in it.
    pub facts: &'a Facts,
}

/// Reads from a device at an offset.
pub type ReadAt<'a> = dyn FnMut(u64, &mut [u8]) -> Result<(), flash::Error> + 'a;
/// Takes bytes of a part: their offset in it, and they themselves.
pub type Take<'a> = dyn FnMut(u64, &[u8]) -> Result<(), flash::Error> + 'a;

impl Image<'_> {
    /// The bytes of a part, unpacked.
    ///
    /// # Errors
    /// What the file answers; an image that ends before the part begins.
    pub fn part(&mut self, part: Part) -> io::Result<Box<dyn Read + '_>> {
        let Some(packed) = &self.facts.packed else {
            self.file.seek(SeekFrom::Start(part.offset))?;
            return Ok(Box::new((&mut *self.file).take(part.length)));
        };
        self.file.seek(SeekFrom::Start(0))?;
        let mut content = Gunzip::new((&mut *self.file).take(packed.length));
        let skipped = io::copy(&mut (&mut content).take(part.offset), &mut io::sink())?;
        match skipped == part.offset {
            true => Ok(Box::new(content.take(part.length))),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Whether the file is the one that was checked.
    ///
    /// # Errors
    /// [`Error::Flash`].
    fn unchanged(&mut self) -> Result<(), Error> {
        let failed = |error| Error::Flash(flash::Error::Source(error));
        let expected = self.facts.crc;
        let length = self.facts.written.min(self.facts.payload);
        let mut crc = Crc::new();
        let mut content = self.part(Part { offset: 0, length }).map_err(failed)?;
        let mut buf = vec![0; PIECE];
        let mut left = length;
        while left > 0 {
            let count = content.read(&mut buf).map_err(failed)?;
            if count == 0 {
                return Err(failed(io::ErrorKind::UnexpectedEof.into()));
            }
            crc.update(&buf[..count]);
            left -= count as u64;
        }
        match crc.sum() == expected {
            true => Ok(()),
            false => Err(failed(other_file())),
        }
    }

    /// Gives the bytes of a part in pieces, each with its offset in the part.
    ///
    /// # Errors
    /// What `take` answers, or that the file cannot be read.
    pub fn each(&mut self, part: Part, take: &mut Take<'_>) -> Result<(), flash::Error> {
        let mut content = self.part(part).map_err(flash::Error::Source)?;
        let mut buf = vec![0; PIECE];
        let mut at = 0;
        while at < part.length {
            let count = (part.length - at).min(PIECE as u64) as usize;
            let piece = &mut buf[..count];
            content.read_exact(piece).map_err(flash::Error::Source)?;
            take(at, piece)?;
            at += count as u64;
        }
        Ok(())
    }

    /// Compares a part with what a device has.
    ///
    /// # Errors
    /// [`flash::Error::Mismatch`] with the first offset on the device that differs.
    pub fn compare(&mut self, part: Part, read: &mut ReadAt<'_>) -> Result<(), flash::Error> {
        let mut back = vec![0; PIECE];
        self.each(part, &mut |at, piece| {
            let back = &mut back[..piece.len()];
            read(at, back)?;
            match back.iter().zip(piece).position(|(a, b)| a != b) {
                None => Ok(()),
                Some(place) => Err(flash::Error::Mismatch {
                    offset: at + place as u64,
                }),
            }
        })
    }
}

/// Everything that is not one piece of flash.
///
/// # Errors
/// [`Error::Flash`] and [`Error::Device`].
pub fn write(
    work: &Work,
    facts: &Facts,
    file: &mut dyn Seekable,
    settings: Option<&[u8]>,
    sys: &mut dyn System,
    tell: Tell<'_>,
) -> Result<(), Error> {
    let mut image = Image { file, facts };
    image.unchanged()?;
    if let Work::Sectors(steps) = work {
        sectors::check(steps, &mut image, settings, sys)?;
    }
    let mut left = Left::Untouched;
    let result = match work {
        // It has a writer of its own.
        Work::Flash(_) => Ok(()),
        Work::Volumes(plan) => volumes::perform(plan, &mut image, settings, sys, tell, &mut left),
        Work::Sectors(steps) => sectors::perform(steps, &mut image, settings, sys, tell, &mut left),
    };
    result.map_err(|failed| Error::Device { failed, left })
}

/// Puts the settings archive onto a file system that nobody else has mounted: whole, or not
/// under its name.
///
/// # Errors
/// With the name of the device.
pub fn plant(
    sys: &mut dyn System,
    device: &Path,
    fstype: &str,
    archive: &[u8],
) -> Result<(), Failed> {
    let shown = || device.display().to_string();
    let failed = |verb| move |error| flash::Error::io(verb, 0)(error);
    let dir = mount_point().map_err(|error| failed("mount")(error).on(shown()))?;
    let mounted = sys
        .mounts()
        .mount(device, &dir, fstype, MountFlags::NOATIME, "");
    let result = match mounted {
        Err(error) => Err(failed("mount")(error)),
        Ok(()) => {
            let written = put(&dir, archive).map_err(failed("write settings"));
            let unmounted = sys.mounts().unmount(&dir, UnmountFlags::empty());
            written.and(unmounted.map_err(failed("unmount")))
        }
    };
    // An empty directory in RAM harms nobody.
    let _ = fs::remove_dir(&dir);
    result.map_err(|error| error.on(shown()))
}

fn put(dir: &Path, archive: &[u8]) -> io::Result<()> {
    let (new, place) = (dir.join(".sysupgrade.new"), dir.join(NAME));
    let mut file = File::create(&new)?;
    file.write_all(archive)?;
    file.sync_all()?;
    drop(file);
    if fs::read(&new)? != archive {
        return Err(io::ErrorKind::InvalidData.into());
    }
    fs::rename(&new, &place)?;
    File::open(dir)?.sync_all()
}

/// A directory of our own to mount on.
fn mount_point() -> io::Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!(".upgrade-{}-{number}", std::process::id());
    let dir = std::env::temp_dir().join(name);
    fs::create_dir(&dir)?;
    Ok(dir)
}
