//! Carrying out the steps. Decides nothing: what to do was decided by the plans.

use super::part::Part;
use super::state::Extent;
use super::{Error, Step, device, empty, part, state};
use crate::flash::{self, erase};
use crate::sys::{MountFlags, Reboot, System, UnmountFlags};
use std::io;
use std::path::Path;

/// What happens while steps are carried out.
#[derive(Debug)]
pub enum Report<'a> {
    /// A step begins.
    Begin(&'a Step),
    /// A block of the flash was dealt with.
    Erase(erase::Progress),
    /// This file is about to be deleted.
    Delete(&'a Path),
    /// Something worth telling.
    Note(&'a str),
}

/// Told of everything that happens; an error ends the work.
pub type Reporter<'a> = dyn FnMut(Report<'_>) -> io::Result<()> + 'a;

/// Carries out all steps in their order; `root` is where the paths of the device begin.
///
/// # Errors
/// The first step that fails ends the work.
pub fn perform(
    steps: &[Step],
    sys: &mut dyn System,
    root: &Path,
    report: &mut Reporter<'_>,
) -> Result<(), Error> {
    for step in steps {
        let failed = |source| Error::Step {
            step: step.to_string(),
            source,
        };
        report(Report::Begin(step)).map_err(failed)?;
        match step {
            Step::Wipe { number, from } => wipe(sys, *number, *from, report)?,
            Step::MarkVoid { number } => mark_void(sys, *number)?,
            Step::EmptyVolume(_)
            | Step::MarkDisk { .. }
            | Step::AttachLoop { .. }
            | Step::Keep { .. }
            | Step::Forget { .. }
            | Step::PutArchive { .. }
            | Step::Format { .. } => device::perform(step, sys, root)?,
            Step::Empty { dir, keep } => empty_all(&below(root, dir), *keep, report)?,
            Step::Discard { dir, part } => part::discard(&below(root, dir), part)?,
            Step::ForgetNames => {
                // 2: directory entries. Where there is no such file nothing was remembered.
                let _ = std::fs::write(root.join("proc/sys/vm/drop_caches"), "2");
            }
            Step::FinishReset(dir) => finish_reset(&below(root, dir), report)?,
            Step::Reboot => sys.machine().reboot(Reboot::Restart).map_err(failed)?,
            Step::Sync => sys.machine().sync(),
            Step::MakeDir(_)
            | Step::NotePending(_)
            | Step::NoteReady(_)
            | Step::FlagReset { .. }
            | Step::TakeSettings(_) => file_step(step, root, report).map_err(failed)?,
            Step::Mount { .. }
            | Step::Move { .. }
            | Step::Pivot { .. }
            | Step::RemountWritable(_)
            | Step::Unmount(_) => mount_step(step, sys, root).map_err(failed)?,
        }
    }
    Ok(())
}

pub(super) fn below(root: &Path, path: &Path) -> std::path::PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn mount_step(step: &Step, sys: &mut dyn System, root: &Path) -> io::Result<()> {
    let mounts = sys.mounts();
    match step {
        Step::Mount {
            source,
            target,
            fstype,
            read_only,
            data,
        } => {
            let access = if *read_only {
                MountFlags::RDONLY
            } else {
                MountFlags::empty()
            };
            let flags = MountFlags::NOATIME | access;
            mounts.mount(source, &below(root, target), fstype, flags, data)
        }
        Step::Move { from, to } => mounts.move_mount(&below(root, from), &below(root, to)),
        Step::Pivot { new, old } => mounts.pivot_root(&below(root, new), &below(root, old)),
        Step::RemountWritable(path) => mounts.remount(&below(root, path), MountFlags::NOATIME, ""),
        Step::Unmount(path) => mounts.unmount(&below(root, path), UnmountFlags::empty()),
        _ => Ok(()),
    }
}

fn file_step(step: &Step, root: &Path, report: &mut Reporter<'_>) -> io::Result<()> {
    match step {
        Step::MakeDir(path) => match std::fs::create_dir(below(root, path)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        },
        Step::NotePending(dir) => {
            let dir = below(root, dir);
            match state::progress(&dir) {
                state::Progress::Unknown => {
                    // Only a note: a full file system must not cost the boot.
                    if state::note(&dir, state::Progress::Pending).is_err() {
                        report(Report::Note("unable to set filesystem state"))?;
                    }
                    Ok(())
                }
                state::Progress::Pending => report(Report::Note(
                    "the first boot was not completed, going on with it",
                )),
                state::Progress::Ready => Ok(()),
            }
        }
        Step::NoteReady(dir) => state::note(&below(root, dir), state::Progress::Ready),
        Step::FlagReset { dir, extent } => {
            let dir = below(root, dir);
            let flagged = state::flag_reset(&dir, *extent).and_then(|()| match extent {
                // OpenWrt's own mount_root would delete the settings, too.
                Extent::Packages => Ok(()),
                _ => state::note(&dir, state::Progress::Pending),
            });
            if flagged.is_err() {
                // A full file system cannot take the note, and emptying it is the cure.
                report(Report::Note(
                    "no room to note the reset: do not cut the power",
                ))?;
            }
            Ok(())
        }
        Step::TakeSettings(dir) => {
            let from = below(root, &dir.join("sysupgrade.tgz"));
            match std::fs::rename(from, below(root, &dir.join("upper/sysupgrade.tgz"))) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                other => other,
            }
        }
        _ => Ok(()),
    }
}

fn wipe(
    sys: &mut dyn System,
    number: u32,
    from: u64,
    report: &mut Reporter<'_>,
) -> Result<(), Error> {
    with_flash(sys, number, &mut |flash| {
        erase::wipe_jffs2(flash, from, &mut |progress| {
            // Progress that nobody can see is no reason to stop.
            let _ = report(Report::Erase(progress));
        })
    })
}

fn mark_void(sys: &mut dyn System, number: u32) -> Result<(), Error> {
    with_flash(sys, number, &mut |flash| erase::mark_void(flash))
}

/// Opens `mtdN` for writing and names it in what fails.
fn with_flash(
    sys: &mut dyn System,
    number: u32,
    work: &mut dyn FnMut(&mut dyn crate::sys::Flash) -> Result<(), flash::Error>,
) -> Result<(), Error> {
    let device = format!("mtd{number}");
    let result = flash::find(sys, &device)
        .and_then(|partition| flash::open(sys, &partition, true))
        .and_then(|mut flash| work(&mut *flash));
    result.map_err(|error| Error::Flash(error.on(device)))
}

fn finish_reset(dir: &Path, report: &mut Reporter<'_>) -> Result<(), Error> {
    let Some(extent) = state::reset_flag(dir) else {
        // It is not in anybody's way, and gone or not: the boot goes on.
        let _ = part::empty_trash(dir);
        return Ok(());
    };
    // Whether it can be told or not, the reset was asked for.
    let _ = report(Report::Note("finishing a reset that was cut off"));
    match extent {
        Extent::All => empty_all(dir, false, report),
        Extent::ButArchives => empty_all(dir, true, report),
        Extent::Packages => part::discard(dir, &Part::Packages),
    }
}

/// Deletes, looks whether all is gone, and only then takes the flags away.
fn empty_all(dir: &Path, keep: bool, report: &mut Reporter<'_>) -> Result<(), Error> {
    let failed = |source| Error::Step {
        step: format!("delete the files in {}", dir.display()),
        source,
    };
    let outcome =
        empty::empty(dir, keep, &mut |path| report(Report::Delete(path))).map_err(failed)?;
    if let Some((path, source)) = outcome.failure {
        let count = outcome.left;
        return Err(Error::Left {
            count,
            path,
            source,
        });
    }
    state::note(dir, state::Progress::Unknown)
        .and_then(|()| state::unflag_reset(dir))
        .map_err(failed)
}
