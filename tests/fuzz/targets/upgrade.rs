//! Settings of strangers: an archive is restored for real and must leave everything outside of
//! the root alone, and everything inside as it was when it is refused; lists name nothing that
//! is not below the root.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::archive::BLOCK;
use safebox::fake::FakeSystem;
use safebox::upgrade::list::{self, Which};
use safebox::upgrade::place::Event;
use safebox::upgrade::{restore, settings};
use safebox_fuzz::cage;
use std::fs;
use std::io::{self, Cursor};
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::{Component, Path};

fuzz_target!(|data: &[u8]| {
    let base = cage::scratch();
    let (root, out) = (base.join("root"), base.join("out"));
    prepare(&root, &out);
    match data.split_first() {
        Some((b'L', text)) => lists(&root, text),
        _ => restored(&root, &with_checksums(data)),
    }
    let there = fs::read_dir(base).expect("it was there").count();
    assert_eq!(there, 2, "something was made outside");
    assert_eq!(tree(&out), [format!("{:?}", out.join("file"))]);
    assert_eq!(
        fs::read(out.join("file")).ok().as_deref(),
        Some(&b"untouched"[..])
    );
    fs::remove_dir_all(&root).expect("what was restored is ours");
});

/// A device with a few files and links, one of which leads outside.
fn prepare(root: &Path, out: &Path) {
    let ours = "the scratch directory is ours";
    for dir in ["etc/config", "tmp", "rom/etc"] {
        fs::create_dir_all(root.join(dir)).expect(ours);
    }
    fs::create_dir_all(out).expect(ours);
    fs::write(out.join("file"), b"untouched").expect(ours);
    fs::write(root.join("etc/passwd"), b"root::0\n").expect(ours);
    fs::write(root.join("rom/etc/passwd"), b"root::0\ndns:x:9\n").expect(ours);
    fs::write(root.join("etc/config/a"), b"default").expect(ours);
    for (target, name) in [("tmp", "var"), ("../out", "out"), ("/etc", "tmp/abs")] {
        symlink(target, root.join(name)).expect(ours);
    }
}

fn restored(root: &Path, archive: &[u8]) {
    let before = tree(root);
    let mut count = 0;
    let result = restore::restore(&mut Cursor::new(archive), root, &mut |event| {
        if let Event::Placed(path) = event {
            assert!(path.starts_with(root), "{path:?}");
            count += 1;
        }
        // Files cost time.
        match count > 16 {
            true => Err(io::ErrorKind::Other.into()),
            false => Ok(()),
        }
    });
    let after = tree(root);
    assert!(
        result.is_ok() || count > 0 || before == after,
        "half restored"
    );
    let left = |path: &String| path.contains(".sysupgrade.new");
    assert!(result.is_err() || !after.iter().any(left), "{after:?}");
}

fn lists(root: &Path, text: &[u8]) {
    fs::write(root.join("etc/sysupgrade.conf"), text).expect("the root is ours");
    fs::create_dir_all(root.join("usr/lib/opkg")).expect("the root is ours");
    fs::write(root.join("usr/lib/opkg/status"), text).expect("the root is ours");
    let mut sys = FakeSystem::router();
    sys.mounts.table[0].fstype = "ext4".into();
    let source = settings::open(&mut sys, root).expect("it is mounted");
    let files = list::files(&source, Which::default()).expect("all can be read");
    for file in files {
        let normal = |part| matches!(part, Component::Normal(_));
        assert!(file.components().all(normal), "{file:?}");
        let real = fs::canonicalize(root.join(&file).parent().expect("it has a name"));
        assert!(real.expect("it exists").starts_with(root), "{file:?}");
    }
}

/// All names below a directory with what they are; no devices, whatever happens.
fn tree(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![dir.to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(dir).expect("it is there").flatten() {
            let (path, meta) = (entry.path(), entry.metadata().expect("it is there"));
            let kind = meta.file_type();
            assert!(!kind.is_char_device() && !kind.is_block_device() && !kind.is_fifo());
            if meta.is_dir() {
                waiting.push(path.clone());
            }
            found.push(match meta.is_file() && meta.len() != 9 {
                true => format!("{path:?} {}", meta.size()),
                false => format!("{path:?}"),
            });
        }
    }
    found.sort();
    found
}

/// Sets the checksum of every block that claims to be a header.
fn with_checksums(archive: &[u8]) -> Vec<u8> {
    let mut archive = archive.to_vec();
    for block in archive.chunks_exact_mut(BLOCK) {
        if block[257..262] == *b"ustar" {
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
    archive
}
