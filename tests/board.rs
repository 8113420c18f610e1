//! board_detect and the functions that scripts of `/etc/board.d` call, against the reader of
//! what they write.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

#[path = "support/tempdir.rs"]
mod tempdir;

use safebox::net::board::{self, Board};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// What comes of these scripts; None if there is nothing to say.
fn detected(scripts: &[&str]) -> Option<Board> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("rootfs");
    let root = tempdir::TempDir::new();
    let path = |name: &str| root.path().join(name);
    fs::create_dir_all(path("etc/board.d")).unwrap();
    fs::create_dir_all(path("lib/functions")).unwrap();
    let functions = "lib/functions/uci-defaults.sh";
    fs::copy(project.join(functions), path(functions)).unwrap();
    for (number, script) in scripts.iter().enumerate() {
        fs::write(path(&format!("etc/board.d/{number}")), script).unwrap();
    }
    let status = Command::new(env!("CARGO_BIN_EXE_safebox"))
        .arg0("sh")
        .arg(project.join("bin/board_detect"))
        .arg(path("board.json"))
        .env("IPKG_INSTROOT", root.path())
        // The scripts that are broken say so.
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    let text = fs::read(path("board.json")).ok();
    assert_eq!(status.success(), text.is_some());
    assert!(!path("board.json.words").exists());
    text.map(|text| board::parse(&text).unwrap())
}

#[test]
fn ports_addresses_and_places_are_what_the_scripts_say() {
    let board = detected(&[
        "board_config_update
         ucidef_set_interfaces_lan_wan 'lan1 lan2 lan3' wan
         ucidef_set_led_netdev wan WAN green:wan wan
         board_config_flush
         exit 0",
        "board_config_update
         ucidef_set_interface_macaddr lan 02:00:00:00:00:07
         ucidef_set_network_device_path_port eth1 soc/1000.ethernet 1
         ucidef_set_network_device_mac eth1 02:00:00:00:00:08
         board_config_flush",
    ])
    .unwrap();
    assert_eq!(board.lan, ["lan1", "lan2", "lan3"]);
    assert_eq!(board.wan, ["wan"]);
    assert_eq!(board.lan_mac, Some([2, 0, 0, 0, 0, 7]));
    let device = &board.devices[0];
    assert_eq!(device.name, "eth1");
    assert_eq!(device.path.as_deref(), Some("soc/1000.ethernet"));
    assert_eq!(device.port.as_deref(), Some("1"));
    assert_eq!(device.mac, Some([2, 0, 0, 0, 0, 8]));
}

#[test]
fn a_switch_has_a_vlan_for_every_role() {
    let board = detected(&["board_config_update
         ucidef_add_switch switch0 0:lan:1 1:lan 2:lan 4:wan 6@eth0
         board_config_flush"])
    .unwrap();
    assert_eq!(
        (board.lan, board.wan),
        (vec!["eth0.1".into()], vec!["eth0.2".into()])
    );
    let switch = &board.switches[0];
    assert!(switch.enable && switch.reset);
    let vlans = [("eth0.1", "0 1 2 6t"), ("eth0.2", "4 6t")];
    assert_eq!(
        switch.vlans,
        vlans.map(|(one, two)| (one.into(), two.into()))
    );
    // With one role there is nothing to keep apart.
    let board = detected(&["board_config_update
         ucidef_add_switch switch0 0:lan 1:lan 6@eth0
         board_config_flush"])
    .unwrap();
    assert_eq!(board.lan, ["eth0"]);
    assert_eq!(board.switches[0].vlans, [("eth0".into(), "0 1 6".into())]);
}

#[test]
fn a_broken_script_takes_nothing_from_the_others() {
    let board = detected(&[
        "board_config_update; ucidef_set_interface_lan eth1; board_config_flush",
        "board_config_update; ucidef_set_interface_lan eth9; exit 1",
        "board_config_update; no_such_function; . /no/such/file; board_config_flush",
        "if then",
        "board_config_update; ucidef_set_interface_wan eth0; board_config_flush",
    ])
    .unwrap();
    assert_eq!(
        (board.lan, board.wan),
        (vec!["eth1".into()], vec!["eth0".into()])
    );
}

#[test]
fn without_anything_to_say_there_is_no_file() {
    assert_eq!(detected(&[]), None);
    assert_eq!(detected(&["exit 0"]), None);
}
