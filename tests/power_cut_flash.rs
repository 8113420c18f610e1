//! What `mtd` does to a chip, cut after every operation: NAND with bad and worn blocks, and the
//! nodes of a file on their way into a jffs2.
//!
//! As in `power_cut.rs` each flow runs again and again, the power going one operation later
//! every time, between two operations and in the middle of one: half a write, or an erase that
//! leaves bits as they come. Afterwards the same is done again, and must come to its end.

#![allow(clippy::unwrap_used, reason = "a failing unwrap fails the test")]

use safebox::fake::FakeSystem;
use safebox::fake::flash::{Chip, FakeFlash};
use safebox::flash::jffs2::{self, Content, Endian, File, Index, Tree};
use safebox::flash::plant::Plan;
use safebox::flash::verify::verify;
use safebox::flash::{Error, erase, write};
use safebox::sys::{Flash, FlashKind};
use std::io::Read;

const BLOCK: usize = 4096;
const AT: u64 = BLOCK as u64;

/// A chip with 12 blocks before one that belongs to somebody else.
fn machine(kind: FlashKind) -> FakeSystem {
    let page = if kind == FlashKind::Nand { 512 } else { 1 };
    let chip = Chip::new(kind, 13 * BLOCK, BLOCK as u32, page);
    let layout = [("data", 0, 12 * AT), ("art", 12 * AT, AT)];
    let sys = FakeSystem::new(chip, BLOCK as u32, &layout);
    sys.flash("art").unwrap().fill(0, &[0x77; BLOCK]);
    sys
}

/// Runs `flow` on fresh machines, cut one operation later each time, until one gets through.
/// `check` is told whether it did; then the flow runs again with the power on.
fn cut_everywhere(
    fresh: impl Fn() -> FakeSystem,
    flow: impl Fn(&mut FakeFlash) -> Result<(), Error>,
    check: impl Fn(&mut FakeFlash, bool),
) {
    for torn in [false, true] {
        for steps in 0.. {
            assert!(steps < 1000, "it never ends");
            let sys = fresh();
            let mut data = sys.flash("data").unwrap();
            sys.power.cut_after(steps, torn);
            let whole = flow(&mut data).is_ok();
            sys.power.on();
            check(&mut data, whole);
            flow(&mut data).unwrap();
            check(&mut data, true);
            assert_eq!(sys.flash("art").unwrap().bytes()[..], [0x77; BLOCK]);
            if whole {
                break;
            }
        }
    }
}

/// NAND full of old data, with a block that is bad and two that will turn out worn.
fn worn_nand() -> FakeSystem {
    let sys = machine(FlashKind::Nand);
    let mut data = sys.flash("data").unwrap();
    data.fill(0, &[0x55; 12 * BLOCK]);
    data.mark_bad(2 * AT).unwrap();
    data.break_block(5 * AT);
    data.stick_bit(6 * AT + 700);
    sys
}

fn bad_blocks(flash: &mut FakeFlash) -> Vec<u64> {
    let blocks = 0..12;
    blocks
        .filter(|block| flash.is_bad(block * AT).unwrap())
        .collect()
}

#[test]
fn a_write_to_nand_that_is_cut_off_has_its_first_page_only_when_all_others_are_there() {
    let image: Vec<u8> = (0..7 * BLOCK + 1000)
        .map(|n| (n / 3 % 251) as u8 | 1)
        .collect();
    let flow = |flash: &mut FakeFlash| {
        let options = write::Options {
            length: Some(image.len() as u64),
            ..write::Options::default()
        };
        write::write(flash, &mut &image[..], &options, &mut |_| {}).map(drop)
    };
    let check = |flash: &mut FakeFlash, whole: bool| {
        let bad = bad_blocks(flash);
        assert!(
            [&[2][..], &[2, 5], &[2, 5, 6]].contains(&&bad[..]),
            "{bad:?}"
        );
        let has_header = flash.bytes()[..64] == image[..64];
        assert!(whole <= has_header);
        if has_header {
            let rest = &mut &image[BLOCK..];
            let compared = verify(flash, rest, AT).unwrap();
            assert_eq!(compared, (image.len() - BLOCK) as u64);
            assert_eq!(bad, [2, 5, 6]);
        }
        if whole {
            verify(flash, &mut &image[..], 0).unwrap();
        }
    };
    cut_everywhere(worn_nand, flow, check);
}

#[test]
fn an_erase_of_nand_that_is_cut_off_marks_only_worn_blocks() {
    let flow = |flash: &mut FakeFlash| erase::everything(flash, &mut |_| {});
    let check = |flash: &mut FakeFlash, whole: bool| {
        let bad = bad_blocks(flash);
        assert!([&[2][..], &[2, 5]].contains(&&bad[..]), "{bad:?}");
        for block in (0..12).filter(|block| whole && !bad.contains(block)) {
            let start = block as usize * BLOCK;
            assert!(
                flash.bytes()[start..start + BLOCK]
                    .iter()
                    .all(|&b| b == 0xff)
            );
        }
    };
    cut_everywhere(worn_nand, flow, check);
}

/// All files of a jffs2, each whole; nothing where there is none.
fn files(flash: &FakeFlash) -> Vec<(String, Vec<u8>)> {
    let mut medium: Box<dyn Flash> = Box::new(flash.clone());
    let Ok(index) = Index::read(&mut medium, false, &mut |_, _| {}) else {
        return Vec::new();
    };
    let mut tree = Tree {
        index: &index,
        medium: &mut medium,
        trouble: &mut |path| panic!("{}: lost", String::from_utf8_lossy(path)),
    };
    let mut files = Vec::new();
    let mut visit = |header: &safebox::archive::Header, content: &mut Content<'_>| {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).unwrap();
        assert_eq!(content.damage(), None);
        files.push((String::from_utf8_lossy(&header.name).into_owned(), bytes));
        Ok(())
    };
    tree.walk(false, &mut visit).unwrap();
    files
}

/// What is planted.
const NEW: [u8; 3 * BLOCK] = [0x99; 3 * BLOCK];

fn plant(flash: &FakeFlash, empty: bool) -> Result<(), Error> {
    let mut chip: Box<dyn Flash> = Box::new(flash.clone());
    let file = File {
        name: b"new",
        ..File::settings(&NEW)
    };
    Plan::new(&mut chip, file, b"", empty)?.perform(&mut *chip, &mut |_| {})
}

/// Blocks of a jffs2 with one file.
fn nodes(name: &[u8], content: &[u8]) -> Vec<u8> {
    let file = File {
        name,
        ..File::settings(content)
    };
    jffs2::build(file, BLOCK as u32, Endian::NATIVE)
}

/// Everything is void, and old files lie behind the marker.
fn reset(kind: FlashKind) -> impl Fn() -> FakeSystem {
    move || {
        let sys = machine(kind);
        let mut data = sys.flash("data").unwrap();
        data.fill(0, &jffs2::end_block(BLOCK as u32));
        for block in 1..12 {
            data.fill(block * AT, &nodes(b"old", &[block as u8; 2000]));
        }
        if kind == FlashKind::Nand {
            data.mark_bad(2 * AT).unwrap();
        }
        sys
    }
}

#[test]
fn a_file_planted_after_a_reset_brings_nothing_old_back() {
    for kind in [FlashKind::Nor, FlashKind::Nand] {
        let check = |flash: &mut FakeFlash, whole: bool| {
            let found = files(flash);
            let new = ("new".to_owned(), NEW.to_vec());
            assert!(found == [new] || (found.is_empty() && !whole));
        };
        // A marker that went half away does not count any more; the partition is then torn.
        cut_everywhere(reset(kind), |flash| plant(flash, true), check);
    }
}

#[test]
fn a_file_planted_beside_others_costs_none_of_them() {
    let fresh = || {
        let sys = machine(FlashKind::Nor);
        let mut data = sys.flash("data").unwrap();
        data.fill(0, &nodes(b"kept", &[0x11; 5000]));
        data.fill(2 * AT, &jffs2::end_block(BLOCK as u32));
        for block in 3..12 {
            data.fill(block * AT, &nodes(b"old", &[block as u8; 2000]));
        }
        sys
    };
    let check = |flash: &mut FakeFlash, whole: bool| {
        let found = files(flash);
        let kept = ("kept".to_owned(), vec![0x11; 5000]);
        let new = ("new".to_owned(), NEW.to_vec());
        assert!(found == [kept.clone(), new] || (found == [kept] && !whole));
    };
    cut_everywhere(fresh, |flash| plant(flash, false), check);
}
