//! Settings that do not lie in NOR flash: UBI, NAND with bad blocks, partitions and the space
//! behind the root file system on a disk. Each lives through a boot, an edit, a reset.

use crate::lab::Bench;
use crate::lab::router::{Router, Setup};
use crate::lab::talk::Talk;
use flate2::{Compression, write::GzEncoder};
use safebox::disk::area;
use safebox::disk::kept::{self, Kept};
use safebox::fake::disk::FakeDisk;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Bytes of a disk: enough for the smallest f2fs.
const SIZE: u64 = 64 << 20;
/// Bytes of what plays flash.
const SMALL: u64 = 16 << 20;
/// The marker that makes everything void.
const VOID: [u8; 4] = [0xde, 0xad, 0xc0, 0xde];

/// A board, and the disk that its settings lie on.
struct Board {
    bench: Bench,
    disk: PathBuf,
    words: String,
}

impl Board {
    /// A board with a disk of this size that begins with these bytes.
    fn new(bench: Bench, kind: &str, beginning: &[u8], size: u64) -> Board {
        let disk = bench.file("disk", beginning);
        let file = std::fs::File::options().write(true).open(&disk).unwrap();
        file.set_len(size).unwrap();
        let words = format!("lab.data={kind}");
        Board { bench, disk, words }
    }

    fn power_on(&self) -> Router {
        self.bench.power_on_with(&Setup {
            append: &self.words,
            disk: Some(&self.disk),
            ..Setup::default()
        })
    }
}

/// Waits until the first boot counts as complete.
#[track_caller]
fn settle(console: &mut Talk) {
    let ready = "until [ \"$(readlink /overlay/.fs_state)\" = 2 ]; do sleep 1; done";
    console.run(ready).ok();
}

/// What `/`, `/overlay` and `/rom` must be when all is well.
#[track_caller]
fn assert_mounts(console: &mut Talk, device: &str, fstype: &str) {
    let mounts = console.run("cat /proc/mounts").ok();
    for line in [
        "overlayfs:/overlay / overlay".to_owned(),
        format!("{device} /overlay {fstype}"),
        " /rom squashfs".to_owned(),
    ] {
        assert!(mounts.contains(&line), "no {line} in: {mounts}");
    }
}

/// First boot, edit, reboot, edit in failsafe mode, reset there, and the boot after it.
#[track_caller]
fn live_through_it(board: &Board, device: &str, fstype: &str) {
    let mut router = board.power_on();
    router.boot_normally();
    settle(&mut router.console);
    assert_mounts(&mut router.console, device, fstype);
    router.console.run("echo mine >/etc/note").ok();
    router.console.line("reboot");

    router.enter_failsafe();
    let console = &mut router.console;
    console.run("mount_root").ok();
    assert_mounts(console, device, fstype);
    assert_eq!(console.run("cat /etc/note").ok().trim(), "mine");
    console
        .run("mkdir -p /root/.ssh && echo key >/root/.ssh/k")
        .ok();
    let again = console.run("mount_root").ok();
    assert!(again.contains("already mounted"), "{again}");
    console.line("reboot");

    router.enter_failsafe();
    // Not mounted now.
    router.console.line("firstboot");
    let said = router.console.expect("Are you sure?");
    assert!(said.contains("is not mounted"), "{said}");
    router.console.line("y");
    router.console.expect("# ");
    router.console.line("reboot");

    router.boot_normally();
    settle(&mut router.console);
    let console = &mut router.console;
    assert_mounts(console, device, fstype);
    console
        .run("[ ! -e /etc/note ] && [ ! -e /root/.ssh/k ]")
        .ok();
    console.run("echo again >/etc/note").ok();
    console.line("firstboot -y -r");
    router.boot_normally();
    router.console.run("[ ! -e /etc/note ]").ok();
    assert_mounts(&mut router.console, device, fstype);
}

#[test]
#[ignore = "boots the lab: make vm"]
fn settings_on_ubi_last_and_go_with_a_reset() {
    // Erased flash.
    let board = Board::new(Bench::new(), "ubi", &vec![0xff; SMALL as usize], SMALL);
    live_through_it(&board, "/dev/ubi0_0", "ubifs");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn settings_on_a_nand_chip_with_bad_blocks_are_mounted_and_reset() {
    // The partitions of the simulated chip have names of its own.
    for (kind, device, fstype, words) in [
        ("nand", "/dev/ubi0_0", "ubifs", ""),
        (
            "nandjffs2",
            "/dev/mtdblock5",
            "jffs2",
            " fstools_overlay_name=mtd5",
        ),
    ] {
        let mut board = Board::new(Bench::new(), kind, &[], SMALL);
        board.words += words;
        let mut router = board.power_on();
        router.enter_failsafe();
        let console = &mut router.console;
        console.run("firstboot -y").ok();
        console.run("mount_root").ok();
        assert_mounts(console, device, fstype);
        console.run("echo mine >/etc/note && sync").ok();
        console.run("firstboot -y").ok();
        console.run("[ ! -e /overlay/upper/etc/note ]").ok();
    }
}

/// A board whose root file system lies on a disk, with void space behind it.
fn board_with_root_on_disk(fstype: &str) -> Board {
    let bench = Bench::with_image(add_mkfs);
    let image = bench.path("image/rootfs.squashfs");
    let mut beginning = std::fs::read(image).unwrap();
    beginning.resize(beginning.len().next_multiple_of(64 * 1024), 0);
    beginning.extend(VOID);
    let mut board = Board::new(bench, "behind", &beginning, SIZE);
    board.words += &format!(" fstools_overlay_fstype={fstype}");
    board
}

#[test]
#[ignore = "boots the lab: make vm"]
fn settings_behind_the_root_file_system_last_and_go_with_a_reset() {
    live_through_it(&board_with_root_on_disk("ext4"), "/dev/loop0", "ext4");
}

#[test]
#[ignore = "boots the lab: make vm"]
fn a_power_cut_on_f2fs_costs_no_settings_and_a_reset_leaves_none() {
    let board = board_with_root_on_disk("f2fs");
    let mut router = board.power_on();
    router.boot_normally();
    settle(&mut router.console);
    router.console.run("echo mine >/etc/note && sync").ok();
    router.cut_power();

    let mut router = board.power_on();
    router.enter_failsafe();
    let console = &mut router.console;
    console.run("mount_root --ro").ok();
    assert_mounts(console, "/dev/loop0", "f2fs");
    assert_eq!(console.run("cat /etc/note").ok().trim(), "mine");
    console.run("echo x >/etc/note").refused("Read-only");
    console.line("reboot");

    router.enter_failsafe();
    let console = &mut router.console;
    console
        .run("mount_root && echo bad >/etc/hosts && echo x >/etc/note")
        .ok();
    console.run("firstboot -y --only /etc/hosts").ok();
    console
        .run("grep localhost /etc/hosts && [ -e /etc/note ]")
        .ok();
    console
        .run("firstboot -y --backup /root/s.tgz")
        .refused("would delete it");
    console.run("firstboot -y --backup /tmp/s.tgz").ok();
    console
        .run("gzip -dc /tmp/s.tgz | tar -t | grep etc/hosts")
        .ok();
    console.run("[ ! -e /overlay/upper/etc/note ]").ok();
}

#[test]
#[ignore = "boots the lab: make vm"]
fn failsafe_makes_a_file_system_only_when_it_is_asked_to() {
    let board = Board::new(
        Bench::with_image(add_mkfs),
        "named",
        &partition_table(
            SIZE / 512 - 1,
            &[("rootfs_data", 2048, SIZE / 512 - 35 - 2047)],
            0x11,
        ),
        SIZE,
    );
    let mut router = board.power_on();
    router.enter_failsafe();
    let console = &mut router.console;
    let said = console.run("mount_root").refused("no file system yet");
    assert!(said.contains("changes are lost"), "{said}");
    let mounts = console.run("cat /proc/mounts").ok();
    assert!(mounts.contains("overlayfs:/tmp/root / overlay"), "{mounts}");
    console.line("reboot");

    router.enter_failsafe();
    let console = &mut router.console;
    console.run("mount_root --repair").ok();
    assert_mounts(console, "/dev/vdb1", "ext4");
    console.run("echo mine >/etc/note").ok();
    console.line("reboot");

    router.boot_normally();
    assert_mounts(&mut router.console, "/dev/vdb1", "ext4");
    assert_eq!(router.console.run("cat /etc/note").ok().trim(), "mine");
}

/// An archive with `/etc/note`, as an upgrade packs settings.
fn settings(bench: &Bench) -> Vec<u8> {
    let note = bench.path("etc/note");
    std::fs::create_dir_all(note.parent().unwrap()).unwrap();
    std::fs::write(&note, "mine\n").unwrap();
    let mut pack = Command::new("tar");
    pack.arg("-C")
        .arg(bench.path(""))
        .args(["--owner=0", "--group=0", "-c", "etc/note"]);
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(&pack.output().unwrap().stdout).unwrap();
    packer.finish().unwrap()
}

#[test]
#[ignore = "boots the lab: make vm"]
fn settings_that_an_upgrade_has_left_arrive_after_a_cut_too() {
    for (fstype, cut) in [("ext4", true), ("f2fs", false)] {
        let mut board = board_with_root_on_disk(fstype);
        let settings = settings(&board.bench);
        let old = std::fs::read(&board.disk).unwrap();
        let start = memchr::memmem::rfind(&old, &VOID).unwrap();
        let mut disk = FakeDisk::new(SIZE as usize);
        disk.fill(0, &old);
        disk.fill(start as u64, &settings);
        let (room, length) = (SIZE - start as u64, settings.len() as u64);
        let offset = kept::place(room, length).unwrap();
        let to = Kept { offset, length };
        if cut {
            // As it is when the power goes while the file system is made.
            kept::keep(&mut disk, start as u64, 0, to).unwrap();
            area::mark_void(&mut disk, start as u64).unwrap();
        }
        board.disk = board.bench.file("disk", &disk.bytes());
        let mut router = board.power_on();
        router.boot_normally();
        settle(&mut router.console);
        let console = &mut router.console;
        assert_mounts(console, "/dev/loop0", fstype);
        assert_eq!(console.run("cat /etc/note").ok().trim(), "mine");
        console.run("echo more >>/etc/note && sync").ok();
        console.line("reboot");
        router.boot_normally();
        assert_eq!(router.console.run("wc -l </etc/note").ok().trim(), "2");
        router.cut_power();
        // They did wait behind the file system, and count no more.
        let disk = std::fs::read(&board.disk).unwrap();
        let there = &disk[start + offset as usize..];
        assert!(there.starts_with(&settings), "{fstype} covers them");
        assert_eq!(disk[disk.len() - 512..], [0; 512]);
    }
}

/// Puts the programs that make file systems into an image, with their libraries.
fn add_mkfs(tree: &Path) {
    for program in ["mkfs.ext4", "mkfs.f2fs"] {
        let found = Command::new("sh")
            .args(["-c", "PATH=$PATH:/usr/sbin:/sbin; command -v $0", program])
            .output()
            .unwrap();
        let path = String::from_utf8(found.stdout).unwrap();
        let path = path.trim();
        copy(path, &tree.join("usr/sbin").join(program));
        let needed = Command::new("ldd").arg(path).output().unwrap();
        let needed = String::from_utf8(needed.stdout).unwrap();
        for library in needed
            .split_whitespace()
            .filter(|word| word.starts_with('/'))
        {
            copy(library, &tree.join(library.trim_start_matches('/')));
        }
    }
}

fn copy(from: &str, to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(from, to).unwrap();
}

/// A GPT for a disk with this last sector (UEFI specification, 5.3): name, first sector and
/// number of sectors of each partition; their GUIDs begin with `guid` and the bytes after it.
pub fn partition_table(last: u64, partitions: &[(&str, u64, u64)], guid: u8) -> Vec<u8> {
    let sum = |bytes: &[u8]| {
        let mut sum = flate2::Crc::new();
        sum.update(bytes);
        sum.sum().to_le_bytes()
    };
    let mut entries = vec![0; 128 * 128];
    let places = entries.chunks_exact_mut(128).zip(guid..);
    for ((entry, guid), (name, first, count)) in places.zip(partitions) {
        // Linux data, and a number of its own.
        entry[..16].copy_from_slice(&[
            0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47,
            0x7d, 0xe4,
        ]);
        entry[16..32].fill(guid);
        entry[32..40].copy_from_slice(&first.to_le_bytes());
        entry[40..48].copy_from_slice(&(first + count - 1).to_le_bytes());
        for (to, letter) in entry[56..].chunks_mut(2).zip(name.bytes()) {
            to[0] = letter;
        }
    }
    let mut header = vec![0; 92];
    header[..12].copy_from_slice(b"EFI PART\0\0\x01\0");
    header[12..16].copy_from_slice(&92_u32.to_le_bytes());
    for (at, value) in [(24, 1), (32, last), (40, 34), (48, last - 34), (72, 2)] {
        header[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }
    header[56..72].fill(0x22);
    header[80..84].copy_from_slice(&128_u32.to_le_bytes());
    header[84..88].copy_from_slice(&128_u32.to_le_bytes());
    header[88..92].copy_from_slice(&sum(&entries));
    let header_sum = sum(&header);
    header[16..20].copy_from_slice(&header_sum);
    let mut table = vec![0; 1024];
    // The protective MBR: one partition of type EE over all.
    table[446..462].copy_from_slice(&[
        0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
    ]);
    table[510..512].copy_from_slice(&[0x55, 0xaa]);
    table[512..604].copy_from_slice(&header);
    table.extend(entries);
    table
}
