//! What made-up nodes come to.

use super::build::{Dirent, Inode};
use super::*;
use crate::archive::Kind;
use crate::fake::flash::FakeFlash;
use crate::flash::Error;
use std::io::Read;

const BLOCK: usize = 4096;
const DIR: u8 = 4;
const REG: u8 = 8;

/// Nodes one after the other, as a log.
struct Log {
    endian: Endian,
    bytes: Vec<u8>,
}

impl Log {
    fn new(endian: Endian) -> Log {
        let bytes = cleanmarker(endian).to_vec();
        Log { endian, bytes }
    }

    /// Where the next node will lie.
    fn end(&self) -> usize {
        self.bytes.len()
    }

    fn put(&mut self, node: &[u8]) -> &mut Log {
        self.bytes.extend_from_slice(node);
        self.bytes.resize(self.end().next_multiple_of(4), 0xff);
        self
    }

    fn name(&mut self, parent: u32, version: u32, ino: u32, kind: u8, name: &str) -> &mut Log {
        let dirent = Dirent {
            parent,
            version,
            ino,
            kind,
            name: name.as_bytes(),
        };
        self.put(&dirent.node(self.endian))
    }

    fn inode(&mut self, ino: u32, version: u32, mode: u32, size: u32) -> &mut Log {
        self.part(ino, version, mode, size, (0, 0), 0, b"")
    }

    fn data(&mut self, ino: u32, version: u32, size: u32, offset: u32, data: &[u8]) -> &mut Log {
        let place = (offset, data.len() as u32);
        self.part(ino, version, 0o100_644, size, place, 0, data)
    }

    #[allow(clippy::too_many_arguments, reason = "a node has that many fields")]
    fn part(
        &mut self,
        ino: u32,
        version: u32,
        mode: u32,
        size: u32,
        place: (u32, u32),
        way: u8,
        data: &[u8],
    ) -> &mut Log {
        let node = Inode {
            ino,
            version,
            mode,
            mtime: 0,
            size,
            place,
            way,
            data,
        };
        self.put(&node.node(self.endian))
    }

    fn flash(&self) -> FakeFlash {
        let size = (self.end() + 2 * BLOCK).next_multiple_of(BLOCK);
        let mut flash = FakeFlash::nor(size, BLOCK as u32);
        flash.fill(0, &self.bytes);
        flash
    }
}

/// Lines of what is read, and of what was complained about.
fn read(flash: FakeFlash, beyond: bool) -> Result<(Vec<String>, Vec<String>), Error> {
    let mut troubles = Vec::new();
    let mut medium: Box<dyn crate::sys::Flash> = Box::new(flash);
    let index = Index::read(&mut medium, beyond, &mut |offset, what| {
        troubles.push(format!("{offset:#x} {what}"));
    })?;
    let (mut lines, mut lost) = (Vec::new(), Vec::new());
    let mut tree = Tree {
        index: &index,
        medium: &mut medium,
        trouble: &mut |path| lost.push(String::from_utf8_lossy(path).into_owned()),
    };
    let mut visit = |header: &crate::archive::Header, content: &mut Content<'_>| {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).unwrap();
        let name = String::from_utf8_lossy(&header.name);
        let what = match header.kind {
            Kind::Directory => "/".to_owned(),
            Kind::Symlink => format!(" -> {}", String::from_utf8_lossy(&header.link)),
            Kind::CharDevice => format!(" {:?}", header.device),
            _ => format!("={}", String::from_utf8_lossy(&bytes)),
        };
        lines.push(format!("{name}{what}"));
        if let Some((offset, what)) = content.damage() {
            troubles.push(format!("{offset:#x} {what}"));
        }
        Ok(())
    };
    tree.walk(beyond, &mut visit).unwrap();
    troubles.extend(lost);
    Ok((lines, troubles))
}

#[track_caller]
fn check(log: &Log, expected: &[&str]) {
    let (lines, troubles) = read(log.flash(), false).unwrap();
    assert_eq!(lines, expected);
    assert_eq!(troubles, Vec::<String>::new());
}

#[test]
fn files_links_devices_and_directories_in_both_byte_orders() {
    for endian in [Endian::Little, Endian::Big] {
        let mut log = Log::new(endian);
        log.name(1, 1, 2, DIR, "etc").inode(2, 1, 0o40_755, 0);
        log.name(2, 1, 3, REG, "hosts").data(3, 1, 5, 0, b"hello");
        log.name(2, 2, 4, 10, "link");
        log.part(4, 1, 0o120_777, 5, (0, 5), 0, b"hosts");
        log.name(1, 2, 5, 2, "gone");
        log.part(5, 1, 0o20_000, 0, (0, 2), 0, &endian.u16(0));
        log.name(1, 3, 6, 2, "mtd7");
        log.part(6, 1, 0o20_600, 0, (0, 2), 0, &endian.u16(90 << 8 | 14));
        log.name(1, 4, 7, 2, "wide");
        log.part(7, 1, 0o20_600, 0, (0, 4), 0, &endian.u32(0x0010_1202));
        check(
            &log,
            &[
                "etc/",
                "etc/hosts=hello",
                "etc/link -> hosts",
                "gone (0, 0)",
                "mtd7 (90, 14)",
                "wide (18, 258)",
            ],
        );
    }
}

#[test]
fn what_was_written_for_an_upgrade_is_read_back() {
    let content: Vec<u8> = (0..30_000_u32)
        .map(|n| b'a' + ((n * n) >> 5) as u8 % 26)
        .collect();
    for endian in [Endian::Little, Endian::Big] {
        for length in [0, 5, 4096, 30_000] {
            let bytes = build(File::settings(&content[..length]), BLOCK as u32, endian);
            let text = String::from_utf8_lossy(&content[..length]).into_owned();
            let expected = format!("sysupgrade.tgz={text}");
            check(&Log { endian, bytes }, &[&expected]);
        }
    }
}

#[test]
fn later_versions_win_wherever_they_lie() {
    let mut log = Log::new(Endian::NATIVE);
    log.data(2, 3, 6, 1, b"EL").data(2, 1, 5, 0, b"hello");
    log.data(2, 2, 6, 4, b"o!").name(1, 7, 2, REG, "a");
    log.name(1, 8, 0, REG, "b").name(1, 5, 2, REG, "b");
    check(&log, &["a=hELlo!"]);
}

#[test]
fn truncation_holes_and_empty_files() {
    let mut log = Log::new(Endian::NATIVE);
    log.name(1, 1, 2, REG, "short").data(2, 1, 5, 0, b"hello");
    log.inode(2, 2, 0o100_644, 2);
    log.name(1, 2, 3, REG, "hole").data(3, 1, 3, 0, b"abc");
    log.part(3, 2, 0o100_644, 6, (1, 4), 1, b"")
        .data(3, 3, 6, 5, b"z");
    log.name(1, 3, 4, REG, "empty").inode(4, 1, 0o100_644, 0);
    log.name(1, 4, 5, REG, "sparse").data(5, 1, 3, 2, b"x");
    check(
        &log,
        &["empty=", "hole=a\0\0\0\0z", "short=he", "sparse=\0\0x"],
    );
}

#[test]
fn nodes_marked_as_replaced_do_not_count() {
    let mut log = Log::new(Endian::Little);
    log.name(1, 1, 2, REG, "a").data(2, 1, 3, 0, b"old");
    let replaced = log.end();
    log.data(2, 9, 3, 0, b"not");
    log.bytes[replaced + 3] &= !0x20;
    check(&log, &["a=old"]);
}

#[test]
fn openwrt_packs_with_lzma() {
    let packed = "00319d6b10579715f7275adf83176860c6c7625d6458eea27ce96c9b1df05ff0684128cf1d5853abdab6\
        eaeee4a88497bdd9beb47bb3ee9e2f6f34fbb9d7436f7cb0397c7e14fa5e0b5ce3e35394f5ef8e2aab1c5ce2f1\
        1ae0b71b4045600de9e71b9fbaa7ea5a08bc60723ad5118af2f4e21f88ceac72add7ff7493f800";
    let packed: Vec<u8> = (0..packed.len() / 2)
        .map(|at| u8::from_str_radix(&packed[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let text = "config interface 'lan'\n\toption device 'br-lan'\n\toption proto 'static'\n\
        \toption ipaddr '192.168.1.1'\n\toption netmask '255.255.255.0'\n\n\
        config interface 'loopback'\n\toption device 'lo'\n\toption proto 'static'\n\
        \toption ipaddr '127.0.0.1'\n\toption netmask '255.0.0.0'\n";
    let mut log = Log::new(Endian::Big);
    log.name(1, 1, 2, REG, "network");
    let size = text.len() as u32;
    log.part(2, 1, 0o100_644, size, (0, size), 8, &packed);
    check(&log, &[&format!("network={text}")]);
    // Cut short anywhere it is an error, and never more than that.
    for length in 0..packed.len() - 6 {
        let mut out = vec![0; text.len()];
        assert_eq!(lzma::unpack(&packed[..length], &mut out), None, "{length}");
    }
}

#[test]
fn damage_is_named_and_costs_only_what_is_damaged() {
    let mut log = Log::new(Endian::NATIVE);
    log.name(1, 1, 2, REG, "a").data(2, 1, 3, 0, b"old");
    let torn = log.end();
    log.data(2, 2, 3, 0, b"new").put(b"rubbish!");
    let head = log.end();
    log.name(1, 2, 3, REG, "b")
        .name(1, 3, 4, REG, "c")
        .data(4, 1, 1, 0, b"c");
    log.bytes[torn + 69] ^= 1;
    log.bytes[head + 14] ^= 1;
    let (lines, troubles) = read(log.flash(), false).unwrap();
    assert_eq!(lines, ["a=old", "c=c"]);
    let expected = [
        format!("{:#x} bytes that are no node", head - 8),
        format!("{head:#x} a node with a wrong checksum"),
        format!("{torn:#x} data with a wrong checksum"),
    ];
    assert_eq!(troubles, expected);
}

#[test]
fn pages_that_cannot_be_read_cost_only_themselves() {
    let mut log = Log::new(Endian::NATIVE);
    log.name(1, 1, 2, REG, "a").data(2, 1, 1, 0, b"a");
    log.bytes.resize(2 * BLOCK, 0xff);
    log.name(1, 2, 3, REG, "b").data(3, 1, 1, 0, b"b");
    let mut flash = log.flash();
    flash.spoil_byte(BLOCK as u64 + 77);
    let (lines, troubles) = read(flash, false).unwrap();
    assert_eq!(lines, ["a=a", "b=b"]);
    assert_eq!(troubles, ["0x1000 Input/output error"]);
}

#[test]
fn bad_blocks_are_left_out() {
    let mut log = Log::new(Endian::NATIVE);
    log.name(1, 1, 2, REG, "a").data(2, 1, 1, 0, b"a");
    let mut flash = FakeFlash::nand(4 * BLOCK, BLOCK as u32, 512);
    crate::sys::Flash::mark_bad(&mut flash, 0).unwrap();
    flash.fill(0, b"rubbish");
    flash.fill(BLOCK as u64, &log.bytes);
    let (lines, troubles) = read(flash, false).unwrap();
    assert_eq!((lines, troubles), (vec!["a=a".to_owned()], Vec::new()));
}

#[test]
fn behind_a_marker_is_only_what_was_asked_for() {
    let mut log = Log::new(Endian::NATIVE);
    log.name(1, 1, 2, REG, "a").data(2, 1, 1, 0, b"a");
    log.bytes.resize(BLOCK, 0xff);
    log.put(&END_MARKER)
        .name(1, 2, 3, REG, "b")
        .data(3, 1, 1, 0, b"b");
    check(&log, &["a=a"]);
    let (lines, _) = read(log.flash(), true).unwrap();
    assert_eq!(lines, ["a=a", "b=b"]);
    // The whole of it is void: what a reset leaves.
    log.bytes[..4].copy_from_slice(&END_MARKER);
    let refusal = read(log.flash(), false).unwrap_err().to_string();
    assert_eq!(
        refusal,
        "no jffs2: from 0x0 on all is marked as void; -a reads it all the same"
    );
}

#[test]
fn directories_without_a_name_are_found_when_asked_for() {
    let mut log = Log::new(Endian::NATIVE);
    log.name(7, 1, 8, DIR, "etc").inode(8, 1, 0o40_755, 0);
    log.name(8, 1, 9, REG, "note").data(9, 1, 4, 0, b"mine");
    check(&log, &[]);
    let (lines, _) = read(log.flash(), true).unwrap();
    assert_eq!(lines, ["lost+found/7/etc/", "lost+found/7/etc/note=mine"]);
}

#[test]
fn rings_bad_names_and_lost_inodes_end_no_walk() {
    let mut log = Log::new(Endian::NATIVE);
    log.name(1, 1, 2, DIR, "a").inode(2, 1, 0o40_755, 0);
    log.name(2, 1, 1, DIR, "up").name(2, 2, 2, DIR, "self");
    for name in ["..", ".", "", "x/y", "nul\0"] {
        log.name(1, 9, 2, REG, name);
    }
    log.name(1, 2, 99, REG, "lost")
        .name(1, 3, 98, DIR, "lostdir");
    let (lines, troubles) = read(log.flash(), true).unwrap();
    assert_eq!(lines, ["a/", "a/self/", "a/up/", "lostdir/"]);
    assert_eq!(troubles.len(), 5 + 1);
    assert_eq!(troubles.last().unwrap(), "lost");
}

#[test]
fn what_is_no_jffs2_is_refused_and_memory_has_a_limit() {
    let refusal = |bytes: &[u8]| {
        let log = Log {
            endian: Endian::NATIVE,
            bytes: bytes.to_vec(),
        };
        read(log.flash(), false).unwrap_err().to_string()
    };
    assert_eq!(refusal(&[]), "no jffs2: there is not one sound node");
    assert_eq!(refusal(b"hsqs"), "no jffs2: there is not one sound node");
    let mut log = Log::new(Endian::NATIVE);
    for number in 0..140_000 {
        log.inode(2, number, 0o100_644, 0);
    }
    // Erase blocks cut some in two, which is not what is asked about here.
    let size = log.bytes.len().next_multiple_of(BLOCK);
    let mut flash = FakeFlash::nor(size, size as u32);
    flash.fill(0, &log.bytes);
    let refusal = read(flash, false).unwrap_err().to_string();
    assert_eq!(refusal, "too many nodes to keep in memory");
}
