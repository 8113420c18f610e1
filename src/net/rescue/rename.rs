//! Names that boards give to devices by where they sit (`network_device` with a `path`).
//!
//! The kernel counts Ethernet devices in the order in which it finds them, which may be
//! another with the next kernel.

use crate::net::board::Device;
use std::path::{Path, PathBuf};

/// A device of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name now.
    pub name: String,
    /// Where it sits: below `/sys/devices`, without that.
    pub place: PathBuf,
    /// Which port of its hardware it is.
    pub port: String,
}

/// The devices of the kernel below `root`, in the order of their names.
pub fn look(root: &Path) -> Vec<Found> {
    let devices = std::fs::canonicalize(root.join("sys/devices"));
    let entries = std::fs::read_dir(root.join("sys/class/net"));
    let mut found: Vec<Found> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let place = std::fs::canonicalize(entry.path()).ok()?;
            let port = std::fs::read_to_string(entry.path().join("dev_port"));
            Some(Found {
                name: entry.file_name().into_string().ok()?,
                place: place.strip_prefix(devices.as_ref().ok()?).ok()?.to_owned(),
                port: port.unwrap_or_default().trim().to_owned(),
            })
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// The renames that give every device the board's name, in an order in which no name is ever
/// taken: whoever has it without a right to it moves on to the next free `ethN`.
pub fn plan(wanted: &[Device], mut found: Vec<Found>) -> Vec<(String, String)> {
    let mut renames = Vec::new();
    for device in wanted {
        let Some(path) = &device.path else { continue };
        let sits_here = |found: &&Found| {
            found.place.starts_with(path)
                && device.port.as_ref().is_none_or(|port| *port == found.port)
        };
        let Some(from) = found.iter().find(sits_here).map(|found| found.name.clone()) else {
            continue;
        };
        if from == device.name {
            continue;
        }
        let names: Vec<String> = found.iter().map(|found| found.name.clone()).collect();
        let mut rename = |from: &str, to: &str| {
            let moved = found.iter_mut().filter(|found| found.name == from);
            moved.for_each(|found| found.name = to.to_owned());
            renames.push((from.to_owned(), to.to_owned()));
        };
        if names.contains(&device.name) {
            let is_free = |name: &String| {
                !names.contains(name) && !wanted.iter().any(|other| other.name == *name)
            };
            // So many devices there are not.
            let free = (0..1000).map(|number| format!("eth{number}")).find(is_free);
            rename(&device.name, &free.unwrap_or_default());
        }
        rename(&from, &device.name);
    }
    renames
}

#[test]
fn devices_get_the_names_of_their_places() {
    let found = |name: &str, place: &str, port: &str| Found {
        name: name.into(),
        place: place.into(),
        port: port.into(),
    };
    let device = |name: &str, path: &str, port: Option<&str>| Device {
        name: name.into(),
        path: Some(path.into()),
        port: port.map(str::to_owned),
        mac: None,
    };
    let shown = |wanted: &[Device], found: Vec<Found>| {
        let renames = plan(wanted, found).into_iter();
        renames
            .map(|(from, to)| format!("{from}>{to}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let two = || {
        vec![
            found("eth0", "pci0/1.0/net/eth0", "0"),
            found("eth1", "pci0/2.0/net/eth1", "0"),
        ]
    };
    let right = [device("eth0", "pci0/1.0", None)];
    assert_eq!(shown(&right, two()), "");
    let swapped = [
        device("eth0", "pci0/2.0", None),
        device("eth1", "pci0/1.0", None),
    ];
    assert_eq!(shown(&swapped, two()), "eth0>eth2 eth1>eth0 eth2>eth1");
    let by_port = [device("lan", "pci0/1.0", Some("1"))];
    let ports = vec![
        found("eth0", "pci0/1.0/net/eth0", "0"),
        found("eth1", "pci0/1.0/net/eth1", "1"),
    ];
    assert_eq!(shown(&by_port, ports), "eth1>lan");
    assert_eq!(shown(&[device("eth5", "nowhere", None)], two()), "");
}
