//! Upgrades without room in memory for the image.

use crate::lab::flash::ART;
use crate::lab::router::{FAILSAFE_ADDRESS, Router, Setup};
use crate::lab::{Bench, SETTLED_ADDRESS};
use crate::upgrade::{large, send};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Hardly more than the least with which the lab's kernel boots, see README.md.
const LITTLE: &[&str] = &["-m", "96"];

/// A router with little memory in failsafe mode, and an image of 12 MiB in a file.
fn little(bench: &Bench) -> (Router, PathBuf) {
    let image = bench.path("image/sysupgrade.bin");
    let length = std::fs::metadata(&image).unwrap().len();
    assert!((12_000_000..13_000_000).contains(&length), "{length} bytes");
    let mut router = bench.power_on_with(&Setup {
        arguments: LITTLE,
        ..Setup::default()
    });
    router.enter_failsafe();
    (router, image)
}

/// Upgrades by `sysupgrade --stream --listen`; what the console said meanwhile.
fn stream(router: &mut Router, image: &Path) -> String {
    let mut telnet = router.telnet(FAILSAFE_ADDRESS);
    telnet.expect("# ");
    telnet.line("sysupgrade --stream --listen 3333");
    telnet.expect("nc -N 192.168.1.1 3333");
    send(image);
    telnet.expect("The image is good. Send it a second time");
    telnet.expect("nc -N 192.168.1.1 3333");
    send(image);
    telnet.expect("Upgrade completed");
    router.console.expect("Rebooting system...")
}

#[test]
#[ignore = "boots the lab: make vm"]
fn with_little_memory_an_image_is_written_for_which_it_has_no_room() {
    let bench = large();
    let art = bench.chip.read(ART);
    let (mut router, image) = little(&bench);
    // As a copy it does not fit, and neither did it break anything.
    router.console.line("sysupgrade --listen 3333");
    router.console.expect("nc -N 192.168.1.1 3333");
    let mut sender = Command::new("nc.openbsd")
        .args(["-N", "192.168.1.1", "3333"])
        .stdin(File::open(&image).unwrap())
        .spawn()
        .unwrap();
    router.console.expect("not enough memory for the image");
    // Whatever it says: the router has hung up.
    sender.wait().unwrap();
    router.console.expect("# ");
    stream(&mut router, &image);
    router.boot_normally();
    let console = &mut router.console;
    let release = console.run("cat /etc/os-release").ok();
    assert!(release.contains("variant"), "{release}");
    let address = console.run("uci get network.lan.ipaddr").ok();
    assert_eq!(address.trim(), SETTLED_ADDRESS.to_string());
    assert!(bench.chip.read(ART) == art, "calibration data changed");
}

/// Prints what is the least of the free memory, whenever it is less than before.
const WATCH: &str = "l=999999; while :; do while read -r k v u; do \
     [ $k != MemAvailable: ] || [ $v -ge $l ] || { l=$v; echo \"least $v.\"; }; \
     done </proc/meminfo; sleep 0.1; done &";

/// The memory that is taken beside the program, which is held: `make bench ONLY=lab`.
#[test]
#[ignore = "boots the lab: make bench ONLY=lab"]
fn bench_sysupgrade_memory() {
    let bench = large();
    let (mut router, image) = little(&bench);
    let size = router.console.run("wc -c </proc/self/exe").ok();
    let program: u64 = size.trim().parse().unwrap();
    router.console.run("echo 3 >/proc/sys/vm/drop_caches").ok();
    router.console.line(WATCH);
    router.console.expect("least ");
    let said = stream(&mut router, &image);
    let numbers = said
        .split("least ")
        .filter_map(|part| part.split('.').next()?.parse::<u64>().ok());
    let numbers: Vec<u64> = numbers.collect();
    let taken = numbers[0] - numbers[numbers.len() - 1];
    let beside = taken.saturating_sub(program / 1024);
    let length = std::fs::metadata(&image).unwrap().len() / 1024;
    eprintln!(
        "{:<34} {beside:>8} {length:>8}  {:>5.2} of the image, kB, to reach 0.2; with the program {taken}",
        "lab: sysupgrade, memory of a stream",
        beside as f64 / length as f64,
    );
}
