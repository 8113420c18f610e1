//! Settings of an older system in the data file system.
//!
//! Before OpenWrt 14.07 the overlay lay at its top, where today there are `upper` and `work`.
//! Nothing uses what is left there, and nothing deletes it: it is somebody's settings.

use super::Step;
use std::fs;
use std::path::Path;

/// What a deleted file was: a symbolic link with this target.
const DELETED: &str = "(overlay-whiteout)";
/// So many names are told.
const MOST: usize = 8;

/// Names of files in `etc/config` of an older system, as far as they fit into a line; None where
/// there is no `etc` of one. The tags of an extroot (`.extroot-uuid`) are none.
pub fn find(dir: &Path) -> Option<Vec<String>> {
    let etc = dir.join("etc");
    let mut entries = fs::read_dir(&etc).ok()?.flatten();
    let is_tag = |name: &[u8]| name.starts_with(b".extroot-");
    entries.find(|entry| !is_tag(entry.file_name().as_encoded_bytes()))?;
    let is_there = |entry: &fs::DirEntry| {
        let target = fs::read_link(entry.path()).unwrap_or_default();
        target.as_os_str() != DELETED
    };
    let files = fs::read_dir(etc.join("config")).into_iter().flatten();
    let files = files.flatten().filter(is_there);
    let mut names: Vec<String> = files
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    names.truncate(MOST);
    Some(names)
}

/// Whether the data file system has an overlay as it is today.
pub fn has_upper(dir: &Path) -> bool {
    dir.join("upper").is_dir()
}

/// Lets steps for looking only show the top of the data file system: all there is without
/// `upper`.
pub fn show_top(steps: &mut [Step]) {
    for step in steps {
        if let Step::Mount { data, .. } = step {
            *data = data.replace("/overlay/upper", "/overlay");
        }
    }
}

#[test]
fn settings_of_an_older_system_are_told_by_their_names() {
    let dir = crate::fsops::scratch::Scratch::new();
    let dir = dir.path();
    assert_eq!(find(dir), None);
    let config = dir.join("etc/config");
    fs::create_dir_all(dir.join("upper/etc/config")).unwrap();
    fs::create_dir_all(dir.join("etc")).unwrap();
    fs::write(dir.join("etc/.extroot-uuid"), "x").unwrap();
    assert_eq!(find(dir), None);
    fs::create_dir_all(&config).unwrap();
    assert_eq!(find(dir), Some(Vec::new()));
    for name in ["network", "system"] {
        fs::write(config.join(name), "x").unwrap();
    }
    std::os::unix::fs::symlink(DELETED, config.join("wireless")).unwrap();
    assert_eq!(find(dir), Some(vec!["network".into(), "system".into()]));
}
