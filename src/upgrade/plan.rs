//! What an upgrade will do, decided before any of it is done.

use super::sectors::Step;
use super::{Error, cards, disks, volumes};
use crate::image::CheckedImage;
use crate::image::check::{Destination, Place};
use crate::image::json::Value;
use crate::image::report::{self, text};
use std::fmt;

/// jffs2 refuses writes with fewer free erase blocks than this; the first boot must write.
const FREE_BLOCKS: u64 = 5;
/// Memory beside what is counted: page tables, the shell, the network.
const SLACK: u64 = 1024 * 1024;

/// What is read and compared at a time, and what unpacking takes.
const BUFFERS: u64 = 512 * 1024;

/// What happens to the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settings {
    /// The user does not want them.
    Dropped,
    /// There are none: the data partition is empty or waits for its erasure.
    None,
    /// They are carried over.
    Kept {
        /// Bytes of the archive.
        bytes: u64,
        /// Where they come from, for the reader of the plan.
        from: String,
    },
}

/// What is done to which device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// The image as it is into an MTD partition.
    Flash(Place),
    /// Its parts into UBI volumes.
    Volumes(volumes::Plan),
    /// Its parts onto block devices.
    Sectors(Vec<Step>),
}

/// An upgrade that can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What to write.
    pub image: CheckedImage,
    /// Where, and how.
    pub work: Work,
    /// What becomes of the settings.
    pub settings: Settings,
}

/// What an upgrade needs beside flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Bytes free now.
    pub available: u64,
    /// Bytes of the program, as often as it will be held beside what is there now.
    pub program: u64,
}

/// Decides.
///
/// # Errors
/// [`Error::NoWriter`], [`Error::Memory`], [`Error::NoRoom`].
pub fn plan(image: CheckedImage, settings: Settings, memory: Memory) -> Result<Plan, Error> {
    let archive = match &settings {
        Settings::Kept { bytes, .. } => Some(*bytes),
        Settings::Dropped | Settings::None => None,
    };
    let work = match image.destination().clone() {
        Destination::Flash(place) => return in_flash(image, place, settings, memory),
        Destination::Ubi(place) => Work::Volumes(volumes::plan(image.facts(), &place, archive)?),
        Destination::Cards(cards) => Work::Sectors(cards::plan(image.facts(), &cards, archive)?),
        Destination::Disk { place, whole } => {
            let keep = archive.is_some();
            Work::Sectors(disks::plan(image.facts(), &place, whole, keep)?)
        }
    };
    memory.suffices(2 * archive.unwrap_or(0) + BUFFERS)?;
    Ok(Plan {
        image,
        work,
        settings,
    })
}

impl Memory {
    /// Whether there is enough to write a piece of flash and an archive of so many bytes behind.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn suffices_for_flash(self, archive: Option<u64>, erase_size: u64) -> Result<(), Error> {
        let area = archive.map_or(0, |bytes| area(bytes, erase_size));
        self.suffices(2 * area + 4 * erase_size)
    }

    /// Whether there is so much beside the program.
    fn suffices(self, beside: u64) -> Result<(), Error> {
        let needed = self.program + beside + SLACK;
        match needed > self.available {
            true => Err(Error::Memory {
                needed,
                available: self.available,
            }),
            false => Ok(()),
        }
    }
}

/// The image as it is, the settings behind it.
fn in_flash(
    image: CheckedImage,
    place: Place,
    settings: Settings,
    memory: Memory,
) -> Result<Plan, Error> {
    let erase_size = u64::from(place.erase_size);
    let archive = match &settings {
        Settings::Kept { bytes, .. } => Some(*bytes),
        Settings::Dropped | Settings::None => None,
    };
    let area = archive.map_or(0, |bytes| area(bytes, erase_size));
    let room = place.room.saturating_sub(image.facts().written);
    let needed = area + FREE_BLOCKS * erase_size;
    if area > 0 && needed > room {
        return Err(Error::NoRoom { needed, room });
    }
    memory.suffices_for_flash(archive, erase_size)?;
    Ok(Plan {
        image,
        work: Work::Flash(place),
        settings,
    })
}

/// Bytes of flash that an archive takes as a jffs2, its marker block included; never less
/// than the real number.
fn area(archive: u64, erase_size: u64) -> u64 {
    // Per 4 KiB a node's header with filler, per block a marker and up to 200 bytes too
    // short for another node.
    let nodes = archive + (archive / 4096 + 2) * 80;
    let usable = erase_size.saturating_sub(12 + 200).max(1);
    // Nodes do not cross blocks, so each block may begin another one.
    let blocks = (nodes + nodes / usable * 80).div_ceil(usable).max(1);
    (blocks + 1) * erase_size
}

impl Plan {
    /// The steps, where there are several.
    fn steps(&self) -> Vec<String> {
        match &self.work {
            Work::Flash(_) => Vec::new(),
            Work::Volumes(plan) => plan.lines(),
            Work::Sectors(steps) => steps.iter().map(Step::to_string).collect(),
        }
    }

    /// The plan for programs.
    pub fn report(&self) -> Value {
        let settings = match &self.settings {
            Settings::Dropped => text("not kept"),
            Settings::None => text("there are none"),
            Settings::Kept { bytes, from } => report::object(vec![
                ("length", report::number(*bytes)),
                ("from", text(from)),
                ("offset", report::number(self.image.facts().written)),
            ]),
        };
        let steps: Vec<Value> = self.steps().iter().map(text).collect();
        let mut all = vec![("valid", Value::Bool(true))];
        all.extend(report::checked(&self.image));
        all.push(("settings", settings));
        if !steps.is_empty() {
            all.push(("steps", Value::Array(steps)));
        }
        report::object(all)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = self.image.facts();
        writeln!(f, "image: {}, {} bytes", facts.container, facts.length)?;
        if let crate::image::look::Info::Metadata(metadata) = &facts.info {
            writeln!(f, "version: {}", metadata.version.escape_debug())?;
            writeln!(f, "boards: {}", metadata.boards.join(" ").escape_debug())?;
        }
        if let Some(root) = facts.root {
            let (offset, length) = (root.offset, root.system.length());
            writeln!(
                f,
                "root file system: {}, {length} bytes at {offset:#x}",
                root.system
            )?;
        }
        let hash: String = facts.sha256.iter().map(|b| format!("{b:02x}")).collect();
        writeln!(f, "sha256: {hash}")?;
        if let Work::Flash(place) = &self.work {
            writeln!(
                f,
                "target: mtd{} \"{}\", {} bytes, erase block {} bytes",
                place.number, place.name, place.room, place.erase_size
            )?;
            writeln!(f, "write: {} bytes, each block read back", facts.written)?;
        }
        for step in self.steps() {
            writeln!(f, "step: {step}")?;
        }
        for fault in self.image.overridden() {
            writeln!(f, "ignored: {fault}")?;
        }
        match &self.settings {
            Settings::Dropped => writeln!(f, "settings: not kept"),
            Settings::None => writeln!(f, "settings: there are none"),
            Settings::Kept { bytes, from } if !matches!(self.work, Work::Flash(_)) => {
                writeln!(f, "settings: kept, {bytes} bytes packed from {from}")
            }
            Settings::Kept { bytes, from } => {
                let at = facts.written;
                writeln!(
                    f,
                    "settings: kept, {bytes} bytes packed from {from}, at {at:#x}"
                )
            }
        }
    }
}
