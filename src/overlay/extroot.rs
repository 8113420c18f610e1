//! Settings on another disk (extroot), as `/etc/config/fstab` asks for them: in place of the
//! overlay, or of all of `/`.
//!
//! OpenWrt's `block` does this in a normal boot and never in failsafe mode, where somebody who
//! repairs the settings on flash would wonder why nothing changes. The trap: a disk that is not
//! there, or belongs to another firmware, must not cost the settings that are.

use super::perform::{below, perform};
use super::start::{self, ASIDE};
use super::{Step, View, old};
use crate::disk::named::{Named, named};
use crate::sys::{System, UnmountFlags};
use crate::uci::{Package, Reading, Section, Value, parse_package};
use std::path::{Path, PathBuf};

/// A disk that fstab wants in place of the overlay or of all of `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extroot {
    /// `/` or `/overlay`.
    pub target: &'static str,
    /// How fstab names the disk: `UUID=...`, `LABEL=...` or a device.
    pub disk: String,
    /// The type of file system that fstab names.
    fstype: Option<&'static str>,
    /// Seconds to wait for the disk.
    delay_s: u32,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No fstab asks for one.
    None,
    /// The steps that put it in its place, and what to say.
    Taken(Vec<Step>, String),
    /// Why the settings on flash are used.
    Refused(String),
}

/// How it is wanted.
#[derive(Clone, Copy)]
pub struct Wish {
    /// Nothing on it may change.
    pub read_only: bool,
    /// The settings on flash are mounted, and give way.
    pub instead: bool,
}

/// Where the disk is mounted first.
const EXTROOT: &str = "/tmp/extroot";
/// Longer than this no boot waits.
const LONGEST_S: u32 = 120;
/// Looks for a disk in a second.
pub const LOOKS: u32 = 5;
/// The types of file system that are mounted by their names, beside those that are recognised.
const TYPES: [(&str, &str); 8] = [
    ("ext4", "ext4"),
    ("ext3", "ext4"),
    ("ext2", "ext4"),
    ("f2fs", "f2fs"),
    ("btrfs", "btrfs"),
    ("ubifs", "ubifs"),
    ("ntfs3", "ntfs3"),
    ("ntfs", "ntfs"),
];

/// The first disk that the fstab of the data file system asks for (if `data`: it is mounted), or
/// that of the root.
pub fn find(root: &Path, view: &View, data: bool) -> Option<Extroot> {
    let dir = view.mounted.as_ref().map(|mounted| &*mounted.target);
    let dir = below(root, dir.unwrap_or(Path::new(ASIDE)));
    let data = data.then(|| dir.join("upper"));
    let roots = data.into_iter().chain([root.to_owned()]);
    roots
        .filter_map(|dir| std::fs::read(dir.join("etc/config/fstab")).ok())
        .find_map(|text| wanted(&text))
}

/// Mounts it, if fstab asks for one; `pause` waits for a [`LOOKS`]th of a second.
pub fn take(
    sys: &mut dyn System,
    root: &Path,
    view: &View,
    wish: Wish,
    pause: &mut dyn FnMut(),
) -> Outcome {
    let Some(wanted) = find(root, view, wish.instead) else {
        return Outcome::None;
    };
    let (disk, target) = (&wanted.disk, wanted.target);
    let refused = |why: String| {
        Outcome::Refused(format!(
            "fstab puts {target} on {disk} (extroot): {why}; going on without it"
        ))
    };
    let mut looks = 0;
    let (node, fstype) = loop {
        match locate(sys, root, &wanted) {
            Some(found) => break found,
            None if looks == wanted.delay_s * LOOKS => {
                let waited = wanted.delay_s;
                return refused(format!("no such disk after {waited} seconds"));
            }
            None => {
                looks += 1;
                pause();
            }
        }
    };
    let dir = Path::new(EXTROOT);
    let steps = [
        Step::MakeDir(dir.into()),
        start::mount_device(node.clone(), fstype, dir, wish.read_only),
    ];
    if let Err(error) = perform(&steps, sys, root, &mut |_| Ok(())) {
        return refused(error.to_string());
    }
    let note = view.booting && !wish.read_only;
    let doubt = match check(sys, root, note) {
        Ok(doubt) => doubt,
        Err(why) => {
            // What cannot be unmounted is in nobody's way there.
            let _ = sys
                .mounts()
                .unmount(&below(root, dir), UnmountFlags::empty());
            return refused(format!("{}: {why}", node.display()));
        }
    };
    let node = node.display();
    let text = format!("settings are on {node} ({disk}, extroot), as fstab says{doubt}");
    let mut steps = into_place(view, target, wish);
    if wish.read_only && !old::has_upper(&below(root, dir)) {
        old::show_top(&mut steps);
    }
    Outcome::Taken(steps, text)
}

/// The steps that make the mounted disk the overlay or the root.
fn into_place(view: &View, target: &str, wish: Wish) -> Vec<Step> {
    let dir = Path::new(EXTROOT);
    let mut steps = Vec::new();
    if wish.instead {
        let data = view.mounted.as_ref().map(|mounted| &mounted.target);
        let data = data.cloned().unwrap_or_else(|| ASIDE.into());
        steps.push(Step::Unmount(data));
    }
    if target == "/" {
        if !wish.read_only {
            let places = ["rom", "proc", "sys", "dev", "tmp", "overlay"];
            steps.extend(places.map(|name| Step::MakeDir(dir.join(name))));
        }
        steps.push(start::moved(dir, Path::new("/mnt")));
        start::pivot(view, &mut steps);
    } else {
        let data = Path::new(target);
        steps.push(start::moved(dir, data));
        start::switch(data, view, wish.read_only, &mut steps);
    }
    steps
}

/// The node and the type of the file system.
fn locate(sys: &mut dyn System, root: &Path, wanted: &Extroot) -> Option<(PathBuf, &'static str)> {
    let disk = wanted.disk.as_str();
    let names = sys.disks().list().unwrap_or_default();
    for device in names {
        let node = device.node();
        let by_node = Path::new(disk) == node;
        if !by_node && !disk.contains('=') {
            continue;
        }
        let found = of_device(sys, &node);
        let is_it = |found: &Named| match disk.split_once('=') {
            Some(("UUID", uuid)) => found.uuid.eq_ignore_ascii_case(uuid),
            Some(("LABEL", label)) => found.label == label,
            _ => by_node,
        };
        if let Some(found) = found.filter(is_it) {
            return Some((node, found.fstype));
        }
    }
    // Of a kind that we do not know, but fstab does.
    let fstype = wanted
        .fstype
        .filter(|_| below(root, Path::new(disk)).exists())?;
    Some((disk.into(), fstype))
}

fn of_device(sys: &mut dyn System, node: &Path) -> Option<Named> {
    // A disk that cannot be read is not the one.
    let mut disk = sys.disks().open(node, false).ok()?;
    named(&mut *disk).ok().flatten()
}

/// Whether the mounted disk belongs to this firmware, as its tags say: with `.extroot-default`
/// the UUID of the root must be that in `.extroot-uuid`, which the first boot writes.
fn check(sys: &mut dyn System, root: &Path, note: bool) -> Result<&'static str, String> {
    let dir = below(root, Path::new(EXTROOT)).join("etc");
    if !dir.join(".extroot-default").exists() {
        return Ok("");
    }
    let device = sys.disks().below(root).ok().flatten();
    let root_uuid = device.and_then(|name| of_device(sys, &Path::new("/dev").join(name)));
    let tag = dir.join(".extroot-uuid");
    let text = std::fs::read_to_string(&tag).unwrap_or_default();
    match (root_uuid, text.trim()) {
        (None, _) => Ok("; whether it belongs to this firmware cannot be told"),
        (Some(own), "") => {
            if note && std::fs::write(tag, own.uuid).is_err() {
                return Ok("; it cannot be marked as belonging to this firmware");
            }
            Ok("")
        }
        (Some(own), other) if own.uuid.eq_ignore_ascii_case(other) => Ok(""),
        (Some(own), other) => Err(format!(
            "UUID mismatch (root: {}, extroot: {other})",
            own.uuid
        )),
    }
}

/// The first that this fstab asks for.
pub fn wanted(text: &[u8]) -> Option<Extroot> {
    let (package, _) = parse_package(b"fstab", text, Reading::Lenient).ok()?;
    let mut found = package.sections.iter().find_map(of_section)?;
    found.delay_s = delay(&package).unwrap_or(0).min(LONGEST_S);
    Some(found)
}

fn delay(package: &Package) -> Option<u32> {
    let mut delays = package.sections.iter();
    delays.find_map(|section| value(section, b"delay_root")?.parse().ok())
}

fn value(section: &Section, option: &[u8]) -> Option<String> {
    match section.value(option) {
        Some(Value::Text(value)) => Some(String::from_utf8_lossy(value).into_owned()),
        _ => None,
    }
}

fn of_section(section: &Section) -> Option<Extroot> {
    let value = |option: &[u8]| value(section, option);
    let enabled = value(b"enabled").is_none_or(|word| word != "0");
    if section.kind != b"mount" || !enabled {
        return None;
    }
    let target = value(b"target")?;
    let target = ["/", "/overlay"]
        .into_iter()
        .find(|known| target == *known)?;
    let named = |option: &[u8], prefix| Some(format!("{prefix}{}", value(option)?));
    let disk = named(b"uuid", "UUID=")
        .or_else(|| named(b"label", "LABEL="))
        .or_else(|| named(b"device", ""))?;
    let fstype = value(b"fstype").unwrap_or_default();
    let known = TYPES.iter().find(|(name, _)| *name == fstype);
    Some(Extroot {
        target,
        disk,
        fstype: known.map(|(_, fstype)| *fstype),
        delay_s: 0,
    })
}

#[test]
fn a_mount_of_fstab_over_the_root_is_an_extroot() {
    let check = |options: &str, expected: Option<(&'static str, &str)>| {
        let text = format!("config global\n\toption delay_root 15\n\nconfig mount\n{options}");
        let expected = expected.map(|(target, disk)| Extroot {
            target,
            disk: disk.into(),
            fstype: None,
            delay_s: 15,
        });
        assert_eq!(wanted(text.as_bytes()), expected, "{options}");
    };
    let overlay = "option target /overlay\noption uuid 1-2\noption device /dev/sda1\n";
    check(overlay, Some(("/overlay", "UUID=1-2")));
    check(
        "option target '/'\noption label data\n",
        Some(("/", "LABEL=data")),
    );
    check(
        "option target /\noption device /dev/sda1\noption enabled 1",
        Some(("/", "/dev/sda1")),
    );
    check(
        "option target /\noption device /dev/sda1\noption enabled 0",
        None,
    );
    check("option target /mnt\noption device /dev/sda1\n", None);
    check("option target /\n", None);
    assert_eq!(wanted(b"config \xff'"), None);
}
