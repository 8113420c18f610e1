//! Configuration files that do not parse, with the first fault of each.

use super::Level::{Attention, Good, Note};
use super::settings::Place;
use super::{Report, below, printable};
use crate::uci::{self, Store};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const TOPIC: &str = "files";
/// More broken files than this are only counted.
const SHOWN: usize = 5;

/// What is wrong with a file of settings; none: it parses.
pub fn fault(store: &Store, name: &[u8]) -> Option<String> {
    let faults = match store.validate(&store.file(name)) {
        Ok(faults) => faults,
        Err(error) => return Some(error.to_string()),
    };
    let (first, more) = faults.split_first()?;
    let place = format!(
        "line {}, byte {}: {}",
        first.line, first.column, first.reason
    );
    Some(match more.len() {
        0 => place,
        more => format!("{place}, and {more} more"),
    })
}

/// Looks at the files of the settings, wherever they are.
pub(super) fn look(report: &mut Report, root: &Path, place: &Place) {
    let dir = match place {
        Place::Root => PathBuf::from("/etc/config"),
        Place::Beside(upper) => upper.join("etc/config"),
        Place::Nowhere => {
            let text = "the settings are not mounted, so their files were not looked at";
            return report.add(Note, TOPIC, format_args!("{text}"), format_args!(""));
        }
    };
    let store = Store::at(below(root, &dir));
    let names = match (store.names(), place) {
        (Ok(names), _) => names,
        // An overlay that changes none of them.
        (Err(uci::Error::NotFound), Place::Beside(_)) => Vec::new(),
        (Err(error), _) => {
            let text = format_args!("{}: {error}", dir.display());
            return report.add(Attention, TOPIC, text, format_args!("rescue restore"));
        }
    };
    let mut broken = 0;
    for name in &names {
        let Some(fault) = fault(&store, name) else {
            continue;
        };
        broken += 1;
        if broken > SHOWN {
            continue;
        }
        let path = dir.join(OsStr::from_bytes(name));
        let path = printable(path.as_os_str().as_bytes(), 200);
        let next = match place {
            Place::Root => format!("rescue restore {}", printable(name, 200)),
            _ => "mount_root".into(),
        };
        report.add(
            Attention,
            TOPIC,
            format_args!("{path}: {fault}"),
            format_args!("{next}"),
        );
    }
    if broken == 0 {
        let text = format_args!("{}: all {} parse", dir.display(), names.len());
        report.add(Good, TOPIC, text, format_args!(""));
    } else if broken > SHOWN {
        let text = format_args!("{} more do not parse", broken - SHOWN);
        report.add(Attention, TOPIC, text, format_args!("uci validate"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsops::scratch::Scratch;

    fn check(root: &Path, place: &Place, expected: &[&str]) {
        let mut report = Report::default();
        look(&mut report, root, place);
        assert_eq!(report.lines(), expected);
    }

    #[test]
    fn a_file_that_does_not_parse_is_named_with_its_place() {
        let scratch = Scratch::new();
        let dir = scratch.path().join("etc/config");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("good"), "config a\n").unwrap();
        let check = |expected: &[&str]| check(scratch.path(), &Place::Root, expected);
        check(&["ok files: /etc/config: all 1 parse []"]);
        std::fs::write(dir.join("network"), "config interface 'lan\n").unwrap();
        std::fs::write(dir.join("bin"), b"\0\x1b[2J\xff").unwrap();
        // A broken copy that was put aside is no file of the settings any more.
        std::fs::write(dir.join("old.bad"), "config 'lan\n").unwrap();
        let bin = "!! files: /etc/config/bin: line 1, byte 1: invalid command [rescue restore bin]";
        let network = "!! files: /etc/config/network: line 1, byte 18: EOF with unterminated ' \
                       [rescue restore network]";
        check(&[bin, network]);
        for number in 0..9 {
            std::fs::write(dir.join(format!("x{number}")), "bogus\n").unwrap();
        }
        let mut report = Report::default();
        look(&mut report, scratch.path(), &Place::Root);
        assert_eq!(report.attention(), SHOWN + 1);
        let last = "!! files: 6 more do not parse [uci validate]";
        assert_eq!(report.lines()[SHOWN], last);
    }

    #[test]
    fn files_beside_the_root_are_looked_at_where_they_are() {
        let scratch = Scratch::new();
        let upper = Place::Beside("/overlay/upper".into());
        let dir = scratch.path().join("overlay/upper/etc/config");
        let all = "ok files: /overlay/upper/etc/config: all 0 parse []";
        check(scratch.path(), &upper, &[all]);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("network"), "bogus\n").unwrap();
        let text = "!! files: /overlay/upper/etc/config/network: line 1, byte 1: invalid command \
                    [mount_root]";
        check(scratch.path(), &upper, &[text]);
        let none = "!! files: /etc/config: Entry not found [rescue restore]";
        check(scratch.path(), &Place::Root, &[none]);
    }
}
