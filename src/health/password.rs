//! Whether root has a password: who has none lets everybody in by telnet.

use super::settings::Place;
use super::{Finding, head};
use crate::accounts::files;
use std::path::{Path, PathBuf};

const TOPIC: &str = "password";
/// Longer account files are cut; root's line is the first.
const LONGEST: u64 = 256 << 10;

/// Reads the account files of the settings.
pub(super) fn look(root: &Path, place: &Place) -> Finding {
    let read = |path: &str| {
        let upper = match place {
            Place::Beside(upper) => Some(upper.strip_prefix("/").unwrap_or(upper).join(path)),
            _ => None,
        };
        let paths = upper.into_iter().chain([PathBuf::from(path)]);
        let mut found = paths.filter_map(|path| head(&root.join(path), LONGEST).ok());
        found.next().unwrap_or_default()
    };
    match place {
        Place::Nowhere => Finding::note(TOPIC, "known after mount_root"),
        _ => judge(&read("etc/passwd"), &read("etc/shadow")),
    }
}

fn judge(passwd: &[u8], shadow: &[u8]) -> Finding {
    let Some(user) = files::user(passwd, b"root") else {
        let text = "/etc/passwd has no root: nobody can log in";
        return Finding::attention(TOPIC, text).then("rescue restore /etc/passwd");
    };
    // The file of passwords counts, unless it does not know root.
    let hash = files::field(shadow, b"root", 1).unwrap_or(&user.password);
    match hash {
        b"" | b"x" => {
            Finding::attention(TOPIC, "root has none: telnet lets everybody in").then("passwd")
        }
        [b'!' | b'*', ..] => {
            Finding::attention(TOPIC, "root is locked: no password fits").then("passwd")
        }
        _ => Finding::good(TOPIC, "root has one"),
    }
}

#[test]
fn a_missing_password_and_a_missing_root_are_told() {
    let check = |passwd: &str, shadow: &str, text: &str, next: &str| {
        let found = judge(passwd.as_bytes(), shadow.as_bytes());
        assert_eq!(
            (&*found.text, &*found.next.unwrap_or_default()),
            (text, next)
        );
    };
    let none = "root has none: telnet lets everybody in";
    let root = "root:x:0:0:root:/root:/bin/ash\n";
    check(root, "root:::0:99999:7:::\n", none, "passwd");
    check(root, "", none, "passwd");
    check("root::0:0:root:/root:/bin/ash\n", "", none, "passwd");
    check(root, "root:$5$salt$hash:1::::::\n", "root has one", "");
    check(
        root,
        "root:!:1::::::\n",
        "root is locked: no password fits",
        "passwd",
    );
    check(
        "\0\u{fffd}:::\n",
        "root:$5$salt$hash\n",
        "/etc/passwd has no root: nobody can log in",
        "rescue restore /etc/passwd",
    );
}
