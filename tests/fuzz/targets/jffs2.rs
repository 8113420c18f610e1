//! Files of a jffs2: names, versions, compressions. The checksums of whatever claims to be a
//! node are set right, or nothing behind them would be reached.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::archive::safe_name;
use safebox::fake::flash::FakeFlash;
use safebox::flash::jffs2::{DIRENT, Endian, INODE, Index, MAGIC, Tree, crc};
use safebox::sys::Flash;
use std::io::Read;

const ERASE: usize = 4096;

/// What is read of a file at most.
const MOST: u64 = 200_000;

fuzz_target!(|data: &[u8]| {
    let size = data.len().next_multiple_of(ERASE).max(ERASE);
    for image in [
        data.to_vec(),
        with_checksums(data, Endian::Little),
        with_checksums(data, Endian::Big),
    ] {
        for beyond in [false, true] {
            let mut flash = FakeFlash::nor(size, ERASE as u32);
            flash.fill(0, &image);
            read(flash, beyond);
        }
    }
});

fn read(flash: FakeFlash, beyond: bool) {
    let mut medium: Box<dyn Flash> = Box::new(flash);
    let Ok(index) = Index::read(&mut medium, beyond, &mut |_, _| {}) else {
        return;
    };
    let mut tree = Tree {
        index: &index,
        medium: &mut medium,
        trouble: &mut |_| {},
    };
    let visit = |header: &safebox::archive::Header, content: &mut dyn Read| {
        let path = safe_name(&header.name).expect("no name leads out");
        assert!(path.is_some());
        let mut length = 0;
        let mut buf = [0; 5000];
        while length < MOST {
            match content.read(&mut buf).expect("damage is no error") {
                0 => break,
                count => length += count as u64,
            }
        }
        assert!(length == header.size || length >= MOST);
        Ok(())
    };
    tree.walk(beyond, &mut |header, content| visit(header, content))
        .expect("no visit fails");
}

fn with_checksums(data: &[u8], endian: Endian) -> Vec<u8> {
    let mut image = data.to_vec();
    let mut rest = &mut image[..];
    let put = |bytes: &mut [u8], sum: u32| {
        let sum = match endian {
            Endian::Little => sum.to_le_bytes(),
            Endian::Big => sum.to_be_bytes(),
        };
        bytes.copy_from_slice(&sum);
    };
    while rest.len() >= 12 {
        let half = |at: usize| endian.read_u16([rest[at], rest[at + 1]]);
        let nodetype = half(2);
        let length = endian.read_u32([rest[4], rest[5], rest[6], rest[7]]) as usize;
        let length = length
            .clamp(4, rest.len())
            .next_multiple_of(4)
            .min(rest.len());
        if half(0) != MAGIC {
            rest = &mut rest[4..];
            continue;
        }
        let (node, behind) = rest.split_at_mut(length);
        rest = behind;
        if node.len() >= 12 {
            let sum = crc(&node[..8]);
            put(&mut node[8..12], sum);
        }
        if nodetype == DIRENT && node.len() >= 40 {
            let end = (40 + usize::from(node[28])).min(node.len());
            let (sum, name) = (crc(&node[..32]), crc(&node[40..end]));
            put(&mut node[32..36], sum);
            put(&mut node[36..40], name);
        }
        if nodetype == INODE && node.len() >= 68 {
            let packed = endian.read_u32([node[48], node[49], node[50], node[51]]) as usize;
            let end = packed.saturating_add(68).min(node.len());
            let (sum, data) = (crc(&node[..60]), crc(&node[68..end]));
            put(&mut node[64..68], sum);
            put(&mut node[60..64], data);
        }
    }
    image
}
