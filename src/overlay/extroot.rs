//! Settings on another disk (extroot), as `/etc/config/fstab` asks for them.
//!
//! OpenWrt's `block` mounts them in a normal boot. Somebody who repairs the settings on flash
//! would wonder why nothing changes; so the disk is named, and left alone.

use crate::uci::{Reading, Section, Value, parse_package};
use std::path::Path;

/// A disk that a normal boot would take in place of the overlay or of all of `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extroot {
    /// `/` or `/overlay`.
    pub target: &'static str,
    /// How fstab names the disk: `UUID=...`, `LABEL=...` or a device.
    pub disk: String,
}

/// The first that the fstab below `root` asks for.
pub fn find(root: &Path) -> Option<Extroot> {
    let text = std::fs::read(root.join("etc/config/fstab")).ok()?;
    wanted(&text)
}

/// The first that this fstab asks for.
pub fn wanted(text: &[u8]) -> Option<Extroot> {
    let (package, _) = parse_package(b"fstab", text, Reading::Lenient).ok()?;
    package.sections.iter().find_map(of_section)
}

fn of_section(section: &Section) -> Option<Extroot> {
    let value = |option: &[u8]| match section.value(option) {
        Some(Value::Text(value)) => Some(String::from_utf8_lossy(value).into_owned()),
        _ => None,
    };
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
    Some(Extroot { target, disk })
}

#[test]
fn a_mount_of_fstab_over_the_root_is_an_extroot() {
    let check = |options: &str, expected: Option<(&'static str, &str)>| {
        let text = format!("config global\n\toption delay_root 15\n\nconfig mount\n{options}");
        let expected = expected.map(|(target, disk)| Extroot {
            target,
            disk: disk.into(),
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
