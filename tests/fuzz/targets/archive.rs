//! Archives: tar headers with right and wrong checksums, gzip, the check of a settings
//! archive, and an extraction that must leave everything outside its directory alone.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::archive::gzip::{Gunzip, Gzip};
use safebox::archive::{BLOCK, Extract, Extraction, Kind, Reader, safe_name};
use safebox::upgrade::restore;
use safebox_fuzz::cage;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Component;

/// What is unpacked of a stream at most.
const MOST: u64 = 1 << 20;

fuzz_target!(|data: &[u8]| {
    read(data);
    let repaired = with_checksums(data);
    read(&repaired);
    extract(&repaired);
    let mut unpacked = Vec::new();
    let limited = Gunzip::new(data).take(MOST).read_to_end(&mut unpacked);
    assert!(limited.is_err() || unpacked.len() as u64 <= MOST);
    let packed = pack(&repaired);
    let mut again = Vec::new();
    Gunzip::new(&packed[..])
        .read_to_end(&mut again)
        .expect("it was packed by us");
    assert_eq!(again, repaired);
    // Only that it comes back counts here.
    let _ = restore::check(&mut Cursor::new(packed));
});

fn read(archive: &[u8]) {
    let mut reader = Reader::new(archive);
    while let Ok(Some(entry)) = reader.next_entry() {
        assert!(!entry.name.contains(&0) && !entry.link.contains(&0));
        if let Ok(Some(path)) = safe_name(&entry.name) {
            let inside = |part| matches!(part, Component::Normal(_));
            assert!(path.components().all(inside));
        }
        if let Ok(content) = reader.content(MOST) {
            assert!(content.len() <= archive.len());
        }
    }
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

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = Gzip::new(Vec::new(), 1);
    gzip.write_all(bytes).expect("memory can be written");
    gzip.finish().expect("memory can be written")
}

/// Extracts for real, below the current directory and with no right to write elsewhere.
fn extract(archive: &[u8]) {
    // Files cost time: only for what is an archive at all.
    if !matches!(Reader::new(archive).next_entry(), Ok(Some(_))) {
        return;
    }
    let base = cage::scratch();
    let (inside, outside) = (base.join("in"), base.join("out"));
    fs::create_dir_all(&inside).expect("the scratch directory is ours");
    if !outside.exists() {
        fs::write(&outside, b"untouched").expect("the scratch directory is ours");
    }
    let how = Extract {
        keep_existing: archive.len() % 2 == 0,
        ..Extract::default()
    };
    let mut extraction = Extraction::new(&inside, how);
    let mut reader = Reader::new(archive);
    let mut made = 0;
    while let Ok(Some(entry)) = reader.next_entry() {
        let is_node = matches!(entry.kind, Kind::CharDevice | Kind::BlockDevice);
        made += 1;
        if is_node || made > 16 {
            continue;
        }
        // Only what it leaves behind counts here.
        let _ = extraction.entry(&entry, &mut (&mut reader).take(MOST));
    }
    extraction.finish();
    let there: Vec<_> = fs::read_dir(&base).expect("it was there").collect();
    assert_eq!(there.len(), 2, "something was made outside");
    assert_eq!(fs::read(&outside).ok().as_deref(), Some(&b"untouched"[..]));
    fs::remove_dir_all(&inside).expect("what was extracted is ours");
}
