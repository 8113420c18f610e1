//! What boards say about their network, and what a rescue makes of it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::net::board::{self, Board};
use safebox::net::link::Link;
use safebox::net::ports::{self, Ethernet, Port};
use safebox::net::prefix::Prefix;
use safebox::net::rescue::plan::{Step, World, plan};

fuzz_target!(|data: &[u8]| {
    let Some(board) = board::parse(data) else {
        return;
    };
    let names: Vec<String> = board.lan.iter().chain(&board.wan).cloned().collect();
    for word in &names {
        let port = Port::parse(word);
        assert_eq!(Port::parse(&port.to_string()), port);
    }
    for switch in &board.switches {
        let commands = switch.commands(&board.lan);
        assert!(commands.iter().all(|words| words.len() >= 4));
    }
    for has_swconfig in [false, true] {
        let devices: Vec<Ethernet> = ["eth0", "lan1", "wan"]
            .map(|name| Ethernet {
                name: name.to_owned(),
                is_conduit: false,
            })
            .to_vec();
        let exists = |name: &str| devices.iter().any(|device| device.name == name);
        let chosen = ports::choose(&[], &board, has_swconfig, &devices, exists);
        assert!(chosen.iter().all(|port| exists(&port.device)));
        settle(&board, &chosen);
    }
});

/// Each step is about a device that is there.
fn settle(board: &Board, chosen: &[Port]) {
    let links: Vec<Link> = (1..)
        .zip(["lo", "eth0", "lan1", "wan"])
        .map(|(index, name)| Link {
            index,
            name: name.to_owned(),
            ..Link::default()
        })
        .collect();
    let world = World {
        links: &links,
        addresses: &[],
        ports: chosen,
        board,
        local: Prefix::parse("192.168.1.1/24").expect("an address"),
        can_bridge: true,
    };
    for step in plan(&world).steps {
        let (Step::Mac(name, _) | Step::Up(name) | Step::Join(name)) = &step else {
            continue;
        };
        assert!(world.find(name).is_some(), "{step:?}");
    }
}
