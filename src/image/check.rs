//! Whether an image may be written to this board, and if not, why.
//!
//! A pure function over facts. Every reason is collected, so that the user sees all of them
//! at once.

use super::body::{Body, Content};
use super::container::Container;
use super::disk::{Disk, Partition};
pub use super::fault::Fault;
use super::fit::Fit;
use super::look::{Facts, Info};
use super::metadata::Compat;
use super::tar::{Member, Tar};
use crate::signature::Trust;
use crate::sys::UbiVolume;

/// An MTD partition that an image can go to as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// N of `mtdN`.
    pub number: u32,
    /// Name of the partition.
    pub name: String,
    /// Bytes that can be written, bad blocks deducted.
    pub room: u64,
    /// Erase block in bytes.
    pub erase_size: u32,
    /// Blocks of this chip can be bad.
    pub nand: bool,
    /// A slot that the board does not run from: what runs stays whole.
    pub spare: bool,
}

/// A UBI device whose volumes an image replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UbiPlace {
    /// N of `ubiN`.
    pub device: u32,
    /// The MTD partition below, its room without the headers of UBI.
    pub below: Place,
    /// Bytes of a logical erase block.
    pub block_size: u32,
    /// Bytes that volumes can have once those that an image replaces are gone: `kernel`,
    /// `rootfs`, `rootfs_data`, `fit`.
    pub room: u64,
    /// The MTD partition `kernel`, where the kernel lies in one of its own.
    pub kernel: Option<Place>,
    /// The volumes there are.
    pub volumes: Vec<Resident>,
    /// Logical erase blocks that no volume has.
    pub free: u64,
}

/// A volume, and whether it can go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resident {
    /// The volume.
    pub volume: UbiVolume,
    /// A file system on it is mounted.
    pub in_use: bool,
}

/// A partition of an eMMC that a member of a tar goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardPlace {
    /// Its name in `/dev`.
    pub device: String,
    /// `kernel`, `rootfs`, `dtb`, or `rootfs_data` for the settings.
    pub label: String,
    /// Bytes.
    pub size: u64,
}

/// The disk that the system runs from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskPlace {
    /// Its name in `/dev`.
    pub device: String,
    /// Bytes.
    pub size: u64,
    /// What its partition table holds now.
    pub partitions: Vec<Partition>,
}

/// This board, as far as images are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name, `vendor,model`; None: unknown.
    pub board: Option<String>,
    /// Another name that its maker gave it.
    pub oem_name: Option<String>,
    /// The compatibility of the settings on it.
    pub compat: Compat,
    /// Where an image goes as it is, or why nowhere.
    pub place: Result<Place, String>,
    /// Where volumes go.
    pub ubi: Option<UbiPlace>,
    /// Where members of a tar go.
    pub cards: Vec<CardPlace>,
    /// Where the image of a disk goes.
    pub disk: Option<DiskPlace>,
    /// The board takes signed images alone.
    pub needs_signature: bool,
}

impl Target {
    /// A board of which nothing is known but where images go.
    pub fn new(place: Result<Place, String>) -> Target {
        Target {
            board: None,
            oem_name: None,
            compat: Compat::FIRST,
            place,
            ubi: None,
            cards: Vec::new(),
            disk: None,
            needs_signature: false,
        }
    }
}

/// Where an image goes, and thereby how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Into an MTD partition as it is: [`Content::Raw`], or [`Content::Fit`] with a root file
    /// system behind it.
    Flash(Place),
    /// Into UBI: the members of a [`Content::Tar`], the volume `fit` for a [`Content::Fit`],
    /// `rootfs` for a [`Content::Ubifs`], all of [`UbiPlace::below`] for a [`Content::Ubi`].
    Ubi(UbiPlace),
    /// The members of a [`Content::Tar`], each into the partition with its label (`root` into
    /// `rootfs`), the kernel last; a [`Content::Fit`] into `kernel`; and the one for data.
    Cards(Vec<CardPlace>),
    /// A [`Content::Disk`]. Partitions that are the same on the disk are written one by one.
    Disk {
        /// The disk.
        place: DiskPlace,
        /// The layout differs and the user insists: everything is written, the table too.
        whole: bool,
    },
}

/// What the user wants in spite of everything, or because of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `-F`
    pub force: bool,
    /// `-n`: settings are not kept.
    pub no_settings: bool,
    /// `--ignore-minor-compat-version`
    pub ignore_minor: bool,
    /// `-s`: only with a good signature.
    pub signed_only: bool,
}

/// An image that has passed; only [`check`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedImage {
    facts: Facts,
    destination: Destination,
    overridden: Vec<Fault>,
}

impl CheckedImage {
    /// What the file is.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Where it goes.
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// What the user insisted on ignoring.
    pub fn overridden(&self) -> &[Fault] {
        &self.overridden
    }
}

/// Judges a file for a target.
///
/// # Errors
/// Every reason that was not overridden.
pub fn check(
    facts: Facts,
    target: &Target,
    overrides: &Overrides,
) -> Result<CheckedImage, Vec<Fault>> {
    let mut faults = Vec::new();
    match facts.packed.as_ref().and_then(|packed| packed.fault) {
        Some(fault) => faults.push(Fault::Gzip(fault)),
        None => body(&facts, &mut faults),
    }
    let no_image = matches!(faults.first(), Some(Fault::Container(_)));
    // Who made it for whom does not matter while it is no image at all.
    if !no_image {
        metadata(&facts, target, &mut faults);
        signature(&facts, target, overrides, &mut faults);
    }
    let destination = destination(&facts, target, &mut faults);
    let (overridden, against): (Vec<_>, Vec<_>) = faults
        .into_iter()
        .partition(|fault| fault.is_overridden(overrides));
    match destination {
        Some(destination) if against.is_empty() => Ok(CheckedImage {
            facts,
            destination,
            overridden,
        }),
        _ => Err(against),
    }
}

/// Whether a content is whole and something that boots.
fn body(body: &Body, faults: &mut Vec<Fault>) {
    let length = body.length;
    let truncated = |part, needed| Fault::Truncated {
        part,
        needed,
        length,
    };
    match &body.content {
        Content::Raw => match (&body.kernel, &body.seal) {
            (Some(kernel), _) => {
                let Some(header) = &kernel.header else {
                    return faults.push(Fault::HeaderCrc);
                };
                let needed = super::uimage::HEADER as u64 + u64::from(header.size);
                if needed > length {
                    return faults.push(truncated("kernel", needed));
                }
                if !kernel.data.is_some_and(|sum| sum.is_right()) {
                    faults.push(Fault::DataCrc);
                }
                root(body, true, faults);
            }
            (None, Some(seal)) => {
                if seal.end > length {
                    return faults.push(truncated("part with the checksum", seal.end));
                }
                if seal.is_right != Some(true) {
                    faults.push(Fault::Seal(body.container));
                }
                root(body, true, faults);
            }
            (None, None) => faults.push(Fault::Seal(body.container)),
        },
        Content::Fit(found) => {
            if !fit(found, length, faults) {
                return;
            }
            root(body, false, faults);
        }
        Content::Tar(found) => tar(found, faults),
        Content::Disk(found) => disk(found, length, faults),
        Content::Ubi(found) => faults.extend(found.damaged_at.map(Fault::Ubi)),
        Content::Ubifs(found) => {
            let needed = found.block_size.saturating_mul(found.blocks);
            if needed > length {
                faults.push(truncated("file system", needed));
            }
        }
        Content::Root => root(body, true, faults),
        Content::Other if body.container == Container::Ubifs => {
            faults.push(Fault::System(body.container));
        }
        Content::Other => faults.push(Fault::Container(body.container)),
    }
}

/// The root file system behind a kernel.
fn root(body: &Body, needed: bool, faults: &mut Vec<Fault>) {
    match body.root {
        None if body.content == Content::Root => faults.push(Fault::System(body.container)),
        None if needed => faults.push(Fault::NoRoot),
        None => {}
        Some(root) if root.end() > body.length => faults.push(Fault::Truncated {
            part: "root file system",
            needed: root.end(),
            length: body.length,
        }),
        Some(_) if body.is_covered() => faults.push(Fault::Covered(body.container)),
        Some(_) if !body.padded && body.content != Content::Root => faults.push(Fault::Tail),
        Some(_) => {}
    }
}

/// False: the tree cannot even be read.
fn fit(fit: &Fit, length: u64, faults: &mut Vec<Fault>) -> bool {
    if let Some(fault) = fit.fault {
        faults.push(Fault::Fit(fault));
        return false;
    }
    if fit.length > length {
        faults.push(Fault::Truncated {
            part: "FIT",
            needed: fit.length,
            length,
        });
        return false;
    }
    for image in &fit.images {
        for (algorithm, is_right) in &image.hashes {
            if *is_right == Some(false) {
                faults.push(Fault::FitHash(image.name.clone(), algorithm.clone()));
            }
        }
    }
    true
}

fn tar(tar: &Tar, faults: &mut Vec<Fault>) {
    if let Some(fault) = &tar.fault {
        return faults.push(Fault::Tar(fault.clone()));
    }
    for (name, there) in [
        ("CONTROL", tar.board.is_some()),
        ("kernel", tar.kernel.is_some()),
        ("root", tar.root.is_some()),
    ] {
        if !there {
            faults.push(Fault::NoMember(name));
        }
    }
    // Folders have the comma of a board's name as an underscore.
    let plain = |name: &str| name.replace(',', "_");
    if let Some(board) = &tar.board
        && plain(&tar.folder) != plain(&format!("sysupgrade-{board}"))
    {
        faults.push(Fault::Folder {
            folder: tar.folder.clone(),
            board: board.clone(),
        });
    }
    for (name, member) in tar.members() {
        if member.length == 0 {
            faults.push(Fault::EmptyMember(name));
            continue;
        }
        let mut inside = Vec::new();
        body(&member.body, &mut inside);
        // A member is a part of an image and need not be one that boots.
        let wanted =
            |fault: &Fault| !matches!(fault, Fault::Container(_) | Fault::NoRoot | Fault::Tail);
        let inside = inside.into_iter().filter(wanted);
        faults.extend(inside.map(|fault| Fault::Member(name, Box::new(fault))));
    }
}

fn disk(disk: &Disk, length: u64, faults: &mut Vec<Fault>) {
    if let Some(fault) = disk.fault {
        return faults.push(Fault::Table(fault));
    }
    let beyond = disk.partitions.iter().filter(|p| p.end() > length);
    faults.extend(beyond.map(|partition| Fault::Partition {
        number: partition.number,
        end: partition.end(),
        length,
    }));
}

/// Whether it is for this board.
fn metadata(facts: &Facts, target: &Target, faults: &mut Vec<Fault>) {
    let metadata = match &facts.info {
        Info::Missing => return faults.push(Fault::NoMetadata),
        Info::Damaged(_) => return faults.push(Fault::Damaged),
        Info::Invalid(at) => return faults.push(Fault::InvalidMetadata(*at)),
        Info::Metadata(metadata) => metadata,
    };
    let names = [&target.board, &target.oem_name];
    let supported = names.into_iter().flatten().any(|b| metadata.supports(b));
    match &target.board {
        _ if supported => {}
        None => faults.push(Fault::UnknownBoard(metadata.boards.clone())),
        Some(board) => faults.push(Fault::WrongBoard {
            board: board.clone(),
            boards: metadata.boards.clone(),
        }),
    }
    let (ours, theirs) = (target.compat, metadata.compat);
    let message = || metadata.compat_message.clone();
    if ours.major != theirs.major {
        faults.push(Fault::Major(ours, theirs, message()));
    } else if ours.minor != theirs.minor {
        faults.push(Fault::Minor(ours, theirs, message()));
    }
}

/// Whether somebody who is trusted has signed it, where that matters.
fn signature(facts: &Facts, target: &Target, overrides: &Overrides, faults: &mut Vec<Fault>) {
    let required = target.needs_signature || overrides.signed_only;
    // A signature of somebody unknown says as much as none; a wrong one tells of a change.
    let wrong = matches!(facts.trust, Trust::Wrong(_) | Trust::Revoked(_));
    if wrong || (required && !facts.trust.is_good()) {
        faults.push(Fault::Signature {
            trust: facts.trust.clone(),
            required,
        });
    }
}

/// Where it goes, and whether it fits.
fn destination(facts: &Facts, target: &Target, faults: &mut Vec<Fault>) -> Option<Destination> {
    match &facts.content {
        Content::Tar(tar) => match &target.ubi {
            Some(place) => volumes(tar, place, faults),
            None => cards(tar, target, faults),
        },
        Content::Fit(fit) if facts.root.is_none() => {
            let card = target.cards.iter().find(|card| card.label == "kernel");
            if let (None, Some(card)) = (&target.ubi, card) {
                fits(fit.length, card.size, "the partition kernel", faults);
                let data = target.cards.iter().find(|card| card.label == "rootfs_data");
                return Some(Destination::Cards(
                    [card].into_iter().chain(data).cloned().collect(),
                ));
            }
            let place = needs_ubi(target, "a FIT without a root file system behind it", faults)?;
            fits(fit.length, place.room, "the UBI volume fit", faults);
            Some(Destination::Ubi(place.clone()))
        }
        Content::Ubi(found) => {
            let place = needs_ubi(target, "a UBI image", faults)?;
            let below = &place.below;
            if found.block_size != u64::from(below.erase_size) {
                faults.push(Fault::BlockSize(found.block_size, below.erase_size.into()));
            }
            fits(facts.payload, below.room, &below.name, faults);
            Some(Destination::Ubi(place.clone()))
        }
        Content::Ubifs(_) => {
            let place = needs_ubi(target, "a UBIFS volume", faults)?;
            same_blocks(facts, place, faults);
            fits(facts.payload, place.room, "the UBI volume rootfs", faults);
            Some(Destination::Ubi(place.clone()))
        }
        Content::Disk(disk) => whole_disk(facts, disk, target, faults),
        Content::Root => {
            faults.push(Fault::Container(facts.container));
            None
        }
        Content::Raw | Content::Fit(_) | Content::Other => match &target.place {
            Err(why) => {
                faults.push(Fault::NoPlace(why.clone()));
                None
            }
            Ok(place) => {
                if place.nand {
                    faults.push(Fault::Nand(place.name.clone()));
                } else {
                    fits(facts.written, place.room, &place.name, faults);
                }
                Some(Destination::Flash(place.clone()))
            }
        },
    }
}

fn fits(needed: u64, room: u64, partition: &str, faults: &mut Vec<Fault>) {
    if needed > room {
        faults.push(Fault::TooLarge {
            needed,
            room,
            partition: partition.to_owned(),
        });
    }
}

fn needs_ubi<'a>(target: &'a Target, what: &str, faults: &mut Vec<Fault>) -> Option<&'a UbiPlace> {
    if target.ubi.is_none() {
        faults.push(Fault::NoPlace(format!(
            "{what} goes to UBI, and there is no UBI device"
        )));
    }
    target.ubi.as_ref()
}

/// A UBIFS fits volumes with blocks of one size alone.
fn same_blocks(body: &Body, place: &UbiPlace, faults: &mut Vec<Fault>) {
    if let Content::Ubifs(found) = &body.content
        && found.block_size != u64::from(place.block_size)
    {
        let flash = place.block_size.into();
        faults.push(Fault::BlockSize(found.block_size, flash));
    }
}

fn volumes(tar: &Tar, place: &UbiPlace, faults: &mut Vec<Fault>) -> Option<Destination> {
    let blocks = |member: &Member| {
        let whole = member
            .length
            .checked_next_multiple_of(place.block_size.into());
        whole.unwrap_or(u64::MAX)
    };
    let mut needed = 0_u64;
    for (name, member) in tar.members() {
        match (name, &place.kernel) {
            ("kernel", Some(kernel)) => fits(member.length, kernel.room, &kernel.name, faults),
            _ => needed = needed.saturating_add(blocks(member)),
        }
        same_blocks(&member.body, place, faults);
    }
    fits(needed, place.room, "UBI", faults);
    Some(Destination::Ubi(place.clone()))
}

fn cards(tar: &Tar, target: &Target, faults: &mut Vec<Fault>) -> Option<Destination> {
    let mut places = Vec::new();
    for (name, member) in tar.members() {
        let label = if name == "root" { "rootfs" } else { name };
        match target.cards.iter().find(|card| card.label == label) {
            Some(card) => {
                fits(member.length, card.size, label, faults);
                places.push(card.clone());
            }
            None => faults.push(Fault::NoPlace(format!(
                "a sysupgrade tar goes to UBI or to partitions with names, and there is neither UBI nor a partition {label}"
            ))),
        }
    }
    let data = target.cards.iter().find(|card| card.label == "rootfs_data");
    places.extend(data.cloned());
    Some(Destination::Cards(places))
}

fn whole_disk(
    facts: &Facts,
    disk: &Disk,
    target: &Target,
    faults: &mut Vec<Fault>,
) -> Option<Destination> {
    let Some(place) = &target.disk else {
        faults.push(Fault::NoPlace(
            "this system does not run from a disk with partitions".into(),
        ));
        return None;
    };
    let same = |wanted: &&Partition| {
        place.partitions.iter().any(|there| {
            (there.number, there.start, there.length)
                == (wanted.number, wanted.start, wanted.length)
        })
    };
    let different = disk.partitions.iter().find(|wanted| !same(wanted));
    if let Some(partition) = different {
        faults.push(Fault::Layout(partition.number));
    }
    fits(facts.payload, place.size, &place.device, faults);
    Some(Destination::Disk {
        place: place.clone(),
        whole: different.is_some(),
    })
}
