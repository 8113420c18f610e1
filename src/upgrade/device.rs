//! What this board is, and where on it an image goes.

use crate::flash;
use crate::image::check::{CardPlace, DiskPlace, Place, Resident, Target, UbiPlace};
use crate::image::disk::table;
use crate::image::metadata::Compat;
use crate::sys::{BlockDevice, FlashKind, Mount, Partition, System, UbiVolume};
use std::io;
use std::path::Path;

/// The partition that images are written to.
pub const FIRMWARE: &str = "firmware";

/// Erase block for looking at an image where there is no flash to go by.
pub const USUAL_ERASE_SIZE: u32 = 64 * 1024;

/// A line that makes the board insist on signatures, and where it may stand: in the list of
/// what is kept, and where boards say how they are upgraded.
const SIGNATURES: &str = "REQUIRE_IMAGE_SIGNATURE=1";
const SIGNATURES_IN: [&str; 2] = ["etc/sysupgrade.conf", "lib/upgrade/platform.sh"];
/// The UBI volumes that an image replaces, and the MTD partitions that UBI is on.
const REPLACED: [&str; 4] = ["kernel", "rootfs", "rootfs_data", "fit"];
const BELOW_UBI: [&str; 2] = ["ubi", "rootfs"];
/// Partitions by which a card is known.
const ON_CARDS: [&str; 4] = ["kernel", "rootfs", "dtb", "rootfs_data"];
/// A partition table lies within so many bytes.
const TABLE: usize = 64 * 1024;

/// Looks at the board: its name, its compatibility as `settings` (a root directory with the
/// settings in it) have it, its flash.
pub fn look(sys: &mut dyn System, root: &Path, settings: Option<&Path>) -> Target {
    let config = settings.map(|dir| std::fs::read(dir.join("etc/config/system")));
    let insists = |dir: &Path| {
        SIGNATURES_IN.iter().any(|file| {
            let text = std::fs::read(dir.join(file)).unwrap_or_default();
            let mut lines = text.split(|&b| b == b'\n');
            lines.any(|line| line.trim_ascii() == SIGNATURES.as_bytes())
        })
    };
    Target {
        board: board(root),
        oem_name: first_name(std::fs::read(root.join("tmp/sysinfo/oem_name")).ok()),
        compat: config
            .and_then(Result::ok)
            .and_then(|config| compat(&config))
            .unwrap_or(Compat::FIRST),
        place: place(sys, FIRMWARE).map_err(|error| error.to_string()),
        // What cannot be looked at is no place for anything.
        ubi: ubi(sys),
        cards: cards(sys).unwrap_or_default(),
        disk: disk(sys, root).unwrap_or_default(),
        needs_signature: insists(root) || settings.is_some_and(insists),
    }
}

fn ubi(sys: &mut dyn System) -> Option<UbiPlace> {
    let partitions = sys.partitions().ok()?;
    let named = |number: u32| partitions.iter().find(|p| p.number == number);
    let devices = sys.ubi().devices().ok()?;
    let volumes = sys.ubi().volumes().ok()?;
    let (device, below) = BELOW_UBI.iter().find_map(|name| {
        let mut devices = devices.iter();
        devices.find_map(|device| Some((device, named(device.mtd).filter(|p| p.name == *name)?)))
    })?;
    let ours = || volumes.iter().filter(|v| v.id.device == device.number);
    let replaced: u64 = ours()
        .filter(|volume| REPLACED.contains(&plain_name(&volume.name)))
        .map(|volume| volume.size)
        .sum();
    let kernel = partitions.iter().find(|p| p.name == "kernel");
    let kernel = kernel.filter(|_| ours().all(|volume| volume.name != "kernel"));
    let standing = standing(sys);
    let resident = |volume: &UbiVolume| Resident {
        volume: volume.clone(),
        in_use: standing.iter().any(|name| stands_on(name, volume)),
    };
    Some(UbiPlace {
        volumes: ours().map(resident).collect(),
        free: u64::from(device.free_blocks),
        device: device.number,
        below: partition_place(sys, below, false).ok()?,
        block_size: device.block_size,
        room: u64::from(device.free_blocks) * u64::from(device.block_size) + replaced,
        kernel: match kernel {
            Some(kernel) => Some(partition_place(sys, kernel, true).ok()?),
            None => None,
        },
    })
}

/// Without what tells the volumes of an upgrade that did not end, or has left the old ones.
fn plain_name(name: &str) -> &str {
    let plain = name
        .strip_suffix(".new")
        .or_else(|| name.strip_suffix(".old"));
    plain.unwrap_or(name)
}

/// What file systems stand on: the sources of all mounts, and the device below the root.
fn standing(sys: &mut dyn System) -> Vec<String> {
    let table = sys.mounts().table().unwrap_or_default();
    let is_root = |mount: &Mount| mount.fstype == "ubifs" && mount.source == Path::new("/dev/root");
    let source = |mount: &Mount| match is_root(mount) {
        true => "ubi:rootfs".to_owned(),
        false => mount.source.to_string_lossy().into_owned(),
    };
    let mut names: Vec<String> = table.iter().map(source).collect();
    for path in ["/", "/rom"] {
        names.extend(sys.disks().below(Path::new(path)).unwrap_or_default());
    }
    names
}

/// Whether a mount of this source stands on a volume, in all the spellings of the kernel.
fn stands_on(source: &str, volume: &UbiVolume) -> bool {
    let name = source.strip_prefix("/dev/").unwrap_or(source);
    let Some(rest) = name.strip_prefix("ubi") else {
        return false;
    };
    let id = volume.id;
    let numbers = rest.strip_prefix("block").unwrap_or(rest);
    if numbers == format!("{}_{}", id.device, id.volume) {
        return true;
    }
    rest.split_once([':', '!']).is_some_and(|(device, name)| {
        name == volume.name && (device.is_empty() || device == id.device.to_string())
    })
}

fn cards(sys: &mut dyn System) -> io::Result<Vec<CardPlace>> {
    let devices = sys.disks().list()?.into_iter();
    let card = |device: BlockDevice| {
        Some(CardPlace {
            label: device.label.filter(|label| ON_CARDS.contains(&&**label))?,
            device: device.name,
            size: device.size,
        })
    };
    Ok(devices.filter_map(card).collect())
}

/// The disk below the root file system.
fn disk(sys: &mut dyn System, root: &Path) -> io::Result<Option<DiskPlace>> {
    let disks = sys.disks();
    let mut below = None;
    for path in [root.to_owned(), root.join("rom")] {
        below = below.or(disks.below(&path).unwrap_or_default());
    }
    let list = disks.list()?;
    let name = below.and_then(|name| list.iter().find(|d| d.name == name)?.disk.clone());
    let Some(device) = name.and_then(|name| list.iter().find(|d| d.name == name)) else {
        return Ok(None);
    };
    let mut opened = disks.open(&device.node(), false)?;
    let mut start = vec![0; TABLE.min(usize::try_from(device.size).unwrap_or(TABLE))];
    opened.read(0, &mut start)?;
    Ok(Some(DiskPlace {
        device: device.name.clone(),
        size: device.size,
        partitions: table(&start),
    }))
}

/// The name that early boot has put down, else the first of the device tree.
pub fn board(root: &Path) -> Option<String> {
    let file = |path: &str| std::fs::read(root.join(path)).ok();
    let name = file("tmp/sysinfo/board_name").or_else(|| file("proc/device-tree/compatible"))?;
    first_name(Some(name))
}

fn first_name(text: Option<Vec<u8>>) -> Option<String> {
    let text = text?;
    let first = text.split(|&b| b == 0 || b == b'\n').next()?;
    let name = std::str::from_utf8(first).ok()?.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// `option compat_version '1.1'` in the first section of the system's configuration.
fn compat(config: &[u8]) -> Option<Compat> {
    let text = String::from_utf8_lossy(config);
    let value = text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        match (words.next()?, words.next()?) {
            ("option", "compat_version" | "'compat_version'") => words.next().map(str::to_owned),
            _ => None,
        }
    })?;
    Compat::parse(value.trim_matches(['\'', '"']))
}

/// Images go to a slot that the board has named, which it does not run from.
pub fn use_slot(target: &mut Target, sys: &mut dyn System, name: &str) {
    let place = place(sys, name).map(|place| Place {
        spare: true,
        ..place
    });
    target.place = place.map_err(|error| error.to_string());
}

fn place(sys: &mut dyn System, name: &str) -> Result<Place, flash::Failed> {
    let partition = flash::find(sys, name).map_err(|error| error.on("flash"))?;
    // Opened for writing, so that a partition that is read-only is known now.
    partition_place(sys, &partition, true)
}

fn partition_place(
    sys: &mut dyn System,
    partition: &Partition,
    writable: bool,
) -> Result<Place, flash::Failed> {
    let failed = |error: flash::Error| error.on(&partition.name);
    let mut flash = flash::open(sys, partition, writable).map_err(failed)?;
    Ok(Place {
        number: partition.number,
        name: partition.name.clone(),
        room: flash::write::room(&mut *flash, 0).map_err(failed)?,
        erase_size: flash.geometry().erase_size,
        nand: flash.geometry().kind == FlashKind::Nand,
        spare: false,
    })
}

#[test]
fn the_compat_version_is_found_in_the_configuration() {
    let check = |text: &[u8], expected| assert_eq!(compat(text).map(|c| c.to_string()), expected);
    check(
        b"config system\n\toption hostname 'x'\n\toption compat_version '1.1'\n",
        Some("1.1".to_owned()),
    );
    check(b"config system\n", None);
    check(b"option compat_version \"2.0\"", Some("2.0".to_owned()));
}

#[test]
fn a_board_without_firmware_partition_has_no_place() {
    use crate::fake::FakeSystem;
    use crate::fake::flash::Chip;
    let mut sys = FakeSystem::router();
    let place = look(&mut sys, Path::new("/nosuch"), None).place.unwrap();
    assert_eq!(
        (place.room, place.erase_size, place.nand),
        (16 * 4096, 4096, false)
    );
    let chip = Chip::new(FlashKind::Nor, 4096, 4096, 1);
    let mut sys = FakeSystem::new(chip, 4096, &[("art", 0, 4096)]);
    let place = look(&mut sys, Path::new("/nosuch"), None).place;
    let why = "flash: firmware: no such partition; there are: art";
    assert_eq!(place, Err(why.to_owned()));
}

#[test]
fn a_partition_that_the_kernel_has_made_read_only_is_no_place_and_can_be_read() {
    use crate::fake::FakeSystem;
    use crate::fake::flash::Chip;
    let chip = Chip::new(FlashKind::Nor, 4 * 4096, 4096, 1);
    let mut sys = FakeSystem::new(chip, 4096, &[("firmware", 0, 10_000)]);
    let why = look(&mut sys, Path::new("/nosuch"), None)
        .place
        .unwrap_err();
    let expected = "firmware: the kernel has made this partition read-only";
    assert!(why.starts_with(expected), "{why}");
    let partition = flash::find(&mut sys, FIRMWARE).unwrap();
    let mut head = [0; 4];
    let mut flash = flash::open(&mut sys, &partition, false).unwrap();
    flash.read(9996, &mut head).unwrap();
    assert_eq!(head, [0xff; 4]);
}

#[test]
fn volumes_cards_and_disks_are_places_too() {
    use crate::fake::FakeSystem;
    let mut sys = FakeSystem::with_ubi();
    let place = look(&mut sys, Path::new("/nosuch"), None).ubi.unwrap();
    let block = u64::from(place.block_size);
    assert!(place.below.nand && place.below.name == "ubi");
    // What is there may be replaced: 10, 20 and 40 blocks.
    assert!(place.room >= 70 * block, "{place:?}");
    assert_eq!(place.kernel, None);
    let mut sys = FakeSystem::with_disk(true);
    let mut disk = sys.disks.add("mmcblk1", None, 1 << 20);
    disk.fill(
        0,
        &crate::image::sample::mbr(&[(2048, 2048)], 1 << 20)[..512],
    );
    let target = look(&mut sys, Path::new("/nosuch"), None);
    let labels: Vec<_> = target.cards.iter().map(|card| &*card.label).collect();
    assert_eq!(labels, ["rootfs", "rootfs_data"]);
    assert_eq!(target.ubi, None);
}

#[test]
fn a_board_insists_on_signatures_by_a_line_of_its_own() {
    use crate::fake::FakeSystem;
    let root = std::env::temp_dir().join(format!("safebox-{}-insists", std::process::id()));
    std::fs::create_dir_all(root.join("etc")).unwrap();
    let insists = |text: &str| {
        std::fs::write(root.join("etc/sysupgrade.conf"), text).unwrap();
        let mut sys = FakeSystem::router();
        let other = look(&mut sys, Path::new("/nosuch"), Some(&root));
        assert_eq!(
            other.needs_signature,
            look(&mut sys, &root, None).needs_signature
        );
        other.needs_signature
    };
    assert!(!insists("/etc/config\n# REQUIRE_IMAGE_SIGNATURE=1\n"));
    assert!(insists("/etc/config\nREQUIRE_IMAGE_SIGNATURE=1\n"));
    std::fs::remove_dir_all(root).unwrap();
}
