//! What `rescue` finds: an address as it is typed, a network file, an account file, a log;
//! divided by NUL bytes. Nothing that is shown moves a cursor, and an address that was set is
//! the one that is there.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::fake::FakeSystem;
use safebox::health::address::{self, Wanted};
use safebox::health::{self, crash, difference, restore};
use safebox::uci::{Change, Reading, parse_package};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A directory of this process, which each input fills anew.
fn root() -> PathBuf {
    let root = PathBuf::from(format!("health-{}", std::process::id()));
    for dir in ["etc/config", "sys/fs/pstore", "rom/etc/config", "tmp"] {
        std::fs::create_dir_all(root.join(dir)).expect("a directory of our own");
    }
    root
}

fn is_plain(text: &str) -> bool {
    !text.contains(char::is_control)
}

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(4, |&byte| byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (typed, network, accounts, log) = (part(), part(), part(), part());
    let root = root();
    let put = |path: &str, text: &[u8]| std::fs::write(root.join(path), text).expect("room");
    put("etc/config/network", network);
    put("rom/etc/config/network", log);
    put("etc/passwd", accounts);
    put("etc/os-release", log);
    put("sys/fs/pstore/dmesg-0", log);
    for finding in health::look(&mut FakeSystem::router(), &root, false) {
        assert!(is_plain(&finding.text), "{finding:?}");
        assert!(
            finding.more.iter().all(|line| is_plain(line)),
            "{finding:?}"
        );
    }
    for path in crash::logs(&root) {
        crash::last_lines(&path, 9).expect("it is there");
    }
    assert!(
        difference::lines(network, log, 5)
            .iter()
            .all(|line| is_plain(line))
    );
    restore::list(&root).expect("there are defaults");
    if let Ok(plan) = restore::plan(&root, OsStr::from_bytes(typed)) {
        assert!(plan.path.starts_with("/") && !plan.path.ends_with(".."));
    }
    set(&String::from_utf8_lossy(typed), network, &root);
});

/// Sets an address in a package in memory and looks whether it is there.
fn set(typed: &str, network: &[u8], root: &Path) {
    let mut config = safebox::uci::Config::at(root.join("etc/config"));
    if let Ok(shown) = address::shown(&mut config) {
        assert!(is_plain(&shown));
    }
    let Ok(wanted) = Wanted::parse(typed) else {
        return;
    };
    let Ok((mut package, _)) = parse_package(b"network", network, Reading::Strict) else {
        return;
    };
    let Ok(changes) = address::plan(&package, wanted) else {
        return;
    };
    for change in &changes {
        assert!(change.apply(&mut package) || change.change == Change::Delete);
    }
    assert!(address::plan(&package, wanted).expect("it fits").is_empty());
}
