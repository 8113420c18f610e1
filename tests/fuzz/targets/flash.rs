//! jffs2: nodes of a block, the state of a partition, settings put into an image. The
//! checksums of node headers are set right once, or hardly any would be found.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::fake::flash::FakeFlash;
use safebox::flash::inject::{Inject, area};
use safebox::flash::jffs2::{Endian, File, crc};
use safebox::flash::survey::{Content, content, nodes};
use safebox::overlay::look::identify;
use safebox::sys::mtd::parse_partitions;
use std::io::Read;

const ERASE: usize = 1024;

fuzz_target!(|data: &[u8]| {
    survey(data);
    let mut repaired = data.to_vec();
    for node in repaired.chunks_mut(4 * 6).filter(|node| node.len() >= 12) {
        let sum = crc(&node[..8]).to_ne_bytes();
        node[8..12].copy_from_slice(&sum);
    }
    survey(&repaired);
    inject(&data[..data.len().min(8 * ERASE)]);
    // Only that it comes back counts here.
    let _ = parse_partitions(&String::from_utf8_lossy(data));
});

fn survey(data: &[u8]) {
    for endian in [Endian::Big, Endian::Little] {
        let mut total = 0;
        for node in nodes(data, endian) {
            assert!(node.bytes.len() >= 12);
            total += node.bytes.len();
        }
        assert!(total <= data.len(), "nodes do not overlap");
        match content(data, endian) {
            Content::Nodes | Content::Clean => assert!(total > 0),
            Content::Blank => assert_eq!(total, 0),
            Content::Rubbish => {}
        }
    }
    let mut flash = FakeFlash::nor(8 * ERASE, ERASE as u32);
    flash.fill(0, &data[..data.len().min(8 * ERASE)]);
    identify(&mut flash).expect("a whole chip can be read");
}

/// Without a marker the image comes out as it went in; with one, all before the marker does.
fn inject(image: &[u8]) {
    let content = [0x77; 300];
    let mut source = image;
    let mut inject = Inject::new(&mut source, File::settings(&content), ERASE as u32, 0);
    let mut out = Vec::new();
    inject.read_to_end(&mut out).expect("memory can be read");
    let settings = area(File::settings(&content), ERASE as u32, Endian::NATIVE);
    match inject.found() {
        None => assert_eq!(out, image),
        Some(at) => {
            let at = at as usize;
            assert_eq!(&out[..at], &image[..at]);
            assert_eq!(&out[at..at + settings.len()], settings);
            let behind = image.get(at + settings.len()..).unwrap_or_default();
            assert_eq!(&out[at + settings.len()..], behind);
        }
    }
}
