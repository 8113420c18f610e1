//! Settings out of a jffs2 that the kernel does not mount, into memory.
//!
//! A damaged block, or a kernel without jffs2, is no reason to give up what can be read. What
//! cannot is told: whoever asked decides whether the rest is good enough.

use crate::archive::{Error as Fault, Extract, Extraction};
use crate::flash;
use crate::flash::jffs2::{Index, Tree};
use crate::sys::System;
use std::path::Path;

/// Damage that is told piece by piece.
const TOLD: usize = 10;

/// What came of it.
pub enum Unpacked {
    /// The files are there; what is damaged or lost.
    Done(Vec<String>),
    /// They do not fit into half of the memory that is free.
    NoMemory,
    /// There is no jffs2.
    Nothing,
}

/// Reads `mtdN` and puts its files below `dir`, which lies in memory.
pub fn unpack(sys: &mut dyn System, number: u32, dir: &Path) -> Unpacked {
    // Half is for the archive and whatever comes then.
    let mut room = sys.machine().memory_available().unwrap_or(u64::MAX) / 2;
    let mut lost = Lost(Vec::new(), 0);
    let opened = flash::find(sys, format!("mtd{number}"))
        .and_then(|partition| flash::open(sys, &partition, false));
    let Ok(mut medium) = opened else {
        return Unpacked::Nothing;
    };
    let index = Index::read(&mut medium, false, &mut |at, what| {
        lost.add(&format!("{what} at {at:#x}"));
    });
    let Ok(index) = index else {
        return Unpacked::Nothing;
    };
    let how = Extract {
        same_owner: rustix::process::geteuid().is_root(),
        same_mode: true,
        ..Extract::default()
    };
    let mut extraction = Extraction::new(dir, how);
    let mut gone = Vec::new();
    let mut tree = Tree {
        index: &index,
        medium: &mut medium,
        trouble: &mut |path| gone.push(path.to_vec()),
    };
    let walked = tree.walk(false, &mut |header, content| {
        // The kernel's scratch directory holds no settings.
        if header.name.starts_with(b"work") {
            return Ok(());
        }
        // A page and an inode of tmpfs for each.
        room = room.checked_sub(header.size + 4096).ok_or(Fault::TooLong)?;
        let name = String::from_utf8_lossy(&header.name).into_owned();
        match extraction.entry(header, content) {
            Err(trouble @ (Fault::Hostile(_) | Fault::File { .. })) => {
                lost.add(&format!("{name}: {trouble}"));
            }
            other => other?,
        }
        if let Some((at, what)) = content.damage() {
            lost.add(&format!("{name}: {what} at {at:#x}: it is not as it was"));
        }
        Ok(())
    });
    for path in gone {
        let name = String::from_utf8_lossy(&path);
        lost.add(&format!("{name}: nothing is left of it"));
    }
    for trouble in extraction.finish() {
        lost.add(&trouble.to_string());
    }
    match walked {
        Ok(()) => Unpacked::Done(lost.told()),
        Err(_) => Unpacked::NoMemory,
    }
}

/// The first of them, and how many there are.
struct Lost(Vec<String>, usize);

impl Lost {
    fn add(&mut self, what: &str) {
        self.1 += 1;
        if self.1 <= TOLD {
            self.0.push(what.into());
        }
    }

    fn told(mut self) -> Vec<String> {
        if self.1 > TOLD {
            self.0
                .push(format!("{} more damaged places", self.1 - TOLD));
        }
        self.0
    }
}
