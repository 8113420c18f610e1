//! What tells where settings lie: uevents, names of volumes, superblocks, headers of UBI, and
//! what an area of a disk or a volume of UBI holds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::disk::content::{Content, identify};
use safebox::disk::{area, behind, kept, named};
use safebox::fake::disk::FakeDisk;
use safebox::fake::ubi::FakeUbi;
use safebox::flash::ubi::{self, EraseCounter};
use safebox::overlay::extroot;
use safebox::overlay::part::Part;
use safebox::sys::disk::parse_uevent;
use safebox::sys::{Disk, Ubi, VolumeId};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

const SIZE: usize = 2 << 20;

fuzz_target!(|data: &[u8]| {
    names(data);
    let mut disk = FakeDisk::new(SIZE);
    disk.fill(0, &data[..data.len().min(SIZE)]);
    if let Some(start) = behind::area(&mut disk).expect("the disk can be read") {
        assert!(start % 65_536 == 0 && start < disk.size());
    }
    // What begins at the front of the input is also tried as the last sector.
    let sector = &data[..data.len().min(512)];
    disk.fill((SIZE - 512) as u64, sector);
    let content = identify(&mut disk, 0).expect("the disk can be read");
    if let Some(kept) = kept::find(&mut disk, 0, content).expect("the disk can be read") {
        assert!(kept.offset + kept.length < SIZE as u64);
    }
    if let Some(found) = named::named(&mut disk).expect("the disk can be read") {
        assert_eq!(found.uuid.len(), 36);
    }
    match content {
        Content::Archive { offset } => {
            let mut out = Vec::new();
            // A damaged archive is refused; a sound one is a part of the disk.
            if let Ok(length) = area::archive_length(&mut disk, offset) {
                area::copy_archive(&mut disk, offset, length, &mut out).expect("it is there");
                assert_eq!(out.len() as u64, length);
                assert_eq!(out, disk.bytes()[offset as usize..][..out.len()]);
            }
        }
        Content::Blank => assert!(disk.bytes()[..4096].iter().all(|&b| b == disk.bytes()[0])),
        _ => {}
    }
    let mut ubi = FakeUbi::default();
    let id = ubi.add("rootfs_data", 8);
    let room = 8 * FakeUbi::BLOCK as usize;
    ubi.fill(id, 0, &data[..data.len().min(room)]);
    let volume = ubi.volumes().expect("the fake answers").remove(0);
    ubi::identify(&mut ubi, &volume).expect("the volume can be read");
});

fn names(data: &[u8]) {
    // Only that it comes back counts here.
    let _ = extroot::wanted(data);
    let device = parse_uevent(data);
    assert!(device.name.len() <= 3 * data.len());
    if let Some(id) = std::str::from_utf8(data).ok().and_then(VolumeId::parse) {
        assert_eq!(VolumeId::parse(&id.to_string()), Some(id));
    }
    if let Some(head) = data.first_chunk() {
        if let Some(counter) = EraseCounter::parse(head) {
            assert!(counter.volume_header < counter.data);
        }
    }
    if let Some(Part::File(path)) = Part::parse(Path::new(OsStr::from_bytes(data))) {
        let inside = Path::new("/upper").join(path);
        assert!(!inside.components().any(|part| part.as_os_str() == ".."));
        assert!(inside.starts_with("/upper"));
    }
}
