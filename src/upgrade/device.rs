//! What this board is, and where on it an image goes.

use crate::flash;
use crate::image::check::{Place, Target};
use crate::image::metadata::Compat;
use crate::sys::{FlashKind, System};
use std::path::Path;

/// The partition that images are written to.
pub const FIRMWARE: &str = "firmware";

/// Erase block for looking at an image where there is no flash to go by.
pub const USUAL_ERASE_SIZE: u32 = 64 * 1024;

/// Looks at the board: its name, its compatibility as `settings` (a root directory with the
/// settings in it) have it, its flash.
pub fn look(sys: &mut dyn System, root: &Path, settings: Option<&Path>) -> Target {
    let config = settings.map(|dir| std::fs::read(dir.join("etc/config/system")));
    Target {
        board: board(root),
        compat: config
            .and_then(Result::ok)
            .and_then(|config| compat(&config))
            .unwrap_or(Compat::FIRST),
        place: place(sys).map_err(|error| error.to_string()),
    }
}

/// The name that early boot has put down, else the first of the device tree.
pub fn board(root: &Path) -> Option<String> {
    let file = |path: &str| std::fs::read(root.join(path)).ok();
    let name = file("tmp/sysinfo/board_name").or_else(|| file("proc/device-tree/compatible"))?;
    let first = name.split(|&b| b == 0 || b == b'\n').next()?;
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

fn place(sys: &mut dyn System) -> Result<Place, flash::Failed> {
    let partition = flash::find(sys, FIRMWARE).map_err(|error| error.on("flash"))?;
    let failed = |error: flash::Error| error.on(FIRMWARE);
    // Opened for writing, so that a partition that is read-only is known now.
    let mut flash = flash::open(sys, &partition, true).map_err(failed)?;
    Ok(Place {
        number: partition.number,
        name: partition.name,
        room: flash::write::room(&mut *flash, 0).map_err(failed)?,
        erase_size: flash.geometry().erase_size,
        nand: flash.geometry().kind == FlashKind::Nand,
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
