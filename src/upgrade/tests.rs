//! Settings from one tree into an archive and into another.

use super::list::{Which, files as files_of};
use super::settings::{Source, lasts, open};
use super::{Error, restore, save};
use crate::archive::{Reader, gzip::Gunzip};
use crate::fake::FakeSystem;
use crate::flash::jffs2::{self, END_MARKER};
use crate::flash::plant;
use crate::sys::Flash;
use std::fs;
use std::io::Cursor;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// A directory with these files, removed in the end.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str, files: &[(&str, &str)]) -> Tree {
        let dir = std::env::temp_dir().join(format!("safebox-{}-{name}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        for (path, content) in files {
            let path = dir.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        Tree(dir)
    }

    fn source(&self) -> Source {
        let mut sys = FakeSystem::router();
        sys.mounts.table[0].fstype = "ext4".into();
        open(&mut sys, &self.0).unwrap()
    }

    fn listed(&self, which: Which) -> Vec<String> {
        let files = files_of(&self.source(), which).unwrap();
        files
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // A leftover under the directory for temporary files harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

const KEEP: (&str, &str) = (
    "lib/upgrade/keep.d/base",
    "/etc/config/\n# no\n/etc/dropbear/*_key\n/etc/passwd\n/nosuch\n",
);

#[test]
fn the_lists_name_files_directories_and_patterns() {
    let tree = Tree::new(
        "lists",
        &[
            KEEP,
            ("etc/sysupgrade.conf", "/root/../root/x\n/root/script\n"),
            ("etc/config/network", "a"),
            ("etc/config/sub/deep", "b"),
            ("etc/dropbear/rsa_key", "c"),
            ("etc/dropbear/other", "d"),
            ("etc/passwd", "root:x:0"),
            ("etc/unlisted", "e"),
            ("root/script", "f"),
        ],
    );
    let expected = [
        "etc/config/network",
        "etc/config/sub/deep",
        "etc/dropbear/rsa_key",
        "etc/passwd",
        "root/script",
    ];
    assert_eq!(tree.listed(Which::default()), expected);
}

#[test]
fn the_list_is_in_the_order_of_its_bytes_and_knows_the_patterns_of_a_shell() {
    let tree = Tree::new(
        "order",
        &[
            (
                "etc/sysupgrade.conf",
                "/etc/a\n/etc/a-b\n/etc/k[ab]?\n/etc/*.d\n",
            ),
            ("etc/a/x", "1"),
            ("etc/a-b", "2"),
            ("etc/ka1", "3"),
            ("etc/kc1", "4"),
            ("etc/.d", "5"),
            ("etc/x.d/.hidden", "6"),
        ],
    );
    // As `sort` has it: the dash comes before the slash.
    let expected = ["etc/a-b", "etc/a/x", "etc/ka1", "etc/x.d/.hidden"];
    assert_eq!(tree.listed(Which::default()), expected);
}

#[test]
fn links_in_a_listed_path_are_followed_inside_the_tree() {
    let list = "/etc/abs/file\n/etc/rel/*\n/etc/dir/\n/etc/loop/x\n/etc/link\n";
    let tree = Tree::new(
        "links",
        &[
            ("etc/sysupgrade.conf", list),
            ("srv/file", "1"),
            ("srv/more", "2"),
            ("etc/away", "3"),
        ],
    );
    let link = |target: &str, name: &str| symlink(target, tree.0.join(name)).unwrap();
    // Absolute as on the device, where no such directory of this machine is meant.
    link("/srv", "etc/abs");
    link("../srv", "etc/rel");
    link("/../srv", "etc/dir");
    link("loop", "etc/loop");
    link("away", "etc/link");
    let expected = ["etc/link", "srv/file", "srv/more"];
    assert_eq!(tree.listed(Which::default()), expected);
}

#[test]
fn packages_configuration_is_kept_once_it_was_changed() {
    // SHA-256 and MD5 of "a".
    let sum = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    let old = "0cc175b9c0f1b6a831c399e269772661";
    let status = format!(
        "Package: x\nConffiles:\n /etc/a {sum}\n /etc/b {sum}\n /etc/old {old}\n /etc/older {old}\n\
         Other: 1\n /etc/c {sum}\n"
    );
    let tree = Tree::new(
        "conffiles",
        &[
            ("usr/lib/opkg/status", &status),
            (
                "lib/apk/packages/y.conffiles_static",
                &format!("/etc/d {sum}\n"),
            ),
            ("etc/a", "a"),
            ("etc/b", "changed"),
            ("etc/c", "changed"),
            ("etc/d", "changed"),
            ("etc/old", "a"),
            ("etc/older", "changed"),
        ],
    );
    let expected = ["etc/b", "etc/d", "etc/older"];
    assert_eq!(tree.listed(Which::default()), expected);
}

#[test]
fn what_packages_have_brought_is_not_kept_but_their_changed_configuration_is() {
    let sum = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    let status = format!("Package: x\nConffiles:\n /etc/x.conf {sum}\n");
    let mut files = vec![
        ("usr/lib/opkg/status", status.as_str()),
        ("usr/lib/opkg/info/x.list", "/usr/bin/x\n/etc/x.conf\n"),
        ("lib/apk/packages/y.list", "/usr/bin/y\n"),
    ];
    let upper = ["usr/bin/x", "usr/bin/y", "usr/bin/own", "etc/x.conf"];
    let names = upper.map(|path| [path.to_owned(), format!("overlay/upper/{path}")]);
    files.extend(
        names
            .iter()
            .flatten()
            .map(|path| (path.as_str(), "changed")),
    );
    let tree = Tree::new("brought", &files);
    let all = Which {
        all: true,
        ..Which::default()
    };
    assert_eq!(tree.listed(all), ["etc/x.conf", "usr/bin/own"]);
    // Without an overlay nobody knows what was changed.
    fs::remove_dir_all(tree.0.join("overlay")).unwrap();
    let error = files_of(&tree.source(), all).unwrap_err();
    assert!(matches!(error, Error::NoUpper), "{error}");
}

/// The members of the archive of a source, with their contents.
fn saved(source: &Source, which: Which) -> Vec<(String, String)> {
    let mut archive = Vec::new();
    save::save(
        source,
        &files_of(source, which).unwrap(),
        which,
        &mut archive,
    )
    .unwrap();
    let mut reader = Reader::new(Gunzip::new(&archive[..]));
    let mut members = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        let content = reader.content(1 << 20).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        members.push((text(entry.name), text(content)));
    }
    members
}

#[test]
fn services_that_are_switched_off_and_the_packages_travel_first() {
    let tree = Tree::new(
        "services",
        &[
            KEEP,
            ("etc/config/network", "mine"),
            ("etc/init.d/on", "#!/bin/sh /etc/rc.common\nSTART=50\n"),
            ("etc/init.d/off", "#!/bin/sh /etc/rc.common\nSTART=50\n"),
            (
                "etc/init.d/odd;name",
                "#!/bin/sh /etc/rc.common\nSTART=50\n",
            ),
            ("etc/init.d/rcS", "#!/bin/sh\n"),
            ("etc/rc.d/S50on", ""),
            ("etc/rc.d/K50off", ""),
            ("etc/rc.d/Sxoff", ""),
            ("usr/lib/opkg/info/b.control", ""),
            ("overlay/upper/usr/lib/opkg/info/b.control", ""),
            ("usr/lib/opkg/info/a.control", ""),
            ("rom/usr/lib/opkg/info/a.control", ""),
            ("rom/etc/x", ""),
            ("lib/apk/packages/c.list", ""),
        ],
    );
    let which = Which {
        packages: true,
        ..Which::default()
    };
    let members = saved(&tree.source(), which);
    let shown: Vec<(&str, &str)> = members
        .iter()
        .map(|(name, content)| (name.as_str(), content.as_str()))
        .collect();
    let expected = [
        (
            "etc/uci-defaults/10_disable_services",
            "/etc/init.d/off disable\nexit 0\n",
        ),
        (
            "etc/backup/installed_packages.txt",
            "a\trom\nb\toverlay\nc\tunknown\n",
        ),
        ("etc/config/network", "mine"),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn the_same_settings_give_the_same_archive() {
    let tree = Tree::new(
        "same",
        &[KEEP, ("etc/config/b", "1"), ("etc/config/a", "2")],
    );
    let archive = || {
        let mut archive = Vec::new();
        let source = tree.source();
        let files = files_of(&source, Which::default()).unwrap();
        save::save(&source, &files, Which::default(), &mut archive).unwrap();
        archive
    };
    assert_eq!(archive(), archive());
}

#[test]
fn all_that_was_changed_can_be_kept_and_what_was_not_left_out() {
    let tree = Tree::new(
        "changed",
        &[
            KEEP,
            ("etc/config/network", "same"),
            ("rom/etc/config/network", "same"),
            ("etc/config/system", "new"),
            ("rom/etc/config/system", "old"),
            ("overlay/upper/etc/own", "x"),
            ("etc/own", "x"),
            ("overlay/upper/usr/bin/tool", "y"),
            ("usr/bin/tool", "y"),
            (
                "overlay/upper/etc/deleted",
                "a whiteout, as far as the tree goes",
            ),
            ("overlay/upper/etc/opkg/list", "z"),
            ("etc/opkg/list", "z"),
        ],
    );
    let which = Which {
        all: true,
        changed_only: true,
        ..Which::default()
    };
    assert_eq!(
        tree.listed(which),
        ["etc/config/system", "etc/own", "usr/bin/tool"]
    );
    let which = Which {
        all_etc: true,
        ..Which::default()
    };
    assert_eq!(
        tree.listed(which),
        ["etc/config/network", "etc/config/system", "etc/own"]
    );
}

#[test]
fn saved_settings_come_back_with_the_accounts_of_the_new_image() {
    let old = Tree::new(
        "old",
        &[
            KEEP,
            ("etc/config/network", "mine"),
            ("etc/passwd", "root:secret:0\nme:x:1\n"),
        ],
    );
    let new = Tree::new(
        "new",
        &[
            ("etc/config/network", "default"),
            ("etc/passwd", "root::0\ndns:x:9\n"),
        ],
    );
    let source = old.source();
    let mut archive = Vec::new();
    save::save(
        &source,
        &files_of(&source, Which::default()).unwrap(),
        Which::default(),
        &mut archive,
    )
    .unwrap();
    let count = restore::restore(&mut Cursor::new(&archive), &new.0, &mut |_| Ok(()));
    assert_eq!(count.unwrap(), 2);
    assert_eq!(new.read("etc/config/network"), "mine");
    assert_eq!(new.read("etc/passwd"), "root:secret:0\nme:x:1\ndns:x:9\n");
}

#[test]
fn an_overlay_in_memory_is_told_from_settings_that_last() {
    let tree = Tree::new("memory", &[KEEP]);
    let in_memory = |start: &[u8]| {
        let mut sys = bare_image(start);
        sys.mounts.table[0].fstype = "overlay".into();
        sys.mounts.table[0].options = "rw,upperdir=/tmp/root/upper".into();
        sys
    };
    let source = open(&mut in_memory(&END_MARKER), &tree.0).unwrap();
    assert!(source.memory && !source.reset);
    // There is something on flash and it cannot be read: memory does not pass for it.
    open(&mut in_memory(b"rubbish!"), &tree.0).unwrap_err();
    let error = lasts(&mut in_memory(&END_MARKER)).unwrap_err();
    assert!(error.to_string().contains("in memory"), "{error}");
}

#[test]
fn settings_are_restored_to_what_lasts_only() {
    let error = lasts(&mut bare_image(&[])).unwrap_err().to_string();
    assert!(error.contains("first mount_root"), "{error}");
    let mut sys = bare_image(&[]);
    for (options, lasting) in [
        ("rw,upperdir=/overlay/upper", true),
        ("ro,lowerdir=/x", false),
    ] {
        sys.mounts.table[0].fstype = "overlay".into();
        sys.mounts.table[0].options = options.into();
        assert_eq!(lasts(&mut sys).is_ok(), lasting, "{options}");
    }
}

/// A router whose `/` is the bare image.
fn bare_image(start: &[u8]) -> FakeSystem {
    let sys = FakeSystem::router();
    sys.flash("rootfs_data").unwrap().write(0, start).unwrap();
    sys
}

#[test]
fn the_bare_image_is_never_taken_for_the_settings() {
    let tree = Tree::new("bare", &[KEEP, ("etc/config/network", "default")]);
    let mut sys = bare_image(&END_MARKER);
    assert!(open(&mut sys, &tree.0).unwrap().reset);
    // A blank first block is no proof: what is behind it is mounted and looked at.
    let source = open(&mut bare_image(&[]), &tree.0).unwrap();
    assert!(source.private && source.reset);
    // A data partition that cannot be mounted is a refusal.
    let mut sys = bare_image(b"rubbish!");
    let error = open(&mut sys, &tree.0).unwrap_err();
    assert!(matches!(error, Error::NoSettings(_)), "{error}");
    assert!(
        error.to_string().contains("-n upgrades without them"),
        "{error}"
    );
}

/// Settings on flash that the kernel, which knows no jffs2, does not mount.
fn unmountable(dir: &[u8]) -> FakeSystem {
    let mut sys = bare_image(&[]);
    sys.mounts.filesystems.retain(|known| known != "jffs2");
    let file = jffs2::File {
        name: b"network",
        ..jffs2::File::settings(b"mine")
    };
    let mut flash: Box<dyn Flash> = Box::new(sys.flash("rootfs_data").unwrap());
    let plan = plant::Plan::new(&mut flash, file, dir, true).unwrap();
    plan.perform(&mut *flash, &mut |_| {}).unwrap();
    sys
}

#[test]
fn settings_that_the_kernel_does_not_mount_are_unpacked_and_put_away_again() {
    let tree = Tree::new("unpacked", &[KEEP]);
    let mut sys = unmountable(b"upper/etc/config");
    let source = open(&mut sys, &tree.0).unwrap();
    assert!(source.private && !source.reset);
    assert_eq!(source.lost, Vec::<String>::new());
    let upper = source.upper.clone().unwrap();
    let network = upper.join("etc/config/network");
    assert_eq!(fs::read_to_string(&network).unwrap(), "mine");
    // The tree that they are seen in lies over the image.
    let overlay = sys.mounts.table.last().unwrap();
    assert_eq!(overlay.fstype, "overlay");
    assert!(overlay.options.contains("data/upper:"), "{overlay:?}");
    source.close(&mut sys);
    assert!(!upper.exists());
    assert_eq!(sys.mounts.table.len(), 6);
}

#[test]
fn damage_is_told_and_too_little_memory_is_a_refusal() {
    let tree = Tree::new("damaged", &[KEEP]);
    let mut sys = unmountable(b"upper/etc/config");
    let mut flash = sys.flash("rootfs_data").unwrap();
    flash.fill(0, &[0x5a; 12]);
    let source = open(&mut sys, &tree.0).unwrap();
    assert_eq!(source.lost, ["bytes that are no node at 0x0"]);
    source.close(&mut sys);
    sys.machine.memory = 8192;
    let error = open(&mut sys, &tree.0).unwrap_err().to_string();
    assert!(error.contains("not enough memory"), "{error}");
    assert!(!tree.0.join("tmp/.settings/data").exists());
}
