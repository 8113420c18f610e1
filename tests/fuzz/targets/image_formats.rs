//! Firmware of every other format: the first byte chooses one, its checksums are set right, and
//! it comes in pieces of many sizes. Whatever passes a check, even by force, must be whole.

#![no_main]

use libfuzzer_sys::fuzz_target;
use safebox::image::body::{Body, Content};
use safebox::image::check::{CardPlace, DiskPlace, Place, Target, UbiPlace};
use safebox::image::{Overrides, check, look, report};
use safebox_fuzz::crc32;
use std::io::{self, Read};

const ERASE: u32 = 4096;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, rest)) = data.split_first() else {
        return;
    };
    let mut image = rest.to_vec();
    repair(kind, &mut image);
    let facts = look_at(&image, usize::MAX);
    // However the bytes come, the facts are the same.
    assert_eq!(facts, look_at(&image, usize::from(kind) + 1));
    assert_eq!(facts.length, image.len() as u64);
    // Only that it comes back counts here.
    let shown = report::facts(&facts);
    let _ = (shown.to_string(), report::lines(&shown));
    for target in targets() {
        let force = Overrides {
            force: true,
            no_settings: kind & 0x80 != 0,
            ..Overrides::default()
        };
        if let Ok(checked) = check(facts.clone(), &target, &force) {
            assert!(
                facts.packed.is_none() || facts.packed.as_ref().is_some_and(|p| p.fault.is_none())
            );
            is_whole(&checked.facts().body);
        }
    }
});

/// Sets right what would stop everything else from being read.
fn repair(kind: u8, image: &mut [u8]) {
    let put = |image: &mut [u8], at: usize, bytes: &[u8]| {
        if let Some(to) = image.get_mut(at..at + bytes.len()) {
            to.copy_from_slice(bytes);
        }
    };
    let sum = |bytes: Option<&[u8]>| bytes.map_or(0, crc32);
    match kind % 10 {
        0 => {
            put(image, 0, b"HDR0");
            let length = image.len() as u32;
            put(image, 4, &length.to_le_bytes());
            let sum = !sum(image.get(12..));
            put(image, 8, &sum.to_le_bytes());
        }
        1 => put(image, 0, &[0x5e, 0xa3, 0xa4, 0x17]),
        2 => put(image, 0, &[0xd0, 0x0d, 0xfe, 0xed]),
        3 => {
            for at in (0..image.len()).step_by(512) {
                let Some(block) = image.get_mut(at..at + 512) else {
                    break;
                };
                // Only what looks like a header already becomes a sound one.
                if &block[257..262] == b"ustar" {
                    block[148..156].fill(b' ');
                    let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
                    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
                }
            }
        }
        4 => put(image, 510, &[0x55, 0xaa]),
        5 => {
            put(image, 510, &[0x55, 0xaa]);
            put(image, 512, b"EFI PART");
            put(image, 524, &92_u32.to_le_bytes());
            let entries = sum(image.get(1024..1536));
            put(image, 584, &2_u64.to_le_bytes());
            put(image, 592, &[4, 0, 0, 0, 128, 0, 0, 0]);
            put(image, 600, &entries.to_le_bytes());
            put(image, 528, &[0; 4]);
            let header = sum(image.get(512..604));
            put(image, 528, &header.to_le_bytes());
        }
        6 => {
            put(image, 0, b"UBI#\x01");
            for at in (0..image.len()).step_by(512) {
                if image.get(at..at + 3) == Some(b"UBI") {
                    let sum = !sum(image.get(at..at + 60));
                    put(image, at + 60, &sum.to_be_bytes());
                }
            }
        }
        7 => {
            put(image, 0, &[0x31, 0x18, 0x10, 0x06]);
            let sum = !sum(image.get(8..4096));
            put(image, 16, &4096_u32.to_le_bytes());
            put(image, 4, &sum.to_le_bytes());
        }
        8 => put(image, 0, &[0x1f, 0x8b, 8, 0]),
        _ => {}
    }
}

/// Gives its bytes in pieces.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = out.len().min(self.1);
        self.0.read(&mut out[..count])
    }
}

fn look_at(image: &[u8], piece: usize) -> safebox::image::Facts {
    look(&mut Pieces(image, piece), ERASE).expect("a file in memory can be read")
}

fn targets() -> [Target; 3] {
    let place = |name: &str, nand| Place {
        number: 0,
        name: name.into(),
        room: 1 << 20,
        erase_size: ERASE,
        nand,
    };
    let mut ubi = Target::new(Ok(place("firmware", false)));
    ubi.ubi = Some(UbiPlace {
        device: 0,
        below: place("ubi", true),
        block_size: 2048,
        room: 1 << 20,
        kernel: None,
        volumes: Vec::new(),
        free: 12,
    });
    let mut cards = Target::new(Err("none".into()));
    cards.cards = ["kernel", "rootfs", "dtb"]
        .map(|label| CardPlace {
            device: label.into(),
            label: label.into(),
            size: 1 << 20,
        })
        .to_vec();
    let mut disk = Target::new(Err("none".into()));
    disk.disk = Some(DiskPlace {
        device: "sda".into(),
        size: 1 << 20,
        partitions: Vec::new(),
    });
    [ubi, cards, disk]
}

/// Everything that gets written lies inside.
fn is_whole(body: &Body) {
    assert!(body.root.is_none_or(|root| root.end() <= body.length));
    match &body.content {
        Content::Raw => {
            let seal = body.seal.as_ref();
            assert!(seal.is_none_or(|seal| seal.end <= body.length && seal.is_right == Some(true)));
        }
        Content::Tar(tar) => {
            for (_, member) in tar.members() {
                assert!(member.length > 0 && member.offset + member.length <= body.length);
            }
        }
        Content::Fit(fit) => {
            assert!(fit.length <= body.length && !fit.images.is_empty());
            for image in &fit.images {
                assert!(
                    image
                        .data
                        .is_none_or(|(at, length)| at + length <= fit.length)
                );
                assert!(image.hashes.iter().all(|hash| hash.1 != Some(false)));
            }
        }
        Content::Disk(disk) => {
            assert!(!disk.partitions.is_empty());
            assert!(
                disk.partitions
                    .iter()
                    .all(|p| p.end() <= body.length && p.start > 0)
            );
        }
        Content::Ubi(ubi) => assert_eq!(ubi.blocks * ubi.block_size, body.length),
        Content::Ubifs(ubifs) => assert!(ubifs.blocks * ubifs.block_size <= body.length),
        Content::Root | Content::Other => unreachable!("nothing that can be written"),
    }
}
