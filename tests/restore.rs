//! Settings archives of strangers: what is refused as a whole before the first file is touched,
//! and what is restored, and where.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use safebox::archive::{Header, Kind};
use safebox::upgrade::Error;
use safebox::upgrade::place::Event;
use safebox::upgrade::restore::{Left, RESTORED, restore, restore_left};
use std::fs;
use std::io::Cursor;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

#[path = "support/members.rs"]
mod members;
#[path = "support/tempdir.rs"]
mod tempdir;

use members::Members;
use tempdir::TempDir;

/// A device of a few files below `root`, and something beside it that must not change.
struct Device(TempDir);

impl Device {
    fn new() -> Device {
        let dir = TempDir::new();
        for folder in ["root/etc/config", "root/tmp", "beside"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        let device = Device(dir);
        device.write("root/etc/config/network", "default");
        device.write("root/etc/passwd", "root::0\n");
        device.write("beside/file", "untouched");
        device
    }

    fn write(&self, path: &str, content: &str) {
        fs::write(self.0.path().join(path), content).unwrap();
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.0.path().join("root").join(path)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// The number of restored files, and what failed.
    fn restore(&self, archive: &[u8]) -> Result<(usize, Vec<String>), Error> {
        let mut troubles = Vec::new();
        let root = self.0.path().join("root");
        let count = restore(&mut Cursor::new(archive), &root, &mut |event| {
            if let Event::Trouble(trouble) = event {
                troubles.push(trouble.to_string());
            }
            Ok(())
        })?;
        assert_eq!(self.beside(), ["file=untouched"]);
        assert_eq!(leftovers(self.0.path()), Vec::<String>::new());
        Ok((count, troubles))
    }

    fn beside(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path().join("beside")).unwrap();
        let shown = entries.map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            format!("{name}={}", fs::read_to_string(path).unwrap())
        });
        shown.collect()
    }

    /// Refused, and the device is as it was.
    #[track_caller]
    fn refuses(&self, archive: &[u8], reason: &str) {
        let before = tree(self.0.path());
        let error = self.restore(archive).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
        assert_eq!(tree(self.0.path()), before);
    }
}

/// Everything below a directory, with kinds, times and contents.
fn tree(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![dir.to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let meta = path.symlink_metadata().unwrap();
            if meta.is_dir() {
                waiting.push(path.clone());
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            found.push(format!("{path:?} {:o} {} {text}", meta.mode(), meta.ino()));
        }
    }
    found.sort();
    found
}

/// Files that were not whole.
fn leftovers(dir: &Path) -> Vec<String> {
    let mut all = tree(dir);
    all.retain(|line| line.contains(".sysupgrade.new"));
    all
}

/// A member that would be restored if the archive were not refused.
fn good() -> Members {
    Members::default().file("etc/config/network", "mine")
}

#[test]
fn everything_is_restored_with_its_links_times_and_permissions() {
    let device = Device::new();
    let mut key = Header::new(Kind::File, b"/etc/dropbear/key");
    (key.mode, key.mtime) = (0o600, 1_000_000_000);
    let archive = good()
        .with(key, "secret")
        .symlink("etc/rc.d/S50x", "../init.d/x")
        .hard_link("etc/other", "etc/dropbear/key")
        .directory("etc/empty");
    for _ in 0..2 {
        assert_eq!(device.restore(&archive.packed()).unwrap(), (4, vec![]));
    }
    assert_eq!(device.read("etc/config/network"), "mine");
    let meta = fs::metadata(device.path("etc/dropbear/key")).unwrap();
    assert_eq!((meta.mode() & 0o7777, meta.mtime()), (0o600, 1_000_000_000));
    assert_eq!(meta.nlink(), 2);
    assert_eq!(device.read("etc/other"), "secret");
    let link = fs::read_link(device.path("etc/rc.d/S50x")).unwrap();
    assert_eq!(link, Path::new("../init.d/x"));
    assert!(device.path("etc/empty").is_dir());
}

#[test]
fn an_archive_that_is_unpacked_already_is_read_too() {
    let device = Device::new();
    assert_eq!(device.restore(&good().tar()).unwrap(), (1, vec![]));
    assert_eq!(device.read("etc/config/network"), "mine");
}

#[test]
fn system_users_of_the_image_survive_and_the_user_keeps_the_password() {
    let device = Device::new();
    fs::create_dir_all(device.path("rom/etc")).unwrap();
    device.write("root/rom/etc/passwd", "root:x:0\ndns:x:9\n");
    device.write("root/rom/etc/shadow", "root::0\ndns:*:0\n");
    let archive = Members::default()
        .file("etc/passwd", "root:x:0:me\nme:x:1000\n")
        .file("etc/shadow", "root:$5$hash:0");
    device.restore(&archive.packed()).unwrap();
    assert_eq!(
        device.read("etc/passwd"),
        "root:x:0:me\nme:x:1000\ndns:x:9\n"
    );
    assert_eq!(device.read("etc/shadow"), "root:$5$hash:0\ndns:*:0\n");
}

#[test]
fn an_absolute_name_stays_below_the_root() {
    let device = Device::new();
    let beside = device.0.path().join("beside/file");
    let archive = good().file(beside.to_str().unwrap(), "evil");
    device.restore(&archive.packed()).unwrap();
    assert!(
        device
            .path(beside.strip_prefix("/").unwrap().to_str().unwrap())
            .exists()
    );
}

#[test]
fn a_name_that_leads_out_is_refused() {
    let device = Device::new();
    for name in ["../beside/file", "etc/../../beside/file", "..", "/.."] {
        device.refuses(&good().file(name, "evil").packed(), "leads out");
    }
    let archive = good().hard_link("etc/own", "../beside/file");
    device.refuses(&archive.packed(), "leads out");
}

#[test]
fn a_file_through_a_link_of_the_archive_is_refused() {
    let device = Device::new();
    let beside = device.0.path().join("beside");
    for target in [beside.to_str().unwrap(), "../beside", "config"] {
        let archive = good().symlink("way", target).file("way/file", "evil");
        device.refuses(&archive.packed(), "'way/file': leads out");
        let archive = good().symlink("way", target).hard_link("own", "way/file");
        device.refuses(&archive.packed(), "'way/file': leads out");
    }
}

#[test]
fn a_file_through_a_link_of_the_device_stays_below_the_root() {
    let device = Device::new();
    symlink(device.0.path().join("beside"), device.path("out")).unwrap();
    device.refuses(&good().file("out/file", "evil").packed(), "leads out");
    device.refuses(&good().file("out/new/file", "evil").packed(), "leads out");
    // What leads to another place of the device is the user's own way.
    symlink("tmp", device.path("var")).unwrap();
    let archive = good().file("var/lib/file", "mine");
    assert_eq!(device.restore(&archive.packed()).unwrap(), (2, vec![]));
    assert_eq!(device.read("tmp/lib/file"), "mine");
}

#[test]
fn a_link_in_the_place_of_a_file_is_replaced_and_not_followed() {
    let device = Device::new();
    let network = device.path("etc/config/network");
    fs::remove_file(&network).unwrap();
    symlink(device.0.path().join("beside/file"), &network).unwrap();
    assert_eq!(device.restore(&good().packed()).unwrap(), (1, vec![]));
    assert!(network.symlink_metadata().unwrap().is_file());
    // The same for what is left of an attempt that was cut off.
    let left = device.path("etc/config/.sysupgrade.new");
    symlink(device.0.path().join("beside/file"), left).unwrap();
    assert_eq!(device.restore(&good().packed()).unwrap(), (1, vec![]));
}

#[test]
fn a_hard_link_to_what_is_no_file_is_not_made() {
    let device = Device::new();
    symlink(device.0.path().join("beside/file"), device.path("etc/link")).unwrap();
    for target in ["etc/link", "etc/nothing", "etc"] {
        let archive = good().hard_link("etc/own", target);
        let (count, troubles) = device.restore(&archive.packed()).unwrap();
        assert_eq!((count, troubles.len()), (1, 1), "{troubles:?}");
    }
    assert!(device.path("etc/own").symlink_metadata().is_err());
}

#[test]
fn devices_and_pipes_are_refused() {
    let device = Device::new();
    for kind in [Kind::CharDevice, Kind::BlockDevice, Kind::Fifo] {
        let archive = good().node(kind, "dev/mem");
        device.refuses(&archive.packed(), "not a settings archive");
    }
}

#[test]
fn names_that_no_file_can_have_are_refused_and_long_ones_restored() {
    let device = Device::new();
    let name = "x".repeat(256);
    device.refuses(&good().file(&name, "").packed(), "too long");
    device.refuses(&good().file(&"d/".repeat(2040), "").packed(), "too long");
    let mut endless = Header::new(Kind::LongName, b"././@LongLink");
    endless.size = 1 << 30;
    device.refuses(&good().raw(&endless, "").packed(), "too long");

    // GNU's way, then pax.
    let gnu = format!("etc/{}/{}", "g".repeat(200), "file");
    let pax = format!("etc/{}/{}", "p".repeat(200), "file");
    let pair = format!(" path={pax}\n");
    let record = format!("{}{pair}", pair.len() + 3);
    let mut extended = Header::new(Kind::Extended, b"pax");
    extended.size = record.len() as u64;
    let archive = good().file(&gnu, "gnu").raw(&extended, record);
    let archive = archive.file("short", "pax");
    assert_eq!(device.restore(&archive.packed()).unwrap(), (3, vec![]));
    assert_eq!(
        (device.read(&gnu), device.read(&pax)),
        ("gnu".into(), "pax".into())
    );
    assert!(!device.path("short").exists());
    // A long name may not lead out either.
    let pair = format!(" path={}../file\n", "../".repeat(40));
    let record = format!("{}{pair}", pair.len() + 3);
    extended.size = record.len() as u64;
    let archive = good().raw(&extended, record).file("short", "evil");
    device.refuses(&archive.packed(), "leads out");
}

#[test]
fn the_last_of_several_members_of_one_name_counts() {
    let device = Device::new();
    let archive = good()
        .file("etc/config/network", "second")
        .symlink("etc/x", "/etc/passwd")
        .file("etc/x", "a file of its own");
    assert_eq!(device.restore(&archive.packed()).unwrap(), (4, vec![]));
    assert_eq!(device.read("etc/config/network"), "second");
    assert_eq!(device.read("etc/x"), "a file of its own");
    assert_eq!(device.read("etc/passwd"), "root::0\n");
}

#[test]
fn a_directory_in_the_place_of_a_file_stays_and_the_rest_is_restored() {
    let device = Device::new();
    fs::create_dir_all(device.path("etc/folder/sub")).unwrap();
    let archive = Members::default()
        .file("etc/folder", "x")
        .file("etc/passwd/x", "y");
    let archive = archive.file("etc/config/network", "mine");
    let (count, troubles) = device.restore(&archive.packed()).unwrap();
    assert_eq!((count, troubles.len()), (1, 2), "{troubles:?}");
    assert!(device.path("etc/folder/sub").is_dir());
    assert_eq!(device.read("etc/config/network"), "mine");
}

#[test]
fn sizes_that_lie_are_refused() {
    let device = Device::new();
    let mut long = Header::new(Kind::File, b"etc/long");
    long.size = 5000;
    device.refuses(&good().raw(&long, "short").packed(), "short read");
    // The content of what has none is taken for a header.
    let mut link = Header::new(Kind::Symlink, b"etc/link");
    (link.size, link.link) = (700, b"x".to_vec());
    device.refuses(&good().raw(&link, [1; 700]).packed(), "invalid tar magic");
    for size in [u64::MAX, 1 << 63, 1 << 60] {
        long.size = size;
        device.refuses(&good().raw(&long, "").packed(), "far more than");
    }
    let record = "29 size=18446744073709551615\n";
    let mut extended = Header::new(Kind::Extended, b"pax");
    extended.size = record.len() as u64;
    let archive = good().raw(&extended, record).file("etc/x", "y");
    device.refuses(&archive.packed(), "far more than");
}

#[test]
fn damage_anywhere_is_refused_before_the_first_file() {
    let device = Device::new();
    let archive = good().file("etc/big", [7; 20_000]).packed();
    for cut in [
        0,
        1,
        10,
        archive.len() / 2,
        archive.len() - 8,
        archive.len() - 1,
    ] {
        device.refuses(&archive[..cut], "");
    }
    for at in [archive.len() - 8, archive.len() - 1, archive.len() / 2] {
        let mut damaged = archive.clone();
        damaged[at] ^= 0x10;
        device.refuses(&damaged, "");
    }
    device.refuses(&[&archive[..], b"more"].concat(), "garbage");
    device.refuses(b"<html>404</html>", "not in gzip format");
}

#[test]
fn what_unpacks_to_more_than_there_can_be_room_for_is_refused() {
    let device = Device::new();
    let mut bomb = Header::new(Kind::File, b"etc/bomb");
    bomb.size = 1 << 58;
    device.refuses(&good().raw(&bomb, "").packed(), "far more than");
    // Links that would have to be remembered.
    let mut links = Members::default();
    for number in 0..20_000 {
        links = links.symlink(&format!("etc/link{number}"), "x");
    }
    device.refuses(&links.packed(), "too long");
}

#[test]
fn a_long_archive_is_judged_with_little_memory() {
    let dir = TempDir::new();
    let archive = dir.path().join("bomb.tgz");
    // What makes it hostile comes last.
    let bomb = good().file("etc/bomb", vec![0; 100 << 20]).file("../x", "");
    fs::write(&archive, bomb.packed()).unwrap();
    let output = Command::new("/bin/sh")
        .args(["-c", "ulimit -v 40000; exec \"$0\" sysupgrade -r \"$1\""])
        .args([Path::new(env!("CARGO_BIN_EXE_safebox")), &archive])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.ends_with("bomb.tgz: '../x': leads out of the directory\n"),
        "{told}"
    );
    assert_eq!(output.status.code(), Some(1));
}

fn left(device: &Device, archive: &[u8]) -> Left {
    let path = device.path("sysupgrade.tgz");
    fs::write(&path, archive).unwrap();
    let root = device.0.path().join("root");
    restore_left(&path, &root, &mut |_| Ok(())).unwrap()
}

#[test]
fn a_boot_keeps_the_archive_until_it_is_complete() {
    let device = Device::new();
    let outcome = left(&device, &good().packed());
    assert!(matches!(outcome, Left::Restored(1)), "{outcome:?}");
    assert!(device.path("sysupgrade.tgz").exists());
    assert!(device.path(RESTORED).exists());
}

#[test]
fn a_damaged_archive_does_not_stop_the_boot_and_is_kept_aside() {
    let device = Device::new();
    let mut damaged = good().packed();
    let end = damaged.len();
    damaged[end - 5] ^= 1;
    let outcome = left(&device, &damaged);
    let Left::Aside(aside, Some(error)) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(error.to_string().contains("damaged"), "{error}");
    assert_eq!(fs::read(aside).unwrap(), damaged);
    assert!(!device.path("sysupgrade.tgz").exists());
    // No complete boot may delete what was never restored.
    assert!(!device.path(RESTORED).exists());
    assert_eq!(device.read("etc/config/network"), "default");
}

#[test]
fn an_archive_that_could_be_restored_in_part_only_is_kept_aside_too() {
    let device = Device::new();
    fs::create_dir(device.path("etc/folder")).unwrap();
    let outcome = left(&device, &good().file("etc/folder", "x").packed());
    assert!(matches!(outcome, Left::Aside(_, None)), "{outcome:?}");
    assert!(device.path("sysupgrade.tgz.failed").exists());
    assert_eq!(device.read("etc/config/network"), "mine");
    let mode = fs::metadata(device.path("etc/config/network")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o644);
}
