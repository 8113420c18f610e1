//! The steps that change UBI volumes and disks.

use super::perform::below;
use super::{Error, Step};
use crate::disk::area;
use crate::flash::{self, ubi};
use crate::sys::{System, VolumeId};
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
        Step::MarkDisk { node, offset } => {
            let disk = sys.disks().open(node, true).map_err(flash::Error::Open);
            disk.and_then(|mut disk| area::mark_void(&mut *disk, *offset))
                .map_err(on(node))
        }
        Step::AttachLoop { attached, writable } => {
            let disks = sys.disks();
            disks.attach_loop(attached, *writable).map_err(failed)
        }
        Step::TakeArchive { node, offset, to } => {
            let to = below(root, to);
            let taken = take_archive(sys, node, *offset, &to);
            if taken.is_err() {
                // Half an archive is none; the error says what happened.
                let _ = fs::remove_file(&to);
            }
            taken.map_err(on(node))
        }
        Step::Format {
            fstype,
            node,
            label,
        } => sys.disks().format(fstype, node, label).map_err(failed),
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

fn take_archive(
    sys: &mut dyn System,
    node: &Path,
    offset: u64,
    to: &Path,
) -> Result<(), flash::Error> {
    let mut disk = sys.disks().open(node, false).map_err(flash::Error::Open)?;
    let mut file = File::create(to).map_err(flash::Error::Source)?;
    area::take_archive(&mut *disk, offset, &mut file).map(drop)
}
