//! What comes before the mount of the data volume: erasing what is void, making a file system.

use super::start::{ASIDE, Wish, mount};
use super::{Error, Place, State, Step, View, Volume};
use crate::disk::kept::{self, Kept};
use crate::sys::Loop;
use std::path::PathBuf;

/// What must be done before the data volume can be mounted.
pub(super) fn steps(volume: &Volume, view: &View, wish: Wish) -> Result<Vec<Step>, Error> {
    let state = volume.state.unwrap_or(State::Foreign);
    let not_ours = || Error::NotOurs {
        volume: volume.name.clone(),
        state,
        rescue: volume.rescue(),
    };
    use State::{AllBad, Damaged, Foreign, Snapshot};
    if matches!(state, Snapshot | Foreign | AllBad | Damaged { .. }) {
        return Err(not_ours());
    }
    match &volume.place {
        Place::Mtd { number } => {
            let from = match state {
                State::Void | State::Torn => 0,
                State::Jffs2 {
                    void_from: Some(offset),
                } => offset,
                _ => return Ok(Vec::new()),
            };
            let number = *number;
            match wish.read_only {
                true => Err(not_ours()),
                false => Ok(vec![Step::Wipe { number, from }]),
            }
        }
        Place::Ubi(_) if wish.read_only && state != State::Ubifs => Err(not_ours()),
        Place::Ubi(id) => {
            let torn = state == State::Torn;
            Ok(torn.then_some(Step::EmptyVolume(*id)).into_iter().collect())
        }
        Place::Disk { .. } => disk(volume, state, view, wish),
    }
}

fn disk(volume: &Volume, state: State, view: &View, wish: Wish) -> Result<Vec<Step>, Error> {
    let attach = attach(volume, !wish.read_only);
    if matches!(state, State::Ext4 | State::F2fs) {
        return Ok(attach.into_iter().collect());
    }
    let device = volume.device();
    if wish.read_only || !(view.booting || wish.repair) {
        return Err(Error::Unformatted { device, state });
    }
    let fstype = volume.fstype();
    if !volume.fresh.as_ref().is_some_and(|fresh| fresh.possible) {
        return Err(Error::NoFormatter { device, fstype });
    }
    let waiting = waiting(volume, state)?;
    // What an interrupted mkfs leaves must be void, too.
    let mark = mark(volume, false);
    let format = Step::Format {
        fstype,
        node: device,
        label: volume.name.clone(),
        limit: waiting.limit,
    };
    let steps = waiting.before.into_iter().chain(mark).chain(attach);
    let mut steps: Vec<Step> = steps.chain([format]).collect();
    if let Some(archive) = waiting.archive {
        steps.extend(put(volume, archive));
    }
    Ok(steps)
}

/// Settings that an upgrade has left where the file system goes.
#[derive(Default)]
struct Waiting {
    /// Takes them out of its way.
    before: Option<Step>,
    /// Where it must end.
    limit: Option<u64>,
    /// Where they are when it is made.
    archive: Option<Kept>,
}

/// At every moment the settings lie in one piece outside of the file system or in it.
fn waiting(volume: &Volume, state: State) -> Result<Waiting, Error> {
    let (
        Place::Disk { node, offset, .. },
        State::Archive {
            offset: from,
            length,
            kept,
        },
    ) = (&volume.place, state)
    else {
        return Ok(Waiting::default());
    };
    let at = match kept {
        true => Some(from),
        false => kept::place(volume.size, length).filter(|at| at - from.min(*at) >= length),
    };
    let to = at.map(|offset| Kept { offset, length });
    let to = to.ok_or_else(|| Error::NoRoom {
        device: volume.device(),
        length,
    })?;
    let before = Step::Keep {
        node: node.clone(),
        offset: *offset,
        from,
        to,
    };
    Ok(Waiting {
        before: (!kept).then_some(before),
        limit: Some(to.offset),
        archive: Some(to),
    })
}

/// Puts settings into the new file system, and forgets them when they are there.
fn put(volume: &Volume, archive: Kept) -> Vec<Step> {
    let Place::Disk { node, offset, .. } = &volume.place else {
        return Vec::new();
    };
    let dir = PathBuf::from(ASIDE);
    vec![
        Step::MakeDir(dir.clone()),
        mount(volume, &dir, false),
        Step::PutArchive {
            node: node.clone(),
            offset: offset + archive.offset,
            length: archive.length,
            dir: dir.clone(),
        },
        // Whole on the disk, and nobody writes beside a file system that is mounted.
        Step::Unmount(dir),
        Step::Forget {
            node: node.clone(),
            offset: *offset,
        },
    ]
}

/// The loop device before a volume, unless it needs none or has it already.
pub fn attach(volume: &Volume, writable: bool) -> Option<Step> {
    let Place::Disk {
        node,
        offset,
        through: Some(through),
    } = &volume.place
    else {
        return None;
    };
    let attached = Loop {
        node: through.node.clone(),
        file: node.clone(),
        offset: *offset,
    };
    (!through.attached).then_some(Step::AttachLoop { attached, writable })
}

/// The mark that an area of a disk is void; `all`: with the settings that wait at its end.
pub(super) fn mark(volume: &Volume, all: bool) -> Option<Step> {
    match &volume.place {
        Place::Disk { node, offset, .. } => Some(Step::MarkDisk {
            node: node.clone(),
            offset: *offset,
            all,
        }),
        _ => None,
    }
}
