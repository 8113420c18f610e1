//! Firmware: the whole look at a file, its parts alone, and what a check lets through. The
//! header's checksum is set right once, or nothing behind it would ever be read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::image::check::{Overrides, Place, Target, check};
use safebox::image::container::Container;
use safebox::image::json::Value;
use safebox::image::look::Info;
use safebox::image::metadata::Metadata;
use safebox::image::squashfs::{SUPERBLOCK, Squashfs};
use safebox::image::{fwtool, look, uimage};
use std::io::Cursor;

const ERASE: u32 = 4096;

fuzz_target!(|data: &[u8]| {
    read_whole(data);
    let mut repaired = data.to_vec();
    if let Some(header) = repaired.first_chunk_mut::<{ uimage::HEADER }>() {
        header[..4].copy_from_slice(&uimage::MAGIC);
        header[4..8].fill(0);
        let crc = safebox_fuzz::crc32(header);
        header[4..8].copy_from_slice(&crc.to_be_bytes());
        let found = uimage::Header::parse(header).expect("its checksum is right");
        assert_eq!(uimage::Header::parse(&found.build()), Some(found));
        read_whole(&repaired);
    }
    if let Some(superblock) = data.first_chunk::<SUPERBLOCK>()
        && let Some(found) = Squashfs::parse(superblock)
    {
        assert!(found.length >= SUPERBLOCK as u64);
    }
    // Only that they come back counts here.
    let _ = Container::recognise(data);
    let _ = Metadata::parse(data);
    read_json(data);
});

fn read_whole(data: &[u8]) {
    let length = data.len() as u64;
    let mut file = Cursor::new(data);
    let facts = look(&mut file, ERASE).expect("a file in memory can be read");
    assert!(facts.length == length);
    assert!(facts.packed.is_some() || facts.payload <= length);
    if let Some(root) = facts.root {
        assert!(root.end() >= uimage::HEADER as u64);
    }
    if let Info::Invalid(at) = facts.info {
        assert!(at <= data.len());
    }
    let mut end = length;
    for chunk in fwtool::find(&mut file, length).expect("a file in memory can be read") {
        assert!(chunk.start <= chunk.trailer && chunk.trailer < end);
        end = chunk.start;
        let content = fwtool::payload(&mut file, &chunk).expect("it lies inside");
        assert!(content.is_none_or(|content| content.len() <= data.len()));
    }
    let place = Place {
        number: 0,
        name: "firmware".into(),
        room: 16 * u64::from(ERASE),
        erase_size: ERASE,
        nand: false,
        spare: false,
    };
    let target = Target {
        board: Some("safebox,lab".into()),
        ..Target::new(Ok(place))
    };
    let force = Overrides {
        force: true,
        ..Overrides::default()
    };
    // Whatever passes is whole, even by force.
    if let Ok(checked) = check(facts, &target, &force) {
        let facts = checked.facts();
        assert!(facts.root.is_none_or(|root| root.end() <= facts.payload));
        if let Some(kernel) = &facts.kernel {
            assert!(kernel.data.expect("it has data").is_right());
        }
    }
}

fn read_json(data: &[u8]) {
    match Value::parse(data) {
        Ok(value) => {
            assert_eq!(
                Value::parse(value.to_string().as_bytes()),
                Ok(value.clone())
            );
            let (bytes, depth) = measure(&value);
            assert!(bytes <= data.len() && depth <= 17);
        }
        Err(fault) => assert!(fault.0 <= data.len()),
    }
}

/// Bytes of text in a value, and its depth.
fn measure(value: &Value) -> (usize, usize) {
    let members: Vec<(usize, usize)> = match value {
        Value::String(text) | Value::Number(text) => return (text.len(), 1),
        Value::Array(items) => items.iter().map(measure).collect(),
        Value::Object(members) => {
            let member = |(key, value): &(String, Value)| {
                let (bytes, depth) = measure(value);
                (bytes + key.len(), depth)
            };
            members.iter().map(member).collect()
        }
        _ => return (0, 1),
    };
    let deepest = members.iter().map(|member| member.1).max();
    let bytes = members.iter().map(|member| member.0).sum();
    (bytes, 1 + deepest.unwrap_or(0))
}
