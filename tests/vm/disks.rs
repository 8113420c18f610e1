//! New systems for the partitions of a card and of a disk, by the kernel of Linux.

use crate::lab::router::{Router, Setup};
use crate::lab::{Bench, project};
use crate::nand_upgrade::{image, kernel, with_metadata};
use crate::volumes::partition_table;
use std::fs;

const SIZE: u64 = 16 << 20;
/// First sector and number of sectors.
const KERNEL: (&str, u64, u64) = ("kernel", 2048, 2048);
const ROOT: (&str, u64, u64) = ("rootfs", 4096, 8192);
const DATA: (&str, u64, u64) = ("rootfs_data", 12288, 16384);

/// A disk with a table and contents of partitions.
fn disk(size: u64, table: &[u8], contents: &[(u64, &[u8])]) -> Vec<u8> {
    let mut disk = vec![0; usize::try_from(size).unwrap()];
    disk[..table.len()].copy_from_slice(table);
    for (sector, content) in contents {
        let start = usize::try_from(sector * 512).unwrap();
        disk[start..start + content.len()].copy_from_slice(content);
    }
    disk
}

fn root(image: &str) -> Vec<u8> {
    fs::read(project(image).join("rootfs.squashfs")).unwrap()
}

/// Upgrades in failsafe mode and comes back there; the version that runs then.
fn upgrade(bench: &Bench, router: &mut Router, image: &[u8], options: &str) -> String {
    let mut peer = bench.offer(&bench.file("nxtfw.bin", image));
    let console = &mut router.console;
    console.run("nc 192.168.1.2 3333 >/tmp/nxtfw.bin").ok();
    assert!(peer.wait().unwrap().success());
    console.line(&format!("sysupgrade {options} /tmp/nxtfw.bin"));
    console.expect("Rebooting system...");
    console.expect("FAILSAFE MODE active");
    console.expect("# ");
    console.run("cat /etc/os-release").ok()
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_card_and_a_disk_get_their_new_system_partition_by_partition() {
    let bench = Bench::new();
    let table = partition_table(SIZE / 512 - 1, &[KERNEL, ROOT, DATA], 0x11);
    let old = disk(SIZE, &table, &[(ROOT.1, &root("target/image"))]);
    let file = bench.file("disk", &old);
    let mut router = bench.power_on_with(&Setup {
        append: "failsafe=true lab.data=parts",
        disk: Some(&file),
        ..Setup::default()
    });
    router.console.expect("FAILSAFE MODE active");
    router.console.expect("# ");
    let settings = "tar -czf /tmp/s.tgz -C / etc/passwd && wc -c </tmp/s.tgz";
    router.console.run(settings).ok();
    let new = root("target/lab/next");
    let tar = image(&kernel(), &new);
    let release = upgrade(&bench, &mut router, &tar, "-f /tmp/s.tgz");
    assert!(release.contains("next"), "{release}");
    let card = fs::read(&file).unwrap();
    let at = |sector: u64| &card[usize::try_from(sector * 512).unwrap()..];
    assert!(at(KERNEL.1).starts_with(&kernel()) && at(ROOT.1).starts_with(&new));
    assert!(at(DATA.1).starts_with(&[0x1f, 0x8b, 8, 0]), "no settings");
    assert!(card.starts_with(&table));

    // As a disk it has a partition more than the image, which stays.
    let length = (ROOT.1 + ROOT.2) * 512;
    let table = partition_table(length / 512 - 1, &[KERNEL, ROOT], 0x71);
    let newer = root("target/lab/hooked");
    let contents = [(KERNEL.1, &b"boot"[..]), (ROOT.1, &newer)];
    let whole = with_metadata(disk(length, &table, &contents));
    let release = upgrade(&bench, &mut router, &whole, "-n");
    assert!(release.contains("hooked"), "{release}");
    router.cut_power();
    let disk = fs::read(&file).unwrap();
    let start = usize::try_from(DATA.1 * 512).unwrap();
    assert!(disk[start..] == card[start..], "another partition changed");
    assert_eq!(disk[510..512], [0x55, 0xaa]);
    let guid = |number: usize| disk[1024 + 128 * number + 16];
    assert_eq!([0, 1, 2].map(guid), [0x71, 0x72, 0x13]);
}
