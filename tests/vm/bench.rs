//! How long flash takes with all our checks, against the bare work: `make bench ONLY=lab`.
//!
//! Times are the router's own, of the wall and not of the processor: waiting for the flash is
//! what it is about. They are printed and never asserted.

use crate::lab::router::Setup;
use crate::lab::talk::Talk;
use crate::lab::{Bench, project};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A second chip as large as the image.
const SPARE: usize = 12 << 20;
const ROUNDS: usize = 3;

/// Puts the programs that do the bare work into an image: dd of busybox, and flash_erase.
fn add_peers(tree: &Path) {
    let bench = tree.join("usr/bench");
    fs::create_dir_all(&bench).unwrap();
    fs::copy("/usr/bin/busybox", bench.join("busybox")).unwrap();
    fs::copy("/usr/sbin/flash_erase", bench.join("flash_erase")).unwrap();
    let libraries = Command::new("ldd")
        .arg("/usr/sbin/flash_erase")
        .output()
        .unwrap();
    let libraries = String::from_utf8(libraries.stdout).unwrap();
    for library in libraries
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
    {
        let place = tree.join(&library[1..]);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(library, place).unwrap();
    }
    fs::copy(project("tests/vm/guest/clock.sh"), bench.join("clock.sh")).unwrap();
}

/// Runs a command and gives the hundredths of a second that it took.
#[track_caller]
fn timed(console: &mut Talk, command: &str) -> f64 {
    let said = console.run(&format!("clock '{command}'")).ok();
    let last = said.lines().last().unwrap_or_default();
    last.trim()
        .parse::<f64>()
        .unwrap_or_else(|_| panic!("no time in: {said}"))
}

/// One line like those of the other benchmarks.
fn report(name: &str, goal: f64, ours: &mut [f64], bare: &mut [f64]) {
    let mut ratios: Vec<f64> = ours.iter().zip(&*bare).map(|(a, b)| a / b).collect();
    for times in [&mut *ours, bare, &mut ratios] {
        times.sort_by(f64::total_cmp);
    }
    let middle = |times: &[f64]| times[times.len() / 2];
    let ratio = middle(ours) / middle(bare);
    let verdict = if ratio <= goal { "" } else { "  missed" };
    eprintln!(
        "{name:<34} {:>8.0} {:>8.0}  {ratio:>5.2} ({:.2}..{:.2}) of the bare work, milliseconds, \
         to reach {goal:.1}{verdict}",
        middle(ours) * 10.0,
        middle(bare) * 10.0,
        ratios[0],
        ratios[ratios.len() - 1],
    );
}

#[test]
#[ignore = "boots the lab: make bench ONLY=lab"]
fn bench_mtd_write() {
    let bench = Bench::with_image(add_peers);
    let spare = bench.file("spare", &vec![0x55; SPARE]);
    let drive = format!("file={},format=raw,if=virtio", spare.display());
    let mut router = bench.power_on_with(&Setup {
        append: "failsafe=true",
        arguments: &["-drive", &drive],
        ..Setup::default()
    });
    let console = &mut router.console;
    console.expect("FAILSAFE MODE active");
    console.expect("# ");
    console.run(". /usr/bench/clock.sh").ok();
    console
        .run("echo /dev/vdb,64KiB,spare >/sys/module/block2mtd/parameters/block2mtd")
        .ok();
    console
        .run("head -c 12582912 /dev/urandom >/tmp/image")
        .ok();
    let bare = "/usr/bench/flash_erase -q /dev/mtd6 0 0 && /usr/bench/busybox dd if=/tmp/image of=/dev/mtd6 bs=64k && \
                /usr/bench/busybox dd if=/dev/mtd6 of=/dev/null bs=64k";
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let own = timed(console, "mtd -qq write /tmp/image spare");
        let other = timed(console, bare);
        if round > 0 {
            ours.push(own);
            theirs.push(other);
        }
    }
    report("lab: mtd write, 12 MiB", 1.2, &mut ours, &mut theirs);
}

#[test]
#[ignore = "boots the lab: make bench ONLY=lab"]
fn bench_mount_root() {
    let bench = Bench::settled();
    let clock = fs::read_to_string(project("tests/vm/guest/clock.sh")).unwrap();
    let bare = "mount -t jffs2 -o noatime /dev/mtdblock4 /tmp/m && \
                mount -t overlay -o noatime,lowerdir=/,upperdir=/tmp/m/upper,workdir=/tmp/m/work \
                over /mnt";
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // It can be done only once after each boot.
    for _ in 0..ROUNDS {
        let mut router = bench.power_on_failsafe();
        let console = &mut router.console;
        for line in clock.lines().filter(|line| !line.starts_with('#')) {
            console.line(line);
        }
        console.run("mkdir /tmp/m").ok();
        theirs.push(timed(console, bare));
        console.run("umount /mnt && umount /tmp/m").ok();
        ours.push(timed(console, "mount_root"));
    }
    report("lab: mount_root", 1.3, &mut ours, &mut theirs);
}
