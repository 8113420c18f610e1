//! The steps of `firstboot`: back to the factory state.

use super::{Error, Place, Root, State, Step, View, Volume, start};
use std::path::PathBuf;

/// How the reset is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Start again afterwards.
    pub reboot: bool,
    /// Files called `sysupgrade.tgz` stay.
    pub keep_settings_archive: bool,
}

/// The steps of a reset.
///
/// A mounted data file system is flagged before its first file goes, an unmounted one gets
/// the void marker (or is emptied, if it is a UBI volume); either way `mount_root` finishes
/// at the next boot what a power cut interrupts.
///
/// # Errors
/// [`Error::NoVolume`] where there is nothing to reset.
pub fn plan(view: &View, wish: Wish) -> Result<Vec<Step>, Error> {
    let keep = wish.keep_settings_archive;
    let mut steps = match (&view.mounted, &view.volume) {
        (Some(mounted), _) => {
            let dir = mounted.target.clone();
            let writable = mounted
                .read_only
                .then(|| Step::RemountWritable(dir.clone()));
            writable.into_iter().chain(emptied(dir, keep)).collect()
        }
        (None, Some(volume)) => unmounted(volume, keep),
        (None, None) => return Err(Error::NoVolume("rootfs_data".into())),
    };
    steps.push(Step::Sync);
    steps.extend(wish.reboot.then_some(Step::Reboot));
    Ok(steps)
}

fn unmounted(volume: &Volume, keep: bool) -> Vec<Step> {
    let mark = match &volume.place {
        Place::Mtd { number } => Some(Step::MarkVoid { number: *number }),
        Place::Ubi(id) => Some(Step::EmptyVolume(*id)),
        Place::Disk { .. } => start::mark(volume),
    };
    let is_disk = matches!(volume.place, Place::Disk { .. });
    match volume.state {
        // Nothing but an archive, which is to stay.
        Some(State::Archive { .. } | State::Blank | State::Void) if keep && is_disk => Vec::new(),
        // The next boot could not make it anew.
        Some(State::Ext4 | State::F2fs) if keep || !can_format(volume) => by_mount(volume, keep),
        Some(State::Ubifs | State::Jffs2 { .. }) if keep => by_mount(volume, keep),
        _ => mark.into_iter().collect(),
    }
}

fn can_format(volume: &Volume) -> bool {
    volume.fresh.as_ref().is_some_and(|fresh| fresh.possible)
}

/// Mounts the volume for the deleting.
fn by_mount(volume: &Volume, keep: bool) -> Vec<Step> {
    let dir = PathBuf::from("/tmp/overlay");
    let mut steps: Vec<Step> = start::attach(volume, true).into_iter().collect();
    steps.push(Step::MakeDir(dir.clone()));
    steps.push(start::mount(volume, &dir, false));
    steps.extend(emptied(dir.clone(), keep));
    steps.push(Step::Unmount(dir));
    steps
}

fn emptied(dir: PathBuf, keep: bool) -> [Step; 2] {
    let flag = Step::FlagReset {
        dir: dir.clone(),
        keep,
    };
    [flag, Step::Empty { dir, keep }]
}

/// What to tell before the question: where the settings are and what becomes of them.
pub fn describe(view: &View) -> String {
    match (&view.mounted, &view.volume) {
        (Some(mounted), _) => format!(
            "{} is mounted as {}, only erasing files",
            mounted.source.display(),
            mounted.target.display()
        ),
        (None, Some(volume)) => {
            let root = match view.root {
                Root::Memory => " (/ is in memory)",
                _ => "",
            };
            let what = match (unmounted(volume, false).first(), &volume.place) {
                (Some(Step::MarkVoid { .. }), _) => {
                    "it is marked, and erased when it is mounted next"
                }
                (Some(Step::MarkDisk { .. }), _) => "it is marked, and formatted by the next boot",
                (_, Place::Ubi(_)) => "it is emptied now",
                _ => "it is mounted, and its files are deleted",
            };
            format!("{} is not mounted{root}: {what}", volume.shown())
        }
        (None, None) => "there is no data partition".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Fresh, Mounted};
    use super::*;
    use crate::sys::VolumeId;

    fn view(mounted: bool, read_only: bool) -> View {
        View {
            root: if mounted { Root::Overlay } else { Root::Rom },
            volume: Some(Volume {
                name: "rootfs_data".into(),
                place: Place::Mtd { number: 3 },
                size: 0x8000,
                state: (!mounted).then_some(State::Foreign),
                fresh: None,
            }),
            mounted: mounted.then(|| Mounted {
                target: "/overlay".into(),
                source: "/dev/mtdblock3".into(),
                read_only,
            }),
            overlay_known: true,
            submounts: Vec::new(),
            failsafe: true,
            booting: false,
        }
    }

    fn check(view: &View, reboot: bool, keep: bool, expected: &[&str]) {
        let wish = Wish {
            reboot,
            keep_settings_archive: keep,
        };
        let shown: Vec<String> = match plan(view, wish) {
            Ok(steps) => steps.iter().map(Step::to_string).collect(),
            Err(error) => vec![error.to_string()],
        };
        assert_eq!(shown, expected);
    }

    const FLAG: &str = "note the reset in /overlay";
    const EMPTY: &str = "delete all files in /overlay";
    const SYNC: &str = "write everything to flash";

    #[test]
    fn a_mounted_overlay_is_flagged_before_it_is_emptied() {
        check(
            &view(true, false),
            true,
            false,
            &[FLAG, EMPTY, SYNC, "reboot"],
        );
        let writable = "make /overlay writable";
        check(
            &view(true, true),
            false,
            false,
            &[writable, FLAG, EMPTY, SYNC],
        );
        let kept = "delete all files in /overlay but sysupgrade.tgz";
        check(&view(true, false), false, true, &[FLAG, kept, SYNC]);
    }

    #[test]
    fn an_unmounted_one_is_marked_and_the_reboot_not_forgotten() {
        let mark = "mark mtd3 as void";
        check(&view(false, false), false, false, &[mark, SYNC]);
        check(&view(false, false), true, false, &[mark, SYNC, "reboot"]);
    }

    #[test]
    fn without_a_partition_there_is_nothing_to_reset() {
        let mut view = view(false, false);
        view.volume = None;
        check(
            &view,
            true,
            false,
            &[
                "rootfs_data not found: no MTD partition, UBI volume or disk partition has this name",
            ],
        );
    }

    fn volume(place: Place, state: State, possible: bool) -> View {
        let mut view = view(false, false);
        let volume = view.volume.as_mut().unwrap();
        volume.place = place;
        volume.state = Some(state);
        volume.fresh = Some(Fresh {
            fstype: "ext4",
            possible,
        });
        view
    }

    fn disk() -> Place {
        Place::Disk {
            node: "/dev/sda3".into(),
            offset: 0,
            through: None,
        }
    }

    const BY_MOUNT: [&str; 5] = [
        "make directory /tmp/overlay",
        "mount ext4 /dev/sda3 on /tmp/overlay",
        "note the reset in /tmp/overlay",
        "delete all files in /tmp/overlay",
        "unmount /tmp/overlay",
    ];

    #[test]
    fn a_volume_of_ubi_is_emptied() {
        let id = VolumeId {
            device: 0,
            volume: 3,
        };
        for state in [State::Ubifs, State::Torn, State::Foreign, State::Blank] {
            let view = volume(Place::Ubi(id), state, false);
            check(&view, false, false, &["empty the volume ubi0_3", SYNC]);
        }
    }

    #[test]
    fn a_disk_is_marked_where_the_next_boot_can_format_it() {
        let mark = "mark /dev/sda3 at 0x0 as void";
        for state in [State::Ext4, State::Foreign, State::Blank] {
            check(&volume(disk(), state, true), false, false, &[mark, SYNC]);
        }
        let view = volume(disk(), State::Ext4, false);
        check(&view, false, false, &[&BY_MOUNT[..], &[SYNC]].concat());
    }

    #[test]
    fn settings_that_wait_for_the_next_boot_can_be_kept() {
        let view = volume(disk(), State::Archive { offset: 0 }, true);
        check(&view, false, true, &[SYNC]);
    }
}
