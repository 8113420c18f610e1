//! The steps that change UBI volumes and disks.

use super::perform::below;
use super::{Error, Step};
use crate::disk::{area, kept};
use crate::flash::{self, ubi};
use crate::sys::{Disk, System, VolumeId};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Carries out one of them.
pub(super) fn perform(step: &Step, sys: &mut dyn System, root: &Path) -> Result<(), Error> {
    let failed = |source| Error::Step {
        step: step.to_string(),
        source,
    };
    match step {
        Step::EmptyVolume(id) => empty_volume(sys, *id).map_err(on(&id.node())),
        Step::MarkDisk { node, offset, all } => on_disk(sys, node, &mut |disk| {
            if *all {
                kept::forget(disk, *offset)?;
            }
            area::mark_void(disk, *offset)
        }),
        Step::Keep {
            node,
            offset,
            from,
            to,
        } => on_disk(sys, node, &mut |disk| kept::keep(disk, *offset, *from, *to)),
        Step::Forget { node, offset } => {
            on_disk(sys, node, &mut |disk| kept::forget(disk, *offset))
        }
        Step::AttachLoop { attached, writable } => {
            let disks = sys.disks();
            disks.attach_loop(attached, *writable).map_err(failed)
        }
        Step::PutArchive {
            node,
            offset,
            length,
            dir,
        } => {
            let dir = below(root, dir);
            let disk = sys.disks().open(node, false).map_err(failed)?;
            put_archive(disk, (*offset, *length), &dir).map_err(on(node))
        }
        Step::Format {
            fstype,
            node,
            label,
            limit,
        } => {
            let disks = sys.disks();
            disks.format(fstype, node, label, *limit).map_err(failed)
        }
        _ => Ok(()),
    }
}

fn on(node: &Path) -> impl FnOnce(flash::Error) -> Error {
    let node = node.to_string_lossy().into_owned();
    move |error| Error::Flash(error.on(node))
}

/// What the volume held is gone at once, and the next mount makes an empty file system.
fn empty_volume(sys: &mut dyn System, id: VolumeId) -> Result<(), flash::Error> {
    let write = |source| flash::Error::Io {
        verb: "empty",
        offset: 0,
        source,
    };
    sys.ubi().update(id, 0, &mut io::empty()).map_err(write)?;
    let volumes = sys.ubi().volumes().map_err(flash::Error::Open)?;
    let Some(volume) = volumes.iter().find(|volume| volume.id == id) else {
        return Err(flash::Error::Mismatch { offset: 0 });
    };
    match ubi::identify(sys.ubi(), volume)? {
        ubi::Content::Blank => Ok(()),
        _ => Err(flash::Error::Mismatch { offset: 0 }),
    }
}

/// Opens a disk for writing and names it in what fails.
fn on_disk(
    sys: &mut dyn System,
    node: &Path,
    work: &mut dyn FnMut(&mut dyn Disk) -> Result<(), flash::Error>,
) -> Result<(), Error> {
    let disk = sys.disks().open(node, true).map_err(flash::Error::Open);
    disk.and_then(|mut disk| work(&mut *disk)).map_err(on(node))
}

/// The archive gets its name when all of it is on the disk.
fn put_archive(
    mut disk: Box<dyn Disk>,
    (offset, length): (u64, u64),
    dir: &Path,
) -> Result<(), flash::Error> {
    let new = dir.join(".sysupgrade.tgz.new");
    let mut file = File::create(&new).map_err(flash::Error::Source)?;
    area::copy_archive(&mut *disk, offset, length, &mut file)?;
    let named = file
        .sync_all()
        .and_then(|()| fs::rename(new, dir.join("sysupgrade.tgz")));
    named.map_err(flash::Error::Source)
}
