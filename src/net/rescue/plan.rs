//! What is missing until a person can reach the device: a pure function of what is there.

use crate::net::board::{Board, Mac};
use crate::net::interface::Address;
use crate::net::link::{Link, iff};
use crate::net::ports::Port;
use crate::net::prefix::Prefix;

/// The bridge over several ports.
pub const BRIDGE: &str = "br-failsafe";

/// One change; devices by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Gives a device its hardware address.
    Mac(String, Mac),
    /// Switches a device on.
    Up(String),
    /// Makes the VLAN of a port.
    AddVlan(Port),
    /// Makes the bridge, with this hardware address.
    AddBridge(Option<Mac>),
    /// Makes a device a port of the bridge.
    Join(String),
    /// Takes the address away from a device.
    Take(String),
    /// Gives a device the address.
    Give(String),
}

/// What the kernel has, and what is wanted.
pub struct World<'a> {
    /// All interfaces.
    pub links: &'a [Link],
    /// All IPv4 addresses.
    pub addresses: &'a [Address],
    /// The ports to use; not all may be there yet.
    pub ports: &'a [Port],
    /// What the board says.
    pub board: &'a Board,
    /// The address to have.
    pub local: Prefix,
    /// Whether the kernel can make bridges.
    pub can_bridge: bool,
}

/// Steps to take, in order; after them, look again. Without steps `device` has it all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What to do.
    pub steps: Vec<Step>,
    /// The device that has the address or shall have it.
    pub device: Option<String>,
}

/// Says what is to be done next.
pub fn plan(world: &World<'_>) -> Plan {
    let mut steps = Vec::new();
    if world.find("lo").is_some_and(|lo| !is_up(lo)) {
        steps.push(Step::Up("lo".to_owned()));
    }
    for port in world.ports {
        world.prepare(port, &mut steps);
    }
    let ready: Vec<&Link> = world
        .ports
        .iter()
        .filter_map(|port| world.find(&port.to_string()))
        .collect();
    let device = match (world.find(BRIDGE), ready.as_slice()) {
        (_, []) => None,
        (Some(bridge), _) if world.can_bridge => {
            let outside = ready.iter().filter(|port| port.master != bridge.index);
            steps.extend(outside.map(|port| Step::Join(port.name.clone())));
            Some(bridge)
        }
        (None, [first, _, ..]) if world.can_bridge => {
            steps.push(Step::AddBridge(world.bridge_mac(first)));
            None
        }
        _ => world.port_with_cable(&ready),
    };
    if let Some(device) = device {
        if !is_up(device) && !steps.contains(&Step::Up(device.name.clone())) {
            steps.push(Step::Up(device.name.clone()));
        }
        // Two devices with one address would have two routes to one network.
        let others = world.holders().filter(|link| link.index != device.index);
        steps.extend(others.map(|link| Step::Take(link.name.clone())));
        if !world.holders().any(|link| link.index == device.index) {
            steps.push(Step::Give(device.name.clone()));
        }
    }
    Plan {
        steps,
        device: device.map(|link| link.name.clone()),
    }
}

impl World<'_> {
    /// The interface of this name.
    pub fn find(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }

    /// The interfaces that have the address.
    fn holders(&self) -> impl Iterator<Item = &Link> {
        let same = |address: &&Address| address.local == self.local;
        let indexes = self.addresses.iter().filter(same).map(|a| a.index);
        indexes.filter_map(|index| self.links.iter().find(|link| link.index == index))
    }

    /// Whether a device has the address.
    pub fn has_address(&self, device: &str) -> bool {
        self.holders().any(|link| link.name == device)
    }

    /// What a port lacks before it can be used: what carries it, itself, its VLAN.
    fn prepare(&self, port: &Port, steps: &mut Vec<Step>) {
        let Some(device) = self.find(&port.device) else {
            return;
        };
        let mut add = |step| {
            if !steps.contains(&step) {
                steps.push(step);
            }
        };
        if !is_up(device) {
            // Only now: a new address on a running port would interrupt its link.
            let mac = self.mac_of(device);
            if let Some(mac) = mac.filter(|mac| mac[..] != device.address[..]) {
                add(Step::Mac(device.name.clone(), mac));
            }
            let carrier = device.lower.filter(|&lower| lower != device.index);
            let carrier = carrier.and_then(|lower| self.links.iter().find(|l| l.index == lower));
            // The inner end of a switch; older kernels do not name the kind. What a veth calls
            // so is somebody else's.
            let on_switch = device.kind.is_empty() || device.kind == "dsa";
            if let Some(carrier) = carrier.filter(|carrier| on_switch && !is_up(carrier)) {
                add(Step::Up(carrier.name.clone()));
            }
            add(Step::Up(device.name.clone()));
        }
        if port.vlan.is_some() {
            match self.find(&port.to_string()) {
                None => add(Step::AddVlan(port.clone())),
                Some(vlan) if !is_up(vlan) => add(Step::Up(vlan.name.clone())),
                Some(_) => {}
            }
        }
    }

    /// The hardware address that the board gives a device.
    fn mac_of(&self, device: &Link) -> Option<Mac> {
        let devices = &self.board.devices;
        let named = devices.iter().find(|named| named.name == device.name);
        let alone = self.ports.len() == 1;
        named
            .and_then(|named| named.mac)
            .or(self.board.lan_mac.filter(|_| alone))
    }

    /// The bridge has the address of the LAN or of its first port, so that it is the same with
    /// every set of ports.
    fn bridge_mac(&self, first: &Link) -> Option<Mac> {
        let own = || first.address.as_slice().try_into().ok();
        self.board
            .lan_mac
            .or_else(|| self.mac_of(first))
            .or_else(own)
    }

    /// Without a bridge: the port that has the address, unless another has the only cable.
    fn port_with_cable<'a>(&'a self, ready: &[&'a Link]) -> Option<&'a Link> {
        let holder = ready
            .iter()
            .find(|port| self.holders().any(|link| link.index == port.index));
        let linked = ready.iter().find(|port| has_link(port));
        let kept = holder.filter(|port| has_link(port) || linked.is_none());
        kept.or(linked).or(ready.first()).copied()
    }
}

fn is_up(link: &Link) -> bool {
    link.flags & iff::UP != 0
}

/// Whether a cable with somebody at its other end is in the port.
pub fn has_link(link: &Link) -> bool {
    link.flags & iff::LOWER_UP != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: &str = "192.168.1.1/24";

    /// Interfaces as words: `eth0` is down, `+eth0` up without a cable, `*eth0` up with one;
    /// `@` means that it has the address, `>br-failsafe` that it is one of its ports.
    fn world(words: &str) -> (Vec<Link>, Vec<Address>) {
        let name = |word: &str| {
            let word = word.trim_start_matches(['+', '*', '@']);
            word.split('>').next().unwrap().to_owned()
        };
        let bridge = words
            .split_whitespace()
            .position(|word| name(word) == BRIDGE);
        let mut addresses = Vec::new();
        let links = words.split_whitespace().zip(1..).map(|(word, index)| {
            if word.contains('@') {
                addresses.push(Address {
                    index,
                    local: Prefix::parse(LOCAL).unwrap(),
                    peer: None,
                    broadcast: None,
                    label: String::new(),
                    scope: 0,
                    flags: 0,
                    lifetime: (0, 0),
                });
            }
            let flags = match word.as_bytes()[0] {
                b'+' => iff::UP,
                b'*' => iff::UP | iff::LOWER_UP,
                _ => 0,
            };
            Link {
                index,
                name: name(word),
                flags,
                address: vec![2, 0, 0, 0, 0, index as u8],
                master: match word.contains('>') {
                    true => bridge.unwrap() as u32 + 1,
                    false => 0,
                },
                ..Link::default()
            }
        });
        (links.collect(), addresses)
    }

    fn planned(words: &str, ports: &str, can_bridge: bool, board: &Board) -> Plan {
        let (links, addresses) = world(words);
        let ports: Vec<Port> = ports.split_whitespace().map(Port::parse).collect();
        plan(&World {
            links: &links,
            addresses: &addresses,
            ports: &ports,
            board,
            local: Prefix::parse(LOCAL).unwrap(),
            can_bridge,
        })
    }

    fn check(words: &str, ports: &str, expected: &[Step], device: Option<&str>) {
        let plan = planned(words, ports, true, &Board::default());
        assert_eq!(plan.steps, expected, "{words}");
        assert_eq!(plan.device.as_deref(), device, "{words}");
    }

    fn up(name: &str) -> Step {
        Step::Up(name.to_owned())
    }

    fn give(name: &str) -> Step {
        Step::Give(name.to_owned())
    }

    fn take(name: &str) -> Step {
        Step::Take(name.to_owned())
    }

    #[test]
    fn one_port_needs_no_bridge() {
        let steps = [up("lo"), up("eth0"), give("eth0")];
        check("lo eth0", "eth0", &steps, Some("eth0"));
        check("+lo *@eth0", "eth0", &[], Some("eth0"));
    }

    #[test]
    fn several_ports_are_joined_in_three_looks() {
        let add = Step::AddBridge(Some([2, 0, 0, 0, 0, 1]));
        let join = |name: &str| Step::Join(name.to_owned());
        let steps = [up("lan1"), up("lan2"), add.clone()];
        check("lan1 lan2", "lan1 lan2", &steps, None);
        let steps = [join("lan1"), join("lan2"), up(BRIDGE), give(BRIDGE)];
        check("+lan1 *lan2 br-failsafe", "lan1 lan2", &steps, Some(BRIDGE));
        let done = "+lan1>br-failsafe *lan2>br-failsafe *@br-failsafe";
        check(done, "lan1 lan2", &[], Some(BRIDGE));
    }

    #[test]
    fn a_port_that_comes_late_is_joined_and_the_address_moves() {
        let add = Step::AddBridge(Some([2, 0, 0, 0, 0, 1]));
        check("*@lan1 lan2", "lan1 lan2", &[up("lan2"), add], None);
        let words = "*@lan1>br-failsafe +lan2>br-failsafe *br-failsafe";
        check(
            words,
            "lan1 lan2",
            &[take("lan1"), give(BRIDGE)],
            Some(BRIDGE),
        );
        // A port that went away takes nothing with it.
        check(
            "*lan1>br-failsafe *@br-failsafe",
            "lan1 lan2",
            &[],
            Some(BRIDGE),
        );
    }

    #[test]
    fn without_ports_there_is_nothing_to_do_yet() {
        check("+lo", "eth0", &[], None);
        check("+lo", "", &[], None);
    }

    #[test]
    fn without_bridges_the_address_is_where_the_cable_is() {
        let check = |words, expected: &[Step], device| {
            let plan = planned(words, "lan1 lan2", false, &Board::default());
            assert_eq!(
                (plan.steps.as_slice(), plan.device.as_deref()),
                (expected, device)
            );
        };
        check("+lan1 +lan2", &[give("lan1")], Some("lan1"));
        check("+@lan1 *lan2", &[take("lan1"), give("lan2")], Some("lan2"));
        check("*lan1 *@lan2", &[], Some("lan2"));
        check("+lan1 +@lan2", &[], Some("lan2"));
    }

    #[test]
    fn a_vlan_is_made_on_its_device() {
        let vlan = Step::AddVlan(Port::parse("eth0.1"));
        check("eth0", "eth0.1", &[up("eth0"), vlan], None);
        check(
            "*eth0 eth0.1",
            "eth0.1",
            &[up("eth0.1"), give("eth0.1")],
            Some("eth0.1"),
        );
    }

    #[test]
    fn the_boards_hardware_address_is_set_before_a_port_comes_up() {
        let board = Board {
            lan_mac: Some([2, 0, 0, 0, 0, 9]),
            ..Board::default()
        };
        let mac = Step::Mac("eth0".into(), [2, 0, 0, 0, 0, 9]);
        let plan = planned("eth0", "eth0", true, &board);
        assert_eq!(plan.steps, [mac, up("eth0"), give("eth0")]);
        assert_eq!(planned("*@eth0", "eth0", true, &board).steps, []);
        let plan = planned("+lan1 +lan2", "lan1 lan2", true, &board);
        assert_eq!(plan.steps, [Step::AddBridge(board.lan_mac)]);
    }
}
