//! Configuration files that do not parse, with the first fault of each.

use super::settings::Place;
use super::{Finding, printable};
use crate::uci::{self, Finding as Fault, Store};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const TOPIC: &str = "files";
/// More broken files than this are only counted.
const SHOWN: usize = 5;

/// What is wrong with one file.
pub struct Broken {
    /// The name of the file.
    pub name: Vec<u8>,
    /// What is wrong, with its place.
    pub text: String,
}

/// Every file of a directory of settings that does not parse, and how many do.
///
/// # Errors
/// The directory cannot be read, or has no files.
pub fn check(dir: &Path) -> uci::Result<(Vec<Broken>, usize)> {
    let store = Store::at(dir);
    let names = store.names()?;
    let all = names.len();
    let judge = |name: Vec<u8>| {
        let text = match store.validate(&store.file(&name)) {
            Ok(faults) => told(&faults)?,
            Err(error) => error.to_string(),
        };
        Some(Broken { name, text })
    };
    let broken: Vec<Broken> = names.into_iter().filter_map(judge).collect();
    let sound = all - broken.len();
    Ok((broken, sound))
}

/// The first fault; none if there is none.
fn told(faults: &[Fault]) -> Option<String> {
    let first = faults.first()?;
    let place = format!(
        "line {}, byte {}: {}",
        first.line, first.column, first.reason
    );
    Some(match faults.len() {
        1 => place,
        more => format!("{place}, and {} more", more - 1),
    })
}

/// Looks at the files of the settings, wherever they are.
pub(super) fn look(root: &Path, place: &Place) -> Vec<Finding> {
    let dir = match place {
        Place::Root => PathBuf::from("/etc/config"),
        Place::Beside(upper) => upper.join("etc/config"),
        Place::Nowhere => {
            let text = "the settings are not mounted, so their files were not looked at";
            return vec![Finding::note(TOPIC, text)];
        }
    };
    let below = root.join(dir.strip_prefix("/").unwrap_or(&dir));
    let (broken, sound) = match check(&below) {
        Ok(found) => found,
        // An overlay that changes none of them.
        Err(uci::Error::NotFound) if matches!(place, Place::Beside(_)) => (Vec::new(), 0),
        Err(uci::Error::NotFound) => {
            let text = format!("{}: there are none", dir.display());
            return vec![Finding::attention(TOPIC, text).then("rescue restore")];
        }
        Err(error) => {
            return vec![Finding::attention(
                TOPIC,
                format!("{}: {error}", dir.display()),
            )];
        }
    };
    if broken.is_empty() {
        let text = format!("{}: all {sound} parse", dir.display());
        return vec![Finding::good(TOPIC, text)];
    }
    let show = |file: &Broken| {
        let path = dir.join(OsStr::from_bytes(&file.name));
        let path = printable(path.as_os_str().as_bytes(), 200);
        let name = printable(&file.name, 200);
        let next = match place {
            Place::Root => format!("rescue restore {name}"),
            _ => "mount_root".into(),
        };
        Finding::attention(TOPIC, format!("{path}: {}", file.text)).then(next)
    };
    let mut found: Vec<Finding> = broken.iter().take(SHOWN).map(show).collect();
    if let Some(more @ 1..) = broken.len().checked_sub(SHOWN) {
        let text = format!("{more} more do not parse");
        found.push(Finding::attention(TOPIC, text).then("uci validate"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use crate::fsops::scratch::Scratch;

    fn texts(root: &Path, place: &Place) -> Vec<String> {
        let show = |finding: Finding| {
            let next = finding.next.unwrap_or_default();
            format!("{} [{next}]", finding.text)
        };
        look(root, place).into_iter().map(show).collect()
    }

    #[test]
    fn a_file_that_does_not_parse_is_named_with_its_place() {
        let scratch = Scratch::new();
        let dir = scratch.path().join("etc/config");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("good"), "config a\n").unwrap();
        let check = |expected: &[&str]| assert_eq!(texts(scratch.path(), &Place::Root), expected);
        check(&["/etc/config: all 1 parse []"]);
        std::fs::write(dir.join("network"), "config interface 'lan\n").unwrap();
        std::fs::write(dir.join("bin"), b"\0\x1b[2J\xff").unwrap();
        // A broken copy that was put aside is no file of the settings any more.
        std::fs::write(dir.join("old.bad"), "config 'lan\n").unwrap();
        check(&[
            "/etc/config/bin: line 1, byte 1: invalid command [rescue restore bin]",
            "/etc/config/network: line 1, byte 18: EOF with unterminated ' \
             [rescue restore network]",
        ]);
        for number in 0..9 {
            std::fs::write(dir.join(format!("x{number}")), "bogus\n").unwrap();
        }
        let found = look(scratch.path(), &Place::Root);
        assert_eq!(found.len(), SHOWN + 1);
        assert_eq!(found[SHOWN].text, "6 more do not parse");
        assert!(found.iter().all(|f| f.level == Level::Attention));
    }

    #[test]
    fn files_beside_the_root_are_looked_at_where_they_are() {
        let scratch = Scratch::new();
        let upper = Place::Beside("/overlay/upper".into());
        let dir = scratch.path().join("overlay/upper/etc/config");
        let all = "/overlay/upper/etc/config: all 0 parse []";
        assert_eq!(texts(scratch.path(), &upper), [all]);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("network"), "bogus\n").unwrap();
        let text =
            "/overlay/upper/etc/config/network: line 1, byte 1: invalid command [mount_root]";
        assert_eq!(texts(scratch.path(), &upper), [text]);
        assert_eq!(
            texts(scratch.path(), &Place::Root),
            ["/etc/config: there are none [rescue restore]"]
        );
    }
}
