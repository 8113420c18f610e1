//! Kernel and root file system as UBI volumes.
//!
//! New volumes are made and filled beside the old ones, whose names they then take in one
//! step: the board boots the old system until then and the new one from then on. The old root
//! may be what we run from; it goes with the next upgrade. Where there is no room for both, the
//! old kernel goes first and the new one gets its name last, so that a boot loader never starts
//! half of anything. While the settings are between the old and the new volume for data, the
//! kernel has another name, too: a board without its settings must not boot.

use super::perform::Tell;
use super::source::{Image, Part, plant};
use super::{Error, Left};
use crate::flash::{self, Failed, blocks, erase, write};
use crate::image::Facts;
use crate::image::body::Content;
use crate::image::check::{Place, Resident, UbiPlace};
use crate::sys::{NewVolume, System, UbiVolume};
use std::fmt;
use std::path::Path;

/// Erase blocks that a UBIFS needs to be made and to take a first boot's files.
const LEAST_DATA: u64 = 32;
const DATA: &str = "rootfs_data";
/// What the volumes are called that an image replaces.
const NAMES: [&str; 3] = ["kernel", "rootfs", "fit"];

/// What is done to a UBI device, step by step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    device: u32,
    block_size: u32,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// The first block of the MTD partition with the kernel is erased.
    Invalidate(Place),
    /// A volume goes with all that is in it.
    Remove(String),
    /// All at once.
    Rename(Vec<(String, String)>),
    /// A volume of so many erase blocks.
    Make(String, u64),
    /// A part of the image into a volume; read back.
    Fill(String, Part),
    /// The settings onto the UBIFS of a volume.
    Settings(String),
    /// The kernel into its MTD partition, its first block last; read back.
    Kernel(Place, Part),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Invalidate(place) => {
                write!(
                    f,
                    "mtd{} \"{}\": erase its first block",
                    place.number, place.name
                )
            }
            Step::Remove(name) => write!(f, "remove the volume {name}"),
            Step::Rename(names) => {
                f.write_str("rename at once:")?;
                for (from, to) in names {
                    write!(f, " {from} to {to};")?;
                }
                Ok(())
            }
            Step::Make(name, blocks) => {
                write!(f, "make the volume {name}, {blocks} erase blocks")
            }
            Step::Fill(name, part) => {
                let length = part.length;
                write!(
                    f,
                    "fill the volume {name}, {length} bytes, and read it back"
                )
            }
            Step::Settings(name) => write!(f, "put the settings into the volume {name}"),
            Step::Kernel(place, part) => write!(
                f,
                "mtd{} \"{}\": write {} bytes, the first block last, and read them back",
                place.number, place.name, part.length
            ),
        }
    }
}

impl Plan {
    /// The steps for the reader of the plan.
    pub fn lines(&self) -> Vec<String> {
        let line = |step: &Step| match step {
            Step::Invalidate(_) | Step::Kernel(..) => step.to_string(),
            _ => format!("ubi{}: {step}", self.device),
        };
        self.steps.iter().map(line).collect()
    }
}

/// The parts of an image by the names of their volumes, what the boot loader starts last.
#[derive(Default)]
struct Parts {
    volumes: Vec<(&'static str, Part)>,
    /// For the MTD partition `kernel`.
    kernel: Option<Part>,
    /// The root file system is a UBIFS, where the settings go, too.
    root_is_data: bool,
}

fn parts(facts: &Facts, place: &UbiPlace) -> Result<Parts, Error> {
    let mut parts = Parts::default();
    match &facts.content {
        Content::Tar(tar) => {
            for (name, member) in tar.members() {
                let part = Part {
                    offset: member.offset,
                    length: member.length,
                };
                match name {
                    "kernel" if place.kernel.is_some() => parts.kernel = Some(part),
                    "kernel" => parts.volumes.push(("kernel", part)),
                    "root" => {
                        parts.volumes.push(("rootfs", part));
                        parts.root_is_data = matches!(member.body.content, Content::Ubifs(_));
                    }
                    // Boards with UBI have it in the kernel.
                    _ => {}
                }
            }
        }
        Content::Fit(fit) => parts.volumes.push((
            "fit",
            Part {
                offset: 0,
                length: fit.length,
            },
        )),
        Content::Ubifs(_) => {
            let part = Part {
                offset: 0,
                length: facts.payload,
            };
            parts.volumes.push(("rootfs", part));
            parts.root_is_data = true;
        }
        _ => return Err(Error::NoWriter(facts.container)),
    }
    Ok(parts)
}

fn new(name: &str) -> String {
    name.to_owned() + ".new"
}

fn old(name: &str) -> String {
    name.to_owned() + ".old"
}

/// Decides what is done; `archive`: bytes of the settings.
///
/// # Errors
/// [`Error::NoWriter`], [`Error::NoSpace`], [`Error::InUse`].
pub fn plan(facts: &Facts, place: &UbiPlace, archive: Option<u64>) -> Result<Plan, Error> {
    let parts = parts(facts, place)?;
    let block = u64::from(place.block_size.max(1));
    let blocks = |bytes: u64| bytes.div_ceil(block).max(1);
    let size = |resident: &Resident| resident.volume.size / block;
    let find = |name: &str| place.volumes.iter().find(|r| r.volume.name == name);
    let free_to_go = |resident: &Resident| match resident.in_use {
        true => Err(Error::InUse(resident.volume.name.clone())),
        false => Ok(size(resident)),
    };
    let mut steps = Vec::new();
    let mut gone = Vec::new();
    let mut room = place.free;
    // What an upgrade before this one has left.
    for name in NAMES {
        for left in [new(name), old(name)] {
            match find(&left) {
                None => {}
                // We still run from it: nobody runs from the one that has its name now.
                Some(resident) if resident.in_use => {
                    if let Some(resident) = find(name) {
                        room += free_to_go(resident)?;
                        gone.push(name);
                    }
                }
                Some(resident) => {
                    room += size(resident);
                    steps.push(Step::Remove(left));
                }
            }
        }
    }
    let data = find(DATA);
    if let Some(data) = data {
        room += free_to_go(data)?;
    }
    let needed: u64 = parts.volumes.iter().map(|(_, p)| blocks(p.length)).sum();
    let wanted = needed + LEAST_DATA + archive.map_or(0, blocks);
    // What has to go before the new system is there.
    let head = parts.volumes.last().map_or("", |(name, _)| *name);
    for name in [head, "rootfs"] {
        if wanted > room
            && let Some(resident) = find(name).filter(|r| !r.in_use)
            && !gone.contains(&name)
        {
            room += size(resident);
            gone.push(name);
        }
    }
    if wanted > room {
        return Err(Error::NoSpace {
            needed: wanted * block,
            room: room * block,
        });
    }
    if let Some(kernel) = &place.kernel {
        steps.insert(0, Step::Invalidate(kernel.clone()));
    }
    let is_there = |name: &str| find(name).is_some() && !gone.contains(&name);
    let between = archive.is_some() && data.is_some();
    let hidden = parts.kernel.is_none()
        && is_there(head)
        && (between || (!gone.is_empty() && !gone.contains(&head)));
    if hidden {
        steps.push(Step::Rename(vec![(head.to_owned(), old(head))]));
    }
    steps.extend(gone.iter().map(|name| Step::Remove((*name).to_owned())));
    steps.extend(data.map(|_| Step::Remove(DATA.to_owned())));
    let rest = room - needed;
    let mut still_hidden = hidden;
    if !parts.root_is_data {
        steps.push(Step::Make(DATA.to_owned(), rest));
        steps.extend(archive.map(|_| Step::Settings(DATA.to_owned())));
        if hidden && gone.is_empty() {
            steps.push(Step::Rename(vec![(old(head), head.to_owned())]));
            still_hidden = false;
        }
    }
    let mut names = Vec::new();
    for (name, part) in &parts.volumes {
        let is_data = parts.root_is_data && *name == "rootfs";
        let size = blocks(part.length) + if is_data { rest } else { 0 };
        steps.push(Step::Make(new(name), size));
        steps.push(Step::Fill(new(name), *part));
        if is_data && archive.is_some() {
            steps.push(Step::Settings(new(name)));
        }
        if is_there(name) && !(still_hidden && *name == head) {
            names.push(((*name).to_owned(), old(name)));
        }
        names.push((new(name), (*name).to_owned()));
    }
    steps.push(Step::Rename(names));
    if let (Some(kernel), Some(part)) = (&place.kernel, parts.kernel) {
        steps.push(Step::Kernel(kernel.clone(), part));
    }
    Ok(Plan {
        device: place.device,
        block_size: place.block_size,
        steps,
    })
}

/// Does it.
///
/// # Errors
/// With the device and the offset. `left` tells what is left.
pub fn perform(
    plan: &Plan,
    image: &mut Image<'_>,
    settings: Option<&[u8]>,
    sys: &mut dyn System,
    tell: Tell<'_>,
    left: &mut Left,
) -> Result<(), Failed> {
    for (step, line) in plan.steps.iter().zip(plan.lines()) {
        tell(&line);
        // A volume that could not be removed, renamed or made is there or not as before.
        let is_sudden = matches!(step, Step::Remove(_) | Step::Rename(_) | Step::Make(..));
        let after = match (step.harms(), *left) {
            (true, _) | (_, Left::Broken) => Left::Broken,
            (false, _) => Left::Whole,
        };
        if !is_sudden {
            *left = after;
        }
        one(plan, step, image, settings, sys)?;
        *left = after;
    }
    Ok(())
}

impl Step {
    /// Whether the system that is there misses something afterwards.
    fn harms(&self) -> bool {
        let is_ours = |name: &str| name == DATA || NAMES.contains(&name);
        match self {
            Step::Invalidate(_) | Step::Kernel(..) => true,
            Step::Remove(name) => is_ours(name),
            Step::Rename(names) => names.iter().any(|(from, _)| is_ours(from)),
            Step::Make(..) | Step::Fill(..) | Step::Settings(_) => false,
        }
    }
}

fn one(
    plan: &Plan,
    step: &Step,
    image: &mut Image<'_>,
    settings: Option<&[u8]>,
    sys: &mut dyn System,
) -> Result<(), Failed> {
    match step {
        Step::Invalidate(place) => on_mtd(sys, place, &mut |flash| {
            blocks::unlock(flash);
            let first = blocks::good(flash, 0)?.first().copied();
            erase::one(flash, first.ok_or(flash::Error::AllBad)?)
        }),
        Step::Kernel(place, part) => on_mtd(sys, place, &mut |flash| {
            let options = write::Options {
                length: Some(part.length),
                ..write::Options::default()
            };
            let mut source = image.part(*part).map_err(flash::Error::Source)?;
            write::write(flash, &mut *source, &options, &mut |_| {}).map(|_| ())
        }),
        Step::Remove(name) => on(plan, sys, name, "remove", &mut |sys, volume| {
            if volume.has_block {
                sys.ubi().set_block(volume.id, false)?;
            }
            sys.ubi().remove(volume.id)
        }),
        Step::Rename(names) => {
            let mut ids = Vec::new();
            for (from, to) in names {
                ids.push((find(plan, sys, from)?.id, to.as_str()));
            }
            let renamed = sys.ubi().rename(plan.device, &ids);
            renamed.map_err(|error| flash::Error::io("rename", 0)(error).on(device_of(plan)))
        }
        Step::Make(name, blocks) => {
            let volume = NewVolume {
                name: name.clone(),
                number: None,
                size: blocks * u64::from(plan.block_size),
                is_static: false,
            };
            let made = sys.ubi().make(plan.device, &volume);
            let failed = |error| flash::Error::io("make", 0)(error).on(device_of(plan));
            made.map(|_| ()).map_err(failed)
        }
        Step::Fill(name, part) => {
            let volume = find(plan, sys, name)?;
            let filled = {
                let source = image.part(*part);
                source.and_then(|mut source| sys.ubi().update(volume.id, part.length, &mut source))
            };
            let result = filled.map_err(flash::Error::io("write", 0)).and_then(|()| {
                image.compare(*part, &mut |at, buf| {
                    let read = sys.ubi().read(volume.id, at, buf);
                    read.map_err(flash::Error::io("read", at))
                })
            });
            result.map_err(|error| error.on(volume.id.to_string()))
        }
        Step::Settings(name) => {
            let id = find(plan, sys, name)?.id.to_string();
            plant(sys, Path::new(&id), "ubifs", settings.unwrap_or_default())
        }
    }
}

fn device_of(plan: &Plan) -> String {
    format!("ubi{}", plan.device)
}

/// The volume of this name.
fn find(plan: &Plan, sys: &mut dyn System, name: &str) -> Result<UbiVolume, Failed> {
    let volumes = sys.ubi().volumes();
    let failed = |error| flash::Error::Open(error).on(format!("ubi{}:{name}", plan.device));
    let volumes = volumes.map_err(failed)?;
    let is_meant = |v: &UbiVolume| v.id.device == plan.device && v.name == name;
    let found = volumes.into_iter().find(is_meant);
    found.ok_or_else(|| failed(std::io::ErrorKind::NotFound.into()))
}

fn on(
    plan: &Plan,
    sys: &mut dyn System,
    name: &str,
    verb: &'static str,
    work: &mut dyn FnMut(&mut dyn System, &UbiVolume) -> std::io::Result<()>,
) -> Result<(), Failed> {
    let volume = find(plan, sys, name)?;
    let done = work(sys, &volume);
    done.map_err(|error| flash::Error::io(verb, 0)(error).on(volume.id.to_string()))
}

fn on_mtd(
    sys: &mut dyn System,
    place: &Place,
    work: &mut dyn FnMut(&mut dyn crate::sys::Flash) -> Result<(), flash::Error>,
) -> Result<(), Failed> {
    let result = flash::find(sys, &place.name)
        .and_then(|partition| flash::open(sys, &partition, true))
        .and_then(|mut flash| work(&mut *flash));
    result.map_err(|error| error.on(format!("mtd{} \"{}\"", place.number, place.name)))
}
