//! The steps of `firstboot`: back to the factory state.

use super::{Error, Root, Step, View};
use std::path::{Path, PathBuf};

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
/// the void marker; either way `mount_root` finishes at the next boot what a power cut
/// interrupts.
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
        (None, Some(volume)) if keep => {
            let dir = PathBuf::from("/tmp/overlay");
            let mount = Step::Mount {
                source: volume.device(),
                target: dir.clone(),
                fstype: "jffs2",
                read_only: false,
                data: String::new(),
            };
            let mut steps = vec![Step::MakeDir(dir.clone()), mount];
            steps.extend(emptied(dir.clone(), keep));
            steps.push(Step::Unmount(dir));
            steps
        }
        (None, Some(volume)) => vec![Step::MarkVoid {
            number: volume.number,
        }],
        (None, None) => return Err(Error::NoVolume("rootfs_data".into())),
    };
    steps.push(Step::Sync);
    steps.extend(wish.reboot.then_some(Step::Reboot));
    Ok(steps)
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
            format!(
                "{} is not mounted{root}: it is marked, and erased when it is mounted next",
                Path::display(&volume.device())
            )
        }
        (None, None) => "there is no data partition".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Mounted, State, Volume};
    use super::*;

    fn view(mounted: bool, read_only: bool) -> View {
        View {
            root: if mounted { Root::Overlay } else { Root::Rom },
            volume: Some(Volume {
                name: "rootfs_data".into(),
                number: 3,
                size: 0x8000,
                state: (!mounted).then_some(State::Foreign),
            }),
            mounted: mounted.then(|| Mounted {
                target: "/overlay".into(),
                source: "/dev/mtdblock3".into(),
                read_only,
            }),
            overlay_known: true,
            submounts: Vec::new(),
            failsafe: true,
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
            &["MTD partition 'rootfs_data' not found"],
        );
    }
}
