//! Changed and cut images: no parser panics, none allocates what a header claims.

use super::check_tests::target;
use super::json::Value;
use super::{Overrides, check, look, sample};
use crate::archive::gzip::{Gunzip, Gzip};
use crate::archive::{Header, Kind, Reader, Writer};
use std::io::{Cursor, Read, Write};

/// Numbers that look random and are always the same (xorshift).
struct Dice(u32);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % limit.max(1)
    }

    /// Changes some bytes, mostly where the headers are, and sometimes the length.
    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let near = self.below(3);
            let reach = bytes.len().min(600);
            let at = match near {
                0 => self.below(bytes.len()),
                1 => self.below(reach),
                _ => bytes.len() - 1 - self.below(reach),
            };
            bytes[at] = [0, 0xff, 0x80, 1, self.0 as u8][self.below(5)];
        }
        if self.below(4) == 0 {
            let cut = 1 + self.below(bytes.len() - 1);
            bytes.truncate(cut);
        }
        bytes
    }
}

#[test]
fn no_changed_image_makes_a_parser_panic() {
    let whole = sample::image(5000);
    let mut dice = Dice(0x1234_5678);
    let overrides = Overrides {
        force: true,
        ..Overrides::default()
    };
    for _ in 0..2000 {
        let image = dice.mutate(&whole);
        let facts = look(&mut Cursor::new(&image), sample::ERASE as u32).unwrap();
        assert!(facts.payload <= facts.length);
        // Whatever passes must be all there.
        if let Ok(checked) = check(facts, &target(), &overrides) {
            let kernel = checked.facts().kernel.as_ref().unwrap();
            assert!(kernel.data.unwrap().is_right());
        }
    }
}

#[test]
fn no_changed_json_makes_the_reader_panic() {
    let text = sample::metadata(sample::BOARD, "1.0");
    let mut dice = Dice(99);
    for _ in 0..5000 {
        // Only that it comes back counts here.
        let _ = Value::parse(&dice.mutate(text.as_bytes()));
    }
}

#[test]
fn no_changed_archive_makes_the_readers_panic() {
    let mut archive = Vec::new();
    let mut writer = Writer::new(&mut archive);
    for name in [b"etc/config/network".to_vec(), b"long/".repeat(60)] {
        let mut header = Header::new(Kind::File, &name);
        header.size = 700;
        writer.file(&header, &mut &[b'x'; 700][..]).unwrap();
    }
    writer.finish().unwrap();
    let mut gzip = Gzip::new(Vec::new(), 6);
    gzip.write_all(&archive).unwrap();
    let packed = gzip.finish().unwrap();
    let mut dice = Dice(7);
    for _ in 0..1000 {
        let changed = dice.mutate(&archive);
        let mut reader = Reader::new(&changed[..]);
        while let Ok(Some(_)) = reader.next_entry() {}
        let changed = dice.mutate(&packed);
        let mut out = Vec::new();
        // Only that it comes back counts here.
        let _ = Gunzip::new(&changed[..])
            .take(1 << 20)
            .read_to_end(&mut out);
    }
}
