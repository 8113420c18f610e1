//! What `rescue` finds, and a count of boots: an address as it is typed, a network file, an
//! account file, a log; divided by NUL bytes. Nothing that is shown moves a cursor, and an
//! address that was set is the one that is there.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::boot::attempts::Memory;
use safebox::fake::FakeSystem;
use safebox::health::address::{self, Wanted};
use safebox::health::{self, crash, difference, restore};
use safebox::uci::{Reading, parse_package};
use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// A directory of this process, which each input fills anew.
fn root() -> PathBuf {
    let root = PathBuf::from(format!("health-{}", std::process::id()));
    for dir in [
        "etc/config",
        "sys/fs/pstore",
        "rom/etc/config",
        "tmp",
        "sys/module/pstore/parameters",
    ] {
        std::fs::create_dir_all(root.join(dir)).expect("a directory of our own");
    }
    root
}

/// Lines that move no cursor.
fn is_plain(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() && c != '\n')
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
    for finding in health::look(&mut FakeSystem::router(), &root, false).0 {
        assert!(is_plain(&finding.text), "{finding:?}");
        assert!(is_plain(&finding.next), "{finding:?}");
    }
    for path in crash::logs(&root) {
        crash::last_lines(&path, 9).expect("it is there");
    }
    put("sys/module/pstore/parameters/backend", b"ramoops");
    if let Some(memory) = Memory::find(&root) {
        memory.read();
    }
    assert!(is_plain(&difference::lines(network, log, 5)));
    assert!(restore::overview(&root).is_ok_and(|lines| is_plain(&lines)));
    if let Ok(plan) = restore::plan(&root, OsStr::from_bytes(typed)) {
        assert!(plan.path.starts_with("/") && !plan.path.ends_with(".."));
    }
    set(&String::from_utf8_lossy(typed), network);
});

/// Sets an address in a package in memory and looks whether it is there.
fn set(typed: &str, network: &[u8]) {
    let Ok(wanted) = Wanted::parse(typed) else {
        return;
    };
    let Ok((mut package, _)) = parse_package(b"network", network, Reading::Strict) else {
        return;
    };
    if address::set(&mut package, wanted).is_err() {
        return;
    }
    let shown = address::shown(&package).expect("there is a LAN");
    let address = typed.split('/').next().unwrap_or_default();
    let address: Ipv4Addr = address.parse().expect("it was taken");
    assert!(
        is_plain(&shown) && shown.starts_with(&format!("{address}/")),
        "{shown}"
    );
}
