//! Settings from one tree into an archive and into another.

use super::list::{Which, files};
use super::settings::{Source, open};
use super::{Error, restore, save};
use crate::fake::FakeSystem;
use crate::flash::jffs2::END_MARKER;
use crate::sys::Flash;
use std::fs;
use std::io::Cursor;
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
        let files = files(&self.source(), which).unwrap();
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
fn packages_configuration_is_kept_once_it_was_changed() {
    // SHA-256 of "a".
    let sum = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    let status =
        format!("Package: x\nConffiles:\n /etc/a {sum}\n /etc/b {sum}\nOther: 1\n /etc/c {sum}\n");
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
        ],
    );
    assert_eq!(tree.listed(Which::default()), ["etc/b", "etc/d"]);
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
        &files(&source, Which::default()).unwrap(),
        &mut archive,
    )
    .unwrap();
    let count = restore::restore(&mut Cursor::new(&archive), &new.0, &mut |_| Ok(()));
    assert_eq!(count.unwrap(), 2);
    assert_eq!(new.read("etc/config/network"), "mine");
    assert_eq!(new.read("etc/passwd"), "root:secret:0\nme:x:1\ndns:x:9\n");
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
