//! Whether root has a password: who has none lets everybody in by telnet.

use super::Level::{self, Attention, Good, Note};
use super::settings::Place;
use super::{Report, below, head};
use crate::accounts::files;
use std::path::Path;

/// The field of both files that has it.
const HASH: usize = 1;
/// Longer account files are cut; root's line is the first.
const LONGEST: u64 = 256 << 10;

/// Reads the account files of the settings.
pub(super) fn look(report: &mut Report, root: &Path, place: &Place) {
    let read = |path: &str| {
        let upper = match place {
            Place::Beside(upper) => head(&below(root, upper).join(path), LONGEST).ok(),
            _ => None,
        };
        upper.unwrap_or_else(|| head(&root.join(path), LONGEST).unwrap_or_default())
    };
    let (level, text, next) = match place {
        Place::Nowhere => (Note, "known after mount_root", ""),
        _ => judge(&read("etc/passwd"), &read("etc/shadow")),
    };
    report.add(
        level,
        "password",
        format_args!("{text}"),
        format_args!("{next}"),
    );
}

fn judge(passwd: &[u8], shadow: &[u8]) -> (Level, &'static str, &'static str) {
    let Some(own) = files::field(passwd, b"root", HASH) else {
        let text = "/etc/passwd has no root: nobody can log in";
        return (Attention, text, "rescue restore /etc/passwd");
    };
    // The file of passwords counts, unless it does not know root.
    match files::field(shadow, b"root", HASH).unwrap_or(own) {
        b"" | b"x" => (
            Attention,
            "root has none: telnet lets everybody in",
            "passwd",
        ),
        [b'!' | b'*', ..] => (Attention, "root is locked: no password fits", "passwd"),
        _ => (Good, "root has one", ""),
    }
}

#[test]
fn a_missing_password_and_a_missing_root_are_told() {
    let check = |passwd: &str, shadow: &str, text: &str, next: &str| {
        let found = judge(passwd.as_bytes(), shadow.as_bytes());
        assert_eq!((found.1, found.2), (text, next));
    };
    let none = "root has none: telnet lets everybody in";
    let root = "root:x:0:0:root:/root:/bin/ash\n";
    check(root, "root:::0:99999:7:::\n", none, "passwd");
    check(root, "", none, "passwd");
    check("root::0:0:root:/root:/bin/ash\n", "", none, "passwd");
    check(root, "root:$5$salt$hash:1::::::\n", "root has one", "");
    let locked = "root is locked: no password fits";
    check(root, "root:!:1::::::\n", locked, "passwd");
    check(
        "\0\u{fffd}:::\n",
        "root:$5$salt$hash\n",
        "/etc/passwd has no root: nobody can log in",
        "rescue restore /etc/passwd",
    );
}
