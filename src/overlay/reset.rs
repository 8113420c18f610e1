//! The steps of `firstboot`: back to the factory state.

use super::part::Part;
use super::state::Extent;
use super::{Error, Mounted, Place, Root, State, Step, View, Volume, prepare, start};
use std::path::PathBuf;

/// How the reset is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// What is to be as in the firmware again.
    pub part: Part,
    /// Start again afterwards.
    pub reboot: bool,
    /// Files called `sysupgrade.tgz` stay.
    pub keep_settings_archive: bool,
    /// Only to note it: the next boot does the rest.
    pub later: bool,
}

/// The steps of a reset.
///
/// A mounted data file system is flagged before its first file goes, an unmounted one gets
/// the void marker (or is emptied, if it is a UBI volume); either way `mount_root` finishes
/// at the next boot what a power cut interrupts.
///
/// # Errors
/// [`Error::NoVolume`] where there is nothing to reset.
pub fn plan(view: &View, wish: &Wish) -> Result<Vec<Step>, Error> {
    let mut steps = match (live(view, &wish.part), &view.volume) {
        (Some(mounted), _) => {
            let dir = mounted.target.clone();
            let writable = mounted
                .read_only
                .then(|| Step::RemountWritable(dir.clone()));
            let mut steps: Vec<Step> = writable.into_iter().collect();
            steps.extend(emptied(dir, wish));
            if wish.part != Part::All {
                steps.push(Step::ForgetNames);
            }
            steps
        }
        (None, Some(volume)) => unmounted(volume, wish)?,
        (None, None) => return Err(Error::NoVolume("rootfs_data".into())),
    };
    steps.push(Step::Sync);
    steps.extend(wish.reboot.then_some(Step::Reboot));
    Ok(steps)
}

/// What is mounted and to be reset. Settings on another disk stay when all is reset: the volume
/// on flash is, and with it the fstab that asks for that disk.
fn live<'a>(view: &'a View, part: &Part) -> Option<&'a Mounted> {
    let mounted = view.mounted.as_ref();
    mounted.filter(|mounted| !mounted.extroot || *part != Part::All)
}

fn unmounted(volume: &Volume, wish: &Wish) -> Result<Vec<Step>, Error> {
    use State::{Archive, Blank, Ext4, F2fs, Jffs2, Ubifs, Void};
    let keep = wish.keep_settings_archive;
    let mark = match &volume.place {
        Place::Mtd { number } => Some(Step::MarkVoid { number: *number }),
        Place::Ubi(id) => Some(Step::EmptyVolume(*id)),
        Place::Disk { .. } => prepare::mark(volume, true),
    };
    let is_disk = matches!(volume.place, Place::Disk { .. });
    let state = volume.state.unwrap_or(State::Foreign);
    let has_files = matches!(state, Ext4 | F2fs | Ubifs | Jffs2 { .. });
    Ok(match state {
        _ if wish.part != Part::All && has_files => by_mount(volume, wish),
        _ if wish.part != Part::All => return Err(Error::NoFiles(volume.shown(), state)),
        // Nothing but an archive, which is to stay.
        Archive { .. } | Blank | Void if keep && is_disk => Vec::new(),
        _ if keep && has_files => by_mount(volume, wish),
        // The next boot could not make it anew.
        Ext4 | F2fs if !can_format(volume) => by_mount(volume, wish),
        _ => mark.into_iter().collect(),
    })
}

fn can_format(volume: &Volume) -> bool {
    volume.fresh.as_ref().is_some_and(|fresh| fresh.possible)
}

/// Mounts the volume for the deleting.
fn by_mount(volume: &Volume, wish: &Wish) -> Vec<Step> {
    let dir = PathBuf::from("/tmp/overlay");
    let mut steps: Vec<Step> = prepare::attach(volume, true).into_iter().collect();
    steps.push(Step::MakeDir(dir.clone()));
    steps.push(start::mount(volume, &dir, false));
    steps.extend(emptied(dir.clone(), wish));
    steps.push(Step::Unmount(dir));
    steps
}

fn emptied(dir: PathBuf, wish: &Wish) -> Vec<Step> {
    let keep = wish.keep_settings_archive;
    let extent = match (&wish.part, keep) {
        (Part::All, false) => Some(Extent::All),
        (Part::All, true) => Some(Extent::ButArchives),
        (Part::Packages, _) => Some(Extent::Packages),
        // One rename: there is nothing to finish.
        (Part::File(_) | Part::Config, _) => None,
    };
    let flag = extent.map(|extent| Step::FlagReset {
        dir: dir.clone(),
        extent,
    });
    let work = match &wish.part {
        _ if wish.later && flag.is_some() => None,
        Part::All => Some(Step::Empty { dir, keep }),
        part => Some(Step::Discard {
            dir,
            part: part.clone(),
        }),
    };
    flag.into_iter().chain(work).collect()
}

/// What to tell before the question: where the settings are and what becomes of them.
pub fn describe(view: &View, wish: &Wish) -> String {
    match (live(view, &wish.part), &view.volume) {
        (Some(mounted), _) if wish.later => format!(
            "{} is mounted as {}, to be emptied by the next boot",
            mounted.source.display(),
            mounted.target.display()
        ),
        (Some(mounted), _) => format!(
            "{} is mounted as {}, only erasing files",
            mounted.source.display(),
            mounted.target.display()
        ),
        (None, Some(volume)) => {
            let root = match view.root {
                Root::Memory => " (/ is in memory)",
                _ if view.mounted.is_some() || view.root == Root::Extroot => {
                    " (the extroot is, and stays as it is)"
                }
                _ => "",
            };
            let steps = unmounted(volume, wish).unwrap_or_default();
            let what = match steps.first() {
                Some(Step::MarkVoid { .. }) => "it is marked, and erased when it is mounted next",
                Some(Step::MarkDisk { .. }) => "it is marked, and formatted by the next boot",
                Some(Step::EmptyVolume(_)) => "it is emptied now",
                None => "there is nothing in it to erase",
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
                extroot: false,
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
            ..Wish::default()
        };
        check_wish(view, &wish, expected);
    }

    fn check_wish(view: &View, wish: &Wish, expected: &[&str]) {
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
        let view = volume(
            disk(),
            State::Archive {
                offset: 0,
                length: 1,
                kept: false,
            },
            true,
        );
        check(&view, false, true, &[SYNC]);
    }

    #[test]
    fn a_reset_of_all_leaves_an_extroot_alone_and_one_of_a_file_does_not() {
        let mut view = view(true, false);
        view.mounted.as_mut().unwrap().extroot = true;
        view.volume.as_mut().unwrap().state = Some(State::Jffs2 { void_from: None });
        check(&view, false, false, &["mark mtd3 as void", SYNC]);
        let text = "/dev/mtdblock3 is not mounted (the extroot is, and stays as it is): it is \
                    marked, and erased when it is mounted next";
        assert_eq!(describe(&view, &Wish::default()), text);
        let file = only(Part::File("etc/hosts".into()));
        let expected = [
            "discard /overlay/upper/etc/hosts",
            "forget the names of files",
            SYNC,
        ];
        check_wish(&view, &file, &expected);
    }

    fn only(part: Part) -> Wish {
        Wish {
            part,
            ..Wish::default()
        }
    }

    #[test]
    fn a_part_is_discarded_and_the_rest_stays() {
        let file = only(Part::File("etc/config/network".into()));
        let discard = "discard /overlay/upper/etc/config/network";
        let forget = "forget the names of files";
        check_wish(&view(true, false), &file, &[discard, forget, SYNC]);
        let packages = "discard all but settings in /overlay/upper";
        let expected = [FLAG, packages, forget, SYNC];
        check_wish(&view(true, false), &only(Part::Packages), &expected);
        let config = "rename /overlay/upper/etc/config to config.old";
        check_wish(
            &view(true, false),
            &only(Part::Config),
            &[config, forget, SYNC],
        );
        let expected = [
            "make directory /tmp/overlay",
            "mount ext4 /dev/sda3 on /tmp/overlay",
            "discard /tmp/overlay/upper/etc/config/network",
            "unmount /tmp/overlay",
            SYNC,
        ];
        check_wish(&volume(disk(), State::Ext4, true), &file, &expected);
        let none = "/dev/sda3 is marked as void, to be erased before use: there are no files in it";
        check_wish(&volume(disk(), State::Void, true), &file, &[none]);
    }

    #[test]
    fn a_reset_for_later_touches_no_file_of_a_live_overlay() {
        let later = Wish {
            later: true,
            ..Wish::default()
        };
        check_wish(&view(true, false), &later, &[FLAG, SYNC]);
        check_wish(&view(false, false), &later, &["mark mtd3 as void", SYNC]);
    }
}
