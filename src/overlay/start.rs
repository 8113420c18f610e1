//! The steps of `mount_root`: from the read-only root to a writable one.

use super::{Error, Root, State, Step, View};
use std::path::{Path, PathBuf};

/// How the overlay is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Only to look: nothing on flash changes.
    pub read_only: bool,
}

/// The steps to a root whose changes last. Empty if it is there already.
///
/// Never formats, and never deletes a file; erased is only what a marker on flash says is
/// void. In a normal boot the data file system is told that its first boot has begun.
///
/// # Errors
/// There is no way to such a root; [`in_memory`] always is one.
pub fn plan(view: &View, wish: Wish) -> Result<Vec<Step>, Error> {
    match view.root {
        Root::Overlay => return Ok(Vec::new()),
        Root::Memory => return Err(Error::InMemory),
        Root::Disk if view.volume.is_none() => {
            return Ok(vec![Step::RemountWritable("/".into())]);
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
    let mut steps = Vec::new();
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
            let state = volume.state.unwrap_or(State::Foreign);
            steps.extend(wipe(state, volume.number, &volume.name, wish)?);
            let aside = PathBuf::from("/tmp/overlay");
            steps.push(Step::MakeDir(aside.clone()));
            steps.push(Step::Mount {
                source: volume.device(),
                target: aside.clone(),
                fstype: "jffs2",
                read_only: wish.read_only,
                data: String::new(),
            });
            if !wish.read_only && !view.failsafe {
                steps.push(Step::FinishReset(aside.clone()));
                steps.push(Step::NotePending(aside.clone()));
            }
            steps.push(moved(&aside, data));
        }
    }
    switch(data, view, wish.read_only, &mut steps);
    Ok(steps)
}

/// The steps to a root whose changes are forgotten at the next boot.
pub fn in_memory(view: &View) -> Result<Vec<Step>, Error> {
    match view.root {
        Root::Overlay | Root::Memory => return Ok(Vec::new()),
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
        (_, Root::Disk) => Ok(vec![Step::Sync]),
        _ => Err(Error::NoVolume("rootfs_data".into())),
    }
}

/// What must be erased before jffs2 may be mounted.
fn wipe(state: State, number: u32, name: &str, wish: Wish) -> Result<Option<Step>, Error> {
    let from = match state {
        State::Blank | State::Jffs2 { void_from: None } => return Ok(None),
        State::Void | State::Torn => 0,
        State::Jffs2 {
            void_from: Some(offset),
        } => offset,
        State::Snapshot | State::Foreign => {
            let volume = name.to_owned();
            return Err(Error::NotOurs { volume, state });
        }
    };
    if wish.read_only {
        let volume = name.to_owned();
        return Err(Error::NotOurs { volume, state });
    }
    Ok(Some(Step::Wipe { number, from }))
}

/// Puts an overlay of `upper` over the root and makes it the root.
fn switch(upper: &Path, view: &View, read_only: bool, steps: &mut Vec<Step>) {
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
    // `/proc` goes first, so that the mount table can be read at every moment.
    steps.push(moved(Path::new("/proc"), &new.join("proc")));
    steps.push(Step::Pivot {
        new: new.into(),
        old: new.join("rom"),
    });
    let overlay = Path::new("/overlay");
    let stays = |path: &&PathBuf| **path != *"/proc" && **path != *overlay;
    for path in view.submounts.iter().filter(stays) {
        if let Ok(below) = path.strip_prefix("/") {
            steps.push(moved(&Path::new("/rom").join(below), path));
        }
    }
    if upper == overlay {
        steps.push(moved(Path::new("/rom/overlay"), overlay));
    }
}

fn moved(from: &Path, to: &Path) -> Step {
    Step::Move {
        from: from.into(),
        to: to.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Mounted, Volume};
    use super::*;

    fn view(state: State) -> View {
        View {
            root: Root::Rom,
            volume: Some(Volume {
                name: "rootfs_data".into(),
                number: 3,
                size: 0x8000,
                state: Some(state),
            }),
            mounted: None,
            overlay_known: true,
            submounts: ["/proc", "/sys", "/tmp", "/dev"]
                .map(PathBuf::from)
                .to_vec(),
            failsafe: true,
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
        let wish = Wish { read_only: true };
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
        });
        check(&view, Wish::default(), &[&[MOVE][..], &SWITCH].concat());
    }
}
