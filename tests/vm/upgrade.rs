//! New firmware in failsafe mode, as the howto flashes it: complete, or not at all.

use crate::lab::flash::{ALL, ART, BLOCK, FIRMWARE, KERNEL};
use crate::lab::router::{FAILSAFE_ADDRESS, Router};
use crate::lab::talk::{PATIENCE, Talk};
use crate::lab::{Bench, SETTLED_ADDRESS, project};
use std::process::Command;
use std::time::{Duration, Instant};

/// The image that the tests upgrade to; its version is `next`.
pub fn next_image() -> Vec<u8> {
    std::fs::read(project("target/lab/next/sysupgrade.bin")).unwrap()
}

/// Fetches an image from the PC into the router's memory.
#[track_caller]
fn fetch(bench: &Bench, telnet: &mut Talk, image: &[u8]) {
    let file = bench.file("nxtfw.bin", image);
    let mut peer = bench.offer(&file);
    telnet.run("nc 192.168.1.2 3333 > /tmp/nxtfw.bin").ok();
    assert!(peer.wait().unwrap().success());
}

fn failsafe_telnet(router: &Router) -> Talk {
    let mut telnet = router.telnet(FAILSAFE_ADDRESS);
    telnet.expect("# ");
    telnet
}

#[test]
#[ignore = "boots the lab: make vm"]
fn nc_and_sysupgrade_bring_new_firmware_and_keep_the_settings() {
    let bench = Bench::settled();
    let art = bench.chip.read(ART);
    let mut router = bench.power_on_failsafe();
    let mut telnet = failsafe_telnet(&router);
    fetch(&bench, &mut telnet, &next_image());
    telnet.line("sysupgrade /tmp/nxtfw.bin");

    router.boot_normally();
    let console = &mut router.console;
    let release = console.run("cat /etc/os-release").ok();
    assert!(release.contains("next"), "{release}");
    let address = console.run("uci get network.lan.ipaddr").ok();
    assert_eq!(address.trim(), SETTLED_ADDRESS.to_string());
    assert!(bench.chip.read(ART) == art, "calibration data changed");
    // The settings stay when the archive that carried them is long gone.
    console.line("reboot");
    router.boot_normally();
    let address = router.console.run("uci get network.lan.ipaddr").ok();
    assert_eq!(address.trim(), SETTLED_ADDRESS.to_string());
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_wrong_image_is_refused_before_anything_is_erased() {
    let bench = Bench::settled();
    let router = bench.power_on_failsafe();
    let mut telnet = failsafe_telnet(&router);
    let before = bench.chip.read(ALL);
    let good = next_image();
    let mut flipped = good.clone();
    flipped[3 << 20] ^= 1;
    let cases: [(&str, Vec<u8>); 5] = [
        ("truncated", good[..good.len() - 100_000].to_vec()),
        ("one bit flipped", flipped),
        ("for another board", for_another_board(&bench)),
        (
            "no image at all",
            b"<html>404 not found</html>".repeat(1000),
        ),
        ("empty", Vec::new()),
    ];
    for (what, image) in cases {
        fetch(&bench, &mut telnet, &image);
        let outcome = telnet.run("sysupgrade /tmp/nxtfw.bin");
        assert_ne!(outcome.status, 0, "{what}: {}", outcome.text);
        assert!(outcome.text.contains("sysupgrade: "), "{}", outcome.text);
        assert!(bench.chip.read(ALL) == before, "{what}: the flash changed");
    }
}

/// The next firmware with metadata that name another board.
fn for_another_board(bench: &Bench) -> Vec<u8> {
    let metadata = br#"{"metadata_version":"1.1","supported_devices":["vendor,other"]}"#;
    let metadata = bench.file("metadata", metadata);
    let image = bench.file("other.bin", &next_image());
    for option in ["-t -i /dev/null", &format!("-I {}", metadata.display())] {
        let status = Command::new(project("target/safebox"))
            .arg("fwtool")
            .args(option.split(' '))
            .arg(&image)
            .status()
            .unwrap();
        assert!(status.success(), "fwtool {option}");
    }
    std::fs::read(image).unwrap()
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_power_cut_during_an_upgrade_never_leaves_a_kernel_that_starts_half() {
    let erased = [0xff; 64];
    // As soon as the header has gone, and when half of the root file system is new.
    for blocks_written in [0, 4] {
        let bench = Bench::settled();
        let art = bench.chip.read(ART);
        let router = bench.power_on_failsafe();
        let mut telnet = failsafe_telnet(&router);
        let image = next_image();
        fetch(&bench, &mut telnet, &image);
        telnet.line("sysupgrade /tmp/nxtfw.bin");
        wait_until("the header to be erased", || {
            bench.chip.read(0..64) == erased
        });
        let offset = KERNEL.end + blocks_written * BLOCK;
        let start = usize::try_from(offset).unwrap();
        wait_until("the blocks to be written", || {
            blocks_written == 0
                || bench.chip.read(KERNEL.end..offset)
                    == image[usize::try_from(KERNEL.end).unwrap()..start]
        });
        router.cut_power();

        let mut router = bench.power_on();
        router.console.expect("lab: no kernel");
        router.expect_power_off();
        assert!(bench.chip.read(ART) == art, "calibration data changed");
        // What a boot loader's recovery would write makes the board whole.
        bench.chip.damage(FIRMWARE.start, &image);
        let mut router = bench.power_on();
        router.boot_normally();
    }
}

/// Waits for a change of the chip, which nothing announces.
#[track_caller]
fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let limit = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < limit, "waited for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
