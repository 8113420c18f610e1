//! Members of a tar onto the partitions of an eMMC, which are known by their names; an image tree
//! onto the one for the kernel.

use super::Error;
use super::sectors::{HEAD, Step};
use super::source::Part;
use crate::image::Facts;
use crate::image::body::Content;
use crate::image::check::CardPlace;

/// The partition for data; without it they lie behind the root file system.
const DATA: &str = "rootfs_data";
/// The data behind a root file system begin at a multiple of this.
const ROUNDING: u64 = 64 * 1024;
/// Less than this is no room for a file system.
const LEAST: u64 = 1024 * 1024;

/// Decides what is done; `archive`: bytes of the settings.
///
/// # Errors
/// [`Error::NoWriter`], [`Error::NoHome`], [`Error::NoSpace`].
pub fn plan(facts: &Facts, cards: &[CardPlace], archive: Option<u64>) -> Result<Vec<Step>, Error> {
    // By the names of partitions; of a card with an image tree that is all.
    let members: Vec<(&str, Part, Option<u64>)> = match &facts.content {
        Content::Tar(tar) => tar
            .members()
            .map(|(name, member)| {
                let part = Part {
                    offset: member.offset,
                    length: member.length,
                };
                let root = member.body.root.map(|root| root.system.length());
                (name, part, root)
            })
            .collect(),
        Content::Fit(fit) => {
            let length = fit.length;
            vec![("kernel", Part { offset: 0, length }, None)]
        }
        _ => return Err(Error::NoWriter(facts.container)),
    };
    let card = |label: &str| {
        let card = cards.iter().find(|card| card.label == label);
        card.ok_or(Error::NoWriter(facts.container))
    };
    let mut steps = Vec::new();
    let mut area = cards.iter().find(|card| card.label == DATA).map(|c| (c, 0));
    for (name, part, root) in members {
        let label = if name == "root" { "rootfs" } else { name };
        let card = card(label)?;
        if name == "kernel" {
            let head = part.length.min(HEAD);
            steps.insert(0, Step::Blank(card.device.clone(), head));
        }
        if name == "root" {
            let start = root.and_then(|end| end.checked_next_multiple_of(ROUNDING));
            area = area.or(start.map(|start| (card, start)));
        }
        steps.push(match name {
            "kernel" => Step::HeadLast(card.device.clone(), part),
            _ => Step::Write(card.device.clone(), 0, part),
        });
    }
    let room = area.map(|(card, start)| (card, start, card.size.saturating_sub(start)));
    let kept = match (room.filter(|(.., room)| *room >= LEAST), archive) {
        (None, None) => None,
        (None, Some(_)) => {
            return Err(Error::NoHome(
                "there is no partition for data, and no room behind the root file system",
            ));
        }
        (Some((_, _, room)), Some(bytes)) if bytes + LEAST > room => {
            let needed = bytes + LEAST;
            return Err(Error::NoSpace { needed, room });
        }
        (Some((card, start, _)), Some(_)) => Some(Step::Archive(card.device.clone(), start)),
        (Some((card, start, _)), None) => Some(Step::Void(card.device.clone(), start)),
    };
    // The kernel comes last.
    let last = steps.len().saturating_sub(1);
    steps.splice(last..last, kept);
    Ok(steps)
}
