//! The rules of the house that a machine can check.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

/// Lines that a file may have; past that it has more than one subject.
const LENGTH: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below a folder of the project with this extension, in order.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn source() -> Vec<(PathBuf, String)> {
    ["applets", "src", "tests"]
        .iter()
        .flat_map(|folder| files(folder, "rs"))
        .map(|path| {
            (
                path.strip_prefix(root()).unwrap().to_owned(),
                fs::read_to_string(path).unwrap(),
            )
        })
        .collect()
}

/// Fails with every offender at once.
fn expect_none(offenders: Vec<String>, rule: &str) {
    assert!(
        offenders.is_empty(),
        "{rule}:\n  {}",
        offenders.join("\n  ")
    );
}

#[test]
fn every_file_opens_with_what_it_is() {
    let bad = source()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"));
    expect_none(
        bad.map(|(path, _)| path.display().to_string()).collect(),
        "no //! header",
    );
}

#[test]
fn no_file_has_more_than_one_subject() {
    let bad = source()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > LENGTH);
    let show =
        |(path, text): (PathBuf, String)| format!("{} {}", path.display(), text.lines().count());
    expect_none(bad.map(show).collect(), "longer than 600 lines");
}

#[test]
fn unsafe_code_lives_in_one_folder() {
    let is_bad = |(path, text): &(PathBuf, String)| {
        let words = |line: &str| line.contains("unsafe {") || line.contains("unsafe fn");
        !path.starts_with("src/sys") && !path.starts_with("tests") && text.lines().any(words)
    };
    let bad = source().into_iter().filter(is_bad);
    expect_none(
        bad.map(|(path, _)| path.display().to_string()).collect(),
        "unsafe outside src/sys",
    );
}

#[test]
fn applets_know_neither_each_other_nor_the_fakes() {
    let is_bad = |path: &Path, line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        // A part of an applet's own folder may name its siblings.
        let single = path.parent() == Some(Path::new("applets"));
        code.contains("::fake") || (single && code.contains("crate::"))
    };
    let mut bad = Vec::new();
    for (path, text) in source()
        .iter()
        .filter(|(path, _)| path.starts_with("applets"))
    {
        for (number, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| is_bad(path, line))
        {
            bad.push(format!(
                "{}:{}: {}",
                path.display(),
                number + 1,
                line.trim()
            ));
        }
    }
    expect_none(bad, "an applet reaches where it must not");
}

/// What stands between two words of a file of the project.
fn between(file: &str, start: &str, end: &str) -> String {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let (_, rest) = text.split_once(start).unwrap();
    rest.split(end).next().unwrap().to_owned()
}

/// The words of the applet table.
fn table() -> Vec<String> {
    let words = between("applets/main.rs", "applets! {", "}");
    let word = |word: &str| word.trim_start_matches("r#").to_owned();
    words.split_whitespace().map(word).collect()
}

#[test]
fn every_applet_has_a_transcript() {
    let has_one = |word: &String| root().join(format!("tests/cli/{word}.test")).exists();
    let missing = table().into_iter().filter(|word| !has_one(word));
    expect_none(missing.collect(), "no tests/cli/NAME.test");
}

#[test]
fn the_table_is_in_order() {
    assert!(table().is_sorted(), "the applet table is sorted by name");
}

#[test]
fn every_engine_that_reads_bytes_from_outside_has_a_fuzz_target() {
    // Engines whose bytes are read by the target of another one.
    let elsewhere = [
        ("fsops", "text"),
        ("opts", "text"),
        ("overlay", "flash"),
        ("pager", "lineedit"),
        ("proc", "boot"),
        ("shell", "shell_run"),
        ("sys", "boot"),
    ];
    let manifest = fs::read_to_string(root().join("tests/fuzz/Cargo.toml")).unwrap();
    let mut bad = Vec::new();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let engine = entry.unwrap().file_name().into_string().unwrap();
        // The fakes read nothing.
        if engine.contains('.') || engine == "fake" {
            continue;
        }
        let target = elsewhere.iter().find(|(name, _)| *name == engine);
        let target = target.map_or(&*engine, |(_, target)| target);
        let file = root().join(format!("tests/fuzz/targets/{target}.rs"));
        let source = fs::read_to_string(file).unwrap_or_default();
        let seeds = root().join("tests/fuzz/seeds").join(target).is_dir();
        let declared = manifest.contains(&format!("name = \"{target}\""));
        if !seeds || !declared || !source.contains(&format!("safebox::{engine}")) {
            bad.push(format!("src/{engine}: {target}"));
        }
    }
    expect_none(
        bad,
        "an engine without tests/fuzz/targets/NAME.rs and seeds",
    );
}

#[test]
fn every_folder_says_what_belongs_there() {
    let mut bad = Vec::new();
    let mut folders: Vec<_> = ["applets", "src", "rootfs", "tests"]
        .iter()
        .map(|name| root().join(name))
        .collect();
    while let Some(folder) = folders.pop() {
        let shown = folder.strip_prefix(root()).unwrap().to_owned();
        // Described in tests/README.md, or an image's tree, which is the device's.
        let described = [
            "tests/cli",
            "tests/support",
            "tests/shell",
            "tests/rootfs",
            "tests/fuzz/",
            "tests/vm/hooked/",
            "tests/bench/peer/",
            "rootfs/",
        ];
        if !described
            .iter()
            .any(|folder| shown.to_string_lossy().starts_with(folder))
            && !folder.join("README.md").exists()
        {
            bad.push(shown.display().to_string());
        }
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    expect_none(bad, "a folder without README.md");
}

#[test]
fn every_dependency_has_its_reason() {
    let section = between("Cargo.toml", "[dependencies]\n", "\n[");
    let mut bad = Vec::new();
    let mut reason = false;
    for line in section.lines().filter(|line| !line.is_empty()) {
        if !line.starts_with('#') && !reason {
            bad.push(line.to_owned());
        }
        reason = line.starts_with('#');
    }
    expect_none(bad, "a dependency without its reason in the line above");
}

#[test]
fn no_test_is_ignored_without_a_reason() {
    let bare = concat!("#[", "ignore]");
    let bad = source().into_iter().filter(|(_, text)| text.contains(bare));
    expect_none(
        bad.map(|(path, _)| path.display().to_string()).collect(),
        "a bare ignore",
    );
}
