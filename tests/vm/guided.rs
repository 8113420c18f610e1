//! `rescue`: somebody who knows no command is led out of it by questions.

use crate::lab::flash::ART;
use crate::lab::router::FAILSAFE_ADDRESS;
use crate::lab::{Bench, SETTLED_ADDRESS, project};
use std::fs::File;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

const PROMPT: &str = "q: leave: ";

#[test]
#[ignore = "boots the lab: make vm"]
fn rescue_names_a_broken_file_and_restores_it_and_sets_the_address() {
    let bench = Bench::settled();
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    console.run("mount_root").ok();
    console
        .run("echo \"config interface 'lan\" >/etc/config/network")
        .ok();
    console.line("reboot");
    router.enter_failsafe();

    let mut telnet = router.telnet(FAILSAFE_ADDRESS);
    telnet.expect("* rescue ");
    telnet.expect("# ");
    telnet.line("rescue");
    let report = telnet.expect(PROMPT);
    for words in [
        "-- mode      failsafe",
        "is jffs2, not mounted",
        "-> mount_root",
        "ok network   192.168.1.1/24 on ",
    ] {
        assert!(report.contains(words), "no '{words}' in: {report}");
    }
    // The answer mounts them, and the report that follows knows more.
    telnet.line("1");
    let report = telnet.expect(PROMPT);
    for words in [
        "# mount_root",
        "is mounted as /overlay, to change",
        "!! files     /etc/config/network: line 1, byte 18: EOF with unterminated '",
        "-> rescue restore network",
        "root has none",
    ] {
        assert!(report.contains(words), "no '{words}' in: {report}");
    }
    telnet.line("2");
    telnet.expect("the default: rescue restore network");
    telnet.expect(PROMPT);
    telnet.line("4");
    telnet.expect("network          does not parse: line 1, byte 18: EOF with unterminated");
    telnet.expect("File to restore (Enter: none): ");
    telnet.line("network");
    telnet.expect("Restore it? [y/N] ");
    telnet.line("y");
    telnet.expect("Done;");
    telnet.expect(PROMPT);
    telnet.line("2");
    telnet.expect("next boot: 192.168.1.1/24 on eth0, static");
    telnet.expect("New address (Enter: none): ");
    let anew = Ipv4Addr::new(192, 168, 1, 66);
    telnet.line(&anew.to_string());
    telnet.expect("next boot: 192.168.1.66/24");
    telnet.expect(PROMPT);
    telnet.line("q");
    telnet.expect("# ");
    let report = telnet.run("cd /; rescue status").refused("root has none");
    assert!(
        report.contains("ok files     /etc/config: all 3 parse"),
        "{report}"
    );
    telnet.line("reboot");

    router.boot_normally();
    let console = &mut router.console;
    let address = console.run("uci get network.lan.ipaddr").ok();
    assert_eq!(address.trim(), anew.to_string());
    let kept = console.run("cat /etc/config/network.bad").ok();
    assert_eq!(kept.trim(), "config interface 'lan");
    assert_eq!(console.run("cat /etc/note").ok().trim(), "mine");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn rescue_saves_the_settings_to_the_pc_and_flashes_what_the_pc_offers() {
    let bench = Bench::settled();
    let art = bench.chip.read(ART);
    let mut router = bench.power_on_failsafe();
    let mut telnet = router.telnet(FAILSAFE_ADDRESS);
    telnet.expect("# ");
    telnet.line("rescue");
    telnet.expect(PROMPT);
    telnet.line("6");
    telnet.expect("nc 192.168.1.1 3333 </dev/null >settings.tgz");
    telnet.expect("# nc -l -p 3333 <");
    // As the PC's user does who has read it; the port may not be open yet.
    let settings = bench.file("settings.tgz", b"");
    let fetch = || {
        let mut nc = Command::new("nc.openbsd");
        nc.args(["192.168.1.1", "3333"]).stdin(Stdio::null());
        nc.stdout(File::create(&settings).unwrap());
        nc.status().unwrap().success()
    };
    while !fetch() {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    telnet.expect("Sent.");
    telnet.expect(PROMPT);
    let list = Command::new("tar")
        .arg("-tzf")
        .arg(&settings)
        .output()
        .unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(list.contains("etc/config/network"), "{list}");

    let image = std::fs::read(project("target/lab/next/sysupgrade.bin")).unwrap();
    let mut peer = bench.offer(&bench.file("nxtfw.bin", &image));
    telnet.line("7");
    telnet.expect("Firmware (Enter: none): ");
    telnet.line("192.168.1.2");
    telnet.expect("nc -l -p 3333 <nxtfw.bin");
    telnet.expect("Enter when it waits there: ");
    telnet.line("");
    telnet.expect(&format!("{} bytes", image.len()));
    assert!(peer.wait().unwrap().success());
    telnet.expect("# sysupgrade -T /tmp/nxtfw.bin");
    telnet.expect("Install it now?");
    telnet.line("y");

    router.boot_normally();
    let console = &mut router.console;
    let release = console.run("cat /etc/os-release").ok();
    assert!(release.contains("next"), "{release}");
    let address = console.run("uci get network.lan.ipaddr").ok();
    assert_eq!(address.trim(), SETTLED_ADDRESS.to_string());
    assert!(bench.chip.read(ART) == art, "calibration data changed");
}
