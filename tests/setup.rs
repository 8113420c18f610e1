//! What set-up says on a machine that lacks something and cannot install it.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

#[path = "support/tempdir.rs"]
mod tempdir;

use std::process::{Command, Output};

/// Runs a script of the project where only these programs exist.
fn on_a_bare_machine(script: &str, words: &[&str], programs: &[&str]) -> Output {
    let bin = tempdir::TempDir::new();
    for name in programs {
        let found = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
            .map(|dir| std::path::Path::new(dir).join(name))
            .into_iter()
            .find(|path| path.exists())
            .unwrap();
        std::os::unix::fs::symlink(found, bin.path().join(name)).unwrap();
    }
    Command::new("/bin/sh")
        .arg(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(script))
        .args(words)
        .env("PATH", bin.path())
        .output()
        .unwrap()
}

#[test]
fn without_apt_it_says_what_is_missing_and_how_to_get_it() {
    let output = on_a_bare_machine("tests/vm/setup.sh", &["image", "lab"], &["dirname", "id"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let mut lines = said.lines();
    let missing = lines.next().unwrap();
    for program in [
        "mksquashfs",
        "mkimage",
        "qemu-system-x86_64",
        "mtdpart",
        "telnet",
    ] {
        assert!(missing.contains(program), "{program}: {said}");
    }
    let install = lines.next().unwrap();
    assert!(install.starts_with("setup: as root on Debian: apt-get install"));
    for package in [
        "squashfs-tools",
        "u-boot-tools",
        "qemu-system-x86",
        "mtd-utils",
    ] {
        assert!(install.contains(package), "{package}: {said}");
    }
}

#[test]
fn without_a_toolchain_the_other_processor_is_skipped_and_the_reason_told() {
    let output = on_a_bare_machine("tests/small/cross.sh", &[], &["dirname", "id"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("setup: missing: qemu-mips-static"), "{said}");
    assert!(said.contains("cross: skipped: no toolchain"), "{said}");
}

#[test]
fn without_root_the_lab_is_skipped_and_the_reason_told() {
    // Whoever runs this may be root; the script asks `id`, which here says somebody else.
    let bin = tempdir::TempDir::new();
    let id = bin.path().join("id");
    std::fs::write(&id, "#!/bin/sh\necho 1000\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&id, mode).unwrap();
    let output = Command::new("/bin/sh")
        .arg(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vm/vm.sh"))
        .env("PATH", format!("{}:/usr/bin:/bin", bin.path().display()))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert_eq!(said, "vm: skipped: the router's cable needs root\n");
}
