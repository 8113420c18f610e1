//! How the settings are: the overlay, its notes about itself, and where its files can be read.

use super::Finding;
use crate::overlay::state::{self, Progress};
use crate::overlay::{Mounted, Root, State, View};
use std::path::{Path, PathBuf};

const TOPIC: &str = "settings";

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
            (Root::Overlay | Root::Disk | Root::Memory, _) => Place::Root,
            (Root::Rom, Some(mounted)) => Place::Beside(mounted.target.join("upper")),
            (Root::Rom, None) => Place::Nowhere,
        }
    }
}

/// Looks at the notes of a mounted data file system and judges the rest by the view.
pub(super) fn look(view: &View, root: &Path) -> Finding {
    let dir = view.mounted.as_ref().map(|mounted| {
        let below = mounted.target.strip_prefix("/").unwrap_or(&mounted.target);
        root.join(below)
    });
    let notes = dir.map(|dir| (state::reset_flag(&dir).is_some(), state::progress(&dir)));
    judge(view, notes)
}

/// `notes`: a reset was begun; how far the first boot came.
fn judge(view: &View, notes: Option<(bool, Progress)>) -> Finding {
    match (view.root, &view.mounted) {
        (Root::Memory, _) => {
            Finding::attention(TOPIC, "/ is in memory: changes vanish at the next boot")
                .then("reboot")
        }
        (_, Some(mounted)) => judge_mounted(view, mounted, notes),
        (Root::Disk, None) => Finding::good(TOPIC, "/ is a disk of its own, without an overlay"),
        (_, None) => judge_unmounted(view),
    }
}

fn judge_mounted(view: &View, mounted: &Mounted, notes: Option<(bool, Progress)>) -> Finding {
    let place = format!(
        "{} is mounted as {}",
        mounted.source.display(),
        mounted.target.display()
    );
    if mounted.read_only {
        let text = format!("{place} read-only: nothing can be changed");
        return Finding::attention(TOPIC, text).then("dmesg | grep jffs2");
    }
    if view.root == Root::Rom {
        let text = format!("{place}, but / does not show it");
        return Finding::attention(TOPIC, text).then("mount_root");
    }
    match notes {
        Some((true, _)) => {
            let text = format!("{place}; a reset was cut off, a normal boot would finish it");
            Finding::attention(TOPIC, text).then("firstboot -y")
        }
        Some((_, Progress::Pending)) if view.failsafe => {
            let text = format!("{place}; the first boot with them was never completed");
            Finding::attention(TOPIC, text).then("reboot")
        }
        _ => Finding::good(TOPIC, format!("{place}, to change")),
    }
}

fn judge_unmounted(view: &View) -> Finding {
    let Some(volume) = &view.volume else {
        let text = "there is no partition for them: nothing that is changed can last";
        return Finding::attention(TOPIC, text).then("cat /proc/mtd");
    };
    let state = volume.state.unwrap_or(State::Foreign);
    let (name, device, kib) = (&volume.name, volume.device(), volume.size / 1024);
    let place = format!("{name} ({}, {kib} KiB) is {state}", device.display());
    match state {
        State::Blank | State::Void => Finding::note(
            TOPIC,
            format!("{place}: a normal boot starts with factory settings"),
        ),
        State::Jffs2 { .. } => {
            Finding::attention(TOPIC, format!("{place}, not mounted")).then("mount_root")
        }
        State::Torn => {
            Finding::attention(TOPIC, format!("{place}, which mount_root ends")).then("mount_root")
        }
        State::Snapshot | State::Foreign => {
            let text = format!("{place}: a normal boot runs in memory, with factory settings");
            Finding::attention(TOPIC, text).then("firstboot")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;
    use crate::overlay::Volume;

    fn view(root: Root, state: Option<State>, mounted: Option<bool>) -> View {
        View {
            root,
            volume: Some(Volume {
                name: "rootfs_data".into(),
                number: 5,
                size: 0x8000,
                state,
            }),
            mounted: mounted.map(|read_only| Mounted {
                target: "/overlay".into(),
                source: "/dev/mtdblock5".into(),
                read_only,
            }),
            overlay_known: true,
            submounts: Vec::new(),
            failsafe: true,
        }
    }

    fn check(view: &View, notes: Option<(bool, Progress)>, level: Level, words: &str, next: &str) {
        let found = judge(view, notes);
        assert_eq!(found.level, level, "{found:?}");
        assert!(found.text.contains(words), "{found:?}");
        assert_eq!(found.next.unwrap_or_default(), next);
    }

    #[test]
    fn every_state_of_the_overlay_has_its_words_and_its_command() {
        use Level::{Attention, Good, Note};
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
