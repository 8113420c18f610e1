//! Which ports of a device a person may use for a rescue.
//!
//! What the image or the board says, as long as it is true: a name that no port has is
//! overlooked. Where nobody said anything true, every Ethernet port but the WAN: a shell
//! without a password has no business on a line to the rest of the world.

use super::board::Board;
use std::fmt;
use std::path::Path;

/// A port as boards write it: a device, and the VLAN on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// `eth0`.
    pub device: String,
    /// The number in `eth0.1`.
    pub vlan: Option<u16>,
}

impl Port {
    /// Reads `lan1`, `eth0.1`, `lan2:t`: what follows a colon tells switches how to tag.
    pub fn parse(word: &str) -> Port {
        let word = word.split(':').next().unwrap_or_default();
        let tagged = word.rsplit_once('.').and_then(|(device, vlan)| {
            let vlan: u16 = vlan.parse().ok()?;
            (!device.is_empty() && vlan < 4096).then(|| Port {
                device: device.to_owned(),
                vlan: Some(vlan),
            })
        });
        tagged.unwrap_or_else(|| Port {
            device: word.to_owned(),
            vlan: None,
        })
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.vlan {
            Some(vlan) => write!(f, "{}.{vlan}", self.device),
            None => f.write_str(&self.device),
        }
    }
}

/// An Ethernet port that the kernel has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ethernet {
    /// Its name.
    pub name: String,
    /// It carries the ports of a switch and is no port itself.
    pub is_conduit: bool,
}

/// The Ethernet ports below `root`, in order; no Wi-Fi, nothing virtual.
pub fn ethernet(root: &Path) -> Vec<Ethernet> {
    let entries = std::fs::read_dir(root.join("sys/class/net"));
    let mut found: Vec<Ethernet> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let has = |name: &str| entry.path().join(name).exists();
            let kind = std::fs::read_to_string(entry.path().join("type")).ok()?;
            let is_port =
                kind.trim() == "1" && has("device") && !has("phy80211") && !has("wireless");
            is_port.then_some(Ethernet {
                name: entry.file_name().into_string().ok()?,
                is_conduit: has("dsa"),
            })
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// The ports to use. `named`: what the image or a hook of the board says, above all else;
/// `exists`: whether a device of this name is there.
pub fn choose(
    named: &[Port],
    board: &Board,
    has_swconfig: bool,
    ethernet: &[Ethernet],
    exists: impl Fn(&str) -> bool,
) -> Vec<Port> {
    // Without swconfig the switch's ports are devices of their own, and its VLANs gone.
    let of_board = |word: &String| match Port::parse(word) {
        port if has_swconfig => port,
        port => Port { vlan: None, ..port },
    };
    let board_lan: Vec<Port> = board.lan.iter().map(of_board).collect();
    for said in [named, &board_lan] {
        let true_ones = said.iter().filter(|port| exists(&port.device));
        let mut ports: Vec<Port> = Vec::new();
        for port in true_ones {
            if !ports.contains(port) {
                ports.push(port.clone());
            }
        }
        if !ports.is_empty() {
            return ports;
        }
    }
    let is_wan = |name: &str| {
        name.starts_with("wan")
            || board
                .wan
                .iter()
                .any(|word| Port::parse(word).device == name)
    };
    let plain = |port: &Ethernet| Port {
        device: port.name.clone(),
        vlan: None,
    };
    let usable = ethernet
        .iter()
        .filter(|port| !port.is_conduit && !is_wan(&port.name) && exists(&port.name));
    usable.map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is chosen where these devices exist; a conduit has a `*`.
    fn check(named: &str, lan: &[&str], wan: &[&str], there: &str, expected: &str) {
        let devices: Vec<Ethernet> = there
            .split_whitespace()
            .map(|word| Ethernet {
                name: word.trim_end_matches('*').to_owned(),
                is_conduit: word.ends_with('*'),
            })
            .collect();
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let board = Board {
            lan: words(lan),
            wan: words(wan),
            ..Board::default()
        };
        let named: Vec<Port> = named.split_whitespace().map(Port::parse).collect();
        let exists = |name: &str| devices.iter().any(|device| device.name == name);
        let chosen = choose(&named, &board, false, &devices, exists);
        let shown: Vec<String> = chosen.iter().map(Port::to_string).collect();
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn all_lan_ports_are_used_not_only_the_first() {
        check(
            "",
            &["10g-sfp", "lan1", "lan2"],
            &["wan"],
            "eth0* 10g-sfp lan1 lan2 wan",
            "10g-sfp lan1 lan2",
        );
        check("", &[], &[], "eth0* lan1 lan2 wan", "lan1 lan2");
        check("", &[], &[], "eth0 eth1", "eth0 eth1");
    }

    #[test]
    fn names_that_are_wrong_do_not_lock_anybody_out() {
        check("eth9", &[], &[], "eth0 eth1", "eth0 eth1");
        check("eth9 eth1", &["eth0"], &[], "eth0 eth1", "eth1");
        check("", &["lan1"], &["eth1"], "eth0 eth1", "eth0");
        // lan10 is not lan1.
        check("", &["lan1"], &[], "lan10 eth0", "lan10 eth0");
    }

    #[test]
    fn the_wan_port_is_never_used_unless_the_image_says_so() {
        check("", &[], &["eth1.2"], "eth0 eth1", "eth0");
        check("", &[], &[], "wan", "");
        check("wan", &[], &[], "wan lan1", "wan");
    }

    #[test]
    fn vlans_and_tags_are_understood() {
        check("eth0.7", &[], &[], "eth0", "eth0.7");
        check("", &["lan1:t", "lan1.3"], &[], "lan1", "lan1");
        let port = |word| Port::parse(word).to_string();
        assert_eq!(port("eth0.1:t"), "eth0.1");
        assert_eq!(Port::parse("eth0.9999").device, "eth0.9999");
        let (named, board) = (
            vec![],
            Board {
                lan: vec!["eth0.1".into()],
                ..Board::default()
            },
        );
        let chosen = choose(&named, &board, true, &[], |name| name == "eth0");
        assert_eq!(chosen[0].vlan, Some(1));
    }

    #[test]
    fn wireless_and_virtual_devices_are_no_ports() {
        let root = std::env::temp_dir().join(format!("safebox-ports-{}", std::process::id()));
        let put = |device: &str, kind: &str, folders: &[&str]| {
            let path = root.join("sys/class/net").join(device);
            std::fs::create_dir_all(&path).unwrap();
            std::fs::write(path.join("type"), kind).unwrap();
            folders
                .iter()
                .for_each(|f| std::fs::create_dir(path.join(f)).unwrap());
        };
        put("eth0", "1\n", &["device", "dsa"]);
        put("lan1", "1\n", &["device"]);
        put("wlan0", "1\n", &["device", "phy80211"]);
        put("br-lan", "1\n", &[]);
        put("lo", "772\n", &[]);
        let found: Vec<_> = ethernet(&root)
            .into_iter()
            .map(|p| (p.name, p.is_conduit))
            .collect();
        assert_eq!(
            found,
            [("eth0".to_owned(), true), ("lan1".to_owned(), false)]
        );
        assert!(ethernet(&root.join("nowhere")).is_empty());
        std::fs::remove_dir_all(&root).unwrap();
    }
}
