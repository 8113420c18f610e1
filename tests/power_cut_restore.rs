//! Settings restored by the first boot after an upgrade, cut off after every operation: the
//! next boot finds each file old or new, and restores the rest.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use safebox::upgrade::place::Event;
use safebox::upgrade::restore::{Left, RESTORED, restore_left};
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

#[path = "support/members.rs"]
mod members;
#[path = "support/tempdir.rs"]
mod tempdir;

use members::Members;
use tempdir::TempDir;

/// What each file holds before and after.
const FILES: [(&str, &str, &str); 4] = [
    ("etc/config/network", "default", "mine"),
    ("etc/config/system", "default", "mine too"),
    (
        "etc/passwd",
        "root::0\ndns:x:9\n",
        "root:x:0\nme:x:1\ndns:x:9\n",
    ),
    ("etc/own", "", "never there before"),
];

fn archive() -> Vec<u8> {
    Members::default()
        .file("etc/config/network", "mine")
        .symlink("etc/link", "config/network")
        .file("etc/passwd", "root:x:0\nme:x:1\n")
        .file("etc/config/system", "mine too")
        .file("etc/own", "never there before")
        .hard_link("etc/same", "etc/own")
        .packed()
}

/// A device before the first boot with these settings.
fn device(with_rom: bool) -> TempDir {
    let dir = TempDir::new();
    fs::create_dir_all(dir.path().join("etc/config")).unwrap();
    for (path, before, _) in FILES.iter().filter(|file| !file.1.is_empty()) {
        fs::write(dir.path().join(path), before).unwrap();
    }
    symlink("nowhere", dir.path().join("etc/link")).unwrap();
    if with_rom {
        fs::create_dir_all(dir.path().join("rom/etc")).unwrap();
        fs::copy(
            dir.path().join("etc/passwd"),
            dir.path().join("rom/etc/passwd"),
        )
        .unwrap();
    }
    fs::write(dir.path().join("sysupgrade.tgz"), archive()).unwrap();
    dir
}

/// A boot whose power goes at the given event; true if it came through.
fn boot(root: &Path, mut events: usize) -> bool {
    // Memory is empty after a cut.
    let _ = fs::remove_dir_all(root.join("tmp"));
    fs::create_dir(root.join("tmp")).unwrap();
    let archive = root.join("sysupgrade.tgz");
    let result = restore_left(&archive, root, &mut |event| {
        if let Event::Written(path) = event {
            let new = path.with_file_name(".sysupgrade.new");
            assert!(new.symlink_metadata().is_ok(), "{path:?} is not whole yet");
        }
        if events > 0 {
            events -= 1;
            return Ok(());
        }
        if let Event::Made(new) = event {
            let meta = new.symlink_metadata().unwrap();
            // What has reached no medium may be there in part, or be anything.
            if meta.is_file() && meta.nlink() == 1 {
                fs::write(new, "torn").unwrap();
            }
        }
        Err(io::Error::other("the power is gone"))
    });
    match result {
        Ok(Left::Restored(count)) => {
            assert_eq!(count, 6);
            true
        }
        Ok(other) => panic!("{other:?}"),
        Err(_) => false,
    }
}

fn read(root: &Path, path: &str) -> String {
    fs::read_to_string(root.join(path)).unwrap_or_default()
}

/// Each file is the old or the new one, and nothing was given up.
fn check_cut(root: &Path) {
    for (path, before, after) in FILES {
        let now = read(root, path);
        assert!(now == before || now == after, "{path}: {now}");
    }
    let link = fs::read_link(root.join("etc/link")).unwrap();
    let link = link.to_str().unwrap();
    assert!(["nowhere", "config/network"].contains(&link), "{link}");
    assert_eq!(fs::read(root.join("sysupgrade.tgz")).unwrap(), archive());
    assert!(!root.join(RESTORED).exists());
}

fn check_whole(root: &Path) {
    for (path, _, after) in FILES {
        assert_eq!(read(root, path), after, "{path}");
    }
    assert_eq!(read(root, "etc/link"), "mine");
    assert_eq!(read(root, "etc/same"), "never there before");
    // Until the boot is complete.
    assert!(root.join("sysupgrade.tgz").exists());
    assert!(root.join(RESTORED).exists());
    for folder in ["etc", "etc/config"] {
        assert!(!root.join(folder).join(".sysupgrade.new").exists());
    }
}

#[test]
fn a_restore_that_is_cut_off_anywhere_is_finished_by_the_next_boot() {
    for with_rom in [false, true] {
        for events in 0.. {
            assert!(events < 100, "never ends");
            let dir = device(with_rom);
            let whole = boot(dir.path(), events);
            if whole {
                check_whole(dir.path());
                // Six files, three events each.
                assert_eq!(events, 18);
                break;
            }
            check_cut(dir.path());
            assert!(boot(dir.path(), usize::MAX));
            check_whole(dir.path());
        }
    }
}

#[test]
fn boots_that_are_cut_off_again_and_again_lose_nothing() {
    let dir = device(true);
    for events in [3, 0, 7, 7, 2, 12, 17] {
        assert!(!boot(dir.path(), events));
        check_cut(dir.path());
    }
    assert!(boot(dir.path(), usize::MAX));
    check_whole(dir.path());
    // A boot that was restored and never completed restores once more.
    assert!(boot(dir.path(), usize::MAX));
    check_whole(dir.path());
}
