//! The power goes after every step of an upgrade that is written in parts.

use super::perform::write;
use super::plan::{Memory, Plan, Settings, plan};
use super::{BROKEN, Error, REFUSED, WHOLE, device};
use crate::error::EngineError;
use crate::fake::FakeSystem;
use crate::fake::flash::Chip;
use crate::fake::ubi::FakeUbi;
use crate::image::{self, Overrides, sample};
use crate::sys::{FlashKind, Ubi, UbiVolume};
use std::io::Cursor;
use std::path::Path;

/// What a board does when it is switched on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Boot {
    Old,
    New,
    /// The boot loader finds no kernel, or none that is whole.
    Refused,
    /// Something starts that is neither.
    Broken,
}

/// As gzip begins it, and nobody unpacks it.
pub(super) const ARCHIVE: [u8; 3000] = {
    let mut bytes = [9; 3000];
    (bytes[0], bytes[1], bytes[2], bytes[3]) = (0x1f, 0x8b, 8, 0);
    bytes
};

fn tar(kernel: usize, root: usize) -> Vec<u8> {
    let (kernel, root) = (sample::kernel(kernel), sample::squashfs(root));
    let control = &b"BOARD=safebox,lab"[..];
    let members = [("CONTROL", control), ("kernel", &kernel), ("root", &root)];
    sample::whole(&sample::tar(&members))
}

pub(super) fn planned(
    sys: &mut FakeSystem,
    bytes: &[u8],
    keep: bool,
    flags: Overrides,
) -> Result<Plan, Error> {
    let mut target = device::look(sys, Path::new("/nosuch"), None);
    target.board = Some(sample::BOARD.into());
    let facts = image::look(&mut Cursor::new(bytes), sample::ERASE as u32).unwrap();
    let image = image::check(facts, &target, &flags).unwrap();
    let settings = match keep {
        true => Settings::Kept {
            bytes: ARCHIVE.len() as u64,
            from: "the overlay".into(),
        },
        false => Settings::Dropped,
    };
    let memory = Memory {
        available: 32 << 20,
        program: 2 << 20,
    };
    plan(image, settings, memory)
}

pub(super) fn run(sys: &mut FakeSystem, plan: &Plan, bytes: &[u8]) -> Result<(), Error> {
    let keep = matches!(plan.settings, Settings::Kept { .. });
    let archive = keep.then_some(&ARCHIVE[..]);
    write(plan, &mut Cursor::new(bytes), archive, sys, &mut |_| {})
}

/// Cuts the power after each step of writing `bytes` to what `board` makes; `look` tells how
/// it boots and whether there are settings, the old or the new.
pub(super) fn cut_everywhere(
    board: &dyn Fn() -> FakeSystem,
    bytes: &[u8],
    keep: bool,
    look: &dyn Fn(&mut FakeSystem) -> (Boot, bool),
) {
    let plan = planned(&mut board(), bytes, keep, Overrides::default()).unwrap();
    let mut whole = board();
    assert_eq!(look(&mut whole), (Boot::Old, true));
    let before = whole.power.steps();
    run(&mut whole, &plan, bytes).unwrap();
    assert_eq!(look(&mut whole), (Boot::New, keep));
    let steps = whole.power.steps() - before;
    assert!(steps > 3);
    for cut in 0..steps {
        for torn in [false, true] {
            let mut sys = board();
            sys.power.cut_after(cut, torn);
            let error = run(&mut sys, &plan, bytes).unwrap_err();
            assert!([BROKEN, WHOLE, REFUSED].contains(&error.exit()));
            let exit = error.exit();
            boot_again(&mut sys);
            let (boot, settings) = look(&mut sys);
            let shown = format!("cut after {cut}, torn {torn}: {boot:?}\n{plan}");
            assert!(boot != Boot::Broken, "{shown}");
            // What is told is true.
            let promised = exit == BROKEN || (boot == Boot::Old && settings);
            assert!(promised, "status {}: {shown}", exit.0);
            let lost = !settings && keep && boot != Boot::Refused;
            assert!(!lost, "without settings: {shown}");
            // Whatever is left, a second try makes the new system of it. Most steps are alike.
            if cut % 9 != 0 && cut + 9 < steps {
                continue;
            }
            let again = planned(&mut sys, bytes, keep, Overrides::default()).unwrap();
            run(&mut sys, &again, bytes).unwrap();
            assert_eq!(look(&mut sys), (Boot::New, keep), "{shown}");
        }
    }
}

/// The power comes back, and the system runs from what is `rootfs` now, if it did before.
fn boot_again(sys: &mut FakeSystem) {
    sys.boot_again();
    if sys
        .disks
        .root
        .as_ref()
        .is_some_and(|root| root.starts_with("ubi"))
    {
        let root = volume(sys, "rootfs");
        sys.disks.root = root.map(|(root, _)| root.id.to_string().replace("ubi", "ubiblock"));
    }
}

const OLD: &[u8] = b"the old one";

/// A board that runs from its `rootfs`, with a volume that is nobody's business.
fn with_volumes() -> FakeSystem {
    let mut sys = FakeSystem::with_ubi();
    sys.disks.root = Some("ubiblock0_1".into());
    let other = sys.ubi.add("factory", 2);
    for volume in sys.ubi.volumes().unwrap() {
        match &*volume.name {
            "rootfs_data" => sys.ubi.make_ubifs(volume.id, &["old"]),
            _ => sys.ubi.fill(volume.id, 0, OLD),
        }
    }
    assert_eq!(other.volume, 3);
    sys
}

fn volume(sys: &mut FakeSystem, name: &str) -> Option<(UbiVolume, Vec<u8>)> {
    let mut volumes = sys.ubi.volumes().unwrap().into_iter();
    let volume = volumes.find(|v| v.name == name && !v.torn)?;
    let bytes = sys.ubi.bytes(volume.id);
    Some((volume, bytes))
}

/// Whether what the boot finds in the volume for data is the old or the new settings.
fn has_settings(sys: &mut FakeSystem, name: &str) -> bool {
    let Some((_, bytes)) = volume(sys, name) else {
        return false;
    };
    let names = &bytes[3 * FakeUbi::BLOCK as usize..];
    names.starts_with(b"old\n") || names.starts_with(b"sysupgrade.tgz\n")
}

/// How a boot loader and a kernel take what they find: the first of these is what starts.
fn boot_of(sys: &mut FakeSystem, parts: &[(&str, &[u8])]) -> Boot {
    assert!(volume(sys, "factory").unwrap().1.starts_with(OLD));
    let mut boots = Vec::new();
    for (name, new) in parts {
        boots.push(match volume(sys, name) {
            None => Boot::Refused,
            Some((_, bytes)) if bytes.starts_with(OLD) => Boot::Old,
            Some((_, bytes)) if bytes.starts_with(new) => Boot::New,
            Some((_, bytes)) if bytes.iter().all(|&byte| byte == 0xff) => Boot::Refused,
            Some(_) => Boot::Broken,
        });
    }
    match boots.iter().all(|boot| *boot == boots[0]) || boots[0] == Boot::Refused {
        true => boots.remove(0),
        false => Boot::Broken,
    }
}

fn cut_volumes(board: &dyn Fn() -> FakeSystem, kernel: usize, root: usize, keep: bool) {
    let bytes = tar(kernel, root);
    let (kernel, root) = (sample::kernel(kernel), sample::squashfs(root));
    cut_everywhere(board, &bytes, keep, &|sys| {
        let boot = boot_of(sys, &[("kernel", &kernel), ("rootfs", &root)]);
        (boot, has_settings(sys, "rootfs_data"))
    });
}

#[test]
fn new_volumes_take_the_place_of_the_old_ones_at_once() {
    cut_volumes(&with_volumes, 3000, 50_000, true);
    cut_volumes(&with_volumes, 3000, 50_000, false);
}

#[test]
fn without_room_for_two_kernels_the_old_one_goes_first() {
    cut_volumes(&with_volumes, 3000, 150_000, true);
}

#[test]
fn a_root_that_nobody_runs_from_makes_room_too() {
    let board = || {
        let mut sys = with_volumes();
        sys.disks.root = None;
        sys
    };
    cut_volumes(&board, 3000, 180_000, true);
}

#[test]
fn a_fit_and_a_ubifs_are_volumes_of_their_own() {
    let fit = sample::fit(true);
    let board = || {
        let sys = with_volumes();
        let id = sys.ubi.add("fit", 4);
        sys.ubi.fill(id, 0, OLD);
        sys
    };
    cut_everywhere(&board, &sample::whole(&fit), true, &|sys| {
        (
            boot_of(sys, &[("fit", &fit)]),
            has_settings(sys, "rootfs_data"),
        )
    });
}

#[test]
fn the_plan_lists_its_steps_and_what_does_not_fit_is_refused_by_it() {
    let mut sys = with_volumes();
    let flags = Overrides::default();
    let shown = planned(&mut sys, &tar(3000, 50_000), true, flags)
        .unwrap()
        .to_string();
    let steps: Vec<&str> = shown
        .lines()
        .filter_map(|l| l.strip_prefix("step: "))
        .collect();
    let expected = [
        "ubi0: rename at once: kernel to kernel.old;",
        "ubi0: remove the volume rootfs_data",
        "ubi0: make the volume rootfs_data, 77 erase blocks",
        "ubi0: put the settings into the volume rootfs_data",
        "ubi0: rename at once: kernel.old to kernel;",
        "ubi0: make the volume rootfs.new, 25 erase blocks",
        "ubi0: fill the volume rootfs.new, 50000 bytes, and read it back",
        "ubi0: make the volume kernel.new, 2 erase blocks",
        "ubi0: fill the volume kernel.new, 3064 bytes, and read it back",
        "ubi0: rename at once: rootfs to rootfs.old; rootfs.new to rootfs; kernel to kernel.old; kernel.new to kernel;",
    ];
    assert_eq!(steps, expected, "{shown}");
    let error = planned(&mut sys, &tar(3000, 180_000), true, flags).unwrap_err();
    assert_eq!(error.exit(), REFUSED);
    assert!(error.to_string().contains("Insufficient space"), "{error}");
    sys.disks.root = Some("ubi0_2".into());
    let error = planned(&mut sys, &tar(3000, 50_000), true, flags).unwrap_err();
    assert_eq!(error.exit(), REFUSED);
    assert!(
        error
            .to_string()
            .starts_with("rootfs_data has to be replaced and is in use")
    );
}

#[test]
fn a_volume_that_reads_back_otherwise_is_told_with_its_place() {
    let bytes = tar(3000, 100_000);
    let mut sys = with_volumes();
    let plan = planned(&mut sys, &bytes, true, Overrides::default()).unwrap();
    sys.ubi.break_at(65_536);
    let error = run(&mut sys, &plan, &bytes).unwrap_err();
    assert_eq!(error.exit(), BROKEN);
    let text = error.to_string();
    assert!(text.starts_with("ubi0_4: read at 0x10000: "), "{text}");
    assert_eq!(volume(&mut sys, "kernel").unwrap().1[..OLD.len()], *OLD);
}

#[test]
fn a_file_that_changed_after_the_check_is_refused_before_the_first_step() {
    let bytes = tar(3000, 50_000);
    let mut sys = with_volumes();
    let plan = planned(&mut sys, &bytes, true, Overrides::default()).unwrap();
    let before = sys.power.steps();
    let mut changed = bytes.clone();
    changed[20_000] ^= 1;
    for wrong in [&changed[..], &bytes[..30_000]] {
        let error = run(&mut sys, &plan, wrong).unwrap_err();
        assert_eq!(error.exit(), REFUSED, "{error}");
    }
    assert_eq!(sys.power.steps(), before);
}

/// The same with the kernel in an MTD partition of its own.
fn with_a_kernel_of_its_own() -> FakeSystem {
    let chip = Chip::new(FlashKind::Nand, 72 * 4096, 4096, 512);
    let layout = [("ubi", 0, 64 * 4096), ("kernel", 64 * 4096, 8 * 4096)];
    let mut sys = FakeSystem::new(chip, 4096, &layout);
    for (name, blocks) in [("factory", 2), ("rootfs", 20)] {
        let id = sys.ubi.add(name, blocks);
        sys.ubi.fill(id, 0, OLD);
    }
    let data = sys.ubi.add("rootfs_data", 40);
    sys.ubi.make_ubifs(data, &["old"]);
    sys.disks.root = Some("ubiblock0_1".into());
    sys.flash("kernel").unwrap().fill(0, OLD);
    sys
}

#[test]
fn a_kernel_in_flash_is_invalid_until_all_else_is_there() {
    let bytes = tar(6000, 50_000);
    let (kernel, root) = (sample::kernel(6000), sample::squashfs(50_000));
    cut_everywhere(&with_a_kernel_of_its_own, &bytes, true, &|sys| {
        let mut start = vec![0; kernel.len()];
        let mut flash = sys.flash("kernel").unwrap();
        crate::sys::Flash::read(&mut flash, 0, &mut start).unwrap();
        let system = boot_of(sys, &[("rootfs", &root)]);
        let boot = match (start.starts_with(OLD), start == kernel, system) {
            (true, _, Boot::Old) => Boot::Old,
            (_, true, Boot::New) => Boot::New,
            (false, false, _) => Boot::Refused,
            _ => Boot::Broken,
        };
        (boot, has_settings(sys, "rootfs_data"))
    });
}

#[test]
fn a_second_try_needs_no_boot_in_between() {
    let bytes = tar(6000, 50_000);
    let mut sys = with_a_kernel_of_its_own();
    for _ in 0..3 {
        let plan = planned(&mut sys, &bytes, true, Overrides::default()).unwrap();
        run(&mut sys, &plan, &bytes).unwrap();
        let root = volume(&mut sys, "rootfs").unwrap().1;
        assert!(root.starts_with(&sample::squashfs(50_000)));
        // What we run from.
        assert!(volume(&mut sys, "rootfs.old").unwrap().1.starts_with(OLD));
        assert!(has_settings(&mut sys, "rootfs_data"));
    }
}
