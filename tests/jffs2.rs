//! The applet jffs2 against images of mkfs.jffs2 (mtd-utils), and against damaged ones.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

#[path = "support/tempdir.rs"]
mod tempdir;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempdir::TempDir;

const MKFS: &str = "/usr/sbin/mkfs.jffs2";

/// Whether images can be made here; says so if not.
fn can_make_images() -> bool {
    let there = Path::new(MKFS).exists();
    if !there {
        eprintln!("skipped: no mkfs.jffs2: apt-get install mtd-utils");
    }
    there
}

fn jffs2(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_safebox"))
        .arg0("jffs2")
        .args(words)
        .output()
        .unwrap()
}

/// Bytes that compress, but not well.
fn text(length: usize) -> Vec<u8> {
    let mut seed = 1_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed >> 24
    };
    let words = [
        "option",
        "config",
        "192.168.1.",
        "interface ",
        "'lan'\n",
        "\t",
    ];
    let mut text = Vec::new();
    while text.len() < length {
        match next() {
            small @ 0..48 => text.push(small as u8 * 5),
            other => text.extend_from_slice(words[other as usize % words.len()].as_bytes()),
        }
    }
    text.truncate(length);
    text
}

/// A tree with a bit of everything that an overlay may hold.
fn tree(dir: &Path) {
    for folder in ["upper/etc/config", "upper/empty", "work"] {
        fs::create_dir_all(dir.join(folder)).unwrap();
    }
    let file = |name: &str, content: &[u8]| fs::write(dir.join(name), content).unwrap();
    file("upper/etc/config/network", &text(1500));
    file("upper/etc/nothing", b"");
    file("upper/etc/page", &text(4096));
    file("upper/etc/zeros", &[0; 50_000]);
    file("upper/big", &text(300_000));
    let noise: Vec<u8> = (0..20_000_u32)
        .map(|n| (n.wrapping_mul(n) >> 9) as u8)
        .collect();
    file("upper/noise", &noise);
    for number in 0..200 {
        file(&format!("work/{number}"), number.to_string().as_bytes());
    }
    symlink("../etc/config/network", dir.join("upper/link")).unwrap();
    let mode = |name: &str, mode| {
        fs::set_permissions(dir.join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("upper/etc/config/network", 0o600);
    mode("upper/empty", 0o750);
    mode("upper/big", 0o4755);
}

/// What lies below a directory: mode, time, and content or target.
fn all_below(dir: &Path) -> BTreeMap<PathBuf, (u32, i64, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = path.symlink_metadata().unwrap();
            let content = if meta.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else if meta.is_symlink() {
                fs::read_link(&path)
                    .unwrap()
                    .into_os_string()
                    .into_encoded_bytes()
            } else {
                fs::read(&path).unwrap()
            };
            // The times of links are not kept.
            let time = if meta.is_symlink() { 0 } else { meta.mtime() };
            let name = path.strip_prefix(dir).unwrap().to_owned();
            found.insert(name, (meta.mode(), time, content));
        }
    }
    found
}

#[track_caller]
fn check_image(options: &str) {
    let dir = TempDir::new();
    let (source, image, out) = (
        dir.path().join("source"),
        dir.path().join("image"),
        dir.path().join("out"),
    );
    fs::create_dir(&source).unwrap();
    tree(&source);
    let made = Command::new(MKFS)
        .args(options.split_whitespace())
        .arg("-r")
        .arg(&source)
        .arg("-o")
        .arg(&image)
        .status();
    assert!(made.unwrap().success(), "mkfs.jffs2 {options}");
    let words = [
        "-C",
        out.to_str().unwrap(),
        "extract",
        image.to_str().unwrap(),
    ];
    let done = jffs2(&words);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{options}: {said}");
    assert_eq!(said, "", "{options}");
    let (before, after) = (all_below(&source), all_below(&out));
    assert!(before.keys().eq(after.keys()), "{options}: other names");
    for (name, was) in &before {
        let is = &after[name];
        assert!(is == was, "{options}: {} differs", name.display());
    }
    // As an archive it is the same again.
    let (tar, again) = (dir.path().join("tar"), dir.path().join("again"));
    fs::create_dir(&again).unwrap();
    fs::write(&tar, jffs2(&["tar", image.to_str().unwrap()]).stdout).unwrap();
    let unpacked = Command::new(env!("CARGO_BIN_EXE_safebox"))
        .args(["tar", "-xpf"])
        .arg(&tar)
        .arg("-C")
        .arg(&again)
        .status();
    assert!(unpacked.unwrap().success());
    assert!(all_below(&again) == before, "{options}: as an archive");
}

#[test]
fn images_of_both_byte_orders_and_all_compressors_are_read() {
    if !can_make_images() {
        return;
    }
    for endian in ["-l", "-b"] {
        for packing in [
            "-m none",
            "-x rtime",
            "-x zlib -X rtime",
            "-x zlib -x rtime -X lzo",
            "-m size -X lzo",
        ] {
            check_image(&format!("{endian} {packing}"));
        }
    }
}

#[test]
fn erase_blocks_pages_and_cleanmarkers_make_no_difference() {
    if !can_make_images() {
        return;
    }
    for shape in [
        "-e 16KiB",
        "-e 128KiB -n",
        "-s 16KiB",
        "-s 64KiB -e 256KiB",
        "-p 4MiB",
    ] {
        check_image(shape);
    }
}

/// Damages an image everywhere in turn: whatever comes out, it comes to an end by itself.
#[test]
fn no_damage_makes_it_crash_or_hang() {
    if !can_make_images() {
        return;
    }
    let dir = TempDir::new();
    let (source, image) = (dir.path().join("source"), dir.path().join("image"));
    fs::create_dir_all(source.join("etc")).unwrap();
    fs::write(source.join("etc/passwd"), text(3000)).unwrap();
    symlink("passwd", source.join("etc/link")).unwrap();
    let made = Command::new(MKFS)
        .args(["-e", "8KiB", "-r"])
        .arg(&source)
        .arg("-o")
        .arg(&image)
        .status();
    assert!(made.unwrap().success());
    let whole = fs::read(&image).unwrap();
    let end = whole.iter().rposition(|&b| b != 0xff).unwrap();
    let image = image.to_str().unwrap();
    for at in (0..end).step_by(13) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(image, damaged).unwrap();
        let done = jffs2(&["tar", image]);
        let said = String::from_utf8_lossy(&done.stderr);
        match done.status.code() {
            // Filler, or the name of a time.
            Some(0) => assert_eq!(said, "", "{at:#x}"),
            Some(1) => assert!(said.starts_with("jffs2: "), "{at:#x}: {said}"),
            other => panic!("{at:#x}: ended with {other:?}: {said}"),
        }
    }
}
