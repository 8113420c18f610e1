//! The network on which a router can be rescued: every LAN port answers at one address.
//!
//! [`Rescue::settle`] brings the kernel nearer to that as far as it can now, and tells what a
//! person would find. See README.md.

pub mod plan;
pub mod rename;

use super::arp;
use super::board::Board;
use super::interface::{self, Address, Details};
use super::kernel::Kernel;
use super::link::{self, Changes, Link, iff};
use super::netlink::{family, flag};
use super::ports::{self, Port};
use super::prefix::Prefix;
use crate::error::reason;
use crate::sys::packet;
use plan::{BRIDGE, Plan, Step, World};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

/// What [`Report`] said last, for people and for `set_state`.
pub const STATUS: &str = "/tmp/run/failsafe_net.status";

/// Rounds of looking and doing; three would do where nothing goes wrong.
const ROUNDS: usize = 6;

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Ports that the image or a hook of the board names; empty: they are found.
    pub named: Vec<Port>,
    /// What the board says.
    pub board: Board,
    /// Whether a switch is set up by `swconfig`.
    pub has_swconfig: bool,
    /// The address.
    pub local: Prefix,
    /// Its broadcast address.
    pub broadcast: Ipv4Addr,
}

/// The network under construction.
pub struct Rescue {
    kernel: Kernel,
    root: PathBuf,
    settings: Settings,
    can_bridge: bool,
}

/// What a person with a cable would find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The address.
    pub local: Option<Prefix>,
    /// The ports in use.
    pub ports: Vec<String>,
    /// Those of them that have a link.
    pub linked: Vec<String>,
    /// The device that has the address.
    pub device: Option<String>,
    /// What went wrong, as `object: reason`.
    pub problems: Vec<String>,
}

impl Report {
    /// Whether somebody can get in by cable.
    pub fn is_reachable(&self) -> bool {
        self.device.is_some() && !self.linked.is_empty()
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (ports, problems) = (self.ports.join(" "), self.problems.join("; "));
        match (&self.device, self.local) {
            (Some(_), Some(local)) if self.is_reachable() => write!(
                f,
                "reachable: {} on {ports}, link on {}",
                local.address,
                self.linked.join(" ")
            ),
            (Some(_), Some(local)) => {
                write!(
                    f,
                    "unreachable: {} on {ports}, no link on any",
                    local.address
                )
            }
            _ if self.ports.is_empty() => f.write_str("unreachable: no Ethernet port"),
            _ => write!(f, "unreachable: no address on {ports}"),
        }?;
        if problems.is_empty() {
            return Ok(());
        }
        write!(f, " ({problems})")
    }
}

/// Whether the last report below `root` was of a network that somebody can reach; true where
/// nobody reported anything.
pub fn is_reachable(root: &Path) -> bool {
    let path = root.join(STATUS.trim_start_matches('/'));
    std::fs::read_to_string(path).map_or(true, |text| text.starts_with("reachable"))
}

impl Rescue {
    /// Connects to the kernel and changes nothing.
    pub fn open(root: &Path, settings: Settings) -> io::Result<Rescue> {
        Ok(Rescue {
            kernel: Kernel::open()?,
            root: root.to_owned(),
            settings,
            can_bridge: true,
        })
    }

    /// Where announcements go.
    pub fn broadcast(&self) -> Ipv4Addr {
        self.settings.broadcast
    }

    /// The ports that are there to be used.
    pub fn ports(&mut self) -> io::Result<Vec<Port>> {
        let links = self.kernel.links()?;
        Ok(self.choose(&links))
    }

    fn choose(&self, links: &[Link]) -> Vec<Port> {
        let exists = |name: &str| links.iter().any(|link| link.name == name);
        let found = ports::ethernet(&self.root);
        let settings = &self.settings;
        let (named, board) = (&settings.named, &settings.board);
        ports::choose(named, board, settings.has_swconfig, &found, exists)
    }

    /// Gives devices the names that the board has for them; what cannot be renamed is told.
    pub fn rename(&mut self) -> io::Result<Vec<String>> {
        let mut problems = Vec::new();
        let renames = rename::plan(&self.settings.board.devices, rename::look(&self.root));
        for (from, to) in renames {
            let changes = Changes {
                mask: iff::UP,
                name: Some(to.clone().into_bytes()),
                ..Changes::default()
            };
            if let Err(error) = self.change(&from, &changes) {
                problems.push(format!("{from}: can't be called {to}: {}", reason(&error)));
            }
        }
        Ok(problems)
    }

    /// Does what is missing and can be done now.
    ///
    /// # Errors
    /// Only when the kernel does not even show what there is; all else is in the report.
    pub fn settle(&mut self) -> io::Result<Report> {
        let mut problems: Vec<String> = Vec::new();
        let mut round = 0;
        loop {
            let links = self.kernel.links()?;
            let addresses = self.kernel.addresses(family::INET)?;
            let ports = self.choose(&links);
            let plan = self.plan(&links, &addresses, &ports);
            round += 1;
            if plan.steps.is_empty() || round > ROUNDS {
                return Ok(self.report(&links, &addresses, &ports, &plan, problems));
            }
            // Only the last round's failures count: a later one may have mended it.
            problems.clear();
            for step in &plan.steps {
                let Err(error) = self.perform(step, &links) else {
                    continue;
                };
                match step {
                    // A way around it follows, or what is missing shows.
                    Step::AddBridge(_) => self.can_bridge = false,
                    Step::Mac(..) => {}
                    _ => problems.push(complaint(step, &error)),
                }
            }
        }
    }

    fn plan(&self, links: &[Link], addresses: &[Address], ports: &[Port]) -> Plan {
        plan::plan(&World {
            links,
            addresses,
            ports,
            board: &self.settings.board,
            local: self.settings.local,
            can_bridge: self.can_bridge,
        })
    }

    fn report(
        &self,
        links: &[Link],
        addresses: &[Address],
        ports: &[Port],
        plan: &Plan,
        problems: Vec<String>,
    ) -> Report {
        let names: Vec<String> = ports.iter().map(Port::to_string).collect();
        let has_link = |name: &&String| {
            links
                .iter()
                .any(|link| link.name == **name && plan::has_link(link))
        };
        let index = |name: &str| links.iter().find(|link| link.name == name).map(|l| l.index);
        let holds = |name: &&String| {
            let index = index(name);
            let same = |a: &Address| Some(a.index) == index && a.local == self.settings.local;
            addresses.iter().any(same)
        };
        let device = plan.device.as_ref().filter(holds);
        // Without a bridge only one port counts.
        let in_use = |name: &&String| match device.map(String::as_str) {
            Some(BRIDGE) | None => true,
            Some(device) => *name == device,
        };
        Report {
            local: Some(self.settings.local),
            linked: names
                .iter()
                .filter(has_link)
                .filter(in_use)
                .cloned()
                .collect(),
            device: device.cloned(),
            ports: names,
            problems,
        }
    }

    fn perform(&mut self, step: &Step, links: &[Link]) -> io::Result<()> {
        let changes = Changes::default();
        match step {
            Step::Mac(name, mac) => {
                let address = Some(mac.to_vec());
                self.change(name, &Changes { address, ..changes })
            }
            Step::Up(name) => self.change(name, &up()),
            Step::AddVlan(port) => {
                let lower = index_of(links, &port.device)?;
                let name = Some(port.to_string().into_bytes());
                let details = Changes { name, ..up() };
                let request = link::create(b"vlan", Some(lower), port.vlan, &details);
                self.kernel.change(&request)
            }
            Step::AddBridge(mac) => {
                let name = Some(BRIDGE.as_bytes().to_vec());
                let address = mac.map(|mac| mac.to_vec());
                let details = Changes {
                    name,
                    address,
                    ..changes
                };
                self.kernel
                    .change(&link::create(b"bridge", None, None, &details))
            }
            Step::Join(name) => {
                // Or the port would have an address of its own, the very one of the bridge.
                self.let_ipv6(name, false);
                let master = Some(index_of(links, BRIDGE)?);
                self.change(name, &Changes { master, ..changes })
            }
            Step::Take(name) => {
                let index = index_of(links, name)?;
                let request = interface::delete(index, self.settings.local);
                self.kernel.change(&request)
            }
            Step::Give(name) => {
                self.let_ipv6(name, true);
                let details = Details {
                    broadcast: Some(self.settings.broadcast),
                    label: Some(name.clone().into_bytes()),
                    ..Details::default()
                };
                let index = index_of(links, name)?;
                let request = interface::add(index, self.settings.local, &details, flag::EXCL);
                self.kernel.change(&request)
            }
        }
    }

    /// Changes an interface by its name now: steps before may have made or renamed it.
    fn change(&mut self, name: &str, changes: &Changes) -> io::Result<()> {
        let links = self.kernel.links()?;
        let request = link::change(index_of(&links, name)?, changes);
        self.kernel.change(&request)
    }

    /// Lets a device have IPv6 addresses or not; a kernel without IPv6 has nothing to let.
    fn let_ipv6(&self, name: &str, on: bool) {
        let path = format!("proc/sys/net/ipv6/conf/{name}/disable_ipv6");
        let _ = std::fs::write(self.root.join(path), if on { "0" } else { "1" });
    }

    /// Tells the neighbours of `device` where the address is now.
    pub fn tell_neighbours(&mut self, device: &str) -> io::Result<()> {
        let links = self.kernel.links()?;
        let link = links.iter().find(|link| link.name == device);
        let Some(link) = link else { return Ok(()) };
        match (
            <[u8; 6]>::try_from(&link.address[..]),
            self.settings.local.address,
        ) {
            (Ok(mac), IpAddr::V4(address)) => {
                packet::send_frame(link.index, &arp::announcement(mac, address))
            }
            _ => Ok(()),
        }
    }

    /// Takes address, bridge and VLANs away. The ports stay up.
    pub fn undo(&mut self) -> io::Result<()> {
        let mut worst = Ok(());
        for address in self.kernel.addresses(family::INET)? {
            if address.local == self.settings.local {
                let request = interface::delete(address.index, address.local);
                worst = worst.and(self.kernel.change(&request));
            }
        }
        let links = self.kernel.links()?;
        let ports = self.choose(&links);
        if let Ok(bridge) = index_of(&links, BRIDGE) {
            worst = worst.and(self.kernel.change(&link::delete(bridge)));
            ports
                .iter()
                .for_each(|port| self.let_ipv6(&port.to_string(), true));
        }
        for port in ports.iter().filter(|port| port.vlan.is_some()) {
            if let Ok(vlan) = index_of(&links, &port.to_string()) {
                worst = worst.and(self.kernel.change(&link::delete(vlan)));
            }
        }
        worst
    }
}

/// Switching a device on.
fn up() -> Changes {
    Changes {
        flags: iff::UP,
        mask: iff::UP,
        ..Changes::default()
    }
}

fn index_of(links: &[Link], name: &str) -> io::Result<u32> {
    let found = links.iter().find(|link| link.name == name);
    found
        .map(|link| link.index)
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn complaint(step: &Step, error: &io::Error) -> String {
    let (device, what) = match step {
        Step::Mac(device, _) => (device.clone(), "set the hardware address of"),
        Step::Up(device) => (device.clone(), "switch on"),
        Step::AddVlan(port) => (port.to_string(), "make"),
        Step::AddBridge(_) => (BRIDGE.to_owned(), "make"),
        Step::Join(device) => (device.clone(), "join"),
        Step::Take(device) => (device.clone(), "take the address from"),
        Step::Give(device) => (device.clone(), "give the address to"),
    };
    format!("can't {what} {device}: {}", reason(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_a_person_would_find() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let check = |ports, linked, device: Option<&str>, problems: &[&str], expected| {
            let report = Report {
                local: Prefix::parse("192.168.1.1/24"),
                ports: words(ports),
                linked: words(linked),
                device: device.map(str::to_owned),
                problems: problems.iter().map(|&p| p.to_owned()).collect(),
            };
            assert_eq!(report.to_string(), expected);
        };
        let eth0 = Some("eth0");
        check(
            "eth0",
            "eth0",
            eth0,
            &[],
            "reachable: 192.168.1.1 on eth0, link on eth0",
        );
        check(
            "eth0",
            "",
            eth0,
            &[],
            "unreachable: 192.168.1.1 on eth0, no link on any",
        );
        check("", "", None, &[], "unreachable: no Ethernet port");
        let problem = "can't switch on eth0: Invalid argument";
        check(
            "eth0",
            "eth0",
            None,
            &[problem],
            "unreachable: no address on eth0 (can't switch on eth0: Invalid argument)",
        );
    }

    #[test]
    fn who_never_reported_is_not_called_unreachable() {
        let root = std::env::temp_dir().join(format!("safebox-status-{}", std::process::id()));
        assert!(is_reachable(&root));
        std::fs::create_dir_all(root.join("tmp/run")).unwrap();
        std::fs::write(root.join("tmp/run/failsafe_net.status"), "unreachable: x").unwrap();
        assert!(!is_reachable(&root));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
