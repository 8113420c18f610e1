//! How the settings are: the overlay, its notes about itself, and where its files can be read.

use super::Level::{self, Attention, Good, Note};
use super::{Report, below};
use crate::overlay::state::{self, Progress};
use crate::overlay::{Root, State, View};
use std::path::{Path, PathBuf};

/// Where the files of the settings are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In `/`, as a normal boot shows them.
    Root,
    /// Mounted, but `/` does not show them: only what differs from the firmware, in here.
    Beside(PathBuf),
    /// Not mounted.
    Nowhere,
}

impl Place {
    /// Where they are according to the mounts.
    pub fn of(view: &View) -> Place {
        match (view.root, &view.mounted) {
            (Root::Overlay | Root::Extroot | Root::Disk | Root::Memory, _) => Place::Root,
            (Root::Rom, Some(mounted)) => Place::Beside(mounted.target.join("upper")),
            (Root::Rom, None) => Place::Nowhere,
        }
    }
}

/// Looks at the notes of a mounted data file system and judges the rest by the view.
pub(super) fn look(report: &mut Report, view: &View, root: &Path) {
    let notes = view.mounted.as_ref().map(|mounted| {
        let dir = below(root, &mounted.target);
        (state::reset_flag(&dir).is_some(), state::progress(&dir))
    });
    judge(report, view, notes);
}

/// `notes`: a reset was begun; how far the first boot came.
fn judge(report: &mut Report, view: &View, notes: Option<(bool, Progress)>) {
    // What they lie on, and then what that comes to.
    let place = match (&view.mounted, &view.volume) {
        (Some(mounted), _) => {
            let (source, target) = (mounted.source.display(), mounted.target.display());
            format!("{source} is mounted as {target}")
        }
        (None, Some(volume)) => {
            let (device, kib) = (volume.device(), volume.size / 1024);
            let state = volume.state.unwrap_or(State::Foreign);
            format!(
                "{} ({}, {kib} KiB) is {state}",
                volume.name,
                device.display()
            )
        }
        (None, None) => "no partition for them".into(),
    };
    let (level, words, next) = match (view.root, &view.mounted, &view.volume) {
        (Root::Memory, ..) => (Attention, ", / is in memory: changes vanish", "reboot"),
        (Root::Extroot, ..) => (Good, ": / is a disk of its own, as fstab says", ""),
        (Root::Disk, None, _) => (Good, ": / is a disk of its own", ""),
        (root, Some(mounted), _) => judge_mounted(root, mounted.read_only, view.failsafe, notes),
        (_, None, Some(volume)) => judge_unmounted(volume.state.unwrap_or(State::Foreign)),
        (_, None, None) => (Attention, ": no change can last", "cat /proc/mtd"),
    };
    report.add(
        level,
        "settings",
        format_args!("{place}{words}"),
        format_args!("{next}"),
    );
}

/// Level, words, what to type next.
type Verdict = (Level, &'static str, &'static str);

fn judge_mounted(
    root: Root,
    read_only: bool,
    failsafe: bool,
    notes: Option<(bool, Progress)>,
) -> Verdict {
    match notes {
        _ if read_only => (
            Attention,
            " read-only: nothing can be changed",
            "dmesg | grep jffs2",
        ),
        _ if root == Root::Rom => (Attention, ", but / does not show it", "mount_root"),
        Some((true, _)) => (
            Attention,
            "; a reset was cut off, a normal boot would finish it",
            "firstboot -y",
        ),
        Some((_, Progress::Pending)) if failsafe => (
            Attention,
            "; the first boot with them was never completed",
            "reboot",
        ),
        _ => (Good, ", to change", ""),
    }
}

fn judge_unmounted(state: State) -> Verdict {
    match state {
        State::Blank | State::Void => (Note, ": a normal boot starts with factory settings", ""),
        State::Jffs2 { .. } | State::Ubifs | State::Ext4 | State::F2fs => {
            (Attention, ", not mounted", "mount_root")
        }
        State::Archive { .. } => (Attention, ", which a normal boot does", "reboot"),
        State::AllBad => (
            Attention,
            ": a normal boot runs in memory, with factory settings",
            "dmesg | grep -i bad",
        ),
        State::Torn => (Attention, ", which mount_root ends", "mount_root"),
        State::Snapshot | State::Foreign | State::Damaged { .. } => (
            Attention,
            ": a normal boot runs in memory, with factory settings",
            "firstboot",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overlay::Mounted;
    use crate::overlay::{self, Volume};

    fn view(root: Root, state: Option<State>, mounted: Option<bool>) -> View {
        View {
            root,
            volume: Some(Volume {
                name: "rootfs_data".into(),
                place: overlay::Place::Mtd { number: 5 },
                size: 0x8000,
                state,
                fresh: None,
            }),
            mounted: mounted.map(|read_only| Mounted {
                target: "/overlay".into(),
                source: "/dev/mtdblock5".into(),
                read_only,
                extroot: false,
            }),
            overlay_known: true,
            submounts: Vec::new(),
            failsafe: true,
            booting: false,
        }
    }

    fn check(view: &View, notes: Option<(bool, Progress)>, level: Level, words: &str, next: &str) {
        let mut report = Report::default();
        judge(&mut report, view, notes);
        let found = report.0.pop().unwrap();
        assert_eq!(found.level, level, "{found:?}");
        assert!(found.text.contains(words), "{found:?}");
        assert_eq!(found.next, next);
    }

    #[test]
    fn every_state_of_the_overlay_has_its_words_and_its_command() {
        let unmounted = |state| view(Root::Rom, Some(state), None);
        let jffs2 = State::Jffs2 { void_from: None };
        check(
            &unmounted(jffs2),
            None,
            Attention,
            "is jffs2, not mounted",
            "mount_root",
        );
        check(
            &unmounted(State::Blank),
            None,
            Note,
            "is empty: a normal boot",
            "",
        );
        check(
            &unmounted(State::Void),
            None,
            Note,
            "to be erased before use",
            "",
        );
        check(
            &unmounted(State::Torn),
            None,
            Attention,
            "cut off",
            "mount_root",
        );
        check(
            &unmounted(State::Foreign),
            None,
            Attention,
            "runs in memory",
            "firstboot",
        );
        let mut bare = unmounted(jffs2);
        bare.volume = None;
        check(&bare, None, Attention, "no partition", "cat /proc/mtd");
        let mounted = |root, read_only| view(root, None, Some(read_only));
        let fresh = Some((false, Progress::Ready));
        let words = "/dev/mtdblock5 is mounted as /overlay, to change";
        check(&mounted(Root::Overlay, false), fresh, Good, words, "");
        let pending = Some((false, Progress::Pending));
        check(
            &mounted(Root::Overlay, false),
            pending,
            Attention,
            "never completed",
            "reboot",
        );
        let reset = Some((true, Progress::Ready));
        check(
            &mounted(Root::Overlay, false),
            reset,
            Attention,
            "cut off",
            "firstboot -y",
        );
        let words = "read-only: nothing can be changed";
        check(
            &mounted(Root::Overlay, true),
            fresh,
            Attention,
            words,
            "dmesg | grep jffs2",
        );
        check(
            &mounted(Root::Rom, false),
            fresh,
            Attention,
            "does not show it",
            "mount_root",
        );
        check(
            &view(Root::Memory, Some(jffs2), None),
            None,
            Attention,
            "vanish",
            "reboot",
        );
        check(
            &view(Root::Disk, None, None),
            None,
            Good,
            "a disk of its own",
            "",
        );
    }

    #[test]
    fn the_files_are_where_the_root_shows_them() {
        let beside = view(Root::Rom, None, Some(false));
        assert_eq!(Place::of(&beside), Place::Beside("/overlay/upper".into()));
        assert_eq!(Place::of(&view(Root::Rom, None, None)), Place::Nowhere);
        assert_eq!(
            Place::of(&view(Root::Overlay, None, Some(false))),
            Place::Root
        );
    }
}
