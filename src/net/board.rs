//! What a board says about its network: `/etc/board.json`, or what the scripts of
//! `/etc/board.d` make of it.
//!
//! The file comes from the image, but from whoever ported the board: anything may be missing
//! or of the wrong kind, and then it is as if nobody had said it.

use super::prefix::parse_mac;
use crate::image::json::Value;

/// A hardware address.
pub type Mac = [u8; 6];

/// What is of use before there is a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// Devices of the LAN, as the board writes them: `lan1`, `eth0.1`, `lan2:t`.
    pub lan: Vec<String>,
    /// Devices of the WAN.
    pub wan: Vec<String>,
    /// Hardware address of the LAN.
    pub lan_mac: Option<Mac>,
    /// What single devices are called and which address they have.
    pub devices: Vec<Device>,
    /// Switches that `swconfig` sets up.
    pub switches: Vec<Switch>,
}

/// An entry of `network_device`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// The name it shall have.
    pub name: String,
    /// Where it sits, below `/sys/devices`; the name is given to what is found there.
    pub path: Option<String>,
    /// Which of several ports at that place: the kernel's `dev_port`.
    pub port: Option<String>,
    /// Its hardware address.
    pub mac: Option<Mac>,
}

/// An entry of `switch`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switch {
    /// `switch0`.
    pub name: String,
    /// Whether it is reset first.
    pub reset: bool,
    /// Whether it keeps VLANs apart.
    pub enable: bool,
    /// The device of each VLAN, counted from 1, and its ports.
    pub vlans: Vec<(String, String)>,
}

impl Switch {
    /// The arguments of the `swconfig` calls that set it up for these devices: the ports of
    /// the LAN are reachable, all others are in no VLAN.
    pub fn commands(&self, lan: &[String]) -> Vec<Vec<String>> {
        let mut commands = Vec::new();
        let mut add = |words: &[&str]| {
            let words = ["dev", &self.name].into_iter().chain(words.iter().copied());
            commands.push(words.map(str::to_owned).collect());
        };
        if self.reset {
            add(&["set", "reset", "1"]);
        }
        add(&["set", "enable_vlan", if self.enable { "1" } else { "0" }]);
        for ((device, ports), number) in self.vlans.iter().zip(1..) {
            if lan.contains(device) {
                add(&["vlan", &i32::to_string(&number), "set", "ports", ports]);
            }
        }
        add(&["set", "apply", "1"]);
        commands
    }
}

/// Reads the file; None if it is not JSON.
pub fn parse(text: &[u8]) -> Option<Board> {
    let root = Value::parse(text).ok()?;
    let network = |name: &str| root.get("network").and_then(|all| all.get(name));
    Some(Board {
        lan: network("lan").map(devices_of).unwrap_or_default(),
        wan: network("wan").map(devices_of).unwrap_or_default(),
        lan_mac: network("lan").and_then(mac_of),
        devices: members(root.get("network_device"))
            .map(|(name, device)| Device {
                name: name.clone(),
                path: word(device, "path"),
                port: word(device, "port"),
                mac: mac_of(device),
            })
            .collect(),
        switches: members(root.get("switch"))
            .map(|(name, switch)| Switch {
                name: name.clone(),
                reset: is_set(switch, "reset"),
                enable: is_set(switch, "enable"),
                vlans: vlans_of(switch),
            })
            .collect(),
    })
}

/// The members of an object; none of anything else.
fn members(value: Option<&Value>) -> impl Iterator<Item = &(String, Value)> {
    let members = match value {
        Some(Value::Object(members)) => members.as_slice(),
        _ => &[],
    };
    members.iter()
}

/// `ports`, or else `device`, which may hold several names.
fn devices_of(interface: &Value) -> Vec<String> {
    let ports = interface.get("ports").map(Value::texts).unwrap_or_default();
    if !ports.is_empty() {
        return ports;
    }
    let device = interface.get("device").or_else(|| interface.get("ifname"));
    let names = device.and_then(Value::text).unwrap_or_default();
    names.split_ascii_whitespace().map(str::to_owned).collect()
}

fn mac_of(value: &Value) -> Option<Mac> {
    parse_mac(value.get("macaddr")?.text()?)
}

/// Text, or the digits of a number: scripts write either.
fn word(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) | Value::Number(text) => Some(text.clone()),
        _ => None,
    }
}

fn is_set(value: &Value, key: &str) -> bool {
    match value.get(key) {
        Some(Value::Bool(set)) => *set,
        Some(Value::String(text) | Value::Number(text)) => text == "1",
        _ => false,
    }
}

fn vlans_of(switch: &Value) -> Vec<(String, String)> {
    let Some(Value::Array(roles)) = switch.get("roles") else {
        return Vec::new();
    };
    let vlan = |role: &Value| Some((word(role, "device")?, word(role, "ports")?));
    roles.iter().filter_map(vlan).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_switches_and_addresses_are_read() {
        let board = parse(
            br#"{"model":{"id":"x"},
            "network":{"lan":{"ports":["lan1","lan2:t"],"macaddr":"02:00:00:00:00:07"},
                       "wan":{"device":"wan"}},
            "network_device":{"eth1":{"path":"platform/x","port":1,"macaddr":"bad"}},
            "switch":{"switch0":{"enable":true,"reset":"1",
                "roles":[{"role":"lan","ports":"0 1 6t","device":"eth0.1"},{"role":"wan"}]}}}"#,
        )
        .unwrap();
        assert_eq!(board.lan, ["lan1", "lan2:t"]);
        assert_eq!(board.wan, ["wan"]);
        assert_eq!(board.lan_mac, Some([2, 0, 0, 0, 0, 7]));
        let device = &board.devices[0];
        assert_eq!((device.name.as_str(), device.mac), ("eth1", None));
        assert_eq!(device.port.as_deref(), Some("1"));
        let switch = &board.switches[0];
        assert!(switch.enable && switch.reset);
        assert_eq!(switch.vlans, [("eth0.1".into(), "0 1 6t".into())]);
        let commands = |lan: &str| {
            let commands = switch.commands(&[lan.to_owned()]);
            commands
                .iter()
                .map(|c| c.join(" "))
                .collect::<Vec<_>>()
                .join(", ")
        };
        assert_eq!(
            commands("eth0.1"),
            "dev switch0 set reset 1, dev switch0 set enable_vlan 1, \
             dev switch0 vlan 1 set ports 0 1 6t, dev switch0 set apply 1"
        );
        assert!(!commands("eth0.2").contains("ports"));
    }

    #[test]
    fn what_is_missing_or_of_the_wrong_kind_was_not_said() {
        assert_eq!(parse(b"lan=eth0"), None);
        assert_eq!(parse(b"{}"), Some(Board::default()));
        let odd = br#"{"network":{"lan":{"ports":7,"device":"eth0.1 eth1"},"wan":[]},
            "switch":[1],"network_device":null}"#;
        let board = parse(odd).unwrap();
        assert_eq!(board.lan, ["eth0.1", "eth1"]);
        assert_eq!((board.wan.len(), board.switches.len()), (0, 0));
    }
}
