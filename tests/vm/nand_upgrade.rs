//! A tar into UBI volumes, with the kernel of Linux: while the old root is read from its volume,
//! and over a restart.

use crate::lab::Bench;
use crate::lab::project;
use crate::lab::router::{Router, Setup};
use flate2::Crc;
use safebox::archive::{Header, Kind, Writer};
use safebox::image::fwtool;
use safebox::image::uimage;
use sha2::{Digest, Sha256};
use std::path::Path;

/// The number of a volume by its name, for the shell.
const VOL: &str = "vol() { for d in /sys/class/ubi/ubi0_*; do \
    [ \"$(cat $d/name)\" = $1 ] && echo ${d##*/ubi}; done; true; }";
/// Bytes of the disk that plays a chip.
const SIZE: usize = 16 << 20;

fn power_on(bench: &Bench, disk: &Path) -> Router {
    let mut router = bench.power_on_with(&Setup {
        append: "failsafe=true lab.data=ubi",
        disk: Some(disk),
        ..Setup::default()
    });
    to_failsafe(&mut router);
    router
}

fn to_failsafe(router: &mut Router) {
    router.console.expect("FAILSAFE MODE active");
    router.console.expect("# ");
}

pub fn kernel() -> Vec<u8> {
    let data: Vec<u8> = (0..700_000_u32).map(|n| (n * 3 % 253) as u8).collect();
    let mut crc = Crc::new();
    crc.update(&data);
    let header = uimage::Header {
        size: data.len() as u32,
        data_crc: crc.sum(),
        time: 0,
        load: 0x8006_0000,
        entry: 0x8006_0000,
        codes: [5, 5, 2, 0],
        name: b"next".to_vec(),
    };
    [&header.build()[..], &data].concat()
}

/// A tar for the lab's board, with metadata.
pub fn image(kernel: &[u8], root: &[u8]) -> Vec<u8> {
    let mut image = Vec::new();
    let mut writer = Writer::new(&mut image);
    let members = [
        ("CONTROL", &b"BOARD=safebox,lab\n"[..]),
        ("kernel", kernel),
        ("root", root),
    ];
    for (name, mut content) in members {
        let name = format!("sysupgrade-safebox_lab/{name}");
        let mut header = Header::new(Kind::File, name.as_bytes());
        header.size = content.len() as u64;
        writer.file(&header, &mut content).unwrap();
    }
    writer.finish().unwrap();
    with_metadata(image)
}

/// With metadata for the lab's board.
pub fn with_metadata(image: Vec<u8>) -> Vec<u8> {
    let json = r#"{"metadata_version":"1.1","compat_version":"1.0","supported_devices":["safebox,lab"],"version":{"dist":"safebox","version":"next","revision":"r1"}}"#;
    let mut crc = Crc::new();
    crc.update(&image);
    let chunk = fwtool::build(fwtool::Kind::Info, json.as_bytes(), crc).unwrap();
    [image, chunk].concat()
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_tar_changes_places_with_the_volumes_that_the_system_runs_from() {
    let bench = Bench::new();
    let disk = bench.file("disk", &vec![0xff; SIZE]);
    let kernel = kernel();
    let mut root = std::fs::read(project("target/image/rootfs.squashfs")).unwrap();
    let old_length = root.len();
    // Other than the old one, and a squashfs all the same.
    root.extend([0x55; 4096]);
    let mut router = power_on(&bench, &disk);
    let console = &mut router.console;
    console.run("ubiattach -p ubi && mkdir -p /tmp/m").ok();
    console.run(VOL).ok();
    console.run("ubirmvol ubi0 -N rootfs_data").ok();
    console
        .run("ubimkvol ubi0 -N kernel -s 1MiB && ubimkvol ubi0 -N rootfs -s 2MiB && ubimkvol ubi0 -N factory -s 130000")
        .ok();
    console.run("ubimkvol ubi0 -N rootfs_data -m").ok();
    console
        .run("head -c 130000 /bin/safebox >/tmp/f && ubiupdatevol ubi0:factory /tmp/f && ubiupdatevol ubi0:kernel /tmp/f")
        .ok();
    // The old root is in use, as it is where / stands on it.
    console
        .run(&format!("mtd dump rootfs | head -c {old_length} >/tmp/r && ubiupdatevol ubi0:rootfs /tmp/r && ubiblock -c ubi0:rootfs"))
        .ok();
    console
        .run("mount -t squashfs -o ro /dev/ubiblock$(vol rootfs) /tmp/m && rm /tmp/r")
        .ok();
    console
        .run("tar -czf /tmp/s.tgz -C / etc/passwd etc/group")
        .ok();
    let archive = console.run("sha256sum </tmp/s.tgz").ok();
    let file = bench.file("image", &image(&kernel, &root));
    let mut peer = bench.offer(&file);
    console.run("nc 192.168.1.2 3333 >/tmp/image").ok();
    assert!(peer.wait().unwrap().success());
    let said = console.run("sysupgrade -T -f /tmp/s.tgz /tmp/image").ok();
    assert!(said.contains("kernel.new to kernel"), "{said}");
    console.line("sysupgrade -f /tmp/s.tgz /tmp/image");
    console.expect("Upgrade completed");

    to_failsafe(&mut router);
    let console = &mut router.console;
    console.run("ubiattach -p ubi; mkdir -p /tmp/m").ok();
    console.run(VOL).ok();
    let said = console.run("ubinfo").ok();
    assert!(said.contains(": rootfs.old,"), "{said}");
    for (name, length, wanted) in [
        ("kernel", kernel.len(), hash(&kernel)),
        ("rootfs", root.len(), hash(&root)),
    ] {
        let command = format!("head -c {length} /dev/ubi$(vol {name}) | sha256sum");
        let said = console.run(&command).ok();
        assert!(said.contains(&wanted), "{name}: {said}");
    }
    console
        .run("head -c 130000 /bin/safebox >/tmp/f; head -c 130000 /dev/ubi$(vol factory) | cmp - /tmp/f")
        .ok();
    console.run("mount -t ubifs ubi0:rootfs_data /tmp/m").ok();
    let said = console.run("sha256sum </tmp/m/sysupgrade.tgz").ok();
    assert_eq!(said, archive);
    console.run("umount /tmp/m").ok();
}
