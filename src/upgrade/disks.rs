//! An image of a disk onto the disk: partition by partition, or all of it where the user insists.
//!
//! The boot loader in front of the first partition stays: the old one starts the new system, and
//! nothing of ours could repair it. The number of the disk becomes that of the image, with a GUID
//! partition table the GUIDs do: by them the new kernel's command line names the root file system.

use super::Error;
use super::sectors::Step;
use super::source::Part;
use crate::image::Facts;
use crate::image::body::Content;
use crate::image::check::DiskPlace;
use crate::image::disk::SECTOR;

/// Decides what is done.
///
/// # Errors
/// [`Error::NoWriter`], [`Error::NoHome`].
pub fn plan(facts: &Facts, place: &DiskPlace, whole: bool, keep: bool) -> Result<Vec<Step>, Error> {
    let Content::Disk(disk) = &facts.content else {
        return Err(Error::NoWriter(facts.container));
    };
    let device = &place.device;
    let mut steps = vec![Step::Unsign(device.clone())];
    if whole {
        if keep {
            return Err(Error::NoHome(
                "with another partition table there is no partition to put them on",
            ));
        }
        for (offset, length) in [(SECTOR, facts.payload - SECTOR), (0, SECTOR)] {
            steps.push(Step::Write(device.clone(), offset, Part { offset, length }));
        }
        return Ok(steps);
    }
    let separator = match device.ends_with(|last: char| last.is_ascii_digit()) {
        true => "p",
        false => "",
    };
    let name = |number: u32| format!("{device}{separator}{number}");
    let first = disk.partitions.iter().map(|p| p.number).min().unwrap_or(1);
    // What is booted first comes last.
    for partition in disk.partitions.iter().rev() {
        let part = Part {
            offset: partition.start,
            length: partition.length,
        };
        steps.push(Step::Write(name(partition.number), 0, part));
    }
    if keep {
        steps.push(Step::Plant(name(first)));
    }
    if disk.gpt {
        steps.push(Step::Guids(device.clone()));
    }
    steps.push(Step::Sign(device.clone(), disk.id));
    Ok(steps)
}
