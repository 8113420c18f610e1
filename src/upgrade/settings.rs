//! Where the settings are.
//!
//! With the overlay mounted they are in `/`. In failsafe mode before `mount_root` the `/` is
//! the bare image with its defaults; taking those for the settings would lose everything
//! without a word. So the data partition is mounted read-only at a private place, and the
//! image below it, which gives the very tree that a normal boot would show.

use super::Error;
use super::unpack::{Unpacked, unpack};
use crate::overlay::perform::perform;
use crate::overlay::{self, Place, State, Volume, look, prepare, start};
use crate::sys::{Mount, MountFlags, System, UnmountFlags};
use std::fmt;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The private place, below the root.
const PRIVATE: &str = "tmp/.settings";
/// Archives of settings that an upgrade has left for the first boot.
const LEFT: [&str; 2] = ["sysupgrade.tgz", "upper/sysupgrade.tgz"];

/// Why the settings cannot be had.
#[derive(Debug)]
pub enum Unavailable {
    /// There is no data volume, or it cannot be read or mounted.
    Volume(overlay::Error),
    /// The overlay could not be mounted.
    Mount(PathBuf, std::io::Error),
    /// The kernel does not mount them, and there is no room to unpack them without it.
    NoMemory,
    /// They wait on the data volume for a file system to be made there.
    Waiting(String),
    /// The last upgrade's settings were never restored.
    Unfinished(PathBuf),
    /// The table of mounts cannot be read.
    NoTable(std::io::Error),
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = crate::error::reason;
        match self {
            Unavailable::Volume(error) => error.fmt(f),
            Unavailable::NoMemory => f.write_str(
                "the kernel does not mount them, and there is not enough memory to read them \
                 without it",
            ),
            Unavailable::Waiting(volume) => write!(
                f,
                "{volume}: the settings of the last upgrade wait there for a boot"
            ),
            Unavailable::Mount(device, error) => {
                write!(f, "mounting {}: {}", device.display(), reason(error))
            }
            Unavailable::Unfinished(path) => write!(
                f,
                "{} was never restored (sysupgrade -r does it)",
                path.display()
            ),
            Unavailable::NoTable(error) => write!(f, "the mounts: {}", reason(error)),
        }
    }
}

/// Where settings are read from. Call [`Source::close`] when done.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Directory that looks like the `/` of a normal boot.
    pub root: PathBuf,
    /// What differs from the image, alone.
    pub upper: Option<PathBuf>,
    /// The image alone.
    pub rom: Option<PathBuf>,
    /// An archive of settings that counts instead of all these.
    pub archive: Option<PathBuf>,
    /// The data partition has been marked for erasing, or is empty: there are no settings.
    pub reset: bool,
    /// These are only in memory: `/` is, and nothing on flash was ever written.
    pub memory: bool,
    /// The data partition had to be mounted for it.
    pub private: bool,
    /// What is damaged on flash: the kernel does not mount it, and the rest was read without.
    pub lost: Vec<String>,
    mounted: Vec<PathBuf>,
    unpacked: Option<PathBuf>,
}

/// How `/` is mounted, as far as settings are concerned.
#[derive(Debug, PartialEq, Eq)]
enum Live {
    /// `/` is writable and lasts.
    Yes,
    /// `/` is the bare image, or in RAM.
    No {
        /// It is in RAM, or has an overlay there: whatever was changed there counts if nothing else does.
        ram: bool,
    },
}

fn live(table: &[Mount]) -> Live {
    let root = table.iter().rev().find(|m| m.target == Path::new("/"));
    let Some(root) = root else {
        return Live::Yes;
    };
    match root.fstype.as_str() {
        "squashfs" | "erofs" | "cramfs" | "romfs" => Live::No { ram: false },
        "rootfs" | "ramfs" | "tmpfs" => Live::No { ram: true },
        "overlay" | "overlayfs" => {
            let upper = root
                .options
                .split(',')
                .find_map(|o| o.strip_prefix("upperdir="));
            match upper {
                Some(upper) if upper.starts_with("/tmp/") => Live::No { ram: true },
                _ => Live::Yes,
            }
        }
        _ => Live::Yes,
    }
}

/// Whether what is written to `/` now is there after the next boot.
///
/// # Errors
/// It is not, and what to do about it.
pub fn lasts(sys: &mut dyn System) -> Result<(), Error> {
    let table = sys.mounts().table();
    let table = table.map_err(|error| Error::NoSettings(Unavailable::NoTable(error)))?;
    let root = table.iter().rev().find(|m| m.target == Path::new("/"));
    match live(&table) {
        Live::No { ram: false } => Err(Error::NotMounted),
        Live::No { ram: true } => Err(Error::InMemory),
        Live::Yes if root.is_some_and(|m| m.options.split(',').any(|o| o == "ro")) => {
            Err(Error::NotMounted)
        }
        Live::Yes => Ok(()),
    }
}

/// Finds the settings below `root`, mounting what has to be mounted.
pub fn open(sys: &mut dyn System, root: &Path) -> Result<Source, Error> {
    find(sys, root).map_err(Error::NoSettings)
}

fn find(sys: &mut dyn System, root: &Path) -> Result<Source, Unavailable> {
    let table = sys.mounts().table().map_err(Unavailable::NoTable)?;
    let exists = |path: &str| Some(root.join(path)).filter(|path| path.is_dir());
    let here = Source {
        root: root.to_owned(),
        upper: exists("overlay/upper"),
        rom: exists("rom/etc").and_then(|etc| Some(etc.parent()?.to_owned())),
        archive: None,
        reset: false,
        memory: false,
        private: false,
        lost: Vec::new(),
        mounted: Vec::new(),
        unpacked: None,
    };
    let ram = match live(&table) {
        Live::Yes => {
            let left = root.join("sysupgrade.tgz");
            return match left.exists() {
                true => Err(Unavailable::Unfinished(left)),
                false => Ok(here),
            };
        }
        Live::No { ram } => ram,
    };
    let view = look::look(sys, root).map_err(Unavailable::Volume)?;
    let in_memory = |here| Source {
        memory: true,
        ..here
    };
    let Some(volume) = view.volume else {
        let missing = overlay::Error::NoVolume("rootfs_data".into());
        return match ram {
            true => Ok(in_memory(here)),
            false => Err(Unavailable::Volume(missing)),
        };
    };
    let is_void = match (&volume.place, volume.state) {
        (_, Some(State::Archive { .. })) => return Err(Unavailable::Waiting(volume.shown())),
        (_, Some(State::Void)) => true,
        // A blank first block proves nothing: jffs2 begins anywhere. Only the marker does.
        (Place::Mtd { .. }, _) => false,
        (_, state) => matches!(state, Some(State::Blank | State::Torn)),
    };
    if is_void {
        // With an overlay in RAM this is the first boot, and what it shows is what counts.
        return Ok(match ram {
            true => in_memory(here),
            false => Source {
                reset: true,
                ..here
            },
        });
    }
    let source = mount(sys, root, &volume)?;
    if source.reset && ram {
        source.close(sys);
        return Ok(in_memory(here));
    }
    Ok(source)
}

/// Mounts the data volume, and the image below it.
fn mount(sys: &mut dyn System, root: &Path, volume: &Volume) -> Result<Source, Unavailable> {
    let private = root.join(PRIVATE);
    let (data, tree) = (private.join("data"), private.join("root"));
    let failed = |error| Unavailable::Mount(volume.device(), error);
    for dir in [&data, &tree] {
        // What may be unpacked there is for the owner alone.
        let mut builder = fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(dir);
        made.map_err(failed)?;
    }
    let flags = MountFlags::RDONLY | MountFlags::NOATIME;
    let target = Path::new("/").join(PRIVATE).join("data");
    let steps: Vec<_> = prepare::attach(volume, false)
        .into_iter()
        .chain([start::mount(volume, &target, true)])
        .collect();
    let mounted = perform(&steps, sys, root, &mut |_| Ok(())).map_err(Unavailable::Volume);
    let mut source = Source {
        root: tree.clone(),
        upper: Some(data.join("upper")),
        rom: Some(root.to_owned()),
        archive: None,
        reset: false,
        memory: false,
        private: true,
        lost: Vec::new(),
        mounted: Vec::new(),
        unpacked: None,
    };
    match (mounted, &volume.place) {
        (Ok(()), _) => source.mounted.push(data.clone()),
        (Err(refused), Place::Mtd { number }) => {
            source.unpacked = Some(data.clone());
            match unpack(sys, *number, &data) {
                Unpacked::Done(lost) => source.lost = lost,
                outcome => {
                    source.close(sys);
                    return Err(match outcome {
                        Unpacked::NoMemory => Unavailable::NoMemory,
                        _ => refused,
                    });
                }
            }
        }
        (Err(refused), _) => return Err(refused),
    }
    source.archive = LEFT
        .iter()
        .map(|name| data.join(name))
        .find(|path| path.is_file());
    if source.archive.is_some() {
        return Ok(source);
    }
    if !data.join("upper").is_dir() {
        source.reset = true;
        return Ok(source);
    }
    // Two lower directories and no upper one: an overlay that cannot be written to.
    let layers = format!(
        "lowerdir={}:{}",
        data.join("upper").display(),
        root.display()
    );
    let result = sys
        .mounts()
        .mount(Path::new("overlay"), &tree, "overlay", flags, &layers);
    match result {
        Ok(()) => source.mounted.push(tree),
        Err(error) => {
            source.close(sys);
            return Err(failed(error));
        }
    }
    Ok(source)
}

impl Source {
    /// Unmounts what was mounted.
    pub fn close(self, sys: &mut dyn System) {
        for dir in self.mounted.iter().rev() {
            // Read-only mounts harm nobody but the writer, who looks for them (quiet.rs).
            let _ = sys.mounts().unmount(dir, UnmountFlags::DETACH);
            let _ = fs::remove_dir(dir); // an empty directory in RAM harms nobody
        }
        if let Some(dir) = &self.unpacked {
            let _ = fs::remove_dir_all(dir); // it is read by nobody, and gone with the power
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mounts: &str, expected: Live) {
        let table = crate::sys::mount::parse_table(mounts.as_bytes());
        assert_eq!(live(&table), expected, "{mounts}");
    }

    #[test]
    fn the_bare_image_and_an_overlay_in_ram_do_not_pass_for_settings() {
        check("/dev/root / squashfs ro 0 0", Live::No { ram: false });
        let overlay = "/dev/root /rom squashfs ro 0 0\noverlayfs:/overlay / overlay rw,lowerdir=/,upperdir=/overlay/upper,workdir=/overlay/work 0 0";
        check(overlay, Live::Yes);
        let ram = "overlayfs:/tmp/root / overlay rw,lowerdir=/,upperdir=/tmp/root/upper 0 0";
        check(ram, Live::No { ram: true });
        check(
            "rootfs / rootfs rw 0 0\ntmpfs / tmpfs rw 0 0",
            Live::No { ram: true },
        );
        check("/dev/sda1 / ext4 rw 0 0", Live::Yes);
    }
}
