//! The steps of `mount_root`: from the read-only root to a writable one.

use super::{Error, Root, Step, View, Volume, prepare};
use std::path::{Path, PathBuf};

/// How the overlay is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Only to look: nothing on flash changes.
    pub read_only: bool,
    /// To finish what the last boots have not, and to make a file system where there is none.
    pub repair: bool,
}

/// Where the data file system is mounted first.
pub const ASIDE: &str = "/tmp/overlay";

/// The steps to a root whose changes last. Empty if it is there already.
///
/// Never deletes a file; erased is only what a marker on flash says is void. An empty disk
/// gets a file system in a normal boot, or when it is asked for. In a normal boot the data
/// file system is told that its first boot has begun.
///
/// # Errors
/// There is no way to such a root; [`in_memory`] always is one.
pub fn plan(view: &View, wish: Wish) -> Result<Vec<Step>, Error> {
    let (before, switch) = parts(view, wish)?;
    Ok([before, switch].concat())
}

/// The same in two parts: until the data file system can be looked at, and from there on.
///
/// # Errors
/// As above.
pub fn parts(view: &View, wish: Wish) -> Result<(Vec<Step>, Vec<Step>), Error> {
    let (mut before, mut steps) = (Vec::new(), Vec::new());
    match view.root {
        Root::Overlay | Root::Extroot => return Ok((before, steps)),
        Root::Memory => return Err(Error::InMemory),
        Root::Disk if view.volume.is_none() => {
            before.push(Step::RemountWritable("/".into()));
            return Ok((before, steps));
        }
        Root::Rom | Root::Disk => {}
    }
    let Some(volume) = &view.volume else {
        return Err(Error::NoVolume("rootfs_data".into()));
    };
    if !view.overlay_known {
        return Err(Error::NoOverlay);
    }
    let data = Path::new("/overlay");
    match &view.mounted {
        // Mounted by hand, or left by a run that was stopped.
        Some(mounted) => {
            if mounted.target != data {
                steps.push(moved(&mounted.target, data));
            }
            if mounted.read_only && !wish.read_only {
                steps.push(Step::RemountWritable(data.into()));
            }
        }
        None => {
            before.extend(prepare::steps(volume, view, wish)?);
            let aside = PathBuf::from(ASIDE);
            before.push(Step::MakeDir(aside.clone()));
            before.push(mount(volume, &aside, wish.read_only));
            if !wish.read_only && (wish.repair || !view.failsafe) {
                before.push(Step::FinishReset(aside.clone()));
                before.push(match wish.repair {
                    true => Step::NoteReady(aside.clone()),
                    false => Step::NotePending(aside.clone()),
                });
            }
            steps.push(moved(&aside, data));
        }
    }
    switch(data, view, wish.read_only, &mut steps);
    Ok((before, steps))
}

/// The steps to a root whose changes are forgotten at the next boot.
pub fn in_memory(view: &View) -> Result<Vec<Step>, Error> {
    match view.root {
        Root::Overlay | Root::Extroot | Root::Memory => return Ok(Vec::new()),
        Root::Rom | Root::Disk if !view.overlay_known => return Err(Error::NoOverlay),
        Root::Rom | Root::Disk => {}
    }
    let upper = PathBuf::from("/tmp/root");
    let mut steps = vec![
        Step::MakeDir(upper.clone()),
        Step::Mount {
            source: "tmpfs".into(),
            target: upper.clone(),
            fstype: "tmpfs",
            read_only: false,
            data: "mode=0755".into(),
        },
    ];
    switch(&upper, view, false, &mut steps);
    Ok(steps)
}

/// The steps that tell the data file system that the boot is complete.
///
/// # Errors
/// [`Error::InMemory`] when nothing of this boot lasts; [`Error::NoVolume`] without a data
/// file system.
pub fn done(view: &View) -> Result<Vec<Step>, Error> {
    match (&view.mounted, view.root) {
        (Some(mounted), Root::Overlay) if mounted.read_only => {
            Err(Error::ReadOnly(mounted.target.clone()))
        }
        (Some(mounted), Root::Overlay) => {
            Ok(vec![Step::NoteReady(mounted.target.clone()), Step::Sync])
        }
        (_, Root::Memory) => Err(Error::InMemory),
        (_, Root::Disk | Root::Extroot) => Ok(vec![Step::Sync]),
        _ => Err(Error::NoVolume("rootfs_data".into())),
    }
}

/// The mount of the data file system, in a way that changes nothing if that is wanted: the
/// journal of a disk would otherwise be replayed.
pub fn mount(volume: &Volume, target: &Path, read_only: bool) -> Step {
    mount_device(volume.device(), volume.fstype(), target, read_only)
}

/// The same for any device.
pub(super) fn mount_device(
    source: PathBuf,
    fstype: &'static str,
    target: &Path,
    read_only: bool,
) -> Step {
    let data = match fstype {
        "ext4" if read_only => "noload",
        "f2fs" if read_only => "norecovery",
        _ => "",
    };
    Step::Mount {
        source,
        target: target.into(),
        fstype,
        read_only,
        data: data.into(),
    }
}

/// The steps that finish, on an overlay that is in place, what was cut off.
///
/// # Errors
/// [`Error::ReadOnly`], [`Error::NoVolume`].
pub fn repair(view: &View) -> Result<Vec<Step>, Error> {
    let steps = done(view)?;
    let finish = view
        .mounted
        .iter()
        .map(|m| Step::FinishReset(m.target.clone()));
    Ok(finish.chain(steps).collect())
}

/// Puts an overlay of `upper` over the root and makes it the root.
pub(super) fn switch(upper: &Path, view: &View, read_only: bool, steps: &mut Vec<Step>) {
    let shown = upper.display();
    let data = if read_only {
        // overlayfs refuses an upper half that cannot be written.
        format!("lowerdir={shown}/upper:/")
    } else {
        steps.push(Step::MakeDir(upper.join("upper")));
        steps.push(Step::MakeDir(upper.join("work")));
        steps.push(Step::TakeSettings(upper.into()));
        format!("lowerdir=/,upperdir={shown}/upper,workdir={shown}/work")
    };
    let new = Path::new("/mnt");
    steps.push(Step::Mount {
        source: format!("overlayfs:{shown}").into(),
        target: new.into(),
        fstype: "overlay",
        read_only,
        data,
    });
    pivot(view, steps);
    let overlay = Path::new("/overlay");
    if upper == overlay {
        steps.push(moved(Path::new("/rom/overlay"), overlay));
    }
}

/// Makes what is mounted on `/mnt` the root, with the old one as `/rom`.
pub(super) fn pivot(view: &View, steps: &mut Vec<Step>) {
    let new = Path::new("/mnt");
    // `/proc` goes first, so that the mount table can be read at every moment.
    steps.push(moved(Path::new("/proc"), &new.join("proc")));
    steps.push(Step::Pivot {
        new: new.into(),
        old: new.join("rom"),
    });
    let stays = |path: &&PathBuf| **path != *"/proc" && **path != *"/overlay";
    for path in view.submounts.iter().filter(stays) {
        if let Ok(below) = path.strip_prefix("/") {
            steps.push(moved(&Path::new("/rom").join(below), path));
        }
    }
}

pub(super) fn moved(from: &Path, to: &Path) -> Step {
    Step::Move {
        from: from.into(),
        to: to.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Fresh, Mounted, Place, State, Through};
    use super::*;
    use crate::sys::VolumeId;

    fn view(state: State) -> View {
        View {
            root: Root::Rom,
            volume: Some(Volume {
                name: "rootfs_data".into(),
                place: Place::Mtd { number: 3 },
                size: 0x8000,
                state: Some(state),
                fresh: None,
            }),
            mounted: None,
            overlay_known: true,
            submounts: ["/proc", "/sys", "/tmp", "/dev"]
                .map(PathBuf::from)
                .to_vec(),
            failsafe: true,
            booting: false,
        }
    }

    /// The same with the data elsewhere, in a boot.
    fn view_of(place: Place, state: State) -> View {
        let mut view = view(state);
        view.failsafe = false;
        view.booting = true;
        let volume = view.volume.as_mut().unwrap();
        volume.place = place;
        volume.size = 3 << 20;
        volume.fresh = Some(Fresh {
            fstype: "ext4",
            possible: true,
        });
        view
    }

    fn behind_the_root() -> Place {
        Place::Disk {
            node: "/dev/sda2".into(),
            offset: 0x2_0000,
            through: Some(Through {
                node: "/dev/loop0".into(),
                attached: false,
            }),
        }
    }

    fn check(view: &View, wish: Wish, expected: &[&str]) {
        let shown: Vec<String> = match plan(view, wish) {
            Ok(steps) => steps.iter().map(Step::to_string).collect(),
            Err(error) => vec![error.to_string()],
        };
        assert_eq!(shown, expected);
    }

    const SWITCH: [&str; 10] = [
        "make directory /overlay/upper",
        "make directory /overlay/work",
        "take settings from /overlay/sysupgrade.tgz if there",
        "mount overlay overlayfs:/overlay on /mnt",
        "move /proc to /mnt/proc",
        "make /mnt the root, the old one /mnt/rom",
        "move /rom/sys to /sys",
        "move /rom/tmp to /tmp",
        "move /rom/dev to /dev",
        "move /rom/overlay to /overlay",
    ];

    const MOUNT: [&str; 2] = [
        "make directory /tmp/overlay",
        "mount jffs2 /dev/mtdblock3 on /tmp/overlay",
    ];

    const MOVE: &str = "move /tmp/overlay to /overlay";

    #[test]
    fn failsafe_mounts_what_is_there_and_changes_no_state() {
        let whole = State::Jffs2 { void_from: None };
        let expected = [&MOUNT[..], &[MOVE], &SWITCH].concat();
        check(&view(whole), Wish::default(), &expected);
        check(&view(State::Blank), Wish::default(), &expected);
    }

    #[test]
    fn only_what_a_marker_calls_void_is_erased_before_the_mount() {
        let check = |state, erase: &str| {
            let expected = [&[erase], &MOUNT[..], &[MOVE], &SWITCH].concat();
            check(&view(state), Wish::default(), &expected);
        };
        check(State::Void, "erase mtd3 from 0x0 on");
        check(State::Torn, "erase mtd3 from 0x0 on");
        let settings = State::Jffs2 {
            void_from: Some(0x2000),
        };
        check(settings, "erase mtd3 from 0x2000 on");
    }

    #[test]
    fn a_normal_boot_finishes_a_reset_and_notes_its_beginning() {
        let mut view = view(State::Blank);
        view.failsafe = false;
        let notes = [
            "finish a reset of /tmp/overlay if one was cut off",
            "note the first boot in /tmp/overlay",
        ];
        let expected = [&MOUNT[..], &notes, &[MOVE], &SWITCH].concat();
        check(&view, Wish::default(), &expected);
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let left = |text: &str| {
            format!(
                "rootfs_data holds {text}: left alone ('mtd dump rootfs_data' saves it, 'firstboot' clears it)"
            )
        };
        for state in [State::Snapshot, State::Foreign] {
            check(&view(state), Wish::default(), &[&left(&state.to_string())]);
        }
        let wish = Wish {
            read_only: true,
            ..Wish::default()
        };
        check(&view(State::Void), wish, &[&left(&State::Void.to_string())]);
    }

    #[test]
    fn a_second_time_there_is_nothing_to_do() {
        let mut view = view(State::Blank);
        view.root = Root::Overlay;
        check(&view, Wish::default(), &[]);
        view.root = Root::Memory;
        check(
            &view,
            Wish::default(),
            &["/ is in memory: changes vanish at the next boot"],
        );
    }

    #[test]
    fn a_mount_that_a_stopped_run_left_is_used() {
        let mut view = view(State::Blank);
        view.mounted = Some(Mounted {
            target: "/tmp/overlay".into(),
            source: "/dev/mtdblock3".into(),
            read_only: false,
            extroot: false,
        });
        check(&view, Wish::default(), &[&[MOVE][..], &SWITCH].concat());
    }

    const NOTES: [&str; 2] = [
        "finish a reset of /tmp/overlay if one was cut off",
        "note the first boot in /tmp/overlay",
    ];

    #[test]
    fn a_volume_of_ubi_is_mounted_and_one_that_was_torn_emptied_first() {
        let id = VolumeId {
            device: 0,
            volume: 12,
        };
        let mount = [
            "make directory /tmp/overlay",
            "mount ubifs /dev/ubi0_12 on /tmp/overlay",
        ];
        let check = |state, before: &[&str]| {
            let expected = [before, &mount, &NOTES, &[MOVE], &SWITCH].concat();
            check(&view_of(Place::Ubi(id), state), Wish::default(), &expected);
        };
        check(State::Ubifs, &[]);
        check(State::Blank, &[]);
        check(State::Torn, &["empty the volume ubi0_12"]);
    }

    #[test]
    fn a_boot_makes_a_file_system_on_an_empty_disk_and_keeps_the_settings_in_it() {
        let loop_device = "put /dev/loop0 before /dev/sda2 at 0x20000";
        let mark = "mark /dev/sda2 at 0x20000 as void";
        let format = "make ext4 on /dev/loop0";
        let mount = [
            "make directory /tmp/overlay",
            "mount ext4 /dev/loop0 on /tmp/overlay",
        ];
        let check = |state, before: &[&str], after: &[&str]| {
            let view = view_of(behind_the_root(), state);
            let expected = [before, &mount, after, &NOTES, &[MOVE], &SWITCH].concat();
            check(&view, Wish::default(), &expected);
        };
        check(State::Ext4, &[loop_device], &[]);
        check(State::Blank, &[mark, loop_device, format], &[]);
        check(State::Void, &[mark, loop_device, format], &[]);
        let archive = |kept, offset| State::Archive {
            offset,
            length: 1000,
            kept,
        };
        let keep = "copy the settings in /dev/sda2 at 0x20400 to 0x310000";
        let put = [
            mount[0],
            mount[1],
            "copy the settings in /dev/sda2 at 0x310000 into /tmp/overlay",
            "unmount /tmp/overlay",
            "forget the settings at the end of /dev/sda2",
        ];
        let after = [&[mark, loop_device, format], &put[..]].concat();
        check(archive(true, 0x2f_0000), &after, &[]);
        check(archive(false, 0x400), &[&[keep], &after[..]].concat(), &[]);
    }

    #[test]
    fn settings_that_leave_no_room_are_left_where_they_are() {
        let archive = State::Archive {
            offset: 0,
            length: 0x18_0000,
            kept: false,
        };
        let text = "/dev/loop0: settings of 1536 KiB leave no room for a file system";
        check(
            &view_of(behind_the_root(), archive),
            Wish::default(),
            &[text],
        );
        let damaged = State::Damaged { offset: 0 };
        let view = view_of(behind_the_root(), damaged);
        assert!(matches!(
            plan(&view, Wish::default()),
            Err(Error::NotOurs { .. })
        ));
    }

    #[test]
    fn nobody_else_makes_a_file_system_unasked() {
        let mut view = view_of(behind_the_root(), State::Void);
        view.booting = false;
        let text = "/dev/loop0 is marked as void, to be erased before use: \
                    no file system yet ('mount_root --repair' makes one)";
        check(&view, Wish::default(), &[text]);
        let repair = Wish {
            repair: true,
            ..Wish::default()
        };
        let steps = plan(&view, repair).unwrap();
        assert_eq!(steps[2].to_string(), "make ext4 on /dev/loop0");
        let read_only = Wish {
            read_only: true,
            repair: true,
        };
        check(&view, read_only, &[text]);
        view.volume.as_mut().unwrap().fresh = None;
        let text = "/dev/loop0: no file system yet, and mkfs.ext4 is not in this image";
        check(&view, repair, &[text]);
    }

    #[test]
    fn nothing_is_formatted_over_what_is_not_ours() {
        let mut view = view_of(behind_the_root(), State::Foreign);
        let wish = Wish {
            repair: true,
            ..Wish::default()
        };
        assert!(matches!(plan(&view, wish), Err(Error::NotOurs { .. })));
        view.volume.as_mut().unwrap().state = None;
        assert!(matches!(plan(&view, wish), Err(Error::NotOurs { .. })));
    }

    #[test]
    fn looking_replays_no_journal() {
        let read_only = Wish {
            read_only: true,
            ..Wish::default()
        };
        let steps = plan(&view_of(behind_the_root(), State::Ext4), read_only).unwrap();
        let noload = |step: &Step| matches!(step, Step::Mount { data, .. } if data == "noload");
        assert!(steps.iter().any(noload));
        let attach = |step: &Step| {
            matches!(
                step,
                Step::AttachLoop {
                    writable: false,
                    ..
                }
            )
        };
        assert!(steps.iter().any(attach));
    }
}
