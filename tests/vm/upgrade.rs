//! New firmware in failsafe mode, as the howto flashes it: complete, or not at all.

use crate::lab::flash::{ALL, ART, BLOCK, FIRMWARE, KERNEL};
use crate::lab::router::{FAILSAFE_ADDRESS, Router};
use crate::lab::talk::{PATIENCE, Talk};
use crate::lab::{Bench, SETTLED_ADDRESS, project};
use std::path::Path;
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
    // A given archive that lies where one is put is the user's own.
    let given = "sysupgrade -b /tmp/sysupgrade.tgz && \
                 sysupgrade -T -f /tmp/sysupgrade.tgz /tmp/nxtfw.bin && \
                 gzip -t /tmp/sysupgrade.tgz";
    telnet.run(given).ok();
    telnet.line("sysupgrade /tmp/nxtfw.bin");
    // As printed there, but for what is no part of it any more.
    let lines = [
        "Saving config files...",
        "Switching to ramdisk...",
        "Performing system upgrade...",
        "Unlocking firmware ...",
        "Writing from <stdin> to firmware ...",
        "Appending jffs2 data from /tmp/sysupgrade.tgz to firmware...",
        "Writing from <stdin> to firmware ...",
        "Upgrade completed",
        "Rebooting system...",
    ];
    for line in lines {
        telnet.expect(&format!("{line}\r\n"));
    }

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
fn an_upgrade_needs_neither_its_session_nor_the_old_root_file_system() {
    let bench = bench_with_another_image();
    let image = bench.path("image/sysupgrade.bin");
    let (new, old) = (std::fs::read(&image).unwrap(), bench.chip.read(ALL));
    let mut router = bench.power_on_failsafe();
    let mut telnet = failsafe_telnet(&router);
    telnet.line("sysupgrade --listen 3333");
    telnet.expect("waiting for the image on port 3333; on the PC type: nc -N 192.168.1.1 3333");
    // From now on nothing stays in memory that is not held there. The 4 silences the kernel.
    let file = "/proc/sys/vm/drop_caches";
    let drop_caches = format!("echo 4 >{file} && echo 3 >{file}");
    router.console.run(&drop_caches).ok();
    router
        .console
        .line(&format!("while sleep 1; do echo 3 >{file}; done &"));
    send(&image);
    telnet.expect(&format!("received {} bytes, sha256 ", new.len()));
    wait_until("the header to be erased", || {
        bench.chip.read(0..64) == [0xff; 64]
    });
    drop(telnet);
    router.console.expect("Upgrade completed");
    router.console.expect("Rebooting system...");
    router.boot_normally();
    let console = &mut router.console;
    let release = console.run("cat /etc/os-release").ok();
    assert!(release.contains("variant"), "{release}");
    // Nothing of the old root file system is where it was.
    let start = usize::try_from(KERNEL.end).unwrap();
    let step = usize::try_from(BLOCK).unwrap();
    let blocks = new[start..].chunks_exact(step);
    let same = blocks.zip(old[start..].chunks_exact(step));
    assert_eq!(same.filter(|(new, old)| new == old).count(), 0);
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_write_that_failed_leaves_a_router_that_takes_the_next_image() {
    let bench = bench_with_another_image();
    let image = std::fs::read(bench.path("image/sysupgrade.bin")).unwrap();
    let mut router = bench.power_on_failsafe();
    let console = &mut router.console;
    console
        .run("mount_root && cd / && echo mine >/etc/note && echo /etc/note >>/etc/sysupgrade.conf")
        .ok();
    let mut telnet = failsafe_telnet(&router);
    fetch(&bench, &mut telnet, &image);
    // The file is gone when a part of it is written.
    let console = &mut router.console;
    console.line("until grep -q 20% /tmp/flash.log 2>/dev/null; do :; done; : >/tmp/nxtfw.bin");
    let outcome = telnet.run("sysupgrade /tmp/nxtfw.bin");
    assert_eq!(outcome.status, 3, "{}", outcome.text);
    assert!(
        outcome.text.contains("do NOT switch off or reboot"),
        "{}",
        outcome.text
    );
    let again = "/tmp/safebox sysupgrade -f /tmp/sysupgrade.tgz";
    assert!(outcome.text.contains(again), "{}", outcome.text);
    assert!(bench.chip.read(0..64) == [0xff; 64], "the header is there");
    console.expect("do NOT switch off or reboot");
    let led = "cat /sys/class/leds/*capslock/delay_off";
    console.line("");
    assert_eq!(console.run(led).ok().trim(), "50");
    // A session that began after the loss, and another image.
    drop(telnet);
    let mut telnet = failsafe_telnet(&router);
    telnet.line(&format!("{again} --listen 3333"));
    telnet.expect("nc -N 192.168.1.1 3333");
    send(&bench.path("image/sysupgrade.bin"));
    telnet.expect("Rebooting system...");
    router.boot_normally();
    let console = &mut router.console;
    let release = console.run("cat /etc/os-release").ok();
    assert!(release.contains("variant"), "{release}");
    assert_eq!(console.run("cat /etc/note").ok().trim(), "mine");
}

/// Sends a file to port 3333 of the router.
#[track_caller]
pub fn send(file: &Path) {
    let status = Command::new("nc.openbsd")
        .args(["-N", "192.168.1.1", "3333"])
        .stdin(std::fs::File::open(file).unwrap())
        .status();
    assert!(status.unwrap().success());
}

/// The usual board; its `image/sysupgrade.bin`, version `variant`, has all else than the flash.
fn bench_with_another_image() -> Bench {
    // A file before all others moves them.
    let bench = bench_with_more(300_000);
    let usual = std::fs::read(project("target/image/flash.bin")).unwrap();
    bench.chip.damage(0, &usual);
    bench
}

/// The board with settings; its `image/sysupgrade.bin`, version `variant`, has 12 MiB.
pub fn large() -> Bench {
    let settled = Bench::settled().chip.read(ALL);
    let bench = bench_with_more(8_400_000);
    bench.chip.damage(0, &settled);
    bench
}

fn bench_with_more(bytes: usize) -> Bench {
    Bench::with_image(|tree| {
        std::fs::create_dir(tree.join("aaa")).unwrap();
        std::fs::write(tree.join("aaa/random"), random(bytes)).unwrap();
    })
}

/// Bytes that do not pack.
fn random(count: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..count).map(next).collect()
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
