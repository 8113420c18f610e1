//! What a newcomer types, in two terminals: `make run`, `make telnet`, and a few mistakes.

use crate::lab::project;
use crate::lab::talk::Talk;
use safebox::sys::pty;
use std::fs::File;
use std::process::{Child, Command};

/// A router of the test's own, beside one that somebody may be running.
const ROUTER: &str = "ROUTER=newcomer";

/// A command in a terminal window, and the conversation with it.
fn in_terminal(name: &'static str, words: &[&str]) -> (Child, Talk) {
    let terminal = pty::open().unwrap();
    pty::set_size(&terminal.master, 80, 24).unwrap();
    let stream = || terminal.slave.try_clone().unwrap();
    let child = Command::new("setsid")
        .args(["--ctty", "--wait", "setpriv", "--pdeathsig", "HUP"])
        .args(words)
        .current_dir(project(""))
        .env_remove("MAKEFLAGS")
        .env("TERM", "xterm")
        .stdin(stream())
        .stdout(stream())
        .stderr(stream())
        .spawn()
        .unwrap();
    let screen = File::from(terminal.master);
    let keys = screen.try_clone().unwrap();
    (child, Talk::new(name, screen, keys, b"\r"))
}

#[test]
#[ignore = "boots the lab: make vm"]
fn make_run_boots_a_router_that_make_telnet_visits() {
    let (mut run, mut console) = in_terminal("make run", &["make", "run", ROUTER, "FRESH=1"]);
    console.expect("Ctrl-A X leaves");
    console.expect("make telnet ROUTER=newcomer");
    console.expect("Press the [f] key and hit [enter] to enter failsafe mode");
    console.line("f");
    console.expect("FAILSAFE MODE active");
    console.expect("root@failsafe:/# ");

    // The network comes after the console; telnet says so until it is there.
    let (mut visit, mut telnet) = loop {
        let (mut visit, mut telnet) = in_terminal("make telnet", &["make", "telnet", ROUTER]);
        match telnet.expect_one(&["root@failsafe:/# ", "refused", "No route to host"]) {
            (0, banner) => {
                assert!(banner.contains("FAILSAFE MODE active"), "{banner}");
                break (visit, telnet);
            }
            _ => drop(visit.wait()),
        }
    };
    telnet.run("mount_rot").refused("not found");
    telnet
        .run("uci get network.lan.adress")
        .refused("Entry not found");
    telnet
        .run("sysupgrade /tmp/nosuch.bin")
        .refused("nosuch.bin");
    telnet.run("mount_root").ok();
    telnet
        .run("uci set network.lan.ipaddr=192.168.1.9 && uci commit")
        .ok();
    telnet.line("exit");
    telnet.expect_end();
    assert!(visit.wait().unwrap().success());

    console.type_text("\x01x");
    console.expect_end();
    assert!(run.wait().unwrap().success());
    let gone = Command::new("ip").args(["netns", "list"]).output().unwrap();
    let names = String::from_utf8(gone.stdout).unwrap();
    assert!(!names.contains("safebox-run-newcomer"), "{names}");
}
